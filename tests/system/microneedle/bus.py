# SPDX-License-Identifier: GPL-2.0-or-later
"""The handpiece as the USB bus has it: in sysfs, and what root can do to it there."""

import fcntl
import glob
import os

DRIVER = "/sys/bus/usb/drivers/microneedle-usb"
USBDEVFS_RESET = ord("U") << 8 | 20


def interface():
    """The interface that the driver is bound to: "1-1:1.0"."""
    found = glob.glob(f"{DRIVER}/*:*")
    assert len(found) == 1, found
    return os.path.basename(found[0])


def usb_device():
    """The handpiece's folder in sysfs."""
    return os.path.dirname(os.path.realpath(f"{DRIVER}/{interface()}"))


def reset():
    """What any program of root's can do to any device on the bus."""
    numbers = []
    for name in ("busnum", "devnum"):
        with open(f"{usb_device()}/{name}", encoding="ascii") as stream:
            numbers.append(int(stream.read()))
    node = os.open("/dev/bus/usb/%03d/%03d" % tuple(numbers), os.O_RDWR)
    try:
        fcntl.ioctl(node, USBDEVFS_RESET, 0)
    finally:
        os.close(node)
