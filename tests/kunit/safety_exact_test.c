// SPDX-License-Identifier: GPL-2.0-only
/*
 * To the nanosecond and to the stroke: what ends when, and what a stop leaves to be judged. Found
 * by changing the rules one token at a time: these are the changes that no test noticed.
 */
#include "safety_bench.h"

#define US	1000ULL		/* in ns */

/* Time with a live controller and a handpiece that tells its state, and no stroke */
static void silent_until(struct bench *b, u64 end)
{
	while (b->now < end) {
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
		bench_pass_ns(b, min(end - b->now, 50 * MS));
	}
}

static void press_and_begin(struct bench *b)
{
	bench_live(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(b->test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
}

static void stroke_of(struct bench *b, u32 depth_um, u32 period_us)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.depth_um = depth_um;
	stroke.period_us = period_us;
	bench_tell_stroke(b, stroke);
}

static void ask_for(struct bench *b, u32 depth_um, u32 strokes)
{
	struct mn_set set = bench_set_point();

	set.depth.um = depth_um;
	set.dose.strokes = strokes;
	KUNIT_ASSERT_EQ(b->test, bench_set(b, MN_HAPPENS_UPDATE, set), 0);
}

/* ---- silence ---- */

static void exact_status_silence(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_tell(b);
	bench_pass(b, 200);
	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	bench_pass_ns(b, 100 * MS - 1);
	EXPECT_NO_FAULT(b);
	bench_pass_ns(b, 1);
	EXPECT_FAULT(b, MN_FAULT_STATUS_SILENCE);
}

struct start_case {
	const char *name;
	u64 at_us;	/* after the order, something comes */
	bool answer;	/* the handpiece's answer, or else a stroke */
	u64 silent_us;	/* when it has been silent for too long */
};

/* An order may be answered within 200 ms, and then a stroke within 100 ms. */
static const struct start_case start_cases[] = {
	{ "nothing", 0, false, 300000 },
	{ "a stroke at once", 1, false, 300000 },
	{ "a stroke just before", 199500, false, 300000 },
	{ "a stroke just after", 200500, false, 300500 },
	{ "an answer at once", 1, true, 100001 },
	{ "an answer just before", 199500, true, 299500 },
	{ "an answer just after", 200500, true, 300000 },
};

KUNIT_ARRAY_PARAM_DESC(start, start_cases, name);

/* An answer shortens the time for the first stroke, a stroke only lengthens it for the next. */
static void exact_silence_of_a_start(struct kunit *test)
{
	const struct start_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_STARTING);
	u64 begun = b->now;

	silent_until(b, begun + param->at_us * US);
	if (param->answer)
		KUNIT_ASSERT_EQ(test, bench_started(b, b->s.run_epoch, 0), 0);
	else if (param->at_us)
		bench_stroke(b);
	silent_until(b, begun + param->silent_us * US - 1);
	EXPECT_NO_FAULT(b);
	bench_pass_ns(b, 1);
	EXPECT_FAULT(b, MN_FAULT_STROKE_SILENCE);
}

/* Latched, it is stopped: no stroke of the run-down is waited for. */
static void exact_no_silence_in_fault(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_fail(b, MN_FAULT_OVER_CURRENT);
	bench_stroke(b);
	bench_home(b);
	silent_until(b, b->now + 500 * MS);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << MN_FAULT_OVER_CURRENT);
}

/* ---- an update ---- */

/* Strokes of the depth before are told for 150 ms, and not a nanosecond longer. */
static void exact_grace_of_a_shallower_depth(struct kunit *test)
{
	unsigned int late, i;

	for (late = 0; late < 2; late++) {
		struct bench *b = bench_at(test, BENCH_RUNNING);

		ask_for(b, 300, BENCH_STROKES);
		KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
		for (i = 0; i < 14; i++) {
			bench_pass(b, 10);
			stroke_of(b, 290 + (i & 1), BENCH_PERIOD_US);
		}
		bench_pass_ns(b, 10 * MS - 1 + late);
		stroke_of(b, 500, BENCH_PERIOD_US);
		KUNIT_EXPECT_EQ(test, b->s.keep.faults,
				late ? 1ULL << MN_FAULT_OVER_DEPTH : 0ULL);
	}
}

/* A stop within them ends the update, and not what its run-down is judged by. */
static void exact_grace_ends_with_a_stop(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	ask_for(b, 300, BENCH_STROKES);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	for (i = 0; i < 14; i++) {
		bench_pass(b, 10);
		stroke_of(b, 290 + (i & 1), BENCH_PERIOD_US);
	}
	bench_happens(b, MN_HAPPENS_STOP);
	bench_pass(b, 20);
	stroke_of(b, 300, BENCH_PERIOD_US);
	EXPECT_NO_FAULT(b);
}

