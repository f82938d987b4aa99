# SPDX-License-Identifier: GPL-2.0-or-later
"""A panel computer whose GPIO handpiece may be left in any way: what the next play needs."""

import contextlib
import os

from microneedle import abi, panel, stack
from microneedle.device import SERIAL, Device, new_treatment
from microneedle.wait import until

# Further beyond home than the home switch may hide: somebody has to turn it back
TURNED_TOO_FAR = -4


class WiredHandpiece(panel.WiredHandpiece):
    def state(self):
        state = super().state()
        state["insertions"] = self.stats()["insertions"]
        return state


class Panel(panel.Panel):
    def start_handpiece(self, **options):
        self.stop_handpiece()
        self.play_handpiece()
        self.load_driver()
        self.wait_node()
        return self.hp

    def play_handpiece(self):
        self.handpieces += 1
        trace = os.path.join(stack.OUT, f"handpiece-{self.handpieces}.jsonl")
        self.hp = WiredHandpiece(SERIAL, trace=trace, cartridge=True)
        self.hp.start()

    def mend(self):
        """A depth stop that was driven against its end is turned back by hand."""
        if self.hp.state()["position_steps"] < TURNED_TOO_FAR:
            assert self.hp.stop() == 0, "the handpiece did not see all that the board did"
            self.play_handpiece()

    @contextlib.contextmanager
    def controller(self):
        """Who had it before may just be dying."""
        for device in Device.open_files:
            with contextlib.suppress(OSError):
                if device.status().control == abi.MN_CONTROL_SELF:
                    yield device
                    return
        with Device() as device:
            until("control of the device", lambda: self.controls(device))
            yield device

    @staticmethod
    def controls(device):
        treatment = device.status().treatment
        with contextlib.suppress(OSError):
            device.acquire(treatment if any(treatment) else new_treatment(), 500, heart=False)
            return True
        return False

    # -- before a play --

    def make_ready(self):
        self.hp.skin(load=0)
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
