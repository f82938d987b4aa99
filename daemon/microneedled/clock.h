/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two clocks: CLOCK_MONOTONIC for order and deadlines, UTC for people and the record. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

#define CLOCK_ISO_SIZE 32

int64_t clock_mono_ns(void);
int64_t clock_real_ms(void);

/* "2025-03-01T09:30:00.125Z" */
void clock_iso(char text[CLOCK_ISO_SIZE], int64_t real_ms);

#endif
