# SPDX-License-Identifier: GPL-2.0-or-later
"""The first allocation fails, then the second, and so on, until an operation meets no failure.

What a task asks of the driver: an operation that failed left all as it was and can be done again,
one that was done was done, and what must not fail does not. test_late_allocations.py has those that
the driver makes by itself.
"""

import contextlib
import errno
import os
import time
from types import SimpleNamespace

import pytest
from failslab import insmod, put, rmmod, text
from microneedle import abi, bus, stack
from microneedle.applies import usb_only
from microneedle.device import Device
from microneedle.kind import GPIO, HANDPIECE, USB
from microneedle.wait import until
from test_ioctls import in_a_child

DEVICES = "/sys/bus/usb/devices"
CLASS = "/sys/class/microneedle"
SLEEP = "/sys/module/lab_sleep/parameters/sleep_ms"
DEPTH_UM = 600
FIRST_TABLE = 64  # of files
NODE = "/dev/microneedle0"
TRANSPORT = abi.bit("TRANSPORT")
# Without memory the handpiece can't be asked: whether it is ready, and what its cartridge allows,
# is then not known, and so it is not, and nothing
NOT_ASKED = (errno.ENOMEM, errno.EAGAIN, errno.ERANGE)


def attempt(nth, operation, *errors):
    """Do it while an allocation fails; the number of the error that came of it, or 0."""
    number = 0
    with nth:
        try:
            operation()
        except OSError as error:
            number = error.errno
    assert not number or (nth.injected and number in errors), (nth.number, os.strerror(number))
    return number


def nothing_there():
    assert os.listdir(CLASS) == [] and not os.path.exists(NODE)


@pytest.fixture
def free(alone):
    """The handpiece is on the bus and no driver has it; when the test is over it treats."""
    alone.driver, alone.name = alone.bound()
    put(f"{alone.driver}/unbind", alone.name)
    yield alone
    if not os.path.exists(f"{alone.driver}/{alone.name}"):
        put(f"{alone.driver}/bind", alone.name)
    assert_it_treats(alone)


def ready(rig, **options):
    """As at the start of a day, with what is on the bus: a handpiece that is lost is a failure."""
    rig.load_driver()
    if rig.cartridges >= stack.CARTRIDGES:
        rig.start_handpiece(**options)
    rig.as_new()


def assert_it_treats(rig):
    """Whatever was, nothing of it is left once its faults are cleared."""
    ready(rig)
    with rig.control() as device:
        rig.run(device)
    rig.still()


# ---- coming and going ----

def test_bind(free, fail):
    def bind(number):
        nth = fail.nth(number)
        if attempt(nth, lambda: put(f"{free.driver}/bind", free.name), errno.ENOMEM):
            nothing_there()
            put(f"{free.driver}/bind", free.name)
            assert os.listdir(CLASS) == ["microneedle0"]
        put(f"{free.driver}/unbind", free.name)
        nothing_there()
        return nth
    fail.every("bind", bind)


def test_unbind(free, fail):
    def unbind(number):
        put(f"{free.driver}/bind", free.name)
        nth = fail.nth(number)
        attempt(nth, lambda: put(f"{free.driver}/unbind", free.name))
        nothing_there()
        return nth
    fail.every("unbind", unbind)


def test_insmod(alone, fail):
    """Of the driver and of its transport, and what follows when one comes to a handpiece."""
    _, name = alone.bound()
    transport = HANDPIECE.module
    alone.hp.unplug()
    stack.unload_driver()

    def load(module):
        def operation(number):
            nth = fail.nth(number, fail.kernel["do_one_initcall"])
            # EINVAL is the kernel's word for one of its own: a folder for the module's drivers
            if attempt(nth, lambda: insmod(module), errno.ENOMEM, errno.EINVAL):
                assert not stack.loaded(module)
                insmod(module)
            rmmod(module)
            return nth
        return operation
    fail.every("insmod microneedle", load("microneedle"))
    if USB:
        insmod("microneedle")
        fail.every("insmod microneedle-usb", load(transport))
        rmmod("microneedle")
        alone.hp.plug()
    # The other one is always there
    until("the handpiece to be there",
          lambda: GPIO or os.path.exists(f"{DEVICES}/{name}"))

    def first_bind(number):
        """The driver has never heard of this handpiece."""
        insmod("microneedle")
        nth = fail.nth(number, fail.kernel["do_one_initcall"])
        # That one handpiece can't be had is no reason not to load
        if attempt(nth, lambda: insmod(transport), errno.ENOMEM, errno.EINVAL):
            insmod(transport)
        rmmod(transport)
        nothing_there()
        rmmod("microneedle")
        return nth
    fail.every("insmod with a handpiece", first_bind, stride=3)
    assert not stack.loaded(transport)
    assert_it_treats(alone)


