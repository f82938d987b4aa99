# SPDX-License-Identifier: GPL-2.0-or-later
"""The list of changes that no test can notice, each with the argument why: tests/mutate/equivalent.

A block is a line "== NAME", the argument, a line "- CHANGE" for each change that it holds for, and the mark
of who has read and agreed, "read CHECKSUM". The checksum is that of the argument and its changes: what is
edited has to be read anew.
"""

import hashlib
from dataclasses import dataclass, field

PATH = "tests/mutate/equivalent"


@dataclass
class Block:
    name: str
    why: list = field(default_factory=list)
    changes: list = field(default_factory=list)
    mark: str = ""

    def argument(self):
        return " ".join(" ".join(self.why).split())

    def checksum(self):
        text = "\n".join([self.argument(), *sorted(self.changes)])
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def parse(text):
    blocks = []
    for line in text.splitlines():
        if line.startswith("== "):
            blocks.append(Block(line[3:].strip()))
        elif not blocks or line.startswith("#") or not line.strip():
            continue
        elif line.startswith("- "):
            blocks[-1].changes.append(line[2:].strip())
        elif line.startswith("read "):
            blocks[-1].mark = line[5:].strip()
        else:
            blocks[-1].why.append(line)
    return blocks


def load():
    with open(PATH, encoding="utf-8") as stream:
        return parse(stream.read())


def reasons(blocks):
    """For each listed change its block."""
    return {change: block for block in blocks for change in block.changes}


def problems(blocks, names):
    """What is wrong with the list, given the names of all changes that there are."""
    seen = {}
    for block in blocks:
        if len(block.argument().split()) < 5:
            yield f"{block.name}: has no argument"
        if not block.changes:
            yield f"{block.name}: is for no change"
        if block.mark != block.checksum():
            yield f"{block.name}: nobody has read and marked it as it is now"
        for change in block.changes:
            if change in seen:
                yield f"{block.name}: is in {seen[change]} as well: {change}"
            seen[change] = block.name
            if change not in names:
                yield f"{block.name}: there is no such change: {change}"


def mark(name):
    """Write the mark of one block, or with "all" of each: for who has read them."""
    with open(PATH, encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    marks = {block.name: block.checksum() for block in load() if name in (block.name, "all")}
    if not marks:
        raise SystemExit(f"there is no block {name}")
    out = []
    current = None
    for line in lines:
        if line.startswith("== "):
            current = line[3:].strip()
        if line.startswith("read ") and current in marks:
            continue
        out.append(line)
    text = "\n".join(out) + "\n"
    for block in parse(text):
        if block.name in marks:
            last = "- " + block.changes[-1] + "\n"
            begin = text.index(f"== {block.name}\n")
            at = text.index(last, begin) + len(last)
            text = f"{text[:at]}read {marks[block.name]}\n{text[at:]}"
    with open(PATH, "w", encoding="utf-8") as stream:
        stream.write(text)
