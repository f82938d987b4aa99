# SPDX-License-Identifier: GPL-2.0-or-later
"""Each step comes when a trapezoid from the tree's figures says, to the microsecond."""

import random

import pytest

from rig import NEEDLE_UM, Bench, abi, line, until
from steps import CLOCK_NS, GAP_NS, Walk, ramp_ns, slow_ns

SEED = 20260905


@pytest.fixture(name="walk")
def _walk(rig):
    with Bench() as bench:
        bench.quiet(line("step"))
        yield Walk(bench, rig.tree)


class Steps:
    """How far steps are from their times.

    Where a step's time falls into what a program does with interrupts off, its readings of the clock,
    256 ns each, come first: one in some hundred may be as late as two microseconds.
    """

    def __init__(self, tree):
        self.tree = tree
        self.off = []

    def add(self, leg):
        """All of a leg's."""
        self.off += off(self.tree, leg)

    def judge(self):
        """What a person reads of it."""
        late = sum(ns > CLOCK_NS for ns in self.off)
        text = (f"{len(self.off)} steps, off by at most {max(self.off):.0f} ns, "
                f"{late} of them by more than {CLOCK_NS} ns")
        assert late <= len(self.off) // 200 and max(self.off) <= 2 * CLOCK_NS, text
        return text


def off(tree, leg):
    """How far each step of a leg is from its time.

    A leg in the direction of the one before has no edge that tells its begin: the best there can be.
    """
    begins = [ns - ramp_ns(tree, len(leg.steps), n) for n, ns in enumerate(leg.steps, 1)]
    begin = (min(begins) + max(begins)) / 2 if leg.ns is None else leg.ns
    return [abs(other - begin) for other in begins]


def totals(tree, rng):
    """Steps of the legs to try: the shortest, with no cruise, with all there is, and any."""
    most = NEEDLE_UM // tree["microns-per-step"]
    ramps = tree["steps-per-second-max"] ** 2 // tree["steps-per-second2"]
    some = {1, 2, 3, ramps - 1, ramps, ramps + 1, ramps + 2, most - 1, most}
    return sorted(n for n in some | set(rng.sample(range(1, most), 8)) if 0 < n <= most)


def test_there_and_back(rig, walk, figure):
    """From home to a depth, and home by STOP: ramp, cruise and ramp."""
    steps = Steps(rig.tree)
    tried = totals(rig.tree, random.Random(SEED))
    for total in tried:
        rig.run(total * rig.tree["microns-per-step"], 60000)
        assert not rig.status().inputs & abi.MN_INPUT_HOME
        rig.device.stop()
        rig.home()
        walk.follow()
        there, back = walk.legs
        assert (there.deeper, len(there.steps)) == (True, total)
        assert (back.deeper, len(back.steps)) == (False, total)
        steps.add(there)
        steps.add(back)
        walk.forget()
    # there was cruise, and it was at full speed
    if tried[-1] > rig.tree["steps-per-second-max"] ** 2 / rig.tree["steps-per-second2"] + 2:
        assert abs(walk.fastest_ns - 1e9 / rig.tree["steps-per-second-max"]) <= GAP_NS
    figure(f"there and back, {tried[0]} to {tried[-1]} steps: {steps.judge()}")


def test_updates(rig, walk, figure):
    """While the motor runs: less deep passes the depth by the play, and comes back to it."""
    tree, rng, steps = rig.tree, random.Random(SEED + 1), Steps(rig.tree)
    step, play = tree["microns-per-step"], tree["backlash-steps"]
    most = NEEDLE_UM // step
    rig.run(most * step, 100000)
    was = most
    for _ in range(20):
        walk.forget()
        target = rng.randrange(1, most + 1)
        rig.device.update(target * step, 100000)
        walk.follow()
        turn = max(target - play, 0) if target < was else was
        legs = [leg for leg in ((False, was - turn), (True, target - turn)) if leg[1]]
        assert [(leg.deeper, len(leg.steps)) for leg in walk.legs] == legs
        for leg in walk.legs:
            steps.add(leg)
        was = target
    figure(f"updates: {steps.judge()}")


def test_homing(rig, walk, figure):
    """The self-test is as slow as the first step of a ramp throughout."""
    rig.device.ioctl("SELF_TEST")
    until("the self-test's end", lambda: rig.status().self_test != abi.MN_SELF_TEST_BUSY, 6.0)
    assert rig.status().self_test == abi.MN_SELF_TEST_PASSED, rig.device.describe()
    walk.follow()
    gaps = [late - soon for leg in walk.legs
            for soon, late in zip([leg.ns, *leg.steps], leg.steps)]
    worst = max(abs(gap - slow_ns(rig.tree)) for gap in gaps)
    figure(f"{len(gaps)} gaps of homing: off by at most {worst:.0f} ns")
    assert worst <= GAP_NS
    assert [leg.deeper for leg in walk.legs] == [True, False]
    assert walk.position == 0
