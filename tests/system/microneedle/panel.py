# SPDX-License-Identifier: GPL-2.0-or-later
"""A panel computer with a GPIO handpiece: what is done otherwise than with one on a USB cable.

Its driver finds it when it is loaded, so that the handpiece is played before that; what happened to
it before is not known, a fault; nothing starts before a self-test has found home; and nobody knows
what cartridge was put in until the controller says so.
"""

import contextlib
import os
import sys
import time

from . import abi, stack
from .device import NODE, Device, new_treatment
from .kind import HANDPIECE
from .power import put
from .wait import until

sys.path.insert(0, os.path.join(abi.CHECKOUT, "tests", "gpio_handpiece"))
from gpio_handpiece import GpioHandpiece  # noqa: E402

DRIVER = "/sys/bus/platform/drivers/microneedle-gpio"
NAME = "handpiece"  # of its node in the device tree
RUN_DOWN_NS = 80_000_000  # run-down-ms of its device tree
BACKLASH_UM = 30
DAY = 86400
# What a cartridge's label says, unless a test wants another
LABEL = {"needle_um": 1500, "needles": 14, "max_rate_mhz": 150000, "max_strokes": 100000,
         "lot": b"SIM-LOT-1"}


class WiredHandpiece(GpioHandpiece):
    """It answers in the words of one with firmware of its own, where it has an answer."""

    def state(self):
        state = super().state()
        state["plugged"] = True
        state["inputs"] = {"home": state["home"] and not state["turning"],
                           "foot_switch": state["foot_switch"],
                           "emergency_stop": state["emergency_stop"]}
        # It has no memory: what was latched, the driver has
        state["faults"] = []
        return state

    def unplug(self):
        """It has no cable: what takes it away is that its driver is unbound."""
        put(f"{DRIVER}/unbind", NAME)

    def plug(self):
        put(f"{DRIVER}/bind", NAME)


