# SPDX-License-Identifier: GPL-2.0-or-later
"""A device on the simulated bus that says of itself what it likes: /dev/raw-gadget."""

import fcntl
import os
import signal
import struct
import threading
import time

DRIVER, CONTROLLER = b"dummy_udc", b"dummy_udc.1"  # the handpiece has the other
FULL_SPEED, HIGH_SPEED = 2, 3
EVENT_CONTROL = 2
IN, VENDOR, TYPE_MASK = 0x80, 0x40, 0x60
GET_DESCRIPTOR, SET_CONFIGURATION, SET_INTERFACE = 6, 9, 11
DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT, QUALIFIER = 1, 2, 3, 4, 5, 6
STOP = 0x11  # of driver/usb_protocol.h
MOST = 4096  # bytes of an answer


def ioc(direction, number, size):
    return direction << 30 | size << 16 | ord("U") << 8 | number


INIT, RUN, EVENT_FETCH = ioc(1, 0, 257), ioc(0, 1, 0), ioc(2, 2, 8)
EP0_WRITE, EP0_READ, EP0_STALL = ioc(1, 3, 8), ioc(3, 4, 8), ioc(0, 12, 0)
CONFIGURE, VBUS_DRAW = ioc(0, 9, 0), ioc(1, 10, 4)


def string(text):
    data = text.encode("utf-16-le")
    return bytes((2 + len(data), STRING)) + data


class RawGadget:
    """One device, played by a thread until it is unplugged.

    answer(gadget, request, size) gives the bytes for a vendor request, or None to stall it.
    """

    def __init__(self, device, configuration, strings, answer, speed=HIGH_SPEED):
        self.descriptors = {DEVICE: device, CONFIGURATION: configuration}
        self.strings = [bytes((4, STRING, 0x09, 0x04))] + [string(text) for text in strings]
        self.answer = answer
        self.speed = speed
        # Of the last vendor request that told it something, and of the last stop
        self.tag = self.request = self.epoch = 0
        self.over = False
        self.error = None
        self.fd = -1
        self.thread = threading.Thread(target=self.play, daemon=True)

    def __enter__(self):
        self.fd = os.open("/dev/raw-gadget", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(self.fd, INIT, struct.pack("128s128sB", DRIVER, CONTROLLER, self.speed))
        fcntl.ioctl(self.fd, RUN, 0)
        # What it waits in ends by any signal that has a handler
        signal.signal(signal.SIGUSR1, lambda *_: None)
        self.thread.start()
        return self

    def __exit__(self, *_):
        """Off the bus: with the file ends the gadget."""
        self.over = True
        while self.thread.is_alive():
            signal.pthread_kill(self.thread.ident, signal.SIGUSR1)
            self.thread.join(0.01)
        os.close(self.fd)
        assert not self.error, self.error

    # -- in its own thread --

    def play(self):
        try:
            while not self.over:
                event = bytearray(struct.pack("II8s", 0, 8, b""))
                try:
                    fcntl.ioctl(self.fd, EVENT_FETCH, event, True)
                    if struct.unpack_from("I", event)[0] == EVENT_CONTROL:
                        self.control(*struct.unpack_from("<BBHHH", event, 8))
                except OSError:
                    # Interrupted, or the host thought better of it: a reset, or a new request
                    time.sleep(0.001)
        except Exception as error:  # told by who unplugs it
            self.error = error

    def control(self, kind, request, value, _, size):
        if kind & IN and size:
            data = self.give(kind, request, value, size)
            if data is None:
                fcntl.ioctl(self.fd, EP0_STALL, 0)
            else:
                data = data[:size]
                fcntl.ioctl(self.fd, EP0_WRITE, bytearray(
                    struct.pack("HHI", 0, 0, len(data)) + data), True)
            return
        if kind & TYPE_MASK == VENDOR:
            self.request, self.tag = request, value
        elif request == SET_CONFIGURATION:
            fcntl.ioctl(self.fd, VBUS_DRAW, 50)
            fcntl.ioctl(self.fd, CONFIGURE, 0)
        elif request != SET_INTERFACE:
            fcntl.ioctl(self.fd, EP0_STALL, 0)
            return
        data = bytearray(struct.pack("HHI", 0, 0, size) + bytes(size))
        fcntl.ioctl(self.fd, EP0_READ, data, True)
        if kind & TYPE_MASK == VENDOR and request == STOP and size >= 8:
            self.epoch = struct.unpack_from("<I", data, 12)[0]

    def give(self, kind, request, value, size):
        if kind & TYPE_MASK == VENDOR:
            return self.answer(self, request, min(size, MOST))
        if request != GET_DESCRIPTOR:
            return None
        what, number = value >> 8, value & 0xff
        if what == STRING:
            return self.strings[number] if number < len(self.strings) else None
        if what == QUALIFIER:
            return bytes((10, QUALIFIER)) + self.descriptors[DEVICE][2:8] + b"\1\0"
        return self.descriptors.get(what)
