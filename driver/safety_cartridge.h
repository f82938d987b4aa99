/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What safety_cartridge.c has for the other rules; the rest of it is declared in safety.h.
 */
#ifndef MN_SAFETY_CARTRIDGE_H
#define MN_SAFETY_CARTRIDGE_H

#include "safety.h"

bool mn_cartridge_spent(const struct mn_safety *s);
void mn_cartridge_lose(struct mn_safety *s);
void mn_cartridge_restart(struct mn_safety *s, u32 *actions);
void mn_cartridge_follow(struct mn_safety *s, const struct mn_report *was, bool first, u64 now,
			 u32 *actions);
void mn_cartridge_read(struct mn_safety *s, const struct mn_tag *tag, u64 now, u32 *actions);
int mn_cartridge_declare(struct mn_safety *s, const struct mn_tag *tag);
bool mn_cartridge_mark(struct mn_safety *s);

#endif /* MN_SAFETY_CARTRIDGE_H */
