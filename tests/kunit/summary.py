# SPDX-License-Identifier: GPL-2.0-or-later
"""Summarise the KTAP that a run of the KUnit modules left behind.

    summary.py DIRECTORY STATUS MODULE...

DIRECTORY holds each suite's results and the list of modules that came to their end, STATUS is the
guest's. One line a suite, the failed cases in full, and a last line "N passed, N failed". A case that
was skipped, planned and never run, or whose module was not loaded, has failed: a safety test that
does not run shows nothing.
"""

import os
import re
import sys

RESULT = re.compile(r"^(?P<not>not )?ok \d+ (?P<name>.*?)(?: # (?P<directive>SKIP).*)?$")
# Where the build's mirror of the sources lies says nothing.
PLACE = re.compile(r"/\S*/src/(?=tests/kunit/)")
PLAN = re.compile(r"^1\.\.(\d+)$")


class Case:
    def __init__(self, name, failed, skipped, said):
        self.name = name
        self.failed = failed
        self.skipped = skipped
        self.said = said


def cases_of(lines):
    """The cases of one suite, parametrised ones one for each parameter; and what went wrong.

    KUnit indents a suite's cases by four and their parameters by eight; what a case says comes
    before its result line.
    """
    cases, parameters, said, planned = [], [], [], None
    for line in lines:
        text = line.strip()
        depth = (len(line) - len(line.lstrip())) // 4
        result = RESULT.match(text)
        plan = PLAN.match(text)
        if plan and depth == 1 and planned is None:
            planned = int(plan.group(1))
        elif result and depth == 2:
            parameters.append(judge(result, said))
            said = []
        elif result and depth == 1:
            cases.append((judge(result, said), parameters))
            parameters, said = [], []
        elif not result and not plan and not text.startswith(("KTAP", "# Subtest")):
            said.append(line.rstrip())
    return cases, planned


def judge(result, said):
    skipped = bool(result.group("directive"))
    return Case(result.group("name"), bool(result.group("not")) or skipped, skipped, said)


def summarise(suite, lines):
    """Print one suite; return (passed, failed)."""
    cases, planned = cases_of(lines)
    leaves, wrong = [], []
    for case, parameters in cases:
        for parameter in parameters or [case]:
            leaves.append(parameter)
            if parameter.failed:
                name = f"{case.name}: {parameter.name}" if parameters else case.name
                wrong.append((name, parameter))
        if case.failed and parameters and not any(p.failed for p in parameters):
            leaves.append(case)
            wrong.append((case.name, case))
    missing = (planned or 0) - len(cases)
    failed = len(wrong) + max(missing, 0)
    if planned is None:
        failed += 1
    print(f"{suite:24} {len(leaves) - len(wrong):4} passed" +
          (f", {failed} failed" if failed else ""))
    for name, case in wrong:
        print(f"  not ok {name}" + (" (skipped)" if case.skipped else ""))
        for line in case.said:
            print(f"    {PLACE.sub('', line.strip())}")
    if missing > 0 or planned is None:
        print("  the suite ended before all of its cases ran")
    return len(leaves) - len(wrong), failed


def main():
    out, status, modules = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    passed = failed = 0
    for name in sorted(os.listdir(out)):
        if not name.endswith(".ktap"):
            continue
        with open(os.path.join(out, name), encoding="utf-8", errors="replace") as stream:
            counts = summarise(name.removesuffix(".ktap"), stream.read().splitlines())
        passed += counts[0]
        failed += counts[1]
    try:
        with open(os.path.join(out, "modules"), encoding="utf-8") as stream:
            done = stream.read().split()
    except FileNotFoundError:
        done = []
    for module in modules:
        if module not in done:
            print(f"{module}.ko was not loaded or did not come to its end")
            failed += 1
    if status:
        print(f"the guest ended with status {status}: see {os.path.join(out, 'console.log')}")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
