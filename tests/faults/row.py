# SPDX-License-Identifier: GPL-2.0-or-later
"""What a row of the fault matrix is made of."""

from dataclasses import dataclass
from typing import Any, Callable, Optional


@dataclass(frozen=True)
class Want:
    """What must come of a fault in one state.

    kind: now     it acts now
          later   it waits for the next run, and is seen there
          either  now if it still reaches the stroke under way, else later
          replug  it waits until the handpiece identifies itself anew
          none    it cannot be there, because of why
    """

    kind: str
    code: str = ""  # that latches first, "" rightly none
    to: str = ""  # without a fault: the state that it goes to, for cause
    cause: str = ""
    stays: str = ""  # without a fault: the state that it stays in
    refusal: Optional[Callable] = None  # and what then keeps it from being armed
    gone: bool = False  # and there is no device any more
    act: Optional[Callable] = None  # what is done after it was broken
    bound_ms: float = 0
    stop: str = ""
    home: bool = True
    why: str = ""
    now: Any = None
    later: Any = None


@dataclass
class Row:
    """One fault.

    stop: wire   STOP gets out, in the next bus service
          lease  it cannot: the handpiece's lease and its run-down
          power  the handpiece has no power any more
          none   nothing has to stop
    """

    name: str
    inject: Callable
    injector: str
    detector: str
    code: str
    bound_ms: float
    source: str
    states: dict
    act: Optional[Callable] = None
    stop: str = "wire"
    program: bool = False


def now(code="", **more):
    return Want("now", code, **more)


def later(code="", **more):
    return Want("later", code, **more)


def either(code="", **more):
    return Want("either", code, now=now(code, **more), later=later(code, **more), **more)


def replug(**more):
    return Want("replug", **more)


def never(why):
    return Want("none", why=why)


def states(safe, armed, running, starting, stopping):
    return {"SAFE": safe, "ARMED": armed, "RUNNING": running, "STARTING": starting,
            "STOPPING": stopping}
