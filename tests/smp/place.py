# SPDX-License-Identifier: GPL-2.0-or-later
"""One handpiece on one bus, as the kernel has it: plugged in, pulled, unbound, and found again."""

import errno
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), name) for name in ("system", "handpiece")]
from handpiece import Handpiece, HandpieceError  # noqa: E402
from microneedle.power import put  # noqa: E402

CLASS = "/sys/class/microneedle"
DRIVER = "/sys/bus/usb/drivers/microneedle-usb"
CARTRIDGES = 44  # one handpiece remembers 64
LOOK_S = 0.002
# For what hangs, or a host that is very busy: no figure
LONG_S = 60


# What a probe may end with: the host was late, or the handpiece was pulled out for that
LATE = {errno.ETIMEDOUT, errno.ENODEV, errno.EPROTO, errno.ESHUTDOWN}
PROBE = re.compile(r"microneedle-usb .* failed with error -(\d+)")


class Lost(Exception):
    """What should have come did not."""


def until(what, condition, seconds=LONG_S):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise Lost(f"{what}: not within {seconds} s")
        time.sleep(LOOK_S)
    return value


def serial_of(name):
    try:
        with open(f"{CLASS}/{name}/serial", encoding="ascii") as stream:
            return stream.read().strip()
    except OSError:
        return None  # on its way out


def given_up():
    """What the kernel's log has of handpieces that are there and were not taken."""
    found = []
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            line = os.read(log, 8192).decode(errors="replace")
            match = PROBE.search(line)
            if match and int(match[1]) not in LATE:
                found.append(match[0])
    except BlockingIOError:
        return found
    finally:
        os.close(log)


class Place:
    """A handpiece's place on the bus, where one after the other is plugged in."""

    def __init__(self, index):
        self.serial = f"MN-SMP-{index:04}"
        self.udc = f"dummy_udc.{index}"
        self.hp = None
        self.cartridges = 0
        self.unbound = None  # the interface, while its driver is not bound to it
        self.replugs = 0

    def start(self):
        self.hp = Handpiece(self.serial, udc=self.udc)
        self.hp.start()
        self.cartridges = 1

    def stop(self):
        self.hp.stop()
        self.hp = None

    def name(self):
        """The device's, if it is there: "microneedle0"."""
        return next((name for name in os.listdir(CLASS) if serial_of(name) == self.serial), None)

    def number(self):
        """Of its node, once it is there. A host too busy to answer in time is no handpiece."""
        for _ in range(5):
            try:
                name = until("the device", self.name, LONG_S / 6)
                until("its node", lambda: os.path.exists(f"/dev/{name}"))
                return int(name.removeprefix("microneedle"))
            except (Lost, HandpieceError):
                self.replugs += 1
                self.hp.unplug()
                self.hp.plug()
        raise Lost(f"{self.serial} did not come back")

    def gone(self):
        return not self.name()

    def home(self):
        """It says so itself."""
        self.hp.wait_for(lambda state: state["inputs"]["home"] and state["state"] != "running",
                         LONG_S)

    def pull(self):
        self.hp.unplug()

    def unbind(self):
        name = self.name()
        self.unbound = os.path.basename(os.path.realpath(f"{CLASS}/{name}/device"))
        put(f"{DRIVER}/unbind", self.unbound)

    def make_ready(self):
        """A cartridge that was out of sight while in use is spent: the next one gets another."""
        self.hp.set("foot_switch", False)
        if self.cartridges >= CARTRIDGES:
            self.stop()
            self.start()
            return
        self.hp.remove()
        self.hp.insert()
        self.cartridges += 1

    def come_back(self):
        """Begin to; number() waits for it."""
        self.make_ready()
        if self.unbound:
            try:
                put(f"{DRIVER}/bind", self.unbound)
            except OSError as error:
                if error.errno not in LATE:
                    raise
            self.unbound = None
        elif not self.hp.state()["plugged"]:
            self.hp.plug()
