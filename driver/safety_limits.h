/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What safety_limits.c has for the other rules; the rest of it is declared in safety.h.
 */
#ifndef MN_SAFETY_LIMITS_H
#define MN_SAFETY_LIMITS_H

#include "safety.h"

int mn_check_set(const struct mn_safety *s, const struct mn_set *want, struct mn_set *set,
		 struct mn_refusal *refusal);
bool mn_set_fits(const struct mn_safety *s);
u32 mn_strokes_left(const struct mn_safety *s);
void mn_safety_enforce(struct mn_safety *s, u64 now, u32 *actions);

#endif /* MN_SAFETY_LIMITS_H */
