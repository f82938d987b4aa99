# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of the gate: each one a driver of its own, under the core's tests in a UML guest.

core.c alone is compiled anew, with the command that Kbuild has left of it.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import threading

import mutator
from rules import same_text

SOURCE = "driver/core.c"
# The gate, what leads to it and away from it, and the lock and the steps around it
FUNCTIONS = ("set_timer", "could_not_tell", "carry_out", "mn_step", "mn_happen", "take_order", "give_order",
             "mn_gate", "mn_stop_confirmed")
MODULES = "build/modules/uml-6.12"
BATCH = 6               # to a guest
BUDGET_S = 120          # of the guest's time for one; the tests take 45
PROCESSOR_S = 5         # of the host's, of which they take 2: a busy loop is ended whatever else runs here
TIMEOUT_S = 120         # by the clock on the wall

sys.path.insert(0, "tests/lab")
import splats       # noqa: E402


def mutants():
    with open(SOURCE, encoding="utf-8") as stream:
        yield from mutator.mutants(stream.read(), "core.c", FUNCTIONS)


def processor_limit(seconds):
    return lambda: resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def saved_command(name):
    """What Kbuild has made a file with."""
    with open(f"{MODULES}/src/driver/.{name}.cmd", encoding="utf-8") as stream:
        return stream.readline().split(" := ", 1)[1].strip().replace("$$", "$")


class Gate:
    """The module's parts, built once; its changed ones are tried by the batch."""

    def __init__(self, build):
        self.build = f"{build}/gate"
        self.kernel = None
        self.built = os.path.abspath(f"{MODULES}/src/driver")
        self.code = None
        self.lock = threading.Lock()
        self.guests = 0

    def prepare(self):
        os.makedirs(self.build, exist_ok=True)
        subprocess.run(["tests/lab/modules", "--lane", "uml"], check=True)
        self.kernel = subprocess.run(["tests/lab/kernel", "uml", "--build-dir"], check=True,
                                     capture_output=True, text=True).stdout.strip()
        with open(SOURCE, encoding="utf-8") as stream:
            source = stream.read()
        if not self.module("itself", source):
            raise RuntimeError("core.c does not compile as it is")
        self.code = self.optimised(source)
        said = self.guest(["itself"])
        if said.get("itself") != "good":
            raise RuntimeError(f"the core's tests find the gate wrong as it is: {said}")

    def shell(self, command):
        return subprocess.run(["sh", "-c", command], cwd=self.kernel, check=False, capture_output=True,
                              text=True)

    def compiler(self, name, changed):
        """The command for core.c with another source."""
        command = saved_command("core.o")
        command = re.sub(r"-Wp,-MMD,\S+", "", command)
        command = command.replace(f"{self.built}/core.c", changed)
        return command.replace(f"-o {self.built}/core.o", f"-I{self.built} -o {self.build}/{name}.o")

    def module(self, name, source):
        changed = f"{self.build}/{name}.c"
        with open(changed, "w", encoding="utf-8") as stream:
            stream.write(source)
        if self.shell(self.compiler(name, changed)).returncode:
            return False
        with open(f"{self.built}/microneedle.mod", encoding="utf-8") as stream:
            parts = stream.read().replace(f"{self.built}/core.o", f"{self.build}/{name}.o").split()
        whole = f"{self.build}/{name}.whole.o"
        link = saved_command("microneedle.o").replace(f"{self.built}/microneedle.o", whole)
        link = link.replace(f"@{self.built}/microneedle.mod", " ".join(parts))
        end = saved_command("microneedle.ko").replace(f"{self.built}/microneedle.o", whole)
        end = end.replace(f"{self.built}/microneedle.ko", f"{self.build}/{name}.ko")
        for command in (link, end):
            made = self.shell(command)
            if made.returncode:
                raise RuntimeError(made.stderr)
        return True

    def optimised(self, source):
        changed = f"{self.build}/same.c"
        with self.lock:
            with open(changed, "w", encoding="utf-8") as stream:
                stream.write(source)
            # Without the names of places, which the sanitizers keep
            command = re.sub(r"-fsanitize=\S+|--param asan\S+|-fasan-\S+|\s-g\S*", "",
                             self.compiler("same", changed)).replace(" -c ", " -S ")
            self.shell(command)
            with open(f"{self.build}/same.o", encoding="utf-8") as stream:
                return same_text(stream.read())

    def guest(self, names):
        """What became of each; one that the guest did not survive has ended it."""
        with self.lock:
            self.guests += 1
            out = f"{self.build}/guest-{self.guests}"
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)
        complaints = splats.TITLES.pattern.replace(r"\w", "[[:alnum:]_]").replace(r"\d", "[0-9]")
        ran = subprocess.run(
            ["tests/lab/run", "--lane", "uml", "--time", "virtual", "--no-udev",
             "--budget", str(60 + BUDGET_S * len(names)), "--timeout", str(80 + TIMEOUT_S * len(names)),
             "--out", out, "--env", f"COMPLAINTS={complaints}", "--",
             "tests/mutate/guest", self.build, *names], check=False, capture_output=True, text=True,
            preexec_fn=processor_limit(15 + PROCESSOR_S * len(names)))
        said = {}
        if os.path.exists(f"{out}/done"):
            with open(f"{out}/done", encoding="utf-8", errors="replace") as stream:
                said = dict(line.strip().split(" ", 1) for line in stream)
        if not os.path.exists(f"{out}/begun"):
            raise RuntimeError(f"the guest did not begin: {ran.stdout}{ran.stderr}")
        with open(f"{out}/begun", encoding="utf-8") as stream:
            last = stream.read().strip()
        if last in names and last not in said:
            said[last] = f"the guest does not survive it: status {ran.returncode}"
        return said

    def try_batch(self, batch):
        """[(mutant, what, how)] as Rules.try_one() says of each."""
        with open(SOURCE, encoding="utf-8") as stream:
            source = stream.read()
        results = []
        waiting = {}
        for mutant in batch:
            if self.module(mutant.id(), mutant.of(source)):
                waiting[mutant.id()] = mutant
            else:
                results.append((mutant, "no", ""))
        while waiting:
            said = self.guest(list(waiting))
            if not said:
                raise RuntimeError(f"a guest says nothing of {' '.join(waiting)}")
            for name, how in said.items():
                mutant = waiting.pop(name)
                if how != "good":
                    results.append((mutant, "killed", f"core: {how}"))
                elif self.optimised(mutant.of(source)) == self.code:
                    results.append((mutant, "same", ""))
                else:
                    results.append((mutant, "alive", ""))
                for end in (".c", ".o", ".ko", ".whole.o"):
                    os.remove(f"{self.build}/{name}{end}")
        return results
