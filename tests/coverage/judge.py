#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Say what of the rules no test reached: judge.py FOLDER, of llvm-cov's rules.json there.

Ends with "N passed, N failed", one for each source; writes evidence.json.
"""

import glob
import json
import os
import sys

FOLDER = sys.argv[1]
KINDS = ("lines", "branches", "mcdc")


def missed(record):
    """What of one source was not reached, by line."""
    for line, column, count, has_count, is_entry, _ in record["segments"]:
        if has_count and is_entry and not count:
            yield line, f"column {column}: nothing comes here"
    for branch in record["branches"]:
        line, column, _, _, true, false = branch[:6]
        if not true or not false:
            yield line, f"column {column}: never {'true' if not true else 'false'}"
    for decision in record["mcdc_records"]:
        line, column = decision[:2]
        for number, shown in enumerate(decision[-1], 1):
            if not shown:
                yield line, f"column {column}: condition {number} never decides by itself"


def main():
    with open(os.path.join(FOLDER, "rules.json"), encoding="utf-8") as stream:
        files = json.load(stream)["data"][0]["files"]
    rules = {os.path.basename(path) for path in glob.glob("driver/safety*.c")}
    records = {os.path.basename(record["filename"]): record for record in files}
    totals = {kind: [0, 0] for kind in KINDS}
    passed = failed = 0
    print(f"{'':22}{'lines':>12}{'branches':>12}{'conditions':>12}")
    for name in sorted(rules):
        record = records.get(name)
        if not record or not record["summary"]["mcdc"]["count"]:
            print(f"{name}: not measured")
            failed += 1
            continue
        cells = ""
        for kind in KINDS:
            figures = record["summary"][kind]
            totals[kind][0] += figures["covered"]
            totals[kind][1] += figures["count"]
            cells += f"{figures['covered']}/{figures['count']}".rjust(12)
        print(f"{name:22}{cells}")
        wrong = sorted(set(missed(record)))
        for line, what in wrong:
            print(f"driver/{name}:{line}: {what}")
        passed += not wrong
        failed += bool(wrong)
    figure = ", ".join(f"{totals[kind][0]}/{totals[kind][1]} {name}" for kind, name in
                       zip(KINDS, ("lines", "branches", "conditions by MC/DC")))
    with open(os.path.join(FOLDER, "evidence.json"), "w", encoding="utf-8") as stream:
        json.dump([{"property": "every condition of the rules is shown to decide by itself",
                    "figure": figure, "target": "all", "command": "make check-coverage"}], stream)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
