// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the handpiece reports: the checks of each stroke and of each status, and what follows from
 * them.
 */
#include <linux/limits.h>

#include "safety_cartridge.h"
#include "safety_limits.h"
#include "safety_reports.h"
#include "safety_stop.h"

/*
 * Strokes that were made and not told. A number that jumped back, or wildly, says nothing of how
 * many.
 */
static void add_dose(struct mn_safety *s, u32 strokes)
{
	if (strokes <= MN_ABSOLUTE_DOSE_STROKES && s->keep.dose <= MN_ABSOLUTE_DOSE_STROKES)
		s->keep.dose += strokes;
}

/*
 * Strokes that were made and not reported, as the handpiece's own count shows once it stands
 * still: they count as dose, and the next run's first stroke is not to blame for them.
 */
void mn_safety_catch_up(struct mn_safety *s)
{
	u32 missing = s->report.strokes + 1 - s->stroke_next;

	if (!at_home(s) || !s->stroke_synced || !missing)
		return;
	add_dose(s, missing);
	s->stroke_next = s->report.strokes + 1;
}

/* Reports that came in another order than the strokes were made. A gap was made and not told. */
static void check_sequence(struct mn_safety *s, const struct mn_stroke *k, u64 now, u32 *actions)
{
	u32 missing = k->number - s->stroke_next;

	if (s->stroke_synced && missing) {
		add_dose(s, missing);
		mn_safety_latch(s, MN_FAULT_SEQUENCE, (s32)k->number, (s32)s->stroke_next, now,
				actions);
	}
	s->stroke_synced = true;
	s->stroke_next = k->number + 1;
}

static void check_depth(struct mn_safety *s, const struct mn_stroke *k, u64 now, u32 *actions)
{
	if (k->depth_um > MN_DEPTH_IMPLAUSIBLE_UM) {
		mn_safety_latch(s, MN_FAULT_MEASUREMENT, MN_QUANTITY_DEPTH, (s32)k->depth_um, now,
				actions);
		return;
	}
	if (k->depth_um > s->bound.depth.um + s->caps.tolerance_um)
		mn_safety_latch(s, MN_FAULT_OVER_DEPTH, (s32)k->depth_um, (s32)s->bound.depth.um,
				now, actions);
	/* One that is counted is the same as long as nothing moves the stop. */
	if (s->caps.measures & MN_MEASURES_COUNTED)
		return;
	s->same_depth = k->depth_um == s->last.depth_um ? s->same_depth + 1 : 0;
	if (s->same_depth >= MN_FROZEN_STROKES - 1)
		mn_safety_latch(s, MN_FAULT_DEPTH_FROZEN, (s32)k->depth_um, MN_FROZEN_STROKES, now,
				actions);
}

static void check_rate(struct mn_safety *s, const struct mn_stroke *k, u64 now, u32 *actions)
{
	u32 limit = s->bound.rate.mhz;

	if (s->state == MN_STATE_RUNNING && limit > mn_safety_limit(s, MN_QUANTITY_RATE, NULL))
		limit = mn_safety_limit(s, MN_QUANTITY_RATE, NULL);
	if (k->period_us == MN_NOT_MEASURED) {
		mn_safety_latch(s, MN_FAULT_MEASUREMENT, MN_QUANTITY_RATE, -1, now, actions);
		return;
	}
	if (!k->period_us) {
		/* The first of a run has nothing to be measured from; any other must have. */
		if (s->strokes_total && k->epoch == s->last.epoch &&
		    k->number == s->last.number + 1)
			mn_safety_latch(s, MN_FAULT_MEASUREMENT, MN_QUANTITY_RATE, 0, now, actions);
		return;
	}
	s->last_rate_mhz = USEC_MHZ / k->period_us;
	if (s->last_rate_mhz > limit + limit / MN_RATE_TOLERANCE_DIV)
		mn_safety_latch(s, MN_FAULT_OVER_RATE, (s32)s->last_rate_mhz, (s32)limit, now,
				actions);
	if (s->state != MN_STATE_RUNNING || now < after_ms(s->rate_since, s->caps.run_up_ms) ||
	    s->last_rate_mhz >= s->set.rate.mhz / 2)
		s->slow_deadline = 0;
	else if (!s->slow_deadline)
		s->slow_deadline = after_ms(now, MN_UNDER_RATE_MS);
}

static void check_current(struct mn_safety *s, const struct mn_stroke *k, u64 now, u32 *actions)
{
	if (!(s->caps.measures & MN_MEASURES_CURRENT))
		return;
	if (k->current_ma == MN_NOT_MEASURED)
		mn_safety_latch(s, MN_FAULT_MEASUREMENT, MN_QUANTITY_NR, 0, now, actions);
	else if (k->current_ma > s->caps.max_current_ma)
		mn_safety_latch(s, MN_FAULT_OVER_CURRENT, (s32)k->current_ma,
				(s32)s->caps.max_current_ma, now, actions);
}

/* Of a motor that was stopped in time the last strokes are still to come: counted, and no fault. */
static u32 most_strokes(const struct mn_safety *s, u64 now)
{
	if (s->state == MN_STATE_RUNNING || now >= s->motion_until)
		return s->bound.dose.strokes;
	return s->bound.dose.strokes + s->caps.coast_strokes;
}