/* What is left of the run time is told in whole milliseconds, none too many. */
static void exact_run_time_left(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_set set = bench_set_point();

	bench_live(b, 600);
	bench_pass_ns(b, 1);
	set.run.ms = 1000;
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, set), 0);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	KUNIT_EXPECT_EQ(test, mn_safety_order(&b->s).run.ms, 399U);
}

/* To a lower rate there is nothing to run up to. */
static void exact_slow_despite_lower_rates(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_set set = bench_set_point();
	unsigned int i;

	for (i = 0; i < 40 && b->s.state == MN_STATE_RUNNING; i++) {
		stroke_of(b, 480 + (i & 1), 25000);
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
		set.rate.mhz -= 100;
		if (bench_set(b, MN_HAPPENS_UPDATE, set) || bench_gate(b))
			break;
		bench_pass(b, 25);
	}
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << MN_FAULT_UNDER_RATE);
	KUNIT_EXPECT_LE(test, b->now, b->s.run_since + (300 + 200 + 25) * MS);
}

/* A run of 5 strokes, and 100 are asked for: until they are ordered, 5 are what it was told. */
static void exact_dose_before_the_order(struct kunit *test)
{
	struct bench *b = bench_new(test);
	struct mn_set set = bench_set_point();
	unsigned int i;

	b->caps.coast_strokes = 2;
	bench_plug(b);
	bench_go(b, BENCH_SAFE);
	set.dose.strokes = 5;
	KUNIT_ASSERT_EQ(test, bench_arm(b, set), 0);
	press_and_begin(b);
	KUNIT_ASSERT_EQ(test, bench_started(b, b->s.run_epoch, 0), 0);
	bench_stroke(b);
	/* A pause that is so short that strokes of the run before may still be under way */
	bench_release(b);
	bench_home(b);
	press_and_begin(b);
	KUNIT_ASSERT_TRUE(test, b->s.motion_until > b->now);
	ask_for(b, BENCH_DEPTH_UM, 100);
	for (i = 0; i < 5; i++)
		bench_stroke(b);
	EXPECT_NO_FAULT(b);
	/* A motor that runs does not coast. */
	bench_stroke(b);
	EXPECT_FAULT(b, MN_FAULT_OVER_DOSE);
}

/* Stopped before the handpiece has answered: its strokes no longer move what is allowed. */
static void exact_dose_of_a_stopped_update(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	ask_for(b, BENCH_DEPTH_UM, 2);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	bench_happens(b, MN_HAPPENS_STOP);
	for (i = 0; i < 3; i++)
		bench_stroke(b);
	EXPECT_NO_FAULT(b);
	bench_stroke(b);
	EXPECT_FAULT(b, MN_FAULT_OVER_DOSE);
}

/* ---- running down ---- */

/* Complete after 3 strokes, with a motor that makes 2 more before it stands still */
static struct bench *completed(struct kunit *test)
{
	struct bench *b = bench_new(test);
	struct mn_set set = bench_set_point();

	b->caps.coast_strokes = 2;
	bench_plug(b);
	bench_go(b, BENCH_SAFE);
	set.dose.strokes = 3;
	KUNIT_ASSERT_EQ(test, bench_arm(b, set), 0);
	press_and_begin(b);
	KUNIT_ASSERT_EQ(test, bench_started(b, b->s.run_epoch, 0), 0);
	bench_stroke(b);
	bench_stroke(b);
	bench_stroke(b);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_COMPLETE);
	return b;
}

/* A fault meanwhile does not make two of what it coasts. */
static void exact_coasting_in_fault(struct kunit *test)
{
	struct bench *b = completed(test);

	bench_fail(b, MN_FAULT_OVER_CURRENT);
	bench_stroke(b);
	bench_stroke(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << MN_FAULT_OVER_CURRENT);
}

/* Once the time is over in which strokes may still come, one is too many as well. */
static void exact_coasting_ends(struct kunit *test)
{
	static const u64 after[] = { 0, 1, 50 * MS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(after); i++) {
		struct bench *b = completed(test);
		u64 until = b->s.motion_until;

		bench_home(b);
		silent_until(b, until + after[i]);
		bench_stroke(b);
		KUNIT_EXPECT_EQ(test, b->s.keep.faults,
				1ULL << MN_FAULT_UNEXPECTED_MOTION | 1ULL << MN_FAULT_OVER_DOSE);
	}
}

