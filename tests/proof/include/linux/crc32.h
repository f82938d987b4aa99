/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parser and the motion code take from the kernel's own header of this name. */
#ifndef PROOF_LINUX_CRC32_H
#define PROOF_LINUX_CRC32_H

#include <linux/types.h>

u32 crc32_le(u32 crc, const void *data, size_t length);

#endif
