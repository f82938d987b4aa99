# SPDX-License-Identifier: GPL-2.0-or-later
"""The handpiece's packets are changed at random, in every state; it itself stays sane.

Whatever the driver makes of them it does not crash, the needles go nowhere that they were not sent,
they stop once nobody wants them to run, and a handpiece that is heard again treats again.
"""

import contextlib
import os
import time

import pytest
from chance import chance, seeds
from microneedle import abi
from microneedle.device import Device
from microneedle.stack import HandpieceError
from tally import add

KINDS = ("any", "strokes", "status", "result", "identify", "cartridge", "waveform")
DEPTH_UM = 600


def plug(rig, device, _):
    rig.hp.unplug()
    rig.hp.plug()


def self_test(rig, device, _):
    device.ioctl("SELF_TEST")


def cartridge(rig, device, _):
    rig.hp.remove()
    rig.hp.insert()
    rig.cartridges += 1


def capture(rig, device, random):
    with Device() as other:
        os.close(other.ioctl("CAPTURE", rate_hz=random.choice((1, 1000, 10000)), samples=500).fd)


def arm(rig, device, _):
    device.arm(depth_um=DEPTH_UM)
    time.sleep(0.11)


def press(rig, device, _):
    rig.press()


def release(rig, device, _):
    rig.press(False)


def update(rig, device, random):
    device.update(depth_um=random.randrange(200, DEPTH_UM))


def clear(rig, device, _):
    device.clear()


def stop(rig, device, _):
    device.stop()


def emergency(rig, device, _):
    rig.hp.set("emergency_stop", True)
    rig.hp.set("emergency_stop", False)


ACTIONS = (plug, self_test, cartridge, capture, arm, press, release, update, clear, stop, emergency)


def attempt(action, *args):
    """What is refused, or finds no device, is refused: it is what becomes of it that counts."""
    with contextlib.suppress(OSError, HandpieceError):
        action(*args)


@pytest.mark.parametrize("seed", seeds(150))
def test_noise(alone, seed):
    rig, random = alone, chance("noise", seed)
    with Device() as device:
        device.acquire()
        device.set_limits(depth_um=DEPTH_UM)
        for action in random.choice(((), (arm,), (arm, press))):
            attempt(action, rig, device, random)
        time.sleep(random.random() * 0.1)
        noise = rig.hp.inject("noise", which=random.choice(KINDS),
                              seed=random.randrange(1, 2 ** 32))
        for _ in range(random.randrange(4, 14)):
            attempt(random.choice(ACTIONS), rig, device, random)
            time.sleep(random.random() * 0.2)
            state = rig.hp.state()
            assert state["state"] != "running" or state["set_depth_um"] <= DEPTH_UM, state
    with contextlib.suppress(HandpieceError):
        add("packets changed", noise.wait(0)["effects"])
    add("noisy runs")
    rig.hp.clear_injections()
    # Closing has stopped it, and cut off the lease does
    rig.still(0.2)
    # What it was made to believe of numbers and cartridges ends with the connection
    rig.hp.unplug()
    rig.wait_no_node()


def test_it_treats_after_all_that(alone):
    with alone.control() as device:
        alone.run(device)
        assert device.status().state == abi.MN_STATE_RUNNING
