# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole system suspends, by the kernel's own test mode, and wakes again.

Every process is frozen before the first driver is told, and here the handpiece is one of them: it
hears no STOP until the system is awake, and catches up then with what it would have done meanwhile.
So nothing here shows when needles stop. That is shown with a handpiece that is not frozen, in
test_power.py. What this shows is the driver's side of a suspend that the handpiece does not answer:
it counts as stopped before the bus goes, an answer that did not come is a fault, no lease is
renewed, nothing starts again, and the controller's file has it in order.

UML only: the Debian lane's root is behind a device that would go to sleep, too.
"""

import time

import pytest
from microneedle import abi
from microneedle.kind import GPIO
from microneedle.power import events_since, put
from microneedle.wait import until
from test_power import arm_again, assert_nothing_starts, bring_to_any, told, STATES_AND_FAULT

WAYS = (("mem", "devices"), ("freeze", "devices"), ("mem", "core"))


@pytest.fixture
def short_sleep():
    put("/sys/module/suspend/parameters/pm_test_delay", "1")
    yield
    put("/sys/power/pm_test", "none")


def suspend(state, level):
    put("/sys/power/pm_test", level)
    put("/sys/power/state", state)


def assert_heard_when_awake(events):
    """From the STOP on, which it got when it was awake, not a lease and not a stroke."""
    names = [event["ev"] for event in events]
    assert "start" not in names and "usb_enable" in names
    kill = names.index("kill")
    assert events[kill]["obeyed"] and "lease" not in names[kill:]
    assert "stroke_begin" not in names[kill:]


@pytest.mark.parametrize("way", WAYS, ids="-".join)
@pytest.mark.parametrize("state", STATES_AND_FAULT)
def test_a_suspend_of_the_system(rig, short_sleep, log, state, way):
    with rig.control() as device:
        bring_to_any(rig, device, state)
        before = device.status()
        since = time.monotonic_ns()
        log.lines()
        suspend(*way)
        lines = log.lines()
        assert any("PM: suspend exit" in line for line in lines), lines

        # The handpiece has caught up; the bus was away, so it was reset
        until("a stop to be confirmed", lambda: rig.epoch() == device.status().epoch)
        states, faults = told(device)
        stopped = [record for record in device.seen if record.kind == "state"][:1]
        if state in ("ARMED", "RUNNING"):
            assert states[0] == ("SAFE", "SUSPEND")
            # Before any device slept
            assert stopped[0].mono_ns - since < 10000000
            assert stopped[0].epoch != before.epoch
        if GPIO:
            # It has no bus to lose: its needles were home before anything slept
            assert states[1:] == [] and faults == []
            rig.stopped_first(since, state)
            device.assert_state("FAULT" if state == "FAULT" else "SAFE")
        elif state == "RUNNING":
            # Home was never told, and strokes were told that came late
            assert states[1:] == [("FAULT", "FAULT")] and faults[0] == "NOT_HOME"
            device.assert_state("FAULT")
        elif state == "FAULT":
            assert states == [] and device.status().faults & abi.bit("OVER_DEPTH")
            device.assert_state("FAULT")
        else:
            assert states[1:] == [] and faults == []
            device.assert_state("SAFE")

        if not GPIO:
            assert_heard_when_awake(events_since(rig, since))
        strokes = rig.still()["strokes"]
        assert_nothing_starts(rig, strokes)
        flags = device.status().cartridge_flags
        assert bool(flags & abi.MN_CARTRIDGE_SPENT) == (state != "SAFE" or GPIO)

        # The controller was frozen, too, and its lease is over
        device.stop_heart()
        device.acquire(device.treatment)
        arm_again(rig, device, "FAULT" if device.status().faults else state)
