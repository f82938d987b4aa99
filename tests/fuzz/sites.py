# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the driver asks for memory: each call, in a function of a module, of what may allocate.

Known calls are read from the modules as they are built; those that were hit, from the kernel's
traces of the failures. Both name a call by where it returns to.
"""

import collections
import re
import subprocess

FRAME = re.compile(r"\[<[0-9a-f]+>\] (\? )?([\w.]+)\+0x([0-9a-f]+)/0x[0-9a-f]+(?: \[(\w+)\])?")
FUNCTION = re.compile(r"^([0-9a-f]+) <(.+)>:$")
INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\t(\S+) *(.*)$")
RELOCATION = re.compile(r"^\t+[0-9a-f]+: R_\w+\t([\w.]+)")
SYMBOL = re.compile(r"^([0-9a-f]+) .{6}F (\S+)\t[0-9a-f]+ (?:\.\w+ )?(\S+)$")


class Traces:
    """Counts what "FAULT_INJECTION: forcing a failure" is followed by, line by line."""

    def __init__(self, modules):
        self.modules = modules
        self.count = 0
        self.sites = collections.Counter()  # (module, function, offset): failures
        self.frames = None

    def add(self, line):
        if "FAULT_INJECTION: forcing a failure" in line:
            self.end()
            self.count += 1
            self.frames = []
            return
        if self.frames is None:
            return
        frame = FRAME.search(line)
        if frame:
            unreliable, function, offset, module = frame.groups()
            if not unreliable:
                self.frames.append((module, function, int(offset, 16)))
        elif self.frames:
            self.end()

    def end(self):
        """The trace is complete: its innermost frame that is ours is where the driver asked."""
        frames, self.frames = self.frames, None
        for frame in frames or ():
            if frame[0] in self.modules:
                self.sites[frame] += 1
                return


def calls(path):
    """(function, offset, callee) of each call in a module of what is not in it."""
    dump = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", path], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    function = start = called = loaded = None
    holds = {}  # register: the symbol whose address is in it
    for line in dump.splitlines():
        relocation = RELOCATION.match(line)
        if relocation:
            if loaded:
                holds[loaded] = relocation[1]
            elif called == "":
                called = relocation[1]
            continue
        instruction = INSTRUCTION.match(line)
        if instruction and called:
            yield function, int(instruction[1], 16) - start, called
        loaded = called = None
        if instruction:
            operation, operands = instruction[2], instruction[3]
            last = operands.rpartition(",")[2].strip()
            if operation == "call":
                called = holds.get(operands[1:]) if operands.startswith("*") else ""
            elif operation == "movabs":
                loaded = last
                holds.pop(last, None)
            elif operation not in ("cmp", "test", "push") and not operation.startswith("j"):
                holds.pop(last, None)
        elif FUNCTION.match(line):
            start, function = FUNCTION.match(line).groups()
            start = int(start, 16)
            holds = {}


def externals(path):
    """What a module has from elsewhere."""
    names = subprocess.run(["nm", "-u", path], check=True, text=True, stdout=subprocess.PIPE).stdout
    return {line.split()[1] for line in names.splitlines()}


def one_name(path):
    """What a function goes by here: some have two, as what a module begins and ends with."""
    table = subprocess.run(["objdump", "-t", path], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    first = {}
    names = {}
    for line in table.splitlines():
        symbol = SYMBOL.match(line)
        if symbol:
            address, section, name = symbol.groups()
            names[name] = first.setdefault((section, address), name)
    return names
