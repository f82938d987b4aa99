# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's side of the lab: where things are, and a guest's process."""

import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
import tty

LAB = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(LAB))
CACHE = os.environ.get("MN_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "microneedle")

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class LabError(Exception):
    """The lab itself cannot go on; the text says why, and what to do."""


def complain(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)


def tool(*command):
    """Run one of the lab's scripts; the lines that it prints. Its messages go to stderr."""
    done = subprocess.run([os.path.join(LAB, command[0]), *command[1:]],
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise LabError(f"tests/lab/{' '.join(command)} failed")
    return done.stdout.splitlines()


def die_with_parent():
    """Between fork and exec: a guest must not outlive a killed "run"."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Tail:
    """Copies what appears in a growing file to our stdout."""

    def __init__(self, path):
        self.path = path
        self.stream = None
        self.stdout_is_open = True

    def copy(self):
        if self.stream is None:
            if not os.path.exists(self.path):
                return
            self.stream = open(self.path, "rb", buffering=0)
        while chunk := self.stream.read(1 << 16):
            if not self.stdout_is_open:
                continue
            try:
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                # Our reader has left (as "head" does): the run goes on without it.
                self.stdout_is_open = False
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Terminal:
    """Ties the caller's terminal to a guest's, which listens on a socket."""

    def __init__(self, path):
        self.path = path

    def connect(self, process):
        while process.poll() is None:
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(self.path)
                return line
            except OSError:
                line.close()
                time.sleep(0.02)
        return None

    def attend(self, process):
        """Pass everything on, both ways, until the guest hangs up."""
        line = self.connect(process)
        if line is None:
            return
        was = termios.tcgetattr(0) if os.isatty(0) else None
        if was:
            # Ctrl-C and line ends are the guest's terminal's business.
            tty.setraw(0)
        sources = [0, line]
        try:
            while True:
                ready = select.select(sources, [], [])[0]
                if line in ready:
                    data = line.recv(1 << 16)
                    if not data:
                        return
                    while data:
                        data = data[os.write(1, data):]
                if 0 in ready:
                    data = os.read(0, 1 << 12)
                    if data:
                        line.sendall(data)
                    else:
                        sources.remove(0)
        except ConnectionResetError:
            return
        finally:
            if was:
                termios.tcsetattr(0, termios.TCSADRAIN, was)
            line.close()


class Machine:
    """A guest that is ready to start: a command line and what the guest must know."""

    def __init__(self, command, release, modules_dir="", p9=""):
        self.command = command
        self.release = release
        self.modules_dir = modules_dir
        self.p9 = p9

    def run(self, control, console, timeout, interactive=False):
        """Run the guest to its end. True if it had to be killed."""
        deadline = time.monotonic() + (float("inf") if interactive else timeout)
        open(console, "wb").close()
        # Appending: an emulator may write the console itself, its complaints come here.
        with open(console, "ab") as log:
            process = subprocess.Popen(
                self.command, cwd=control.path, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                # In a session of its own the whole guest can be killed, and a
                # Ctrl-C comes to us alone.
                start_new_session=True, preexec_fn=die_with_parent)
            try:
                if interactive:
                    Terminal(control.file("terminal")).attend(process)
                return self.attend(process, log, Tail(control.file("output")), deadline)
            finally:
                self.kill(process)

    def attend(self, process, log, output, deadline):
        """Keep the guest's words flowing until it ends or the time is over."""
        reader = threading.Thread(target=self.drain, args=(process.stdout, log), daemon=True)
        reader.start()
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    return True
                output.copy()
                time.sleep(0.02)
            return False
        finally:
            self.kill(process)
            reader.join(5)
            output.copy()

    def drain(self, pipe, log):
        """What the emulator itself says; with UML this is the kernel's console."""
        while chunk := os.read(pipe.fileno(), 1 << 16):
            log.write(chunk)
            log.flush()

    @staticmethod
    def kill(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
