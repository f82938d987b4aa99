#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In the guest: from what must stop the needles to STOP on the wire, by the driver and by the peer.

One run: each condition, each cause, both sides in turn. peer.json gets {condition: {cause: {side:
[ns of each round]}}}.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import sides
from microneedle import stack

RUN = int(os.environ["BENCH_RUN"])
ROUNDS = int(os.environ["BENCH_ROUNDS"])
WARM = 20
# The handpiece stops by itself for its emergency stop, but not for what only the host is told of
CAUSES = {"over_depth": ROUNDS, "emergency_stop": ROUNDS // 5}
DISK = "/mnt/bench"


@contextlib.contextmanager
def disk():
    """A file system of its own, on a file in memory: nothing of the host's."""
    stack.run("modprobe", "-a", "loop", "ext4")
    os.makedirs(DISK, exist_ok=True)
    with open("/dev/shm/disk", "wb") as stream:
        stream.truncate(128 << 20)
    stack.run("mkfs.ext4", "-q", "/dev/shm/disk")
    stack.run("mount", "-o", "loop", "/dev/shm/disk", DISK)
    yield
    stack.run("umount", DISK)


@contextlib.contextmanager
def burden(*arguments):
    """What else the machine does, held: its process group."""
    if not arguments:
        yield 0
        return
    with subprocess.Popen([sides.tool("burden"), *arguments]) as process:
        try:
            # What it does for the first time is not what is measured
            time.sleep(0.2)
            os.killpg(process.pid, signal.SIGSTOP)
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)


CONDITIONS = {"idle": (), "CPU load": ("cpu",), "fork load": ("fork",), "I/O load": ("io", DISK)}


def rounds(hp, cause, group, number):
    """The samples, from a process that plays the cause again and again."""
    done = subprocess.run(
        [sides.tool("cause"), "-b", str(group), "-s", str(RUN), "-w", str(WARM), "-n", str(number),
         hp.control, cause], stdout=subprocess.PIPE, check=True)
    return [int(line) for line in done.stdout.split()]


def measure(side, condition, cause):
    with side() as (hp, _), burden(*CONDITIONS[condition]) as group:
        return rounds(hp, cause, group, CAUSES[cause])


def keep(found):
    """After each part, so that one can look on."""
    with open(os.path.join(stack.OUT, "peer.json"), "w", encoding="ascii") as stream:
        json.dump({"kernel": os.environ["MN_KERNEL"], "rounds": CAUSES, "run": RUN,
                   "conditions": found}, stream)


def main():
    sides.take_chance_out()
    stack.load_bus()
    found = {condition: {cause: {} for cause in CAUSES} for condition in CONDITIONS}
    with disk():
        for condition in CONDITIONS:
            for cause in CAUSES:
                for name, side in sides.SIDES.items():
                    found[condition][cause][name] = measure(side, condition, cause)
                    keep(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
