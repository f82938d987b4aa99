/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the driver's parser takes from the kernel's own header of this name. */
#ifndef PEER_CRC32_H
#define PEER_CRC32_H

#include <linux/types.h>

static inline u32 crc32_le(u32 crc, const void *data, size_t size)
{
	const u8 *byte = data;

	while (size--) {
		crc ^= *byte++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return crc;
}

#endif
