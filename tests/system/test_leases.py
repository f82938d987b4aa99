# SPDX-License-Identifier: GPL-2.0-or-later
"""Nobody there: the program's lease, its end, and the handpiece's own lease behind both."""

import errno
import os
import time

import pytest
from microneedle import abi
from microneedle.applies import usb_only
from microneedle.device import Device
from microneedle.kind import HANDPIECE
from microneedle.wait import refused, until
from test_interlocks import bring_to, goes_on, stopped_for

MS = 1000000


@pytest.mark.parametrize("lease_ms", (100, 300, 500))
def test_a_stopped_renewal_stops_the_needles(rig, lease_ms):
    with rig.control(lease_ms=lease_ms) as device:
        bring_to(rig, device, "RUNNING")
        assert device.status().lease_ms == lease_ms
        device.stop_heart()
        device.heartbeat()
        status = device.status()
        renewed_ns = status.mono_ns - (lease_ms - status.lease_left_ms) * MS
        warning = device.wait("lease")
        fault = stopped_for(rig, device, "LEASE", "RUNNING")
        assert fault.detail[0] == lease_ms
        # To the millisecond that the status gives, and to what a tick of the timer may add
        assert abs(warning.mono_ns - renewed_ns - lease_ms * MS / 2) < 3 * MS
        assert 0 <= fault.mono_ns - renewed_ns + MS < (lease_ms + 5) * MS
        assert fault.mono_ns - renewed_ns >= (lease_ms - 1) * MS
        assert 0 <= rig.killed(device) - fault.mono_ns < HANDPIECE.kill_ns

        # Late is late: the lease is dead, and with it everything that needs one
        for _ in range(2):
            with refused(errno.ETIME):
                device.heartbeat()
        with refused(errno.EAGAIN) as refusal:
            device.clear()
        assert refusal.answer.remaining == abi.bit("LEASE")
        device.acquire(device.treatment)
        goes_on(rig, device)


def test_a_stopped_renewal_disarms(rig):
    with rig.control(lease_ms=100) as device:
        device.arm()
        device.stop_heart()
        stopped_for(rig, device, "LEASE", "ARMED")


def test_a_lease_that_runs_out_while_safe_latches_nothing_and_arms_nothing(rig):
    with rig.control(lease_ms=100, heart=False) as device:
        time.sleep(0.15)
        assert device.assert_state("SAFE").faults == 0
        assert device.status().interlocks == abi.MN_INTERLOCK_LEASE
        with refused(errno.EAGAIN) as refusal:
            device.arm()
        assert refusal.answer.interlocks == abi.MN_INTERLOCK_LEASE
        with refused(errno.ETIME):
            device.heartbeat()
        device.acquire(device.treatment)
        device.arm()


def test_a_renewal_just_in_time_is_in_time(rig):
    with rig.control(lease_ms=200, heart=False) as device:
        device.arm()
        for _ in range(4):
            time.sleep(0.18)
            device.heartbeat()
        device.assert_state("ARMED")


def test_closing_while_running_stops_and_is_a_fault(rig):
    with Device(flags=os.O_RDONLY) as watcher:
        with rig.control() as device:
            bring_to(rig, device, "RUNNING")
            watcher.forget()
        stopped_for(rig, watcher, "CONTROLLER_LOST", "RUNNING")
        assert watcher.status().control == abi.MN_CONTROL_NONE
    rig.press(False)
    with rig.control() as device:
        rig.new_cartridge()
        goes_on(rig, device)


def test_closing_while_armed_disarms_without_a_fault(rig):
    with Device(flags=os.O_RDONLY) as watcher:
        with rig.control() as device:
            device.arm()
            watcher.forget()
        watcher.wait_state("SAFE", cause=abi.MN_CAUSE_RELEASE)
        assert watcher.status().faults == 0


def test_releasing_while_running_stops_without_a_fault(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        device.release()
        device.wait_state("SAFE", cause=abi.MN_CAUSE_RELEASE)
        rig.still()
        assert device.status().faults == 0
        with refused(errno.EPERM):
            device.heartbeat()


def test_a_descriptor_that_was_inherited_hides_the_close_and_the_lease_does_not_care(rig):
    """The owner dies and a child still holds the file: no close is seen."""
    with Device(flags=os.O_RDONLY) as watcher:
        with rig.control(lease_ms=100) as device:
            bring_to(rig, device, "RUNNING")
            watcher.forget()
            copy = os.dup(device.fd)
        try:
            stopped_for(rig, watcher, "LEASE", "RUNNING")
        finally:
            os.close(copy)


@usb_only("its lease is outside it, a one-shot: see test_gpio.py")
def test_the_handpiece_stops_by_itself_when_no_renewal_reaches_it(rig):
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        rig.hp.inject("ignore_lease", how="renewals").wait()
        stopped_for(rig, device, "HANDPIECE_LEASE", "RUNNING")
        stats = rig.hp.stats()["lease"]
        assert 100 * MS <= stats["expired_ns"] - stats["renewed_ns"] < 105 * MS
        rig.hp.clear_injections()
        goes_on(rig, device)


@usb_only("a line is not ignored: see test_gpio.py for one that stays high")
def test_a_handpiece_that_ignores_every_stop_still_stops_by_its_lease(rig):
    """The last line of defence: nothing that the host says gets through."""
    with rig.control() as device:
        bring_to(rig, device, "RUNNING")
        shot = rig.hp.inject("ignore_stop", how="ignore", where="any")
        device.stop()
        shot.wait()
        state = rig.hp.wait_for(lambda state: state["inputs"]["home"], 1)
        assert "lease" in state["faults"]
        device.wait_fault("NOT_HOME")
        stats = rig.hp.stats()["lease"]
        assert stats["expired_ns"] - stats["renewed_ns"] < 105 * MS
        rig.hp.clear_injections()
        until("the stop to be confirmed", lambda: rig.hp.state()["epoch"] == device.status().epoch)
        goes_on(rig, device)


@usb_only("its lease is outside it, a one-shot: see test_gpio.py")
def test_leases_are_renewed_four_times_in_their_time(rig):
    """Renewals keep their pace while running, with strokes and questions in between."""
    with rig.control() as device:
        rig.run(device, 30)
        for _ in range(20):
            device.status()
        stats = rig.hp.stats()["lease"]
        assert 0 < stats["longest_gap_ns"] < 40 * MS
        assert rig.hp.state()["lease_fresh"]
        device.stop()
        count = rig.hp.state()["counters"]["leases"]
        time.sleep(0.15)
        # Nothing is armed: nothing is renewed
        state = rig.hp.state()
        assert state["counters"]["leases"] - count <= 1 and not state["lease_fresh"]
