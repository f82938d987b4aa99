# SPDX-License-Identifier: GPL-2.0-or-later
"""Descriptors that are not those of a handpiece, by name and at random; answers that make sense."""

import struct

from microneedle.device import SERIAL
from rawgadget import CONFIGURATION, ENDPOINT, IN, INTERFACE

IDENTIFY, STATUS, RESULT = 1, 2, 3  # requests and types, see driver/usb_protocol.h
HOME = 1 << 3
IDENTITY = "<BBH I HH 22I 32s32s24s"
NUMBER = f"MN-RAW-{SERIAL}"  # the serial number
CLASS = (0xff, 0x4d, 0x4e)
CONTROL, ISO, BULK, INT = range(4)
DEVICE = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x200, 0, 0, 0, 64, 0x1209, 1, 0x100, 1, 2, 3, 1)
STRINGS = ("nobody", "Something else", NUMBER)
EDGES = (0, 1, 2, 3, 7, 8, 9, 0x0f, 0x10, 0x3f, 0x40, 0x7f, 0x80, 0xfe, 0xff)


def endpoint(address, kind, size, interval=1):
    return struct.pack("<BBBBHB", 7, ENDPOINT, address, kind, size, interval)


KILL, LEASE = endpoint(1, INT, 16), endpoint(2, INT, 16)
STATUSES, STROKES = endpoint(IN | 3, INT, 64), endpoint(IN | 4, BULK, 512, 0)
RIGHT = (KILL, LEASE, STATUSES, STROKES)


def interface(endpoints=RIGHT, number=0, alternate=0, triple=CLASS, count=None):
    """An interface's descriptor and its endpoints', of which it may say that they are more."""
    count = len(endpoints) if count is None else count
    return (struct.pack("9B", 9, INTERFACE, number, alternate, count, *triple, 0), *endpoints)


def configuration(*parts, interfaces=1, total=None):
    """All of it, as one string of bytes; it may say that it is longer or shorter than it is."""
    body = b"".join(parts)
    total = 9 + len(body) if total is None else total
    return struct.pack("<BBHBBBBB", 9, CONFIGURATION, total, interfaces, 1, 0, 0xc0, 1) + body


def without(number):
    return RIGHT[:number] + RIGHT[number + 1:]


def other(number, replacement):
    return RIGHT[:number] + (replacement,) + RIGHT[number + 1:]


def of(*endpoints, **options):
    return configuration(*interface(endpoints, **options))


