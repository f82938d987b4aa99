# SPDX-License-Identifier: GPL-2.0-or-later
"""Sleep, and what takes the driver away: each as the system would do it."""

import contextlib
import os
import threading
import time

from . import stack
from .bus import usb_device
from .wait import until

QUIRKS = "/sys/module/usbcore/parameters/quirks"
RESET_RESUME = "1209:0001:b"


def put(path, text):
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)


@contextlib.contextmanager
def quirk(rig, wanted):
    """With it a resume resets the handpiece. usbcore looks it up when the cable is put in."""
    put(QUIRKS, RESET_RESUME if wanted else "\n")
    rig.replug()
    try:
        yield
    finally:
        put(QUIRKS, "\n")


class Sleep(threading.Thread):
    """The handpiece and its bus sleep, nobody else: see lab_sleep."""

    def __init__(self, rig, milliseconds):
        super().__init__(daemon=True)
        stack.load("lab_sleep")
        name = os.path.basename(usb_device())
        assert name == "1-1", f"lab_sleep puts 1-1 to sleep, and the handpiece is {name}"
        self.rig = rig
        self.milliseconds = milliseconds
        self.error = None
        self.since_ns = time.monotonic_ns()

    def run(self):
        try:
            put("/sys/module/lab_sleep/parameters/sleep_ms", str(self.milliseconds))
        except OSError as error:
            self.error = error

    def __enter__(self):
        self.start()
        until("the bus to sleep", lambda: self.events("usb_suspend"))
        return self

    def __exit__(self, *_):
        self.join(10)
        assert not self.is_alive(), "it does not wake up"

    def events(self, *names):
        return events_since(self.rig, self.since_ns, *names)


def events_since(rig, since_ns, *names):
    """What the handpiece saw since."""
    return [event for event in rig.hp.events(*names) if event["mono_ns"] >= since_ns]


def assert_stopped_first(events, state, last=None):
    """STOP came both ways, and was obeyed, before the bus was gone; the lease was not needed."""
    names = [event["ev"] for event in events]
    end = names.index(last) if last else len(names)
    kill, stop = names.index("kill"), names.index("stop")
    assert kill < end and stop < end and events[kill]["obeyed"], names[:end]
    assert events[stop]["epoch"] == events[kill]["epoch"]
    assert "lease_expired" not in names and "start" not in names, names
    if state == "RUNNING":
        assert "home" in names[kill:end], names
        assert "stroke_begin" not in names[kill:], names
    else:
        assert "stroke_begin" not in names, names
