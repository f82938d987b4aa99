// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See proof_packet.h.
 */
#include <stdlib.h>

#include "proof_packet.h"

size_t any_packet(const u8 **packet)
{
	const size_t size = nondet_size();

	ASSUME("a packet has at most 1024 bytes", size <= PACKET_MAX);
	*packet = malloc(size);
	return size;
}
