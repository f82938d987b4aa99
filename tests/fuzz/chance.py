# SPDX-License-Identifier: GPL-2.0-or-later
"""Seeds: the same ones in every check, more of them, or one alone, from the environment."""

import os
import random

MORE = int(os.environ.get("MN_FUZZ", "1"))  # so many times the cases
SEED = os.environ.get("MN_SEED")


def seeds(count):
    """Each is a case; one that fails is repeated with SEED=."""
    return [int(SEED)] if SEED else list(range(1, count * MORE + 1))


def chance(name, seed):
    return random.Random(f"{name} {seed}")
