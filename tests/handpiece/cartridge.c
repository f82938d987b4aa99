// SPDX-License-Identifier: GPL-2.0-or-later
#include "cartridge.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#define MARK_UNREADABLE 0xff

uint32_t hp_crc32(const void *data, size_t length)
{
	const uint8_t *byte = data;
	uint32_t crc = 0xffffffff;

	while (length--) {
		crc ^= *byte++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static uint32_t tag_crc(const struct mnp_cartridge *tag)
{
	return hp_crc32(tag, offsetof(struct mnp_cartridge, crc));
}

static void header(struct mnp_cartridge *tag)
{
	tag->header.type = MNP_TYPE_CARTRIDGE;
	tag->header.version = MNP_VERSION;
	tag->header.length = htole16(sizeof(*tag));
}

void hp_cartridges_init(struct hp_cartridges *c)
{
	memset(c, 0, sizeof(*c));
	c->inserted = -1;
}

void hp_cartridge_spec_default(struct hp_cartridge_spec *spec, uint64_t uid, uint32_t today_days)
{
	*spec = (struct hp_cartridge_spec){
		.uid = uid,
		.needle_um = 1500,
		.needles = 14,
		.max_rate_mhz = 150000,
		.max_strokes = 200000,
		.expiry_days = today_days + 365,
	};
	snprintf(spec->lot, sizeof(spec->lot), "SIM-LOT-1");
}

static int find(const struct hp_cartridges *c, uint64_t uid)
{
	for (unsigned int i = 0; i < c->count; i++) {
		if (le64toh(c->tag[i].uid) == uid)
			return (int)i;
	}
	return -1;
}

bool hp_cartridge_insert(struct hp_cartridges *c, const struct hp_cartridge_spec *spec)
{
	struct mnp_cartridge *tag;
	struct mnp_cartridge old;
	int at = find(c, spec->uid);

	if (c->inserted >= 0)
		return false;
	if (at < 0) {
		if (c->count == HP_CARTRIDGES_MAX)
			return false;
		at = (int)c->count++;
		memset(&c->tag[at], 0, sizeof(c->tag[at]));
	}
	tag = &c->tag[at];
	old = *tag;
	memset(tag, 0, sizeof(*tag));
	header(tag);
	tag->needles = htole16(spec->needles);
	tag->uid = htole64(spec->uid);
	tag->needle_um = htole32(spec->needle_um);
	tag->max_rate_mhz = htole32(spec->max_rate_mhz);
	tag->max_strokes = htole32(spec->max_strokes);
	tag->expiry_days = htole32(spec->expiry_days);
	memcpy(tag->lot, spec->lot, strnlen(spec->lot, sizeof(tag->lot)));
	memcpy(tag->treatment, old.treatment, sizeof(tag->treatment));
	tag->mark = old.mark;
	tag->present = 1;
	tag->crc = htole32(tag_crc(tag));
	/* the needle length: the field whose corruption would hurt most */
	if (spec->corrupt)
		tag->needle_um ^= htole32(0x400);
	c->inserted = at;
	c->read_error = false;
	return true;
}

bool hp_cartridge_remove(struct hp_cartridges *c)
{
	if (c->inserted < 0)
		return false;
	c->inserted = -1;
	c->read_error = false;
	return true;
}

bool hp_cartridge_present(const struct hp_cartridges *c)
{
	return c->inserted >= 0;
}

const struct mnp_cartridge *hp_cartridge_valid(const struct hp_cartridges *c)
{
	const struct mnp_cartridge *tag;

	if (c->inserted < 0 || c->read_error)
		return NULL;
	tag = &c->tag[c->inserted];
	return le32toh(tag->crc) == tag_crc(tag) ? tag : NULL;
}

void hp_cartridge_read(const struct hp_cartridges *c, uint16_t insertions,
		       struct mnp_cartridge *out)
{
	if (c->inserted >= 0 && !c->read_error) {
		*out = c->tag[c->inserted];
		if (!hp_cartridge_valid(c))
			return;
	} else {
		memset(out, 0, sizeof(*out));
		header(out);
		if (c->inserted >= 0) {
			out->present = 1;
			out->mark = MARK_UNREADABLE;
		}
	}
	out->insertions = htole16(insertions);
	out->crc = htole32(tag_crc(out));
}

uint8_t hp_cartridge_mark(struct hp_cartridges *c, uint64_t uid, const uint8_t treatment[16])
{
	struct mnp_cartridge *tag;

	if (c->inserted < 0)
		return MNP_RESULT_INTERLOCK;
	tag = &c->tag[c->inserted];
	if (!hp_cartridge_valid(c) || le64toh(tag->uid) != uid)
		return MNP_RESULT_MARK;
	if (tag->mark == MNP_MARK_USED)
		return memcmp(tag->treatment, treatment, sizeof(tag->treatment)) ? MNP_RESULT_MARK
										 : MNP_RESULT_OK;
	if (tag->mark != MNP_MARK_NONE)
		return MNP_RESULT_MARK;
	memcpy(tag->treatment, treatment, sizeof(tag->treatment));
	tag->mark = MNP_MARK_USED;
	tag->crc = htole32(tag_crc(tag));
	return MNP_RESULT_OK;
}
