# SPDX-License-Identifier: GPL-2.0-or-later
"""The board, with nobody on it yet."""

import os
import subprocess

import pytest

from board import Bench


@pytest.fixture(scope="session", name="module", autouse=True)
def _module():
    subprocess.run(["insmod", os.path.join(os.environ["MN_MODULES"], "mn-bench.ko")], check=True)
    yield
    # Nothing holds it any more, so that it goes, with all that it allocated.
    subprocess.run(["rmmod", "mn_bench"], check=True)


@pytest.fixture(name="bench")
def _bench():
    with Bench() as bench:
        yield bench
        for line in range(32):
            bench.put(line, 0)
        bench.collect(0.001)
