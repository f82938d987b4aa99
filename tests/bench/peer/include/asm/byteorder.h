/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the driver's parser takes from the kernel's own header of this name. */
#ifndef PEER_BYTEORDER_H
#define PEER_BYTEORDER_H

#include <endian.h>

#define le16_to_cpu(value) le16toh(value)
#define le32_to_cpu(value) le32toh(value)
#define le64_to_cpu(value) le64toh(value)
#define cpu_to_le16(value) htole16(value)
#define cpu_to_le32(value) htole32(value)
#define cpu_to_le64(value) htole64(value)

#endif
