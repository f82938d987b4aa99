#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""README keeps the fault matrix: readme.py check|write MATRIX.MD

What is measured may move by some nanoseconds with any change of the driver: a check looks at all the other
columns.
"""

import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
README = os.path.join(TOP, "README.md")
BEGIN, END = "<!-- fault matrix -->\n", "<!-- end of the fault matrix -->\n"
KEPT = re.compile(re.escape(BEGIN) + "(.*?)" + re.escape(END), re.DOTALL)
MEASURED = ("worst ms", "us", "home ms")


def read(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def rows(table):
    """The cells of each row but those that are measured."""
    found = [[cell.strip() for cell in line.strip("|\n").split("|")]
             for line in table.splitlines() if line.startswith("|")]
    keep = [i for i, head in enumerate(found[0]) if head not in MEASURED] if found else []
    return [[row[i] for i in keep] for row in found]


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("check", "write"):
        sys.exit(__doc__.splitlines()[0])
    matrix, readme = read(sys.argv[2]), read(README)
    kept = KEPT.search(readme)
    if not kept:
        sys.exit(f"README.md has no {BEGIN.strip()}")
    if sys.argv[1] == "write":
        with open(README, "w", encoding="utf-8") as stream:
            stream.write(readme[:kept.start(1)] + matrix + readme[kept.end(1):])
        return
    played, told = rows(matrix), rows(kept.group(1))
    for row in played:
        if row not in told:
            print(f"README.md does not have: {' | '.join(row)}")
    for row in told:
        if row not in played:
            print(f"README.md has what was not played so: {' | '.join(row)}")
    if played != told:
        sys.exit("README.md's fault matrix is out of date: make readme-faults writes it")


main()