WHOLE = of(*RIGHT)
UNION = bytes((5, 0x24, 6, 0, 1))  # of a class that it is not
NAMED = {
    "the right ones": WHOLE,
    "in another order": of(STROKES, STATUSES, LEASE, KILL),
    "kill missing": of(*without(0)), "status missing": of(*without(2)),
    "strokes missing": of(*without(3)), "none": of(),
    "one too many": of(*RIGHT, endpoint(5, INT, 16)),
    "one too many that is in": of(*RIGHT, endpoint(IN | 5, INT, 64)),
    "thirty": of(*(endpoint(n % 15 + 1 | (IN if n > 14 else 0), INT, 16) for n in range(30))),
    "kill is bulk": of(*other(0, endpoint(1, BULK, 512))),
    "kill is isochronous": of(*other(0, endpoint(1, ISO, 64))),
    "kill is control": of(*other(0, endpoint(1, CONTROL, 64))),
    "lease is in": of(*other(1, endpoint(IN | 2, INT, 16))),
    "status is out": of(*other(2, endpoint(3, INT, 64))),
    "status is bulk": of(*other(2, endpoint(IN | 3, BULK, 512))),
    "strokes is an interrupt": of(*other(3, endpoint(IN | 4, INT, 512))),
    "strokes is out": of(*other(3, endpoint(4, BULK, 512))),
    "strokes is isochronous": of(*other(3, endpoint(IN | 4, ISO, 512))),
    "kill twice": of(KILL, KILL, STATUSES, STROKES), "all twice": of(*RIGHT, *RIGHT),
    "endpoint 0": of(*other(0, endpoint(0, INT, 16))),
    "endpoint 0 in": of(*other(2, endpoint(IN, INT, 64))),
    "reserved bits of the address": of(*other(0, endpoint(0x71, INT, 16))),
    "reserved bits of the kind": of(*other(0, endpoint(1, INT | 0xfc, 16))),
    "kill of 0": of(*other(0, endpoint(1, INT, 0))),
    "kill of 15": of(*other(0, endpoint(1, INT, 15))),
    "kill of 1024": of(*other(0, endpoint(1, INT, 1024))),
    "lease of 0": of(*other(1, endpoint(2, INT, 0))),
    "status of 0": of(*other(2, endpoint(IN | 3, INT, 0))),
    "status of 55": of(*other(2, endpoint(IN | 3, INT, 55))),
    "status of 57": of(*other(2, endpoint(IN | 3, INT, 57))),
    "status of 1024, three times": of(*other(2, endpoint(IN | 3, INT, 0x1400))),
    "status of 65535": of(*other(2, endpoint(IN | 3, INT, 0xffff))),
    "strokes of 0": of(*other(3, endpoint(IN | 4, BULK, 0, 0))),
    "strokes of 1": of(*other(3, endpoint(IN | 4, BULK, 1, 0))),
    "strokes of 513": of(*other(3, endpoint(IN | 4, BULK, 513, 0))),
    "strokes of 2047": of(*other(3, endpoint(IN | 4, BULK, 2047, 0))),
    "intervals of 0": of(endpoint(1, INT, 16, 0), endpoint(2, INT, 16, 0), STATUSES, STROKES),
    "intervals of 255": of(endpoint(1, INT, 16, 255), endpoint(2, INT, 16, 255),
                           endpoint(IN | 3, INT, 64, 255), STROKES),
    "says 3 endpoints": of(*RIGHT, count=3), "says 5 endpoints": of(*RIGHT, count=5),
    "says 255 endpoints": of(*RIGHT, count=255), "says 0 endpoints": of(*RIGHT, count=0),
    "another class": of(*RIGHT, triple=(3, 0x4d, 0x4e)),
    "another subclass": of(*RIGHT, triple=(0xff, 0x4c, 0x4e)),
    "another protocol": of(*RIGHT, triple=(0xff, 0x4d, 0)),
    "interface 7": of(*RIGHT, number=7), "alternate setting 3": of(*RIGHT, alternate=3),
    "a right alternate setting": configuration(
        *interface(without(0)), *interface(alternate=1)),
    "a wrong alternate setting": configuration(
        *interface(), *interface(without(0), alternate=1)),
    "an alternate setting twice": configuration(*interface(), *interface(without(1))),
    "two of it": configuration(*interface(), *interface(number=1), interfaces=2),
    "two of it, one wrong": configuration(
        *interface(without(2)), *interface(number=1), interfaces=2),
    "32 interfaces": configuration(
        *(part for n in range(32) for part in interface(number=n)), interfaces=32),
    "says two interfaces": configuration(*interface(), interfaces=2),
    "says no interface": configuration(*interface(), interfaces=0),
    "cut in the last endpoint": WHOLE[:-3], "cut after the interface": WHOLE[:18],
    "the head alone": WHOLE[:9], "half a head": WHOLE[:5], "nothing at all": b"",
    "says it is longer": configuration(*interface(), total=len(WHOLE) + 64),
    "says it is shorter": configuration(*interface(), total=len(WHOLE) - 10),
    "says it is 65535": configuration(*interface(), total=0xffff),
    "says it is 0": configuration(*interface(), total=0),
    "something else between": configuration(
        *(part for each in interface() for part in (each, UNION))),
    "a descriptor of length 0": configuration(*interface(), bytes(2)),
    "a descriptor of length 1": configuration(interface()[0], b"\1\5", *RIGHT),
    "a descriptor of length 255": configuration(interface()[0], b"\xff\5", *RIGHT),
    "endpoints of length 6": of(*(bytes((6,)) + each[1:6] for each in RIGHT)),
    "endpoints of length 9": of(*(bytes((9,)) + each[1:] + b"\0\0" for each in RIGHT)),
}


def mutate(random, whole):
    """One thing of it changed, or two, or three, wherever that may be."""
    data = bytearray(whole)
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(data) or 1)
        how = random.randrange(7)
        if how == 0:
            data[at:at + 1] = bytes((data[at] ^ 1 << random.randrange(8),)) if data else b""
        elif how == 1:
            data[at:at + 1] = bytes((random.choice(EDGES),))
        elif how == 2:
            data[at:at + 2] = random.randbytes(2)
        elif how == 3:
            del data[at:at + random.choice((1, 2, 7, 9))]
        elif how == 4:
            data[at:at] = random.choice((random.randbytes(random.randrange(1, 9)), *RIGHT))
        elif how == 5:
            del data[at:]
        elif len(data) > 4:
            data[2:4] = len(data).to_bytes(2, "little")
    return bytes(data)


def identity():
    text = [name.encode() for name in (NUMBER, "MN-RAW", "1.0")]
    return struct.pack(
        IDENTITY, IDENTIFY, 1, struct.calcsize(IDENTITY), 0x4c444e4d, 1, 1, 0x1f, 1, 2500, 150000,
        100000, 300000, 20000, 10, 100, 50, 300, 60, 100, 800, 60000, 0, 1, 0, 10, 365, 1, 20000,
        *text)


def sensible(gadget, request, _):
    """What a handpiece would answer that stands still, and has no cartridge."""
    if request == IDENTIFY:
        return identity()
    if request == STATUS:
        return struct.pack("<BBHIQIIBBHHHiIIIII", STATUS, 1, 56, 1, 1000, gadget.epoch, 1, 0, 0,
                           HOME, 0, 0, 25000, 0, 0, 0, 0, 1)
    if request == RESULT:
        return struct.pack("<BBHBBHI", RESULT, 1, 12, gadget.request, 0, gadget.tag, gadget.epoch)
    return None


def senseless(random):
    """Too little, too much, or nothing: never what it takes to be a handpiece."""
    def answer(gadget, request, size):
        right = sensible(gadget, request, size) or b""
        how = random.randrange(4)
        if how == 0:
            return right if request != IDENTIFY else None
        if how == 1:
            return random.randbytes(size)
        if how == 2:
            return right[:random.randrange(len(right) or 1)]
        return None
    return answer
