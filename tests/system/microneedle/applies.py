# SPDX-License-Identifier: GPL-2.0-or-later
"""A test that cannot be of both kinds of handpiece says so, and why: @usb_only("it has no bus").

Where it does not apply it is neither run nor skipped; the run prints it with its reason.
"""

import pytest

from .kind import HANDPIECE


def usb_only(reason):
    return pytest.mark.only("usb", reason)


def gpio_only(reason):
    return pytest.mark.only("gpio", reason)


def why_not(item):
    """The reason for which a test does not apply to this handpiece, or None."""
    for mark in item.iter_markers("only"):
        kind, reason = mark.args
        if kind != HANDPIECE.kind:
            return reason
    return None
