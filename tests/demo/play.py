#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Play one treatment inside the lab's machine and look at it as a person would: play.py usb|gpio

What is typed is shown after a prompt and run in a real terminal; what a hand does at the handpiece
is shown in brackets. Each thing that the demo promises is observed, not assumed: the exit status is 0
only if all were.
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import plot  # noqa: E402
from handpieces import HANDPIECES  # noqa: E402

BUILD = os.environ["MN_BUILD"]
OUT = os.environ["MN_OUT"]
BIN = os.path.join(BUILD, "bin")
DATABASE = "/var/lib/microneedle/treatment.db"
OPERATOR = "anna"

observed = []


def caption(text):
    print(f"\n\033[1m{text}\033[0m", flush=True)


def hand(text, terminal=None):
    """What is done at the handpiece; below what the terminal shows, not in it."""
    below = "\r\n" if terminal and terminal.status is None else ""
    print(f"{below}\033[36m[{text}]\033[0m", flush=True)


def see(what, really):
    """Note one thing that the demo promises."""
    observed.append((what, bool(really)))
    if not really:
        print(f"\033[31mnot seen: {what}\033[0m", flush=True)


def as_operator(words):
    return ["setpriv", f"--reuid={OPERATOR}", f"--regid={OPERATOR}", "--init-groups",
            "--reset-env", "--", "env", "TERM=xterm-256color", f"PATH={BIN}:/usr/bin:/bin"] + words


class Terminal:
    """A command that the operator typed, in a terminal of its own."""

    def __init__(self, words):
        shown = " ".join(w if re.fullmatch(r"[\w./:=,+-]+", w) else f"'{w}'" for w in words)
        print(f"\033[32m{OPERATOR}$\033[0m {shown}", flush=True)
        self.text = ""
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            argv = as_operator(words)
            os.execvp(argv[0], argv)

    def read(self, seconds):
        """Show what comes within the time; False once the command has ended."""
        if self.status is not None:
            return False
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            data = b""
        if not data:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            os.close(self.fd)
            return False
        text = data.decode(errors="replace")
        self.text += text
        sys.stdout.write(text.replace("\r\n", "\n"))
        sys.stdout.flush()
        return True

    def until(self, pattern, seconds=60):
        """Go on until the command has printed something, or has ended."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            if time.monotonic() > end or not self.read(0.2):
                return bool(re.search(pattern, self.text))
        return True

    def finish(self, seconds=120):
        end = time.monotonic() + seconds
        while self.status is None and self.read(0.2):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
        return self.status


def typed(*words):
    terminal = Terminal(list(words))
    terminal.finish()
    return terminal


def ask(*words):
    """What mnctl says to a program."""
    done = subprocess.run(as_operator(["mnctl", "--json"] + list(words)), stdout=subprocess.PIPE,
                          check=False)
    return json.loads(done.stdout)


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def come_home():
    return wait_for(lambda: ask("status")["inputs"]["home"])


def strokes_done(session):
    return ask("call", "session.status", json.dumps({"session": session}))["progress"][
        "strokes_done"]


def keep_pace():
    """Virtual time is held to the host's where somebody watches."""
    ticks = os.environ.get("MN_DEMO_TICKS")
    return subprocess.Popen([os.path.join(BIN, "mn-demo-pace"), ticks]) if ticks else None


def prepare(handpiece):
    """What a package's installation does: a user, the modules, the daemon."""
    subprocess.run(["useradd", "-M", "-s", "/bin/sh", "-G", "mn-operator", OPERATOR], check=True)
    for directory in ("/var/lib/microneedle", "/run/microneedle"):
        os.makedirs(directory, exist_ok=True)
        shutil.chown(directory, "microneedle", "microneedle")
    handpiece.prepare()
    daemon = subprocess.Popen(
        ["setpriv", "--reuid=microneedle", "--regid=microneedle", "--init-groups", "--",
         os.path.join(BIN, "microneedled"), "--foreground", "--database", DATABASE,
         "--protocols", os.path.join(HERE, "..", "..", "daemon", "protocols")],
        stdout=open(os.path.join(OUT, "microneedled.log"), "w", encoding="utf-8"),
        stderr=subprocess.STDOUT)
    if not wait_for(lambda: os.path.exists("/run/microneedle/control.sock")):
        sys.exit("microneedled did not open its socket: see microneedled.log")
    return daemon


def make_ready(handpiece):
    """What a handpiece that knows neither its past nor its cartridge needs of a person."""
    caption("What was before is not known: the fault is cleared, and the needles seek their home")
    see("a fault says that the past is unknown", ask("status")["faults"] == ["restart"])
    typed("mnctl", "clear")
    tested = typed("mnctl", "self-test")
    see("it finds its home, which is its self-test",
        tested.status == 0 and ask("status")["self_test"] == "passed")

    caption("It reads no tags: what is inserted is declared")
    hand("a cartridge is inserted")
    handpiece.model.insert()
    see("the cartridge is seen, and unknown",
        wait_for(lambda: (ask("status")["cartridge"] or {}).get("undeclared")))
    typed("mnctl", "declare", *handpiece.declares)
    again = typed("mnctl", "declare", *handpiece.declares)
    see("it is declared once, by whom is kept",
        again.status == 1 and ask("status")["cartridge"]["declared_by"] == OPERATOR)
    typed("mnctl", "status")


