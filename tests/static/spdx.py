#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every file says its licence in its first line, the right one for its place."""

import json
import re
import sys
from pathlib import PurePath

from sources import KERNEL_CODE, TOP, listed

KEY = "SPDX-License-Identifier"
USER_SPACE = "GPL-2.0-or-later"
KERNEL = "GPL-2.0-only"
UAPI = "GPL-2.0 WITH Linux-syscall-note"

# The licence itself, what has no comments, what another program wrote to be compared with, and the
# kernel's descriptions of its ABI, whose form has no such line.
WITHOUT = re.compile(r"""
    COPYING | LICEN[CS]E.* |
    .*\.(json|svg|png|golden) |
    (.*/)?\.gitignore |
    .*/Documentation/ABI/.*
""", re.VERBOSE)

# How a comment begins, by the end of the name; anything else has "#".
COMMENT = {".c": "// ", ".h": "/* ", ".sql": "-- ", ".md": "<!-- ", ".html": "<!-- ",
           ".dts": "// ", ".dtsi": "// ", ".dtso": "// ", ".lds": "/* ",
           ".pml": "// ", ".cocci": "// "}
# Settings in JSON, which has no comments: a key of its own says it.
SETTINGS = re.compile(r"daemon/data/.*\.conf")
MANUAL = re.compile(r".*/man/.*\.[1-9]")


def licence_for(path):
    if path.startswith("driver/include/uapi/") or path == "tests/lab/mn-bench/mn_bench.h":
        return UAPI
    # Among the kernel code for tests are the scripts that run it.
    if path.startswith(("driver/", "dts/")) or path == "Kbuild" or (
            path.startswith(KERNEL_CODE) and path.endswith((".c", ".h", "/Kbuild"))):
        return KERNEL
    return USER_SPACE


def first_line(path):
    """The first line that can hold it: some formats have one that must come before."""
    lines = (TOP / path).read_text(encoding="utf-8", errors="replace").splitlines()
    if lines and lines[0].startswith(("#!", "<?xml", "<!DOCTYPE", "%YAML")):
        lines = lines[1:]
    return lines[0] if lines else ""


def read_key(path):
    """What the settings in a JSON file say of their licence."""
    try:
        settings = json.loads((TOP / path).read_text(encoding="utf-8"))
    except ValueError:
        return None
    return settings.get(KEY) if isinstance(settings, dict) else None


def main():
    wrong = []
    for path in listed():
        if WITHOUT.fullmatch(path):
            continue
        if SETTINGS.fullmatch(path):
            if read_key(path) != licence_for(path):
                wrong.append(f"{path}: its \"{KEY}\" is not \"{licence_for(path)}\"")
            continue
        begin = '.\\" ' if MANUAL.fullmatch(path) else COMMENT.get(PurePath(path).suffix, "# ")
        line = f"{begin}{KEY}: {licence_for(path)}"
        end = {"/* ": " */", "<!-- ": " -->"}.get(begin, "")
        if first_line(path) != line + end:
            wrong.append(f"{path}: its first line is not \"{line}{end}\"")
    if wrong:
        print("\n".join(wrong))
        sys.exit(1)


main()
