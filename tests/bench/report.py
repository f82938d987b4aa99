#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables of what was measured, and whether it holds: report.py rpc NAME | latency NAME NAME.

Exit status 1 if three runs disagree, or if a stop waited for anything but the bus.
"""

import json
import statistics
import sys

ECHO = "bare libevent echo"
# Three runs are the same if their medians are as close as this. What is left of a difference is the
# simulated bus, whose frames begin anywhere in a round trip.
SAME = 0.002

SERVICE_NS = 125000     # of a high-speed interrupt endpoint
CLOCK_NS = 1000         # virtual time: a clock that is read, some times


def load(path):
    with open(path + ".json", encoding="ascii") as stream:
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
    print(f"""
Round trips over a socket, ns. Counted time: one instruction is one ns. Debian's {found['kernel']},
{len(runs)} runs of {found['rounds']} round trips after warm-up, one client.

{'':30}{'bytes':>6}{'p50':>8}{'p99':>8}{'x echo':>8}   p50 of each run""")
    worst = 0.0
    for condition in runs[0]:
        print(condition)
        bare = middle(runs, condition, ECHO, "p50_ns")
        for server, figures in runs[0][condition].items():
            p50 = middle(runs, condition, server, "p50_ns")
            p99 = middle(runs, condition, server, "p99_ns")
            each = " ".join(f"{run[condition][server]['p50_ns']:>7}" for run in runs)
            print(f"  {server:28}{figures['answer_bytes']:>6}{p50:>8}{p99:>8}{p50 / bare:>8.1f}  "
                  f"{each}")
            worst = max(worst, spread(runs, condition, server))
    verdict = "the same medians, to" if worst <= SAME else "DIFFERENT medians, by"
    print(f"""
{len(runs)} runs gave {verdict} {worst:.2%} ({SAME:.1%} is allowed).
Echo, memcached's value and device.status have the same bytes. The work of the simulated bus, which
no real one makes for the CPU, is in all rows. Counted time knows no caches, no slow memory and no
parallelism: client and server take turns on one CPU. Compare rows with each other; a real machine
is faster, and not by the same factor in each.""")
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
    return (not 0 <= decided <= news + CLOCK_NS or
            not 0 < stopped - decided <= SERVICE_NS + CLOCK_NS)


def row(name, where, free, paid):
    """One cause: the greatest of virtual time; the greatest and the median of counted time."""
    virtual = (max(decided for decided, _ in free),
               max(stopped - decided for decided, stopped in free),
               max(stopped for _, stopped in free))
    counted = (max(decided for decided, _ in paid),
               statistics.median(stopped for _, stopped in paid),
               max(stopped for _, stopped in paid))
    return (f"{name:28}{microseconds(limit_ns(where)):>8}  " +
            "".join(f"{microseconds(value):>9}" for value in virtual) + "  " +
            "".join(f"{microseconds(value):>9}" for value in counted))


def latency(*paths):
    virtual, counted = (load(path)["causes"] for path in paths)
    many, few = (len(causes["stop ioctl"]["samples"]) for causes in (virtual, counted))
    print(f"""
From the cause to STOP in the handpiece, as the handpiece stamps it, us. The greatest of {many}
moments spread over the bus's frame in virtual time, of {few} in counted time (and the median).

{'':28}{'bare':>8}  {'virtual time':>27}  {'counted time':>27}
{'cause':28}{'limit':>8}  {'decided':>9}{'to STOP':>9}{'all':>9}\
  {'decided':>9}{'median':>9}{'all':>9}""")
    late = {}
    for name, cause in virtual.items():
        print(row(name, cause["where"], cause["samples"], counted[name]["samples"]))
        if any(waited(cause["where"], sample) for sample in cause["samples"]):
            late[name] = True
    print("""
decided: from the cause to the driver's decision; to STOP: from there to the handpiece; all: both.
The bare limit is one bus service of 125 us for STOP, and one more before it where the handpiece
has to tell the cause, with 1 us for reading clocks in each. No stroke began after STOP came.""")
    if late:
        print(f"A stop WAITED for something else than the bus: {', '.join(late)}.")
    else:
        print("""Virtual time: every STOP left in the next bus service. That shows that no wait is
added; it says nothing of what the CPU has to do, which costs no time there.""")
    print("""Counted time has it, an instruction to the nanosecond, with the simulated bus and
handpiece on the same CPU. It knows no caches and no parallelism, and bounds nothing here.""")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit({"rpc": rpc, "latency": latency}[sys.argv[1]](*sys.argv[2:]))
