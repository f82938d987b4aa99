# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults are remembered: by the core while it is loaded, by the handpiece without power."""

import errno

from microneedle import abi, stack
from microneedle.applies import usb_only
from microneedle.device import Device, new_treatment
from microneedle.kind import GPIO, HANDPIECE
from microneedle.wait import refused, until
from test_interlocks import bring_to, goes_on

OVERSHOOT = abi.bit("OVER_DEPTH")


def latch(rig, own):
    """Needles too deep while running, seen by the driver, and by the handpiece itself if own."""
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        if own:
            rig.hp.inject("overshoot", um=300, own=True).wait()
        else:
            rig.too_deep()
        device.wait_fault("OVER_DEPTH")
        rig.still()
    rig.press(False)
    rig.hp.clear_injections()


def assert_latched(faults, detail=None):
    with Device() as device:
        status = device.assert_state("FAULT")
        assert status.faults == faults and status.fault == abi.MN_FAULT_OVER_DEPTH
        if detail:
            assert status.fault_detail == detail
        device.acquire()
        device.set_limits()
        with refused(errno.EBADFD):
            device.arm()


def test_a_fault_survives_replug_and_reload_of_the_transport(alone):
    latch(alone, own=False)
    faults = alone.too_deep_faults | (abi.bit("RESTART") if GPIO else 0)
    detail = [500, 2500] if GPIO else [800, 500]
    alone.replug()
    assert_latched(faults, detail)
    stack.unload(HANDPIECE.module)
    alone.wait_no_node()
    stack.load(HANDPIECE.module)
    alone.wait_node()
    assert_latched(faults, detail)
    alone.new_cartridge()
    with alone.control() as device:
        goes_on(alone, device)
    # Cleared is cleared, there too
    alone.replug()
    with Device() as device:
        assert device.status().faults == (abi.bit("RESTART") if GPIO else 0)


@usb_only("it has no memory of its own")
def test_what_the_handpiece_latched_survives_the_core_and_its_own_power(alone):
    latch(alone, own=True)
    assert alone.hp.state()["faults"] == ["over_depth"]
    stack.unload_driver()
    alone.hp.power_cycle()
    stack.load_driver()
    alone.wait_node()
    with Device() as device:
        until("the fault to be told", lambda: device.status().faults == OVERSHOOT)
    assert_latched(OVERSHOOT)
    alone.new_cartridge()
    with alone.control() as device:
        goes_on(alone, device)
    assert alone.hp.state()["faults"] == []
    stack.unload_driver()
    stack.load_driver()
    alone.wait_node()
    with Device() as device:
        assert device.assert_state("SAFE").faults == 0


@usb_only("it has no memory of its own")
def test_what_the_handpiece_latched_is_kept_over_the_end_of_its_program(alone, tmp_path):
    memory = tmp_path / "nv"
    alone.start_handpiece(nv=memory)
    alone.hp.inject("nv_fault", mask=1 << 4).wait()
    alone.stop_handpiece()
    stack.unload_driver()
    stack.load_driver()
    alone.start_handpiece(nv=memory)
    with Device() as device:
        until("the fault to be told",
              lambda: device.status().faults == abi.bit("OVER_TEMPERATURE"))
    alone.start_handpiece()


@usb_only("it has no memory of its own")
def test_every_fault_of_the_handpiece_s_own_has_a_name(alone):
    wire = ("EMERGENCY_STOP", "HANDPIECE_LEASE", "OVER_DEPTH", "UNDER_RATE", "OVER_TEMPERATURE",
            "OVER_CURRENT", "HANDPIECE_RESTART", "NOT_HOME", "MEASUREMENT", "HANDPIECE")
    with alone.control() as device:
        for number, name in enumerate(wire):
            device.forget()
            alone.hp.inject("nv_fault", mask=1 << number).wait()
            device.wait_fault(name)
            assert device.status().faults == abi.bit(name)
            assert device.clear() == 0, name
            assert alone.hp.state()["faults"] == []


def test_clearing_is_the_controller_s_and_names_what_it_has_seen(alone):
    latch(alone, own=False)
    latched = alone.too_deep_faults
    with Device() as device, Device() as other:
        with refused(errno.EPERM):
            device.clear(latched)
        device.acquire()
        with refused(errno.EPERM):
            other.clear(latched)
        for mask in (0, abi.bit("LEASE"), 1 << 63):
            with refused(errno.EAGAIN) as refusal:
                device.clear(mask)
            assert refusal.answer.remaining == latched
        device.assert_state("FAULT")
        device.forget()
        assert device.clear(latched | abi.bit("LEASE")) == 0
        record = device.wait("cleared")
        assert (record.faults, record.remaining) == (latched, 0)
        device.wait_state("SAFE", cause=abi.MN_CAUSE_CLEAR)
        with refused(errno.EBADFD):
            device.clear(latched)


def test_clearing_arms_nothing_though_the_foot_is_down(alone):
    treatment = new_treatment()
    with alone.control(treatment=treatment) as device:
        bring_to(alone, device, "RUNNING")
        alone.too_deep()
        device.wait_fault("OVER_DEPTH")
        alone.hp.clear_injections()
        before = alone.still()["strokes"]
        device.clear()
        alone.still(0.3)
        device.assert_state("SAFE")
        assert alone.hp.state()["strokes"] == before
        # Released and pressed again it still does nothing: it was never armed
        alone.press(False)
        alone.press()
        alone.still(0.3)
        assert alone.hp.state()["strokes"] == before
