# SPDX-License-Identifier: GPL-2.0-or-later
"""A panel computer with a GPIO handpiece: what is done otherwise than with one on a USB cable.

Its driver finds it when it is loaded, so that the handpiece is played before that. What happened to it
before is not known, which is a fault; nothing starts before a self-test has found home; and nobody knows
what cartridge was put in until the controller says so.
"""

import contextlib
import os
import sys
import time

from microneedle import abi, stack
from microneedle.device import SERIAL, Device, new_treatment
from microneedle.wait import until
from transport import WIRE

sys.path.insert(0, os.path.join(abi.CHECKOUT, "tests", "gpio_handpiece"))
from gpio_handpiece import GpioHandpiece, HandpieceError  # noqa: E402

DAY = 86400
TEST_SECONDS = 6
# What a cartridge's label says
LABEL = {"needle_um": 1500, "needles": 14, "max_rate_mhz": 150000, "max_strokes": 100000,
         "lot": b"SIM-LOT-1"}
# Further beyond home than the home switch may hide: somebody has to turn it back
TURNED_TOO_FAR = -4


class WiredHandpiece(GpioHandpiece):
    """It answers in the words of one with firmware of its own, where it has an answer."""

    def state(self):
        state = super().state()
        state["plugged"] = True
        state["inputs"] = {"home": state["home"] and not state["turning"],
                           "foot_switch": state["foot_switch"],
                           "emergency_stop": state["emergency_stop"]}
        state["insertions"] = self.stats()["insertions"]
        return state


class Panel(stack.Workstation):
    """The same as a Workstation, for a play."""

    def __init__(self):
        self.hp = None
        self.handpieces = 0
        stack.load("mn-bench")

    # -- the handpiece --

    def start_handpiece(self, **options):
        """One that was always there."""
        self.stop_handpiece()
        self.play_handpiece()
        stack.load("microneedle")
        stack.load("microneedle-gpio")
        self.wait_node()
        return self.hp

    def play_handpiece(self):
        self.handpieces += 1
        trace = os.path.join(stack.OUT, f"handpiece-{self.handpieces}.jsonl")
        self.hp = WiredHandpiece(SERIAL, trace=trace, cartridge=True)
        self.hp.start()

    def stop_handpiece(self):
        stack.unload("microneedle-gpio")
        stack.unload("microneedle")
        if self.hp:
            assert self.hp.stop() == 0, "the handpiece did not see all that the board did"
            self.hp = None

    def mend(self):
        """A depth stop that was driven against its end is turned back by hand."""
        if self.hp.state()["position_steps"] < TURNED_TOO_FAR:
            assert self.hp.stop() == 0, "the handpiece did not see all that the board did"
            self.play_handpiece()

    def bind(self):
        if not os.path.exists(f"{WIRE.driver}/{WIRE.bound()}"):
            with open(f"{WIRE.driver}/bind", "w", encoding="ascii") as stream:
                stream.write(WIRE.bound())
        self.wait_node()

    # -- its cartridge --

    @contextlib.contextmanager
    def controller(self):
        """An open file that controls it: the play's, or one for the moment."""
        for device in Device.open_files:
            with contextlib.suppress(OSError):
                if device.status().control == abi.MN_CONTROL_SELF:
                    yield device
                    return
        with Device() as device:
            # Who only says what was put in begins no treatment of its own
            treatment = device.status().treatment
            until("control of the device", lambda: self.controls(device, treatment))
            yield device

    @staticmethod
    def controls(device, treatment):
        with contextlib.suppress(OSError):
            device.acquire(treatment if any(treatment) else new_treatment(), 500, heart=False)
            return True
        return False

    def swap_cartridge(self):
        """Out and in again at once: another one, of which nobody has said what it is."""
        if self.hp.state()["cartridge"]["present"]:
            self.hp.remove()
        self.hp.insert()

    @staticmethod
    def declare(device, **what):
        """What is in, by its label."""
        days = int(time.time()) // DAY + what.pop("expiry_days", 365)
        return device.ioctl("DECLARE_CARTRIDGE", expiry_days=days, **{**LABEL, **what})

    def new_cartridge(self, **what):
        self.swap_cartridge()
        with self.controller() as device:
            until("the cartridge to be seen", lambda: device.status().cartridge_flags
                  & abi.MN_CARTRIDGE_UNDECLARED)
            self.declare(device, **what)

    # -- before a play --

    def refresh(self):
        """As at the start of a day: nothing pressed, a new cartridge, no fault, home found."""
        if self.hp and self.hp.process.poll() is None:
            try:
                self.as_new()
                return
            except (AssertionError, OSError, HandpieceError) as error:
                print(f"what the last play left cannot be made good, starting anew: {error}")
        Device.close_all()
        self.start_handpiece()
        self.as_new()

    def as_new(self):
        hp = self.hp
        hp.clear_injections()
        hp.set("emergency_stop", False)
        hp.set("foot_switch", False)
        hp.skin(load=0)
        self.bind()
        self.mend()
        self.clear_faults()
        self.new_cartridge()
        with self.controller() as device:
            self.pass_self_test(device)
            until("the driver to know that it is home",
                  lambda: not device.status().interlocks & abi.MN_INTERLOCK_NOT_HOME, 1, 0.005)

    def clear_faults(self):
        """One that does not know where home is looks for it first."""
        with Device() as device:
            until("control of the device", lambda: self.try_to_control(device))
            until(lambda: f"no fault ({device.describe()})", lambda: self.cleared(device), 3, 0.05)

    @staticmethod
    def cleared(device):
        if device.status().state == abi.MN_STATE_FAULT:
            with contextlib.suppress(OSError):
                device.heartbeat()
                device.clear()
        return device.status().state == abi.MN_STATE_SAFE

    @staticmethod
    def pass_self_test(device):
        if device.status().self_test not in (abi.MN_SELF_TEST_PASSED, abi.MN_SELF_TEST_BUSY):
            device.ioctl("SELF_TEST")
        until(lambda: f"a self-test that passes ({device.describe()})",
              lambda: device.status().self_test == abi.MN_SELF_TEST_PASSED, TEST_SECONDS)
