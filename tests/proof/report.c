// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Status of any content, in any state that the invariant allows: what shows that something is wrong
 * ends the run.
 */
#include "proof_state.h"
#include "safety_reports.h"
#include "safety_stop.h"

void prove(void)
{
	const struct mn_report r = nondet_report();
	const u64 now = nondet_u64();
	struct mn_safety s, was;
	u32 actions = 0;
	bool wrong;

	any_state(&s);
	ASSUME("the machine has been up for less than a century", now < PROOF_TIME_MAX);
	ASSUME("the invariant held after the last happening", invariant(&s, now));
	was = s;
	mn_safety_report(&s, &r, now, &actions);

	PROVE("the emergency stop is a fault in every state",
	      !(r.inputs & MN_INPUT_EMERGENCY_STOP) || s.state == MN_STATE_FAULT);
	PROVE("so is what the handpiece has latched",
	      !(r.faults & ((1ULL << MN_FAULT_NR) - 2)) || s.state == MN_STATE_FAULT);
	PROVE("so is a motor that is too hot", !(was.caps.measures & MN_MEASURES_TEMPERATURE) ||
						       r.temp_mc <= was.caps.max_temp_mc ||
						       s.state == MN_STATE_FAULT);
	PROVE("its own epoch is never ahead", epoch_reached(s.epoch, r.epoch));
	PROVE("the next status is waited for",
	      s.reported && s.status_deadline == after_ms(now, MN_STATUS_SILENCE_MS));
	wrong = r.boot_id != was.report.boot_id || r.insertions != was.report.insertions ||
		!(r.inputs & MN_INPUT_CARTRIDGE);
	if (proof_active(&was))
		PROVE("a restart or another cartridge ends the run with a fault",
		      !wrong || (s.state == MN_STATE_FAULT && (actions & MN_ACT_KILL)));
	if (was.state == MN_STATE_RUNNING)
		PROVE("a trigger that is released ends the run",
		      !was.caps.has_trigger || (r.inputs & MN_INPUT_TRIGGER) ||
			      (s.state != MN_STATE_RUNNING && (actions & MN_ACT_KILL)));
	PROVE("a status starts nothing by itself",
	      s.state != MN_STATE_RUNNING || was.state == MN_STATE_RUNNING);
	COVER("it goes on running", s.state == MN_STATE_RUNNING);
	COVER("released, and ARMED", s.state == MN_STATE_ARMED && was.state == MN_STATE_RUNNING);
	COVER("ahead", epoch_reached(r.epoch, was.epoch + 2) && s.state == MN_STATE_FAULT);
	COVER("another cartridge", s.state == MN_STATE_FAULT && proof_active(&was) &&
					   r.insertions != was.report.insertions);
}
