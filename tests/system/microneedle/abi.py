# SPDX-License-Identifier: GPL-2.0-or-later
"""The device node's interface, read from the uapi header: constants, structs and ioctl numbers.

MN_... constants are attributes of this module. The layout itself is checked by KUnit; here a field
that is added to the header is simply there.
"""

import os
import re
import struct
from types import SimpleNamespace

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))))
HEADER = os.path.join(CHECKOUT, "driver", "include", "uapi", "linux", "microneedle.h")

CODES = {"__u8": "B", "__u16": "H", "__u32": "I", "__s32": "i", "__aligned_u64": "Q"}
FIELD = re.compile(r"(__\w+|char) (\w+)((?:\[\w+\])*);")


class Layout:
    """One struct: packs keywords (what is left out is 0) and unpacks to an object."""

    def __init__(self, name, body, constants):
        self.name = name
        self.fields = []
        code = "="
        for kind, field, dimensions in FIELD.findall(body):
            sizes = [constants[size] if size in constants else int(size)
                     for size in re.findall(r"\[(\w+)\]", dimensions)]
            count = 1
            for size in sizes:
                count *= size
            if sizes and kind in ("char", "__u8"):
                code += f"{count}s"
                self.fields.append((field, 1, sizes[:0], b""))
            else:
                code += f"{count}{CODES[kind]}"
                self.fields.append((field, count, sizes, 0))
        self.struct = struct.Struct(code)
        self.size = self.struct.size

    def pack(self, **values):
        flat = []
        for field, count, _, nothing in self.fields:
            value = values.pop(field, None)
            if count == 1:
                flat.append(nothing if value is None else value)
            else:
                flat += value or [0] * count
        assert not values, f"struct {self.name} has no {', '.join(values)}"
        return bytearray(self.struct.pack(*flat))

    def unpack(self, data):
        flat = iter(self.struct.unpack_from(data))
        answer = SimpleNamespace()
        for field, count, sizes, _ in self.fields:
            values = [next(flat) for _ in range(count)]
            if not sizes:
                value = values[0]
            elif len(sizes) == 1:
                value = values
            else:
                value = [values[i:i + sizes[1]] for i in range(0, count, sizes[1])]
            setattr(answer, field, value)
        return answer


def _constants(text):
    found = {name: int(value) for name, value in re.findall(r"^\t(MN_\w+)\s*= (\d+),", text, re.M)}
    for name, value in re.findall(r"^#define (MN_\w+)\s+(0x\w+|\d+|\(1U << \d+\))", text, re.M):
        found[name] = 1 << int(value[7:-1]) if value[0] == "(" else int(value, 0)
    return found


def _ioctls(text, structs):
    found = {}
    for name, kind, number, argument in re.findall(
            r"^#define MN_IOC_(\w+)\s+_(IO[RW]*)\(MN_IOC_TYPE, (\w+)(?:, struct (\w+))?\)",
            text, re.M):
        layout = structs.get(argument)
        direction = ("W" in kind) | ("R" in kind[2:]) << 1
        found[name] = (ioc(direction, int(number, 16), layout.size if layout else 0), layout)
    return found


def ioc(direction, number, size, kind=0xBD):
    return direction << 30 | size << 16 | kind << 8 | number


def _parse():
    with open(HEADER, encoding="utf-8") as stream:
        text = re.sub(r"/\*.*?\*/", "", stream.read(), flags=re.S)
    constants = _constants(text)
    structs, payloads = {}, {}
    for name, body in re.findall(r"^struct (mn_\w+) \{\n(.*?)^\};", text, re.M | re.S):
        if "union {" in body:
            body, _, union = body.partition("union {")
            for inner, member in re.findall(r"struct \{(.*?)\} (\w+);", union, re.S):
                payloads[member] = Layout(member, inner, constants)
            body += "__u8 raw[16];"
        structs[name] = Layout(name, body, constants)
    return constants, structs, payloads, _ioctls(text, structs)


CONSTANTS, STRUCTS, PAYLOADS, IOCTLS = _parse()
globals().update(CONSTANTS)

RECORD = STRUCTS["mn_record"]
KINDS = {value: name[len("MN_EVENT_"):].lower() for name, value in CONSTANTS.items()
         if name.startswith("MN_EVENT_")}


def name_of(prefix, value):
    """The constant's name behind its prefix, for a person: name_of("FAULT", 5) is "OVER_DEPTH"."""
    for name, constant in CONSTANTS.items():
        if constant == value and name.startswith(f"MN_{prefix}_"):
            return name[len(prefix) + 4:]
    return str(value)


def fault_names(mask):
    return [name_of("FAULT", bit) for bit in range(64) if mask >> bit & 1]


def bit(name):
    """The bit of a fault: bit("OVER_DEPTH")."""
    return 1 << CONSTANTS[f"MN_FAULT_{name}"]


class Record(SimpleNamespace):
    """One event: kind ("stroke", "state", ...), mono_ns, seq, and what the kind has."""

    @classmethod
    def from_bytes(cls, data):
        head = RECORD.unpack(data)
        kind = KINDS.get(head.type, str(head.type))
        record = cls(kind=kind, mono_ns=head.mono_ns, seq=head.seq, flags=head.flags)
        payload = PAYLOADS.get(kind)
        if payload:
            # "flags" of a cartridge is its own, the record's is always 0
            record.__dict__.update(payload.unpack(head.raw).__dict__)
        return record
