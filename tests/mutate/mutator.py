# SPDX-License-Identifier: GPL-2.0-or-later
"""Every small change of a C source: one token or one statement each.

Comments, strings and preprocessor lines are left alone. It knows tokens and not types: what does not compile
is no mutant, and is left to the compiler to say.
"""

import hashlib
import re
from dataclasses import dataclass

TOKEN = re.compile(r"""
    (?P<skip>\s+|/\*.*?\*/|//[^\n]*)
  | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<number>\d[\w.]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)
""", re.VERBOSE | re.DOTALL)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
BODY = re.compile(r"^\{\n.*?^\}", re.MULTILINE | re.DOTALL)
SIGNATURE = re.compile(r"^[A-Za-z_][^\n]*?\b(?P<name>\w+)\(", re.MULTILINE)
CONSTANT = re.compile(r"[A-Z][A-Z0-9_]+")

RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
EXCHANGED = {"&&": "||", "||": "&&", "+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "&": "|", "|": "&",
             "<<": ">>", ">>": "<<"}
ASSIGNED = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "++": "--", "--": "++"}
BINARY_ONLY = ("+", "-", "*", "&")      # one operand or two
TYPES = ("const", "static", "unsigned", "int", "bool", "u8", "u32", "u64", "s32", "size_t", "enum", "struct",
         "union", "long", "char", "void")
HEADED = ("if", "while", "for", "switch")
NO_OPERAND = ("return", "case", "sizeof") + TYPES


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Mutant:
    """One change: what stands from start to end becomes new."""

    file: str
    function: str
    operator: str
    start: int
    end: int
    new: str
    name: str           # says the change, and survives that lines move

    def of(self, source):
        return source[:self.start] + self.new + source[self.end:]

    def id(self):
        """Short enough to be typed"""
        return hashlib.sha256(self.name.encode()).hexdigest()[:8]

    def line(self, source):
        return source.count("\n", 0, self.start) + 1


def tokens(source):
    """All that may be changed, without what is left alone."""
    left_alone = [match.span() for match in PREPROCESSOR.finditer(source)]
    found = []
    at = 0
    while at < len(source):
        if left_alone and at >= left_alone[0][0]:
            at = max(at, left_alone.pop(0)[1])
            continue
        match = TOKEN.match(source, at)
        at = match.end()
        if match.lastgroup != "skip":
            found.append(Token(match.lastgroup, match.group(), match.start(), match.end()))
    return found


def matching(toks):
    """For each opening bracket its closing one, and the other way round."""
    pair = {}
    stack = []
    for at, token in enumerate(toks):
        if token.kind != "sign":
            continue
        if token.text in "([{":
            stack.append(at)
        elif token.text in ")]}" and stack:
            pair[at] = stack.pop()
            pair[pair[at]] = at
    return pair


def functions(source):
    """The functions' bodies: (name, what it returns, start, end)."""
    for body in BODY.finditer(source):
        signature = list(SIGNATURE.finditer(source, 0, body.start()))[-1]
        yield signature["name"], signature.group().split(signature["name"])[0], body.start(), body.end()


