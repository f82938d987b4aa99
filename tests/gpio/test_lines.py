# SPDX-License-Identifier: GPL-2.0-or-later
"""A line that stops takes the drive away in its own interrupt, whenever it comes."""

import random
import time

import pytest

from rig import NEEDLE_UM, Bench, abi, line, until
from steps import inputs, outputs

SEED = 20260906
TIMES = 15
# physical level that stops, and how the fault is called
LINES = {"emergency-stop": (0, "EMERGENCY_STOP"), "depth-end": (1, "OVER_DEPTH")}


@pytest.fixture(name="bench")
def _bench():
    with Bench() as bench:
        bench.quiet(line("step"))
        yield bench


class Shot:
    """The line goes to its stopping level at a random time from now, and back a while later."""

    def __init__(self, rig, bench, name, within_ms, rng):
        self.rig, self.bench, self.name = rig, bench, name
        self.level, self.fault = LINES[name]
        events = bench.collect(0)
        self.was_high, self.was_deeper = (bool(history and history[-1][1]) for history in (
            outputs(events, "drive-enable"), outputs(events, "dir")))
        self.at = time.monotonic_ns() + 20000 + int(rng.random() * within_ms * 1e6)
        bench.stimuli((self.at, line(name), self.level),
                      (self.at + 60_000_000, line(name), 1 - self.level))

    def outcome(self):
        """Once all is over: (was the drive high, how long it then took to be low), checked."""
        time.sleep(max(self.at + 70_000_000 - time.monotonic_ns(), 0) / 1e9)
        self.rig.home()
        events = self.bench.collect(0)
        edge = next(ns for ns, level in inputs(events, self.name) if level == self.level)
        drive = outputs(events, "drive-enable")
        before = [self.was_high] + [level for ns, level in drive if ns < edge]
        after = [(ns, level) for ns, level in drive if ns >= edge]
        assert self.rig.fault() == self.fault, self.rig.device.describe()
        self.no_deeper(events, edge)
        if not before[-1]:
            # it came before the motor had its power: it never gets it
            assert not [ns for ns, level in after if level], after
            return False
        assert after == [(edge, 0)], f"the edge at {edge}, the drive: {after}"
        return True

    def no_deeper(self, events, edge):
        """After the depth end not one step; after another stop none but to come to stand."""
        deeper, late = self.was_deeper, 0
        ways = [(ns, name, level) for name in ("dir", "step")
                for ns, level in outputs(events, name)]
        for ns, name, level in sorted(ways):
            if name == "dir":
                deeper = bool(level)
            elif level and deeper and ns > edge:
                late += 1
        tree = self.rig.tree
        ramp = tree["steps-per-second-max"] ** 2 / (2 * tree["steps-per-second2"])
        assert late <= (0 if self.name == "depth-end" else ramp + 1)

    def again(self):
        """Ready for the next one: at home exactly, the fault cleared."""
        device = self.rig.device
        assert self.rig.hp.state()["home"]
        until(device.describe, self.rig.cleared, 2.0, 0.02)
        if device.status().self_test != abi.MN_SELF_TEST_PASSED:
            device.ioctl("SELF_TEST")
            until(device.describe,
                  lambda: device.status().self_test == abi.MN_SELF_TEST_PASSED, 6.0, 0.02)
        else:
            assert self.name == "emergency-stop", "the count holds after the depth end"
        state = self.rig.hp.state()
        assert (state["counted_steps"], state["position_steps"]) == (0, 0)


def attempt(function, *arguments):
    """What a stop may call off."""
    try:
        function(*arguments)
    except OSError:
        pass


@pytest.mark.parametrize("name", LINES)
def test_while_it_runs(rig, bench, name, figure):
    """At any moment of a stroke."""
    rng = random.Random(SEED)
    for _ in range(TIMES):
        rig.run(200, rng.randrange(60000, 150001))
        time.sleep(0.1)
        shot = Shot(rig, bench, name, 30, rng)
        assert shot.outcome()
        shot.again()
    figure(f"{name} while it runs: the drive is low at once, {TIMES} times")


@pytest.mark.parametrize("name", LINES)
def test_while_it_steps(rig, bench, name, figure):
    """While an update moves the depth stop under a motor that runs."""
    rng = random.Random(SEED + 1)
    for _ in range(TIMES):
        first, second = rng.sample((100, NEEDLE_UM, 600, 1100), 2)
        rig.run(first, 100000)
        time.sleep(0.05)
        shot = Shot(rig, bench, name, 15, rng)
        attempt(rig.device.update, second, 100000)
        assert shot.outcome()
        shot.again()
    figure(f"{name} while it steps and runs: the drive is low at once, {TIMES} times")


@pytest.mark.parametrize("name", LINES)
def test_in_the_middle_of_a_start(rig, bench, name, figure):
    """From the order to start until a little after the motor has its power."""
    rng = random.Random(SEED + 2)
    powered = 0
    for _ in range(2 * TIMES):
        rig.device.arm(NEEDLE_UM, 100000)
        shot = Shot(rig, bench, name, 50, rng)
        attempt(rig.device.ioctl, "START")
        powered += shot.outcome()
        shot.again()
    assert 0 < powered < 2 * TIMES
    figure(f"{name} within a start: {2 * TIMES - powered} times the motor got no power, "
           f"{powered} times the drive was low at once")
