# SPDX-License-Identifier: GPL-2.0-or-later
"""The two that can control a handpiece here: the driver with an ordinary program, and the peer."""

import contextlib
import os
import select
import subprocess

import station
from microneedle import stack
from microneedle.device import NODE, SERIAL
from microneedle.wait import until

# Of SCHED_FIFO; a simulated handpiece has 10, so that it takes no time from the peer
PEER_PRIORITY = 99
CARTRIDGE = "max_strokes=100000"

OURS, PEER = "driver", "libusb peer"


def tool(name):
    return os.path.join(station.TOOLS, name)


def take_chance_out():
    """Where programs are loaded would be another in each run; and nothing holds real time back."""
    for name, value in (("randomize_va_space", "0"), ("sched_rt_runtime_us", "-1")):
        with open(f"/proc/sys/kernel/{name}", "w", encoding="ascii") as stream:
            stream.write(value)


@contextlib.contextmanager
def handpiece(priority=None):
    """One that was never used, on the bus."""
    with stack.Handpiece(SERIAL, trace="/dev/null", cartridge=CARTRIDGE, foot_switch=False) as hp:
        if priority:
            # Threads that it starts later have it from the one that starts them
            for thread in os.listdir(f"/proc/{hp.process.pid}/task"):
                os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(priority))
        yield hp


@contextlib.contextmanager
def controller(*command):
    """A program that starts the needles again and again; they run when this begins."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            ready, _, _ = select.select([process.stdout], [], [], 10)
            if not ready or process.stdout.readline() != b"runs\n":
                raise RuntimeError(f"{command[0]} did not start the needles: see its messages")
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def ours(priority=None, lease_ms=300):
    """The driver, loaded anew, and an ordinary program."""
    stack.unload_driver()
    stack.load_driver()
    with handpiece(priority) as hp:
        until("the device's link by serial number", lambda: os.path.exists(NODE), 10)
        with controller(tool("hold"), NODE, str(lease_ms)) as process:
            yield hp, process
    stack.unload_driver()


@contextlib.contextmanager
def peer(priority=None, own=PEER_PRIORITY):
    """No driver; the peer alone."""
    stack.unload_driver()
    with handpiece(priority) as hp, controller(tool("peer"), str(own)) as process:
        yield hp, process


SIDES = {OURS: ours, PEER: peer}
