// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is granted is a multiple of the device's step: the depth for every step, the rate for the
 * RATE_STEP of each part: CBMC does not get done with an unknown rate by an unknown step.
 */
#include "proof_state.h"
#include "safety_limits.h"

/* Fewer digits to divide by: more than any depth has. */
#define DEPTH_BITS 4095

#ifndef RATE_STEP
#define RATE_STEP 0
#endif

void prove(void)
{
	struct mn_set want = nondet_set();
	struct mn_refusal refusal = { 0 };
	struct mn_safety s;
	struct mn_set got = { 0 };
	u32 step;

	any_state(&s);
	if (RATE_STEP) {
		ASSUME("depth and its step are such as have no part in it",
		       want.depth.um == 500 && s.caps.depth_step_um == 1);
		want.depth.um = 500;
		s.caps.depth_step_um = 1;
		ASSUME("the rate's step is the part's", s.caps.rate_step_mhz == RATE_STEP);
		s.caps.rate_step_mhz = RATE_STEP;
	} else {
		ASSUME("rate and its step are such as have no part in it",
		       want.rate.mhz == 100000 && s.caps.rate_step_mhz == 1000);
		want.rate.mhz = 100000;
		s.caps.rate_step_mhz = 1000;
	}
	if (mn_check_set(&s, &want, &got, &refusal))
		return;
	step = s.caps.depth_step_um;
	if (RATE_STEP) {
		PROVE("the rate is a multiple of its step",
		      got.rate.mhz % (RATE_STEP | !RATE_STEP) == 0);
		COVER("a rate that was rounded", RATE_STEP == 1 || got.rate.mhz != want.rate.mhz);
	} else {
		PROVE("depth and step are short", got.depth.um <= DEPTH_BITS && step <= DEPTH_BITS);
		PROVE("the depth is a multiple of its step",
		      (got.depth.um & DEPTH_BITS) % (step & DEPTH_BITS) == 0);
		COVER("a depth that was rounded", got.depth.um != want.depth.um);
	}
}
