/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hash chain of the record. An event's hash is SHA-256 over the hash before it and the event's
 * fields, each with its length in front, so that no two different events hash the same bytes.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <stddef.h>
#include <stdint.h>

#define CHAIN_HASH 32
#define CHAIN_HEX (CHAIN_HASH * 2 + 1)

struct chain_event {
	int64_t seq;
	const char *session;
	const char *kind;
	const char *time;
	int64_t mono_ns;
	const char *data;
};

struct chain_stroke {
	uint32_t number;
	uint32_t depth_um;
	uint32_t period_us;
	uint32_t current_ma;
	uint64_t mono_ns;
};

/* Once, before threads */
void chain_init(void);

void chain_hash(uint8_t hash[CHAIN_HASH], const uint8_t prev[CHAIN_HASH],
		const struct chain_event *event);

/* Digest of a batch of strokes, the first at a position of the session */
void chain_strokes(uint8_t hash[CHAIN_HASH], uint64_t position, const struct chain_stroke *strokes,
		   size_t count);

void chain_hex(char text[CHAIN_HEX], const uint8_t hash[CHAIN_HASH]);

#endif
