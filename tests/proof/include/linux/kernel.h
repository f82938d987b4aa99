/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parser and the motion code take from the kernel's own header of this name. */
#ifndef PROOF_LINUX_KERNEL_H
#define PROOF_LINUX_KERNEL_H

#include <linux/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define clamp_t(type, value, low, high) min_t(type, max_t(type, value, low), high)

#endif