# ---- what programs ask for: a handpiece on GPIO lines is told without any memory ----

def test_open(alone, fail):
    def opened(number):
        nth = fail.nth(number)
        fds = []
        attempt(nth, lambda: fds.append(os.open(NODE, os.O_RDWR)), errno.ENOMEM)
        for fd in fds:
            os.close(fd)
        return nth
    assert fail.every("open", opened)


def test_acquire(alone, fail):
    """It needs no memory, and neither does giving control up."""
    def acquire(number):
        with Device() as device:
            nth = fail.nth(number)
            attempt(nth, lambda: device.acquire(heart=False))
            attempt(fail.nth(number), device.release)
        return nth
    assert fail.every("acquire", acquire) == 0


def test_self_test(alone, fail):
    def self_test(number):
        with Device() as device:
            alone.pass_self_test(device)
            nth = fail.nth(number)
            attempt(nth, lambda: device.ioctl("SELF_TEST"), errno.ENOMEM)
            until("the needles to be home", lambda: device.status().inputs & abi.MN_INPUT_HOME)
        alone.clear_faults()
        return nth
    assert bool(fail.every("self-test", self_test)) == USB
    assert_it_treats(alone)


def test_arm(alone, fail):
    """With a cartridge that has to be marked first: an arming that failed has armed nothing."""
    def arm(number):
        ready(alone)
        with alone.control(depth_um=DEPTH_UM) as device:
            nth = fail.nth(number)
            # The last is that of the lease that an arming begins with
            if attempt(nth, device.arm, *NOT_ASKED, errno.ECANCELED):
                assert device.status().state in (abi.MN_STATE_SAFE, abi.MN_STATE_FAULT)
            else:
                device.assert_state("ARMED")
        return nth
    assert bool(fail.every("arm", arm)) == USB
    assert_it_treats(alone)


@usb_only("it always has a foot switch")
def test_start(alone, fail):
    """From a handpiece that has no switch: what failed to start stands still."""
    alone.start_handpiece(foot_switch=False)

    def start(number):
        ready(alone, foot_switch=False)
        with alone.control(depth_um=DEPTH_UM) as device:
            device.arm()
            nth = fail.nth(number)
            if attempt(nth, lambda: device.ioctl("START"), errno.ENOMEM):
                alone.still()
                assert device.status().state != abi.MN_STATE_RUNNING
                assert not device.status().faults & ~TRANSPORT, device.describe()
            else:
                device.wait_strokes(3)
        return nth
    try:
        assert fail.every("start", start)
    finally:
        Device.close_all()
        alone.start_handpiece()


@contextlib.contextmanager
def treating(rig):
    """A treatment that runs, by a file that may be gone when it is over."""
    ready(rig)
    with rig.control(depth_um=DEPTH_UM) as device:
        rig.run(device, made=1)
        yield device
    rig.still(0.1)


def assert_stopped(rig, device):
    """It stands still, and if that took a fault it is that the handpiece was not to be told."""
    rig.still()
    status = device.status()
    assert status.state in (abi.MN_STATE_SAFE, abi.MN_STATE_FAULT), device.describe()
    assert not status.faults & ~TRANSPORT, device.describe()


def test_update(alone, fail):
    def update(number):
        with treating(alone) as device:
            nth = fail.nth(number)
            if attempt(nth, lambda: device.update(depth_um=300), errno.ENOMEM):
                assert_stopped(alone, device)
            else:
                device.assert_state("RUNNING")
                assert alone.has_depth(300)
        return nth
    assert bool(fail.every("update", update)) == USB


