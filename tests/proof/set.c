// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Set points, of any state and any wish: what is granted.
 */
#include "proof_state.h"
#include "safety_limits.h"

void prove(void)
{
	const struct mn_set want = nondet_set();
	struct mn_refusal refusal = { 0 };
	struct mn_safety s;
	struct mn_set got = { 0 };
	u32 depth, rate, dose, run, left;
	int err;

	any_state(&s);
	err = mn_check_set(&s, &want, &got, &refusal);
	depth = mn_safety_limit(&s, MN_QUANTITY_DEPTH, NULL);
	rate = mn_safety_limit(&s, MN_QUANTITY_RATE, NULL);
	dose = mn_safety_limit(&s, MN_QUANTITY_DOSE, NULL);
	run = mn_safety_limit(&s, MN_QUANTITY_RUN_TIME, NULL);
	left = dose > s.keep.dose ? dose - s.keep.dose : 0;

	PROVE("granted, beyond a limit, or nothing left", !err || err == -ERANGE || err == -EINVAL);
	if (!err) {
		PROVE("never more than was asked for",
		      got.depth.um <= want.depth.um && got.rate.mhz <= want.rate.mhz &&
			      got.dose.strokes == want.dose.strokes && got.run.ms == want.run.ms);
		PROVE("never beyond a limit", got.depth.um <= depth && got.rate.mhz <= rate &&
						      got.dose.strokes <= left &&
						      got.run.ms <= run);
		PROVE("rounded down by less than a step",
		      want.depth.um - got.depth.um < s.caps.depth_step_um &&
			      want.rate.mhz - got.rate.mhz < s.caps.rate_step_mhz);
		PROVE("something of everything, and no slower than it can",
		      got.depth.um && got.rate.mhz >= s.caps.rate_min_mhz && got.dose.strokes &&
			      got.run.ms);
	}
	PROVE("beyond a limit it is refused",
	      err == -ERANGE || (want.depth.um <= depth && want.rate.mhz <= rate &&
				 want.dose.strokes <= left && want.run.ms <= run));
	PROVE("a refusal has a reason", err != -ERANGE || want.depth.um > depth ||
						want.rate.mhz > rate || want.dose.strokes > left ||
						want.run.ms > run);

	COVER("granted as asked", !err && got.depth.um == want.depth.um);
	COVER("granted, and rounded down", !err && got.depth.um < want.depth.um);
	COVER("beyond the depth limit", err == -ERANGE && refusal.quantity == MN_QUANTITY_DEPTH);
	COVER("beyond what is left of the dose",
	      err == -ERANGE && refusal.quantity == MN_QUANTITY_DOSE && want.dose.strokes <= dose);
	COVER("nothing left of it", err == -EINVAL);
}
