# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel has no memory at the wrong moment: what a packet is asked for with cannot be had."""

import contextlib
import os
import time

import pytest
from microneedle import abi
from microneedle.applies import usb_only
from microneedle.power import put
from microneedle.wait import until

FAILSLAB = "/sys/kernel/debug/failslab"
MODULE = "/sys/module/microneedle_usb"

pytestmark = usb_only("nothing is allocated for what its lines report")


def text_of_the_module():
    """Where its code begins and ends."""
    with open(f"{MODULE}/sections/.text", encoding="ascii") as stream:
        begin = int(stream.read(), 0)
    with open(f"{MODULE}/coresize", encoding="ascii") as stream:
        return begin, begin + int(stream.read())


def left():
    with open(f"{FAILSLAB}/times", encoding="ascii") as stream:
        return int(stream.read())


@contextlib.contextmanager
def no_memory(times):
    """For so many allocations on behalf of the transport where nothing can be waited for."""
    begin, end = text_of_the_module()
    for name, value in (("require-start", begin), ("require-end", end), ("ignore-gfp-wait", "Y"),
                        ("verbose", 0), ("interval", 1), ("times", times), ("probability", 100)):
        put(os.path.join(FAILSLAB, name), f"{value}\n")
    try:
        yield
    finally:
        put(f"{FAILSLAB}/probability", "0\n")


@pytest.mark.parametrize("times", (1, 2, 5))
def test_a_status_that_could_not_be_asked_for_is_asked_for_later(rig, times):
    """And nothing else is. tests/smp found that what was under way was submitted again."""
    with rig.control() as device:
        with no_memory(times):
            until("the allocations to fail", lambda: not left(), 3)
        rig.hp.set("emergency_stop", True)
        device.wait_fault("EMERGENCY_STOP")
        rig.hp.set("emergency_stop", False)


def test_reports_of_strokes_that_could_not_be_asked_for(rig):
    """Running, an allocation fails that a lease, a stroke or a status needs: it stops, or it goes on."""
    for _ in range(4):
        rig.new_cartridge()
        with rig.control() as device:
            if device.status().faults:
                device.clear()
            rig.run(device)
            with no_memory(1):
                until("the allocation to fail", lambda: not left(), 3)
            time.sleep(0.05)
            state = device.status().state
            assert state in (abi.MN_STATE_RUNNING, abi.MN_STATE_FAULT), device.describe()
            rig.press(False)
            rig.still()
