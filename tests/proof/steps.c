// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is granted is a multiple of the device's step: the depth for every step; or, in parts with a
 * RATE_STEP, the rate for that one: CBMC does not get done with an unknown rate by an unknown step.
 */
#include "proof_state.h"
#include "safety_limits.h"

#ifdef RATE_STEP
static void prove_it(struct mn_safety *s, struct mn_set *want)
{
	struct mn_refusal refusal = { 0 };
	struct mn_set got = { 0 };

	ASSUME("depth and its step are such as have no part in it",
	       want->depth.um == 500 && s->caps.depth_step_um == 1);
	want->depth.um = 500;
	s->caps.depth_step_um = 1;
	ASSUME("the rate's step is the part's", s->caps.rate_step_mhz == RATE_STEP);
	s->caps.rate_step_mhz = RATE_STEP;
	if (mn_check_set(s, want, &got, &refusal))
		return;
	PROVE("the rate is a multiple of its step", got.rate.mhz % RATE_STEP == 0);
	COVER("a rate that is granted", got.rate.mhz);
}
#else
/* Fewer digits to divide by, and more than any depth has. */
#define DEPTH_BITS 4095

static void prove_it(struct mn_safety *s, struct mn_set *want)
{
	struct mn_refusal refusal = { 0 };
	struct mn_set got = { 0 };
	u32 step;

	ASSUME("rate and its step are such as have no part in it",
	       want->rate.mhz == 100000 && s->caps.rate_step_mhz == 1000);
	want->rate.mhz = 100000;
	s->caps.rate_step_mhz = 1000;
	if (mn_check_set(s, want, &got, &refusal))
		return;
	step = s->caps.depth_step_um;
	PROVE("depth and step are short", got.depth.um <= DEPTH_BITS && step <= DEPTH_BITS);
	PROVE("the depth is a multiple of its step",
	      (got.depth.um & DEPTH_BITS) % (step & DEPTH_BITS) == 0);
	COVER("a depth that was rounded", got.depth.um != want->depth.um);
}
#endif

void prove(void)
{
	struct mn_set want = nondet_set();
	struct mn_safety s;

	any_state(&s);
	prove_it(&s, &want);
}
