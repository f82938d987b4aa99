#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bring a guest's handpiece to a state, and the machine or its kernel down: go_down.py HOW STATE.

What the handpiece saw, what the controlling file was told, and whether anything could be started in
the last moments, is left in MN_OUT.
"""

import ctypes
import json
import os
import sys
import threading
import time

SYSTEM = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "system")
sys.path.insert(0, SYSTEM)
from microneedle import abi, panel, stack  # noqa: E402
from microneedle.kind import GPIO  # noqa: E402
from microneedle.power import events_since  # noqa: E402
from microneedle.wait import until  # noqa: E402
from test_interlocks import bring_to  # noqa: E402

# <linux/reboot.h>
COMMANDS = {"poweroff": 0x4321fedc, "restart": 0x01234567}
LINGER_MS = 1000


def keep(name, what):
    """Durable at once: there is no later."""
    with open(os.path.join(stack.OUT, name), "w", encoding="utf-8") as stream:
        json.dump(what, stream)
        stream.flush()
        os.fsync(stream.fileno())


def last_moments(rig, device, state):
    """The machine lingers. The controller is a program that does not know, or does not care."""
    until("the stop", lambda: rig.epoch() > device.before, 2, 0.001)
    time.sleep(0.15)
    status = device.assert_state("SAFE", "SUSPEND" if state != "SAFE" else None)
    device.read()
    told = [[abi.name_of("STATE", record.to), abi.name_of("CAUSE", record.cause)]
            for record in device.seen if record.kind == "state"]
    faults = abi.fault_names(status.faults)
    strokes = rig.still()["strokes"]
    rig.press(False)
    if GPIO:
        rig.stopped_first(device.since, state)
        # Of a handpiece that sleeps nothing is declared
        rig.swap_cartridge()
    else:
        rig.new_cartridge()
    armed = None
    try:
        device.arm()
    except OSError as error:
        armed = error.errno
    time.sleep(0.12)
    rig.press()
    time.sleep(0.2)
    after = rig.hp.state()
    keep("moments.json", {"told": told, "faults": faults, "armed": armed,
                          "home": after["inputs"]["home"],
                          "events": [] if GPIO else events_since(rig, device.since),
                          "strokes_after": after["strokes"] - strokes})


def main():
    how, state = sys.argv[1:]
    if os.path.exists(os.path.join(stack.OUT, "gone")):
        # It was restarted, and this is the machine after it
        return 0
    rig = panel.workstation()
    rig.refresh()
    stack.load("lab_linger", f"ms={LINGER_MS}")
    with rig.control() as device:
        bring_to(rig, device, state)
        device.before = rig.epoch()
        keep("gone", {})
        device.since = time.monotonic_ns()
        if how == "panic":
            with open("/proc/sysrq-trigger", "w", encoding="ascii") as trigger:
                trigger.write("c")
        threading.Thread(target=last_moments, args=(rig, device, state), daemon=True).start()
        libc = ctypes.CDLL(None, use_errno=True)
        libc.reboot(ctypes.c_int(COMMANDS[how]))
        print(f"reboot: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
    return 1


sys.exit(main())
