# SPDX-License-Identifier: GPL-2.0-or-later
"""Any number, any bytes, any address and any length, by ioctl and read, from root and from nobody.

What is refused changes nothing that matters: the limit is not raised, stop works, and a file that
is closed leaves nothing moving.
"""

import contextlib
import ctypes
import fcntl
import mmap
import os

import pytest
from chance import chance, seeds
from microneedle import abi
from microneedle.device import NODE, Device
from tally import add

CALLS = 1000  # of a case
FILE = 900  # its number: what is above was opened by CAPTURE
NOBODY = 65534
DEPTH_UM = 600
CEILING_UM = 1500  # of the driver as it is loaded
EDGES = (0, 1, 2, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff)
# Nothing there, not aligned, beyond user space, the kernel's, and what wraps around
ADDRESSES = (0, 1, 4095, 0x7fffffffefff, 0x800000000000, 0xffff888000000000, 2 ** 64 - 1)
LIBC = ctypes.CDLL(None)


def content(random, layout):
    """Of a struct: all 0, random, or numbers at the edges of a field; and sane ones at times."""
    size = layout.size if layout else 8
    kind = random.randrange(4)
    if kind == 0:
        return bytearray(size)
    if kind == 1:
        return bytearray(random.randbytes(size))
    data = bytearray(b"".join(random.choice(EDGES).to_bytes(4, "little")
                              for _ in range(size // 4 + 1))[:size])
    if kind == 2 and layout:
        with contextlib.suppress(AssertionError):
            data = layout.pack(**{field: random.choice((0, 1, 15, 100, 500, 1500, 100000))
                                  for field, count, _, nothing in layout.fields
                                  if count == 1 and nothing == 0})
    return data


def number(random, known):
    """Of an ioctl: mostly as it is, else with another size, direction, number or type."""
    if random.random() < 0.7:
        return known
    return known ^ (1 << random.randrange(32))


def call(random, fd):
    name = random.choice(sorted(abi.IOCTLS))
    known, layout = abi.IOCTLS[name]
    with contextlib.suppress(OSError):
        kind = random.random()
        if kind < 0.75:
            # Room for any size that a number may be changed to
            room = content(random, layout).ljust(1 << 14, b"\0")
            fcntl.ioctl(fd, number(random, known), room, True)
        elif kind < 0.9:
            LIBC.ioctl(fd, ctypes.c_ulong(number(random, known)),
                       ctypes.c_ulong(random.choice(ADDRESSES)))
        elif kind < 0.95:
            os.read(fd, random.choice((0, 1, 39, 40, 41, 4096, 1 << 20)))
        else:
            random.choice((
                lambda: os.write(fd, b"x"), lambda: os.lseek(fd, 8, os.SEEK_SET),
                lambda: os.pread(fd, 8, 1 << 40), lambda: mmap.mmap(fd, 4096),
                lambda: os.ftruncate(fd, 0), lambda: os.fsync(fd)))()


def barrage(random, fd):
    """A case's calls. Files that CAPTURE opened are read a little, and closed."""
    for _ in range(CALLS):
        call(random, fd)
        opened = [int(name) for name in os.listdir("/proc/self/fd") if int(name) > fd]
        for other in opened:
            with contextlib.suppress(OSError):
                os.set_blocking(other, False)
                os.read(other, random.choice((1, 100, 4096)))
                os.close(other)


def in_a_child(work):
    """A process of its own, whose numbers of files are known; its exit status."""
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def as_root(random, station):
    """From a file that at times is the controller's, with the needles running."""
    if random.random() < 0.2:
        return os.dup2(os.open(NODE, os.O_RDONLY | os.O_NONBLOCK), FILE)
    device = Device()
    os.dup2(device.fd, FILE)
    if random.random() < 0.7:
        device.acquire()
        device.set_limits(depth_um=DEPTH_UM)
        station.run(device, made=0)
    return FILE


def as_nobody(*_):
    fd = os.dup2(os.open(NODE, os.O_RDONLY | os.O_NONBLOCK), FILE)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    return fd


@pytest.mark.parametrize("who", (as_root, as_nobody))
@pytest.mark.parametrize("seed", seeds(20))
def test_ioctls(alone, who, seed):
    random = chance(f"ioctl {who.__name__}", seed)
    assert in_a_child(lambda: barrage(random, who(random, alone))) == 0
    add(f"calls {who.__name__}", CALLS)
    with Device(flags=os.O_RDONLY) as device:
        device.stop()
        assert device.status().state in (abi.MN_STATE_SAFE, abi.MN_STATE_FAULT)
        assert device.limits().effective[abi.MN_QUANTITY_DEPTH] <= CEILING_UM
    assert alone.still()["set_depth_um"] <= CEILING_UM
