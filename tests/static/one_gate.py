#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""There is one way to the motor: one call of the transports' start in the whole driver, in one static
function of core.c, and nobody but safety.c builds the order that it is given.

The same look is then given to copies of the driver with a second way in them: it must find each.
"""

import re
import sys

from sources import TOP, listed

GATE = "driver/core.c"

START = re.compile(r"(?:->|\.)\s*start\b(?!\s*=[^=])")
COMMENT_OR_STRING = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.DOTALL)
FUNCTION = re.compile(r"^(?![\s#{}])([^;{}()]*?)\b(\w+)\s*\([^;{}]*\)\s*\{", re.MULTILINE)
# Handing one on is no harm; filling one in is.
ORDER = re.compile(r"\bstruct\s+mn_order(?:\s+\w+\s*(?:=\s*\{|[;,\[])|\s*\)\s*\{)")


def blank(match):
    """As long and as many lines as what it replaces, but nothing to be found in it."""
    return re.sub(r"[^\n]", " ", match.group())


def function_around(code, position):
    """The name of the function around a position, with "static" before it if it is."""
    found = ""
    for match in FUNCTION.finditer(code, 0, position):
        found = ("static " if "static" in match.group(1).split() else "") + match.group(2)
    return found


def look(files):
    """What is wrong with the driver's sources, given as a text for each path."""
    calls = []
    wrong = []
    for path, text in sorted(files.items()):
        code = COMMENT_OR_STRING.sub(blank, text)

        def place(match):
            return f"{path}:{code.count(chr(10), 0, match.start()) + 1}"

        for match in START.finditer(code):
            if re.match(r"\s*\(", code[match.end():]):
                function = function_around(code, match.start())
                calls.append((path, function, f"{place(match)} in {function}()"))
            elif not re.search(r"![\w>.\s-]*$", code[:match.start()]):
                wrong.append(f"{place(match)}: start is taken out of its table")
        if path not in ("driver/safety.c", "driver/safety.h"):
            wrong += [f"{place(match)}: an order that safety.c did not build"
                      for match in ORDER.finditer(code)]
    if len(calls) != 1 or calls[0][0] != GATE or not calls[0][1].startswith("static "):
        wrong.append(f"start must be called once, in a static function of {GATE}; it is called: "
                     + (", ".join(call[2] for call in calls) or "nowhere"))
    return wrong


def with_function(path, body):
    """A change that appends a function to a file."""
    code = f"\nstatic int f(struct mn_device *mn)\n{{\n{body}\n}}\n"
    return lambda files: files | {path: files[path] + code}


def with_public_gate(files):
    return files | {GATE: re.sub(r"^static ", "", files[GATE], flags=re.MULTILINE)}


SECOND_WAYS = {
    "a second call": with_function("driver/request.c", "\treturn mn->ops->start(mn, 0);"),
    "a second call beside the first": with_function(GATE, "\treturn mn->ops->start(mn, 0);"),
    "a call broken over lines": with_function(
        "driver/request.c", "\treturn mn->ops\n\t\t->start\n\t\t(mn, 0);"),
    "a call past the table": with_function("driver/usb.c", "\treturn mn_usb_ops.start(mn, 0);"),
    "a pointer taken": with_function(
        "driver/request.c", "\tint (*go)() = mn->ops->start;\n\treturn go(mn, 0);"),
    "an order of its own": with_function(
        "driver/request.c", "\tconst struct mn_order order = { .epoch = 1 };\n\treturn 0;"),
    "a gate that others can call": with_public_gate,
}


def main():
    files = {path: (TOP / path).read_text(encoding="utf-8") for path in listed("driver/*.[ch]")}
    wrong = look(files)
    if not wrong:
        wrong = [f"{name}, seeded into a copy, is not found: the check is blind"
                 for name, seed in SECOND_WAYS.items() if not look(seed(files))]
    if wrong:
        print("\n".join(wrong))
        sys.exit(1)


main()
