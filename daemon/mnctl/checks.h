/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must be ticked off before a session can be armed */
#ifndef MNCTL_CHECKS_H
#define MNCTL_CHECKS_H

#include <stdint.h>

#include "output.h"

/* Their names, as --check takes them; bit 1 << index stands for one of them */
extern const char *const checks[];

/* Say which are still open; gives how many */
int checks_print_open(const struct output *out, uint32_t checked);

#endif
