# SPDX-License-Identifier: GPL-2.0-or-later
"""A handpiece on the bus, and a host that has claimed it."""

import time

import pytest

import usbfs
from handpiece import Handpiece


@pytest.fixture(autouse=True)
def _nobody_there():
    """The host's hub is a moment behind: no test may take the handpiece of the one before."""
    end = time.monotonic() + 2
    while usbfs.find("MN-SIM-0001", 0) or usbfs.find("MN-SIM-0002", 0):
        assert time.monotonic() < end, "the handpiece of the test before is still on the bus"
        time.sleep(0.01)


@pytest.fixture(name="hp")
def _hp():
    with Handpiece() as handpiece:
        yield handpiece


@pytest.fixture(name="host")
def _host(hp):
    host = usbfs.Host(hp.serial)
    yield host
    host.close()
