# SPDX-License-Identifier: GPL-2.0-or-later
"""Each kind of change is made where it should be, and each thing that can be wrong with the list is found."""

import equivalents
import mutator

BODY = "static bool f(int a)\n{\n%s\n}\n"

# A statement, and all that becomes of it
MADE = {
    "relation": ("\tuse(a < b);", "relation", {"a <= b", "a > b", "a >= b", "a == b", "a != b"}),
    "boundary": ("\tuse(7);", "boundary", {"8", "6"}),
    "boundary of a name": ("\tuse(MN_X);", "boundary", {"(MN_X + 1)", "(MN_X - 1)"}),
    "boundary of 0": ("\tuse(0ULL);", "boundary", {"1ULL", "(0ULL - 1)"}),
    "constant": ("\tuse(7U);", "constant", {"0U", "1U"}),
    "constant of a name": ("\tuse(MN_X);", "constant", {"0"}),
    "truth": ("\tuse(true);", "constant", {"false"}),
    "condition": ("\tif (a)\n\t\tb();", "negate", {"!(a)"}),
    "loop": ("\twhile (a)\n\t\tb();", "negate", {"!(a)"}),
    "end of a loop": ("\tfor (i = 0; i < a; i++)\n\t\tb();", "negate", {"!(i < a)"}),
    "choice": ("\tx = a ? b : c;", "negate", {"!(a)"}),
    "answer": ("\treturn a && b;", "negate", {"!(a && b)"}),
    "statement": ("\ts->a = 1;", "delete", {";"}),
    "call": ("\tf();", "delete", {";"}),
    "labelled": ("\tswitch (a) {\n\tcase 1:\n\t\tb();\n\t}", "delete", {";"}),
    "swap": ("\tf(a, g(b), c);", "swap", {"g(b), a", "c, g(b)"}),
    "and": ("\tuse(a && b);", "exchange", {"||"}),
    "or": ("\tuse(a || b);", "exchange", {"&&"}),
    "sum": ("\tuse(a + b - c);", "exchange", {"+", "-"}),
    "product": ("\tuse(a * b / c);", "exchange", {"*", "/"}),
    "bits": ("\tuse(a & b | c);", "exchange", {"&", "|"}),
    "assignment": ("\ta |= b;\n\ti++;", "exchange", {"&=", "--"}),
    "not": ("\tuse(!a, ~b);", "drop", {""}),
}

# Nothing is changed here
LEFT_ALONE = {
    "comment": "\t/* a < b, 7; */",
    "line comment": "\t// a < 7",
    "string": '\tstatic const char *s = "a < 7";',
    "preprocessor": "#define X (a < 7)",
    "declaration": "\tstruct a *b;",
    "sizeof": "\tstruct a b = { .c = sizeof(b) };",
    "pointer": "\tstruct a *b = *c;",
}

LIST = """
== good
An argument that is long enough to be one.
- f.c f: a
read %s
== unread
An argument that is long enough to be one.
- f.c f: b
read 00000000
== stale
An argument that is long enough to be one.
- f.c f: gone
== twice
An argument that is long enough to be one.
- f.c f: a
== no argument
Too short.
- f.c f: c
== empty
An argument that is long enough to be one.
"""


def made(statement, operator):
    source = BODY % statement
    found = set()
    for mutant in mutator.mutants(source, "f.c"):
        if mutant.operator == operator:
            text = source[mutant.start:mutant.end]
            found.add(f"a {mutant.new} b" if operator == "relation" else mutant.new)
            if mutant.of(source) == source or text not in mutant.name.replace("{", "", 1):
                found.add(f"no change: {mutant.name}")
    return found


def checks():
    """(what, whether it is as it should be)"""
    for what, (statement, operator, want) in MADE.items():
        yield f"{operator}: {what}", made(statement, operator) == want
    for what, statement in LEFT_ALONE.items():
        yield f"left alone: {what}", not list(mutator.mutants(BODY % statement, "f.c"))
    twice = [m.name for m in mutator.mutants(BODY % "\tf();\n\tf();", "f.c")]
    yield "equal changes are numbered", twice[1] == twice[0] + " #2"
    moved = [m.name for m in mutator.mutants("\n\n" + BODY % "\tf();\n\tf();", "f.c")]
    yield "a name survives that lines move", moved == twice

    good = equivalents.parse(LIST)[0].checksum()
    blocks = equivalents.parse(LIST % good)
    wrong = list(equivalents.problems(blocks, {"f.c f: a", "f.c f: b", "f.c f: c"}))
    for name, what in (("unread", "nobody has read"), ("stale", "no such change"), ("twice", "as well"),
                       ("no argument", "has no argument"), ("empty", "for no change")):
        yield f"list: {name}", any(line.startswith(f"{name}: ") and what in line for line in wrong)
    yield "list: nothing is wrong with a good one", not any(line.startswith("good") for line in wrong)
    other = equivalents.parse(LIST.replace("long enough", "other"))[0].checksum()
    yield "list: an edited argument has to be read anew", other != good
