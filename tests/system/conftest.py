# SPDX-License-Identifier: GPL-2.0-or-later
"""System tests: they run in the lab's guest, through the real socket and the real device node.

One boot, one handpiece and one daemon for all; before each test the handpiece is as new.
"""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "lab"))
import splats  # noqa: E402
from microneedle import deadline, panel, stack, wait  # noqa: E402
from microneedle.applies import why_not  # noqa: E402
from microneedle.device import Device  # noqa: E402
from microneedle.kind import HANDPIECE  # noqa: E402
from microneedle.people import OPERATOR  # noqa: E402
from microneedle.rpc import Client  # noqa: E402

# A suspend of the system takes the Debian lane's root with it, and its kernels let no allocation fail on
# request; UML has no 32-bit callers
collect_ignore = (["test_compat.py"] if os.environ["MN_LANE"] == "uml" else
                  ["test_suspend.py", "test_starved.py"])

FIGURES = {}
NOT_APPLICABLE = {}  # reason: the tests


def pytest_configure(config):
    config.addinivalue_line("markers", "only(kind, reason): of one kind of handpiece alone")


def pytest_collection_modifyitems(config, items):
    """What does not apply to this handpiece is no test here, and is told at the end."""
    here, away = [], []
    for item in items:
        reason = why_not(item)
        (away if reason else here).append(item)
        if reason:
            NOT_APPLICABLE.setdefault(reason, []).append(item.nodeid)
    if away:
        config.hook.pytest_deselected(items=away)
        items[:] = here


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Name the test in the kernel's log, and end one that waits for what does not come."""
    kernel_log(f"test {item.nodeid}")
    deadline.renew()
    yield
    deadline.cancel()


def kernel_log(text):
    with open("/dev/kmsg", "w", encoding="utf-8") as stream:
        stream.write(text)


class KernelLog:
    """What the kernel said since the last look."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def lines(self):
        lines = []
        while True:
            try:
                record = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return lines
            except BrokenPipeError:
                continue
            lines.append(record.partition(";")[2].split("\n")[0])


@pytest.fixture(scope="session")
def log():
    return KernelLog()


@pytest.fixture(autouse=True)
def no_splat(log):
    """The lab fails the run for a splat; this says in which test it came."""
    log.lines()
    yield
    found = [line for line in log.lines() if splats.TITLES.match(line)]
    assert not found, found


@pytest.fixture(scope="session")
def station():
    station = panel.workstation()
    yield station
    station.daemon.stop()
    station.stop_handpiece()
    stack.unload_driver()


@pytest.fixture
def rig(station):
    """The workstation, its handpiece as at the start of a day."""
    station.refresh()
    yield station
    Device.close_all()


@pytest.fixture
def alone(rig):
    """The driver can be unloaded: no daemon has the device open."""
    rig.daemon.stop()
    return rig


@pytest.fixture
def served(station):
    """The same, and the daemon up with no session open."""
    if not station.daemon.running():
        station.daemon.start()
    end_sessions(station)
    station.refresh()
    with Client() as client:
        stack.until("the daemon to see the handpiece",
                    lambda: client.call("device.list")["devices"])
    return station


def end_sessions(station):
    """Whatever the last test left open: a new daemon is the surest way to have none."""
    with Client() as client:
        devices = client.call("device.list")["devices"]
    if any(device["session"] for device in devices):
        station.daemon.stop()
        station.daemon.start()


@pytest.fixture
def operator(served):
    with Client(OPERATOR) as client:
        yield client


# ---- figures, and the last line ----

@pytest.fixture
def figure():
    """figure("what", ns): a time that was measured, printed at the end of the run.

    A bound is asserted where time is virtual: elsewhere the processor is in the figure.
    """
    def note(what, nanoseconds, bound_ns=None):
        FIGURES.setdefault((what, bound_ns), []).append(nanoseconds)
        if bound_ns and wait.VIRTUAL:
            assert nanoseconds <= bound_ns, f"{what}: {nanoseconds} ns"
    return note


def describe(what, bound_ns, times):
    text = " to ".join(f"{time / 1000:.3f}" for time in sorted({min(times), max(times)}))
    count = f", {len(times)} times" if len(times) > 1 else ""
    bound = f" (at most {bound_ns / 1000:.3f})" if bound_ns and wait.VIRTUAL else ""
    return f"{what}: {text} us{bound}{count}"


def tests_of(nodeids):
    """How they are told of: a test with its parameters is one line."""
    counts = {}
    for nodeid in nodeids:
        name = nodeid.rpartition("/")[2].partition("[")[0]
        counts[name] = counts.get(name, 0) + 1
    return [name + (f" ({count} times)" if count > 1 else "") for name, count in counts.items()]


def tell_what_does_not_apply(terminalreporter):
    if not NOT_APPLICABLE:
        return
    count = sum(len(nodeids) for nodeids in NOT_APPLICABLE.values())
    terminalreporter.write_line(f"{count} tests do not apply to a {HANDPIECE.kind} handpiece:")
    for reason, nodeids in NOT_APPLICABLE.items():
        terminalreporter.write_line(f"  {reason}:")
        for line in tests_of(nodeids):
            terminalreporter.write_line(f"    {line}")


def pytest_terminal_summary(terminalreporter):
    tell_what_does_not_apply(terminalreporter)
    for (what, bound_ns), times in FIGURES.items():
        terminalreporter.write_line(describe(what, bound_ns, times))
    count = {key: len(terminalreporter.stats.get(key, ()))
             for key in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")}
    passed = count.pop("passed")
    # What was skipped was not tested
    terminalreporter.write_line(f"{passed} passed, {sum(count.values())} failed")
