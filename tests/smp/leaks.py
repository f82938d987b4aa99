# SPDX-License-Identifier: GPL-2.0-or-later
"""What the driver has allocated and not given back, as slub_debug=U tells it."""

import glob
import re

# "      3 mn_open+0x3b/0x1b0 [microneedle] age=...", and then who called that
RECORD = re.compile(r"^ *(\d+) (\w+)(?:\.\w+)*\+\S+ \[microneedle\w*\].*\n\s+.*\n\s+(\w*)", re.M)
# A module's own beginning is freed, and what is loaded later gets its addresses: that one is not ours
BEGINNING = "do_one_initcall"


def parse(text):
    found = {}
    for count, function, caller in RECORD.findall(text):
        if caller != BEGINNING:
            found[function] = found.get(function, 0) + int(count)
    return found


def allocated():
    """Objects by the function that asked for them: {"mn_open": 3}."""
    found = {}
    paths = glob.glob("/sys/kernel/debug/slab/kmalloc-*/alloc_traces")
    assert paths, "the kernel was not started with slub_debug=U"
    for path in paths:
        with open(path, encoding="ascii", errors="replace") as stream:
            for function, count in parse(stream.read()).items():
                found[function] = found.get(function, 0) + count
    return found
