# SPDX-License-Identifier: GPL-2.0-or-later
"""Step-exact: where the depth stop stands is what was asked for, rounded down to the step."""

import errno
import os
import random

from microneedle.wait import refused
from rig import NEEDLE_UM, Bench, line
from steps import Walk

SEED = 20260904
SET_POINTS = int(os.environ["MN_SET_POINTS"])
UPDATES = 9  # while it runs, for each start


def depth(rng, step, limit):
    """At least a step, at most the limit; some on either side of a step's edge."""
    if rng.random() < 0.02:
        return limit
    edge = rng.randrange(step, limit + 1)
    if rng.random() < 0.1:
        edge = edge // step * step + rng.choice((-1, 0, 1))
    return min(max(edge, step), limit)


def test_set_points(rig, figure):
    """Random depths and rates through ARM, START and UPDATE, home again by STOP."""
    rng = random.Random(SEED)
    step = rig.tree["microns-per-step"]
    device = rig.device
    # not a whole number of steps, where a step is more than a micrometre
    limit = NEEDLE_UM - 1
    device.set_limits(depth_um=limit)
    device.stop_heart()
    rig.hp.stats(reset_deepest=True)
    made = refusals = 0
    with Bench() as bench:
        # nobody is to be woken for what is read in bulk
        bench.quiet(line("step"))
        walk = Walk(bench, rig.tree, keep_legs=False)

        def check(asked):
            nonlocal made
            made += 1
            stands = rig.hp.state()["counted_steps"]
            assert stands == asked // step, f"set point {made}: {asked} um gave {stands} steps"
            walk.follow()
            assert walk.position == stands

        was = 0
        while made < SET_POINTS:
            device.heartbeat()
            asked = depth(rng, step, limit)
            armed = device.arm(asked, rng.randrange(20000, 60001))
            assert armed.depth_um == asked // step * step
            device.ioctl("START")
            assert walk.position == 0
            check(asked)
            for _ in range(UPDATES):
                device.heartbeat()
                was, asked = asked, depth(rng, step, limit)
                walk.reset()
                device.update(asked, rng.randrange(20000, 60001))
                check(asked)
                # on its way it was no deeper than the deeper one of both
                assert walk.deepest == max(was, asked) // step
            with refused(errno.ERANGE):
                device.update(limit + rng.randrange(1, 1000))
            refusals += 1
            device.stop()
            rig.home()
            walk.follow()
            state = rig.hp.state()
            assert (walk.position, state["counted_steps"], state["position_steps"]) == (0, 0, 0)
            assert state["home"] and walk.least == 0
            assert walk.deepest <= limit // step
            if made % 1000 < UPDATES + 1:
                # what was told waits to be read; nobody needs it
                device.forget()
        stats = rig.hp.stats()["steps"]
        assert (stats["lost"], stats["deepest_counted"] <= limit // step) == (0, True)
    figure(f"{made} set points of {step} um steps, {walk.count} steps, {refusals} refused")
