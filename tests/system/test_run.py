# SPDX-License-Identifier: GPL-2.0-or-later
"""A treatment by a program that uses the device node itself: run, pause, change, complete."""

import errno
import os
import time

from microneedle import abi
from microneedle.applies import usb_only
from microneedle.device import Device, new_treatment
from microneedle.kind import HANDPIECE
from microneedle.wait import refused, until


def assert_made(made, wanted):
    """So many strokes, and what a motor coasts."""
    assert wanted <= made <= wanted + HANDPIECE.coasts


@usb_only("each stroke's depth is measured, and the cartridge is marked: see test_gpio.py")
def test_a_run_from_arm_to_complete_and_what_is_told_of_it(rig):
    before = rig.hp.state()["strokes"]
    with rig.control() as device:
        granted = device.arm(depth_um=505, rate_mhz=100500, strokes=30)
        # Rounded down to the device's steps
        assert (granted.depth_um, granted.rate_mhz) == (500, 100000)
        status = device.assert_state("ARMED", "ARM")
        assert (status.depth_um, status.rate_mhz, status.strokes) == (500, 100000, 30)
        cartridge = rig.hp.state()["cartridge"]
        assert cartridge["used"] and cartridge["treatment"] == device.treatment.hex()
        time.sleep(0.11)
        rig.press()
        running = device.wait_state("RUNNING", cause=abi.MN_CAUSE_TRIGGER)
        device.wait_state("SAFE", cause=abi.MN_CAUSE_COMPLETE)
        rig.still()

        status = device.assert_state("SAFE", "COMPLETE")
        assert status.strokes_done == 30 and status.dose_strokes == 30
        assert status.faults == 0 and status.depth_um == 0
        state = rig.hp.state()
        assert state["strokes"] - before == 30 and state["faults"] == []

        device.read()
        strokes = device.strokes()
        told = {stroke.number: (stroke.depth_um, stroke.period_us, stroke.current_ma)
                for stroke in strokes}
        made = {event["number"]: (event["depth_um"], event["period_us"], event["current_ma"])
                for event in rig.hp.events("stroke") if event["number"] > before}
        assert told == made and len(strokes) == 30
        # As skin gives: never the same, at or just under the set depth
        depths = [stroke.depth_um for stroke in strokes]
        assert all(420 <= depth <= 500 for depth in depths) and len(set(depths)) > 5
        assert all(9900 <= stroke.period_us <= 12000 for stroke in strokes[20:])
        assert all(stroke.mono_ns >= running.mono_ns for stroke in strokes)


def test_pause_and_go_on_with_the_foot_switch(rig):
    with rig.control() as device:
        rig.run(device, 5, strokes=40)
        rig.press(False)
        device.wait_state("ARMED", cause=abi.MN_CAUSE_TRIGGER_RELEASED)
        paused = rig.still()
        status = device.assert_state("ARMED")
        done = status.strokes_done
        assert 5 <= done < 40 and status.strokes == 40
        assert paused["inputs"]["home"] and status.faults == 0
        device.forget()
        rig.press()
        device.wait_state("RUNNING")
        device.wait_state("SAFE", cause=abi.MN_CAUSE_COMPLETE)
        assert_made(rig.still()["strokes"] - paused["strokes"], 40 - done)
        assert_made(device.status().strokes_done, 40)


def test_the_foot_switch_must_be_let_go_before_arming(rig):
    with rig.control() as device:
        rig.press()
        until("the press to be told", lambda: device.status().inputs & abi.MN_INPUT_TRIGGER)
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks & abi.MN_INTERLOCK_TRIGGER
        rig.press(False)
        until("the release to be told", lambda: not device.status().inputs & abi.MN_INPUT_TRIGGER)
        device.arm()


def test_a_press_too_soon_or_too_short_starts_nothing(rig):
    before = rig.hp.state()["strokes"]
    with rig.control() as device:
        device.arm()
        rig.press()  # before 100 ms of released
        time.sleep(0.2)
        device.assert_state("ARMED")
        rig.press(False)
        time.sleep(0.15)
        rig.press()
        rig.press(False)  # before it is debounced
        time.sleep(0.1)
        device.assert_state("ARMED")
        assert rig.hp.state()["strokes"] == before


def test_a_bouncing_foot_switch_starts_once_and_stops_once(rig):
    with rig.control() as device:
        device.arm()
        time.sleep(0.15)
        rig.hp.set("foot_switch", True, bounce_ms=15, edges=6)
        device.wait_state("RUNNING", 1)
        device.wait_strokes(5)
        device.forget()
        rig.hp.set("foot_switch", False, bounce_ms=15, edges=6)
        device.wait_state("ARMED", cause=abi.MN_CAUSE_TRIGGER_RELEASED)
        rig.still()
        device.read()
        states = [record.to for record in device.seen if record.kind == "state"]
        assert states == [abi.MN_STATE_ARMED]
        device.assert_state("ARMED")


def test_a_change_while_running_holds_from_the_next_strokes(rig):
    with rig.control() as device:
        rig.run(device, 5, depth_um=800)
        device.update(depth_um=300, rate_mhz=60000, strokes=1000)
        until("the handpiece to have it", lambda: rig.has_depth(300))
        device.forget()
        time.sleep(0.3)
        shallow = device.wait_strokes(6)[-4:]
        assert all(stroke.depth_um <= 300 for stroke in shallow)
        assert all(stroke.period_us > 15000 for stroke in shallow)
        status = device.assert_state("RUNNING")
        assert (status.depth_um, status.rate_mhz, status.faults) == (300, 60000, 0)


