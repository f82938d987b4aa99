# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's board from both ends: /dev/mn-bench, and its lines and PWMs as a driver has them."""

import collections
import errno
import fcntl
import glob
import os
import select
import struct
import time

# of tests/lab/mn-bench/mn_bench.h
LINES, PWMS, RING, STIMULI = 32, 4, 65536, 65536
OUTPUT, FLOATS, INPUT, PWM_PERIOD, PWM_DUTY, PWM_STATE, LOST = range(0, 0x700, 0x100)
KIND, INDEX, STANDS = 0xFF00, 0xFF, 0x80000000
PWM_ON, PWM_INVERSED = 1, 2
CANCEL = 2
QUIET = 0x700

# of linux/gpio.h
GET_LINE, SET_CONFIG = 0xC250B407, 0xC110B40D
GET_VALUES, SET_VALUES = 0xC010B40E, 0xC010B40F
LINE_INPUT, LINE_OUTPUT, RISING, FALLING = 1 << 2, 1 << 3, 1 << 4, 1 << 5

ENTRY = struct.Struct("=QII")

Event = collections.namedtuple("Event", "ns kind index value stands")
Edge = collections.namedtuple("Edge", "ns rising line")


class Bench:
    """One open file of /dev/mn-bench."""

    def __init__(self, path="/dev/mn-bench"):
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        # how it stood comes first
        self.stood = [event for event in self.read() if event.stands]

    def close(self):
        """What it still had scheduled does not happen."""
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def read(self, most=4096):
        """What is there, at most so many; an empty list if nothing is."""
        try:
            entries = os.read(self.fd, most * ENTRY.size)
        except BlockingIOError:
            return []
        return [Event(ns, what & KIND, what & INDEX, value, bool(what & STANDS))
                for ns, what, value in ENTRY.iter_unpack(entries)]

    def wait(self, timeout=1.0):
        """The same, once there is something."""
        select.select([self.fd], [], [], timeout)
        return self.read()

    def collect(self, seconds):
        """All that happens in so much time."""
        time.sleep(seconds)
        events = []
        while more := self.read():
            events += more
        return events

    def stimuli(self, *stimuli):
        """Each (ns, line, value); ns 0 is now. How many were taken."""
        data = b"".join(ENTRY.pack(*stimulus) for stimulus in stimuli)
        return os.write(self.fd, data) // ENTRY.size

    def put(self, line, value, at_ns=0):
        """One input line to a level."""
        self.stimuli((at_ns, line, int(value)))

    def quiet(self, line, edges=0xFFFFFFFF):
        """So many edges of an output are no reason to wake who waits on this file."""
        self.stimuli((0, QUIET | line, edges))

    def cancel(self, line, from_ns=0):
        """What this file has scheduled for a line, from a time on, does not happen."""
        self.stimuli((from_ns, line, CANCEL))


def chip():
    """The board's GPIO controller."""
    for path in glob.glob("/sys/bus/gpio/devices/gpiochip*"):
        with open(os.path.join(path, "of_node", "compatible"), encoding="ascii") as name:
            if name.read().startswith("microneedle,bench\0"):
                return "/dev/" + os.path.basename(path)
    raise FileNotFoundError("no bench's lines: was mn-bench.ko loaded, with its device tree?")


class Lines:
    """Lines held as a driver would hold them, through the GPIO character device."""

    def __init__(self, lines, flags, value=0):
        self.lines = lines
        request = bytearray(592)
        struct.pack_into(f"={len(lines)}I", request, 0, *lines)
        request[256:260] = b"test"
        struct.pack_into("=Q", request, 288, flags)
        if flags & LINE_OUTPUT:
            # one attribute: output values, of all lines
            struct.pack_into("=I", request, 296, 1)
            struct.pack_into("=IIQQ", request, 320, 2, 0, value, (1 << len(lines)) - 1)
        # an event buffer that a test does not overrun unawares
        struct.pack_into("=II", request, 560, len(lines), 1024)
        with open(chip(), "rb", buffering=0) as controller:
            fcntl.ioctl(controller, GET_LINE, request)
        self.fd = struct.unpack_from("=i", request, 588)[0]

    def close(self):
        """The lines are let go."""
        os.close(self.fd)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def set(self, value, index=0):
        """One of the lines, in the order in which they were asked for."""
        fcntl.ioctl(self.fd, SET_VALUES, struct.pack("=QQ", int(value) << index, 1 << index))

    def get(self):
        """The levels of all of them, a bit each."""
        values = bytearray(struct.pack("=QQ", 0, (1 << len(self.lines)) - 1))
        fcntl.ioctl(self.fd, GET_VALUES, values)
        return struct.unpack("=QQ", values)[0]

    def configure(self, flags):
        """Other flags for all of them, their interrupts too."""
        config = bytearray(272)
        struct.pack_into("=Q", config, 0, flags)
        fcntl.ioctl(self.fd, SET_CONFIG, config)

    def edges(self, timeout=0.0):
        """The edges that interrupted, stamped in the interrupt."""
        found = []
        while select.select([self.fd], [], [], timeout)[0]:
            for entry in struct.iter_unpack("=QII32x", os.read(self.fd, 48 * 64)):
                found.append(Edge(entry[0], entry[1] == 1, entry[2]))
            timeout = 0.0
        return found


class Pwm:
    """A PWM held as a driver would hold it, through sysfs."""

    def __init__(self, channel):
        self.channel = channel
        self.chip = glob.glob("/sys/devices/platform/bench/pwm/pwmchip*")[0]
        self._write("export", channel)
        self.path = f"pwm{channel}"

    def _write(self, name, value):
        with open(os.path.join(self.chip, name), "w", encoding="ascii") as file:
            file.write(str(value))

    def close(self):
        """It is let go."""
        self._write("unexport", self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def set(self, name, value):
        """period, duty_cycle, enable or polarity."""
        self._write(f"{self.path}/{name}", value)


def refusal(function, *arguments):
    """The errno that a call ends with, 0 if it does not fail."""
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return 0
