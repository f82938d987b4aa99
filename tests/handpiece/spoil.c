// SPDX-License-Identifier: GPL-2.0-or-later
#include "spoil.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "cartridge.h"
#include "fault_table.h"
#include "link.h"

#define NOISE_ODDS 2 /* one packet of so many is noisy */

static size_t malform(void *packet, size_t length, enum hp_word how)
{
	struct mnp_header *header = packet;

	switch (how) {
	case HP_W_SHORT:
		return length - 5;
	case HP_W_LENGTH:
		header->length = htole16((uint16_t)(length + 4));
		break;
	case HP_W_VERSION:
		header->version = MNP_VERSION + 1;
		break;
	case HP_W_TYPE:
		header->type = 0x7e;
		break;
	case HP_W_VALUE:
		/* a value that no packet of the type may hold */
		if (header->type == MNP_TYPE_STROKES) {
			((struct mnp_strokes *)packet)->count = htole16(200);
		} else if (header->type == MNP_TYPE_WAVEFORM) {
			((struct mnp_waveform *)packet)->count = htole16(200);
		} else if (header->type == MNP_TYPE_STATUS) {
			((struct mnp_status *)packet)->state = 9;
		} else if (header->type == MNP_TYPE_RESULT) {
			((struct mnp_result *)packet)->result = 99;
		} else if (header->type == MNP_TYPE_IDENTIFY) {
			((struct mnp_identify *)packet)->max_depth_um = htole32(UINT32_MAX);
		} else if (header->type == MNP_TYPE_CARTRIDGE) {
			((struct mnp_cartridge *)packet)->present = 7;
		}
		break;
	default:
		break;
	}
	return length;
}

/* Behind a good check; with a bad one the check alone would refuse it */
static void check_again(enum hp_word which, void *packet)
{
	struct mnp_cartridge *tag = packet;

	if (which == HP_W_CARTRIDGE)
		tag->crc = htole32(hp_crc32(tag, offsetof(struct mnp_cartridge, crc)));
}

/* xorshift32 by Marsaglia: the same noise from the same seed everywhere */
static uint32_t next(uint32_t *seed)
{
	uint32_t x = *seed ? *seed : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*seed = x;
	return x;
}

/* Values at the edges of what a field, its sign or its unit can hold */
static uint32_t edge(uint32_t *seed)
{
	static const uint32_t edges[] = { 0,	  1,	  0x7f,	      0x80,	  0xff,	     0x7fff,
					  0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff };
	uint32_t n = next(seed);

	return n % 4 ? edges[n / 4 % (sizeof(edges) / sizeof(edges[0]))] : next(seed);
}

static size_t noisy(uint8_t *packet, size_t length, uint32_t *seed)
{
	uint32_t value = edge(seed), at = next(seed) % (uint32_t)length;

	switch (next(seed) % 4) {
	case 0:
		packet[at] ^= (uint8_t)(1U << (value & 7));
		break;
	case 1:
		packet[at] = (uint8_t)value;
		break;
	case 2:
		if (length < sizeof(value))
			break;
		at %= (uint32_t)(length - sizeof(value) + 1);
		value = htole32(value);
		memcpy(packet + at, &value, sizeof(value));
		break;
	default:
		return at;
	}
	return length;
}

size_t hp_spoil(struct hp_faults *faults, enum hp_word which, void *packet, size_t length,
		uint64_t now)
{
	struct hp_injection *bad = hp_faults_active(faults, HP_MALFORMED);
	struct hp_injection *noise = hp_faults_active(faults, HP_NOISE);

	if (bad && bad->params.which == which) {
		length = malform(packet, length, bad->params.how);
		if (bad->params.how == HP_W_VALUE)
			check_again(which, packet);
		hp_faults_effect(bad, now, "%s packet with bad %s handed to the bus",
				 hp_word_name(which), hp_word_name(bad->params.how));
		hp_faults_spend(bad);
	}
	if (noise && (noise->params.which == which || noise->params.which == HP_W_ANY) &&
	    !(next(&noise->params.seed) % NOISE_ODDS)) {
		length = noisy(packet, length, &noise->params.seed);
		if (next(&noise->params.seed) % 2 && length == sizeof(struct mnp_cartridge))
			check_again(which, packet);
		hp_faults_effect(noise, now, "noisy %s packet handed to the bus",
				 hp_word_name(which));
		hp_faults_spend(noise);
	}
	return length;
}
