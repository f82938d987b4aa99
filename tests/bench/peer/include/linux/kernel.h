/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the driver's parser takes from the kernel's own header of this name. */
#ifndef PEER_KERNEL_H
#define PEER_KERNEL_H

#include <linux/limits.h>
#include <linux/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
