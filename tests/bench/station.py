# SPDX-License-Identifier: GPL-2.0-or-later
"""A workstation to be measured: handpiece on the bus, driver, daemon, and a session at will."""

import contextlib
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

from microneedle import rpc, stack  # noqa: E402
from microneedle.wait import until  # noqa: E402

TOOLS = os.path.join(stack.BUILD, "bench", "bin")

# Enough strokes for minutes of running
PLAN = {"patient": "BENCH-0001", "indication": "wrinkles", "area": "forehead", "area_cm2": 400,
        "density_per_cm2": 1000, "depth_um": 500, "rate_mhz": 100000,
        "prechecks": {"consent": True, "contraindications": True, "cartridge": True}}


@contextlib.contextmanager
def workstation():
    station = stack.Workstation()
    station.refresh()
    start_daemon(station)
    try:
        yield station
    finally:
        station.daemon.stop()
        station.stop_handpiece()


def start_daemon(station):
    station.daemon.start()
    with rpc.Client() as client:
        until("the daemon to know handpiece and cartridge", lambda: knows(client, station), 10)


def knows(client, station):
    if not client.call("device.list")["devices"]:
        return False
    cartridge = client.call("device.status")["cartridge"]
    return cartridge and cartridge["uid"] == station.hp.state()["cartridge"]["uid"]


@contextlib.contextmanager
def session(station):
    """An operator's session, opened; the client that owns it and its id."""
    with rpc.Client() as client:
        uuid = client.call("session.open", **PLAN)["session"]
        yield client, uuid
        station.press(False)
        client.call("session.end", session=uuid, outcome="completed")


def at_rest(inputs):
    return inputs["home"] and not inputs["trigger"]


def run_session(station, client, uuid, strokes=40):
    """Arm, press the foot switch, and be so many strokes on."""
    station.press(False)
    until("the needles to be at rest", lambda: at_rest(client.call("device.status")["inputs"]))
    client.call("session.arm", session=uuid)
    time.sleep(0.15)
    station.press()
    until("the needles to run", lambda: client.call("device.status")["state"] == "running")
    station.hp.wait_strokes(strokes)
