# SPDX-License-Identifier: GPL-2.0-or-later
"""The host dies in the middle of a treatment: the handpiece's own lease is what is left.

The handpiece runs on this machine, the host is a guest in QEMU with the handpiece behind its xHCI.
It goes on when the guest does not, and its stamps are of this machine's clock.
"""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(CHECKOUT, "tests", "handpiece"))
sys.path.insert(0, os.path.join(CHECKOUT, "tests", "lab"))
import splats  # noqa: E402
from handpiece import Handpiece  # noqa: E402

OUT = os.path.join(os.environ.get("MN_BUILD", os.path.join(CHECKOUT, "build")), "hostfaults")
MS = 1000000
LEASE_NS = 100 * MS
RUN_DOWN_NS = 60 * MS
SPLAT, FAILED = 120, 122  # of tests/lab/run
MNP_FAULT_LEASE = 1 << 1
SECONDS = 240  # for a guest to boot and begin, on a busy machine
# Whoever kills us outright leaves neither a handpiece nor a guest
GOES_WITH_US = ["setpriv", "--pdeathsig", "TERM", "--"]


def ms(nanoseconds):
    return f"{nanoseconds / MS:.3f} ms"


class Guest:
    """A guest that treats, and what it tells.

    It has one CPU: without KVM, QEMU before 8.1 may run what the kernel patched a moment ago on
    another one, which is an Oops (int3) once in some boots.
    """

    def __init__(self, handpiece, out, what, *options):
        self.out = out
        self.told = queue.Queue()
        os.makedirs(out)
        # A panic that was asked for is no news: the lab's complaints go into a file
        self.log = open(os.path.join(out, "lab.log"), "wb")
        self.process = subprocess.Popen(
            [*GOES_WITH_US, os.path.join(CHECKOUT, "tests", "lab", "run"), "--time", "real",
             "--timeout", "540", "--out", out, "--handpiece-at", handpiece.listen, *options, "--",
             "/usr/bin/python3", "-B", os.path.join(HERE, "treat.py"), what],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            print(line, end="")
            if line.startswith("{"):
                self.told.put(json.loads(line))
        self.told.put({"ev": "over"})

    def wait(self, ev, seconds=SECONDS):
        """The next word of this kind."""
        end = time.monotonic() + seconds
        while True:
            word = self.told.get(timeout=max(end - time.monotonic(), 0))
            if word["ev"] == ev:
                return word
            assert word["ev"] != "over", f"the guest ended without {ev}: see {self.out}"

    def wait_mark(self, seconds=SECONDS):
        """Until it treats and dies the next moment; since when, on our clock."""
        mark = os.path.join(self.out, "has-treated")
        end = time.monotonic() + seconds
        while not os.path.exists(mark):
            assert time.monotonic() < end and self.process.poll() is None, \
                f"it did not treat: see {self.out}"
            time.sleep(0.01)
        age_ns = time.time_ns() - os.stat(mark).st_mtime_ns
        return time.monotonic_ns() - age_ns

    def qemu(self):
        """The process id of the machine itself."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
            children = stream.read().split()
        for child in children:
            with open(f"/proc/{child}/comm", encoding="ascii") as stream:
                if stream.read().startswith("qemu"):
                    return int(child)
        raise AssertionError(f"no QEMU among the children of tests/lab/run: {children}")

    def splats(self):
        with open(os.path.join(self.out, "console.log"), encoding="utf-8",
                  errors="replace") as console:
            return [splat.title for splat in splats.find(console.read())]

    def status(self):
        return self.process.wait(SECONDS)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.reader.join(5)
        self.log.close()


class Bench:
    def __init__(self, name):
        self.out = os.path.join(OUT, name)
        shutil.rmtree(self.out, ignore_errors=True)
        os.makedirs(self.out)
        # A socket's path has to be short
        self.sockets = tempfile.mkdtemp(prefix="mn-hostfaults.")
        self.nv = os.path.join(self.out, "handpiece.nv")
        self.hp = Handpiece(
            control=os.path.join(self.sockets, "control"), foot_switch=False, nv=self.nv,
            trace=os.path.join(self.out, "handpiece.jsonl"),
            listen=os.path.join(self.sockets, "redir"),
            program=os.path.join(os.path.dirname(OUT), "bin", "mn-handpiece"))
        self.hp.listen = os.path.join(self.sockets, "redir")
        self.hp.argv[:0] = GOES_WITH_US
        self.guests = []
        self.strokes = None

    def guest(self, what, *options):
        guest = Guest(self.hp, os.path.join(self.out, f"guest-{len(self.guests) + 1}"), what,
                      *options)
        self.guests.append(guest)
        return guest

    def close(self):
        with contextlib.ExitStack() as ends:
            ends.callback(shutil.rmtree, self.sockets)
            ends.callback(self.hp.stop)
            for guest in self.guests:
                ends.callback(guest.end)

    # ---- what the handpiece did ----

    def wait_treating(self, guest):
        """It runs, and its lease is being renewed."""
        def treating(state):
            assert guest.process.poll() is None, f"it did not treat: see {guest.out}"
            return state["state"] == "running" and state["lease_fresh"]
        self.hp.wait_for(treating, SECONDS, 0.05)
        self.hp.wait_strokes(10)
        return self.hp.wait_for(treating, SECONDS, 0.05)

    def stopped_by_itself(self, after_ns):
        """At rest, and in time, since the host died at AFTER_NS or later; the stamps."""
        state = self.hp.wait_for(lambda state: state["state"] in ("idle", "fault"), 5)
        assert state["inputs"]["home"], state
        time.sleep(0.3)
        later = self.hp.state()
        assert later["strokes"] == state["strokes"] and later["inputs"]["home"], later
        self.strokes = later["strokes"]
        stats = self.hp.stats()
        lease = stats["lease"]
        assert lease["due_ns"] - lease["renewed_ns"] <= LEASE_NS
        home = stats["home_ns"]
        print(f"{ms(lease['due_ns'] - lease['renewed_ns'])} from the last renewal to the end of "
              f"the lease, {ms(home - lease['due_ns'])} from there until the needles were home")
        assert after_ns < home <= lease["due_ns"] + RUN_DOWN_NS
        return stats

    def stopped_by_its_lease(self, after_ns):
        """The same, and by nothing but its lease, which is kept without power."""
        stats = self.stopped_by_itself(after_ns)
        lease = stats["lease"]
        assert self.hp.state()["faults"] == ["lease"]
        assert self.kept() & MNP_FAULT_LEASE
        assert after_ns < lease["expired_ns"] <= lease["renewed_ns"] + LEASE_NS
        assert lease["expired_ns"] <= stats["home_ns"] <= lease["expired_ns"] + RUN_DOWN_NS
        return stats

    def stayed_at_rest(self):
        """A host that comes back starts nothing by itself, nor does clearing."""
        assert self.hp.state()["strokes"] == self.strokes

    def kept(self):
        """Its faults, in the memory that needs no power."""
        with open(self.nv, encoding="ascii") as stream:
            return int(stream.read().split()[1], 16)

    def last(self, ev):
        return self.hp.events(ev)[-1]


@pytest.fixture
def bench(request):
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", 143))
    bench = Bench(request.node.name.removeprefix("test_"))
    try:
        bench.hp.start()
        yield bench
    finally:
        bench.close()


def latched_and_cleared(bench, guest):
    """A driver that has just met this handpiece says what it found, and can be told to go on."""
    assert guest.wait("found")["names"] == ["HANDPIECE_LEASE"]
    assert guest.wait("cleared")["names"] == []
    assert bench.kept() == 0


def test_panic(bench):
    """The kernel stands still for a second with everything in place, then starts anew."""
    guest = bench.guest("crash", "--reboots", "--append", "panic=1")
    stats = bench.stopped_by_its_lease(guest.wait_mark())
    latched_and_cleared(bench, guest)
    # The bus was there while the lease expired: no cable was pulled, and no reset came before
    resets = [event["mono_ns"] for event in bench.hp.events("usb_reset")]
    assert not [at for at in resets
                if stats["lease"]["renewed_ns"] < at <= stats["lease"]["expired_ns"]]
    assert guest.status() == SPLAT
    bench.stayed_at_rest()
    assert guest.splats() == ["Kernel panic - not syncing: sysrq triggered crash"]


def test_reset_without_a_word(bench):
    """As when the power fails: the controller forgets its transfers, nobody tells the handpiece.

    It stops because nobody takes its reports, or by its lease, whichever is first.
    """
    guest = bench.guest("power", "--reboots")
    bench.stopped_by_itself(guest.wait_mark())
    names = ["HANDPIECE_LEASE"] if bench.hp.state()["faults"] else []
    assert guest.wait("found")["names"] == names
    assert guest.wait("cleared")["names"] == []
    assert guest.status() == 0
    bench.stayed_at_rest()


def test_reboot_at_once(bench):
    """ "reboot -f": no program is asked, but the driver is, and stops it before its lease ends."""
    guest = bench.guest("reboot", "--reboots")
    stats = bench.stopped_by_itself(guest.wait_mark())
    assert bench.hp.state()["faults"] == []
    stop = stats["stop"]
    assert stop["obeyed"] and stop["received_ns"] < stats["lease"]["due_ns"]
    assert stop["received_ns"] < stats["home_ns"] <= stop["received_ns"] + RUN_DOWN_NS
    assert guest.wait("found")["names"] == []
    assert guest.status() == 0
    bench.stayed_at_rest()


def test_stopped(bench):
    """All of the host stands still, and goes on later."""
    guest = bench.guest("treat")
    bench.wait_treating(guest)
    qemu = guest.qemu()
    before = time.monotonic_ns()
    os.kill(qemu, signal.SIGSTOP)
    try:
        bench.stopped_by_its_lease(before)
    finally:
        os.kill(qemu, signal.SIGCONT)
    while "HANDPIECE_LEASE" not in guest.wait("faults")["names"]:
        pass
    bench.hp.remove()
    assert guest.status() == 0


def test_killed(bench):
    """The host is gone, and its end of the cable with it; another one comes."""
    guest = bench.guest("treat")
    bench.wait_treating(guest)
    before = time.monotonic_ns()
    os.kill(guest.qemu(), signal.SIGKILL)
    stats = bench.stopped_by_its_lease(before)
    assert before < bench.last("usb_peer_lost")["mono_ns"] < stats["home_ns"]
    assert guest.status() == FAILED
    other = bench.guest("look")
    latched_and_cleared(bench, other)
    assert other.status() == 0
    bench.stayed_at_rest()
