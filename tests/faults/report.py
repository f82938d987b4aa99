# SPDX-License-Identifier: GPL-2.0-or-later
"""The fault matrix as a person reads it."""

from play import STATES
from transport import WIRE

WAYS = {"wire": "yes", "lease": "no", "power": "no power", "none": "-"}


def of(row, results):
    return [result for result in results if result["row"] == row.name]


def worst(row, results, key, scale, digits):
    values = [result[key] for result in of(row, results) if key in result]
    return f"{max(values) / scale:.{digits}f}" if values else "-"


def bound(row):
    """The longest that any state is given."""
    return max([row.bound_ms] + [want.bound_ms for want in row.states.values()])


def mark(row, state, results):
    """What came of it in one state, in a word."""
    for result in of(row, results):
        if result["state"] != state:
            continue
        want = row.states[state]
        if result["outcome"] == "none":
            return "n/a"
        if result["outcome"] == "failed":
            return "FAILED"
        if want.kind == "later" or result.get("late"):
            return "later"
        if want.kind == "replug":
            return "refused"
        if want.code:
            return "ok" if want.code == row.code else f"{want.code}"
        return want.to or "ignored"
    return ""


def cells(row, results):
    return [row.name, row.detector.partition("/")[2], row.code or "none",
            f"{bound(row):g}" if bound(row) else "-",
            worst(row, results, "detected_ns", 1e6, 3), WAYS[row.stop],
            worst(row, results, "stop_ns", 1e3, 1), worst(row, results, "home_ns", 1e6, 1),
            *(mark(row, state, results) for state in STATES)]


HEADS = ("fault", "detector", "code", "bound ms", "worst ms", "STOP out", "us", "home ms",
         *(state.lower() for state in STATES))


def line(row, results):
    widths = (44, 34, 18, 8, 9, 8, 6, 7, 8, 8, 8, 8, 8)
    return " ".join(text.ljust(width)
                    for text, width in zip(cells(row, results), widths)).rstrip()


def markdown(rows, results):
    """For README."""
    text = f"{WIRE.title}\n\n| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}\n"
    for row in rows:
        text += f"| {' | '.join(cells(row, results))} |\n"
    return text + "\n"


def summary(rows, results, rows_at_least):
    passed = sum(result["outcome"] == "ok" for result in results)
    failed = sum(result["outcome"] == "failed" for result in results)
    states = sum(result["outcome"] != "none" for result in results)
    print(f"\n{len(rows)} faults, {states} of {len(results)} plays apply; the longest from "
          f"decision to STOP on the wire "
          f"{max((r.get('stop_ns', 0) for r in results), default=0) / 1e3:.1f} us")
    if len(rows) < rows_at_least:
        print(f"fewer than {rows_at_least} faults")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
