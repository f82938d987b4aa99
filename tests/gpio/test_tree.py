# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree with a mistake: the handpiece is not there, and the kernel's log names the property.

One boot has them all: its tree has a handpiece for each mistake, and at last one without.
"""

import os

import pytest

from rig import Rig, load, unload
from trees import name_of, wrong

WRONG = wrong()
BUS = "/sys/bus/platform/devices"


def kernel_log():
    """All that the kernel said so far."""
    lines = []
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    while True:
        try:
            lines.append(os.read(log, 8192).decode().partition(";")[2].split("\n")[0])
        except BlockingIOError:
            os.close(log)
            return lines
        except BrokenPipeError:
            continue


@pytest.fixture(scope="module", name="log")
def _log():
    load("lab_lines")
    rig = Rig()
    yield kernel_log()
    rig.close()
    unload("lab_lines")


@pytest.mark.parametrize("number", range(len(WRONG)), ids=[what for what, _, _ in WRONG])
def test_wrong(log, number):
    """It is refused for that property and no other."""
    _, name, _ = WRONG[number]
    node = name_of(number)
    assert os.path.isdir(f"{BUS}/{node}"), "the tree has no such handpiece"
    assert not os.path.exists(f"{BUS}/{node}/driver"), "it was taken"
    # the kernel's own sentence follows
    said = [text for text in log if f" {node}: " in text and "probe with driver" not in text]
    assert len(said) == 1 and "error -" in said[0], said
    # it begins with the property, or with that there is none
    words = said[0].rpartition(f" {node}: ")[2].partition(": ")[2]
    assert words.removeprefix("no ").split()[0] == name, said


def test_right(log):
    """The same tree's last handpiece, without a mistake: they were not refused for another cause."""
    assert os.path.exists(f"{BUS}/handpiece/driver"), [line for line in log if "handpiece" in line]
