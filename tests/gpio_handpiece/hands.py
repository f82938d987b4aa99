# SPDX-License-Identifier: GPL-2.0-or-later
"""A driver of few words: holds the board's lines and PWM as the tree names them, and moves them."""

import glob
import os
import struct
import time

from board import LINE_INPUT, LINE_OUTPUT, Lines, Pwm

OUTPUTS = ("drive-enable", "watchdog", "step", "dir")
INPUTS = ("home", "depth-end", "stroke", "emergency-stop", "cartridge", "foot-switch")
PERIOD_NS = 50_000


def node():
    """The handpiece in the device tree."""
    for path in glob.glob("/proc/device-tree/**/compatible", recursive=True):
        with open(path, "rb") as compatible:
            if compatible.read() == b"microneedle,gpio-handpiece\0":
                return os.path.dirname(path)
    raise FileNotFoundError("no handpiece in the device tree: give the kernel one (--dtb)")


def cells(name):
    """A property's numbers."""
    with open(os.path.join(node(), name), "rb") as file:
        data = file.read()
    return struct.unpack(f">{len(data) // 4}I", data)


def line(name):
    """Its number on the board."""
    return cells(f"{name}-gpios")[1]


class Hands:
    """All the lines; levels are physical."""

    def __init__(self):
        self.outputs = Lines([line(name) for name in OUTPUTS], LINE_OUTPUT)
        self.inputs = Lines([line(name) for name in INPUTS], LINE_INPUT)
        self.pwm = Pwm(cells("pwms")[1])
        self.pwm.set("period", PERIOD_NS)
        self.wag = 0

    def close(self):
        """Everything is let go, off."""
        self.pwm.set("enable", 0)
        for part in (self.pwm, self.inputs, self.outputs):
            part.close()

    def set(self, name, level):
        """One output."""
        self.outputs.set(level, OUTPUTS.index(name))

    def get(self, name):
        """One input."""
        return self.inputs.get() >> INPUTS.index(name) & 1

    def watchdog(self):
        """One edge."""
        self.wag ^= 1
        self.set("watchdog", self.wag)

    def step(self, count, period=0.0005):
        """So many steps: deeper, or toward home if negative."""
        self.set("dir", count > 0)
        for _ in range(abs(count)):
            self.set("step", 1)
            time.sleep(period / 2)
            self.set("step", 0)
            time.sleep(period / 2)

    def drive(self, duty):
        """The motor on, with a duty of 0..1."""
        self.watchdog()
        self.duty(duty)
        self.pwm.set("enable", 1)
        self.set("drive-enable", 1)

    def duty(self, duty):
        """Another."""
        self.pwm.set("duty_cycle", int(PERIOD_NS * duty))

    def run(self, seconds):
        """Go on for so long, with the watchdog's edges."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.watchdog()
            time.sleep(min(0.02, left))
