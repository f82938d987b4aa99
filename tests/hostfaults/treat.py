# SPDX-License-Identifier: GPL-2.0-or-later
"""In the guest: treat with the handpiece on the host, then do to this kernel what is asked.

    treat.py crash|power|reboot     treat; then a panic, a reset without a word, or "reboot -f";
                                    started again after it: tell the faults, and clear them
    treat.py treat                  treat until the cartridge is pulled
    treat.py look                   tell the faults, and clear them

Tells the host by JSON lines. A handpiece that has the host's clock and a guest that a busy host
keeps waiting: a lease may lapse unasked. Then the faults are told, and the treatment goes on.
"""

import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "system"))
from microneedle import abi, stack  # noqa: E402
from microneedle.device import NODE, Device  # noqa: E402
from microneedle.wait import until  # noqa: E402

# So slow that it is the lease that stops it, and not that nobody takes its reports
RATE_MHZ = 20000
STEADY_SECONDS = 0.5
TREATMENT = b"outlives a guest"
MARK = os.path.join(stack.OUT, "has-treated")


def tell(ev, **what):
    print(json.dumps({"ev": ev, **what}), flush=True)


def attach():
    stack.run("modprobe", "-a", "xhci_pci", "xhci_hcd")
    stack.load_driver()
    until("the handpiece", lambda: os.path.exists(NODE), 30, 0.05)


def control(device):
    # The longest lease there is: the host's clock goes on where this guest waits
    device.acquire(TREATMENT, lease_ms=abi.MN_LEASE_MAX_MS)
    device.set_limits()


def tell_faults(device, ev="faults"):
    tell(ev, names=abi.fault_names(device.status().faults))


def look():
    with Device() as device:
        # The handpiece's faults come with what it says of itself, or its first status
        time.sleep(1)
        tell_faults(device, "found")
        control(device)
        if device.status().faults:
            device.clear()
        tell_faults(device, "cleared")


def pulled(device):
    return not device.status().cartridge_flags & abi.MN_CARTRIDGE_PRESENT


def start(device):
    control(device)
    if device.status().state == abi.MN_STATE_FAULT:
        device.clear()
    device.arm(rate_mhz=RATE_MHZ)
    device.ioctl("START")
    device.wait_state("RUNNING")
    tell("running")


def run(device, seconds):
    """Whether it ran so long without a stop."""
    end = time.monotonic() + seconds
    while device.status().state == abi.MN_STATE_RUNNING:
        if time.monotonic() >= end:
            return True
        time.sleep(0.05)
    return False


def treat(then=None):
    """Treat until it runs well, and do THEN; or until the cartridge is pulled."""
    while True:
        with Device() as device:
            try:
                start(device)
                if run(device, STEADY_SECONDS if then else float("inf")):
                    then(device)
            except (OSError, AssertionError) as error:
                tell("refused", why=str(error))
            # What the handpiece has to say comes with its next status
            time.sleep(0.3)
            tell_faults(device)
            if pulled(device):
                return


def sysrq(letter):
    with open("/proc/sysrq-trigger", "w", encoding="ascii") as trigger:
        trigger.write(letter)


def reboot():
    subprocess.run(["busybox", "reboot", "-f"], check=True)


ENDS = {"crash": lambda: sysrq("c"), "power": lambda: sysrq("b"), "reboot": reboot}


def end(device, how):
    """Does not return, if it still runs. The host sees the mark appear, and knows since when."""
    with open(MARK, "w", encoding="ascii") as mark:
        os.fsync(mark.fileno())
    if run(device, 0):
        ENDS[how]()
        time.sleep(60)
    os.remove(MARK)


def main():
    what, = sys.argv[1:]
    attach()
    if what == "look" or os.path.exists(MARK):
        look()
    else:
        treat((lambda device: end(device, what)) if what in ENDS else None)


if __name__ == "__main__":
    main()
