#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver beside its peer in user space: peer_report.py STROKES RUN RUN RUN, without .json.

Exit status 1 if the three runs' ratios disagree, or if the needles go on under the driver although
it can act. Both checks are made on spoilt copies, too, and must find what is wrong with them.
Writes evidence.json beside STROKES.
"""

import copy
import json
import math
import os
import statistics
import sys

OURS, PEER = "driver", "libusb peer"
PARTS = {"p50": 500, "p99": 990, "p99.9": 999, "max": 1000}
# Which ratios three runs must agree on, and how well. Each run has moments of its own, spread over
# the bus's frame, so that its median is off by chance: so far do three ratios of medians get apart
# once in a thousand times, 5.06 standard deviations. The greatest are the end of the frame for any
# moments. But a cause that meets a burst of other work takes some hundred us more, on either
# side: under I/O load about one in a hundred, under fork load a few in a thousand, else one in
# thousands. Where that is the part, chance makes it: p99 under I/O load may be that far apart, and
# what is rarer is shown for each run, and bounds nothing.
FRAME_US = 125
MEDIAN, GREATEST, BURST = 0.10, 0.05, 0.25
AGREE = {"idle": ("p50", "p99", "p99.9"), "CPU load": ("p50", "p99", "p99.9"),
         "fork load": ("p50", "p99"), "I/O load": ("p50", "p99")}
# Strokes that begin: one that was under way to the host, and one while STOP is on its way back
AT_ONCE = 2
# What the driver does at once, whatever became of the program
BY_THE_DRIVER = (("program gone", "killed"), ("too deep, program gone", "stopped"),
                 ("too deep, program gone", "blocked"), ("too deep, program gone", "out-scheduled"))


def load(path):
    with open(path + ".json", encoding="ascii") as stream:
        return json.load(stream)


# ---- from cause to STOP ----

def part(samples, permille):
    """Nearest rank: a value that was really measured."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * permille // 1000) - 1)]


class Cell:
    """One condition and cause: what each run found, and the ratios."""

    def __init__(self, runs, condition, cause):
        self.greatest = BURST if condition == "I/O load" else GREATEST
        self.name = f"{condition}, {cause.replace('_', ' ')}"
        self.rounds = runs[0]["rounds"][cause]
        # Of less than 1000 the one in a thousand is the greatest
        self.parts = [name for name in AGREE[condition] if name != "p99.9" or self.rounds >= 1000]
        sides = [run["conditions"][condition][cause] for run in runs]
        self.us = {side: {name: [part(run[side], permille) / 1000 for run in sides]
                          for name, permille in PARTS.items()} for side in (OURS, PEER)}
        self.ratios = {name: [peer / ours for ours, peer in
                              zip(self.us[OURS][name], self.us[PEER][name])] for name in PARTS}

    def allowed(self, name):
        if name != "p50":
            return self.greatest
        # Of a median of moments that are even over the frame; a ratio has two of them
        deviation = FRAME_US / 2 / math.sqrt(self.rounds)
        chance = 5.06 * math.sqrt(2) * deviation / statistics.median(self.us[OURS][name])
        return min(chance, MEDIAN)

    def different(self):
        """What of it three runs do not agree on."""
        for name in self.parts:
            apart = max(self.ratios[name]) / min(self.ratios[name]) - 1
            if apart > self.allowed(name):
                yield (f"{self.name}: {name} by {apart:.1%}, "
                       f"{self.allowed(name):.1%} is allowed")

    def show(self):
        print(self.name)
        for side, values in self.us.items():
            print(f"  {side:13}" + "".join(f"{statistics.median(values[name]):>17.1f}"
                                           for name in PARTS))
        print(f"  {'ratio':13}" + "".join(
            "/".join(f"{ratio:.2f}" for ratio in self.ratios[name]).rjust(17) for name in PARTS))


def cells_of(runs):
    return [Cell(runs, condition, cause)
            for condition, causes in runs[0]["conditions"].items() for cause in causes]


def disagreements(runs):
    return [line for cell in cells_of(runs) for line in cell.different()]


def show_latency(runs):
    times = " and ".join(f"{number} ({cause.replace('_', ' ')})"
                         for cause, number in runs[0]["rounds"].items())
    print(f"""
From the cause to STOP in the handpiece, us, by the driver and by a libusb program with the same
checks. Counted time, Debian's {runs[0]['kernel']}; median of {len(runs)} runs of {times}
rounds in each condition. ratio: peer to driver, in each run.

{'':15}""" + "".join(f"{name:>17}" for name in PARTS))
    for cell in cells_of(runs):
        cell.show()
    print("""
Counted time knows no caches, no slow memory and no parallelism: handpiece, bus, driver and peer
take turns on one CPU. What else the machine does begins some milliseconds before the cause and goes
on until STOP is there. The peer has SCHED_FIFO 99, locked memory and the driver's own rules, from
the same sources; the program that uses the driver has no priority at all.""")


