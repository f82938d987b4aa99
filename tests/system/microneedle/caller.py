# SPDX-License-Identifier: GPL-2.0-or-later
"""A program of another architecture that uses /dev/microneedleN: mn-caller, see caller/caller.c.

It is used as a Device is, and everything that it asks and reads goes through the program.
"""

import errno
import json
import os
import select
import subprocess
import threading

from . import abi, stack
from .device import NODE, RECORDS_A_READ, Device

PROGRAM = os.path.join(stack.BUILD, "caller", "mn-caller")


class Caller(Device):
    """One program with one open file."""

    # pylint: disable=super-init-not-called
    def __init__(self, path=NODE, mode="rw"):
        self.fd = -1
        self.seen = []
        self.heart = None
        self.lock = threading.Lock()
        self.process = subprocess.Popen([PROGRAM, path, mode], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self.hello = json.loads(self.process.stdout.readline())
        if self.hello["errno"]:
            raise OSError(self.hello["errno"], os.strerror(self.hello["errno"]))
        self.open_files.add(self)

    def close(self):
        self.stop_heart()
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.open_files.discard(self)

    def say(self, command, argument=""):
        """One command, one answer; an error of the call is an OSError with the answer as .said."""
        with self.lock:
            self.process.stdin.write(f"{command} {argument}\n")
            answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer
        if answer["errno"]:
            error = OSError(answer["errno"], os.strerror(answer["errno"]))
            error.said = answer
            raise error
        return answer

    def ioctl(self, name, **values):
        _, layout = abi.IOCTLS[name]
        data = bytes(layout.pack(**values)).hex() if layout else ""
        try:
            answer = self.say(name, data)
        except OSError as error:
            error.answer = layout.unpack(bytes.fromhex(error.said["data"])) if layout else None
            raise
        return layout.unpack(bytes.fromhex(answer["data"])) if layout else None

    def poll(self, milliseconds=0, events=select.POLLIN | select.POLLPRI):
        """A short one: while it waits it can ask for nothing else, its heartbeat included."""
        return self.say("poll", str(int(min(milliseconds, 20))))["revents"] & (
            events | select.POLLHUP | select.POLLERR)

    def read(self):
        records = []
        while True:
            try:
                answer = self.say("read", str(RECORDS_A_READ))
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
                break
            for told in answer["records"]:
                record = abi.Record.from_bytes(bytes.fromhex(told["data"]))
                # The program's compiler finds the members where the kernel has put them
                assert (told["mono_ns"], told["seq"]) == (record.mono_ns, record.seq)
                assert abi.KINDS[told["type"]] == record.kind
                records.append(record)
        self.seen += records
        return records
