# SPDX-License-Identifier: GPL-2.0-or-later
"""The layout of the device node's structs is the same for 64-bit and for 32-bit callers.

The table is the KUnit test's, tests/kunit/uapi_test.c: each struct's size, each field's offset and
size, each number. The kernel is held to it there, without a byte that no field owns; here the
compilers of programs are. What is added there is held to here, and what the header has and the
table lacks is found.
"""

import os
import re
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TABLE = os.path.join(TOP, "tests", "kunit", "uapi_test.c")
INCLUDE = os.path.join(TOP, "driver", "include", "uapi")
HEADER = os.path.join(INCLUDE, "linux", "microneedle.h")
COMPILERS = {"64 bit": "gcc", "32 bit": "i686-linux-gnu-gcc"}
WORD = {"64 bit": 8, "32 bit": 4}


def text(path):
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def table():
    """(structs, fields, numbers), as the table has them."""
    source = text(TABLE)
    structs = re.findall(r"^\tSTRUCT\((\w+), (\w+)\),", source, re.M)
    fields = re.findall(r"^\tFIELD\(AT\((\w+)\)->([\w.]+), (\w+), (\w+)\),", source, re.M)
    numbers = re.findall(r"^\tNUMBER\((\w+), (\w+)\),", source, re.M)
    return structs, fields, numbers


def assertions(structs, fields, numbers):
    yield "#include <stddef.h>\n#include <linux/microneedle.h>\n"
    for name, size in structs:
        yield f'_Static_assert(sizeof(struct {name}) == {size}, "size of {name}");'
    for name, field, at, size in fields:
        yield (f'_Static_assert(offsetof(struct {name}, {field}) == {at}, '
               f'"offset of {name}.{field}");')
        yield (f'_Static_assert(sizeof(((struct {name} *)0)->{field}) == {size}, '
               f'"size of {name}.{field}");')
    for name, value in numbers:
        yield f'_Static_assert({name} == {value}, "{name}");'


def compiled(caller, lines, tmp_path):
    """What the compiler has to say of them."""
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines) + "\n")
    done = subprocess.run([COMPILERS[caller], "-std=gnu11", "-Wall", "-Wextra", "-Werror",
                           f"-I{INCLUDE}", "-fsyntax-only", str(source)],
                          stderr=subprocess.PIPE, text=True, check=False)
    return done.stderr


@pytest.mark.parametrize("caller", COMPILERS)
def test_a_callers_compiler_has_the_table_s_layout(caller, tmp_path):
    word = [f"_Static_assert(sizeof(long) == {WORD[caller]}, \"not a {caller} compiler\");"]
    assert compiled(caller, [*assertions(*table()), *word], tmp_path) == ""


@pytest.mark.parametrize("caller", COMPILERS)
def test_what_differs_is_seen(caller, tmp_path):
    """One after the other, each struct, field and number is taken to be one more than it is."""
    parts = table()
    for part, entries in enumerate(parts):
        for place in (0, len(entries) // 2, len(entries) - 1):
            wrong = list(entries)
            *names, value = wrong[place]
            wrong[place] = (*names, str(int(value, 0) + 1))
            changed = list(parts)
            changed[part] = wrong
            assert "static assertion failed" in compiled(caller, assertions(*changed), tmp_path)


def test_the_table_has_all_that_the_header_has():
    structs, fields, numbers = table()
    header = re.sub(r"/\*.*?\*/", "", text(HEADER), flags=re.S)
    found = re.findall(r"^struct (mn_\w+) \{\n(.*?)^\};", header, re.M | re.S)
    assert sorted(name for name, _ in found) == sorted(name for name, _ in structs)
    for name, body in found:
        there = {field.split(".")[-1] for of, field, *_ in fields if of == name}
        for field in re.findall(r"(?:__\w+|char) (\w+)(?:\[\w+\])*;", body):
            assert field in there, f"{name}.{field} is not in {os.path.relpath(TABLE, TOP)}"
    ioctls = re.findall(r"^#define (MN_IOC_\w+)\s+_IO", header, re.M)
    constants = re.findall(r"^\t(MN_\w+)\s*= \d+,", header, re.M)
    missing = {*ioctls, *constants} - {name for name, _ in numbers}
    assert ioctls and constants and not missing, missing
