# SPDX-License-Identifier: GPL-2.0-or-later
"""Refused depth, rate, dose and run time: the kernel says no and names the source that binds."""

import errno
import os

import pytest
from microneedle import abi, stack
from microneedle.device import NODE, Device
from microneedle.kind import HANDPIECE, USB
from microneedle.wait import refused

# what is asked, the cartridge, the session's limits, and what must be named
CASES = (
    ({"depth_um": 1800}, {}, {}, ("DEPTH", "CEILING", 1500)),
    ({"depth_um": 1501}, {}, {}, ("DEPTH", "CEILING", 1500)),
    ({"depth_um": 0xffffffff}, {}, {}, ("DEPTH", "CEILING", 1500)),
    ({"depth_um": 1001}, {"needle_um": 1000}, {}, ("DEPTH", "CARTRIDGE", 1000)),
    ({"depth_um": 801}, {}, {"depth_um": 800}, ("DEPTH", "SESSION", 800)),
    ({"rate_mhz": 150001}, {}, {}, ("RATE", "CEILING", 150000)),
    ({"rate_mhz": 0xffffffff}, {}, {}, ("RATE", "CEILING", 150000)),
    ({"rate_mhz": 90001}, {"max_rate_mhz": 90000}, {}, ("RATE", "CARTRIDGE", 90000)),
    ({"rate_mhz": 60001}, {}, {"rate_mhz": 60000}, ("RATE", "SESSION", 60000)),
    ({"strokes": 5001}, {"max_strokes": 5000}, {}, ("DOSE", "CARTRIDGE", 5000)),
    ({"strokes": 0xffffffff}, {"max_strokes": 0xffffffff}, {}, ("DOSE", "CEILING", 100000)),
    ({"strokes": 11}, {}, {"strokes": 10}, ("DOSE", "SESSION", 10)),
    ({"run_ms": 300001}, {}, {}, ("RUN_TIME", "CEILING", 300000)),
    ({"run_ms": 2001}, {}, {"run_ms": 2000}, ("RUN_TIME", "SESSION", 2000)),
)
if USB:  # no length of needles can't be declared
    CASES += (({"depth_um": 10}, {"needle_um": 0}, {}, ("DEPTH", "CARTRIDGE", 0)),)


def refusal_of(answer):
    return (abi.name_of("QUANTITY", answer.refused_quantity),
            abi.name_of("SOURCE", answer.refused_source), answer.refused_limit)


def test_what_is_beyond_a_limit_is_refused_by_its_name(rig):
    for asked, cartridge, session, named in CASES:
        rig.new_cartridge(**cartridge)
        with rig.control(**session) as device:
            with refused(errno.ERANGE) as refusal:
                device.arm(**{"strokes": 1, **asked})
            assert refusal_of(refusal.answer) == named, (asked, cartridge, session)
            quantity = abi.CONSTANTS[f"MN_QUANTITY_{named[0]}"]
            limits = device.limits()
            assert limits.effective[quantity] == named[2]
            assert abi.name_of("SOURCE", limits.binding[quantity]) == named[1]
            device.assert_state("SAFE")
    # Nothing was marked, and nothing moved
    state = rig.hp.state()
    assert not rig.marked() and state["inputs"]["home"]


def test_what_is_at_the_limit_is_granted(rig):
    with rig.control(depth_um=800, rate_mhz=60000, strokes=10, run_ms=2000) as device:
        granted = device.arm(depth_um=800, rate_mhz=60000, strokes=10, run_ms=2000)
        assert (granted.depth_um, granted.rate_mhz) == (800, 60000)


def test_without_session_limits_nothing_is_allowed(rig):
    with Device() as device:
        device.acquire()
        for valid in (1, 2, 4):
            with refused(errno.ERANGE) as refusal:
                device.arm(depth_um=10, rate_mhz=20000, strokes=1, run_ms=1)
            assert refusal_of(refusal.answer)[1:] == ("SESSION", 0)
            device.ioctl("SET_LIMITS", valid=valid, value=[1500, 150000, 100, 0])
        with refused(errno.ERANGE) as refusal:
            device.arm(depth_um=10, rate_mhz=20000, strokes=1, run_ms=1)
        assert refusal_of(refusal.answer) == ("RUN_TIME", "SESSION", 0)
        device.ioctl("SET_LIMITS", valid=8, value=[0, 0, 0, 1000])
        device.arm(depth_um=10, rate_mhz=20000, strokes=1, run_ms=1)


