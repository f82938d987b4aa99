#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Pull handpieces while both CPUs use them, again and again: pulls.py [NUMBER [SEED]]

Runs in the lab's guest with two CPUs. Two handpieces take turns, so that one comes back while the other is
used. The clock is the host's: what is late on a busy host is waited for, only what never comes fails.
"""

import collections
import errno
import json
import os
import random
import subprocess
import sys
import time

import leaks
from place import CLASS, LONG_S, HandpieceError, Lost, Place, given_up, until
from microneedle import stack
from microneedle.device import Device

HAMMER = os.path.join(stack.BUILD, "smp", "mn-hammer")
MOMENTS = ("at once", "armed", "pressed", "running", "running", "running", "running")
WAYS = ("cable",) * 7 + ("unbind", "unbind", "rmmod")
# What a call may never come back with, whatever the moment
NEVER = {errno.EFAULT, errno.EINVAL, errno.ENOTTY, errno.ENOMEM, errno.EBADF, errno.EACCES,
         errno.EINTR}
# What remains of a handpiece that has gone: what must not be forgotten of it
REMEMBERED = {"mn_recall", "mn_device_alloc"}


class Hammer:
    """mn-hammer: see there for what it is told."""

    def __init__(self):
        self.process = subprocess.Popen([HAMMER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith("cannot"):
            raise Lost(f"{line}: {answer or 'mn-hammer has ended'}")
        return answer

    def end(self, seconds=LONG_S):
        return json.loads(self.tell(f"end {seconds}"))

    def close(self):
        self.process.stdin.close()
        # With threads that are stuck in the kernel it can't end
        return self.process.wait(LONG_S)


class Sum:
    """Of all rounds."""

    def __init__(self):
        self.calls = collections.Counter()
        self.cpus = {name: [0, 0] for name in ("ioctls", "cut", "woken")}
        self.both = 0  # rounds in which calls of both CPUs were cut off
        self.states = collections.Counter()
        self.ways = collections.Counter()
        self.armed = 0

    def add(self, report, way, state):
        for name, error, count in report["calls"]:
            self.calls[name, error] += count
        for name, cpus in self.cpus.items():
            cpus[:] = [a + b for a, b in zip(cpus, report[name])]
        self.both += all(report["cut"])
        self.armed += report["armed"]
        self.states[state] += 1
        self.ways[way] += 1

    def total(self):
        return sum(self.calls.values())

    def wrong(self):
        """What a race would have shown and did not, by name."""
        found = [f"no {name} of CPU {cpu}" for name, cpus in self.cpus.items()
                 for cpu, count in enumerate(cpus) if not count]
        if not self.both:
            found.append("no pull that cut off calls of both CPUs")
        for state in ("running", "idle"):
            if not self.states[state]:
                found.append(f"no pull while it was {state}")
        return found

    def table(self):
        lines = []
        for name in dict.fromkeys(name for name, _ in self.calls):
            ends = sorted((error, count) for (known, error), count in self.calls.items()
                          if known == name)
            lines.append(f"  {name:18}" + ", ".join(
                f"{errno.errorcode.get(error, 'done')} {count}" for error, count in ends))
        return "\n".join(lines)


def judge(report):
    """What of one round should not be."""
    return report["stuck"] + report["wrong"] + [
        f"{name} gave {errno.errorcode[error]} {count} times"
        for name, error, count in report["calls"] if error in NEVER]


def bring_to(place, hammer, moment, chance):
    """So far, or as far as a busy host lets it come."""
    if moment == "at once" or hammer.tell("armed 3000") != "yes":
        return
    if moment == "armed":
        return
    time.sleep(0.11)  # a press counts after 100 ms of released
    place.hp.set("foot_switch", True)
    if moment == "running":
        try:
            place.hp.wait_for(lambda state: state["state"] == "running", 0.5, 0.002)
        except HandpieceError:
            return  # it was stopped for what the host was late with
        time.sleep(chance.random() * 0.03)


def take_away(place, way):
    if way == "cable":
        place.pull()
    elif way == "unbind":
        place.unbind()
    else:
        stack.unload("microneedle-usb")


def one_pull(place, hammer, seed):
    """Use it, take it away; what they saw, how, and in what state it was."""
    chance = random.Random(f"smp {seed}")
    moment, way = chance.choice(MOMENTS), chance.choice(WAYS)
    hammer.tell(f"go {place.number()} {seed}")
    bring_to(place, hammer, moment, chance)
    time.sleep(chance.random() * 0.01)
    if chance.random() < 0.25:
        hammer.tell("wild")
    state = place.hp.state()["state"]
    take_away(place, way)
    report = hammer.end()
    wrong = judge(report)
    until("the device to go", place.gone)
    place.home()
    if way == "rmmod":
        stack.load("microneedle-usb")
    place.come_back()
    return report, way, state, wrong


class Verdicts:
    def __init__(self):
        self.passed = self.failed = 0

    def say(self, what, wrong):
        if wrong:
            self.failed += 1
            print(f"FAILED {what}: {'; '.join(map(str, wrong))}", flush=True)
        else:
            self.passed += 1


def a_blocked_reader_is_noticed(place):
    """One thread waits for what never comes: it is found, by name, and nothing else is."""
    hammer = Hammer()
    hammer.tell(f"go {place.number()} 1 blocked")
    place.pull()
    stuck = hammer.end(3)["stuck"]
    until("the device to go", place.gone)
    hammer.process.wait(LONG_S)
    place.come_back()
    readers = [text for text in stuck if text.startswith("reader") and text.endswith("in read")]
    return [] if stuck and stuck == readers else [f"told as stuck: {stuck}"]


def a_leak_is_noticed(place):
    """What is allocated for an open file is told while it is open, and not after."""
    number = place.number()
    with Device(f"/dev/microneedle{number}", os.O_RDONLY):
        during = leaks.allocated().get("mn_open", 0) + leaks.allocated().get("queue_init", 0)
    after = leaks.allocated().get("mn_open", 0) + leaks.allocated().get("queue_init", 0)
    return [] if during and not after else [f"allocated: {during} while open, {after} after"]


def treats(place):
    """After all that."""
    for _ in range(5):
        with Device(f"/dev/microneedle{place.number()}") as device:
            try:
                device.acquire(lease_ms=500)
                device.set_limits()
                if device.status().faults:
                    device.clear()
                until("a self-test", lambda: stack.Workstation.pass_self_test(device) or True)
                device.arm()
                time.sleep(0.11)
                place.hp.set("foot_switch", True)
                device.wait_state("RUNNING")
                device.wait_strokes(5)
                return []
            except (AssertionError, OSError) as error:
                last = error  # a host too busy to renew a lease in time
        place.make_ready()
    return [last]


def nothing_is_left(places):
    """All closed and off the bus: memory, nodes, modules."""
    for place in places:
        place.stop()
        until("the device to go", place.gone)
    wrong = [f"{count} objects of {name}" for name, count in leaks.allocated().items()
             if name not in REMEMBERED or count > len(places)]
    for module in ("microneedle-usb", "microneedle"):
        with open(f"/sys/module/{module.replace('-', '_')}/refcnt", encoding="ascii") as stream:
            used = int(stream.read())
        if used:
            return wrong + [f"{module} is in use by {used}"]
        stack.unload(module)
    with open("/proc/devices", encoding="ascii") as stream:
        left = [line.strip() for line in stream if "microneedle" in line]
    left += [path for path in (CLASS, "/sys/module/microneedle") if os.path.exists(path)]
    left += [name for name in os.listdir("/dev") if name.startswith("microneedle")]
    return wrong + left


def play(number, first, places, verdicts):
    total = Sum()
    hammer = Hammer()
    for seed in range(first, first + number):
        place = places[seed % len(places)]
        report, way, state, wrong = one_pull(place, hammer, seed)
        total.add(report, way, state)
        verdicts.say(f"pull {seed} ({way}, {state})", wrong)
    hammer.close()
    return total


def tell(number, total):
    cut = sum(total.cpus["cut"]) + sum(total.cpus["woken"])
    with open(os.path.join(stack.OUT, "evidence.json"), "w", encoding="utf-8") as stream:
        json.dump([{"property": "pulled on two CPUs with open, ioctl, read, poll under way: nothing "
                                "hangs, leaks or oopses",
                    "figure": f"{number} pulls, {total.total():,} calls, {cut} cut off by the pull",
                    "target": "200, none", "command": "make check-smp"}], stream)


def main():
    number, first = ([int(word) for word in sys.argv[1:]] + [200, 1][len(sys.argv) - 1:])[:2]
    began = time.monotonic()
    verdicts = Verdicts()
    stack.load_bus()
    stack.load_driver()
    places = [Place(0), Place(1)]
    for place in places:
        place.start()
    verdicts.say("a seeded reader that is never woken", a_blocked_reader_is_noticed(places[0]))
    verdicts.say("what an open file has allocated is seen", a_leak_is_noticed(places[1]))
    verdicts.say("a run in which nothing raced is noticed",
                 [] if len(Sum().wrong()) == 9 else [Sum().wrong()])
    total = play(number, first, places, verdicts)
    verdicts.say("a race", total.wrong())
    verdicts.say("every handpiece is taken that comes back", given_up())
    for place in places:
        verdicts.say("it treats after all that", treats(place))
    verdicts.say("nothing is left", nothing_is_left(places))
    print(f"{number} pulls ({dict(total.ways)}), in {dict(total.states)}; armed in {total.armed}\n"
          f"{total.table()}\n"
          f"  on each CPU: ioctls {total.cpus['ioctls']}, cut off by the pull {total.cpus['cut']}, "
          f"reads and polls that it woke {total.cpus['woken']}; on both at once {total.both} times\n"
          f"  late, plugged again: {sum(place.replugs for place in places)}; "
          f"{time.monotonic() - began:.1f} s")
    tell(number, total)
    print(f"{verdicts.passed} passed, {verdicts.failed} failed")
    return 1 if verdicts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
