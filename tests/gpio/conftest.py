# SPDX-License-Identifier: GPL-2.0-or-later
"""The real driver on the lab's board, in virtual time: one boot of the lab's UML kernel a tree."""

import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig  # noqa: E402

SET_POINTS = int(os.environ["MN_SET_POINTS"])
TEST_SECONDS = 60  # of guest time
SET_POINT_MS = 100  # what each of them may add


def on_alarm(*_):
    raise TimeoutError(f"the test took more than {TEST_SECONDS} s of guest time")


signal.signal(signal.SIGALRM, on_alarm)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Name the test in the kernel's log, and end one that waits for what does not come."""
    with open("/dev/kmsg", "w", encoding="utf-8") as stream:
        stream.write(f"test {item.nodeid}")
    signal.alarm(TEST_SECONDS + SET_POINTS * SET_POINT_MS // 1000)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session", name="booted")
def _booted():
    rig = Rig()
    yield rig
    rig.close()


@pytest.fixture(name="rig")
def _rig(booted):
    booted.ready()
    yield booted
    booted.device.stop()
    booted.home()


FIGURES = []


@pytest.fixture
def figure():
    """figure("text"): printed at the end of the run."""
    return FIGURES.append


def pytest_terminal_summary(terminalreporter):
    """What was measured, and the last line."""
    for text in FIGURES:
        terminalreporter.write_line(text)
    count = {key: len(terminalreporter.stats.get(key, ()))
             for key in ("passed", "failed", "error", "skipped", "xfailed", "xpassed")}
    passed = count.pop("passed")
    # What was skipped was not tested
    terminalreporter.write_line(f"{passed} passed, {sum(count.values())} failed")
