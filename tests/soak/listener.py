# SPDX-License-Identifier: GPL-2.0-or-later
"""A reader of the device node that never falls behind, and what the handpiece wrote down."""

import errno
import json
import os
import select
import threading
import time

from microneedle.device import NODE, Device

GATHER_S = 0.05  # strokes are read some at a time; the kernel keeps 1.7 s of them
NODE_S = 0.01


class Attachment:
    """One open file, from when the handpiece came until it went."""

    def __init__(self, device):
        self.device = device
        self.began = time.monotonic_ns()
        status = device.status()
        self.state = status.state
        self.faults = status.faults
        self.records = []
        self.ended = None


class Listener(threading.Thread):
    """Opens the node as often as it comes and keeps every record."""

    def __init__(self, lie=None):
        super().__init__(daemon=True)
        self.lie = lie
        self.attachments = []
        self.current = None
        self.error = None
        self.over = False
        self.lock = threading.Lock()

    def run(self):
        try:
            while not self.over:
                device = self.open()
                if device:
                    self.listen(device)
        except Exception as error:
            self.error = error
            raise

    def open(self):
        try:
            # Not among those that a failed action closes
            device = Device(os.path.realpath(NODE), os.O_RDONLY)
        except OSError as error:
            # Permission: while another thread connects as another person
            if error.errno not in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EACCES):
                raise
            time.sleep(NODE_S)
            return None
        Device.open_files.discard(device)
        try:
            attachment = Attachment(device)
        except OSError as error:
            assert error.errno == errno.ENODEV, error
            device.close()
            time.sleep(NODE_S)
            return None
        with self.lock:
            self.attachments.append(attachment)
            self.current = attachment
        return device

    def listen(self, device):
        poller = select.poll()
        poller.register(device.fd, select.POLLIN)
        while not self.over:
            if not poller.poll(500):
                continue
            time.sleep(GATHER_S)
            if not self.drain():
                return

    def drain(self):
        """Take what waits, from whichever thread; false once the handpiece is gone."""
        with self.lock:
            if not self.current:
                return False
            try:
                records = self.current.device.read()
            except OSError as error:
                assert error.errno == errno.ENODEV, error
                records = None
            self.current.records += self.current.device.seen
            self.current.device.seen = []
            if records is not None:
                return True
            self.current.ended = time.monotonic_ns()
            self.current.device.close()
            self.current = None
            return False

    def take(self):
        """All that was told so far, an attachment at a time; what goes on is begun anew."""
        self.drain()
        with self.lock:
            told, self.attachments = self.attachments, []
            if self.current:
                self.attachments.append(self.current)
                part = Part(self.current)
                told[-1] = part
                self.current.records = []
                self.current.began = time.monotonic_ns()
                self.current.state = part.last_state()
                self.current.faults = part.last_faults()
        for attachment in told:
            attachment.records.sort(key=lambda record: record.seq)
            if self.lie:
                self.lie(attachment.records)
        return told

    def end(self):
        self.over = True
        self.join(5)
        if self.current:
            self.current.device.close()


class Part:
    """What an attachment told that goes on."""

    def __init__(self, attachment):
        self.began = attachment.began
        self.state = attachment.state
        self.faults = attachment.faults
        self.records = sorted(attachment.records, key=lambda record: record.seq)
        self.ended = None

    def last_state(self):
        state = self.state
        for record in self.records:
            if record.kind == "state":
                state = record.to
        return state

    def last_faults(self):
        faults = self.faults
        for record in self.records:
            if record.kind == "fault":
                faults |= 1 << record.code
            elif record.kind == "cleared":
                faults &= record.remaining
        return faults


class Trace:
    """What one handpiece process wrote down since the last look."""

    def __init__(self, handpiece):
        self.handpiece = handpiece
        self.stream = open(handpiece.trace, encoding="utf-8")
        self.rest = ""

    def take(self):
        self.handpiece.mark_stamp("taken")
        # The last line may be half written
        *lines, self.rest = (self.rest + self.stream.read()).split("\n")
        events = [json.loads(line) for line in lines]
        events.sort(key=lambda event: event["mono_ns"])
        return events

    def close(self):
        self.stream.close()
