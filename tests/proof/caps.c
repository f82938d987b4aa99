// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a handpiece says of itself, of any content: what passed the check is as the rules take it.
 */
#include "proof.h"

void prove(void)
{
	static const u32 needed = (1U << MN_SOURCE_ABSOLUTE) | (1U << MN_SOURCE_CEILING) |
				  (1U << MN_SOURCE_ADMIN) | (1U << MN_SOURCE_SESSION);
	const u32 quantity = nondet_u32();
	u32 required[MN_QUANTITY_NR];
	struct mn_caps caps = nondet_caps();
	const char *why;
	unsigned int i;
	int err;

	for (i = 0; i < MN_QUANTITY_NR; i++)
		required[i] = nondet_u32();
	caps.required = nondet_bool() ? required : NULL;
	ASSUME("a quantity that exists", quantity < MN_QUANTITY_NR);
	err = mn_safety_check_caps(&caps, &why);

	PROVE("it passes, or there is a reason", err ? err == -EPROTO && why : !why);
	COVER("refused for its sources", err && !caps.required);
	COVER("refused for its lease", err && caps.required && caps.lease_ms == 101);
	if (err)
		return;
	PROVE("it has a source of limits",
	      caps.required && (caps.source == MN_SOURCE_DEVICE || caps.source == MN_SOURCE_BOARD));
	PROVE("every quantity has all the sources that it must have",
	      (required[quantity] & needed) == needed &&
		      (required[quantity] & (1U << caps.source)));
	PROVE("depth has the cartridge, too",
	      required[MN_QUANTITY_DEPTH] & (1U << MN_SOURCE_CARTRIDGE));
	PROVE("there are no other sources", required[quantity] < (1U << MN_SOURCE_NR));
	PROVE("it measures depth, rate and home", (caps.measures & MN_MEASURES_DEPTH) &&
							  (caps.measures & MN_MEASURES_RATE) &&
							  (caps.measures & MN_MEASURES_HOME));
	PROVE("nothing is divided by 0", caps.depth_step_um && caps.rate_step_mhz);
	PROVE("rate and tolerance are in range",
	      caps.rate_min_mhz >= MN_RATE_LOWEST_MHZ && caps.tolerance_um <= MN_TOLERANCE_MAX_UM);
	PROVE("times are in range", caps.run_up_ms && caps.run_up_ms <= MN_RUN_UP_MAX_MS &&
					    caps.run_down_ms &&
					    caps.run_down_ms <= MN_RUN_DOWN_MAX_MS);
	PROVE("its lease outlasts a renewal, and no more than it may",
	      caps.lease_ms > MN_LEASE_REFRESH_MS && caps.lease_ms <= MN_HANDPIECE_LEASE_MAX_MS);
	COVER("passed", caps.depth_step_um == 10 && caps.source == MN_SOURCE_BOARD);
}
