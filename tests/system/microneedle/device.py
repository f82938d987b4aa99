# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that uses /dev/microneedleN by itself."""

import fcntl
import os
import select
import threading
import time

from . import abi
from .kind import HANDPIECE
from .wait import until

SERIAL = HANDPIECE.serial
# An unplugged one that is open keeps its number, so the number may change; the link stays.
NODE = f"/dev/microneedle/by-serial/{SERIAL}"
RECORDS_A_READ = 64


def new_treatment():
    return os.urandom(16)


class Heart(threading.Thread):
    """Renews the lease in the background, as a daemon's loop would, until stopped."""

    def __init__(self, device, every):
        super().__init__(daemon=True)
        self.device = device
        self.every = every
        self.error = None
        self.rest = threading.Event()
        self.start()

    def run(self):
        while not self.rest.wait(self.every):
            try:
                self.device.heartbeat()
            except OSError as error:
                self.error = error
                return

    def stop(self):
        self.rest.set()
        self.join()


class Device:
    """One open file. What its ioctls refuse is an OSError with the answer as .answer."""

    open_files = set()

    def __init__(self, path=NODE, flags=os.O_RDWR):
        self.fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
        self.seen = []
        self.heart = None
        self.open_files.add(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stop_heart()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        self.open_files.discard(self)

    @classmethod
    def close_all(cls):
        """What a failed test left open would keep the driver from being unloaded."""
        for device in list(cls.open_files):
            device.close()

    # ---- what is asked ----

    def ioctl(self, name, **values):
        number, layout = abi.IOCTLS[name]
        buffer = layout.pack(**values) if layout else 0
        try:
            fcntl.ioctl(self.fd, number, buffer, True)
        except OSError as error:
            error.answer = layout.unpack(buffer) if layout else None
            raise
        return layout.unpack(buffer) if layout else None

    def info(self):
        return self.ioctl("GET_INFO")

    def status(self):
        return self.ioctl("GET_STATUS")

    def limits(self):
        return self.ioctl("GET_LIMITS")

    def stop(self):
        self.ioctl("STOP")

    def acquire(self, treatment=None, lease_ms=0, heart=True):
        """Control it; with a heart the lease is renewed three times in its time."""
        treatment = treatment or new_treatment()
        self.ioctl("ACQUIRE", treatment=treatment, lease_ms=lease_ms)
        if heart and not self.heart:
            self.heart = Heart(self, (lease_ms or abi.MN_LEASE_DEFAULT_MS) / 3000)
        return treatment

    def stop_heart(self):
        if self.heart:
            self.heart.stop()
            self.heart = None

    def release(self):
        self.stop_heart()
        self.ioctl("RELEASE")

    def set_limits(self, depth_um=1500, rate_mhz=150000, strokes=100000, run_ms=300000):
        self.ioctl("SET_LIMITS", valid=15, value=[depth_um, rate_mhz, strokes, run_ms])

    def arm(self, depth_um=500, rate_mhz=100000, strokes=50000, run_ms=60000):
        return self.ioctl("ARM", depth_um=depth_um, rate_mhz=rate_mhz, strokes=strokes,
                          run_ms=run_ms)

    def update(self, depth_um=500, rate_mhz=100000, strokes=50000, run_ms=60000):
        return self.ioctl("UPDATE", depth_um=depth_um, rate_mhz=rate_mhz, strokes=strokes,
                          run_ms=run_ms)

    def heartbeat(self):
        self.ioctl("HEARTBEAT")

    def clear(self, faults=None):
        """Clear these, or all that are latched now; what remains."""
        if faults is None:
            faults = self.status().faults
        return self.ioctl("CLEAR_FAULT", faults=faults).remaining

    # ---- what is told ----

    def read(self):
        """The records that wait, oldest first as read() gives them; all are kept in .seen."""
        records = []
        while True:
            try:
                data = os.read(self.fd, abi.RECORD.size * RECORDS_A_READ)
            except BlockingIOError:
                break
            records += [abi.Record.from_bytes(data[at:at + abi.RECORD.size])
                        for at in range(0, len(data), abi.RECORD.size)]
            if len(data) < abi.RECORD.size * RECORDS_A_READ:
                break
        self.seen += records
        return records

    def poll(self, milliseconds=0, events=select.POLLIN | select.POLLPRI):
        poller = select.poll()
        poller.register(self.fd, events)
        events = poller.poll(milliseconds)
        return events[0][1] if events else 0

    def forget(self):
        """Everything until now is history: wait() looks at what comes from here on."""
        self.read()
        self.seen = []

    def wait(self, kind, seconds=3.0, **match):
        """The first record since forget() of this kind with these values."""
        end = time.monotonic() + seconds
        looked = 0
        while True:
            self.read()
            for record in self.seen[looked:]:
                if record.kind == kind and all(
                        getattr(record, name) == value for name, value in match.items()):
                    return record
            looked = len(self.seen)
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"no {kind} record with {match} within {seconds:g} s; "
                                     f"got {self.seen[-8:]}; {self.describe()}")
            # POLLPRI stays set while a fault is latched: what is new is told by POLLIN
            self.poll(min(left * 1000 + 1, 1000), select.POLLIN)

    def wait_state(self, state, seconds=3.0, **match):
        return self.wait("state", seconds, to=abi.CONSTANTS[f"MN_STATE_{state}"], **match)

    def wait_fault(self, fault, seconds=3.0, **match):
        return self.wait("fault", seconds, code=abi.CONSTANTS[f"MN_FAULT_{fault}"], **match)

    def wait_strokes(self, count, seconds=3.0):
        """Until so many strokes were told since forget()."""
        def enough():
            self.read()
            return len(self.strokes()) >= count
        until(lambda: f"{count} strokes ({self.describe()})", enough, seconds)
        return self.strokes()

    def strokes(self):
        return [record for record in self.seen if record.kind == "stroke"]

    def describe(self):
        status = self.status()
        return (f"state {abi.name_of('STATE', status.state)}, cause "
                f"{abi.name_of('CAUSE', status.cause)}, faults {abi.fault_names(status.faults)}, "
                f"inputs {status.inputs:#x}, interlocks {status.interlocks:#x}")

    # ---- what a test expects ----

    def assert_state(self, state, cause=None):
        status = self.status()
        assert abi.name_of("STATE", status.state) == state, self.describe()
        if cause:
            assert abi.name_of("CAUSE", status.cause) == cause, self.describe()
        return status
