#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Explore the model with SPIN: judge.py FOLDER, for what is made and found.

First as it is, where every property must hold; then with each bug of SEEDS, which must break the property that is
named with it. Ends with "N passed, N failed"; writes evidence.json.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
FOLDER = Path(sys.argv[1]).resolve()

# All of it takes less than a minute on an idle machine; a search that takes longer than this has gone wrong.
LONGEST_S = 600

# The searches of the model as it is, the slow ones first: options of the model, and the property if it is LTL.
CLEAN = {
    "every statement, blows": ("-Dd_step=atomic -DWITH_DELAYED_STATUS -DEVENTS=2 -DLOSSES=0 -DBLOWS=1", None),
    "every statement, losses": ("-Dd_step=atomic -DEVENTS=2 -DLOSSES=1 -DBLOWS=0", None),
    "losses": ("-DEVENTS=3 -DLOSSES=2 -DBLOWS=0", None),
    "statuses that are late": ("-DWITH_DELAYED_STATUS -DEVENTS=2 -DLOSSES=1 -DBLOWS=0", None),
    "unplugged, restarted, dead, wrong": ("-DEVENTS=2 -DLOSSES=1 -DBLOWS=1", None),
    "two such blows": ("-DEVENTS=1 -DLOSSES=0 -DBLOWS=2", None),
    "gate_returns": ("-DLIVE -DONLY=WINDOW -DEVENTS=1 -DLOSSES=1 -DBLOWS=1", "gate_returns"),
    "every_stop_stops": ("-DLIVE -DONLY=WINDOW -DEVENTS=2 -DLOSSES=0 -DBLOWS=1", "every_stop_stops"),
    "every_stop_is_told": ("-DLIVE -DONLY=WINDOW -DEVENTS=3 -DLOSSES=2 -DBLOWS=0", "every_stop_is_told"),
}

