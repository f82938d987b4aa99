# SPDX-License-Identifier: GPL-2.0-or-later
"""The depth stop as the board's lines have it: every step, and when it should have come.

What is right is worked out from the device tree alone.
"""

import math
import os
import struct

from board import INPUT, LOST, OUTPUT, STANDS, ENTRY
from rig import line

CLOCK_NS = 1000  # what a step may be off
GAP_NS = 2 * CLOCK_NS  # and thus the time between two


def ramp_ns(tree, total, n):
    """When the n-th of so many steps is due after the begin, from rest to rest: a trapezoid."""
    acceleration, speed = tree["steps-per-second2"], tree["steps-per-second-max"]
    way = speed * speed / (2 * acceleration)  # to its full speed
    if 2 * way >= total:
        way, speed = total / 2, math.sqrt(acceleration * total)
    cruise = (total - 2 * way) / speed
    up = speed / acceleration
    if n <= way:
        return 1e9 * math.sqrt(2 * n / acceleration)
    if n <= total - way:
        return 1e9 * (up + (n - way) / speed)
    return 1e9 * (2 * up + cruise - math.sqrt(2 * (total - n) / acceleration))


def slow_ns(tree):
    """Between two steps of a way without ramps: a ramp's first."""
    return ramp_ns(tree, 2, 1)


class Leg:
    """Steps of one direction. Its begin is the direction line's edge; None: it had none."""

    def __init__(self, ns, deeper):
        self.ns = ns
        self.deeper = deeper
        self.steps = []


class Walk:
    """Follows the board's ring in bulk: nobody is woken for a step."""

    def __init__(self, bench, tree, keep_legs=True):
        self.bench = bench
        self.keep = keep_legs
        self.step, self.dir = line("step"), line("dir")
        self.drive, self.stop = line("drive-enable"), line("emergency-stop")
        self.shortest_ns = 1e9 / tree["steps-per-second-max"] - GAP_NS
        self.turn_ns = slow_ns(tree) - GAP_NS
        self.position = self.deepest = self.least = 0
        self.count = 0
        self.deeper = self.high = False
        self.last_ns = 0
        self.last_deeper = None
        self.fastest_ns = math.inf
        self.legs = []
        self.follow()

    def reset(self):
        """The deepest and the least position count from here."""
        self.deepest = self.least = self.position

    def forget(self):
        """Legs and times are of what comes from here on."""
        self.follow()
        self.legs, self.last_ns = [], 0

    def _raw(self):
        parts = []
        while True:
            try:
                parts.append(os.read(self.bench.fd, 65536 * ENTRY.size))
            except BlockingIOError:
                return b"".join(parts)

    def follow(self):
        """All that happened since the last time; raises where a step came that must not."""
        step, direction = OUTPUT | self.step, OUTPUT | self.dir
        for ns, what, value in struct.iter_unpack("=QII", self._raw()):
            if what == step:
                if value:
                    self._stepped(ns)
                self.high = bool(value)
            elif what == direction or what == direction | STANDS:
                assert not self.high, f"{ns}: the direction changed within a step"
                self.deeper = bool(value)
                if not what & STANDS and self.keep:
                    self.legs.append(Leg(ns, self.deeper))
            elif what & 0xFF00 == LOST:
                raise AssertionError(f"{value} of the board's events were lost")

    def _stepped(self, ns):
        self.count += 1
        gap = ns - self.last_ns
        if self.last_ns:
            assert gap >= self.shortest_ns, f"{ns}: {gap} ns after the step before: too fast"
            assert self.last_deeper == self.deeper or gap >= self.turn_ns, (
                f"{ns}: it turns {gap} ns after a step")
            self.fastest_ns = min(self.fastest_ns, gap)
        self.last_ns, self.last_deeper = ns, self.deeper
        if self.deeper:
            self.position += 1
            self.deepest = max(self.deepest, self.position)
        else:
            self.position -= 1
            self.least = min(self.least, self.position)
        if self.keep:
            if not self.legs:
                self.legs.append(Leg(None, self.deeper))
            self.legs[-1].steps.append(ns)


def level_changes(events, kind, number):
    """(ns, level) of one line, in order; a level that it had already is none."""
    changes = []
    for event in events:
        if event.kind == kind and event.index == number and not event.stands and (
                not changes or changes[-1][1] != event.value):
            changes.append((event.ns, event.value))
    return changes


def inputs(events, name):
    """Of an input that the tree names."""
    return level_changes(events, INPUT, line(name))


def outputs(events, name):
    """Of an output that the tree names."""
    return level_changes(events, OUTPUT, line(name))
