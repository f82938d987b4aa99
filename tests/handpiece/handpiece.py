# SPDX-License-Identifier: GPL-2.0-or-later
"""The simulated handpiece in a test: start it, be the world around it, and see what it saw.

    with Handpiece() as hp:
        hp.set("foot_switch", True)
        shot = hp.inject("overshoot", um=300, after_strokes=20)
        shot.wait(5000)
        print(hp.stats()["kill"])
"""

import json
import os
import select
import signal
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(HERE))


class HandpieceError(Exception):
    """It refused a command, did not start, or an injection took no effect."""


class Injection:
    """A fault that was asked for; wait() is the proof that it took effect."""

    def __init__(self, handpiece, number, fault):
        self.handpiece = handpiece
        self.id = number
        self.fault = fault

    def wait(self, timeout_ms=2000):
        """Return the effect ({"mono_ns", "detail", ...}) or raise."""
        return self.handpiece.cmd(cmd="await", id=self.id, timeout_ms=timeout_ms)

    def took_effect(self):
        """Whether it has acted yet."""
        try:
            self.wait(0)
            return True
        except HandpieceError:
            return False


class Handpiece:
    """One mn-handpiece process and its control socket."""

    def __init__(self, serial="MN-SIM-0001", udc=None, control=None, trace=None, nv=None,
                 cartridge=None, foot_switch=True, speed="high", seed=None, fifo=False,
                 capture_hz=None, self_test=None, listen=None, program=None):
        run = os.environ.get("MN_HANDPIECE_DIR", "/run")
        self.serial = serial
        self.control = control or os.path.join(run, f"mn-handpiece-{serial}.sock")
        self.trace = trace or os.path.join(run, f"mn-handpiece-{serial}.jsonl")
        build = os.environ.get("MN_BUILD", os.path.join(CHECKOUT, "build"))
        self.argv = [program or os.path.join(build, "bin", "mn-handpiece"),
                     "--serial", serial, "--control", self.control, "--trace", self.trace,
                     "--foot-switch", "yes" if foot_switch else "no", "--speed", speed]
        for option, value in (("--udc", udc), ("--nv", nv), ("--cartridge", cartridge),
                              ("--seed", seed), ("--capture-hz", capture_hz),
                              ("--self-test", self_test)):
            if value is not None:
                self.argv += [option, str(value)]
        if fifo:
            self.argv.append("--fifo")
        if listen:
            self.argv += ["--front", "usbredir", "--listen", listen]
        self.process = None
        self._socket = None
        self._buffer = b""

    # The process

    def start(self, timeout=10.0):
        """Start it and wait until it is on the bus."""
        self.process = subprocess.Popen(self.argv, stdout=subprocess.PIPE)
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        line = self.process.stdout.readline() if ready else b""
        if line.strip() != b"ready":
            self.kill()
            raise HandpieceError("mn-handpiece did not get ready: see its messages")
        self._connect()
        return self

    def _connect(self):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(self.control)
        self._buffer = b""

    def _disconnect(self):
        if self._socket:
            self._socket.close()
            self._socket = None
        if self.process and self.process.stdout:
            self.process.stdout.close()

    def stop(self, timeout=10.0):
        """End it as SIGTERM does: off the bus, the gadget removed."""
        if not self.process:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout)
        self._disconnect()
        self.process = None
        return status

    def kill(self):
        """Power and cable gone at once."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self._disconnect()
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.stop()

    # The control socket

    def cmd(self, timeout=None, **command):
        """Send one command, return its answer, raise on ok:false."""
        if timeout is None:
            timeout = 10.0 + command.get("timeout_ms", 0) / 1000.0
        self._socket.sendall(json.dumps(command).encode() + b"\n")
        end = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            left = end - time.monotonic()
            ready, _, _ = select.select([self._socket], [], [], max(left, 0))
            more = self._socket.recv(65536) if ready else b""
            if not more:
                raise HandpieceError(f"no answer to {command}")
            self._buffer += more
        line, self._buffer = self._buffer.split(b"\n", 1)
        answer = json.loads(line)
        if not answer["ok"]:
            raise HandpieceError(f"{command}: {answer['error']}")
        return answer

    def state(self):
        """All that it is at present."""
        return self.cmd(cmd="state")

    def stats(self):
        """The stamps that latency tests compare."""
        return self.cmd(cmd="stats")

    def set(self, name, value, **bounce):
        """The foot_switch or the emergency_stop."""
        return self.cmd(cmd="set", input=name, value=value, **bounce)

    def insert(self, **cartridge):
        """Put a cartridge in; returns its uid."""
        return self.cmd(cmd="cartridge", action="insert", **cartridge)["uid"]

    def remove(self):
        """Pull the cartridge."""
        return self.cmd(cmd="cartridge", action="remove")

    def read_error(self):
        """The tag of the cartridge that is in cannot be read any more."""
        return self.cmd(cmd="cartridge", action="read_error")

    def plug(self):
        """On the bus again."""
        return self.cmd(cmd="plug")

    def unplug(self):
        """Off the bus; it keeps its power."""
        return self.cmd(cmd="unplug")

    def power_cycle(self, **options):
        """Brown-out: its memory is gone but for what is kept without power."""
        return self.cmd(cmd="power_cycle", **options)

    def skin(self, name=None, load=None):
        """What it is pressed on, and how hard (0..1000)."""
        options = {"name": name, "load": load}
        return self.cmd(cmd="skin", **{k: v for k, v in options.items() if v is not None})

    def inject(self, fault, **params):
        """Ask for a fault, now, or after_strokes=N, or in_ms=N."""
        return Injection(self, self.cmd(cmd="inject", fault=fault, **params)["id"], fault)

    def clear_injections(self):
        """No injection waits or acts any more."""
        return self.cmd(cmd="clear_injections")

    def mark_stamp(self, name):
        """A stamp in the trace, which is written out by it."""
        return self.cmd(cmd="mark_stamp", name=name)

    def wait_for(self, condition, timeout=5.0, step=0.005):
        """Wait until condition(state) is true; returns that state."""
        end = time.monotonic() + timeout
        while True:
            state = self.state()
            if condition(state):
                return state
            if time.monotonic() > end:
                raise HandpieceError(f"not within {timeout} s, the state is {state}")
            time.sleep(step)

    def wait_strokes(self, more, timeout=10.0):
        """Wait until so many more strokes have begun."""
        until = self.state()["strokes"] + more
        return self.wait_for(lambda state: state["strokes"] >= until, timeout)

    def events(self, *names):
        """The trace so far, all of it or the events of these names."""
        self.mark_stamp("read")
        with open(self.trace, encoding="utf-8") as trace:
            lines = [json.loads(line) for line in trace]
        return [line for line in lines if not names or line["ev"] in names]
