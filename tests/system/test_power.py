# SPDX-License-Identifier: GPL-2.0-or-later
"""The handpiece sleeps and wakes, and the driver goes and comes, in each state.

STOP reaches it first, its needles are home before its bus goes, and nothing starts again by itself,
though the foot switch is held. Here the handpiece goes on while it and its bus sleep, as a real one
would; test_suspend.py has the suspend of a whole system, with the handpiece frozen in it.
"""

import errno
import os
import threading
import time

import pytest
from microneedle import abi, bus, stack
from microneedle.applies import usb_only
from microneedle.bus import usb_device
from microneedle.device import Device
from microneedle.kind import GPIO, HANDPIECE
from microneedle.power import Sleep, assert_stopped_first, events_since, put, quirk
from microneedle.wait import refused, until
from test_interlocks import STATES, bring_to, goes_on

STATES_AND_FAULT = STATES + ("FAULT",)
SLEEP_MS = 400


def bring_to_any(rig, device, state):
    """The same, and FAULT with the foot switch held."""
    if state != "FAULT":
        return bring_to(rig, device, state)
    bring_to(rig, device, "RUNNING")
    rig.too_deep()
    device.wait_fault("OVER_DEPTH")
    rig.hp.clear_injections()
    strokes = rig.still()["strokes"]
    device.forget()
    return strokes


def told(device):
    """The states and the faults that the controller's file was told of."""
    device.read()
    return ([(abi.name_of("STATE", record.to), abi.name_of("CAUSE", record.cause))
             for record in device.seen if record.kind == "state"],
            [abi.name_of("FAULT", record.code) for record in device.seen if record.kind == "fault"])


def assert_nothing_starts(rig, strokes):
    """Held, released, or pressed again: the foot switch starts nothing that was not armed."""
    assert rig.still(0.5)["strokes"] == strokes
    rig.press(False)
    time.sleep(0.15)
    rig.press()
    assert rig.still(0.3)["strokes"] == strokes


def refused_for(rig, device):
    """The interlocks for which it is not armed, but for what any new beginning opens."""
    with refused(errno.EAGAIN, errno.ERANGE) as refusal:
        device.arm()
    if refusal.error.errno == errno.EAGAIN:
        return refusal.answer.interlocks & ~rig.must_test()
    # A cartridge of which nothing is known allows nothing: that comes first
    assert GPIO and refusal.answer.refused_source == abi.MN_SOURCE_CARTRIDGE
    return device.status().interlocks & ~rig.must_test()


def arm_again(rig, device, state):
    """What it takes to run again: the foot off, a fault cleared, a cartridge that was in sight."""
    # What was declared is not known to be that cartridge any more
    used = state != "SAFE" or GPIO
    if state == "FAULT":
        with refused(errno.EBADFD):
            device.arm()
        rig.press(False)
        until("the release to be told",
              lambda: not device.status().inputs & abi.MN_INPUT_TRIGGER)
        assert device.clear() == 0
    else:
        assert refused_for(rig, device) == (
            abi.MN_INTERLOCK_TRIGGER | (abi.MN_INTERLOCK_CARTRIDGE_SPENT if used else 0))
        rig.press(False)
        until("the release to be told",
              lambda: not device.status().inputs & abi.MN_INPUT_TRIGGER)
    if used:
        assert refused_for(rig, device) == abi.MN_INTERLOCK_CARTRIDGE_SPENT
        rig.new_cartridge()
    rig.pass_self_test(device)
    rig.run(device, 2)
    device.stop()
    rig.press(False)


# ---- sleep ----

@usb_only("it does not sleep without its computer: see test_suspend.py")
@pytest.mark.parametrize("wakes", ("resumed", "reset"))
@pytest.mark.parametrize("state", STATES_AND_FAULT)
def test_sleep_stops_first_and_nothing_starts_after_it(rig, state, wakes):
    with quirk(rig, wakes == "reset"), rig.control() as device:
        strokes = bring_to_any(rig, device, state)
        with Sleep(rig, SLEEP_MS) as sleep:
            # Pressed in its sleep, if it is not held
            rig.press()
            made = rig.hp.state()["strokes"]
        assert sleep.error is None
        assert made == strokes or state == "RUNNING"
        events = sleep.events()
        assert_stopped_first(events, state, "usb_suspend")
        asleep, = [event for event in events if event["ev"] == "usb_suspend"]
        assert asleep["home"] and asleep["strokes"] == made
        assert any(event["ev"] == "usb_disable" for event in events) == (wakes == "reset")

        states, faults = told(device)
        assert faults == []
        assert states == ([("SAFE", "SUSPEND")] if state in ("ARMED", "RUNNING") else [])
        status = device.assert_state("FAULT" if state == "FAULT" else "SAFE")
        assert status.faults == (abi.bit("OVER_DEPTH") if state == "FAULT" else 0)
        assert (status.depth_um, status.rate_mhz) == (0, 0)
        until("the cartridge to be read again", lambda: device.status().cartridge_flags &
              abi.MN_CARTRIDGE_READABLE)
        spent = device.status().cartridge_flags & abi.MN_CARTRIDGE_SPENT
        assert bool(spent) == (state != "SAFE")

        # Awake it was given a STOP to begin from, and no lease: nothing is armed
        assert rig.hp.state()["epoch"] == status.epoch and not rig.hp.state()["lease_fresh"]
        assert_nothing_starts(rig, made)
        assert sleep.events("start") == []
        device.assert_state("FAULT" if state == "FAULT" else "SAFE")
        arm_again(rig, device, state)


