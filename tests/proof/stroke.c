// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strokes of any content, in any state that the invariant allows: those that show that something is
 * wrong end the run, and each counts as dose.
 */
#include "proof_state.h"
#include "safety_reports.h"
#include "safety_stop.h"

static void prove_dose(u32 was, u32 is)
{
	PROVE("the dose never falls or wraps, and each stroke counts",
	      is > was || (is == was && was == U32_MAX));
	PROVE("no number makes the dose jump", is - was <= 1 + MN_ABSOLUTE_DOSE_STROKES);
	COVER("the dose is full", is == U32_MAX);
	COVER("strokes that were not told count", is - was == 3);
}

void prove(void)
{
	const struct mn_stroke k = nondet_stroke();
	const u64 now = nondet_u64();
	struct mn_safety s, was;
	u32 actions = 0, limit;
	bool wrong;

	any_state(&s);
	ASSUME("the machine has been up for less than a century", now < PROOF_TIME_MAX);
	ASSUME("the invariant held after the last happening", invariant(&s, now));
	was = s;
	mn_safety_stroke(&s, &k, now, &actions);
	prove_dose(was.keep.dose, s.keep.dose);

	wrong = k.depth_um > was.bound.depth.um + was.caps.tolerance_um ||
		k.depth_um > MN_DEPTH_IMPLAUSIBLE_UM || k.period_us == MN_NOT_MEASURED ||
		k.epoch != was.run_epoch || k.age_us > MN_BACKLOG_MS * 1000 ||
		(was.stroke_synced && k.number != was.stroke_next) ||
		((was.caps.measures & MN_MEASURES_CURRENT) &&
		 (k.current_ma == MN_NOT_MEASURED || k.current_ma > was.caps.max_current_ma));
	if (k.period_us && k.period_us != MN_NOT_MEASURED) {
		limit = mn_safety_limit(&was, MN_QUANTITY_RATE, NULL);
		limit = was.bound.rate.mhz < limit ? was.bound.rate.mhz : limit;
		if (was.state == MN_STATE_RUNNING && s.last_rate_mhz > limit + limit / 20)
			wrong = true;
	}
	if (was.state == MN_STATE_RUNNING) {
		PROVE("a wrong stroke ends the run with a fault",
		      !wrong || (s.state == MN_STATE_FAULT && (actions & MN_ACT_KILL)));
		PROVE("the last stroke ends the run",
		      was.strokes_done + 1 < was.set.dose.strokes ||
			      (s.state != MN_STATE_RUNNING && (actions & MN_ACT_KILL)));
		COVER("a good stroke, and it goes on", s.state == MN_STATE_RUNNING);
		COVER("the last stroke", s.state == MN_STATE_SAFE);
		COVER("too deep by the least",
		      s.state == MN_STATE_FAULT &&
			      k.depth_um == was.bound.depth.um + 1 + was.caps.tolerance_um);
	} else {
		PROVE("a stroke starts nothing", s.state != MN_STATE_RUNNING);
		PROVE("one that was not expected is a fault",
		      now < was.motion_until || s.state == MN_STATE_FAULT);
	}
}
