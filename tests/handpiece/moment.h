/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time, as all models count it: nanoseconds of the monotonic clock. */
#ifndef HP_MOMENT_H
#define HP_MOMENT_H

#include <stdint.h>

#define HP_NEVER UINT64_MAX
#define HP_MS UINT64_C(1000000)

#endif /* HP_MOMENT_H */
