# SPDX-License-Identifier: GPL-2.0-or-later
"""A handpiece on the bus, and a host that has claimed it."""

import pytest

import usbfs
from handpiece import Handpiece


@pytest.fixture(name="hp")
def _hp():
    with Handpiece() as handpiece:
        yield handpiece


@pytest.fixture(name="host")
def _host(hp):
    host = usbfs.Host(hp.serial)
    yield host
    host.close()
