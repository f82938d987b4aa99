/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was seen goes to the kernel's log, between the kernel's own words, and so to the console. */
#ifndef TELL_H
#define TELL_H

#include <stdbool.h>

#define TELL_FORMAT(f, a) __attribute__((format(printf, f, a)))

void tell_open(void);
TELL_FORMAT(1, 2) void tell(const char *format, ...);
/* "ok" or "not ok", @what it is about, and what was seen */
TELL_FORMAT(3, 4) bool check(bool ok, const char *what, const char *seen, ...);

#endif /* TELL_H */
