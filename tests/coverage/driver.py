#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Add up what the driver's modules counted: driver.py FOLDER [PART THAT FAILED...]

Lines and branches are gcc's: a macro's branches are those of the line that uses it. Ends with
"N passed, N failed"; writes evidence.json and unreached.
"""

import collections
import glob
import json
import os
import subprocess
import sys

PARTS = ("kunit", "usb", "gpio")
# Just below what was measured: less is a test that was lost
FLOOR = {"lines": 0.94, "branches": 0.80}
# What loads no module of a transport cannot have called this, and what tests it must have
CALLED = {"mn_usb_probe": "usb", "mn_gpio_probe": "gpio", "mn_core_init": "kunit"}


def gcov(folder, part, unit):
    """What gcov says of one object, or nothing if it was never loaded."""
    data = os.path.join(folder, part, "counts", f"{unit}.gcda")
    if not os.path.exists(data):
        return []
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", data],
                          cwd=os.path.dirname(data), check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)["files"]


class Source:
    """One file: how often each line and each branch was taken."""

    def __init__(self):
        self.lines = collections.Counter()
        self.branches = collections.Counter()

    def add(self, lines):
        # The same line may be there more than once: of a function that was copied
        seen = collections.Counter()
        for line in lines:
            number = line["line_number"]
            self.lines[number] += line["count"]
            for branch in line["branches"]:
                self.branches[number, seen[number]] += branch["count"]
                seen[number] += 1

    def figures(self):
        return {kind: (sum(count > 0 for count in counts.values()), len(counts))
                for kind, counts in (("lines", self.lines), ("branches", self.branches))}

    def unreached(self):
        return sorted(number for number, count in self.lines.items() if not count)


def is_measured(path):
    """The rules have figures of their own."""
    folder, name = os.path.split(path)
    return (os.path.basename(folder) == "driver" and name.endswith(".c") and
            not name.startswith("safety"))


def read(folder):
    """Sources by name, and how often each function was called in each part."""
    sources = collections.defaultdict(Source)
    calls = {part: collections.Counter() for part in PARTS}
    for note in sorted(glob.glob(f"{folder}/modules/src/driver/*.gcno") +
                       glob.glob(f"{folder}/modules/src/tests/kunit/*.gcno")):
        unit = os.path.basename(note).removesuffix(".gcno")
        for part in PARTS:
            counts = os.path.join(folder, part, "counts")
            if os.path.exists(os.path.join(counts, f"{unit}.gcda")):
                with open(note, "rb") as stream, open(f"{counts}/{unit}.gcno", "wb") as copy:
                    copy.write(stream.read())
            for file in gcov(folder, part, unit):
                if not is_measured(file["file"]):
                    continue
                sources[os.path.basename(file["file"])].add(file["lines"])
                for function in file["functions"]:
                    calls[part][function["name"]] += function["execution_count"]
    return sources, calls


def implausible(calls):
    """Counts that cannot be."""
    wrong = []
    for function, home in CALLED.items():
        for part in PARTS:
            # The core is part of every one
            expected = part == home or home == "kunit"
            if bool(calls[part][function]) != expected:
                wrong.append(f"{function} was called {calls[part][function]} times in {part}")
    return wrong


def text(figures):
    return "".join(f"{done}/{of}".rjust(12) for done, of in figures.values())


def main():
    folder, failed = sys.argv[1], sys.argv[2:]
    wrong = [f"tests of {part} failed: see {folder}/{part}/log" for part in failed]
    sources, calls = read(folder)
    wrong += implausible(calls)
    wrong += [f"{os.path.basename(path)} was not measured" for path in glob.glob("driver/*.c")
              if is_measured(path) and os.path.basename(path) not in sources]
    total = {"lines": [0, 0], "branches": [0, 0]}
    print(f"{'':22}{'lines':>12}{'branches':>12}")
    with open(os.path.join(folder, "unreached"), "w", encoding="utf-8") as unreached:
        for name, source in sorted(sources.items()):
            figures = source.figures()
            print(f"{name:22}{text(figures)}")
            for kind, both in figures.items():
                total[kind] = [a + b for a, b in zip(total[kind], both)]
            with open(f"driver/{name}", encoding="utf-8") as stream:
                code = stream.read().splitlines()
            for number in source.unreached():
                unreached.write(f"driver/{name}:{number}: {code[number - 1].strip()}\n")
    print(f"{'all':22}{text(total)}")
    wrong += [f"{kind}: {done} of {of} reached, less than {FLOOR[kind]:.0%}"
              for kind, (done, of) in total.items() if not of or done / of < FLOOR[kind]]
    for line in wrong:
        print(line)
    with open(os.path.join(folder, "evidence.json"), "w", encoding="utf-8") as stream:
        json.dump([{"property": "lines and branches of the rest of the driver that its tests reach",
                    "figure": "{} of {} lines, {} of {} branches".format(*total["lines"],
                                                                         *total["branches"]),
                    "target": "{lines:.0%}, {branches:.0%}".format(**FLOOR),
                    "command": "make coverage-driver"}], stream)
    print(f"{len(sources)} passed, {len(wrong)} failed")
    return 1 if wrong or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
