# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices that say they are handpieces and have other endpoints, or make no sense at all.

One becomes a device if, and only if, the endpoints that the bus has made of its descriptors are
right and what it answers makes sense; whatever it is, it goes without a trace.
"""

import contextlib
import errno
import glob
import os
import time

import pytest
from chance import chance, seeds
from hostile import CLASS, DEVICE, NAMED, STRINGS, WHOLE, mutate, senseless, sensible
from microneedle import abi
from microneedle.device import Device
from microneedle.wait import refused, until
from rawgadget import FULL_SPEED, HIGH_SPEED, RawGadget
from tally import add
from test_allocations import assert_it_treats

BUS = "/sys/devices/platform/dummy_hcd.1/usb[0-9]*"
SETTLED_S = 1.2  # the bus has asked all that it wants to know, more than once if need be
SIZES = {("Interrupt", "out"): 16, ("Interrupt", "in"): 56, ("Bulk", "in"): 1}
KINDS = [("Bulk", "in"), ("Interrupt", "in"), ("Interrupt", "out"), ("Interrupt", "out")]


@pytest.fixture(scope="module")
def bus(station):
    """With nothing else on it."""
    station.daemon.stop()
    station.refresh()
    station.unplug()


def read(folder, name):
    with open(os.path.join(folder, name), encoding="ascii") as stream:
        return stream.read().strip()


def is_right(folder):
    """The interface, as the bus understood it, is that of a handpiece."""
    triple = tuple(int(read(folder, f"bInterface{name}"), 16)
                   for name in ("Class", "SubClass", "Protocol"))
    found = [(read(each, "type"), read(each, "direction"), int(read(each, "wMaxPacketSize"), 16))
             for each in glob.glob(f"{folder}/ep_*")]
    return (triple == CLASS and sorted(found_kind[:2] for found_kind in found) == KINDS and
            all(size >= SIZES[kind, direction] for kind, direction, size in found))


def ids(folder):
    return read(os.path.dirname(folder), "idVendor"), read(os.path.dirname(folder), "idProduct")


def use(node):
    """As a program that takes it for a handpiece: it has no cartridge, and so nothing starts."""
    with Device(node) as device:
        assert device.info().serial.rstrip(b"\0").decode() == STRINGS[2]
        device.acquire(heart=False)
        device.set_limits()
        with refused(errno.EAGAIN, errno.ERANGE, errno.EBADFD):
            device.arm()
        with contextlib.suppress(OSError):
            device.ioctl("SELF_TEST")
        device.stop()
        assert device.status().state in (abi.MN_STATE_SAFE, abi.MN_STATE_FAULT)


def plug(gadget, makes_sense):
    with gadget:
        time.sleep(SETTLED_S)
        interfaces = glob.glob(f"{BUS}/*/*:*")
        right = [each for each in interfaces if is_right(each) and ids(each) == ("1209", "0001")]
        nodes = [path for each in interfaces for path in glob.glob(f"{each}/microneedle/*")]
        print(f"{len(interfaces)} interfaces, {len(right)} right, {len(nodes)} devices")
        # One serial number is one handpiece
        assert len(nodes) == (1 if right and makes_sense else 0)
        add("descriptors accepted" if nodes else "descriptors refused")
        for node in nodes:
            use(f"/dev/{os.path.basename(node)}")
    until("it to go", lambda: not glob.glob(f"{BUS}/*/*:*"))
    assert os.listdir("/sys/class/microneedle") == []
    return bool(nodes)


@pytest.mark.parametrize("name", NAMED)
def test_named(bus, name):
    plug(RawGadget(DEVICE, NAMED[name], STRINGS, sensible), True)


def test_a_right_one_is_accepted(bus):
    """Or the other tests would show nothing."""
    assert plug(RawGadget(DEVICE, WHOLE, STRINGS, sensible), True)
    assert plug(RawGadget(DEVICE, WHOLE, STRINGS, sensible, FULL_SPEED), True)


@pytest.mark.parametrize("seed", seeds(60))
def test_mutated(bus, seed):
    random = chance("descriptors", seed)
    device = mutate(random, DEVICE) if random.random() < 0.15 else DEVICE
    whole = random.choice((WHOLE, WHOLE, *NAMED.values()))
    makes_sense = random.random() < 0.8
    plug(RawGadget(device, mutate(random, whole), STRINGS,
                   sensible if makes_sense else senseless(random),
                   random.choice((FULL_SPEED, HIGH_SPEED))), makes_sense)


def test_one_with_another_there(alone):
    """Neither is disturbed by the other; and the handpiece treats, after all that."""
    with alone.control() as device:
        alone.run(device)
        with RawGadget(DEVICE, WHOLE, STRINGS, sensible):
            until("it to be a device", lambda: len(os.listdir("/sys/class/microneedle")) == 2)
        device.assert_state("RUNNING")
    assert_it_treats(alone)
