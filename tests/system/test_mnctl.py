# SPDX-License-Identifier: GPL-2.0-or-later
"""mnctl: every command's --json output is JSON, errors too; exit codes; run and its Ctrl-C."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import time

import pytest
from microneedle.applies import usb_only
from microneedle.device import SERIAL
from microneedle.kind import HANDPIECE
from microneedle.people import AUDITOR, GUEST, OPERATOR, ROOT, SERVICE
from microneedle.rpc import Client
from microneedle.stack import BUILD
from microneedle.treat import press_when_armed
from microneedle.wait import until

MNCTL = os.path.join(BUILD, "bin", "mnctl")
OPEN = ("session", "open", "--patient", "P-77", "--indication", "wrinkles", "--area", "forehead",
        "--size", "7cm2", "--density", "200/cm2", "--depth", "0.5mm", "--rate", "100Hz",
        "--check", "consent,contraindications,cartridge")
NOWHERE = "00000000-0000-4000-8000-000000000000"
DOCUMENTS = []


def mnctl(*arguments, who=OPERATOR):
    return subprocess.run([MNCTL, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=30, check=False, cwd="/",
                          **who.process())


@pytest.fixture(autouse=True)
def jq():
    """What was taken for JSON here, jq takes too: all of a test's at once, a process is dear."""
    DOCUMENTS.clear()
    yield
    output = b"".join(DOCUMENTS)
    done = subprocess.run(["jq", "-c", "."], input=output, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(DOCUMENTS)


def documents(output):
    """The documents on the lines of an output, or the one that has many lines."""
    try:
        found = [json.loads(output)]
    except ValueError:
        found = [json.loads(line) for line in output.splitlines()]
    DOCUMENTS.extend([output] if len(found) == 1 else output.splitlines(keepends=True))
    return found


def said(*arguments, who=OPERATOR, status=0):
    """The one JSON document of a command, which ends with this status."""
    done = mnctl(*arguments, "--json", who=who)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    assert done.stderr == b"", done.stderr
    (document,) = documents(done.stdout)
    assert ("error" in document) == (status != 0)
    return document


def name_of(error):
    """Of the daemon's errors and of those that mnctl finds itself."""
    return error["data"]["name"] if "data" in error else error["name"]


def failed(name, *arguments, who=OPERATOR, status=1):
    error = said(*arguments, who=who, status=status)["error"]
    assert name_of(error) == name, error
    assert error["message"][-1] in ".!" and len(error["message"]) > 10


def test_every_command_speaks_json(served):
    assert said("list")["devices"][0]["serial"] == SERIAL
    assert said("status")["state"] == "safe"
    assert said("ping")["round_trip_us"] >= 0
    assert said("call", "rpc.ping")["mono_ns"]
    assert "methods" in said("call", "rpc.discover")
    assert said("stop")["stopped"]
    assert said("session", "protocols")["protocols"] is not None
    opened = said(*OPEN)
    session = opened["session"]
    assert opened["plan"]["strokes"] == 100
    assert said("session", "check", session, "--check", "consent")
    armed = said("session", "arm", session)
    assert armed["set_point"]["depth_um"] == 500
    assert said("session", "stop", session)["state"] == "paused"
    assert said("session", "end", session, "--outcome", "aborted")["outcome"] == "aborted"
    shown = said("session", "show", session)
    assert shown["session"] == session and shown["patient"] == "P-77"
    assert said("session", "list")["sessions"][0]["session"] == session
    done = mnctl("monitor", "--json", "--duration", "300ms")
    assert done.returncode == 0 and len(documents(done.stdout)) >= 1


def test_every_error_is_json_and_has_its_status(served):
    failed("usage", "explode", status=2)
    failed("usage", "status", "--nonsense", status=2)
    failed("usage", "call", "rpc.ping", "{", status=2)
    failed("usage", "session", "open", status=2)
    failed("method_not_found", "call", "device.explode")
    failed("not_found", "status", "microneedle63")
    failed("not_found", "session", "show", NOWHERE)
    failed("invalid_params", "call", "device.status", '{"device": 7}')
    failed("not_permitted", *OPEN, who=GUEST, status=4)
    failed("not_permitted", "clear", who=ROOT, status=4)
    failed("not_permitted", "session", "list", who=GUEST, status=4)
    failed("wrong_state", "clear")
    done = mnctl("ping", "--json", "--socket", "/run/nobody.sock")
    assert done.returncode == 3 and "error" in documents(done.stdout)[0]

    session = said(*OPEN)["session"]
    failed("limit_exceeded", "session", "arm", session, "--depth", "1.8mm", status=5)
    failed("busy", *OPEN)
    served.press()
    with Client(AUDITOR) as client:
        until("the press to be told",
              lambda: "trigger" in client.call("device.status")["interlocks"])
        failed("interlock_open", "session", "arm", session, status=6)
        served.press(False)
        served.hp.set("emergency_stop", True)
        until("the fault", lambda: client.call("device.status")["faults"])
        served.hp.set("emergency_stop", False)
    failed("fault_latched", "session", "arm", session, status=7)
    assert said("clear")["cleared"] == ["emergency_stop"]
    served.unplug()
    assert mnctl("session", "arm", session, "--json").returncode in (1, 8)
    served.plug()


@pytest.fixture
def running(served):
    """mnctl session run, in a pipe, up to its first strokes."""
    session = said(*OPEN[:8], "--size", "700cm2", *OPEN[10:])["session"]
    processes = []

    def start(*options, stdout=subprocess.PIPE):
        process = subprocess.Popen([MNCTL, "session", "run", session, *options], cwd="/",
                                   stdin=subprocess.DEVNULL, stdout=stdout,
                                   stderr=subprocess.STDOUT, **OPERATOR.process())
        processes.append(process)
        with Client(SERVICE) as client:
            until("it to be armed",
                  lambda: client.call("device.status")["state"] == "armed", 5)
        press_when_armed(served)
        served.hp.wait_strokes(5)
        return process

    start.session = session
    yield start
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM, signal.SIGKILL))
def test_the_end_of_run_stops_the_needles(running, served, number):
    process = running()
    process.send_signal(number)
    status = process.wait(10)
    served.press(False)
    served.still()
    served.killed()
    if number == signal.SIGKILL:
        assert status == -signal.SIGKILL
        return
    assert status == (130 if number == signal.SIGINT else 143) or status == 130
    text = process.stdout.read().decode()
    assert "Armed" in text and "Running" in text and "\x1b" not in text and "\r" not in text


