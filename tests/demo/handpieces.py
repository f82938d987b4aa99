# SPDX-License-Identifier: GPL-2.0-or-later
"""The two handpieces as the demo meets them: what differs between them, and nothing of the treatment."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "handpiece"), os.path.join(HERE, "..", "gpio_handpiece")]

from gpio_handpiece import GpioHandpiece  # noqa: E402
from handpiece import Handpiece  # noqa: E402

MODULES = os.environ["MN_MODULES"]


def insmod(*modules):
    for module in modules:
        subprocess.run(["insmod", os.path.join(MODULES, module + ".ko")], check=True)


class Usb:
    """It is plugged in, has tested itself by then, and reads its cartridge's tag."""

    arrives = "The handpiece is plugged in"
    declares = None
    depth = "Measured"
    mishap = "one stroke is too deep"
    happens = "one stroke goes 0.4 mm too deep"
    fault = "over_depth"
    promise = "the needles stop within that stroke"

    def __init__(self):
        self.model = Handpiece()

    def prepare(self):
        # Debian's kernels have the simulated bus as modules, UML's has it built in
        if not os.path.isdir("/sys/class/udc/dummy_udc.0"):
            subprocess.run(["modprobe", "-a", "usbcore", "dummy_hcd", "libcomposite", "usb_f_fs"],
                           check=True)
        insmod("microneedle", "microneedle-usb")

    def arrive(self):
        self.model.start()

    def go_wrong(self):
        self.model.inject("overshoot", um=400, strokes=1).wait()

    def outcome(self):
        """What the handpiece itself has seen of the stop, in words, and whether it is as promised."""
        stats = self.model.stats()
        after = stats["stop"]["strokes_after"] + stats["over_depth"]["strokes_after"]
        return f"strokes begun after the one that was too deep: {after}", after == 0


class Gpio:
    """Motor, depth stop and switches on a panel computer's lines; it reads no tags."""

    arrives = "The driver finds the handpiece on the board's lines"
    declares = ["--lot", "LOT-2041", "--needles", "14", "--length", "1.5mm", "--max-rate", "150Hz",
                "--max-strokes", "60000", "--expiry", "2028-01-31"]
    depth = "Counted"
    mishap = "the motor runs away"
    happens = "the motor runs away: its speed does not follow the PWM any more"
    fault = "over_rate"
    promise = "its power is cut within a millisecond of the stroke that came too early"

    def __init__(self):
        self.model = GpioHandpiece()
        self.early_ns = 0

    def prepare(self):
        insmod("mn-bench", "microneedle")
        self.model.start()

    def arrive(self):
        insmod("microneedle-gpio")

    def go_wrong(self):
        self.early_ns = self.model.inject("runaway").wait()["mono_ns"]

    def outcome(self):
        late_us = (self.model.stats()["power"]["fall_ns"] - self.early_ns) / 1000
        self.model.clear_injections()
        return (f"the motor's power was cut {late_us:.0f} us after the stroke that came too early; "
                "the motor obeys again", late_us <= 1000)


HANDPIECES = {"usb": Usb, "gpio": Gpio}