/* They are judged by the limit that they were made under, whichever way the run ended. */
static void exact_run_down_under_a_lowered_limit(struct kunit *test)
{
	static const enum mn_happening ends[] = { MN_HAPPENS_STOP, MN_HAPPENS_FAIL };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		struct bench *b = bench_at(test, BENCH_RUNNING);
		u64 faults;

		bench_happens(b, ends[i]);
		faults = b->s.keep.faults;
		KUNIT_ASSERT_EQ(test, bench_lower(b, MN_HAPPENS_SET_LIMITS, MN_QUANTITY_RATE,
						  50000), 0);
		bench_stroke(b);
		KUNIT_EXPECT_EQ(test, b->s.keep.faults, faults);
	}
}

/* Slow is what runs, and not what runs down to a pause. */
static void exact_slow_into_a_pause(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_live(b, 350);
	bench_release(b);
	stroke_of(b, 480, 40000);
	bench_home(b);
	bench_live(b, 500);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_TRIGGER_RELEASED);
}

/* ---- the rate ---- */

/* From the end of the run-up time on, that moment included, 200 ms. */
static void exact_end_of_run_up(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u64 slow = b->s.rate_since + 300 * MS;
	unsigned int i;

	bench_live(b, 290);
	bench_pass_ns(b, slow - b->now);
	for (i = 0; i < 8; i++) {
		stroke_of(b, 480 + (i & 1), 25000);
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
		bench_pass_ns(b, 25 * MS - (i == 7));
	}
	EXPECT_NO_FAULT(b);
	bench_pass_ns(b, 1);
	EXPECT_FAULT(b, MN_FAULT_UNDER_RATE);
}

/* Lowered while it runs, though not beneath what is set: 110 Hz and 5 % are 115.5 Hz. */
static void exact_rate_lowered(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	KUNIT_ASSERT_EQ(test, bench_lower(b, MN_HAPPENS_SET_LIMITS, MN_QUANTITY_RUN_TIME, 90000),
			0);
	KUNIT_ASSERT_EQ(test, bench_lower(b, MN_HAPPENS_SET_LIMITS, MN_QUANTITY_RATE, 110000), 0);
	stroke_of(b, 480, 8658);
	EXPECT_NO_FAULT(b);
	stroke_of(b, 481, 8657);
	EXPECT_FAULT(b, MN_FAULT_OVER_RATE);
	KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_OVER_RATE][1], 110000);
}

/* ---- the trigger ---- */

/* A press that did not count is let go: 100 ms begin anew, whatever was before. */
static void exact_released_anew(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass(b, 20);
	bench_tell(b);
	bench_pass(b, 30);
	bench_press(b);
	bench_live(b, 200);
	bench_release(b);
	bench_pass_ns(b, 100 * MS - 1);
	bench_press(b);
	bench_live(b, 50);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_START);
	bench_release(b);
	bench_live(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_EXPECT_TRUE(test, b->seen & MN_ACT_START);
}

/* Stopped while a press is being debounced: it does not count any more. */
static void exact_stop_within_the_debounce(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass(b, 100);
	bench_press(b);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_pass(b, 100);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_START);
	KUNIT_EXPECT_FALSE(test, b->s.start_wanted);
}

/* The press counts at the moment of the stop, which finds it: nothing is left to be started. */
static void exact_stop_at_the_press(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass(b, 100);
	bench_press(b);
	b->now += MN_TRIGGER_DEBOUNCE_MS * MS;
	bench_happens(b, MN_HAPPENS_STOP);
	KUNIT_EXPECT_EQ(test, b->actions, MN_ACT_KILL);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_STOP);
}

static struct kunit_case exact_cases[] = {
	KUNIT_CASE(exact_status_silence),
	KUNIT_CASE_PARAM(exact_silence_of_a_start, start_gen_params),
	KUNIT_CASE(exact_no_silence_in_fault),
	KUNIT_CASE(exact_grace_of_a_shallower_depth),
	KUNIT_CASE(exact_grace_ends_with_a_stop),
	KUNIT_CASE(exact_run_time_left),
	KUNIT_CASE(exact_slow_despite_lower_rates),
	KUNIT_CASE(exact_dose_before_the_order),
	KUNIT_CASE(exact_dose_of_a_stopped_update),
	KUNIT_CASE(exact_coasting_in_fault),
	KUNIT_CASE(exact_coasting_ends),
	KUNIT_CASE(exact_run_down_under_a_lowered_limit),
	KUNIT_CASE(exact_slow_into_a_pause),
	KUNIT_CASE(exact_end_of_run_up),
	KUNIT_CASE(exact_rate_lowered),
	KUNIT_CASE(exact_released_anew),
	KUNIT_CASE(exact_stop_within_the_debounce),
	KUNIT_CASE(exact_stop_at_the_press),
	{}
};

static struct kunit_suite exact_suite = {
	.name = "mn-safety-exact",
	.test_cases = exact_cases,
};

kunit_test_suites(&exact_suite);
