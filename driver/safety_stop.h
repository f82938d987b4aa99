/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stopping, and the words that all the rules speak in: for safety*.c alone.
 */
#ifndef MN_SAFETY_STOP_H
#define MN_SAFETY_STOP_H

#include "safety.h"

#define BIT_OF(n)		(1U << (n))
#define FAULT_BIT(code)		(1ULL << (code))
#define NSEC_PER_MS		1000000ULL
#define USEC_MHZ		1000000000U /* period in us times rate in mHz */

static inline u64 after_ms(u64 now, u32 ms)
{
	return now + ms * NSEC_PER_MS;
}

static inline bool active(const struct mn_safety *s)
{
	return s->state == MN_STATE_ARMED || s->state == MN_STATE_RUNNING;
}

static inline bool pressed(const struct mn_safety *s)
{
	return s->report.inputs & MN_INPUT_TRIGGER;
}

static inline bool at_home(const struct mn_safety *s)
{
	return s->reported && s->report.idle && (s->report.inputs & MN_INPUT_HOME);
}

/* Epochs wrap: compare as serial numbers. */
static inline bool epoch_reached(u32 have, u32 want)
{
	return (s32)(have - want) >= 0;
}

void mn_safety_change(struct mn_safety *s, enum mn_state state, enum mn_cause cause);
void mn_safety_halt(struct mn_safety *s, enum mn_state to, enum mn_cause cause, u64 now,
		    u32 *actions);
void mn_safety_latch(struct mn_safety *s, u32 code, s32 detail0, s32 detail1, u64 now,
		     u32 *actions);
void mn_safety_stop(struct mn_safety *s, enum mn_cause cause, u64 now, u32 *actions);

#endif /* MN_SAFETY_STOP_H */
