/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory that keeps latched faults without power: a file, or nothing beyond this run. */
#ifndef HP_NV_H
#define HP_NV_H

#include <stdint.h>

struct hp_nv {
	const char *path; /* NULL: kept for this run only */
};

/* Faults latched by an earlier run. An unreadable file reads as MNP_FAULT_INTERNAL */
uint32_t hp_nv_load(const struct hp_nv *nv);
void hp_nv_store(void *ctx, uint32_t faults);

#endif /* HP_NV_H */
