#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of what was measured, and whether it holds: report.py rpc FILE, report.py latency FILE FILE.

Exit status 1 if three runs disagree, or if a stop waited for anything but the bus.
"""

import json
import statistics
import sys

OURS = "microneedled, device.status"
ECHO = "bare libevent echo"
# Three runs are the same if their medians are as close as this. What is left of a difference is the
# simulated bus: its frames begin anywhere in a round trip.
SAME = 0.002

SERVICE_NS = 125000     # of a high-speed interrupt endpoint
CLOCK_NS = 1000         # virtual time: a clock that is read, some times


def load(path):
    with open(path, encoding="ascii") as stream:
        return json.load(stream)


# ---- round trips ----

def middle(runs, condition, server, key):
    return statistics.median_low(run[condition][server][key] for run in runs)


def spread(runs, condition, server):
    medians = [run[condition][server]["p50_ns"] for run in runs]
    return (max(medians) - min(medians)) / min(medians)


def rpc(path):
    found = load(path)
    runs = found["runs"]
    print(f"\nRound trips over a socket, counted time (one instruction is one ns), Debian's {found['kernel']},")
    print(f"{len(runs)} runs of {found['rounds']} round trips after warm-up, one client. ns.\n")
    print(f"{'':32}{'bytes':>7}{'p50':>9}{'p99':>9}{'x echo':>8}   p50 of each run")
    worst = 0.0
    for condition in runs[0]:
        print(condition)
        bare = middle(runs, condition, ECHO, "p50_ns")
        for server, figures in runs[0][condition].items():
            p50 = middle(runs, condition, server, "p50_ns")
            p99 = middle(runs, condition, server, "p99_ns")
            each = "  ".join(f"{run[condition][server]['p50_ns']}" for run in runs)
            print(f"  {server:30}{figures['answer_bytes']:>7}{p50:>9}{p99:>9}{p50 / bare:>8.2f}   {each}")
            worst = max(worst, spread(runs, condition, server))
    verdict = "the same medians" if worst <= SAME else "DIFFERENT medians"
    print(f"\n{len(runs)} runs print {verdict}: they differ by {worst:.2%} at most ({SAME:.1%} is allowed).")
    print("""Echo, memcached's value and device.status have the same bytes. The simulated bus is in all rows: its
timer takes about 8 us of every 125, which no real bus does. Counted time knows no caches, no memory that is
slow, and no parallelism: client and server take turns on one CPU. Compare rows, and runs of one row; on a
real machine all are faster, by factors that differ.""")
    return 0 if worst <= SAME else 1


# ---- from cause to STOP ----

def microseconds(nanoseconds):
    return f"{nanoseconds / 1000:.1f}"


def services(where):
    """How often the bus must serve: the news is brought, and STOP is taken."""
    return 2 if where == "handpiece" else 1


def limit_ns(where):
    return services(where) * (SERVICE_NS + CLOCK_NS)


def waited(where, sample):
    """Whether anything but the bus was waited for, in virtual time."""
    decided, stopped = sample
    news = limit_ns(where) - SERVICE_NS - CLOCK_NS
    return not 0 <= decided <= news + CLOCK_NS or not 0 < stopped - decided <= SERVICE_NS + CLOCK_NS


def latency(*paths):
    virtual, counted = (load(path) for path in paths)
    moments = [len(next(iter(found["causes"].values()))["samples"]) for found in (virtual, counted)]
    print("\nFrom the cause to STOP in the handpiece, as the handpiece stamps it. us; the greatest of "
          f"{moments[0]} moments")
    print(f"(counted time: {moments[1]}) spread over the bus's frame, in counted time the median too.\n")
    print(f"{'':29}{'bare':>8}   {'virtual time':27}{'counted time':27}")
    print(f"{'cause':29}{'limit':>8}   {'decided':>8}{'to STOP':>9}{'all':>8}"
          f"  {'decided':>8}{'median':>9}{'all':>8}")
    late = []
    for name, row in virtual["causes"].items():
        free, paid = row["samples"], counted["causes"][name]["samples"]
        print(f"{name:29}{microseconds(limit_ns(row['where'])):>8}   "
              f"{microseconds(max(decided for decided, _ in free)):>8}"
              f"{microseconds(max(stopped - decided for decided, stopped in free)):>9}"
              f"{microseconds(max(stopped for _, stopped in free)):>8}  "
              f"{microseconds(max(decided for decided, _ in paid)):>8}"
              f"{microseconds(statistics.median(stopped for _, stopped in paid)):>9}"
              f"{microseconds(max(stopped for _, stopped in paid)):>8}")
        late += [name for sample in free if waited(row["where"], sample)]
    print("""
decided: from the cause to the driver's decision; all: from the cause to STOP. The bare limit is one bus service
of 125 us for STOP, one more before it where the handpiece has to tell the cause, and 1 us for reading clocks
with each. No stroke was begun after STOP had arrived.""")
    if late:
        print(f"A stop WAITED for something else than the bus: {', '.join(dict.fromkeys(late))}.")
    else:
        print("Virtual time: every STOP left in the next bus service. That shows that no wait is added, from")
        print("decision to wire nor before; it says nothing of what the CPU has to do.")
    print("Counted time has that in it, one instruction to the nanosecond, the simulated bus and handpiece too, on the")
    print("same CPU; it knows no caches and no parallelism.")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit({"rpc": rpc, "latency": latency}[sys.argv[1]](*sys.argv[2:]))