def test_stop(alone, fail):
    """It is never refused: if the kill can't be sent, a worker goes on trying."""
    def stop(number):
        with treating(alone) as device:
            nth = fail.nth(number)
            attempt(nth, device.stop)
            assert_stopped(alone, device)
            assert bool(device.status().faults & TRANSPORT) == nth.injected
        return nth
    assert fail.every("stop", stop) == USB


def test_close(alone, fail):
    def close(number):
        with treating(alone) as device:
            device.stop_heart()
            nth = fail.nth(number)
            fd, device.fd = device.fd, -1
            attempt(nth, lambda: os.close(fd))
        return nth
    assert fail.every("close", close) == USB


@usb_only("it has no memory of its own")
def test_clear(alone, fail):
    """What could not be asked is not cleared."""
    def clear(number):
        alone.hp.inject("nv_fault", mask=1 << 2).wait()
        with alone.control() as device:
            until("the fault to be told", lambda: device.status().faults)
            nth = fail.nth(number)
            if attempt(nth, device.clear, *NOT_ASKED):
                device.assert_state("FAULT")
        alone.clear_faults()
        return nth
    assert fail.every("clear", clear)
    assert_it_treats(alone)


@usb_only("it has no waveform")
def test_capture(alone, fail):
    def capture(number):
        with Device() as device:
            nth, opened = fail.nth(number), []
            attempt(nth, lambda: opened.append(
                device.ioctl("CAPTURE", rate_hz=1000, samples=100).fd), errno.ENOMEM)
            for fd in opened:
                attempt(fail.nth(number), lambda: os.close(opened[0]))
            # The place is free for the next
            os.close(device.ioctl("CAPTURE", rate_hz=1000, samples=100).fd)
        return nth
    assert fail.every("capture", capture)


def capture_with_a_full_table(fail, number):
    """In a process that has 64 files open, so that its table of files has to grow first."""
    with Device() as device:
        nth = fail.nth(number)
        while os.dup(device.fd) < FIRST_TABLE - 1:
            pass
        with nth:
            try:
                device.ioctl("CAPTURE", rate_hz=1000, samples=100)
            except OSError as error:
                assert error.errno == errno.ENOMEM
        return nth.injected


@usb_only("it has no waveform")
def test_capture_with_a_full_table(alone, fail):
    def capture(number):
        reader, writer = os.pipe()
        in_a_child(lambda: os.write(writer, b"01"[capture_with_a_full_table(fail, number):][:1]))
        injected = os.read(reader, 1) == b"1"
        os.close(reader)
        os.close(writer)
        return SimpleNamespace(injected=injected)
    assert fail.every("capture with a full table", capture)


# ---- the handpiece goes while it runs ----

def test_unbind_in_a_treatment(alone, fail):
    driver, name = alone.bound()

    def unbind(number):
        with treating(alone):
            nth = fail.nth(number)
            attempt(nth, lambda: put(f"{driver}/unbind", name))
            alone.still()
        put(f"{driver}/bind", name)
        return nth
    assert fail.every("unbind in a treatment", unbind)
    assert_it_treats(alone)


def test_rmmod_in_a_treatment(alone, fail):
    def remove(number):
        with treating(alone):
            nth = fail.nth(number)
            attempt(nth, lambda: rmmod(HANDPIECE.module))
            alone.still()
        assert not stack.loaded(HANDPIECE.module)
        insmod(HANDPIECE.module)
        return nth
    assert fail.every("rmmod in a treatment", remove)
    assert_it_treats(alone)


@usb_only("it has no bus")
def test_reset(alone, fail):
    """Of the bus: it is left and found again, or bound anew."""
    def reset(number):
        nth = fail.nth(number)
        attempt(nth, bus.reset)
        time.sleep(0.05)
        assert_it_treats(alone)
        return nth
    assert fail.every("reset", reset)


@usb_only("its bus does not sleep")
def test_sleep(alone, fail):
    """It wakes up and is heard again, though it could not be listened to at once.

    Found a driver that never listened again, and one that submitted what was under way.
    """
    stack.load("lab_sleep")

    def sleep(number):
        nth = fail.nth(number, text("microneedle_usb"))
        attempt(nth, lambda: put(SLEEP, "20"))
        assert_it_treats(alone)
        return nth
    assert fail.every("sleep", sleep)