@usb_only("it does not sleep without its computer: see test_suspend.py")
def test_a_tag_that_could_not_be_read_on_the_way_to_sleep_is_read_after_it(rig):
    with rig.control() as device:
        rig.hp.inject("bad_crc")
        with Sleep(rig, SLEEP_MS):
            rig.hp.clear_injections()
        until("the cartridge to be read again", lambda: device.status().cartridge_flags &
              abi.MN_CARTRIDGE_READABLE)
        rig.run(device, 2)
        device.stop()


@usb_only("it does not sleep without its computer: see test_suspend.py")
def test_a_cartridge_that_was_changed_in_its_sleep_is_another(rig):
    with rig.control() as device:
        device.arm()
        with Sleep(rig, SLEEP_MS):
            rig.hp.remove()
            uid = int(rig.hp.insert(uid=rig.new_uid()), 16)
            rig.cartridges += 1
        until("the cartridge to be read", lambda: device.status().cartridge_uid == uid)
        rig.run(device, 2)
        device.stop()


@usb_only("it does not sleep without its computer: see test_suspend.py")
def test_an_emergency_stop_that_was_pressed_in_its_sleep_is_seen(rig):
    with rig.control() as device:
        with Sleep(rig, SLEEP_MS):
            rig.hp.set("emergency_stop", True)
        device.wait_fault("EMERGENCY_STOP")
        rig.hp.set("emergency_stop", False)
        until("the release to be told",
              lambda: not device.status().inputs & abi.MN_INPUT_EMERGENCY_STOP)
        goes_on(rig, device)


@usb_only("it does not sleep without its computer: see test_suspend.py")
def test_what_the_handpiece_latched_in_its_sleep_is_told(rig):
    with rig.control() as device:
        with Sleep(rig, SLEEP_MS):
            rig.hp.inject("nv_fault", mask=1 << 4).wait()
        device.wait_fault("OVER_TEMPERATURE")
        goes_on(rig, device)


@usb_only("it does not sleep without its computer: see test_suspend.py")
@pytest.mark.parametrize("state", STATES)
def test_a_handpiece_that_lost_its_power_in_its_sleep_gets_a_stop(rig, state):
    with rig.control() as device:
        bring_to(rig, device, state)
        with Sleep(rig, SLEEP_MS):
            rig.hp.power_cycle()
            rig.press()
        until("a stop to reach it", lambda: rig.hp.state()["stop_seen"])
        device.assert_state("SAFE")
        assert rig.still(0.3)["strokes"] == 0
        rig.press(False)
        rig.new_cartridge()
        rig.run(device, 2)
        device.stop()


@usb_only("it does not sleep without its computer: see test_suspend.py")
@pytest.mark.parametrize("state", STATES)
def test_a_cable_that_was_pulled_in_its_sleep(rig, state):
    with rig.control() as device:
        bring_to(rig, device, state)
        with Sleep(rig, SLEEP_MS):
            rig.hp.unplug()
        rig.wait_no_node()
        with refused(errno.ENODEV):
            device.status()
        states, faults = told_until_gone(device)
        # It was stopped when it went: no fault, and no further change
        assert faults == [] and states == ([("SAFE", "SUSPEND")] if state != "SAFE" else [])
    rig.plug()
    with rig.control() as device:
        assert device.assert_state("SAFE").faults == 0
        assert rig.still(0.3)["inputs"]["foot_switch"] == (state == "RUNNING")


def told_until_gone(device):
    with refused(errno.ENODEV):
        while True:
            data = os.read(device.fd, abi.RECORD.size)
            device.seen.append(abi.Record.from_bytes(data))
    states = [(abi.name_of("STATE", record.to), abi.name_of("CAUSE", record.cause))
              for record in device.seen if record.kind == "state"]
    return states, [abi.name_of("FAULT", record.code)
                    for record in device.seen if record.kind == "fault"]


