# SPDX-License-Identifier: GPL-2.0-or-later
"""The user-space sources, and how each is compiled, as the makefiles have it."""

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

# Kernel code is looked at by checkpatch, sparse and the kernel's own build.
KERNEL_CODE = ("driver/", "tests/kunit/", "tests/lab/kmod/", "tests/lab/mn-bench/")

# What to make of each makefile so that every program and every test program is built.
MAKEFILES = (
    ("daemon/daemon.mk", "daemon"),
    ("tests/handpiece/handpiece.mk", "handpiece", "handpiece-tests"),
    ("tests/gpio_handpiece/gpio_handpiece.mk", "gpio-handpiece"),
    ("tests/arm64/arm64.mk", "arm64-init"),
    ("tests/unit/unit.mk", "unit-tests"),
    ("tests/bench/bench.mk", "bench-programs"),
    ("tests/system/caller/caller.mk", "caller"),
    ("tests/demo/demo.mk", "demo-programs"),
    ("tests/coverage/coverage.mk", "coverage"),
    ("tests/model/model.mk", "model"),
    ("tests/smp/smp.mk", "hammer"),
    ("tests/proof/proof.mk", "proofs"),
)

# Where nothing is ever built: make only tells what it would do.
NOWHERE = "build/static/nowhere"


@dataclass(frozen=True)
class Source:
    """One source, and the options that decide how a compiler reads it."""

    path: str
    options: tuple

    def closure(self):
        """The source and the files of the tree that it includes, directly or not."""
        folders = [option[2:] for option in self.options if option.startswith("-I")]
        seen = {}
        queue = [(TOP / self.path).resolve()]
        while queue:
            path = queue.pop()
            if path in seen:
                continue
            seen[path] = path.read_bytes()
            for line in seen[path].decode(errors="replace").splitlines():
                words = line.strip().removeprefix("#").split()
                if not line.strip().startswith("#") or len(words) < 2 or words[0] != "include":
                    continue
                name = words[1].strip('"<>')
                for folder in [path.parent, *(TOP / folder for folder in folders)]:
                    included = (folder / name).resolve()
                    if included.is_relative_to(TOP) and included.is_file():
                        queue.append(included)
                        break
        return seen


def listed(*patterns):
    """The tree's own files that match; what git ignores is not ours."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard", "--deduplicate", "--", *patterns],
        cwd=TOP, check=True, capture_output=True, text=True)
    return [path for path in listing.stdout.split("\0") if path and (TOP / path).is_file()]


def options_of(argv):
    """The options of a compiler's command that decide how it reads the source."""
    options = []
    words = iter(argv)
    for word in words:
        if word in ("-I", "-D", "-U", "-include", "-isystem"):
            options.append(word + next(words))
        elif word.startswith(("-I", "-D", "-U", "-std=", "-W", "-O", "-f", "-m", "-pthread")):
            # Sanitizers lead gcc to warnings about code that only they have put there.
            if not word.startswith("-fsanitize"):
                options.append(word)
    return tuple(options)


def compilations(output):
    """The compiler's commands in what make says that it would run."""
    for line in output.replace("\\\n", " ").splitlines():
        try:
            argv = shlex.split(line, comments=True)
        except ValueError:
            continue        # a line of a shell script
        if argv and argv[0] == "cc" and "-c" in argv:
            yield argv


def user_space():
    """Every user-space source with the options that its makefile gives it."""
    found = {}
    for makefile, *targets in MAKEFILES:
        would_run = subprocess.run(
            ["make", "--dry-run", "--always-make", "--no-print-directory", "-f", makefile,
             f"BUILD={NOWHERE}", "CC=cc", *targets],
            cwd=TOP, check=True, capture_output=True, text=True).stdout
        for argv in compilations(would_run):
            for word in argv[1:]:
                path = (TOP / word).resolve()
                if not word.endswith(".c") or not path.is_relative_to(TOP):
                    continue
                name = str(path.relative_to(TOP))
                if not name.startswith(NOWHERE):
                    found.setdefault(name, Source(name, options_of(argv)))
    return sorted(found.values(), key=lambda source: source.path)


def never_built():
    """User-space sources that no makefile builds, so that nothing here looks at them."""
    built = {source.path for source in user_space()}
    return [path for path in listed("*.c")
            if not path.startswith(KERNEL_CODE) and path not in built]
