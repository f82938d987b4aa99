#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of what shows that the safety core holds: table.py show|write|check [BUILD]

The lanes leave evidence.json in their folders of BUILD (build): rows of property, figure, target, command. show
prints the table, with README's figure where a command was not run; write puts what was found into README; check
holds README's table against what was found, and ends with "N passed, N failed".
"""

import glob
import json
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(TOP, "README.md")
BEGIN, END = "<!-- evidence -->\n", "<!-- end of evidence -->\n"
COLUMNS = ("property", "figure", "target", "command")


def found(build):
    """The rows that the last runs left, by property."""
    rows = {}
    for path in sorted(glob.glob(os.path.join(build, "*", "evidence.json"))):
        with open(path, encoding="utf-8") as stream:
            rows.update((row["property"], row) for row in json.load(stream))
    return rows


def parts():
    """README before its table, the table's rows by property, README after it."""
    with open(README, encoding="utf-8") as stream:
        before, _, rest = stream.read().partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {}
    for line in table.splitlines()[2:]:
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")]
        rows[cells[0]] = dict(zip(COLUMNS, cells))
    return before, rows, after


def as_markdown(rows):
    lines = ["| property | figure | target | command |", "|---|---|---|---|"]
    lines += [f"| {row['property']} | {row['figure']} | {row['target']} | `{row['command']}` |"
              for row in rows.values()]
    return "\n".join(lines) + "\n"


def show(build):
    rows, new = parts()[1], found(build)
    for row in {**rows, **new}.values():
        here = "" if row["property"] in new else " (not run here: as README has it)"
        print(f"{row['property']}\n    {row['figure']}{here}\n"
              f"    target: {row['target']}; {row['command']}")


def write(build):
    before, rows, after = parts()
    rows.update(found(build))
    with open(README, "w", encoding="utf-8") as stream:
        stream.write(before + BEGIN + as_markdown(rows) + END + after)


def lanes_of_check():
    """The commands of the lanes that make check runs."""
    with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as stream:
        lanes = re.search(r"^check:.*\n((?:\t.*\n)+)", stream.read(), re.M).group(1)
    return {f"make {prefix}{lane}" for prefix in ("check-", "")
            for lane in re.findall(r"[a-z0-9][a-z0-9-]*", lanes)}


def check(build):
    rows, new = parts()[1], found(build)
    ran = {row["command"] for row in new.values()}
    must_run = lanes_of_check() if len(ran) > 1 else set()
    wrong = [f"README has not: {name}" for name in new.keys() - rows.keys()]
    wrong += [f"README says otherwise: {name}" for name, row in new.items() if name in rows and
              (row["target"], row["command"]) != (rows[name]["target"], rows[name]["command"])]
    wrong += [f"nothing was found of: {name}" for name, row in rows.items()
              if name not in new and row["command"] in ran | must_run]
    if not rows:
        wrong.append("README has no table")
    for line in wrong:
        print(line)
    print(f"{len(rows) - min(len(wrong), len(rows))} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit({"show": show, "write": write, "check": check}[sys.argv[1]](
        sys.argv[2] if len(sys.argv) > 2 else os.environ.get("BUILD", "build")))
