// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See proof_state.h. Each function says one thing, so that a proof that fails can be read.
 */
#include "proof_state.h"
#include "safety_stop.h"

void any_caps(struct mn_caps *caps)
{
	static u32 required[MN_QUANTITY_NR];
	const char *why;
	unsigned int i;

	for (i = 0; i < MN_QUANTITY_NR; i++)
		required[i] = nondet_u32();
	*caps = nondet_caps();
	caps->required = required;
	ASSUME("the caps passed mn_safety_check_caps()", !mn_safety_check_caps(caps, &why));
}

void any_state(struct mn_safety *s)
{
	struct mn_caps caps;

	any_caps(&caps);
	*s = nondet_safety();
	s->caps = caps;
}

/* Off, or still to come and no more than @ms away. */
static bool within(u64 deadline, u64 now, u64 ms)
{
	return deadline > now && deadline <= now + ms * NSEC_PER_MS;
}

static bool off_or_within(u64 deadline, u64 now, u64 ms)
{
	return !deadline || within(deadline, now, ms);
}

/* Faults have names, and the first of them is one of them. */
bool keep_invariant(const struct mn_keep *keep)
{
	if (keep->faults >> MN_FAULT_NR || (keep->faults & 1))
		return false;
	if (!keep->faults)
		return keep->first == MN_FAULT_NONE;
	return keep->first < MN_FAULT_NR && (keep->faults & FAULT_BIT(keep->first));
}

static bool lease_invariant(const struct mn_safety *s, u64 now)
{
	if (!s->controlled)
		return !s->lease_deadline && !s->lease_warning;
	if (s->lease_ms < MN_LEASE_MIN_MS || s->lease_ms > MN_LEASE_MAX_MS)
		return false;
	return off_or_within(s->lease_deadline, now, s->lease_ms) &&
	       off_or_within(s->lease_warning, now, s->lease_ms) &&
	       (!s->lease_warning || s->lease_warning < s->lease_deadline);
}

/* No deadline was passed, and none is farther away than it may be. */
static bool deadlines_invariant(const struct mn_safety *s, u64 now)
{
	return off_or_within(s->status_deadline, now, MN_STATUS_SILENCE_MS) &&
	       off_or_within(s->press_deadline, now, MN_TRIGGER_DEBOUNCE_MS) &&
	       off_or_within(s->arm_deadline, now, MN_ARM_TIMEOUT_MS) &&
	       off_or_within(s->run_deadline, now, MN_ABSOLUTE_RUN_MS) &&
	       off_or_within(s->stroke_deadline, now, MN_START_BOUND_MS + MN_STROKE_SILENCE_MS) &&
	       off_or_within(s->slow_deadline, now, MN_UNDER_RATE_MS) &&
	       off_or_within(s->home_deadline, now, MN_RUN_DOWN_MAX_MS + MN_HOME_REPORT_MS) &&
	       off_or_within(s->bound_until, now, MN_BACKLOG_MS + 1000);
}

static bool set_is_empty(const struct mn_set *set)
{
	return !set->depth.um && !set->rate.mhz && !set->dose.strokes && !set->run.ms;
}

/* Nothing of a run is left where there is none. */
static bool idle_invariant(const struct mn_safety *s)
{
	return set_is_empty(&s->set) && !s->start_wanted && !s->starting && !s->updating &&
	       !s->press_deadline && !s->arm_deadline && !s->run_deadline && !s->stroke_deadline &&
	       !s->slow_deadline && !s->bound_until && !s->lease_refresh;
}

/* That it is within all the other limits, too, is shown by exploring, see tests/model. */
static bool within_absolute(const struct mn_set *set)
{
	return set->depth.um <= MN_ABSOLUTE_DEPTH_UM && set->rate.mhz <= MN_ABSOLUTE_RATE_MHZ &&
	       set->dose.strokes <= MN_ABSOLUTE_DOSE_STROKES && set->run.ms <= MN_ABSOLUTE_RUN_MS;
}

/* ARMED or RUNNING: there is somebody, the handpiece reports, and the set point is allowed. */
static bool active_invariant(const struct mn_safety *s, u64 now)
{
	return !s->keep.faults && s->controlled && s->lease_deadline && s->reported &&
	       s->status_deadline && !s->gone && !s->asleep && !s->awoken && !s->testing &&
	       s->keep.treated && s->tag.present && s->tag.readable &&
	       (s->report.inputs & MN_INPUT_CARTRIDGE) &&
	       !(s->report.inputs & MN_INPUT_EMERGENCY_STOP) && !s->home_deadline &&
	       (s->lease_refresh == now || within(s->lease_refresh, now, MN_LEASE_REFRESH_MS)) &&
	       within_absolute(&s->set) && s->set.depth.um &&
	       s->set.rate.mhz >= s->caps.rate_min_mhz && s->set.run.ms &&
	       s->strokes_done < s->set.dose.strokes;
}

static bool armed_invariant(const struct mn_safety *s)
{
	return s->arm_deadline && !s->starting && !s->updating && !s->run_deadline &&
	       !s->stroke_deadline && !s->slow_deadline && !s->bound_until &&
	       !(s->press_deadline && s->start_wanted);
}

static bool running_invariant(const struct mn_safety *s, u64 now)
{
	return !s->arm_deadline && !s->press_deadline && s->run_deadline && s->stroke_deadline &&
	       s->run_epoch == s->epoch && s->run_since <= now && s->rate_since <= now &&
	       s->run_left.ms && s->run_left.ms <= MN_ABSOLUTE_RUN_MS &&
	       (!s->updating || s->starting) && s->bound.depth.um <= MN_ABSOLUTE_DEPTH_UM &&
	       s->bound.rate.mhz <= MN_ABSOLUTE_RATE_MHZ &&
	       (!s->caps.has_trigger || (s->report.inputs & MN_INPUT_TRIGGER));
}

bool proof_active(const struct mn_safety *s)
{
	return s->state == MN_STATE_ARMED || s->state == MN_STATE_RUNNING;
}

bool invariant(const struct mn_safety *s, u64 now)
{
	if (!keep_invariant(&s->keep) || !lease_invariant(s, now) || !deadlines_invariant(s, now))
		return false;
	switch (s->state) {
	case MN_STATE_SAFE:
		return !s->keep.faults && idle_invariant(s);
	case MN_STATE_FAULT:
		return s->keep.faults && idle_invariant(s);
	case MN_STATE_ARMED:
		return active_invariant(s, now) && armed_invariant(s);
	case MN_STATE_RUNNING:
		return active_invariant(s, now) && running_invariant(s, now);
	default:
		return false;
	}
}
