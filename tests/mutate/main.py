# SPDX-License-Identifier: GPL-2.0-or-later
"""Make every small change of the rules and of the gate, and see that a test notices it. See run."""

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import equivalents
import gate
import rules
import selftest

BUILD = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "mutate"))


def source_of(mutant):
    with open(f"driver/{mutant.file}", encoding="utf-8") as stream:
        return stream.read()


def check_list(blocks, mutants):
    """The cheap part: (passed, failed)."""
    passed = failed = 0
    for what, good in selftest.checks():
        passed += good
        failed += not good
        if not good:
            print(f"not as it should be: {what}")
    wrong = list(equivalents.problems(blocks, {mutant.name for mutant in mutants}))
    for line in wrong:
        print(f"{equivalents.PATH}: {line}")
    listed = sum(len(block.changes) for block in blocks)
    return passed + max(listed - len(wrong), 0), failed + len(wrong)


def try_rules(mutants, jobs):
    judge = rules.Rules(BUILD)
    judge.prepare()
    with ThreadPoolExecutor(jobs) as pool:
        for mutant, (what, how) in zip(mutants, pool.map(judge.try_one, mutants)):
            yield mutant, what, how


def try_gate(mutants, jobs):
    judge = gate.Gate(BUILD)
    judge.prepare()
    batches = [mutants[at:at + gate.BATCH] for at in range(0, len(mutants), gate.BATCH)]
    with ThreadPoolExecutor(jobs) as pool:
        for results in pool.map(judge.try_batch, batches):
            yield from results


class Report:
    """What became of each, in a file, and of what is wrong, here."""

    def __init__(self, blocks):
        self.why = equivalents.reasons(blocks)
        self.counts = {}
        self.failed = 0
        self.stream = open(f"{BUILD}/report", "w", encoding="utf-8")

    def add(self, mutant, what, how):
        block = self.why.get(mutant.name)
        if block and what == "alive":
            what, how = "argued", block.name
        elif block and what in ("killed", "no"):
            print(f"{equivalents.PATH}: {block.name}: {how or 'it does not compile'}: {mutant.name}")
            self.failed += 1
        self.counts[what] = self.counts.get(what, 0) + 1
        self.failed += what == "alive"
        line = f"{mutant.id()} {what:6} {mutant.operator:8} {mutant.name}{how and f'  [{how}]'}"
        print(line, file=self.stream, flush=True)
        if what == "alive":
            print(f"no test notices it: {mutant.id()} {mutant.operator} {mutant.name}", flush=True)

    def count(self, *whats):
        return sum(self.counts.get(what, 0) for what in whats)

    def figure(self):
        all_of_them = self.count("killed", "same", "argued", "alive")
        return (f"{all_of_them:,} changes: {self.count('killed'):,} noticed, "
                f"{self.count('same', 'argued')} shown to be the same")


def show(wanted, mutants):
    """One change, as a developer would try it: what it is, and what becomes of it."""
    chosen = [mutant for mutant in mutants if wanted in (mutant.id(), mutant.name)]
    if not chosen:
        raise SystemExit(f"there is no change {wanted}: see {BUILD}/report")
    mutant = chosen[0]
    source = source_of(mutant)
    print(f"driver/{mutant.file}:{mutant.line(source)}: {mutant.operator}\n{mutant.name}\n")
    for sign, text in (("-", source), ("+", mutant.of(source))):
        other = mutant.of(source) if sign == "-" else source
        for line in [line for line in text.splitlines() if line not in other.splitlines()]:
            print(f"{sign}{line}")
    attempt = try_gate if mutant.file == "core.c" else try_rules
    for _, what, how in attempt([mutant], 1):
        print(f"\n{what} {how}")


def main():
    parser = argparse.ArgumentParser(prog="tests/mutate/run", description=__doc__)
    parser.add_argument("--list-only", action="store_true",
                        help="check the list of what can't be noticed, and the mutator, in seconds")
    parser.add_argument("--file", action="append", help="only what is changed in this file of driver/")
    parser.add_argument("--function", action="append", help="only what is changed in this function")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="so many at a time")
    parser.add_argument("--one", metavar="ID", help="try one change, by its id in build/mutate/report")
    parser.add_argument("--mark", metavar="BLOCK",
                        help="you have read this block's argument and agree; \"all\" marks each")
    args = parser.parse_args()
    os.makedirs(BUILD, exist_ok=True)
    if args.mark:
        equivalents.mark(args.mark)
        return 0
    mutants = [*rules.mutants(), *gate.mutants()]
    if args.one:
        show(args.one, mutants)
        return 0
    blocks = equivalents.load()
    passed, failed = check_list(blocks, mutants)
    if args.list_only:
        print(f"{passed} passed, {failed} failed")
        return 1 if failed or not passed else 0

    chosen = [mutant for mutant in mutants if (not args.file or mutant.file in args.file) and
              (not args.function or mutant.function in args.function)]
    report = Report(blocks)
    evidence = []
    for what, attempt, mine in (
            ("rules", try_rules, [mutant for mutant in chosen if mutant.file != "core.c"]),
            ("gate", try_gate, [mutant for mutant in chosen if mutant.file == "core.c"])):
        if not mine:
            continue
        report.counts = {}
        for result in attempt(mine, args.jobs):
            report.add(*result)
        print(f"{what}: {report.figure()}", flush=True)
        passed += report.count("killed", "same", "argued")
        evidence.append({"property": f"every change of the {what} is noticed by a test",
                         "figure": report.figure(), "target": "all noticed or argued",
                         "command": "make mutate"})
    failed += report.failed
    if len(chosen) == len(mutants):
        with open(f"{BUILD}/evidence.json", "w", encoding="utf-8") as stream:
            json.dump(evidence, stream)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
