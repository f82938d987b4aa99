# SPDX-License-Identifier: GPL-2.0-or-later
"""How long it takes until the needles stop, as the handpiece saw it, and until it is told of.

In virtual time computing costs nothing and each clock read 256 ns: what is measured is what we add
in waiting. STOP leaves in the next bus service, 125 us. In counted time the figures are printed and
bound nothing.
"""

import os
import socket
import time

import pytest
from microneedle import abi
from microneedle.applies import usb_only
from microneedle.device import SERIAL, Device
from microneedle.people import OPERATOR
from microneedle.rpc import Client
from microneedle.wait import until

US = 1000
MS = 1000000
SERVICE_NS = 125 * US
CLOCK_NS = 1 * US
NETLINK_KOBJECT_UEVENT = 15

@usb_only("what is measured is the bus: see test_gpio.py for lines")
def test_a_stroke_too_deep_stops_in_the_next_bus_service(rig, figure):
    with rig.control() as device:
        for number in range(5):
            rig.run(device, 3 + number)
            rig.hp.inject("overshoot", um=300, own=False).wait()
            device.wait_fault("OVER_DEPTH", state=abi.MN_STATE_RUNNING)
            rig.still()
            stats = rig.hp.stats()
            assert stats["kill"]["by"] == "kill" and stats["kill"]["strokes_after"] == 0
            assert stats["over_depth"]["strokes_after"] <= 1
            took = stats["kill"]["received_ns"] - stats["over_depth"]["completed_ns"]
            figure("over-depth report taken by the host to STOP in the handpiece", took,
                   SERVICE_NS + CLOCK_NS)
            figure("over-depth report handed to the bus to STOP in the handpiece",
                   stats["kill"]["received_ns"] - stats["over_depth"]["queued_ns"],
                   2 * SERVICE_NS + 2 * CLOCK_NS)
            rig.press(False)
            device.clear()


@usb_only("what is measured is the bus: see test_gpio.py for lines")
def test_a_lease_that_ran_out_stops_in_the_next_bus_service(rig, figure):
    for lease_ms in (100, 300):
        with rig.control(lease_ms=lease_ms) as device:
            rig.run(device, 3)
            device.stop_heart()
            record = device.wait_fault("LEASE", state=abi.MN_STATE_RUNNING)
            rig.still()
            stats = rig.hp.stats()
            assert stats["kill"]["by"] == "kill" and stats["kill"]["strokes_after"] == 0
            figure(f"lease of {lease_ms} ms run out to STOP in the handpiece",
                   stats["kill"]["received_ns"] - record.mono_ns, SERVICE_NS + CLOCK_NS)
            rig.press(False)
            device.acquire(device.treatment)
            device.clear()
            rig.new_cartridge()


@usb_only("what is measured is the bus: see test_gpio.py for lines")
@pytest.mark.parametrize("way", ("stop", "close", "emergency_stop", "foot_switch"))
def test_other_stops(rig, figure, way):
    with Device(flags=os.O_RDONLY) as watcher, rig.control() as device:
        rig.run(device, 3)
        watcher.forget()
        began = time.monotonic_ns()
        if way == "stop":
            watcher.stop()
        elif way == "close":
            device.close()
        elif way == "emergency_stop":
            rig.hp.set("emergency_stop", True)
        else:
            rig.press(False)
        told = watcher.wait("state")
        rig.still()
        kill = rig.hp.stats()["kill"]
        assert kill["strokes_after"] == 0 and kill["received_ns"] > began
        figure(f"{way}: what the kernel learned to STOP in the handpiece",
               kill["received_ns"] - told.mono_ns, SERVICE_NS + CLOCK_NS)


class Uevents:
    """The kernel's own word for what comes and goes, before udev has seen it."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, NETLINK_KOBJECT_UEVENT)
        self.sock.bind((0, 1))
        self.sock.settimeout(5)

    def added(self, subsystem):
        """When a device of this subsystem was added."""
        while True:
            text = self.sock.recv(8192)
            now = time.monotonic_ns()
            if text.startswith(b"add@") and f"SUBSYSTEM={subsystem}".encode() in text.split(b"\0"):
                return now

    def close(self):
        self.sock.close()


def test_a_handpiece_is_told_of_on_the_socket(served, figure):
    # Other tests' answers and events are out of the way
    with Client(OPERATOR) as client:
        client.subscribe(events=["device"])
        served.unplug()
        client.event("device.removed")
        uevents = Uevents()
        began = time.monotonic_ns()
        served.hp.plug()
        registered = uevents.added("microneedle")
        added = client.event("device.added")
        told = time.monotonic_ns()
        uevents.close()
        assert added["serial"] == SERIAL
        figure("plugged in to registered by the driver (usbcore's enumeration)",
               registered - began)
        figure("registered by the driver to device.added on the socket", told - registered, 5 * MS)
        figure("device.added by the daemon's own stamp", added["mono_ns"] - registered, 5 * MS)
        until("its status", lambda: client.call("device.status")["state"] in ("safe", "fault"))
