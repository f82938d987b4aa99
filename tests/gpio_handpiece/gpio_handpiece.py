# SPDX-License-Identifier: GPL-2.0-or-later
"""The GPIO handpiece in a test: the USB handpiece's class with another program behind it.

    with GpioHandpiece() as hp:
        hp.set("foot_switch", True)
        shot = hp.inject("lost_steps", count=20)
        shot.wait(5000)
        print(hp.stats()["steps"])

What has no meaning for it (plugging, power cycles, the tag's content) its program refuses.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "handpiece"))

from handpiece import CHECKOUT, Handpiece, HandpieceError  # noqa: E402

__all__ = ["GpioHandpiece", "HandpieceError"]


class GpioHandpiece(Handpiece):
    """One mn-gpio-handpiece process and its control socket; mn-bench.ko is loaded."""

    def __init__(self, serial="MN-GPIO-0001", control=None, trace=None, cartridge=False,
                 position=0, program=None):
        super().__init__(serial=serial, control=control, trace=trace)
        build = os.environ.get("MN_BUILD", os.path.join(CHECKOUT, "build"))
        self.argv = [program or os.path.join(build, "bin", "mn-gpio-handpiece"),
                     "--serial", serial, "--control", self.control, "--trace", self.trace,
                     "--position", str(position)]
        if cartridge:
            self.argv.append("--cartridge")

    def insert(self):
        """Put a cartridge in; it has no tag."""
        self.cmd(cmd="cartridge", action="insert")

    def stats(self, reset_deepest=False):
        """Counts and stamps; the deepest position counts from here if asked to."""
        return self.cmd(cmd="stats", reset_deepest=reset_deepest)
