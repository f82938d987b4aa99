# SPDX-License-Identifier: GPL-2.0-or-later
"""What the player did, for those who judge what came of it."""

import time

from microneedle import abi

IN_FORCE_NS = 200 * 1000000  # a stroke that began with the set point before


class Journal:
    def __init__(self):
        self.pressed_before = False
        self.grants = []  # (from, depth): the latest last; 0 until the first
        self.ceilings = []
        self.forget()

    def forget(self):
        """A new stretch: what was granted stays."""
        self.injected = []
        self.reasons = []  # (time, names of faults that it may latch)
        self.breaks = []  # when the driver was taken off the handpiece
        self.kills = []
        self.grants = self.grants[-2:]

    def grant(self, since_ns, depth_um):
        """A set point was accepted; it may have been in force from since_ns on."""
        self.grants.append((since_ns, depth_um))

    def granted_um(self, at):
        """The deepest that may be in force: set points hold until the stroke under way is over."""
        deepest = 0
        for number, (since, depth_um) in enumerate(self.grants):
            if since > at:
                break
            after = self.grants[number + 1:number + 2]
            if not after or after[0][0] + IN_FORCE_NS >= at:
                deepest = max(deepest, depth_um)
        return deepest

    def reason(self, *names):
        assert all(f"MN_FAULT_{name}" in abi.CONSTANTS for name in names)
        self.reasons.append((time.monotonic_ns(), names))

    def lost_bus(self):
        self.breaks.append(time.monotonic_ns())

    def killed_daemon(self):
        self.kills.append(time.monotonic_ns())
