#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In the guest, with two CPUs: strokes that are delivered although the program cannot act.

The controlling program is killed, stopped, blocked or out-scheduled while the needles run. Counted
is what the handpiece makes from then on; and, when a stroke goes too deep meanwhile, what it makes
after that one. strokes.json gets {event: {side: {act: [strokes]}}}; null: it had stopped before.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys

import sides
from microneedle import stack

TIMES = int(os.environ["BENCH_TIMES"])
# Of SCHED_FIFO: what is on the bus is a machine of its own, then what takes all CPUs, then the peer
BUS, HOGS, PEER = 99, 98, 97
HOG_MS = 700
TRIES = 8


@contextlib.contextmanager
def hogs():
    """What takes all CPUs for HOG_MS once its input is closed; it waits on each of them."""
    with subprocess.Popen([sides.tool("burden"), "hog", str(HOGS), str(HOG_MS)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            for _ in range(os.cpu_count()):
                if process.stdout.readline() != b"waits\n":
                    raise RuntimeError("burden does not wait: see its messages")
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


ACTS = {
    "killed": lambda process, _: process.kill(),
    "stopped": lambda process, _: process.send_signal(signal.SIGSTOP),
    "blocked": lambda process, _: process.send_signal(signal.SIGUSR1),
    "out-scheduled": lambda _, waiting: waiting.stdin.close(),
}
SIDES = {
    "driver": lambda: sides.ours(BUS),
    "driver, shortest lease": lambda: sides.ours(BUS, 100),
    "libusb peer": lambda: sides.peer(BUS, PEER),
}


def running(hp):
    state = hp.state()
    return state["strokes"] if state["state"] == "running" else None


def standstill(hp):
    """All strokes it made, once it makes no more."""
    state = hp.wait_for(lambda state: state["state"] != "running" and state["inputs"]["home"], 10)
    return state["strokes"]


def program_gone(hp, begun):
    return standstill(hp) - begun


def too_deep(hp, _):
    """The handpiece's own check is off; so many follow a stroke that comes to be told."""
    hp.inject("overshoot", um=400, strokes=1, own=False)
    standstill(hp)
    deep = hp.stats()["over_depth"]
    return deep["strokes_after"] if deep else None


EVENTS = {"program gone": program_gone, "too deep, program gone": too_deep}


def under_way(stack_of_contexts, side):
    """A handpiece that runs, and its program; None if the host was too slow for it to begin."""
    try:
        hp, process = stack_of_contexts.enter_context(side())
        hp.wait_for(lambda state: state["strokes"] >= 20, 10)
    except (AssertionError, RuntimeError, stack.HandpieceError) as error:
        print(f"did not begin: {error}", flush=True)
        return None
    return hp, process


def sample(side, event, act):
    """One that began while it ran; a busy host may have let a lease lapse before."""
    for _ in range(TRIES):
        with contextlib.ExitStack() as contexts:
            both = under_way(contexts, side)
            waiting = both and contexts.enter_context(hogs())
            begun = both and running(both[0])
            if not begun:
                continue
            act(both[1], waiting)
            return event(both[0], begun)
    raise RuntimeError(f"in {TRIES} tries the needles were never under way: is the host so busy?")


def main():
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(BUS))
    sides.take_chance_out()
    stack.load_bus()
    found = {}
    for event, play in EVENTS.items():
        found[event] = {side: {} for side in SIDES}
        for side, begin in SIDES.items():
            for act, do in ACTS.items():
                found[event][side][act] = [sample(begin, play, do) for _ in range(TIMES)]
                print(f"{event}, {side}, {act}: {found[event][side][act]}", flush=True)
    with open(os.path.join(stack.OUT, "strokes.json"), "w", encoding="ascii") as stream:
        json.dump({"kernel": os.environ["MN_KERNEL"], "events": found}, stream, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
