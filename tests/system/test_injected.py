# SPDX-License-Identifier: GPL-2.0-or-later
"""A handpiece that goes wrong: each way is a latched fault that names it, and cleared it goes on.

Malformed, short, late, repeated or impossible packets are among them. Each injection must have
taken effect, as the handpiece itself saw it; otherwise the test would show nothing.
"""

import errno
import glob
import os
import re
import time

import pytest
from microneedle import abi
from microneedle.applies import usb_only
from microneedle.device import NODE
from microneedle.wait import refused, until
from test_interlocks import bring_to, stopped_for

pytestmark = usb_only("its packets go wrong, or its own sensors: see test_gpio.py for lines")

# While RUNNING: the injection, the fault that must come first, and its details (None: any)
WHILE_RUNNING = (
    ("overshoot", {"um": 101, "own": False}, "OVER_DEPTH", (601, 500)),
    ("overshoot", {"um": 300, "own": True}, "OVER_DEPTH", None),
    ("frozen_depth", {}, "DEPTH_FROZEN", (None, 32)),
    ("stall", {"own": False}, "STROKE_SILENCE", None),
    ("stall", {"own": True}, "UNDER_RATE", None),
    ("runaway", {"mhz": 250000}, "OVER_RATE", (None, 150000)),
    ("slow", {"mhz": 22000}, "UNDER_RATE", (None, 100000)),
    ("stroke_silence", {}, "STROKE_SILENCE", (100, 0)),
    ("status_silence", {}, "STATUS_SILENCE", (300, 0)),
    ("report_gap", {}, "SEQUENCE", None),
    ("report_repeat", {}, "SEQUENCE", None),
    ("report_late", {"ms": 60}, "BACKLOG", (None, 50)),
    ("report_late", {"ms": 150}, "STROKE_SILENCE", None),
    ("over_current", {"ma": 2001, "own": False}, "OVER_CURRENT", (2001, 2000)),
    ("over_current", {"ma": 2600, "own": True}, "OVER_CURRENT", None),
    ("over_temperature", {"mc": 60001, "own": False}, "OVER_TEMPERATURE", (60001, 60000)),
    ("over_temperature", {"mc": 75000, "own": True}, "OVER_TEMPERATURE", None),
    ("missing_measurement", {"which": "depth"}, "MEASUREMENT", None),
    ("missing_measurement", {"which": "rate"}, "MEASUREMENT", None),
    ("missing_measurement", {"which": "current"}, "MEASUREMENT", None),
    ("nv_fault", {"mask": 1 << 9}, "HANDPIECE", None),
    ("nv_fault", {"mask": 1 << 8}, "MEASUREMENT", None),
    ("self_test_fail", {}, "SELF_TEST", None),
) + tuple(("malformed", {"which": which, "how": how}, "PROTOCOL", None)
          for which in ("strokes", "status")
          for how in ("short", "length", "version", "type", "value"))


def name(case):
    return "-".join([case[0]] + [str(value) for value in case[1].values()])


def clearable(device):
    try:
        return device.clear() == 0
    except OSError as error:
        assert error.errno == errno.EAGAIN, error
        return False


@pytest.mark.parametrize("case", WHILE_RUNNING, ids=name)
def test_while_running(rig, case):
    injection, parameters, fault, detail = case
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        shot = rig.hp.inject(injection, **parameters)
        effect = shot.wait(3000)
        record = stopped_for(rig, device, fault, "RUNNING")
        # At the latest in the time that the checks leave it: 200 ms too slow after 300 ms of run-up
        assert record.mono_ns - effect["mono_ns"] < 600e6, effect
        for got, wanted in zip(record.detail, detail or ()):
            assert wanted is None or got == wanted, record
        rig.hp.clear_injections()
        until("it to be cleared", lambda: clearable(device))
        device.assert_state("SAFE", "CLEAR")
        goes_on_from_safe(rig, device)


def goes_on_from_safe(rig, device):
    rig.press(False)
    until("the release to be told", lambda: not device.status().inputs & abi.MN_INPUT_TRIGGER)
    rig.run(device, 2)
    assert device.assert_state("RUNNING").faults == 0
    device.stop()


