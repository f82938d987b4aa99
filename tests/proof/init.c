// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The base case of the induction: where the rules begin, with whatever is known of a handpiece.
 */
#include "proof_state.h"

void prove(void)
{
	struct mn_keep keep = nondet_keep();
	const u64 now = nondet_u64();
	const u32 epoch = nondet_u32(), ceiling_um = nondet_u32();
	const bool fresh = nondet_bool();
	struct mn_safety s;
	struct mn_caps caps;

	any_caps(&caps);
	if (fresh)
		mn_keep_init(&keep, ceiling_um);
	PROVE("a handpiece that was never seen has no fault", !fresh || keep_invariant(&keep));
	ASSUME("what is kept is what such a proof left", keep_invariant(&keep));
	ASSUME("the machine has been up for less than a century", now < PROOF_TIME_MAX);
	mn_safety_init(&s, &caps, &keep, ceiling_um, epoch);

	PROVE("the invariant holds", invariant(&s, now));
	PROVE("nothing is active, and nobody controls it", !proof_active(&s) && !s.controlled);
	PROVE("no fault that was kept is forgotten", (s.keep.faults & keep.faults) == keep.faults);
	PROVE("a handpiece without a memory begins with a fault",
	      !caps.restarts || s.state == MN_STATE_FAULT);
	PROVE("its epoch is the handpiece's", s.epoch == epoch);
	COVER("safe", s.state == MN_STATE_SAFE);
	COVER("with a fault from before", s.state == MN_STATE_FAULT && !caps.restarts);
}
