# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver on the lab's board, and a program that treats with it."""

import contextlib
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "system"), os.path.join(TESTS, "gpio_handpiece")]

from board import Bench  # noqa: E402
from gpio_handpiece import GpioHandpiece  # noqa: E402
from hands import cells, line  # noqa: E402
from microneedle import abi  # noqa: E402
from microneedle.device import Device, new_treatment  # noqa: E402
from microneedle.wait import until  # noqa: E402

__all__ = ["Bench", "Device", "Rig", "Tree", "abi", "line", "until"]

MODULES = os.environ["MN_MODULES"]
SERIAL = "MN-GPIO-0001"
NODE = "/dev/microneedle0"
NEEDLE_UM = 1500


def load(module, *parameters):
    """Insert a module that the lab built."""
    subprocess.run(["insmod", os.path.join(MODULES, f"{module}.ko"), *parameters], check=True)


def unload(module):
    """Remove it; nothing may hold it."""
    subprocess.run(["rmmod", module], check=True)


class Tree:
    """The binding's figures, as the board has them: tree["travel-steps"]."""

    def __getitem__(self, name):
        return cells(name)[0]

    def steps(self, depth_um):
        """A depth in steps, rounded down."""
        return depth_um // self["microns-per-step"]


class Rig:
    """Board, handpiece and driver of one boot, and the one program that has the device open."""

    def __init__(self):
        load("mn-bench")
        self.tree = Tree()
        self.hp = GpioHandpiece(SERIAL, cartridge=True).start()
        load("microneedle")
        load("microneedle-gpio")
        until("the device node", lambda: os.path.exists(NODE))
        self.device = Device(NODE)
        self.treatment = new_treatment()

    def close(self):
        """All of it goes again, with what it allocated."""
        self.device.close()
        unload("microneedle-gpio")
        unload("microneedle")
        assert self.hp.stop() == 0, "the bench model lost its picture of the board"
        unload("mn-bench")

    def home(self):
        """Needles home and the motor standing, by the driver's own word."""
        until(self.device.describe,
              lambda: self.device.status().inputs & abi.MN_INPUT_HOME, 2.0, 0.002)

    def status(self):
        """Of the device."""
        return self.device.status()

    def ready(self, **limits):
        """SAFE and homed, with a fresh cartridge that is declared, in a new treatment."""
        device = self.device
        device.stop_heart()
        if device.status().control == abi.MN_CONTROL_SELF:
            device.release()
        self.hp.clear_injections()
        self.hp.skin(load=0)
        if self.hp.state()["cartridge"]["present"]:
            self.hp.remove()
        self.hp.insert()
        # The motor has run down, and what it did is told
        time.sleep(0.3)
        device.acquire(new_treatment(), 500)
        device.set_limits(**{"depth_um": NEEDLE_UM, **limits})
        until(device.describe, self.cleared, 2.0, 0.02)
        if device.status().self_test != abi.MN_SELF_TEST_PASSED:
            device.ioctl("SELF_TEST")
            until(device.describe,
                  lambda: device.status().self_test == abi.MN_SELF_TEST_PASSED, 6.0, 0.02)
        device.ioctl("DECLARE_CARTRIDGE", needle_um=NEEDLE_UM, needles=14,
                     max_rate_mhz=150000, max_strokes=100000, expiry_days=60000, lot=b"LOT-1")
        device.forget()

    def cleared(self):
        """Nothing is latched any more."""
        with contextlib.suppress(OSError):
            if self.device.status().faults:
                self.device.clear()
        return not self.device.status().faults

    def run(self, depth_um=500, rate_mhz=100000, strokes=50000, run_ms=60000):
        """Arm and start; the tree of these tests has no foot switch."""
        self.device.arm(depth_um, rate_mhz, strokes, run_ms)
        self.device.ioctl("START")

    def fault(self):
        """The name of the fault that latched first."""
        return abi.name_of("FAULT", self.status().fault)
