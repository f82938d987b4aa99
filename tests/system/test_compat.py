# SPDX-License-Identifier: GPL-2.0-or-later
"""A 32-bit program on a 64-bit kernel: each command, read and poll, with the same numbers.

A 64-bit file beside it says what is so. That the structs' layouts agree is tests/unit/uapi's.
"""

import errno
import os
import select

import pytest
from microneedle import abi
from microneedle.caller import Caller
from microneedle.device import Device, new_treatment
from microneedle.wait import refused, until
from test_interlocks import goes_on, stopped_for

# What goes on by itself between two questions, or depends on who asks
MOVES = {"mono_ns", "lease_left_ms", "temp_mc", "control"}


@pytest.fixture
def pair(rig):
    """A 32-bit file that may control and a 64-bit one that looks on."""
    with Caller() as caller, Device(flags=os.O_RDONLY) as beside:
        assert caller.hello["long"] == 4
        yield caller, beside


def assert_same(caller, beside):
    """Both see the same device, once nothing happens to it between the two looks."""
    def differs():
        ours, theirs = vars(caller.status()), vars(beside.status())
        return {name: (ours[name], theirs[name]) for name in ours
                if ours[name] != theirs[name] and name not in MOVES}
    until(lambda: f"the same status: {differs()}", lambda: not differs())
    assert vars(caller.info()) == vars(beside.info())
    assert vars(caller.limits()) == vars(beside.limits())


def test_every_ioctl_has_the_same_number(pair):
    caller, _ = pair
    for name, (number, layout) in abi.IOCTLS.items():
        try:
            answer = caller.say(name, "00" * (layout.size if layout else 0))
        except OSError as error:
            answer = error.said
        assert answer["number"] == number, name
        assert len(answer["data"]) == 2 * (layout.size if layout else 0)


def test_a_whole_treatment(rig, pair):
    caller, beside = pair
    assert_same(caller, beside)
    treatment = caller.acquire(lease_ms=500)
    status = beside.status()
    assert status.control == abi.MN_CONTROL_OTHER
    assert caller.status().control == abi.MN_CONTROL_SELF
    assert (bytes(status.treatment), status.lease_ms) == (treatment, 500)
    caller.set_limits(depth_um=1200, rate_mhz=120000, strokes=5000, run_ms=20000)
    limits = beside.limits()
    assert [values[abi.MN_SOURCE_SESSION] for values in limits.value] == [1200, 120000, 5000,
                                                                         20000]
    assert_same(caller, beside)

    with refused(errno.ERANGE) as refusal:
        caller.arm(depth_um=1201)
    answer = refusal.answer
    assert (answer.refused_quantity, answer.refused_source, answer.refused_limit) == (
        abi.MN_QUANTITY_DEPTH, abi.MN_SOURCE_SESSION, 1200)
    granted = caller.arm(depth_um=505, strokes=4000, run_ms=10000)
    assert granted.depth_um == 500
    beside.assert_state("ARMED", "ARM")
    granted = caller.update(depth_um=409, strokes=4000, run_ms=10000)
    assert granted.depth_um == 400 == beside.status().depth_um
    with refused(errno.EOPNOTSUPP):
        caller.ioctl("START")
    caller.stop()
    beside.assert_state("SAFE", "STOP")

    # What both files were told is the same to the byte, but for where each began to count
    beside.forget()
    caller.forget()
    rig.run(caller, 5, strokes=4000, run_ms=10000)
    caller.update(depth_um=600, strokes=3000, run_ms=10000)
    caller.wait_strokes(20)
    rig.press(False)
    caller.wait_state("ARMED", cause=abi.MN_CAUSE_TRIGGER_RELEASED)
    caller.stop()
    rig.still()
    caller.read()
    beside.read()
    assert_same(caller, beside)
    caller.release()
    assert beside.status().control == abi.MN_CONTROL_NONE
    with refused(errno.EPERM):
        caller.heartbeat()
    assert {record.kind for record in caller.seen} >= {"state", "stroke", "input"}
    assert told(caller, "state", "stroke") == told(beside, "state", "stroke")


def told(device, *kinds):
    return [{**vars(record), "seq": 0} for kind in kinds for record in device.seen
            if record.kind == kind]


def test_a_fault_and_its_clearing(rig, pair):
    caller, beside = pair
    caller.acquire(lease_ms=500)
    caller.set_limits()
    rig.run(caller)
    assert not caller.poll() & select.POLLPRI
    rig.hp.inject("overshoot", um=300, own=False).wait()
    fault = stopped_for(rig, caller, "OVER_DEPTH", "RUNNING")
    assert fault.detail == [800, 500]
    assert caller.poll() & select.POLLPRI and beside.poll() & select.POLLPRI
    assert_same(caller, beside)
    with refused(errno.EAGAIN) as refusal:
        caller.clear(1 << 63)
    assert refusal.answer.remaining == abi.bit("OVER_DEPTH")
    rig.hp.clear_injections()
    goes_on(rig, caller)
    assert_same(caller, beside)


def test_a_self_test_and_a_waveform(pair):
    caller, beside = pair
    beside.forget()
    caller.ioctl("SELF_TEST")
    assert beside.status().self_test == abi.MN_SELF_TEST_BUSY
    beside.wait("self_test", 5, result=abi.MN_SELF_TEST_PASSED)
    told = caller.say("capture", "500")
    assert told["count"] == 500
    assert abs(told["last_ns"] - told["first_ns"] - 499 * 50000) < 1000000
    with refused(errno.EINVAL):
        caller.say("capture", "0")


def test_what_its_compiler_makes_of_a_status(rig, pair):
    caller, beside = pair
    said = caller.say("GET_STATUS")
    status = beside.status()
    assert said["state"] == status.state and said["faults"] == status.faults
    assert said["epoch"] == status.epoch and said["cartridge_uid"] == status.cartridge_uid
    assert said["cartridge_uid"] >> 32, "an identity that needs all 64 bits"
    assert said["cartridge_lot"] == status.cartridge_lot.rstrip(b"\0").decode()
    assert 0 <= status.mono_ns - said["mono_ns"] < 1000000000
    assert said["cartridge_lot"] == rig.hp.state()["cartridge"]["lot"]


def test_its_refusals(rig, pair):
    caller, _ = pair
    caller.acquire(lease_ms=500)
    with refused(errno.EINVAL):
        caller.ioctl("ACQUIRE", treatment=new_treatment(), flags=1)
    with refused(errno.EINVAL):
        caller.ioctl("ARM", depth_um=500, rate_mhz=100000, strokes=1, run_ms=1, reserved=1)
    for name, (_, layout) in abi.IOCTLS.items():
        if layout:
            with refused(errno.EFAULT):
                caller.say("fault", name)
    with Caller(mode="r") as observer:
        for name in ("ACQUIRE", "ARM", "HEARTBEAT", "CLEAR_FAULT"):
            with refused(errno.EACCES):
                observer.ioctl(name)
        observer.stop()
    rig.unplug()
    until("the hang-up", lambda: caller.poll() & select.POLLHUP)
    with refused(errno.ENODEV):
        caller.status()
    with refused(errno.ENODEV):
        while True:
            caller.say("read", "64")
    rig.plug()