def run_with_faults(handpiece, session):
    """The first run: start, pause, go on, and what goes wrong."""
    model = handpiece.model
    run = Terminal(["mnctl", "session", "run", session, "--depth", "0.5mm"])
    armed = run.until(r"Ctrl-C stops\.\s")
    see("0.5 mm is armed and waits for the foot switch",
        armed and ask("status")["set_point"]["depth_um"] == 500)
    run.read(0.3)
    hand("the foot switch is pressed", run)
    model.set("foot_switch", True)
    see("the foot switch starts the needles", run.until(r"[1-9]\d* of"))
    run.until(r"[23]\d %")
    hand("the foot switch is let go", run)
    model.set("foot_switch", False)
    see("letting go pauses at once", wait_for(lambda: ask("status")["state"] == "armed"))
    run.until("paused", 5)
    see("the needles come home", come_home())
    paused = strokes_done(session)
    run.read(1)
    see("no stroke is made while paused", strokes_done(session) == paused)
    hand("the foot switch is pressed again", run)
    model.set("foot_switch", True)
    see("it goes on", wait_for(lambda: strokes_done(session) > paused + 20))
    run.until(r"[4]\d %", 5)
    hand(handpiece.happens, run)
    handpiece.go_wrong()
    see("mnctl ends the run and says why", run.finish() == 7)
    model.set("foot_switch", False)
    come_home()
    what, as_promised = handpiece.outcome()
    hand(what)
    see(handpiece.promise, as_promised)
    status = typed("mnctl", "status")
    see("the fault is latched and named",
        ask("status")["faults"] == [handpiece.fault] and handpiece.fault in status.text)
    typed("mnctl", "clear")
    see("it is cleared, and nothing is armed by that", ask("status")["state"] == "safe")


def run_to_the_end(handpiece, session):
    run = Terminal(["mnctl", "session", "run", session, "--depth", "0.5mm"])
    run.until(r"Ctrl-C stops\.\s")
    run.read(0.3)
    hand("the foot switch is pressed", run)
    handpiece.model.set("foot_switch", True)
    see("the second run completes", run.finish() == 0)
    handpiece.model.set("foot_switch", False)
    come_home()


def treat(handpiece):
    caption("A session is opened for forehead wrinkles")
    typed("mnctl", "session", "open", "--patient", "P-2041", "--indication", "wrinkles",
          "--area", "forehead", "--size", "40cm2", "--density", "280/cm2", "--depth", "0.5mm",
          "--rate", "100Hz", "--check", "consent,contraindications,cartridge")
    sessions = ask("session", "list")["sessions"]
    see("the session is open", len(sessions) == 1)
    session = sessions[0]["session"]

    caption("1.8 mm is asked for: the kernel refuses")
    refused = typed("mnctl", "session", "arm", session, "--depth", "1.8mm")
    error = ask("session", "arm", session, "--depth", "1.8mm")["error"]
    see("the kernel refuses 1.8 mm and names the limit",
        refused.status == 5 and error["limit"]["requested"] == 1800 and
        error["limit"]["value"] <= 1500)

    caption("0.5 mm is armed; the foot switch starts, pauses and goes on; " + handpiece.mishap)
    run_with_faults(handpiece, session)

    caption("A second run completes")
    run_to_the_end(handpiece, session)

    caption("The record")
    typed("mnctl", "session", "end", session, "--outcome", "completed")
    shown = typed("mnctl", "session", "show", session)
    record = ask("session", "show", session)
    count = record["strokes"]["count"]
    see("the record can be read back", shown.status == 0 and count > 0)
    see("it has every stroke that the handpiece made",
        count == handpiece.model.state()["strokes"])
    declared = record["cartridge"]["declared"]
    see("it says how it is known what the cartridge was",
        declared["by"] == OPERATOR if handpiece.declares else declared is None)
    return record


def leave_artefacts(handpiece, record):
    session = record["session"]
    with open(os.path.join(OUT, "record.json"), "w", encoding="utf-8") as f:
        json.dump(record, f, indent=1)
    strokes, after = [], 0
    while after is not None:
        page = ask("call", "session.strokes", json.dumps(
            {"session": session, "after": after, "limit": 1000}))
        strokes += page["strokes"]
        after = page["next"]
    see("every stroke is in the database", len(strokes) == record["strokes"]["count"])
    with open(os.path.join(OUT, "depth.svg"), "w", encoding="utf-8") as f:
        f.write(plot.depth_svg(strokes, set_um=500, limit_um=1500, how=handpiece.depth))
    # A copy by SQLite itself: what is in the write-ahead log comes along.
    with sqlite3.connect(DATABASE) as source:
        with sqlite3.connect(os.path.join(OUT, "treatment.db")) as copy:
            source.backup(copy)


def main():
    handpiece = HANDPIECES[sys.argv[1]]()
    pace = keep_pace()
    prepare(handpiece)
    caption(handpiece.arrives)
    handpiece.arrive()
    see("the handpiece appears", wait_for(lambda: ask("list").get("devices")))
    typed("mnctl", "list")
    if handpiece.declares:
        make_ready(handpiece)
    else:
        wait_for(lambda: ask("status").get("cartridge"))
        typed("mnctl", "status")

    leave_artefacts(handpiece, treat(handpiece))
    if pace:
        pace.kill()
        pace.wait()
    handpiece.model.stop()

    caption("What was to be seen")
    for what, really in observed:
        print(f"  {'yes' if really else 'NO '}  {what}")
    return 0 if all(really for _, really in observed) else 1


if __name__ == "__main__":
    sys.exit(main())
