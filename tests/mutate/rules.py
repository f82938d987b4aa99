# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of the rules: compiled by themselves in user space, and tried by each killer in turn."""

import glob
import os
import re
import resource
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

import mutator

# Silence of the compiler decides what is a mutant at all: the kernel's build stops at these, too.
STRICT = ("-Werror=return-type", "-Werror=int-conversion", "-Werror=incompatible-pointer-types",
          "-Werror=implicit-function-declaration", "-Werror=overflow")
# What nobody has set is the same in each run, and an index out of its array ends the program.
TRIED = ("-O0", "-ftrivial-auto-var-init=pattern", "-fsanitize=bounds",
         "-fsanitize-undefined-trap-on-error")


@dataclass(frozen=True)
class Killer:
    """A program of one object and the rules; it ends with another status than 0 if it tells a change."""

    name: str
    object: str         # beneath the build's folder
    arguments: tuple
    seconds: int        # of its processor, many times what it needs


# In this order, until one tells the change
KILLERS = (
    Killer("KUnit", "kunit.o", ("--first",), 3),
)

SOURCES = tuple(sorted(os.path.basename(path) for path in glob.glob("driver/safety*.c")))
HEADERS = ("safety_stop.h",)


def mutants():
    for name in SOURCES + HEADERS:
        with open(f"driver/{name}", encoding="utf-8") as stream:
            yield from mutator.mutants(stream.read(), name)


def limit(seconds):
    def set_limits():
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return set_limits


def same_text(assembly):
    """What the compiler made of a source, whatever numbers it gave its labels."""
    numbers = {}
    lines = [line for line in assembly.splitlines() if not line.strip().startswith((".file", ".ident"))]
    return re.sub(r"\.L\w*\d+", lambda label: numbers.setdefault(label[0], f".L{len(numbers)}"),
                  "\n".join(lines))


class Rules:
    """The rules and their killers, built once; try_one() may be called by several threads."""

    def __init__(self, build):
        self.build = build
        self.flags = None
        self.code = {}

    def prepare(self):
        make = ["make", "--no-print-directory", "-s", "-f", "tests/mutate/mutate.mk",
                f"BUILD={os.path.dirname(self.build)}"]
        subprocess.run([*make, "mutate"], check=True)
        self.flags = subprocess.run([*make, "rules-flags"], check=True, capture_output=True,
                                    text=True).stdout.split()
        for name in SOURCES:
            self.compile(f"driver/{name}", self.object(name))
            self.code[name] = self.optimised(f"driver/{name}")
        for killer in KILLERS:
            how = self.killed_by(killer, [self.object(name) for name in SOURCES], self.build)
            if how:
                raise RuntimeError(f"{killer.name} finds the rules wrong as they are: {how}")

    def object(self, name):
        return f"{self.build}/{name[:-2]}.o"

    def compile(self, source, to):
        return subprocess.run(["gcc", *TRIED, *STRICT, *self.flags, "-c", "-o", to, source],
                              capture_output=True, check=False).returncode == 0

    def optimised(self, source):
        made = subprocess.run(["gcc", "-O2", "-w", *self.flags, "-S", "-o", "-", source],
                              capture_output=True, text=True, check=False)
        return same_text(made.stdout)

    def killed_by(self, killer, objects, folder):
        """How it tells, or None."""
        program = f"{folder}/{os.path.basename(killer.object)}.run"
        linked = subprocess.run(["gcc", "-o", program, f"{self.build}/{killer.object}", *objects],
                                capture_output=True, text=True, check=False)
        if linked.returncode:
            raise RuntimeError(linked.stderr)
        try:
            ran = subprocess.run([program, *killer.arguments], capture_output=True, timeout=120,
                                 preexec_fn=limit(killer.seconds), check=False)
        except subprocess.TimeoutExpired:
            return "never ends"
        if ran.returncode == 0:
            return None
        if ran.returncode < 0:
            return f"ends by signal {-ran.returncode}"
        told = re.findall(r"^not ok (.*)", ran.stdout.decode(errors="replace"), re.MULTILINE)
        return told[0] if told else f"status {ran.returncode}"

    def try_one(self, mutant):
        """What becomes of it: (no, same, killed or alive; how)."""
        with tempfile.TemporaryDirectory(dir=self.build) as folder:
            again = (mutant.file,)
            if mutant.file in HEADERS:      # beside all that include it
                again = SOURCES
                for path in glob.glob("driver/safety*.[ch]"):
                    shutil.copy(path, folder)
            with open(f"driver/{mutant.file}", encoding="utf-8") as stream:
                source = stream.read()
            with open(f"{folder}/{mutant.file}", "w", encoding="utf-8") as stream:
                stream.write(mutant.of(source))
            objects = [self.object(name) for name in SOURCES if name not in again]
            for name in again:
                objects.append(f"{folder}/{name[:-2]}.o")
                if not self.compile(f"{folder}/{name}", objects[-1]):
                    return "no", ""
            for killer in KILLERS:
                how = self.killed_by(killer, objects, folder)
                if how:
                    return "killed", f"{killer.name}: {how}"
            if all(self.optimised(f"{folder}/{name}") == self.code[name] for name in again):
                return "same", ""
        return "alive", ""
