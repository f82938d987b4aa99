# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's side of a play: who controls the device, in this process or in one that can die."""

import contextlib
import errno
import os
import select
import signal
import time

from microneedle.device import Device
from microneedle.power import put
from microneedle.wait import until
from transport import WIRE

RENEWAL_S = 0.1
_date = None
_unbound = None


class Controller:
    """Controls the device from this process, and renews its lease in the background."""

    def __init__(self):
        self.device = Device()
        # Who had it before may just be dying
        until("control", self.acquire, 3)
        self.device.set_limits()

    def acquire(self):
        try:
            return self.device.acquire()
        except OSError as error:
            assert error.errno == errno.EBUSY, error
            return None

    def arm(self):
        self.device.arm()

    def refused_to_arm(self):
        """In FAULT nobody arms."""
        if self.device.fd < 0:
            return
        try:
            self.device.arm()
        except OSError as error:
            assert error.errno in (errno.EBADFD, errno.EPERM, errno.EBADF, errno.ENODEV), error
            return
        raise AssertionError("it was armed with a fault latched")

    def end(self):
        self.device.close()


class Program:
    """Controls it from a process of its own, which can be stopped and killed."""

    def __init__(self):
        ours, theirs = os.pipe()
        answers, told = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(theirs)
            os.close(answers)
            self.live(ours, told)
        os.close(ours)
        os.close(told)
        self.orders = theirs
        self.answers = answers
        assert os.read(answers, 1) == b"k", "the program did not get control"

    @staticmethod
    def live(orders, told):
        """The program: it arms when it is asked to, renews its lease, and never returns."""
        status = 1
        with contextlib.suppress(BaseException):
            Device.open_files.clear()
            device = Device()
            device.acquire(heart=False)
            device.set_limits()
            os.write(told, b"k")
            while True:
                ready, _, _ = select.select([orders], [], [], RENEWAL_S)
                device.heartbeat()
                if not ready:
                    continue
                order = os.read(orders, 1)
                if order == b"f":
                    # A child that knows nothing of the device, but holds its file
                    owner = os.getpid()
                    if not os.fork():
                        os.close(orders)
                        os.close(told)
                        while os.getppid() == owner:
                            time.sleep(0.1)
                        time.sleep(1)
                        os._exit(0)
                elif order == b"a":
                    device.arm()
                else:
                    break
                os.write(told, b"k")
            status = 0
        os._exit(status)

    def order(self, what):
        os.write(self.orders, what)
        assert os.read(self.answers, 1) == b"k", "the program ended"

    def arm(self):
        self.order(b"a")

    def signal(self, number):
        os.kill(self.pid, number)
        if number == signal.SIGKILL:
            os.waitpid(self.pid, 0)
            self.pid = 0

    def stopped(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stream:
            return stream.read().rpartition(")")[2].split()[0] == "T"

    @staticmethod
    def refused_to_arm():
        """Who could be refused is dead or asleep."""

    def end(self):
        if self.pid:
            self.signal(signal.SIGKILL)
            os.close(self.orders)
            os.close(self.answers)


# ---- what the system does to it ----

def unbind():
    global _unbound
    driver, name = WIRE.bound()
    put(f"{driver}/unbind", name)
    _unbound = driver, name


def bind():
    """Undo unbind(), if it was done."""
    global _unbound
    if _unbound:
        driver, name = _unbound
        put(f"{driver}/bind", name)
    _unbound = None


def lose_date():
    """As after a flat battery: 1970."""
    global _date
    _date = time.time() - time.monotonic()
    time.clock_settime(time.CLOCK_REALTIME, 86400)


def set_date_back():
    global _date
    if _date is not None:
        time.clock_settime(time.CLOCK_REALTIME, _date + time.monotonic())
    _date = None
