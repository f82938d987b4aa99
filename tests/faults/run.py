# SPDX-License-Identifier: GPL-2.0-or-later
"""Play the fault matrix in the guest, and print it: run.py [-k PART] [-s STATE]."""

import argparse
import json
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system"),
                os.path.join(os.path.dirname(HERE), "gpio_handpiece"),
                os.path.join(os.path.dirname(HERE), "lab")]

import report  # noqa: E402
import splats  # noqa: E402
from microneedle import stack  # noqa: E402
from play import STATES, Play  # noqa: E402
from transport import WIRE  # noqa: E402


class KernelLog:
    """Names each play in the kernel's log, and finds what does not belong there."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDWR | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def say(self, text):
        os.write(self.fd, text.encode())

    def splats(self):
        found = []
        while True:
            try:
                line = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return found
            except BrokenPipeError:
                continue
            line = line.partition(";")[2].split("\n")[0]
            if splats.TITLES.match(line):
                found.append(line)


def distinct(rows):
    """Rows differ by what breaks, who notices and which fault: not by a parameter."""
    keys = [(row.injector, row.detector, row.code) for row in rows]
    again = {key for key in keys if keys.count(key) > 1}
    assert not again, f"rows that say the same: {again}"


def play(rig, row, state, log):
    want = row.states[state]
    if want.kind == "none":
        return {"row": row.name, "state": state, "outcome": "none", "why": want.why}
    log.say(f"fault {row.name} in {state}")
    one = Play(rig, row, state)
    began = time.monotonic()
    try:
        one.run()
        found = log.splats()
        assert not found, found
        one.result["outcome"] = "ok"
    except Exception as error:  # whatever it is, it is this play's failure and not the next one's
        one.result["outcome"] = "failed"
        one.result["error"] = f"{type(error).__name__}: {error}"
        one.result["where"] = traceback.format_exc(limit=-4)
    one.result["seconds"] = round(time.monotonic() - began, 3)
    return one.result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-k", default="", help="only rows whose name has this in it")
    parser.add_argument("-s", choices=STATES, action="append", help="only in this state")
    options = parser.parse_args()
    every = WIRE.rows()
    distinct(every)
    log = KernelLog()
    rig = WIRE.rig()
    results = []
    rows = [row for row in every if options.k in row.name]
    for row in rows:
        for state in options.s or STATES:
            result = play(rig, row, state, log)
            results.append(result)
            if result["outcome"] == "failed":
                print(f"FAILED {row.name} in {state}: {result['error']}\n{result['where']}",
                      flush=True)
        print(report.line(row, results), flush=True)
    rig.stop_handpiece()
    stack.unload_driver()
    whole = rows == every and not options.s
    out = os.environ["MN_OUT"]
    with open(os.path.join(out, "matrix.json"), "w", encoding="ascii") as stream:
        json.dump(results, stream, indent=1)
    with open(os.path.join(out, "matrix.md"), "w", encoding="ascii") as stream:
        stream.write(report.markdown(rows, results))
    return report.summary(rows, results, WIRE.rows_at_least if whole else 0)


if __name__ == "__main__":
    sys.exit(main())