class Panel(stack.Workstation):
    """The same as a Workstation, for a test."""

    def load_bus(self):
        stack.load("mn-bench")

    def load_driver(self, *parameters):
        stack.load("microneedle", *parameters)
        if self.hp:
            stack.load(HANDPIECE.module)

    # -- the handpiece --

    def start_handpiece(self, **options):
        """Another one, of the same serial number, that is found like one that always was there."""
        self.stop_handpiece()
        self.handpieces += 1
        trace = os.path.join(stack.OUT, f"handpiece-{self.handpieces}.jsonl")
        self.hp = WiredHandpiece(HANDPIECE.serial, trace=trace, cartridge=True, **options)
        self.hp.start()
        self.cartridges = 1
        self.load_driver()
        self.wait_node()
        return self.hp

    def stop_handpiece(self):
        stack.unload(HANDPIECE.module)
        self.wait_no_node()
        # The daemon closes what is gone
        with contextlib.suppress(AssertionError):
            until("nobody to have it open", self.core_is_free)
        if self.hp:
            self.hp.stop()
            self.hp = None

    @staticmethod
    def core_is_free():
        path = "/sys/module/microneedle/refcnt"
        if not os.path.exists(path):
            return True
        with open(path, encoding="ascii") as stream:
            return int(stream.read()) == 0

    # -- its cartridge --

    @contextlib.contextmanager
    def controller(self):
        """An open file that controls it: a test's, or one for the moment."""
        for device in Device.open_files:
            with contextlib.suppress(OSError):
                if device.status().control == abi.MN_CONTROL_SELF:
                    yield device
                    return
        with Device() as device:
            # Who only says what was put in begins no treatment of its own
            treatment = device.status().treatment
            device.acquire(treatment if any(treatment) else new_treatment(), 500, heart=False)
            yield device

    def swap_cartridge(self, **what):
        """Out and in again at once: another one, of which nobody has said what it is."""
        if self.hp.state()["cartridge"]["present"]:
            self.hp.remove()
        self.hp.insert()
        self.cartridges += 1

    def declare(self, device, **what):
        """What is in, by its label; the identity that it has from now on."""
        label = {**LABEL, **what}
        days = int(time.time()) // DAY + label.pop("expiry_days", 365)
        return device.ioctl("DECLARE_CARTRIDGE", expiry_days=days, **label).uid

    def new_cartridge(self, **what):
        self.swap_cartridge()
        with self.controller() as device:
            until("the cartridge to be seen", lambda: device.status().cartridge_flags
                  & abi.MN_CARTRIDGE_UNDECLARED)
            return self.declare(device, **what)

    def insert_in_session(self, client):
        """Another one while a session has control, and its operator says what it is."""
        self.swap_cartridge()
        until("the cartridge to be seen", lambda: client.call("device.status")["cartridge"])
        client.call("device.declare_cartridge", lot="SIM-LOT-2", needles=LABEL["needles"],
                    needle_um=LABEL["needle_um"], max_rate_mhz=LABEL["max_rate_mhz"],
                    max_strokes=LABEL["max_strokes"], expiry="2099-12-31")

    def marked(self):
        """The driver keeps the mark that the cartridge can't carry."""
        with Device(flags=os.O_RDONLY) as device:
            return device.status().cartridge_flags & abi.MN_CARTRIDGE_MARKED

    # -- before a test --

    def usable(self):
        return self.hp and self.hp.process.poll() is None

    def as_new(self):
        hp = self.hp
        hp.clear_injections()
        hp.set("emergency_stop", False)
        hp.set("foot_switch", False)
        self.load_driver()
        if not os.path.exists(f"{DRIVER}/{NAME}"):
            hp.plug()
        self.wait_node()
        self.make_ready()

    def make_ready_again(self, device):
        """The same for who controls it, once what it had latched is cleared."""
        self.press(False)
        until("the release to be told",
              lambda: not device.status().inputs & abi.MN_INPUT_TRIGGER)
        until("the needles to be home", lambda: device.status().inputs & abi.MN_INPUT_HOME, 3)
        self.new_cartridge()
        self.pass_self_test(device)
        device.forget()

    # What it has counted is void then: it looks for home, slowly
    too_deep_faults = abi.bit("OVER_DEPTH") | abi.bit("NOT_HOME")

    def too_deep(self):
        """The hard switch at the depth end is pressed, for as long as nobody takes that back."""
        return self.hp.inject("switch_stuck", which="depth_end", how="closed").wait()["mono_ns"]

    # -- what it did --

    def has_depth(self, um):
        """The depth stop is there, but for its backlash: never deeper."""
        state = self.hp.state()
        return um - BACKLASH_UM <= state["position_um"] <= um

    def stopped_first(self, since_ns, state, _=None):
        """The line was dropped in time, and the one-shot was not needed."""
        cut = self.killed()
        assert (cut >= since_ns) == (state == "RUNNING")
        assert self.hp.stats()["watchdog"]["expiries"] == 0

    @staticmethod
    def must_test():
        """A count of steps that began anew, or that the depth end has shown to be wrong."""
        return abi.MN_INTERLOCK_SELF_TEST

    @staticmethod
    def bound():
        return DRIVER, NAME

    def last_stroke(self):
        """The driver counts from when it found the handpiece."""
        with Device(flags=os.O_RDONLY) as device:
            return device.status().strokes_total

    def epoch(self):
        """The driver's: what obeys is a line."""
        with Device(flags=os.O_RDONLY) as device:
            return device.status().epoch

    def self_test(self):
        """What the driver makes of it: it is the driver's test."""
        with Device(flags=os.O_RDONLY) as device:
            return abi.name_of("SELF_TEST", device.status().self_test).lower()

    def killed(self, _=None):
        """Its motor has no power, and what turned on has run down; when the drive was cut."""
        state, stats = self.hp.state(), self.hp.stats()
        assert not state["drive_enable"] and not state["power"], state
        cut = stats["drive_enable"]["fall_ns"]
        assert stats["drive_enable"]["rise_ns"] <= cut
        if stats["drive_enable"]["rises"]:
            assert stats["stroke_ns"] <= cut + RUN_DOWN_NS, stats
        return cut


def workstation():
    """With the kind of handpiece that is asked for."""
    return Panel() if HANDPIECE.kind == "gpio" else stack.Workstation()


__all__ = ["DRIVER", "NAME", "NODE", "Panel", "workstation"]
