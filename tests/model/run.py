#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Walk through each view of the rules, and have each invariant find its mistake: run.py BUILD [--write]"""

import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys

from seeds import SEEDS

BUILD = sys.argv[1]
FOLDER = os.path.join(BUILD, "model")
LISTED = "tests/model/transitions"
FOUND = re.compile(r"^(\d+) states, (\d+) steps, (\d+) cut off$", re.M)


class Tally:
    """What passed and what failed, told as it goes."""

    def __init__(self):
        self.passed = self.failed = 0

    def note(self, good, text):
        self.passed += bool(good)
        self.failed += not good
        print(("ok      " if good else "FAILED  ") + text, flush=True)


def explore(program, view, taken, *invariant):
    return subprocess.run([program, view, taken, *invariant], stdout=subprocess.PIPE, text=True,
                          check=False)


def walk(view):
    """A view's run, and the transitions that it took."""
    taken = os.path.join(FOLDER, f"{view}.taken")
    done = explore(os.path.join(FOLDER, "explore"), view, taken)
    with open(taken, encoding="ascii") as stream:
        return done, set(stream.read().splitlines())


def with_mistake(name):
    """The program with an invariant's mistake in the rules; why not, if it can't be made."""
    _, source, found, instead = SEEDS[name]
    folder = os.path.join(FOLDER, "seeds", name)
    os.makedirs(folder)
    for path in glob.glob("driver/safety*.[ch]"):
        shutil.copy(path, folder)
    path = os.path.join(folder, source)
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    if text.count(found) != 1:
        return None, f"what it replaces stands {text.count(found)} times in {source}"
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text.replace(found, instead))
    built = subprocess.run(
        ["make", "--no-print-directory", "-s", "-f", "tests/model/model.mk", "model",
         f"BUILD={BUILD}", f"MODEL={folder}", f"RULES_FROM={folder}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if built.returncode:
        return None, f"it does not compile: {built.stdout}"
    return os.path.join(folder, "explore"), None


def catches(name):
    """Why an invariant does not notice its mistake; None if it does."""
    if name not in SEEDS:
        return "it has no mistake to notice"
    program, why_not = with_mistake(name)
    if not program:
        return why_not
    done = explore(program, SEEDS[name][0], os.path.join(os.path.dirname(program), "taken"), name)
    if done.returncode != 1 or done.stdout.splitlines()[-1] != name:
        return f"it does not notice: {done.stdout}"
    return None


def listed():
    """The transitions that are to be taken, and no others."""
    with open(LISTED, encoding="ascii") as stream:
        return {line for line in stream.read().splitlines() if line and not line.startswith("#")}


def write(taken):
    with open(LISTED, encoding="ascii") as stream:
        head = [line for line in stream.read().splitlines() if line.startswith("#")]
    with open(LISTED, "w", encoding="ascii") as stream:
        stream.write("\n".join(head + sorted(taken)) + "\n")


def walk_all(pool, views, tally):
    """States, steps, transitions of all views together."""
    states = steps = 0
    taken = set()
    for (view, least), (done, took) in zip(views, pool.map(walk, [view for view, _ in views])):
        found = FOUND.search(done.stdout)
        good = found and not done.returncode and int(found.group(1)) >= int(least)
        tally.note(good, f"{view}: " + (done.stdout.strip() if found else "it broke off") +
                   ("" if good else f" (status {done.returncode}, at least {least} states)"))
        if found:
            states += int(found.group(1))
            steps += int(found.group(2))
        taken |= took
    return states, steps, taken


def main():
    shutil.rmtree(os.path.join(FOLDER, "seeds"), ignore_errors=True)
    lists = [line.split(" ", 2) for line in subprocess.run(
        [os.path.join(FOLDER, "explore"), "--list"], check=True, stdout=subprocess.PIPE,
        text=True).stdout.splitlines()]
    views = [(name, least) for kind, name, least in lists if kind == "view"]
    invariants = [(name, says) for kind, name, says in lists if kind == "invariant"]
    tally = Tally()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        states, steps, taken = walk_all(pool, views, tally)
        if "--write" in sys.argv:
            write(taken)
        wrong = [f"never taken: {line}" for line in sorted(listed() - taken)]
        wrong += [f"not listed: {line}" for line in sorted(taken - listed())]
        tally.note(not wrong, f"{len(listed())} transitions" + "".join(f"\n  {w}" for w in wrong))
        caught = 0
        for (name, says), why_not in zip(invariants,
                                         pool.map(catches, [name for name, _ in invariants])):
            tally.note(not why_not, f"{says} ({name})" + (f": {why_not}" if why_not else ""))
            caught += not why_not
    for name in SEEDS.keys() - dict(invariants).keys():
        tally.note(False, f"a mistake for {name}, which is no invariant")
    figure = (f"{len(invariants)} invariants in {states:,} states and {steps:,} steps; {caught} of "
              f"{len(SEEDS)} seeded mistakes found")
    with open(os.path.join(FOLDER, "evidence.json"), "w", encoding="utf-8") as stream:
        json.dump([{"property": "no order of events leads the rules where they must not be",
                    "figure": figure, "target": "none broken, all found",
                    "command": "make check-model"}], stream)
    print(f"{states:,} states, {steps:,} steps, {len(taken)} transitions, {len(invariants)} invariants")
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
