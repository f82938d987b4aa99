// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shipped source as it is, with fewer treatments to be remembered: see reduced.h.
 */
#include "reduced.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): CBMC takes no header from its command line. */
#include "safety.c"