def test_a_change_beyond_the_limit_changes_nothing(rig):
    with rig.control(depth_um=800) as device:
        rig.run(device, 3, depth_um=500)
        with refused(errno.ERANGE) as refusal:
            device.update(depth_um=801)
        answer = refusal.answer
        assert (answer.refused_quantity, answer.refused_source, answer.refused_limit) == (
            abi.MN_QUANTITY_DEPTH, abi.MN_SOURCE_SESSION, 800)
        device.wait_strokes(6)
        assert device.assert_state("RUNNING").depth_um == 500
        assert rig.has_depth(500)


def test_a_limit_lowered_beneath_the_set_point_ends_it(rig):
    with rig.control(depth_um=800) as device:
        rig.run(device, 3, depth_um=500)
        device.set_limits(depth_um=499)
        device.wait_state("SAFE", cause=abi.MN_CAUSE_LIMIT)
        rig.still()
        assert device.status().faults == 0


def test_the_run_time_ends_a_run_without_a_fault(rig):
    with rig.control() as device:
        rig.run(device, 3, run_ms=300)
        device.wait_state("SAFE", cause=abi.MN_CAUSE_RUN_TIME)
        rig.still()
        assert device.status().faults == 0


def test_stop_from_another_file_in_every_state(rig):
    with rig.control() as device, Device(flags=os.O_RDONLY) as other:
        other.stop()  # nothing moves: that is no error
        device.assert_state("SAFE")
        device.arm()
        other.stop()
        device.assert_state("SAFE", "STOP")
        rig.run(device, 3)
        before = device.status().epoch
        other.stop()
        status = device.assert_state("SAFE", "STOP")
        assert status.epoch != before and status.faults == 0
        rig.still()
        rig.killed(device)
        # The foot is still down, and starts nothing
        with refused(errno.EAGAIN):
            device.arm()


def test_dose_goes_on_over_pauses_arms_and_controllers_of_one_treatment(rig):
    treatment = new_treatment()
    with rig.control(treatment=treatment, strokes=40) as device:
        rig.run(device, 0, strokes=20)
        device.wait_state("SAFE", cause=abi.MN_CAUSE_COMPLETE)
        rig.press(False)
        rig.still()
        made = device.status().dose_strokes
        assert_made(made, 20)
    with rig.control(treatment=treatment, strokes=40) as device:
        assert device.status().dose_strokes == made
        with refused(errno.ERANGE) as refusal:
            device.arm(strokes=40 - made + 1)
        assert refusal.answer.refused_quantity == abi.MN_QUANTITY_DOSE
        assert refusal.answer.refused_source == abi.MN_SOURCE_SESSION
        assert refusal.answer.refused_limit == 40 - made
        # The same treatment's limit cannot be raised, by nobody
        with refused(errno.EPERM):
            device.set_limits(strokes=41)
        rig.run(device, 0, strokes=40 - made)
        device.wait_state("SAFE", cause=abi.MN_CAUSE_COMPLETE)
        rig.still()
        made = device.status().dose_strokes
        assert_made(made, 40)
        with refused(errno.ERANGE):
            device.arm(strokes=1)
    # Another treatment's count starts with another cartridge, not with the id alone
    rig.press(False)
    with rig.control() as device:
        assert device.status().dose_strokes == made
        assert device.status().cartridge_flags & abi.MN_CARTRIDGE_SPENT
        rig.new_cartridge()
        assert device.status().dose_strokes == 0
        device.arm()


@usb_only("without a tag nobody tells one cartridge from another: see test_gpio.py")
def test_a_cartridge_is_used_once(rig):
    uid = f"{rig.new_cartridge():x}"
    with rig.control() as device:
        device.arm()
        device.stop()
        # Pulled and put back it may be anybody's
        rig.hp.remove()
        until("it to be gone", lambda: not device.status().cartridge_flags)
        rig.hp.insert(uid=uid)
        until("it to be read", lambda: device.status().cartridge_flags & abi.MN_CARTRIDGE_READABLE)
        status = device.status()
        assert status.cartridge_flags & abi.MN_CARTRIDGE_SPENT
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks & abi.MN_INTERLOCK_CARTRIDGE_SPENT
        rig.new_cartridge()
        device.arm()


def test_a_cartridge_that_expired_is_refused(rig):
    with rig.control() as device:
        rig.new_cartridge(expiry_days=-1)
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks == abi.MN_INTERLOCK_CARTRIDGE_EXPIRED
        rig.new_cartridge(expiry_days=0)  # today is its last day
        device.arm()


@usb_only("it reads no tag")
def test_a_cartridge_that_cannot_be_read_is_refused(rig):
    with rig.control() as device:
        rig.new_cartridge(corrupt=True)
        status = device.status()
        assert status.interlocks & abi.MN_INTERLOCK_CARTRIDGE_UNREADABLE
        assert not status.cartridge_flags & abi.MN_CARTRIDGE_READABLE
        # What cannot be read allows no depth
        with refused(errno.ERANGE) as refusal:
            device.arm(depth_um=10)
        assert (refusal.answer.refused_source, refusal.answer.refused_limit) == (
            abi.MN_SOURCE_CARTRIDGE, 0)
        assert device.assert_state("SAFE").faults == 0


def test_without_a_cartridge_nothing_is_armed(rig):
    with rig.control() as device:
        rig.hp.remove()
        until("it to be gone", lambda: not device.status().cartridge_flags)
        assert device.status().interlocks & abi.MN_INTERLOCK_CARTRIDGE_ABSENT
        with refused(errno.ERANGE):
            device.arm(depth_um=10)
        assert device.assert_state("SAFE").faults == 0
