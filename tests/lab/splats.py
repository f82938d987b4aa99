# SPDX-License-Identifier: GPL-2.0-or-later
"""Find in a kernel's log what no run may contain."""

import re

# A line of the log, without its time stamp. Lines that a program's own crash
# leaves ("traps: ...", "segfault at ...") are that program's business.
STAMP = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")
TITLES = re.compile("|".join((
    r"^WARNING: ",                       # WARN_ON, and all of lockdep's
    r"^BUG: ", r"^BUG \S+ \(.*\): ",      # the second: slub_debug's
    r"^kernel BUG at ",
    r"^Oops", r"^general protection fault", r"^Unable to handle kernel",
    r"^Kernel panic - not syncing",
    r"^INFO: task .* blocked for more than",
    r"^INFO: trying to register non-static key",
    r"^INFO: .* detected stalls?", r"^rcu: INFO: ", r"^rcu: .* detected stalls?",
    r"^watchdog: ", r"^UBSAN: ", r"^ODEBUG: ", r"^refcount_t: ", r"^list_\w+ corruption",
    r"^DEBUG_LOCKS_WARN_ON", r"^turning off the locking correctness validator",
    r"^kmemleak: \d+ new suspected memory leaks", r"^unreferenced object ",
    # It gave up, and would find nothing
    r"^kmemleak: Kernel memory leak detector disabled",
)))
# The last word of a guest whose budget passed: what follows is the hang's doing.
BUDGET = "lab: the budget of "
BEFORE, AFTER = 4, 60


class Splat:
    def __init__(self, title, lines):
        self.title = title
        self.lines = lines

    def text(self):
        return "\n".join(self.lines) + "\n"


def find(log):
    """All splats of a log, in order; one report's several alarm lines are one splat."""
    lines = log.splitlines()
    found = []
    report_ends = 0
    for number, line in enumerate(lines):
        bare = STAMP.sub("", line).rstrip()
        if bare.startswith(BUDGET):
            break
        if number < report_ends or not TITLES.match(bare):
            continue
        report_ends = end_of_report(lines, number)
        found.append(Splat(bare, lines[max(0, number - BEFORE):report_ends]))
    return found


def end_of_report(lines, start):
    """One past a report's last line: its end mark, or a fair number of lines."""
    for number in range(start, min(start + AFTER, len(lines))):
        if "---[ end " in lines[number]:
            return number + 1
    return min(start + AFTER, len(lines))
