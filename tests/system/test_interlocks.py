# SPDX-License-Identifier: GPL-2.0-or-later
"""Emergency stop and cartridge in each state, and what the handpiece says of itself."""

import errno

import pytest
from microneedle import abi
from microneedle.applies import usb_only
from microneedle.device import Device
from microneedle.wait import refused, until

STATES = ("SAFE", "ARMED", "RUNNING")


def bring_to(rig, device, state):
    """SAFE, ARMED or RUNNING; the handpiece's count of strokes."""
    if state == "ARMED":
        device.arm()
    elif state == "RUNNING":
        rig.run(device)
    device.assert_state(state)
    device.forget()
    return rig.hp.state()["strokes"]


def stopped_for(rig, device, fault, state):
    """It stopped in this state for this fault, latched, and no stroke came after the kill."""
    record = device.wait_fault(fault, state=abi.CONSTANTS[f"MN_STATE_{state}"])
    status = device.assert_state("FAULT", "FAULT")
    assert status.faults & abi.bit(fault) and status.fault == record.code
    assert (status.depth_um, status.rate_mhz) == (0, 0)
    rig.still()
    rig.killed(device)
    return record


def goes_on(rig, device):
    """From FAULT with its cause gone: cleared it is SAFE, and a new cartridge runs."""
    rig.press(False)
    assert device.clear() == 0
    status = device.assert_state("SAFE", "CLEAR")
    assert status.faults == 0 and status.fault == 0 and rig.hp.state()["faults"] == []
    if status.cartridge_flags & (abi.MN_CARTRIDGE_SPENT | abi.MN_CARTRIDGE_UNDECLARED) or (
            not status.cartridge_flags):
        rig.new_cartridge()
    until("the release to be told", lambda: not device.status().inputs & abi.MN_INPUT_TRIGGER)
    rig.pass_self_test(device)
    rig.run(device, 2)
    device.stop()
    rig.press(False)


@pytest.mark.parametrize("state", STATES)
def test_emergency_stop(rig, state):
    with rig.control() as device:
        before = bring_to(rig, device, state)
        rig.hp.set("emergency_stop", True)
        stopped_for(rig, device, "EMERGENCY_STOP", state)
        if state != "RUNNING":
            assert rig.hp.state()["strokes"] == before
        # As long as it is pressed nothing is cleared and nothing is armed
        with refused(errno.EAGAIN) as refusal:
            device.clear()
        assert refusal.answer.remaining == abi.bit("EMERGENCY_STOP")
        with refused(errno.EBADFD):
            device.arm()
        rig.hp.set("emergency_stop", False)
        until("the release to be told",
              lambda: not device.status().inputs & abi.MN_INPUT_EMERGENCY_STOP)
        device.assert_state("FAULT")
        goes_on(rig, device)


def test_emergency_stop_on_top_of_another_fault(rig):
    with rig.control(lease_ms=100) as device:
        bring_to(rig, device, "RUNNING")
        device.stop_heart()
        device.wait_fault("LEASE")
        rig.hp.set("emergency_stop", True)
        device.wait_fault("EMERGENCY_STOP", state=abi.MN_STATE_FAULT)
        status = device.status()
        # Which came first stays to be seen, and only what is named is cleared
        assert status.fault == abi.MN_FAULT_LEASE
        both = abi.bit("LEASE") | abi.bit("EMERGENCY_STOP")
        assert status.faults == both
        rig.still()
        device.acquire(device.treatment)
        with refused(errno.EAGAIN) as refusal:
            device.clear(both)
        assert refusal.answer.remaining == abi.bit("EMERGENCY_STOP")
        assert device.status().fault == abi.MN_FAULT_EMERGENCY_STOP
        rig.hp.set("emergency_stop", False)
        until("the release to be told",
              lambda: not device.status().inputs & abi.MN_INPUT_EMERGENCY_STOP)
        goes_on(rig, device)


def test_a_bouncing_emergency_stop_is_one(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.set("emergency_stop", True, bounce_ms=10, edges=8)
        stopped_for(rig, device, "EMERGENCY_STOP", "RUNNING")
        assert len([record for record in device.seen if record.kind == "fault"]) == 1


@pytest.mark.parametrize("state", STATES)
def test_cartridge_pulled(rig, state):
    with rig.control() as device:
        bring_to(rig, device, state)
        rig.hp.remove()
        if state == "SAFE":
            device.wait("cartridge", flags=0)
            assert device.assert_state("SAFE").faults == 0
            rig.new_cartridge()
            device.arm()
            return
        stopped_for(rig, device, "CARTRIDGE", state)
        assert device.status().cartridge_flags == 0
        goes_on(rig, device)


def test_cartridge_swapped_at_once(rig):
    """Out and in again between two looks is still another cartridge."""
    with rig.control() as device:
        device.arm()
        rig.swap_cartridge()
        stopped_for(rig, device, "CARTRIDGE", "ARMED")
        goes_on(rig, device)


@usb_only("it reads no tag")
def test_cartridge_that_cannot_be_read_any_more(rig):
    """The tag is read again when it is marked: what does not read back is not armed."""
    with rig.control() as device:
        rig.hp.read_error()
        with refused(errno.EAGAIN, errno.ERANGE) as refusal:
            device.arm()
        answer = refusal.answer
        assert answer.interlocks & abi.MN_INTERLOCK_CARTRIDGE_UNREADABLE or (
            answer.refused_source == abi.MN_SOURCE_CARTRIDGE)
        device.assert_state("SAFE")
        assert not rig.hp.state()["cartridge"]["used"]


@usb_only("the device tree has the date of its calibration")
def test_an_old_calibration_is_not_armed(rig):
    shot = rig.hp.inject("calibration", age_days=366)
    rig.replug()
    shot.wait()
    with rig.control() as device:
        assert device.info().calibration_age_days == 366
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks == abi.MN_INTERLOCK_CALIBRATION
    rig.hp.clear_injections()
    rig.replug()
    with rig.control() as device:
        device.arm()


def test_an_interlock_that_opens_is_told_to_all(rig):
    with Device() as observer:
        observer.forget()
        rig.press()
        record = observer.wait("input")
        assert record.changed == abi.MN_INPUT_TRIGGER
        assert record.inputs & abi.MN_INPUT_TRIGGER
        assert record.interlocks & abi.MN_INTERLOCK_TRIGGER
        rig.press(False)
        record = observer.wait("input", inputs=abi.MN_INPUT_CARTRIDGE | abi.MN_INPUT_HOME)
        assert not record.interlocks & abi.MN_INTERLOCK_TRIGGER
