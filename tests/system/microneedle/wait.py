# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting in guest time. Every wait has an end: in virtual time one without would be endless."""

import contextlib
import os
import time

VIRTUAL = os.environ.get("MN_TIME") == "virtual"


def until(what, condition, seconds=3.0, every=0.02):
    """The first true value of condition(); a failed test that says what did not come.

    What it waits for may be a function, asked when the wait was in vain.
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            what = what() if callable(what) else what
            raise AssertionError(f"waited {seconds:g} s in vain for {what}; last seen: {value!r}")
        time.sleep(every)


class Refusal:
    error = None


@contextlib.contextmanager
def refused(*errnos):
    """The block must end in an OSError of one of these numbers: refused(errno.EBUSY)."""
    refusal = Refusal()
    names = " or ".join(errno_name(number) for number in errnos)
    try:
        yield refusal
    except OSError as error:
        if error.errno not in errnos:
            raise AssertionError(f"wanted {names}, got {error!r}") from error
        refusal.error = error
        refusal.answer = getattr(error, "answer", None)
    else:
        raise AssertionError(f"wanted {names}, but it was done")


def errno_name(number):
    import errno
    return errno.errorcode.get(number, str(number))
