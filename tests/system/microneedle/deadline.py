# SPDX-License-Identifier: GPL-2.0-or-later
"""The time that a test has: one that waits for what does not come is ended, and named."""

import signal

SECONDS = 60  # of guest time; a test that needs more hangs


def renew():
    """It has all of its time from now on."""
    signal.alarm(SECONDS)


def cancel():
    signal.alarm(0)


def on_alarm(*_):
    raise TimeoutError(f"the test took more than {SECONDS} s of guest time")


signal.signal(signal.SIGALRM, on_alarm)