def test_run_is_paused_and_goes_on_and_says_so(running, served):
    process = running()
    served.press(False)
    served.still()
    time.sleep(0.2)
    served.press()
    served.hp.wait_strokes(3)
    process.send_signal(signal.SIGINT)
    process.wait(10)
    text = process.stdout.read().decode()
    assert text.index("Running") < text.index("Paused") < text.index("Going on")


def test_run_ends_with_a_fault(running, served):
    process = running("--json")
    served.too_deep()
    assert process.wait(10) == 7
    (document,) = documents(process.stdout.read())
    assert name_of(document["error"]) == "fault_latched"
    assert "over_depth" in json.dumps(document)


def test_run_to_its_end(served):
    session = said(*OPEN)["session"]
    process = subprocess.Popen([MNCTL, "session", "run", session, "--json"], cwd="/",
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               **OPERATOR.process())
    with Client(SERVICE) as client:
        until("it to be armed", lambda: client.call("device.status")["state"] == "armed", 5)
    press_when_armed(served)
    output = process.communicate(timeout=20)[0]
    assert process.returncode == 0
    (document,) = documents(output)
    assert document["state"] == "completed"
    assert 100 <= document["progress"]["strokes_done"] <= 100 + HANDPIECE.coasts
    served.still()
    ended = said("session", "end", session)
    assert 100 <= ended["summary"]["strokes"] <= 100 + HANDPIECE.coasts


def test_a_terminal_gets_a_bar(running, served):
    parent, child = pty.openpty()
    process = running(stdout=child)
    os.close(child)
    served.hp.wait_strokes(60)
    process.send_signal(signal.SIGINT)
    text = b""
    with contextlib.suppress(OSError):
        while select.select([parent], [], [], 5)[0]:
            text += os.read(parent, 65536)
    process.wait(10)
    os.close(parent)
    assert b"\r" in text and b"%" in text and b"left" in text, text


def test_monitor_tells_what_happens_as_json_lines(served):
    process = subprocess.Popen([MNCTL, "monitor", "--json", "--duration", "3s"], cwd="/",
                               stdout=subprocess.PIPE, **AUDITOR.process())
    time.sleep(0.5)
    served.hp.set("emergency_stop", True)
    time.sleep(0.1)
    served.hp.set("emergency_stop", False)
    output = process.communicate(timeout=20)[0]
    assert process.returncode == 0
    lines = documents(output)
    assert "fault" in [line.get("event") or line.get("params", {}).get("event") for line in lines]


