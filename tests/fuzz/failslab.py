# SPDX-License-Identifier: GPL-2.0-or-later
"""Allocations that fail on request where the driver asks for memory, and a tally of where they did.

Only what is asked for on the driver's behalf counts and fails: one of its functions must be on the
stack. What is counted is what the kernel's log says of each failure: the driver's innermost
function, and what it had called.
"""

import collections
import contextlib
import ctypes
import errno
import glob
import json
import os

import pytest
from microneedle import deadline, stack
from sites import Traces

DEBUG = "/sys/kernel/debug"
FAILSLAB = f"{DEBUG}/failslab"
MODULES = ("microneedle", "microneedle_usb", "microneedle_gpio")
ALWAYS = -1
FOREVER = 400  # more allocations than any one operation makes
LIBC = ctypes.CDLL(None, use_errno=True)
FINIT_MODULE, DELETE_MODULE = 313, 176  # of the tests' own architecture


def put(path, text):
    """One write: Python's files try once more to write what failed, as they are closed."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def call(*arguments):
    if LIBC.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def insmod(module):
    """By this task itself."""
    fd = os.open(os.path.join(stack.MODULES, f"{module}.ko"), os.O_RDONLY)
    try:
        call(FINIT_MODULE, fd, b"", 0)
    finally:
        os.close(fd)


def rmmod(module):
    call(DELETE_MODULE, module.replace("-", "_").encode(), os.O_NONBLOCK)


class Range(collections.namedtuple("Range", "start end")):
    """Of addresses: who is in it is on the stack, or nothing fails."""


def functions(module=None):
    """Where the functions of a module, or of the kernel, are: name to Range."""
    with open("/proc/kallsyms", encoding="ascii") as stream:
        rows = [line.split() for line in stream]
    wanted = [f"[{module}]"] if module else []
    found = sorted((int(row[0], 16), row[2]) for row in rows
                   if row[1] in "tTwW" and row[3:] == wanted)
    ranges = {}
    for at, (start, name) in enumerate(found):
        later = [address for address, _ in found[at + 1:at + 20] if address > start]
        ranges.setdefault(name, Range(start, later[0] if later else start + 4096))
    return ranges


def text(*names):
    """The text of modules that are loaded, and, if there is any, what lies between them."""
    spans = []
    with open("/proc/modules", encoding="ascii") as stream:
        for line in stream:
            name, size, *_, address = line.partition(" (")[0].split()
            if name in names:
                spans.append(Range(int(address, 16), int(address, 16) + int(size)))
    return Range(min(span.start for span in spans), max(span.end for span in spans))


def kworkers():
    for path in glob.glob("/proc/[0-9]*/comm"):
        with contextlib.suppress(OSError), open(path, encoding="ascii") as stream:
            if stream.read().startswith("kworker/"):
                yield os.path.join(os.path.dirname(path), "fail-nth")


class Nth:
    """What came of one attempt: whether any allocation failed, or at least was made."""

    def __init__(self, tasks, number):
        self.tasks = {path: os.open(path, os.O_RDWR) for path in tasks}
        self.number = number
        self.injected = self.seen = False

    def __enter__(self):
        for fd in self.tasks.values():
            os.pwrite(fd, str(self.number).encode(), 0)
        return self

    def __exit__(self, *_):
        for fd in self.tasks.values():
            # A worker that has ended since has nothing to say
            with contextlib.suppress(ProcessLookupError):
                left = int(os.pread(fd, 16, 0))
                self.injected |= left == 0
                self.seen |= left != self.number
                os.pwrite(fd, b"0", 0)
            os.close(fd)


class Failslab:
    def __init__(self, out):
        self.out = out
        self.kernel = functions()
        self.log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.log, 0, os.SEEK_END)
        self.traces = Traces(MODULES)
        self.operations = {}  # name: [attempts with a failure, allocations that it makes]
        self.set("verbose", 2)
        self.set("ignore-gfp-wait", "N")
        self.set("cache-filter", "N")
        self.set("task-filter", "N")
        # What fails the Nth allocation would fail the Nth copy from or to user space as well
        put(f"{DEBUG}/fail_usercopy/require-start", "1")
        put(f"{DEBUG}/fail_usercopy/require-end", "1")
        # The leak detector's own: without memory it gives up, and finds nothing from then on
        self.reject(self.kernel["__alloc_object"])
        self.off()

    @staticmethod
    def set(name, value):
        put(f"{FAILSLAB}/{name}", str(value))

    def reject(self, functions_range):
        self.set("reject-start", hex(functions_range.start))
        self.set("reject-end", hex(functions_range.end))

    def require(self, functions_range):
        self.set("require-start", hex(functions_range.start))
        self.set("require-end", hex(functions_range.end))

    def off(self):
        self.set("probability", 0)

    # -- the Nth of a task --

    def nth(self, number, within=None, tasks=("/proc/thread-self/fail-nth",)):
        """Whatever the tasks do while it lasts, the Nth allocation of each fails."""
        self.require(within or text(*MODULES))
        return Nth(tasks, number)

    def nth_of_workers(self, number, within=None):
        return self.nth(number, within, list(kworkers()))

    def every(self, name, attempt, stride=1):
        """Fail the first allocation of attempt(nth), the second, and so on until none fails.

        attempt() gets a context manager to put around the operation; what it returns is not used.
        """
        seen_last = 0
        for number in range(1, FOREVER, stride):
            # How many there are is the driver's matter: each has the time of a test
            deadline.renew()
            nth = attempt(number)
            self.read()
            if not nth.injected:
                break
            seen_last = number
            self.operations[name] = [self.operations.get(name, [0])[0] + 1, seen_last]
        else:
            raise AssertionError(f"{name} makes more than {FOREVER} allocations")
        self.operations.setdefault(name, [0, 0])
        self.save()
        print(f"{name}: {self.operations[name][0]} failures")
        return seen_last

    # -- those in interrupts and workers --

    @contextlib.contextmanager
    def failing(self, within, times=ALWAYS):
        """So many allocations fail, whoever makes them, that are made in this range."""
        self.require(within)
        self.set("times", times)
        self.set("probability", 100)
        try:
            yield
        finally:
            self.off()
            self.read()
            self.save()

    @staticmethod
    def left():
        """How many of them have not failed yet."""
        with open(f"{FAILSLAB}/times", encoding="ascii") as stream:
            return int(stream.read())

    # -- the tally --

    def read(self):
        """What the kernel said of the failures since the last look; how many there were."""
        before = self.traces.count
        while True:
            try:
                record = os.read(self.log, 8192).decode(errors="replace")
            except BlockingIOError:
                break
            except OSError as error:
                assert error.errno != errno.EPIPE, "the kernel's log was overwritten unread"
                raise
            self.traces.add(record.partition(";")[2].split("\n")[0])
        return self.traces.count - before

    def save(self):
        self.traces.end()
        with open(os.path.join(self.out, "allocations.json"), "w", encoding="utf-8") as stream:
            json.dump({"operations": self.operations, "failures": self.traces.count,
                       "sites": [[*site, count] for site, count in
                                 sorted(self.traces.sites.items())]}, stream, indent=1)


@pytest.fixture(scope="session")
def fail():
    return Failslab(stack.OUT)