# ---- strokes ----

def went_on(events):
    """Where the needles went on although the driver can act."""
    for event, act in BY_THE_DRIVER:
        for side, acts in events[event].items():
            known = [value for value in acts[act] if value is not None]
            if side.startswith(OURS) and (not known or max(known) > AT_ONCE):
                yield f"{event}, {side}, {act}: {acts[act]}"


def count(samples):
    known = [value for value in samples if value is not None]
    return f"{statistics.median(known):g} ({max(known)})" if known else "-"


def show_strokes(events):
    sides = next(iter(events.values()))
    acts = next(iter(sides.values()))
    times = len(next(iter(acts.values())))
    print(f"""
Strokes made after the event, median (most) of {times}, at 100 Hz; two CPUs, the host's clock.
""")
    for event, sides in events.items():
        print(f"{event:25}" + "".join(f"{act:>15}" for act in acts))
        for side, found in sides.items():
            print(f"  {side:23}" + "".join(f"{count(found[act]):>15}" for act in acts))
    print(f"""
program gone: from that moment on. Killed, its file is closed, and the driver stops; else the
driver's lease does, of 300 ms, or of 100 if the program asks. The peer's is the handpiece's own of
100 ms, which stops as well if nobody takes its reports for 50 ms. too deep: after a stroke that is
too deep while the program cannot act, with the handpiece's own check off; - where it stopped before
it made one. At most {AT_ONCE} where the driver acts at once.""")


# ---- whether it holds ----

def is_blind(runs, events):
    """What the checks do not find in copies that were spoilt."""
    spoilt = copy.deepcopy(runs)
    for causes in spoilt[0]["conditions"].values():
        for sides in causes.values():
            sides[PEER] = [value * 2 + 1 for value in sides[PEER]]
    if len(disagreements(spoilt)) <= len(disagreements(runs)):
        yield "a run with twice the ratio is not seen"
    for event, act in BY_THE_DRIVER:
        spoilt = copy.deepcopy(events)
        spoilt[event][OURS][act] = [0, AT_ONCE + 1]
        if not any(line.startswith(f"{event}, {OURS}, {act}") for line in went_on(spoilt)):
            yield f"needles that go on are not seen: {event}, {act}"


def span(cells, name):
    """The least and the greatest of all conditions, each the median of its runs."""
    ratios = [statistics.median(cell.ratios[name]) for cell in cells]
    return f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else "too few rounds to tell"


def write_evidence(runs, events, path):
    cells = cells_of(runs)
    most = {side: max((value for found in events["too deep, program gone"][side].values()
                       for value in found if value is not None), default=0)
            for side in (OURS, PEER)}
    rare = [cell for cell in cells if "p99.9" in cell.parts]
    same = "three runs agree"
    lines = [
        ("cause to STOP, a libusb program with the same checks to the driver: p50, all conditions",
         span(cells, "p50"), same),
        ("the same, p99", span(cells, "p99"), same),
        ("the same, p99.9, one too deep, idle and under CPU load", span(rare, "p99.9"), same),
        ("strokes after one too deep, the program killed, stopped, blocked or out-scheduled",
         f"driver at most {most[OURS]}, libusb program {most[PEER]}",
         f"driver at most {AT_ONCE}")]
    with open(path, "w", encoding="ascii") as stream:
        json.dump([{"property": what, "figure": figure, "target": target, "command": "make bench"}
                   for what, figure, target in lines], stream, indent=1)


def main(strokes_path, *paths):
    runs = [load(path) for path in paths]
    events = load(strokes_path)["events"]
    show_latency(runs)
    wrong = [f"The ratios are DIFFERENT: {line}" for line in disagreements(runs)]
    show_strokes(events)
    wrong += [f"The needles WENT ON under the driver: {line}" for line in went_on(events)]
    wrong += [f"The check is BLIND: {line}" for line in is_blind(runs, events)]
    print("\n".join(wrong) if wrong else (
        f"{len(runs)} runs gave the same ratios: " + "; ".join(
            f"{condition}, {', '.join(parts)}" for condition, parts in AGREE.items()) + "."))
    write_evidence(runs, events, os.path.join(os.path.dirname(strokes_path), "evidence.json"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
