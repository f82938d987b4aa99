#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the trees of these tests: trees.py DIR

Each is tests/lab/bench.dts with something else in its handpiece.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LAB = os.path.join(os.path.dirname(HERE), "lab")
BINDING = os.path.join(os.path.dirname(os.path.dirname(HERE)), "dts",
                       "microneedle,gpio-handpiece.yaml")
SLEEPING = """\tsleeping: sleeping {
\t\tcompatible = "microneedle,lab-lines";
\t\tgpio-controller;
\t\t#gpio-cells = <2>;
\t};

"""

NO_FOOT_SWITCH = {"foot-switch-gpios": None}
# Where a start is a program's, set points can be as fast as programs are.
FIT = {
    "fine": NO_FOOT_SWITCH,
    # a step that divides no round number, no play, cruising most of the way
    "odd": {**NO_FOOT_SWITCH, "microns-per-step": "<7>", "steps-per-second-max": "<9000>",
            "steps-per-second2": "<1500000>", "backlash-steps": "<0>", "travel-steps": "<400>"},
    "coarse": {**NO_FOOT_SWITCH, "microns-per-step": "<50>", "steps-per-second-max": "<2000>",
               "steps-per-second2": "<200000>", "backlash-steps": "<2>",
               "travel-steps": "<60>"},
}


def parts():
    """What comes before the handpiece's properties, these by name, and what comes after."""
    with open(os.path.join(LAB, "bench.dts"), encoding="utf-8") as stream:
        board = stream.read()
    with open(os.path.join(LAB, "bench.dtsi"), encoding="utf-8") as stream:
        lines = stream.read()
    before, after = board.split('/include/ "bench.dtsi"')
    head, rest = lines.split("\nhandpiece {\n")
    body, tail = rest.split("\n};", 1)
    properties = dict(re.findall(r"^\t([a-z0-9-]+) = (.*?);$", body, re.M))
    return before + head + "\n", properties, tail + after


def node(name, properties):
    """A handpiece's node; a property that is None is left out, one that is "" has no value."""
    lines = [f"\t\t{key} = {value};" if value else f"\t\t{key};"
             for key, value in properties.items() if value is not None]
    return "\n".join([f"\t{name} {{", *lines, "\t};"])


def tree(more="", **handpieces):
    """A whole tree with these handpieces, each what differs from the base."""
    head, properties, tail = parts()
    nodes = [node(name, {**properties, **differs}) for name, differs in handpieces.items()]
    return head + more + "\n".join(nodes) + tail


def binding():
    """(required properties, {figure: (minimum, maximum)}) of the binding."""
    with open(BINDING, encoding="utf-8") as stream:
        text = stream.read()
    required = re.search(r"^required:\n((?:  - .*\n)+)", text, re.M).group(1)
    figures = {name: (int(least), int(most)) for name, least, most in re.findall(
        r"^  ([a-z0-9-]+):\n(?:    (?!minimum).*\n)*    minimum: (\d+)\n    maximum: (\d+)$",
        text, re.M)}
    return [name for name in required.split() if name not in ("-", "compatible")], figures


def wrong():
    """[(what is wrong, property that the kernel's log must name, what differs in the tree)]"""
    required, figures = binding()
    _, properties, _ = parts()
    found = [(f"no {name}", name, {name: None}) for name in required]
    for name, (least, most) in figures.items():
        whole = {"calibration-date": "<20700>", "calibration-valid-days": "<3650>"}
        for value in (least - 1, most + 1, 0xFFFFFFFF):
            if value >= 0:
                found.append((f"{name} {value}", name, {**whole, name: f"<{value}>"}))
        found.append((f"{name} a word", name, {**whole, name: '"so"'}))
        found.append((f"{name} empty", name, {**whole, name: ""}))
    lines = [name for name in properties if name.endswith("-gpios")]
    for name in lines:
        number, flags = re.fullmatch(r"<&bench (\d+) (\d+)>", properties[name]).groups()
        found.append((f"{name} can sleep", name, {name: f"<&sleeping {number} {flags}>"}))
    return found + [
        ("drive active low", "drive-enable-gpios", {"drive-enable-gpios": "<&bench 0 1>"}),
        ("emergency stop active high", "emergency-stop-gpios",
         {"emergency-stop-gpios": "<&bench 7 0>"}),
        ("a PWM that is not there", "pwms", {"pwms": "<&bench 9 50000 0>"}),
        ("no name", "serial-number", {"serial-number": '""'}),
        ("a long name", "serial-number", {"serial-number": f'"{"N" * 32}"'}),
        ("a name of two words", "serial-number", {"serial-number": '"MN 1"'}),
        ("a name with a slash", "serial-number", {"serial-number": '"MN/1"'}),
        ("a date without its days", "calibration-valid-days", {"calibration-valid-days": None}),
        ("days without their date", "calibration-date", {"calibration-date": None}),
        # each possible, but not together
        ("less than a step", "max-depth-microns", {"max-depth-microns": "<4>"}),
        ("deeper than its travel", "max-depth-microns", {"travel-steps": "<500>"}),
        ("slowest above fastest", "min-rate-millihertz", {"min-rate-millihertz": "<150001>"}),
        ("too slow to come home", "run-down-ms", {"run-down-ms": "<70>"}),
        ("homing takes too long", "steps-per-second2", {"travel-steps": "<20000>"}),
        ("no travel beyond the play", "backlash-steps",
         {"home-release-steps": "<200>", "backlash-steps": "<200>", "travel-steps": "<400>",
          "max-depth-microns": "<1000>"}),
    ]


def name_of(number):
    """A wrong handpiece's node."""
    return f"wrong-{number}"


def all_wrong():
    """One tree with all of them, and at last the one that fits."""
    names = {name_of(number): {"serial-number": '"MN-WRONG-0001"', **differs}
             for number, (_, _, differs) in enumerate(wrong())}
    return tree(SLEEPING, **names, handpiece={})


def main():
    """One file a tree."""
    trees = {name: tree(handpiece=differs) for name, differs in FIT.items()}
    trees["wrong"] = all_wrong()
    for name, text in trees.items():
        with open(os.path.join(sys.argv[1], f"{name}.dts"), "w", encoding="utf-8") as stream:
            stream.write(text)


if __name__ == "__main__":
    main()