void mn_safety_stroke(struct mn_safety *s, const struct mn_stroke *k, u64 now, u32 *actions)
{
	/* Counted before it is judged: whatever is wrong with it, it was made. */
	if (s->keep.dose != U32_MAX)
		s->keep.dose++;
	if (s->tag.readable)
		s->keep.dose_uid = s->tag.uid;
	s->strokes_done++;
	if (s->updating)
		s->bound.dose.strokes++;

	if (s->state == MN_STATE_RUNNING &&
	    s->stroke_deadline < after_ms(now, MN_STROKE_SILENCE_MS))
		s->stroke_deadline = after_ms(now, MN_STROKE_SILENCE_MS);
	if ((s->state != MN_STATE_RUNNING && now >= s->motion_until) || k->epoch != s->run_epoch)
		mn_safety_latch(s, MN_FAULT_UNEXPECTED_MOTION, (s32)k->number, (s32)k->epoch, now,
				actions);
	check_depth(s, k, now, actions);
	check_rate(s, k, now, actions);
	check_current(s, k, now, actions);
	check_sequence(s, k, now, actions);
	if (k->age_us > MN_BACKLOG_MS * 1000)
		mn_safety_latch(s, MN_FAULT_BACKLOG, (s32)(k->age_us / 1000), MN_BACKLOG_MS, now,
				actions);
	s->last = *k;
	s->strokes_total++;

	if (s->strokes_done > most_strokes(s, now))
		mn_safety_latch(s, MN_FAULT_OVER_DOSE, (s32)s->strokes_done,
				(s32)s->bound.dose.strokes, now, actions);
	else if (active(s) && s->strokes_done >= s->set.dose.strokes)
		mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_COMPLETE, now, actions);
}

static void follow_trigger(struct mn_safety *s, u32 was, u64 now, u32 *actions)
{
	bool was_pressed = was & MN_INPUT_TRIGGER;

	if (!s->caps.has_trigger)
		return;
	if (s->state == MN_STATE_RUNNING && !pressed(s)) {
		mn_safety_halt(s, MN_STATE_ARMED, MN_CAUSE_TRIGGER_RELEASED, now, actions);
		return;
	}
	if (s->state != MN_STATE_ARMED)
		return;
	if (!pressed(s)) {
		/* A press that did not last was a bounce and does not count as released anew. */
		if (was_pressed && !s->press_deadline)
			s->released_since = now;
		s->press_deadline = 0;
		s->start_wanted = false;
	} else if (!was_pressed && now >= after_ms(s->released_since, MN_TRIGGER_RELEASED_MS)) {
		s->press_deadline = after_ms(now, MN_TRIGGER_DEBOUNCE_MS);
	}
}

void mn_safety_report(struct mn_safety *s, const struct mn_report *r, u64 now, u32 *actions)
{
	const struct mn_report was = s->report;
	const bool first = !s->reported;
	unsigned int code;

	s->report = *r;
	if (s->testing)
		s->report.self_test = was.self_test;
	s->reported = true;
	s->status_deadline = after_ms(now, MN_STATUS_SILENCE_MS);

	if (!first && r->boot_id != was.boot_id) {
		/* It forgot everything, so it gets a stop to start from, and nothing goes on. */
		if (active(s))
			mn_safety_latch(s, MN_FAULT_HANDPIECE_RESTART, 0, 0, now, actions);
		else
			mn_safety_stop(s, MN_CAUSE_STOP, now, actions);
		mn_cartridge_restart(s, actions);
		s->stroke_synced = false;
		*actions |= MN_ACT_RESYNC;
	}
	if (r->inputs & MN_INPUT_EMERGENCY_STOP)
		mn_safety_latch(s, MN_FAULT_EMERGENCY_STOP, 0, 0, now, actions);
	for (code = 1; code < MN_FAULT_NR; code++)
		if (r->faults & FAULT_BIT(code))
			mn_safety_latch(s, code, 0, 0, now, actions);
	if ((s->caps.measures & MN_MEASURES_TEMPERATURE) && r->temp_mc > s->caps.max_temp_mc)
		mn_safety_latch(s, MN_FAULT_OVER_TEMPERATURE, r->temp_mc, s->caps.max_temp_mc, now,
				actions);
	/* Once for each that failed: cleared, it can be made again. Until then nothing is armed. */
	if (s->report.self_test == MN_SELF_TEST_FAILED &&
	    (first || was.self_test != MN_SELF_TEST_FAILED))
		mn_safety_latch(s, MN_FAULT_SELF_TEST, 0, 0, now, actions);
	mn_cartridge_follow(s, &was, first || s->awoken, now, actions);
	s->awoken = false;
	follow_trigger(s, was.inputs, now, actions);
	if (!epoch_reached(s->epoch, r->epoch)) {
		/* It claims a stop never sent, and would take ours for old ones: go beyond it. */
		s->epoch = r->epoch;
		mn_safety_latch(s, MN_FAULT_PROTOCOL, 0, (s32)r->epoch, now, actions);
		mn_safety_stop(s, MN_CAUSE_STOP, now, actions);
		return;
	}

	/* What it says of motion counts once it has obeyed the last stop. */
	if (!epoch_reached(r->epoch, s->epoch))
		return;
	if (at_home(s)) {
		s->home_deadline = 0;
		if (!s->stroke_synced && s->state != MN_STATE_RUNNING) {
			s->stroke_next = r->strokes + 1;
			s->stroke_synced = true;
		}
	} else if (!r->idle && s->state != MN_STATE_RUNNING && !s->home_deadline) {
		mn_safety_latch(s, MN_FAULT_UNEXPECTED_MOTION, 0, (s32)r->epoch, now, actions);
	}
}
