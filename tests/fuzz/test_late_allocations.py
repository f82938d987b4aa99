# SPDX-License-Identifier: GPL-2.0-or-later
"""Allocations fail that the driver makes by itself: in workers, and where nothing may sleep.

A treatment goes on, or stops and latches that the handpiece was not to be told: by the kill, by the
worker that goes on trying, or by the handpiece, whose lease is renewed no more. Cleared, it treats.
"""

import os
import time

import pytest
from chance import MORE, chance, seeds
from failslab import ALWAYS, functions, text
from microneedle import abi
from microneedle.device import Device
from microneedle.wait import until
from test_allocations import (CLASS, DEPTH_UM, DEVICES, TRANSPORT, assert_it_treats,
                              assert_stopped, ready, treating)

STRIDE = 1 if MORE > 1 else 9  # through what a probe makes, which test_bind has one by one
LEASE_S = 0.2  # the handpiece's, and its run-down
SETTLED_S = 0.3  # whatever a worker began is over


def of_usb(name):
    """What this function asks for, itself or by those that it calls."""
    return functions("microneedle_usb")[name]


# ---- workers ----

def persistently(attempt):
    """Once more if a worker did it that was not there when the others were told to fail."""
    def attempts(number):
        for _ in range(5):
            nth = attempt(number)
            if nth.seen:
                return nth
        raise AssertionError(f"{attempt.__name__}: no worker asked for memory")
    return attempts


def test_start(alone, fail):
    """By the foot switch: it treats, or stands still."""
    @persistently
    def press(number):
        ready(alone)
        with alone.control(depth_um=DEPTH_UM) as device:
            device.arm()
            time.sleep(0.11)
            with fail.nth_of_workers(number) as nth:
                alone.press()
                time.sleep(SETTLED_S)
            if device.status().state != abi.MN_STATE_RUNNING:
                assert_stopped(alone, device)
                assert nth.injected and device.status().faults == TRANSPORT
        alone.still()
        return nth
    assert fail.every("start by the foot switch", press)


def test_tag(alone, fail):
    """A cartridge that could not be read is none; the next one is."""
    @persistently
    def insert(number):
        ready(alone)
        with fail.nth_of_workers(number) as nth:
            alone.swap_cartridge()
            time.sleep(SETTLED_S)
        with Device() as device:
            status = device.status()
            assert not status.faults and status.cartridge_flags & abi.MN_CARTRIDGE_PRESENT
            assert status.cartridge_uid == int(alone.hp.state()["cartridge"]["uid"], 16) or (
                nth.injected and not status.cartridge_uid)
        return nth
    assert fail.every("insert a cartridge", insert)
    assert_it_treats(alone)


def test_plug(alone, fail):
    """The bus's worker probes: it becomes a device, or is none, and the next plug finds it."""
    driver, name = alone.bound()

    @persistently
    def plug(number):
        alone.hp.unplug()
        until("the handpiece to go", lambda: not os.path.exists(f"{DEVICES}/{name}"))
        assert os.listdir(CLASS) == []
        with fail.nth_of_workers(number) as nth:
            alone.hp.plug()
            until("the handpiece to come", lambda: os.path.exists(f"{DEVICES}/{name}"))
            time.sleep(SETTLED_S)
        assert bool(os.listdir(CLASS)) == os.path.exists(f"{driver}/{name}")
        assert nth.injected or os.listdir(CLASS)
        return nth
    assert fail.every("plug", plug, STRIDE)
    alone.hp.unplug()
    until("the handpiece to go", lambda: not os.path.exists(f"{DEVICES}/{name}"))
    assert_it_treats(alone)


def test_unplug(alone, fail):
    """In a treatment. Its end is nobody's to refuse."""
    @persistently
    def unplug(number):
        with treating(alone):
            with fail.nth_of_workers(number) as nth:
                alone.hp.unplug()
                until("the device to go", lambda: os.listdir(CLASS) == [])
            alone.still()
        alone.hp.plug()
        return nth
    assert fail.every("unplug", unplug)
    assert_it_treats(alone)


# ---- where nothing may sleep ----

def test_lease(alone, fail):
    """One renewal is not to be had: the treatment is stopped before the handpiece does it."""
    with treating(alone) as device:
        with fail.failing(of_usb("mn_usb_lease"), times=1):
            device.wait_fault("TRANSPORT")
            assert fail.left() == 0
        assert_stopped(alone, device)
        assert alone.hp.state()["faults"] == []
    assert_it_treats(alone)


@pytest.mark.parametrize("times", (1, 2, 3, ALWAYS))
def test_kill(alone, fail, times):
    """Of a stroke that is too deep, from where it was heard of: then a worker sends the stop."""
    with treating(alone) as device:
        with fail.failing(of_usb("mn_usb_kill"), times):
            alone.too_deep()
            device.wait_fault("OVER_DEPTH")
            alone.still()
        assert device.status().faults == TRANSPORT | abi.bit("OVER_DEPTH")
        # The lease has not lapsed: it was the worker
        assert alone.hp.state()["faults"] == []
    assert_it_treats(alone)


def test_kill_after_a_kill(alone, fail):
    """A stop while the last is under way is sent when that one is done, and then it fails."""
    with treating(alone) as device:
        with fail.failing(of_usb("kill_complete"), times=1):
            device.stop()
            device.stop()
            device.wait_fault("TRANSPORT")
            assert fail.left() == 0
        assert_stopped(alone, device)
    assert_it_treats(alone)


@pytest.mark.parametrize("times", (1, 2, 5))
@pytest.mark.parametrize("function", ("status_complete", "strokes_complete"))
def test_reports(alone, fail, function, times):
    """What was heard is listened for again a little later, and the treatment goes on."""
    with treating(alone) as device:
        with fail.failing(of_usb(function), times):
            until("the failures", lambda: fail.left() == 0)
        device.forget()
        device.wait_strokes(5)
        device.assert_state("RUNNING")
    assert_it_treats(alone)


@pytest.mark.parametrize("seed", seeds(30))
def test_nothing_to_be_had(alone, fail, seed):
    """So many allocations in a row, of all that the transport makes, from any moment on."""
    random = chance("memory", seed)
    with treating(alone) as device:
        time.sleep(random.random() * 0.05)
        with fail.failing(text("microneedle_usb"), random.choice((1, 2, 3, 5, 8, 13, 21, ALWAYS))):
            if random.random() < 0.5:
                device.stop()
            time.sleep(random.choice((0.005, 0.02, 0.05, LEASE_S, 2 * LEASE_S)))
        time.sleep(LEASE_S)
        if device.status().state != abi.MN_STATE_RUNNING:
            alone.still()
    assert_it_treats(alone)


def test_no_memory_at_all(alone, fail):
    """As long as it lasts nobody can tell the handpiece anything: its own lease stops it."""
    with treating(alone) as device:
        with fail.failing(text("microneedle_usb")):
            time.sleep(LEASE_S)
            device.assert_state("FAULT")
            alone.still()
            with Device(flags=os.O_RDONLY) as other:
                other.stop()
        assert "lease" in alone.hp.state()["faults"]
    assert_it_treats(alone)