class Changes:
    """Finds the changes of one source."""

    def __init__(self, source):
        self.source = source
        self.toks = tokens(source)
        self.pair = matching(self.toks)
        self.found = []
        self.bodies = list(functions(source))

    def add(self, operator, first, last, new):
        """What stands from token first to token last becomes new."""
        self.found.append((operator, self.toks[first].start, self.toks[last].end, new))

    def text(self, first, last):
        return self.source[self.toks[first].start:self.toks[last].end]

    def where(self, offset):
        for name, returns, start, end in self.bodies:
            if start <= offset < end:
                return name, returns
        return None, ""

    def declares(self, at):
        """A pointer, after the name of its type."""
        first = at
        while first and self.toks[first - 1].text not in ";{}(,":
            first -= 1
        return (self.toks[at].text == "*" and self.toks[first].text in TYPES and
                all(token.text != "=" for token in self.toks[first:at]))

    def two_operands(self, at):
        before = self.toks[at - 1]
        if self.declares(at):
            return False
        if before.kind == "name":
            return before.text not in NO_OPERAND
        return before.kind == "number" or before.text in ")]"

    # ---- one token ----

    def signs(self, at):
        text = self.toks[at].text
        if text in RELATIONS:
            for other in RELATIONS:
                if other != text:
                    self.add("relation", at, at, other)
        elif text in EXCHANGED:
            if text not in BINARY_ONLY or self.two_operands(at):
                self.add("exchange", at, at, EXCHANGED[text])
        elif text in ASSIGNED:
            self.add("exchange", at, at, ASSIGNED[text])
        elif text in "!~":
            self.add("drop", at, at, "")
        elif text == "?":
            self.negate(self.before_question(at), at - 1)

    def constants(self, at):
        text = self.toks[at].text
        number = re.fullmatch(r"(\d+)(U?L*)", text)
        if number:
            value, suffix = int(number[1]), number[2]
            self.add("boundary", at, at, f"{value + 1}{suffix}")
            self.add("boundary", at, at, f"{value - 1}{suffix}" if value else f"(0{suffix} - 1)")
            for other in (0, 1):
                if value != other:
                    self.add("constant", at, at, f"{other}{suffix}")
        elif text in ("true", "false"):
            self.add("constant", at, at, "false" if text == "true" else "true")
        elif CONSTANT.fullmatch(text) and text != "NULL" and self.toks[at + 1].text != "(":
            self.add("boundary", at, at, f"({text} + 1)")
            self.add("boundary", at, at, f"({text} - 1)")
            self.add("constant", at, at, "0")

    # ---- conditions ----

    def negate(self, first, last):
        self.add("negate", first, last, f"!({self.text(first, last)})")

    def before_question(self, at):
        """The first token of the condition before a question mark."""
        first = at
        while first:
            text = self.toks[first - 1].text
            if text in ")]":
                first = self.pair[first - 1]
                continue
            if text in "([{,;=?:" or text == "return" or text in ASSIGNED:
                break
            first -= 1
        return first

    def conditions(self, at):
        """Of what has a head in brackets."""
        opening, closing = at + 1, self.pair[at + 1]
        if self.toks[at].text == "switch":
            return
        if self.toks[at].text == "for":
            parts = [n for n in range(opening, closing) if self.toks[n].text == ";"]
            opening, closing = parts
        if closing > opening + 1:
            self.negate(opening + 1, closing - 1)

    def returns(self, at, kind):
        end = next(n for n in range(at, len(self.toks)) if self.toks[n].text == ";")
        if "bool" in kind and self.toks[at + 1].text not in ("true", "false"):
            self.negate(at + 1, end - 1)

    # ---- statements ----

    def statement(self, first):
        """Left out, if it is a simple one."""
        last = first
        while self.toks[last].text != ";":
            if self.toks[last].text in "([":
                last = self.pair[last]
            elif self.toks[last].text in "{})]:" or last + 1 == len(self.toks):
                return
            last += 1
        words = [token.text for token in self.toks[first:last + 1]]
        if len(words) > 1 and words[0] not in TYPES + HEADED + ("else", "do", "case", "default"):
            self.add("delete", first, last, ";")

    def begins_statement(self, at):
        before = self.toks[at - 1].text
        if before in (";", "{", "}", "else", "do"):
            return True
        if before == ":":
            return self.is_label(at - 1)
        if before == ")":
            return self.toks[self.pair[at - 1] - 1].text in HEADED
        return False

    def is_label(self, at):
        while at and self.toks[at].text not in ";{}?":
            if self.toks[at].text in ("case", "default"):
                return True
            at -= 1
        return False

    def in_for_head(self, at):
        for opening, closing in self.pair.items():
            if opening < at < closing and self.toks[opening - 1].text == "for":
                return True
        return False

    # ---- arguments ----

    def arguments(self, at):
        """Two beside each other change places."""
        opening, closing = at + 1, self.pair[at + 1]
        parts = []
        first = n = opening + 1
        while n < closing:
            if self.toks[n].text in "([{":
                n = self.pair[n]
            elif self.toks[n].text == ",":
                parts.append((first, n - 1))
                first = n + 1
            n += 1
        parts.append((first, closing - 1))
        for (a, b), (c, d) in zip(parts, parts[1:]):
            if self.text(a, b) != self.text(c, d):
                self.add("swap", a, d, f"{self.text(c, d)}, {self.text(a, b)}")

    def is_call(self, at):
        token = self.toks[at]
        return (token.kind == "name" and token.text not in HEADED + NO_OPERAND and
                at + 1 < len(self.toks) and self.toks[at + 1].text == "(")

    def look(self, at):
        token = self.toks[at]
        function, returns = self.where(token.start)
        if not function and not self.initialised(at):
            return
        if token.kind == "sign":
            self.signs(at)
        elif token.kind in ("number", "name"):
            self.constants(at)
        if not function:
            return
        if token.text in HEADED:
            self.conditions(at)
        if token.text == "return":
            self.returns(at, returns)
        if self.is_call(at):
            self.arguments(at)
        if self.begins_statement(at) and not self.in_for_head(at):
            self.statement(at)

    def initialised(self, at):
        """Outside of functions: the value of a constant."""
        while at and self.toks[at].text not in ";{}":
            at -= 1
            if self.toks[at].text == "=":
                return True
        return False


def one_line(text):
    return " ".join(text.split())


def mutants(source, file, only=None):
    """All mutants of a source; only: of these functions."""
    changes = Changes(source)
    for at in range(len(changes.toks)):
        changes.look(at)
    seen = {}
    done = set()
    for operator, start, end, new in changes.found:
        function = changes.where(start)[0] or "-"
        if (only and function not in only) or (start, end, new) in done:
            continue
        done.add((start, end, new))
        first = source.rfind("\n", 0, start) + 1
        last = source.find("\n", end)
        told = f"{{{one_line(source[start:end])} => {one_line(new)}}}"
        name = one_line(f"{file} {function}: {source[first:start]}{told}{source[end:last]}")
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name += f" #{seen[name]}"
        yield Mutant(file, function, operator, start, end, new, name)
