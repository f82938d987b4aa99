#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run one tool over each user-space source: each_source.py gcc|clang|clang-tidy|cppcheck

What was clean and has not changed since, with all that it includes, is not looked at again.
"""

import hashlib
import os
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor

from sources import TOP, Source, never_built, user_space

WARNINGS = ("-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror")
CLEAN = TOP / "build/static/clean"

# cppcheck reads no system headers, but it cannot read code without their loops and lists.
CPPCHECK_KNOWS = (f"--include=/usr/include/{sysconfig.get_config_var('MULTIARCH')}/sys/queue.h",
                  "--include=/usr/include/jansson.h", "--include=/usr/include/libudev.h",
                  "--suppress=*:/usr/include/*")
CPPCHECK_SUPPRESSES = (
    # Kernel coding style declares at the top of the function.
    "--suppress=variableScope",
    # Functions are verbs and variables nouns, and English has words that are both: it takes a call
    # of a variable to mix them up, which does not compile.
    "--suppress=shadowFunction",
    # The members of a list's head are used by the macros of sys/queue.h.
    "--suppress=unusedStructMember",
)

# Pure code of the driver that is compiled in user space too.
SHARED = ("driver/safety.c", "driver/safety_reports.c", "driver/safety_cartridge.c",
          "driver/safety_limits.c", "driver/safety_stop.c", "driver/usb_parse.c")


def gcc(source):
    """Compiled, not only parsed: some warnings come from what the optimiser sees."""
    return ["gcc", *source.options, *WARNINGS, "-c", "-o", "/dev/null", source.path]


def clang(source):
    return ["clang-14", *source.options, *WARNINGS, "-c", "-o", "/dev/null", source.path]


def clang_tidy(source):
    # Tests put short texts of their own together, and run with a sanitizer that watches them do so.
    less = ["--checks=-clang-analyzer-security.insecureAPI.strcpy"]
    return ["clang-tidy-14", "--quiet", "--warnings-as-errors=*",
            *(less if source.path.startswith("tests/") else []), source.path, "--",
            *source.options]


def cppcheck(source):
    reads = [option for option in source.options if option.startswith(("-I", "-D", "-U"))]
    return ["cppcheck", "--quiet", "--std=c11", "--language=c", "--library=posix",
            "--enable=warning,performance,portability,style", "--inline-suppr",
            "--error-exitcode=1", *CPPCHECK_SUPPRESSES, *CPPCHECK_KNOWS, *reads, source.path]


TOOLS = {"gcc": gcc, "clang": clang, "clang-tidy": clang_tidy, "cppcheck": cppcheck}


def environment_of(tool):
    """What decides a tool's answer beside the source: its version, the libraries', its settings."""
    version = subprocess.run([tool, "--version"], check=True, capture_output=True).stdout
    libraries = subprocess.run(["dpkg-query", "-W", "lib*-dev"], check=True,
                               capture_output=True).stdout
    return version + libraries + (TOP / ".clang-tidy").read_bytes()


def look(argv, mark):
    """What the tool says of one source; nothing if it is clean."""
    if mark.exists():
        return ""
    done = subprocess.run(argv, cwd=TOP, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        mark.touch()
        return ""
    said = "\n".join(line for line in (done.stdout + done.stderr).splitlines()
                     if not line.endswith((" warnings generated.", " warning generated.")))
    return said or f"{' '.join(argv)}: ended with status {done.returncode}"


def main():
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in TOOLS:
        sys.exit(__doc__)
    marks = CLEAN / name
    marks.mkdir(parents=True, exist_ok=True)

    found = user_space()
    if name == "cppcheck":
        built = {source.path for source in found}
        includes = ("-Idriver/include/uapi", "-D__KERNEL__")
        found += [Source(path, includes) for path in SHARED if path not in built]

    environment = environment_of(TOOLS[name](found[0])[0])
    jobs = []
    kept = set()
    for source in found:
        argv = TOOLS[name](source)
        key = hashlib.sha256(environment + "\0".join(argv).encode())
        for path, content in sorted(source.closure().items()):
            key.update(f"\0{path}\0".encode() + content)
        mark = marks / key.hexdigest()
        kept.add(mark.name)
        jobs.append((argv, mark))
    for mark in marks.iterdir():
        if mark.name not in kept:
            mark.unlink()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [said for said in pool.map(lambda job: look(*job), jobs) if said]
    complaints += [f"{path}: no makefile builds it, so nothing looked at it"
                   for path in never_built()]
    if complaints:
        print("\n".join(complaints))
        sys.exit(1)


main()
