// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The order that a start gives the handpiece, from any state at all: within every limit, and of the
 * last epoch. It needs no invariant, because the gate checks all of it once more.
 */
#include "proof_state.h"
#include "safety_stop.h"

void prove(void)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_BEGIN };
	const u64 now = nondet_u64();
	struct mn_refusal refusal;
	struct mn_safety s;
	u32 actions;

	any_state(&s);
	ASSUME("the machine has been up for less than a century", now < PROOF_TIME_MAX);
	ASSUME("it was started in the past", s.run_since <= now);
	if (mn_safety_step(&s, &what, now, &actions, &refusal))
		return;
	const struct mn_order order = mn_safety_order(&s);
	const u32 dose = mn_safety_limit(&s, MN_QUANTITY_DOSE, NULL);

	PROVE("the depth is within its limit",
	      order.depth.um <= mn_safety_limit(&s, MN_QUANTITY_DEPTH, NULL));
	PROVE("the depth is within the absolute limit and the ceiling",
	      order.depth.um <= MN_ABSOLUTE_DEPTH_UM && order.depth.um <= s.ceiling_um);
	PROVE("the depth is no deeper than the needles of a cartridge that was read",
	      order.depth.um <= s.tag.limit[MN_QUANTITY_DEPTH] && s.tag.present && s.tag.readable);
	PROVE("the rate is within its limit",
	      order.rate.mhz <= mn_safety_limit(&s, MN_QUANTITY_RATE, NULL));
	PROVE("the strokes are within what is left of the dose",
	      !order.dose.strokes ||
		      (s.keep.dose < dose && order.dose.strokes <= dose - s.keep.dose));
	PROVE("the run is bounded, and not without bounds",
	      order.run.ms && order.run.ms <= s.set.run.ms + !s.set.run.ms);
	PROVE("it is of the last epoch", order.epoch == s.epoch);
	PROVE("the cartridge is this treatment's", s.held);
	PROVE("somebody holds control, with a lease that is fresh",
	      s.controlled && s.lease_deadline > now);
	PROVE("the handpiece reports", s.reported && s.status_deadline > now);
	PROVE("a trigger is pressed, where there is one", !s.caps.has_trigger || pressed(&s));
	COVER("it starts", order.depth.um == 1000 && !s.updating);
	COVER("it goes on with another set point", order.depth.um == 1000 && s.updating);
}