def test_a_depth_that_no_cartridge_has_is_no_measurement(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.inject("overshoot", um=20000, own=False).wait()
        record = device.wait_fault("MEASUREMENT")
        assert record.detail == [abi.MN_QUANTITY_DEPTH, 20500]
        rig.still()


def test_one_stroke_too_deep_by_less_than_the_tolerance_is_no_fault(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.inject("overshoot", um=100, own=False).wait()
        device.wait("stroke", depth_um=600)
        device.wait_strokes(len(device.strokes()) + 3)
        assert device.assert_state("RUNNING").faults == 0


def test_a_handpiece_that_does_not_confirm_its_stop_stays_in_fault(rig):
    # Found by exploring the protocol's model: its last report may be of before it began to move
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.inject("report_gap").wait()
        stopped_for(rig, device, "SEQUENCE", "RUNNING")
        ignored = rig.hp.inject("ignore_stop", where="any")
        with refused(errno.EAGAIN) as refusal:
            device.clear()
        ignored.wait()
        assert refusal.answer.remaining == abi.bit("SEQUENCE")
        device.assert_state("FAULT")
        rig.hp.clear_injections()
        assert device.clear() == 0
        device.assert_state("SAFE", "CLEAR")
        goes_on_from_safe(rig, device)


def test_needles_that_do_not_come_home(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        shot = rig.hp.inject("not_home", um=200, own=False)
        device.stop()
        shot.wait()
        device.wait_fault("NOT_HOME")
        with refused(errno.EAGAIN) as refusal:
            device.clear()
        assert refusal.answer.remaining & abi.bit("NOT_HOME")
        rig.hp.clear_injections()
        until("it to be cleared", lambda: clearable(device))
        goes_on_from_safe(rig, device)


def test_a_stop_that_is_not_taken_on_its_own_endpoint_goes_the_other_way(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        before = rig.hp.state()["strokes"]
        rig.hp.inject("ignore_stop", how="nak", where="kill")
        device.stop()
        device.wait_fault("NOT_HOME")
        until("the other way", lambda: rig.hp.stats()["stop"]["by"] == "ep0")
        assert rig.hp.stats()["stop"]["epoch"] == device.status().epoch
        # The handpiece's lease was not renewed either: it may have been first
        assert rig.still()["strokes"] - before <= 25
        rig.hp.clear_injections()
        until("it to be cleared", lambda: clearable(device))
        goes_on_from_safe(rig, device)


def test_a_handpiece_that_refuses_to_start(rig):
    before = rig.hp.state()["strokes"]
    with rig.control() as device:
        shot = rig.hp.inject("reject_start", result=9)
        device.arm()
        time.sleep(0.11)
        rig.press()
        shot.wait()
        device.wait_state("SAFE", cause=abi.MN_CAUSE_START_FAILED)
        assert device.status().faults == 0 and rig.hp.state()["strokes"] == before
        goes_on_from_safe(rig, device)


BAD = ("short", "length", "version", "type", "value")


@pytest.mark.parametrize("how", BAD)
def test_a_mark_whose_outcome_cannot_be_understood_spends_the_cartridge(rig, how):
    with rig.control() as device:
        shot = rig.hp.inject("malformed", which="result", how=how)
        with refused(errno.EAGAIN, errno.EBADFD, errno.ECANCELED):
            device.arm()
        shot.wait()
        device.wait_fault("PROTOCOL")
        until("it to be cleared", lambda: clearable(device))
        assert device.status().cartridge_flags & abi.MN_CARTRIDGE_SPENT
        rig.new_cartridge()
        goes_on_from_safe(rig, device)


@pytest.mark.parametrize("how", BAD)
def test_a_start_whose_outcome_cannot_be_understood_counts_as_given(rig, how):
    with rig.control() as device:
        device.arm()
        shot = rig.hp.inject("malformed", which="result", how=how)
        device.forget()
        time.sleep(0.11)
        rig.press()
        shot.wait()
        device.wait_fault("PROTOCOL")
        rig.still()
        stats = rig.hp.stats()
        assert stats["start"]["result"] == 0 and stats["kill"]["strokes_after"] == 0
        until("it to be cleared", lambda: clearable(device))
        goes_on_from_safe(rig, device)


def test_a_start_that_is_decided_too_late(rig):
    with rig.control() as device:
        shot = rig.hp.inject("late_result", ms=200, request="start")
        device.arm()
        device.forget()
        time.sleep(0.11)
        rig.press()
        shot.wait()
        record = device.wait_fault("TRANSPORT")
        assert record.detail[0] == -errno.ETIMEDOUT
        rig.still()
        assert rig.hp.stats()["kill"]["strokes_after"] == 0
        until("it to be cleared", lambda: clearable(device))
        goes_on_from_safe(rig, device)


def test_a_mark_that_is_decided_too_late_is_believed_when_it_is_read_back(rig):
    with rig.control() as device:
        shot = rig.hp.inject("late_result", ms=300, request="mark")
        device.arm()
        shot.wait()
        device.assert_state("ARMED")
        assert rig.hp.state()["cartridge"]["treatment"] == device.treatment.hex()


def test_motion_that_nobody_asked_for(rig):
    with rig.control() as device:
        device.forget()
        shot = rig.hp.inject("unexpected_motion", um=300, strokes=5)
        shot.wait()
        stopped_for(rig, device, "UNEXPECTED_MOTION", "SAFE")
        rig.hp.clear_injections()
        until("it to be cleared", lambda: clearable(device))
        goes_on_from_safe(rig, device)


def test_a_tag_that_fails_its_check(rig):
    shot = rig.hp.inject("bad_crc")
    rig.hp.remove()
    rig.hp.insert(uid=rig.new_uid())
    rig.cartridges += 1
    shot.wait()
    with rig.control() as device:
        until("it to be read", lambda: device.status().interlocks
              & abi.MN_INTERLOCK_CARTRIDGE_UNREADABLE)
        with refused(errno.ERANGE) as refusal:
            device.arm()
        assert refusal.answer.refused_source == abi.MN_SOURCE_CARTRIDGE
        assert device.assert_state("SAFE").faults == 0
        rig.hp.clear_injections()
        rig.new_cartridge()
        device.arm()


@pytest.mark.parametrize("how", BAD)
def test_a_tag_in_a_bad_packet(rig, how):
    with rig.control() as device:
        device.forget()
        shot = rig.hp.inject("malformed", which="cartridge", how=how)
        rig.hp.remove()
        rig.hp.insert(uid=rig.new_uid())
        rig.cartridges += 1
        shot.wait()
        until("it to be read", lambda: device.status().interlocks
              & abi.MN_INTERLOCK_CARTRIDGE_UNREADABLE)
        with refused(errno.ERANGE, errno.EBADFD):
            device.arm()
        rig.hp.clear_injections()
        device.wait_fault("PROTOCOL")
        until("it to be cleared", lambda: clearable(device))
        rig.new_cartridge()
        device.arm()


IDENTIFY = tuple(("malformed", {"which": "identify", "how": how})
                 for how in ("short", "length", "version", "type")) + (
    ("wrong_version", {}),
    ("missing_measurement", {"which": "depth", "on": "identify"}),
    ("missing_measurement", {"which": "rate", "on": "identify"}),
    ("missing_measurement", {"which": "home", "on": "identify"}),
)


@pytest.mark.parametrize("case", IDENTIFY, ids=name)
def test_what_it_says_of_itself_is_refused_and_it_is_no_device(rig, case, log):
    rig.unplug()
    shot = rig.hp.inject(case[0], **case[1])
    log.lines()
    rig.hp.plug()
    shot.wait(3000)
    time.sleep(0.1)
    assert not os.path.lexists(NODE)
    said = [line for line in log.lines() if "microneedle-usb" in line]
    assert said, "the kernel's log does not say why"
    rig.hp.unplug()
    rig.hp.clear_injections()
    rig.plug()
    with rig.control() as device:
        device.arm()


def test_an_impossible_limit_of_the_device_is_no_limit_raised(rig):
    """It claims to reach 4 m: what is allowed stays what the others allow."""
    rig.unplug()
    shot = rig.hp.inject("malformed", which="identify", how="value")
    rig.hp.plug()
    shot.wait(3000)
    rig.wait_node()
    with rig.control() as device:
        assert device.limits().effective[abi.MN_QUANTITY_DEPTH] <= 1500
        with refused(errno.ERANGE):
            device.arm(depth_um=1501)
    rig.hp.clear_injections()
    rig.replug()


def test_a_status_without_home_or_with_an_impossible_temperature(rig):
    with rig.control() as device:
        shot = rig.hp.inject("missing_measurement", which="home")
        shot.wait()
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks == abi.MN_INTERLOCK_NOT_HOME
        rig.hp.clear_injections()
        until("home to be told", lambda: device.status().inputs & abi.MN_INPUT_HOME)
        device.forget()
        rig.hp.inject("missing_measurement", which="temperature").wait()
        device.wait_fault("OVER_TEMPERATURE")
        rig.hp.clear_injections()
        until("it to be cleared", lambda: clearable(device))


def test_silence_while_safe_is_no_fault_and_arms_nothing(rig):
    with rig.control() as device:
        rig.hp.inject("status_silence").wait()
        time.sleep(0.35)
        assert device.assert_state("SAFE").faults == 0
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks & abi.MN_INTERLOCK_STATUS
        rig.hp.clear_injections()
        until("a status", lambda: not device.status().interlocks & abi.MN_INTERLOCK_STATUS)
        device.arm()
        device.forget()
        rig.hp.inject("status_silence").wait()
        device.wait_fault("STATUS_SILENCE")


def test_every_injector_is_used(rig):
    """A new way to go wrong needs a test, or nobody knows what it does."""
    used = {case[0] for case in WHILE_RUNNING + IDENTIFY}
    for folder in ("system", "fuzz"):
        for file in glob.glob(os.path.join(abi.CHECKOUT, "tests", folder, "test_*.py")):
            with open(file, encoding="utf-8") as stream:
                used |= set(re.findall(r'inject\("(\w+)"', stream.read()))
    assert set(rig.hp.cmd(cmd="faults")["faults"]) <= used
