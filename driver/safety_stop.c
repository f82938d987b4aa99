// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stopping: the ways out of motion, each of which ends in one place, mn_safety_halt().
 */
#include <linux/string.h>

#include "safety_stop.h"

void mn_safety_change(struct mn_safety *s, enum mn_state state, enum mn_cause cause)
{
	s->state = state;
	s->cause = cause;
}

/* Every stop goes through here: a new epoch, the kill, and nothing left that could start. */
void mn_safety_halt(struct mn_safety *s, enum mn_state to, enum mn_cause cause, u64 now,
		    u32 *actions)
{
	if (s->state == MN_STATE_RUNNING) {
		s->home_deadline = after_ms(now, s->caps.run_down_ms + MN_HOME_REPORT_MS);
		s->motion_until = s->home_deadline + MN_BACKLOG_MS * NSEC_PER_MS;
	}
	s->epoch++;
	*actions |= MN_ACT_KILL;
	*actions &= ~(MN_ACT_START | MN_ACT_MARK | MN_ACT_LEASE);
	s->start_wanted = false;
	s->starting = false;
	s->updating = false;
	s->press_deadline = 0;
	s->run_deadline = 0;
	s->stroke_deadline = 0;
	s->slow_deadline = 0;
	s->bound_until = 0;
	s->arm_deadline = 0;
	s->lease_refresh = 0;
	if (to == MN_STATE_ARMED) {
		s->arm_deadline = after_ms(now, MN_ARM_TIMEOUT_MS);
		s->released_since = now;
		s->lease_refresh = now;
	} else {
		memset(&s->set, 0, sizeof(s->set));
		s->run_left.ms = 0;
	}
	mn_safety_change(s, to, cause);
}

/* Latch a fault. One that is latched already says nothing new and needs no new stop. */
void mn_safety_latch(struct mn_safety *s, u32 code, s32 detail0, s32 detail1, u64 now, u32 *actions)
{
	if (code == MN_FAULT_NONE || code >= MN_FAULT_NR)
		code = MN_FAULT_PROTOCOL;
	if (s->keep.faults & FAULT_BIT(code))
		return;
	if (!s->keep.faults)
		s->keep.first = code;
	s->keep.faults |= FAULT_BIT(code);
	s->keep.detail[code][0] = detail0;
	s->keep.detail[code][1] = detail1;
	mn_safety_halt(s, MN_STATE_FAULT, MN_CAUSE_FAULT, now, actions);
	/* A stop that did not get through the short way is tried on the long one. */
	if (code == MN_FAULT_TRANSPORT || code == MN_FAULT_NOT_HOME ||
	    code == MN_FAULT_UNEXPECTED_MOTION)
		*actions |= MN_ACT_RESYNC;
}

void mn_safety_stop(struct mn_safety *s, enum mn_cause cause, u64 now, u32 *actions)
{
	if (active(s)) {
		mn_safety_halt(s, MN_STATE_SAFE, cause, now, actions);
		return;
	}
	/* Nothing should be moving; the handpiece is told all the same. */
	s->epoch++;
	*actions |= MN_ACT_KILL;
}