# ---- self-test ----

def worded(*arguments, who=OPERATOR, status=0):
    """What a person reads of a command, which ends with this status."""
    done = mnctl(*arguments, who=who)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return (done.stdout + done.stderr).decode()


def test_self_test_waits_for_the_outcome(served):
    device = said("list")["devices"][0]["device"]
    assert said("self-test") == {"device": device, "self_test": "passed"}
    assert said("self-test", device, who=SERVICE)["self_test"] == "passed"
    lines = worded("self-test").splitlines()
    assert lines == [f"{device} tests itself, with its needle motor off. Ctrl-C breaks it off.",
                     "The handpiece passed its self-test."]
    assert "Self-test   passed\n" in worded("status")
    failed("not_permitted", "self-test", who=GUEST, status=4)


@usb_only("it tells of no self-test of its own that failed: see test_gpio.py")
def test_self_test_that_fails_leads_to_one_that_passes(served):
    """Following what it says, step by step."""
    served.hp.inject("self_test_fail")
    with Client(AUDITOR) as client:
        until("the fault", lambda: client.call("device.status")["faults"])
    status = worded("status")
    assert "Self-test   failed\n" in status and "mnctl self-test" in status
    text = worded("self-test", status=7)
    assert "The self-test failed" in text and "mnctl clear" in text and "mnctl self-test" in text
    assert said("clear")["remaining"] == []
    text = worded("self-test", status=7)
    assert "The handpiece failed" in text and "mnctl clear" in text and "mnctl self-test" in text
    assert "mnctl self-test" in worded("clear")
    error = said("self-test", status=7)["error"]
    assert error["faults"] == ["self_test"] and error["self_test"] == "failed"
    assert said("clear")["remaining"] == []
    session = said(*OPEN)["session"]
    assert "mnctl self-test" in worded("session", "arm", session, status=6)
    served.hp.clear_injections()
    worded("self-test")
    assert said("session", "arm", session)["set_point"]


def test_self_test_is_refused_with_what_to_do(running, served):
    running()
    assert "mnctl stop" in worded("self-test", status=1)
    served.hp.wait_strokes(5)
    worded("stop")
    served.press(False)
    served.still()
    worded("self-test")


@contextlib.contextmanager
def self_testing(served, *options):
    """mnctl self-test while the handpiece is at it."""
    process = subprocess.Popen([MNCTL, "self-test", *options], cwd="/", stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               **OPERATOR.process())
    try:
        until("it to begin", lambda: served.self_test() == "busy", 5, 0.005)
        # It has told that it began, so it has seen that it did
        if not options:
            assert b"tests itself" in process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM))
def test_ctrl_c_breaks_the_self_test_off(served, number):
    with self_testing(served) as process:
        process.send_signal(number)
        text = process.communicate(timeout=10)[0].decode()
        assert process.returncode == 130 and "broken off" in text and "mnctl self-test" in text
    assert served.self_test() == "never"
    assert "broken off" in worded("status")
    served.still()
    worded("self-test")


@usb_only("its self-test is over before anybody knows that the daemon hangs")
def test_ctrl_c_breaks_it_off_although_the_daemon_hangs(served):
    with self_testing(served) as process:
        served.daemon.signal(signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        served.daemon.signal(signal.SIGCONT)
        assert process.returncode == 130
    until("it to be broken off", lambda: served.self_test() == "never")


@pytest.mark.parametrize("how, name, status", (
    ("stop", "stopped", 1), ("emergency_stop", "fault_latched", 7),
    pytest.param("unplug", "device_gone", 8, marks=usb_only("there is no cable"))))
def test_self_test_that_others_break_off(served, how, name, status):
    with self_testing(served, "--json") as process:
        if how == "stop":
            said("stop", who=GUEST)
        elif how == "unplug":
            served.unplug()
        else:
            served.hp.set("emergency_stop", True)
        output = process.communicate(timeout=20)[0]
        assert process.returncode == status, output
    (document,) = documents(output)
    assert name_of(document["error"]) == name
    if how == "unplug":
        served.plug()


def test_monitor_tells_of_a_self_test(served):
    process = subprocess.Popen([MNCTL, "monitor", "--events", "state", "--duration", "2s"],
                               cwd="/", stdout=subprocess.PIPE, **AUDITOR.process())
    time.sleep(0.5)
    worded("self-test")
    text = process.communicate(timeout=20)[0].decode()
    assert text.index("tests itself") < text.index("passed its self-test")
