# SPDX-License-Identifier: GPL-2.0-or-later
"""Which kind of handpiece is there, and what differs by it: MN_HANDPIECE is usb, or gpio."""

import os
import time
from types import SimpleNamespace

KINDS = {
    "usb": SimpleNamespace(
        kind="usb", serial="MN-SIM-0001", model="MN-SIM", firmware="1.0.0-sim",
        module="microneedle-usb", transport="USB",
        source="DEVICE",  # whose limits the handpiece's are
        calibration=lambda: (12, 365),
        least_of_500_um=401,  # what is told of strokes that were set to 500
        depth_step_um=10, lease_ms=100, max_depth_um=2500, measures=0x1f,
        coasts=0,  # strokes that a motor may still make once it was stopped
        # From what the kernel learned to what stops them: the bus's next service, and its clock
        kill_ns=5_000_000),
    "gpio": SimpleNamespace(
        kind="gpio", serial="MN-GPIO-0001", model="gpio-handpiece", firmware=os.uname().release,
        module="microneedle-gpio", transport="GPIO",
        source="BOARD",
        # Of tests/lab/bench.dts
        calibration=lambda: (int(time.time()) // 86400 - 20700, 3650),
        least_of_500_um=1,
        depth_step_um=5, lease_ms=50, max_depth_um=2500, measures=0x27,
        coasts=3,
        kill_ns=5_000),
}

HANDPIECE = KINDS[os.environ.get("MN_HANDPIECE") or "usb"]
USB = HANDPIECE.kind == "usb"
GPIO = HANDPIECE.kind == "gpio"
