# SPDX-License-Identifier: GPL-2.0-or-later
"""A workstation is shut down or restarted under the operator's foot: the handpiece was stopped first.

These run on the host, since the guest does not outlive them: each has a guest of its own. It
lingers once its drivers have been told (tests/lab/kmod/lab_linger.c), so that the simulated
handpiece, which goes down with it, gets to write what it heard.
"""

import errno
import json
import os
import re
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
LANE = os.environ["MN_SHUTDOWN_LANE"]
KERNEL = os.environ.get("KERNEL") or "6.12"
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(os.path.dirname(TESTS), "build")))
# UML boots in an instant; that a stock kernel does the same is shown where it matters most
STATES = ("SAFE", "ARMED", "RUNNING") if LANE == "uml" else ("RUNNING",)
DRIVE = 0  # of tests/lab/bench.dts
ENDED_EARLY = 122  # of tests/lab/run: the guest was not there any more to tell a status
COMPLAINED = 120  # likewise: its kernel panicked
HANDPIECE = os.environ.get("MN_HANDPIECE") or "usb"
GPIO = HANDPIECE == "gpio"
LAB = ["--dtb", os.path.join(TESTS, "lab", "bench.dts")] if GPIO else [
    "--append", "dummy_hcd.num=2"]


def go_down(how, state):
    out = os.path.join(BUILD, "shutdown", LANE, f"{HANDPIECE}-{how}-{state}")
    os.makedirs(out, exist_ok=True)
    for name in os.listdir(out):
        os.unlink(os.path.join(out, name))
    done = subprocess.run(
        [os.path.join(TESTS, "lab", "run"), "--lane", LANE, "--kernel", KERNEL, "--out", out,
         *LAB, "--env", f"MN_BUILD={BUILD}", "--env", f"MN_HANDPIECE={HANDPIECE}", "--",
         "/usr/bin/python3", "-B", os.path.join(HERE, "go_down.py"), how, state],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    # UML starts itself again, and the second machine finds that it is the second
    again = how == "restart" and LANE == "uml"
    wanted = COMPLAINED if how == "panic" else 0 if again else ENDED_EARLY
    assert done.returncode == wanted, done.stdout
    with open(os.path.join(out, "console.log"), encoding="utf-8", errors="replace") as stream:
        console = stream.read()
    return out, console


@pytest.mark.parametrize("how", ("poweroff", "restart"))
@pytest.mark.parametrize("state", STATES)
def test_a_machine_that_goes_down_stops_first(how, state):
    out, console = go_down(how, state)
    assert "lab_linger: all have been told" in console
    assert {"poweroff": "Power down", "restart": "Restarting system"}[how] in console

    with open(os.path.join(out, "moments.json"), encoding="utf-8") as stream:
        moments = json.load(stream)
    if not GPIO:
        assert_stop_was_heard(moments["events"], state)
    assert moments["told"] == ([] if state == "SAFE" else [["SAFE", "SUSPEND"]])
    assert moments["faults"] == [] and moments["home"]
    # A program that goes on arms nothing any more, and the foot switch starts nothing
    assert moments["armed"] == (errno.ERANGE if GPIO else errno.EAGAIN)
    assert moments["strokes_after"] == 0


def assert_stop_was_heard(events, state):
    names = [event["ev"] for event in events]
    kill, stop = names.index("kill"), names.index("stop")
    assert events[kill]["obeyed"] and events[stop]["epoch"] == events[kill]["epoch"]
    # It was the STOP that ended it, not the lease; and nothing started in the time that was left
    assert "lease_expired" not in names and "start" not in names
    if state == "RUNNING":
        assert "home" in names[kill:]
    assert "stroke_begin" not in names[kill if state == "RUNNING" else 0:]


if GPIO:
    def test_a_kernel_that_panics_drops_the_drive():
        """The one-shot would end it some time later; the line does at once."""
        _, console = go_down("panic", "RUNNING")
        assert "Kernel panic - not syncing" in console
        before = re.search(r"mn-bench: panic with lines ([0-9a-f]{8}) driven high", console)
        assert int(before[1], 16) & 1 << DRIVE, "the needles did not run"
        after = re.findall(rf"mn-bench: in panic line {DRIVE} is driven (\w+)", console)
        assert after and set(after) == {"low"}
