// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Epochs: they wrap, and the later one is the later one all the same. Every way to stop gives one.
 */
#include "proof_state.h"
#include "safety_stop.h"

void prove(void)
{
	const u32 epoch = nondet_u32(), by = nondet_u32(), code = nondet_u32();
	const u64 now = nondet_u64();
	const enum mn_state to = nondet_bool() ? MN_STATE_SAFE : MN_STATE_ARMED;
	struct mn_safety s = nondet_safety();
	u32 actions = nondet_u32(), before = s.epoch;
	const u64 faults = s.keep.faults;

	PROVE("an epoch has reached itself", epoch_reached(epoch, epoch));
	if (by && by <= S32_MAX) {
		PROVE("a later one has reached it", epoch_reached(epoch + by, epoch));
		PROVE("it has not reached a later one", !epoch_reached(epoch, epoch + by));
		COVER("it wrapped", epoch + by < epoch);
	}

	ASSUME("the run-down time passed mn_safety_check_caps()",
	       s.caps.run_down_ms <= MN_RUN_DOWN_MAX_MS);
	if (nondet_bool()) {
		mn_safety_halt(&s, to, MN_CAUSE_STOP, now, &actions);
		PROVE("a halt goes where it is told to", s.state == to);
	} else if (nondet_bool()) {
		mn_safety_stop(&s, MN_CAUSE_STOP, now, &actions);
		PROVE("after a stop nothing is active", !proof_active(&s));
		COVER("a stop wrapped", s.epoch < before);
	} else {
		mn_safety_latch(&s, code, 0, 0, now, &actions);
		PROVE("nothing that was latched is forgotten", (s.keep.faults & faults) == faults);
		PROVE("a fault is latched under a name that it has",
		      s.keep.faults & ~1ULL && !((s.keep.faults & ~faults) >> MN_FAULT_NR));
		COVER("latched already", s.keep.faults == faults);
		COVER("a code that there is not", code > MN_FAULT_NR);
		if (s.keep.faults == faults)
			return;
		PROVE("a new fault ends in FAULT", s.state == MN_STATE_FAULT);
	}
	PROVE("each stop has the next epoch, and is told",
	      s.epoch == before + 1 && (actions & MN_ACT_KILL));
}
