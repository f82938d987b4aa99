#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No file tells where on somebody's machine it was written, or that it is unfinished."""

import re
import sys

from sources import TOP, listed

# Written so that this file is not found by itself.
RULES = (
    (re.compile(r"(?<![\w.$}])/(?:work|home|root)/"),
     "a path of one machine: use one that is relative, or a variable"),
    (re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b"),
     "unfinished: finish it, or open an issue"),
)

EXCEPT = {
    # The place where an initramfs mounts the real root.
    ("tests/lab/guest/initramfs-init", "/" "root/"),
}


def main():
    found = []
    for path in listed():
        try:
            lines = (TOP / path).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(lines, 1):
            for rule, why in RULES:
                for match in rule.finditer(line):
                    if (path, match.group()) not in EXCEPT:
                        found.append(f"{path}:{number}: \"{match.group()}\" is {why}")
    if found:
        print("\n".join(found))
        sys.exit(1)


main()
