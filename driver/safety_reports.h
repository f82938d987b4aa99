/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What safety_reports.c has for safety.c alone.
 */
#ifndef MN_SAFETY_REPORTS_H
#define MN_SAFETY_REPORTS_H

#include "safety.h"

void mn_safety_stroke(struct mn_safety *s, const struct mn_stroke *k, u64 now, u32 *actions);
void mn_safety_report(struct mn_safety *s, const struct mn_report *r, u64 now, u32 *actions);
void mn_safety_catch_up(struct mn_safety *s);

#endif /* MN_SAFETY_REPORTS_H */
