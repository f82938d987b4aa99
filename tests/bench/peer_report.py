#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver beside its peer in user space: peer_report.py STROKES RUN RUN RUN, without .json.

Exit status 1 if the three runs' ratios disagree, or if the needles go on under the driver although
it can act. Writes evidence.json beside STROKES.
"""

import json
import os
import statistics
import sys

OURS, PEER = "driver", "libusb peer"
PARTS = {"p50": 500, "p99": 990, "p99.9": 999, "max": 1000}
# How far apart the ratios of three runs may be. Each run has moments of its own; what is measured
# comes in steps of the bus's frame, 125 us, and the rarest ones are few.
SAME = {"p50": 0.10, "p99": 0.25, "p99.9": 1.0, "max": 2.0}
# Begun when the driver was told: one that was under way, and one while STOP is on its way
AT_ONCE = 2
# What the driver does by itself, whatever became of the program
BY_THE_DRIVER = (("program gone", "killed"), ("too deep, program gone", "stopped"),
                 ("too deep, program gone", "blocked"), ("too deep, program gone", "out-scheduled"))


def load(path):
    with open(path + ".json", encoding="ascii") as stream:
        return json.load(stream)


def part(samples, permille):
    """Nearest rank: a value that was really measured."""
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * permille // 1000) - 1)]


def figures(runs, condition, cause, side):
    """For each part the value of each run, us."""
    return {name: [part(run["conditions"][condition][cause][side], permille) / 1000
                   for run in runs] for name, permille in PARTS.items()}


def ratios(ours, peers):
    return {name: [peer / our for our, peer in zip(ours[name], peers[name])] for name in PARTS}


def apart(values):
    return max(values) / min(values) - 1


def row(name, values):
    return f"  {name:14}" + "".join(f"{statistics.median(values[part]):>9.1f}" for part in PARTS)


def ratio_row(values):
    return f"  {'ratio':14}" + "".join(
        "  " + "/".join(f"{value:.2f}" for value in values[part]).rjust(16) for part in PARTS)


def latency(runs):
    """The table; {part: the ratio of each condition and cause}, and those that do not repeat."""
    times = " and ".join(f"{number} ({cause.replace('_', ' ')})"
                         for cause, number in runs[0]["rounds"].items())
    print(f"""
From the cause to STOP in the handpiece, us, by the driver and by a libusb program with the same
checks. Counted time, Debian's {runs[0]['kernel']}; median of {len(runs)} runs of {times} rounds in
each condition. ratio: peer to driver, in each run.
""")
    print(" " * 16 + "".join(f"{part:>9}" for part in PARTS))
    found = {name: [] for name in PARTS}
    different = []
    for condition, causes in runs[0]["conditions"].items():
        for cause in causes:
            ours, peers = (figures(runs, condition, cause, side) for side in (OURS, PEER))
            factors = ratios(ours, peers)
            print(f"{condition}, {cause.replace('_', ' ')}")
            print(row(OURS, ours))
            print(row(PEER, peers))
            print(ratio_row(factors))
            for name in PARTS:
                found[name].append(statistics.median(factors[name]))
                if apart(factors[name]) > SAME[name]:
                    different.append(f"{condition}, {cause}, {name}: {apart(factors[name]):.0%}")
    return found, different


def count(samples):
    known = [value for value in samples if value is not None]
    if not known:
        return "none told"
    return f"{statistics.median(known):g} ({max(known)})"


def strokes(found):
    """The table; what goes on although the driver can act."""
    times = len(next(iter(next(iter(next(iter(found["events"].values())).values())).values())))
    print(f"""
Strokes made after the event, median (most) of {times}, 100 Hz; two CPUs, the host's clock.
""")
    wrong = []
    for event, sides in found["events"].items():
        print(f"{event:24}" + "".join(f"{act:>18}" for act in next(iter(sides.values()))))
        for side, acts in sides.items():
            print(f"  {side:22}" + "".join(f"{count(samples):>18}" for samples in acts.values()))
            for act, samples in acts.items():
                if side.startswith(OURS) and (event, act) in BY_THE_DRIVER and (
                        None in samples or max(samples) > AT_ONCE):
                    wrong.append(f"{event}, {side}, {act}: {samples}")
    return wrong


def span(values):
    return f"{min(values):.2f} to {max(values):.2f}"


def evidence(found, counted, path):
    deep = counted["events"]["too deep, program gone"]
    worst = {side: max(value for act in acts.values() for value in act if value is not None)
             for side, acts in deep.items()}
    lines = [
        {"property": "cause to STOP, a libusb program with the same checks to the driver, p50",
         "figure": f"{span(found['p50'])} times", "target": "told, and repeats"},
        {"property": "the same, p99.9",
         "figure": f"{span(found['p99.9'])} times", "target": "told, and repeats"},
        {"property": "strokes after one too deep, program stopped, blocked or out-scheduled",
         "figure": f"driver {worst[OURS]}, libusb program {worst[PEER]}",
         "target": f"driver at most {AT_ONCE}"}]
    for line in lines:
        line["command"] = "make bench"
    with open(path, "w", encoding="ascii") as stream:
        json.dump(lines, stream, indent=1)


def main(strokes_path, *paths):
    runs = [load(path) for path in paths]
    counted = load(strokes_path)
    found, different = latency(runs)
    print("""
Counted time knows no caches, no slow memory and no parallelism: handpiece, bus, driver and peer
take turns on one CPU. The burden runs from some milliseconds before the cause until STOP is there.
The peer has SCHED_FIFO 99, locked memory and the same rules, compiled from the
driver's sources; the driver's program has no priority at all.""")
    for line in different:
        print(f"The ratios of the runs are DIFFERENT: {line}")
    wrong = strokes(counted)
    print(f"""
program gone: from that moment on. Killed, the driver stops; else its lease does (300 ms, or 100 if
the program asks), and the peer's is the handpiece's own of 100 ms, which also stops if nobody
takes its reports for 50 ms. too deep: after the first stroke that is too deep while the program
cannot act, with the handpiece's own check off. At most {AT_ONCE} where the driver acts.""")
    for line in wrong:
        print(f"The needles WENT ON under the driver: {line}")
    evidence(found, counted, os.path.join(os.path.dirname(strokes_path), "evidence.json"))
    failed = len(different) + len(wrong)
    cells = len(PARTS) * len(found["p50"]) + 2 * len(BY_THE_DRIVER)
    print(f"{cells - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
