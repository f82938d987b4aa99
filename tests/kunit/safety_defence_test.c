// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules' second look, mostly the gate's. What is refused here another rule has refused before,
 * so that no sequence of events leads to it: the tests write it into the state. Found by MC/DC,
 * which no event could satisfy, unless they say otherwise.
 */
#include "safety_bench.h"

/* A handpiece that is to start, and nothing is in its way. */
static struct bench *wanted(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass(b, MN_TRIGGER_RELEASED_MS);
	bench_press(b);
	bench_pass(b, MN_TRIGGER_DEBOUNCE_MS);
	KUNIT_ASSERT_TRUE(test, b->s.start_wanted);
	bench_forget(b);
	return b;
}

static void expect_refused(struct bench *b, int error)
{
	struct mn_stimulus begin = { .type = MN_HAPPENS_BEGIN };
	struct mn_refusal refusal;
	u32 actions = 0;

	KUNIT_EXPECT_EQ(b->test, mn_safety_step(&b->s, &begin, b->now, &actions, &refusal), error);
	KUNIT_EXPECT_NE(b->test, b->s.state, MN_STATE_RUNNING);
	KUNIT_EXPECT_FALSE(b->test, b->s.starting);
}

static void defence_not_armed(struct kunit *test)
{
	struct bench *b = wanted(test);

	b->s.state = MN_STATE_SAFE;
	expect_refused(b, -ECANCELED);
}

static void defence_no_controller(struct kunit *test)
{
	struct bench *b = wanted(test);

	b->s.controlled = false;
	expect_refused(b, -ECANCELED);
}

static void defence_not_pressed(struct kunit *test)
{
	struct bench *b = wanted(test);

	b->s.report.inputs &= ~MN_INPUT_TRIGGER;
	expect_refused(b, -ECANCELED);
}

static void defence_another_cartridge(struct kunit *test)
{
	struct bench *b = wanted(test);

	b->s.tag.marked = false;
	b->s.held = false;
	expect_refused(b, -EAGAIN);
}

static void defence_beyond_the_limit(struct kunit *test)
{
	struct bench *b = wanted(test);

	b->s.keep.session[MN_QUANTITY_DEPTH] = BENCH_DEPTH_UM - 1;
	expect_refused(b, -EAGAIN);
}

/* A press of the emergency stop has latched: what is read of the line refuses all the same. */
static void defence_emergency_stop(struct kunit *test)
{
	struct bench *b = wanted(test);

	b->s.report.inputs |= MN_INPUT_EMERGENCY_STOP;
	expect_refused(b, -EAGAIN);

	b = bench_at(test, BENCH_RUNNING);
	b->s.report.inputs |= MN_INPUT_EMERGENCY_STOP;
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_EMERGENCY_STOP);
}

/*
 * No limit rises while the motor runs. If one did, strokes would be held against what it was at the
 * start. Found by the mutator.
 */
static void defence_rate_rises(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke = bench_next_stroke(b);

	b->s.bound.rate.mhz = 80000;
	KUNIT_ASSERT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_RATE, NULL), 120000U);
	stroke.period_us = BENCH_PERIOD_US;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_OVER_RATE);
	KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_OVER_RATE][1], 80000);
}

static struct kunit_case defence_cases[] = {
	KUNIT_CASE(defence_rate_rises),
	KUNIT_CASE(defence_not_armed),
	KUNIT_CASE(defence_no_controller),
	KUNIT_CASE(defence_not_pressed),
	KUNIT_CASE(defence_another_cartridge),
	KUNIT_CASE(defence_beyond_the_limit),
	KUNIT_CASE(defence_emergency_stop),
	{}
};

static struct kunit_suite defence_suite = {
	.name = "mn-safety-defence",
	.test_cases = defence_cases,
};

kunit_test_suites(&defence_suite);
