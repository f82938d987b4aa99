/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cartridges and their tags: what the maker wrote, the used mark, and the check over both. */
#ifndef HP_CARTRIDGE_H
#define HP_CARTRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usb_protocol.h"

#define HP_CARTRIDGES_MAX 64 /* that one run of the program remembers */

struct hp_cartridge_spec {
	uint64_t uid;
	uint32_t needle_um;
	uint16_t needles;
	uint32_t max_rate_mhz;
	uint32_t max_strokes;
	uint32_t expiry_days; /* since 1970-01-01 */
	char lot[24];
	bool corrupt; /* the tag's check does not fit its content */
};

/* The drawer remembers each cartridge by its uid: a used one that comes back is still used */
struct hp_cartridges {
	struct mnp_cartridge tag[HP_CARTRIDGES_MAX];
	unsigned int count;
	int inserted; /* index, or -1 */
	bool read_error; /* the antenna gets no answer from the tag */
};

uint32_t hp_crc32(const void *data, size_t length);

void hp_cartridges_init(struct hp_cartridges *c);
void hp_cartridge_spec_default(struct hp_cartridge_spec *spec, uint64_t uid, uint32_t today_days);
/* false: the drawer is full, or a cartridge is in already */
bool hp_cartridge_insert(struct hp_cartridges *c, const struct hp_cartridge_spec *spec);
bool hp_cartridge_remove(struct hp_cartridges *c);
bool hp_cartridge_present(const struct hp_cartridges *c);
/* The inserted tag if it can be read and its check fits, else NULL */
const struct mnp_cartridge *hp_cartridge_valid(const struct hp_cartridges *c);
/* What the request CARTRIDGE answers */
void hp_cartridge_read(const struct hp_cartridges *c, uint16_t insertions,
		       struct mnp_cartridge *out);
/* MNP_RESULT_ of writing the used mark */
uint8_t hp_cartridge_mark(struct hp_cartridges *c, uint64_t uid, const uint8_t treatment[16]);

#endif /* HP_CARTRIDGE_H */