@usb_only("no program can reset what is on lines")
def test_stop_is_taken_while_the_bus_is_reset(rig):
    """A handpiece that can't be reached just now was stopped before, and is again afterwards."""
    stops = 0
    done = threading.Event()
    with Device() as device, Device(flags=os.O_RDONLY) as observer:
        before = device.status().epoch

        def stop_on_and_on():
            nonlocal stops
            while not done.is_set():
                observer.stop()
                stops += 1
                time.sleep(0.001)

        stopper = threading.Thread(target=stop_on_and_on)
        stopper.start()
        try:
            bus.reset()
        finally:
            done.set()
            stopper.join()
        assert stops > 10, "the reset took no time: nothing was asked for meanwhile"
        # Its own stops before and after it come on top.
        assert device.status().epoch >= before + stops + 2
        until("a status again",
              lambda: not device.status().interlocks & abi.MN_INTERLOCK_STATUS)
        device.assert_state("SAFE")
        assert device.status().faults == 0
        assert rig.hp.state()["epoch"] == device.status().epoch


@usb_only("it does not sleep without its computer: see test_suspend.py")
def test_it_never_sleeps_by_itself(rig):
    """Asleep it could not tell of its emergency stop: not even where the system would like it to."""
    power = f"{usb_device()}/power"
    put(f"{power}/autosuspend_delay_ms", "0")
    put(f"{power}/control", "auto")
    since = time.monotonic_ns()
    time.sleep(3)
    with rig.control():
        time.sleep(3)
    with open(f"{power}/runtime_status", encoding="ascii") as stream:
        assert stream.read().strip() == "active"
    assert events_since(rig, since, "usb_suspend") == []
    put(f"{power}/control", "on")


# ---- the driver goes ----

class Unbound:
    """By hand, in sysfs."""

    def take(self, rig):
        self.driver, self.name = rig.bound()
        put(f"{self.driver}/unbind", self.name)

    def give(self):
        put(f"{self.driver}/bind", self.name)


class Unloaded:
    """rmmod of the transport; the core cannot go before it."""

    def take(self, _):
        user = HANDPIECE.module.replace("-", "_")
        with pytest.raises(AssertionError, match=f"in use by: {user}"):
            stack.unload("microneedle")
        stack.unload(HANDPIECE.module)
        # An open file holds the core
        with pytest.raises(AssertionError, match="in use"):
            stack.unload("microneedle")

    def give(self):
        stack.load(HANDPIECE.module)


class Deauthorized:
    """The bus is told not to talk to it any more."""

    def take(self, _):
        self.device = usb_device()
        put(f"{self.device}/authorized", "0")

    def give(self):
        put(f"{self.device}/authorized", "1")


@pytest.mark.parametrize("how", (Unbound, Unloaded, pytest.param(
    Deauthorized, marks=usb_only("it has no bus"))))
@pytest.mark.parametrize("state", STATES_AND_FAULT)
def test_a_driver_that_goes_stops_first_and_starts_nothing_when_it_is_back(alone, state, how):
    how = how()
    with alone.control() as device:
        strokes = bring_to_any(alone, device, state)
        since = time.monotonic_ns()
        how.take(alone)
        # As soon as it is gone all this is over: the bus could be next
        alone.stopped_first(since, state, "usb_disable" if isinstance(how, Deauthorized) else None)
        after = alone.hp.state()
        assert after["inputs"]["home"] and after["faults"] == []
        with refused(errno.ENODEV):
            device.status()
        states, faults = told_until_gone(device)
        assert (states, faults) == {
            "SAFE": ([], []),
            "ARMED": ([("SAFE", "SUSPEND")], []),
            "RUNNING": ([("FAULT", "FAULT")], ["UNPLUGGED"]),
            "FAULT": ([], []),
        }[state]
        made = after["strokes"]
        assert made == strokes or state == "RUNNING"
        # Whatever the foot does while nobody listens
        alone.press()
        assert alone.still(0.3)["strokes"] == made
    how.give()
    alone.wait_node()
    with alone.control() as device:
        faults = {"RUNNING": abi.bit("UNPLUGGED"), "FAULT": alone.too_deep_faults}.get(state, 0)
        faults |= abi.bit("RESTART") if GPIO else 0
        assert device.assert_state("FAULT" if faults else "SAFE").faults == faults
        assert_nothing_starts(alone, made)
        assert device.assert_state("FAULT" if faults else "SAFE").faults == faults
        arm_again(alone, device, "FAULT" if faults else state)


def test_the_core_goes_once_nobody_needs_it(alone):
    """Without its file the core can go; what it had latched, the handpiece has not."""
    with Device(flags=os.O_RDONLY) as device:
        stack.unload(HANDPIECE.module)
        with pytest.raises(AssertionError, match="in use"):
            stack.unload("microneedle")
        with refused(errno.ENODEV):
            device.status()
    stack.unload("microneedle")
    stack.load_driver()
    alone.wait_node()
    with Device(flags=os.O_RDONLY) as device:
        assert device.status().faults == (abi.bit("RESTART") if GPIO else 0)
