// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time: deadlines do not overflow, and the next one is the earliest of them.
 */
#include "proof_state.h"
#include "safety_stop.h"

/* The times that the rules know. */
static void prove_exact(u64 now)
{
	static const u32 times[] = { MN_TRIGGER_DEBOUNCE_MS, MN_LEASE_REFRESH_MS,
				     MN_BACKLOG_MS,	     MN_STROKE_SILENCE_MS,
				     MN_UNDER_RATE_MS,	     MN_STATUS_SILENCE_MS,
				     MN_ARM_TIMEOUT_MS,	     MN_ABSOLUTE_RUN_MS };
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		PROVE("a time from now is as far from it as it is long",
		      after_ms(now, times[i]) - now == times[i] * 1000000ULL);
}

void prove(void)
{
	const struct mn_safety s = nondet_safety();
	const u64 now = nondet_u64(), next = mn_safety_next_deadline(&s);
	const u32 ms = nondet_u32();
	const u64 all[] = {
		s.lease_deadline, s.lease_warning, s.lease_refresh, s.status_deadline,
		s.press_deadline, s.arm_deadline,  s.run_deadline,  s.stroke_deadline,
		s.slow_deadline,  s.home_deadline, s.bound_until,
	};
	bool any = false, found = false;
	size_t i;
	u64 then;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		any = any || all[i];
		found = found || (all[i] && all[i] == next);
		PROVE("the next deadline is no later than any",
		      !all[i] || (next && next <= all[i]));
	}
	PROVE("the next deadline is one of them", any ? found : !next);
	COVER("nothing waits", !next);
	COVER("the end of the larger depth is next", next && next == s.bound_until && all[0]);

	ASSUME("the machine has been up for less than 146 years", now < 1ULL << 62);
	ASSUME("nothing waits longer than the longest run", ms <= MN_ABSOLUTE_RUN_MS);
	then = after_ms(now, ms);
	PROVE("a time from now is not before it", then >= now);
	PROVE("no time is too far away", then - now <= 1ULL << 40);
	COVER("the longest time", ms == MN_ABSOLUTE_RUN_MS && then > now);
	prove_exact(now);
}