def test_session_limits_are_lowered_all_or_none_and_never_raised(rig):
    with rig.control(depth_um=800, rate_mhz=60000, strokes=10, run_ms=2000) as device:
        for value in ([801, 50000, 5, 1000], [700, 60001, 5, 1000], [700, 50000, 11, 1000],
                      [700, 50000, 5, 2001]):
            with refused(errno.EPERM):
                device.ioctl("SET_LIMITS", valid=15, value=value)
        session = [device.limits().value[quantity][abi.MN_SOURCE_SESSION] for quantity in range(4)]
        assert session == [800, 60000, 10, 2000]


def test_every_source_is_told(rig):
    with rig.control(depth_um=800) as device:
        limits = device.limits()
        required = sum(1 << getattr(abi, f"MN_SOURCE_{name}") for name in (
            "ABSOLUTE", "CEILING", HANDPIECE.source, "CARTRIDGE", "ADMIN", "SESSION"))
        assert limits.required == [required] * 3 + [required & ~(1 << abi.MN_SOURCE_CARTRIDGE)]
        assert all(limits.present[quantity] & limits.required[quantity]
                   == limits.required[quantity] for quantity in range(4))
        own = [2500, 0] if USB else [0, 2500]
        assert limits.value[abi.MN_QUANTITY_DEPTH][:7] == [3000, 1500, *own, 1500, 1500, 800]


@pytest.fixture
def unloaded(station):
    """Nothing of ours is in the kernel, before and after."""
    station.daemon.stop()
    station.stop_handpiece()
    stack.unload_driver()
    yield station
    station.stop_handpiece()
    stack.unload_driver()
    station.load_driver()


def test_the_ceiling_is_chosen_at_load_within_the_absolute_limit(unloaded, log):
    for ceiling in ("0", "3001", "4294967295"):
        with pytest.raises(AssertionError, match="insmod"):
            stack.load("microneedle", f"ceiling_um={ceiling}")
    unloaded.load_driver("ceiling_um=3000")
    assert any("depth ceiling is 3000 um" in line for line in log.lines())
    unloaded.start_handpiece()
    unloaded.as_new()
    unloaded.new_cartridge(needle_um=3000)
    with unloaded.control(depth_um=3000) as device:
        assert device.info().ceiling_um == 3000
        with refused(errno.ERANGE) as refusal:
            device.arm(depth_um=2510)
        assert refusal_of(refusal.answer) == ("DEPTH", HANDPIECE.source, 2500)
        device.arm(depth_um=2500)


def test_the_administrator_lowers_and_never_raises(unloaded):
    unloaded.load_driver()
    unloaded.start_handpiece()
    unloaded.as_new()
    folder = f"/sys/class/microneedle/{os.path.basename(os.path.realpath(NODE))}"

    def write(quantity, text):
        fd = os.open(f"{folder}/limit_{quantity}/admin", os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)

    write("depth_um", "700\n")
    for text, number in (("701", errno.EPERM), ("-1", errno.EINVAL), ("0.5", errno.EINVAL),
                         ("700mm", errno.EINVAL), ("4294967296", errno.ERANGE),
                         ("99999999999", errno.ERANGE)):
        with refused(number):
            write("depth_um", text)
    write("rate_mhz", "50000")
    with unloaded.control() as device:
        with refused(errno.ERANGE) as refusal:
            device.arm(depth_um=701)
        assert refusal_of(refusal.answer) == ("DEPTH", "ADMIN", 700)
        with refused(errno.ERANGE) as refusal:
            device.arm(depth_um=700, rate_mhz=50001)
        assert refusal_of(refusal.answer) == ("RATE", "ADMIN", 50000)
        device.arm(depth_um=700, rate_mhz=50000)
        write("depth_um", "600")  # beneath what is armed
        device.wait_state("SAFE", cause=abi.MN_CAUSE_LIMIT)
    # It holds for the serial number until the core is loaded again
    unloaded.replug()
    with Device(flags=os.O_RDONLY) as device:
        assert device.limits().value[abi.MN_QUANTITY_DEPTH][abi.MN_SOURCE_ADMIN] == 600
