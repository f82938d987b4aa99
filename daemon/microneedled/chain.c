// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <gcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"

void chain_init(void)
{
	/* Only digests are used: no secure memory, no self-tests at start */
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

static gcry_md_hd_t begin(void)
{
	gcry_md_hd_t md;

	/* Fails only without memory, and a record without its hash must not be written */
	if (gcry_md_open(&md, GCRY_MD_SHA256, 0))
		abort();
	return md;
}

static void finish(gcry_md_hd_t md, uint8_t hash[CHAIN_HASH])
{
	memcpy(hash, gcry_md_read(md, GCRY_MD_SHA256), CHAIN_HASH);
	gcry_md_close(md);
}

static void put_number(gcry_md_hd_t md, uint64_t value)
{
	uint64_t little = htole64(value);

	gcry_md_write(md, &little, sizeof(little));
}

static void put_text(gcry_md_hd_t md, const char *text)
{
	size_t length = strlen(text);

	put_number(md, length);
	gcry_md_write(md, text, length);
}

void chain_hash(uint8_t hash[CHAIN_HASH], const uint8_t prev[CHAIN_HASH],
		const struct chain_event *event)
{
	gcry_md_hd_t md = begin();

	gcry_md_write(md, prev, CHAIN_HASH);
	put_number(md, (uint64_t)event->seq);
	put_text(md, event->session);
	put_text(md, event->kind);
	put_text(md, event->time);
	put_number(md, (uint64_t)event->mono_ns);
	put_text(md, event->data);
	finish(md, hash);
}

void chain_strokes(uint8_t hash[CHAIN_HASH], uint64_t position, const struct chain_stroke *strokes,
		   size_t count)
{
	gcry_md_hd_t md = begin();

	put_number(md, position);
	put_number(md, count);
	for (size_t i = 0; i < count; i++) {
		put_number(md, strokes[i].number);
		put_number(md, strokes[i].mono_ns);
		put_number(md, strokes[i].depth_um);
		put_number(md, strokes[i].period_us);
		put_number(md, strokes[i].current_ma);
	}
	finish(md, hash);
}

void chain_hex(char text[CHAIN_HEX], const uint8_t hash[CHAIN_HASH])
{
	for (size_t i = 0; i < CHAIN_HASH; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
}