# Bugs, the property that each breaks, and bounds within which it does.
SEEDS = (
    ("TOO_FEW_EPOCHS", "WINDOW", "-DEVENTS=3 -DLOSSES=2 -DBLOWS=1"),
    ("EPOCH_NOT_COMPARED", "OLD_START_STAYS_OUT", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("REBOOT_FORGOTTEN", "REBOOTED_WAITS", "-DEVENTS=2 -DLOSSES=0 -DBLOWS=1"),
    ("START_WITHOUT_LEASE", "LEASE_BOUNDS_MOTOR", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("LEASE_NEVER_LAPSES", "LEASE_BOUNDS_MOTOR", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("LEASE_OF_ANY_EPOCH", "STOP_TAKES_HOLD", "-DEVENTS=3 -DLOSSES=1 -DBLOWS=0"),
    ("CONFIRMED_WHILE_MOVING", "CONFIRMED_IS_HOME", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("NO_RECHECK", "OVERTAKEN_IS_STOPPED", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("UNKNOWN_IS_NOT_GIVEN", "TURNING_IS_KNOWN", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("HOME_OF_ANY_EPOCH", "SAFE_IS_HOME", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("CLEARED_UNHEARD", "SAFE_IS_HOME", "-DEVENTS=3 -DLOSSES=1 -DBLOWS=0"),
    ("CLAIM_IGNORED", "NEWEST_IS_OBEYED", "-DEVENTS=2 -DLOSSES=0 -DBLOWS=1"),
    ("PROBE_FORGETS_EPOCH", "NEWEST_IS_OBEYED", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("UNSIGNED_HANDPIECE", "NEWEST_IS_OBEYED", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("UNSIGNED_CORE", "NEWEST_IS_OBEYED", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
    ("LEASE_NEVER_LAPSES", "every_stop_stops", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=1"),
    ("NO_TIMEOUT", "gate_returns", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=1"),
    ("NO_RETRY", "every_stop_is_told", "-DEVENTS=2 -DLOSSES=1 -DBLOWS=0"),
)


@dataclass
class Found:
    """What a search has come to."""

    states: int
    complete: bool
    error: str
    output: str


def model():
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.pml")))


def run(argv, folder, **more):
    return subprocess.run(argv, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, timeout=LONGEST_S, **more)


def trail(folder, options):
    """The way to what was found, in words."""
    told = run(["spin", *options, "-p", "-g", "-k", "protocol.pml.trail", str(HERE / "protocol.pml")], folder)
    (folder / "trail.txt").write_text(told.stdout, encoding="utf-8")


def search(name, options, ltl, optimise):
    """Generate, compile and run SPIN's verifier: an exhaustive search, up to the first error."""
    folder = FOLDER / re.sub(r"\W+", "-", name)
    folder.mkdir()
    options = options.split()
    how = ["-DNFAIR=4"] if ltl else ["-DSAFETY", "-DNOCLAIM"]
    for argv in (["spin", *options, "-a", str(HERE / "protocol.pml")],
                 ["gcc", optimise, "-w", *how, "-DMEMLIM=6000", "-o", "pan", "pan.c"]):
        done = run(argv, folder)
        if done.returncode:
            return Found(0, False, "not built", done.stdout)
    fair = ["-a", "-f", "-N", ltl] if ltl else []
    done = run(["./pan", "-m200000", "-w22", *fair], folder)
    (folder / "pan.txt").write_text(done.stdout, encoding="utf-8")
    states = re.search(r"(\d+) states, stored", done.stdout)
    errors = re.search(r"errors: (\d+)", done.stdout)
    error = re.search(r"^pan:\d+: (.*)", done.stdout, re.MULTILINE)
    if any(folder.glob("*.trail")):
        trail(folder, options)
    complete = bool(errors) and errors.group(1) == "0" and not done.returncode and not re.search(
        r"not completed|too small|out of memory", done.stdout)
    return Found(int(states.group(1)) if states else 0, complete, error.group(1) if error else "", done.stdout)


def out_of_reach(name, found):
    """The model's lines with a statement that was nowhere reached; that a process ends never is."""
    lines = {}
    process = None
    for line in (FOLDER / re.sub(r"\W+", "-", name) / "pan.m").read_text(encoding="utf-8").splitlines():
        process = (re.findall(r"/\* PROC (\w+) \*/", line) or [process])[0]
        for state, path, number in re.findall(r"// STATE (\d+) - (\S+):(\d+) - \[", line):
            lines.setdefault(f"{Path(path).name}:{number}", set()).add((process, state))
    unreached = set()
    for line in found.output.splitlines():
        process = (re.findall(r"^unreached in proctype (\w+)", line) or [process])[0]
        unreached |= {(process, state) for state in re.findall(r'^\t\S+:\d+, state (\d+), "(?!-end-)', line)}
    return {line for line, states in lines.items() if states <= unreached}, len(lines)


def properties():
    """The names of the model's properties, as the model has them."""
    text = model()
    return re.findall(r"^#define (\w+)\t+\d+$(?=(?:(?!\n\n)[\s\S])*\n\n#ifndef ONLY)", text, re.MULTILINE) + \
        re.findall(r"^ltl (\w+)", text, re.MULTILINE)


def missing_links():
    """Functions that the model says it abstracts and that are gone, or are none of that file's."""
    missing = []
    links = sorted(set(re.findall(r"code: (\S+) (\w+)", model())))
    for path, name in links:
        code = (TOP / path).read_text(encoding="utf-8") if (TOP / path).is_file() else ""
        if not re.search(rf"^(?![ \t#*])[^;=]*?\b{name}\([^;]*?\)[^;{{]*\{{", code, re.MULTILINE):
            missing.append(f"{path} has no function {name}()")
    return links, missing


class Tally:
    """What passed and what failed, told as it goes."""

    def __init__(self):
        self.passed = self.failed = 0

    def tell(self, good, what, why=""):
        print(f"{'ok    ' if good else 'FAILED'}  {what}" + ("" if good else f": {why}"), flush=True)
        self.passed += good
        self.failed += not good


def judge_seed(name, prop, found):
    """Why the seeded bug does not count as found, if so."""
    if not found.error or found.complete:
        return f"not found in {found.states} states"
    if prop.isupper() and "assertion violated" in found.error:
        return ""
    if prop.islower() and "acceptance cycle" in found.error:
        return ""
    return f"found something else: {found.error}"


def main():
    tally = Tally()
    links, missing = missing_links()
    tally.tell(len(links) > 20 and not missing, f"{len(links)} functions of the code that the model abstracts are there",
               "; ".join(missing))
    names = properties()
    bare = [name for name in names if name not in {prop for _, prop, _ in SEEDS}]
    unused = set(re.findall(r"\bSEED_(\w+)", model())) ^ {seed for seed, _, _ in SEEDS}
    tally.tell(len(names) > 8 and not bare and not unused, f"each of {len(names)} properties has a bug that breaks it",
               " ".join([*bare, *sorted(unused)]))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        clean = {name: pool.submit(search, name, options, ltl, "-O2")
                 for name, (options, ltl) in CLEAN.items()}
        seeds = [(seed, prop, pool.submit(
            search, f"{seed} {prop}", f"-DSEED_{seed} {bounds} " + ("-DLIVE -DONLY=WINDOW" if prop.islower() else f"-DONLY={prop}"),
            prop if prop.islower() else None, "-O1")) for seed, prop, bounds in SEEDS]
        states = 0
        for name, future in clean.items():
            found = future.result()
            states += found.states
            tally.tell(found.complete, f"{name}: {found.states:,} states, all properties hold" if not CLEAN[name][1]
                       else f"{name}: {found.states:,} states", found.error or found.output[-2000:])
        reach = [out_of_reach(name, clean[name].result()) for name in CLEAN if "atomic" in CLEAN[name][0]]
        nowhere = set.intersection(*(lines for lines, _ in reach))
        tally.tell(not nowhere and min(count for _, count in reach) > 100, "every line of the model is reached",
                   ", ".join(sorted(nowhere)))
        found_bugs = 0
        for seed, prop, future in seeds:
            found = future.result()
            why = judge_seed(seed, prop, found)
            found_bugs += not why
            tally.tell(not why, f"{seed} breaks {prop}", why)
    figure = (f"{len(names)} properties, {states:,} states, {found_bugs} of {len(SEEDS)} seeded bugs found")
    print(figure)
    (FOLDER / "evidence.json").write_text(json.dumps([{
        "property": "stop, start, epoch and lease hold under loss, delay, reordering (SPIN)",
        "figure": figure, "target": "all", "command": "make check-spin"}]), encoding="utf-8")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
