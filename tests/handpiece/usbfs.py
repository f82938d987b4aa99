# SPDX-License-Identifier: GPL-2.0-or-later
"""A USB host in a few lines, through Linux's usbfs: to test a handpiece without its driver."""

import collections
import ctypes
import errno
import fcntl
import glob
import os
import struct
import time

# of linux/usbdevice_fs.h
CONTROL = 0xC0185500
BULK = 0xC0185502
CLAIM = 0x8004550F

IDENTIFY, STATUS, RESULT, CARTRIDGE = 1, 2, 3, 4
START, STOP, MARK, CLEAR, SELF_TEST = 0x10, 0x11, 0x12, 0x13, 0x14
LEASE = 0x15  # a type; the request of that number is CAPTURE
CAPTURE, CAPTURE_TYPE = 0x15, 0x16
SIZES = {IDENTIFY: 188, STATUS: 56, RESULT: 12, CARTRIDGE: 80}


# of mnp_header.type
STROKES_TYPE, WAVEFORM_TYPE = 5, 6

Stroke = collections.namedtuple("Stroke", "number epoch time_us depth_um period_us current_ma")
Block = collections.namedtuple("Block", "number time_us period_ns tag samples")


def strokes(packet):
    """The strokes of a packet."""
    kind, version, length, count, _, _ = struct.unpack_from("<BBHHHQ", packet)
    assert (kind, version, length) == (STROKES_TYPE, 1, len(packet)) and length == 16 + 32 * count
    return [Stroke(*struct.unpack_from("<IIQIII4x", packet, 16 + 32 * i)) for i in range(count)]


def block(packet):
    """The block of a waveform, its samples as (position_um, current_ma)."""
    kind, version, length, number, time_us, period_ns, count, tag = struct.unpack_from(
        "<BBHIQIHH", packet)
    assert (kind, version, length) == (WAVEFORM_TYPE, 1, len(packet)) and length == 24 + 4 * count
    samples = [struct.unpack_from("<HH", packet, 24 + 4 * i) for i in range(count)]
    return Block(number, time_us, period_ns, tag, samples)


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def find(serial, timeout=5.0):
    """The sysfs directory of the device with this serial number, or None in time."""
    end = time.monotonic() + timeout
    while True:
        for path in glob.glob("/sys/bus/usb/devices/*/serial"):
            directory = os.path.dirname(path)
            if _read(path) == serial and glob.glob(directory + "/*:1.0/ep_*"):
                return directory
        if time.monotonic() >= end:
            return None
        time.sleep(0.02)


class Host:
    """A claimed handpiece."""

    def __init__(self, serial="MN-SIM-0001"):
        directory = find(serial)
        if not directory:
            raise OSError(f"no device {serial} on the bus")
        bus, number = int(_read(directory + "/busnum")), int(_read(directory + "/devnum"))
        self.speed = _read(directory + "/speed")
        self.fd = os.open(f"/dev/bus/usb/{bus:03}/{number:03}", os.O_RDWR)
        fcntl.ioctl(self.fd, CLAIM, struct.pack("I", 0))
        out = []
        for path in glob.glob(directory + "/*:1.0/ep_*"):
            address = int(_read(path + "/bEndpointAddress"), 16)
            kind = _read(path + "/type")
            if kind == "Bulk":
                self.strokes = address
            elif address & 0x80:
                self.status = address
            else:
                out.append(address)
        # sysfs lists no order; the descriptors do, and dummy_hcd numbers upward in it
        self.kill, self.lease = sorted(out)
        self.tag = 0
        self.epoch = 0
        self.renewals = 0

    def close(self):
        """Let go of it."""
        os.close(self.fd)

    def control(self, kind, request, value, data, timeout_ms=1000):
        """One control transfer; data is the length to read, or the bytes to send."""
        length = data if isinstance(data, int) else len(data)
        buffer = ctypes.create_string_buffer(length + 1)
        if not isinstance(data, int):
            buffer[:length] = data
        packed = bytearray(struct.pack("=BBHHHI4xQ", kind, request, value, 0, length, timeout_ms,
                                       ctypes.addressof(buffer)))
        done = fcntl.ioctl(self.fd, CONTROL, packed)
        return buffer.raw[:done]

    def transfer(self, endpoint, data, timeout_ms=1000):
        """One bulk or interrupt transfer."""
        length = data if isinstance(data, int) else len(data)
        buffer = ctypes.create_string_buffer(length + 1)
        if not isinstance(data, int):
            buffer[:length] = data
        packed = bytearray(struct.pack("=III4xQ", endpoint, length, timeout_ms,
                                       ctypes.addressof(buffer)))
        done = fcntl.ioctl(self.fd, BULK, packed)
        return buffer.raw[:done]

    def ask(self, request):
        """The answer of a request that reads."""
        return self.control(0xC1, request, 0, SIZES[request])

    def tell(self, request, data=b""):
        """The outcome of a request that does."""
        self.tag = self.tag % 0xFFFF + 1
        self.control(0x41, request, self.tag, data)
        for _ in range(60):
            _, _, _, asked, result, tag, _ = struct.unpack("<BBHBBHI", self.ask(RESULT))
            if (asked, tag) == (request, self.tag) and result != 1:
                return result
            time.sleep(0.001)
        return 1

    def stop_packet(self):
        """The next STOP."""
        self.epoch += 1
        return struct.pack("<BBHIII", STOP, 1, 16, self.epoch, 0, 0)

    def stop(self):
        """By endpoint 0."""
        return self.tell(STOP, self.stop_packet())

    def renew(self):
        """One lease packet."""
        self.renewals += 1
        self.transfer(self.lease, struct.pack("<BBHIII", LEASE, 1, 16, self.epoch, self.renewals,
                                              0))

    def start(self, depth_um=500, rate_mhz=100000, strokes=10000, run_ms=60000):
        """START with the present epoch."""
        return self.tell(START, struct.pack("<BBHIIIII8x", START, 1, 32, self.epoch, depth_um,
                                            rate_mhz, strokes, run_ms))

    def capture(self, rate_hz=0, samples=0):
        """Begin a waveform, or end it."""
        return self.tell(CAPTURE, struct.pack("<BBHIII", CAPTURE_TYPE, 1, 16, rate_hz, samples, 0))

    def bulk(self, timeout_ms=1000):
        """A packet of strokes or of a waveform; None in time."""
        try:
            return self.transfer(self.strokes, 512, timeout_ms)
        except OSError as error:
            if error.errno != errno.ETIMEDOUT:
                raise
            return None

    def blocks(self, until, timeout_ms=1000):
        """Blocks as they come, to the sample of that number."""
        while True:
            packet = self.bulk(timeout_ms)
            assert packet, f"no block within {timeout_ms} ms"
            one = block(packet)
            yield one
            if one.number + len(one.samples) >= until:
                return

    def clear(self, faults=0x3FF):
        """CLEAR these faults."""
        return self.tell(CLEAR, struct.pack("<BBHI8x", CLEAR, 1, 16, faults))
