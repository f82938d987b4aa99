#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the proofs, two at a time or as many as there are CPUs: prove.py CBMC FOLDER [HARNESS...]

Ends with "N passed, N failed": of each harness its proof, its seeded bug and its cover points.
"""

import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import time
from collections import namedtuple

from harnesses import HARNESSES, INCLUDES, UNWIND

CBMC, FOLDER, *CHOSEN = sys.argv[1:]
PROOFS = os.path.dirname(os.path.abspath(__file__))
LIMIT_S = 540
UNDEFINED = ("--bounds-check", "--pointer-check", "--signed-overflow-check", "--div-by-zero-check",
             "--undefined-shift-check")

# Properties of one run by description: those that failed, and how many there were.
Run = namedtuple("Run", "failed proved total seconds error")


def command(harness, defines, driver):
    """CBMC's command line; `driver` is where the driver's sources are."""
    own = [f"tests/proof/{name}" for name in (harness.name + ".c", *harness.parts)]
    if harness.source:
        own[0] = f"tests/proof/{harness.source}"
    words = [CBMC, *own, *(f"{driver}/{name}" for name in harness.sources), "--function", "prove"]
    for folder in (*INCLUDES, driver):
        words += ["-I", folder]
    words += [f"-D{define}" for define in defines]
    words += ["--unwind", "6", "--unwindset", ",".join((*UNWIND, *harness.unwind)),
              "--unwinding-assertions", "--slice-formula", "--no-malloc-may-fail",
              "--max-field-sensitivity-array-size", harness.cells, "--drop-unused-functions",
              "--json-ui", *(UNDEFINED if harness.undefined else ("--no-standard-checks",)),
              *harness.checks]
    return words


def cbmc(harness, defines, driver, log):
    """One run, and what came of it."""
    began = time.monotonic()
    try:
        done = subprocess.run(command(harness, defines, driver), capture_output=True, text=True,
                              check=False, timeout=LIMIT_S)
        output = done.stdout
    except subprocess.TimeoutExpired:
        return Run([], 0, 0, LIMIT_S, f"not done in {LIMIT_S} s")
    seconds = time.monotonic() - began
    with open(log, "w", encoding="utf-8") as stream:
        stream.write(output)
    try:
        parts = json.loads(output)
    except ValueError:
        return Run([], 0, 0, seconds, f"no answer, see {log}")
    results = [one for part in parts for one in part.get("result", [])]
    failed = [f"{one['description']} ({where(one)})" for one in results
              if one["status"] == "FAILURE"]
    odd = [one for one in results if one["status"] not in ("SUCCESS", "FAILURE")]
    missing = not any(one["description"].startswith("proved: ") for one in results)
    # Beyond undefined behaviour CBMC says no more: that is a finding, too.
    error = f"says nothing, see {log}" if missing or (odd and not failed) else None
    return Run(failed, sum(one["status"] == "SUCCESS" for one in results), len(results), seconds,
               error)


def where(one):
    """File and line of a property."""
    location = one.get("sourceLocation", {})
    return f"{os.path.basename(location.get('file', '?'))}:{location.get('line', '?')}"


def must_fail(text):
    """Cover points and assumptions are written as what must be violated."""
    return text.startswith(("reached: ", "assumed: "))


def prove(harness, defines):
    """The proof itself: what is wrong, what was assumed and how many points were reached."""
    log = os.path.join(FOLDER, "-".join((harness.name, *defines)) + ".json")
    run = cbmc(harness, defines, "driver", log)
    wrong = [run.error] if run.error else [f"does not hold: {text}" for text in run.failed
                                           if not must_fail(text)]
    points = set()
    if not run.error:
        with open(log, encoding="utf-8") as stream:
            results = [one for part in json.load(stream) for one in part.get("result", [])]
        points = {f"{one['description']} ({where(one)})" for one in results
                  if must_fail(one["description"])}
    return wrong, points, set(run.failed) & points, run


def seed(harness):
    """A copy of the driver's sources with the bug in it; None if it does not apply once."""
    name, correct, bug = harness.bug
    copy = os.path.join(FOLDER, "seeded", harness.name)
    shutil.rmtree(copy, ignore_errors=True)
    os.makedirs(copy)
    for source in os.listdir("driver"):
        if source.endswith((".c", ".h")):
            shutil.copy(os.path.join("driver", source), copy)
    path = os.path.join(copy, name)
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    if text.count(correct) != 1:
        return None
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text.replace(correct, bug))
    return copy


def control(harness):
    """The same proof of a source with a bug: what it found, or None."""
    copy = seed(harness)
    if not copy:
        return None, f"the seeded bug does not apply once to {harness.bug[0]}"
    log = os.path.join(FOLDER, harness.name + "-control.json")
    run = cbmc(harness, ("PROOF_CONTROL", *harness.control), copy, log)
    found = [text for text in run.failed if not text.startswith("unwinding")]
    if run.error or not found:
        return None, run.error or "the seeded bug was not found"
    return found, None


def judge(harness, proofs, controlled):
    """Print what came of one harness. Return passed, failed, and cover points reached and all."""
    wrong = [text for proof in proofs for text in proof[0]]
    points = set().union(*(proof[1] for proof in proofs))
    reached = set().union(*(proof[2] for proof in proofs))
    seconds = sum(proof[3].seconds for proof in proofs)
    checks = sum(proof[3].proved for proof in proofs)
    found, unfound = controlled
    print(f"{harness.name}: {harness.about}")
    for text in sorted(text for text in points if text.startswith("assumed: ")):
        print(f"  {text}")
    print(f"  {'PROVED' if not wrong else 'NOT PROVED'}: {checks} checks in {seconds:.0f} s"
          + (f", {len(proofs)} parts" if len(proofs) > 1 else ""))
    for text in wrong:
        print(f"    {text}")
    print(f"  {'seeded bug found by ' + found[0] if found else 'FAILED: ' + unfound}")
    missed = sorted(points - reached)
    print(f"  {'reached' if not missed else 'FAILED: reached'} {len(reached)} of {len(points)}")
    for text in missed:
        print(f"    not {text}")
    results = (not wrong, bool(found), bool(points) and not missed)
    return results, len(reached), len(points)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    chosen = [one for one in HARNESSES if not CHOSEN or one.name in CHOSEN]
    unknown = set(CHOSEN) - {one.name for one in chosen}
    if unknown:
        sys.exit(f"there is no harness {', '.join(sorted(unknown))}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        work = [(one, [pool.submit(prove, one, part) for part in one.parts_of_proof],
                 pool.submit(control, one)) for one in chosen]
        judged = [judge(one, [proof.result() for proof in proofs], controlled.result())
                  for one, proofs, controlled in work]
    proved, caught, covered = (sum(results[kind] for results, _, _ in judged)
                               for kind in range(3))
    reached = sum(one[1] for one in judged)
    points = sum(one[2] for one in judged)
    figure = (f"{proved} of {len(chosen)} harnesses proved, {caught} of {len(chosen)} seeded bugs "
              f"caught, {reached} of {points} points reached")
    print(figure)
    if not CHOSEN:
        with open(os.path.join(FOLDER, "evidence.json"), "w", encoding="utf-8") as stream:
            json.dump([{"property": "limits, times, checks and parsers hold for every input, "
                                    "and the rules for 12 steps (CBMC)",
                        "figure": figure, "target": "all", "command": "make prove"}], stream)
    passed = proved + caught + covered
    print(f"{passed} passed, {3 * len(chosen) - passed} failed")
    return 0 if passed and passed == 3 * len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
