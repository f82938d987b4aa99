# SPDX-License-Identifier: GPL-2.0-or-later
"""The proof that an injector did something, and when."""

import time

from microneedle.wait import until

MS = 1000000


class Injected:
    """The handpiece says it itself, from the place where it happened."""

    def __init__(self, shot, lead_ms=0):
        self.shot = shot
        # What is told when it is over began so much earlier
        self.lead_ms = lead_ms

    def took_effect(self):
        return self.shot.took_effect()

    def wait(self):
        return self.shot.wait(1500)["mono_ns"] - self.lead_ms * MS


class Done:
    """Something was done at a moment, and proof() is true from then on."""

    def __init__(self, stamp, what, proof):
        self.stamp = stamp
        self.what = what
        self.proof = proof

    def took_effect(self):
        return bool(self.proof())

    def wait(self):
        until(self.what, self.proof, 1, 0.002)
        return self.stamp


class Both:
    """Two things are broken: the second tells when."""

    def __init__(self, first, second):
        self.parts = (first, second)

    def took_effect(self):
        return all(part.took_effect() for part in self.parts)

    def wait(self):
        return [part.wait() for part in self.parts][1]


def injected(fault, lead_ms=0, **parameters):
    """An injector of the handpiece."""
    return lambda play: Injected(play.hp.inject(fault, **parameters), lead_ms)


def done(act, what, proof):
    """Something that the test does: its time, and what shows that it was done."""
    def inject(play):
        stamp = time.monotonic_ns()
        act(play)
        return Done(stamp, what, lambda: proof(play))
    return inject


def both(first, second):
    return lambda play: Both(first(play), second(play))


