// SPDX-License-Identifier: GPL-2.0-only
/*
 * Silence, motion after a stop, and what the status reports tell.
 */
#include "safety_bench.h"

/* ---- silence ---- */

static void told_stroke_silence(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_live(b, 100);
	bench_tell(b);
	bench_pass_ns(b, 100 * MS - 1);
	EXPECT_NO_FAULT(b);
	bench_pass_ns(b, 1);
	EXPECT_FAULT(b, MN_FAULT_STROKE_SILENCE);
}

/* From the transport's answer on, before any stroke. */
static void told_silence_from_start(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_STARTING);

	KUNIT_ASSERT_EQ(test, bench_started(b, b->s.run_epoch, 0), 0);
	bench_pass_ns(b, 100 * MS - 1);
	EXPECT_NO_FAULT(b);
	bench_pass_ns(b, 1);
	EXPECT_FAULT(b, MN_FAULT_STROKE_SILENCE);
}

/* A transport that never answers is bounded too. */
static void told_silent_start(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_STARTING);
	unsigned int i;

	for (i = 0; i < 10 && b->s.state == MN_STATE_RUNNING; i++) {
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
		bench_pass(b, 50);
	}
	KUNIT_EXPECT_TRUE(test, bench_latched(b, MN_FAULT_STROKE_SILENCE));
	KUNIT_EXPECT_EQ(test, i, (MN_START_BOUND_MS + MN_STROKE_SILENCE_MS) / 50);
}

/* Updates are no strokes: they do not put the silence off. */
static void told_silence_despite_updates(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u64 last = b->now;
	unsigned int i;

	for (i = 0; i < 20 && b->s.state == MN_STATE_RUNNING; i++) {
		bench_pass(b, 40);
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
		if (bench_set(b, MN_HAPPENS_UPDATE, bench_set_point()))
			break;
		if (bench_happens(b, MN_HAPPENS_BEGIN))
			break;
		bench_pass(b, 5);
		if (bench_started(b, b->s.run_epoch, 0))
			break;
	}
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << MN_FAULT_STROKE_SILENCE);
	KUNIT_EXPECT_LE(test, b->now, last + (100 + 45) * MS);
}

/* While an update is under way strokes go on to count as signs of life. */
static void told_strokes_during_update(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, bench_set_point()), 0);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	for (i = 0; i < 18; i++) {
		bench_pass(b, 10);
		bench_stroke(b);
	}
	KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch, 0), 0);
	EXPECT_NO_FAULT(b);
}

static void told_status_silence(struct kunit *test)
{
	static const enum bench_place places[] = { BENCH_ARMED, BENCH_RUNNING };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i]);

		bench_tell(b);
		for (k = 0; k < 30; k++) {
			EXPECT_NO_FAULT(b);
			if (b->s.state == MN_STATE_RUNNING)
				bench_stroke(b);
			bench_happens(b, MN_HAPPENS_HEARTBEAT);
			bench_pass(b, 10);
		}
		EXPECT_FAULT(b, MN_FAULT_STATUS_SILENCE);
	}
}

/* With nothing armed it is an interlock, until the handpiece speaks again. */
static void told_status_silence_safe(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_pass(b, 200);
	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	bench_pass(b, 100);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), MN_INTERLOCK_STATUS);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -EAGAIN);
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), 0U);
}

/* ---- motion after a stop ---- */

/* What was about to be found of a run ends with it. */
static void told_nothing_after_stop(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke;

	bench_live(b, 350);
	stroke = bench_next_stroke(b);
	stroke.period_us = 25000;
	bench_tell_stroke(b, stroke);
	KUNIT_ASSERT_TRUE(test, b->s.slow_deadline);
	bench_release(b);
	bench_home(b);
	bench_live(b, 500);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
}

/* Home within the run-down time of 60 ms, and 20 ms for the report of it. */
static void told_not_home(struct kunit *test)
{
	static const enum mn_happening ends[] = { MN_HAPPENS_STOP, MN_HAPPENS_RELEASE,
						  MN_HAPPENS_FAIL, MN_HAPPENS_SUSPEND };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		struct bench *b = bench_at(test, BENCH_RUNNING);

		bench_happens(b, ends[i]);
		bench_pass_ns(b, 80 * MS - 1);
		KUNIT_EXPECT_FALSE(test, bench_latched(b, MN_FAULT_NOT_HOME));
		bench_pass_ns(b, 1);
		KUNIT_EXPECT_TRUE(test, bench_latched(b, MN_FAULT_NOT_HOME));
		/* Told again, in a way that is confirmed. */
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_RESYNC);
	}
}

struct home_case {
	const char *name;
	bool idle;
	u32 inputs;
	s32 epochs_before;
	bool home;
};

static const struct home_case home_cases[] = {
	{ "idle and home", true, MN_INPUT_HOME, 0, true },
	{ "idle, not home", true, 0, 0, false },
	{ "home, not idle", false, MN_INPUT_HOME, 0, false },
	{ "of before the stop", true, MN_INPUT_HOME, 1, false },
};

KUNIT_ARRAY_PARAM_DESC(home, home_cases, name);

static void told_home(struct kunit *test)
{
	const struct home_case *param = test->param_value;
	struct mn_stimulus what = { .type = MN_HAPPENS_REPORT };
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_happens(b, MN_HAPPENS_STOP);
	what.report = b->report;
	what.report.idle = param->idle;
	what.report.inputs = MN_INPUT_CARTRIDGE | param->inputs;
	what.report.epoch = b->s.epoch - param->epochs_before;
	bench_step(b, &what);
	bench_pass(b, 80);
	KUNIT_EXPECT_EQ(test, bench_latched(b, MN_FAULT_NOT_HOME), !param->home);
}

/* Strokes that were under way when it stopped are told until 50 ms after the run-down. */
static void told_motion_after_stop(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u64 stopped = b->now;

	bench_happens(b, MN_HAPPENS_STOP);
	bench_pass(b, 60);
	bench_home(b);
	bench_pass_ns(b, stopped + 130 * MS - 1 - b->now);
	bench_stroke(b);
	EXPECT_NO_FAULT(b);
	bench_pass_ns(b, 1);
	bench_stroke(b);
	EXPECT_FAULT(b, MN_FAULT_UNEXPECTED_MOTION);
}

/* They are judged by what was set, though the set point is gone. */
static void told_run_down_is_judged(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke;

	bench_happens(b, MN_HAPPENS_STOP);
	bench_stroke(b);
	EXPECT_NO_FAULT(b);
	stroke = bench_next_stroke(b);
	stroke.depth_um = 551;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_OVER_DEPTH);
}

/* A motor that is said to run, and nobody asked for it. */
static void told_motor_on(struct kunit *test)
{
	static const enum bench_place places[] = { BENCH_IDLE, BENCH_SAFE, BENCH_ARMED };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i]);

		b->report.idle = false;
		b->report.inputs &= ~MN_INPUT_HOME;
		bench_tell(b);
		EXPECT_FAULT(b, MN_FAULT_UNEXPECTED_MOTION);
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_RESYNC);
	}
}

/* ---- temperature and self-test ---- */

static void told_temperature(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	b->report.temp_mc = 60000;
	bench_tell(b);
	EXPECT_NO_FAULT(b);
	b->report.temp_mc = 60001;
	bench_tell(b);
	EXPECT_FAULT(b, MN_FAULT_OVER_TEMPERATURE);
	KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_OVER_TEMPERATURE][0], 60001);
	KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_OVER_TEMPERATURE][1], 60000);
}

static void told_cold(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	b->report.temp_mc = -40000;
	bench_tell(b);
	EXPECT_NO_FAULT(b);
}

static void told_self_test(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	b->report.self_test = MN_SELF_TEST_FAILED;
	bench_tell(b);
	EXPECT_FAULT(b, MN_FAULT_SELF_TEST);
}

/*
 * One that was home before it took the last stop may start: what it then tells of its strokes while
 * it still is home is not what the next report is counted from, that may be on its way already.
 */
static void told_home_after_the_start(struct kunit *test)
{
	struct bench *b = bench_new(test);
	struct mn_stimulus late = { .type = MN_HAPPENS_REPORT };

	mn_safety_init(&b->s, &b->caps, &b->keep, b->ceiling_um, b->epoch);
	mn_safety_today(&b->s, BENCH_TODAY);
	late.report = b->report;
	late.report.epoch = b->s.epoch;
	bench_happens(b, MN_HAPPENS_STOP);
	bench_step(b, &late);
	bench_tell_tag(b);
	KUNIT_ASSERT_FALSE(test, b->s.stroke_synced);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	bench_limits(b);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	late.report.inputs |= MN_INPUT_TRIGGER;
	bench_pass(b, MN_TRIGGER_RELEASED_MS);
	bench_step(b, &late);
	bench_pass(b, MN_TRIGGER_DEBOUNCE_MS);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);

	late.report.epoch = b->s.epoch;
	late.report.strokes = 2;
	bench_step(b, &late);
	KUNIT_EXPECT_FALSE(test, b->s.stroke_synced);
	bench_started(b, b->s.run_epoch, 0);
	bench_stroke(b);
	EXPECT_NO_FAULT(b);
}

static struct kunit_case told_cases[] = {
	KUNIT_CASE(told_stroke_silence),
	KUNIT_CASE(told_silence_from_start),
	KUNIT_CASE(told_silent_start),
	KUNIT_CASE(told_silence_despite_updates),
	KUNIT_CASE(told_strokes_during_update),
	KUNIT_CASE(told_status_silence),
	KUNIT_CASE(told_status_silence_safe),
	KUNIT_CASE(told_nothing_after_stop),
	KUNIT_CASE(told_not_home),
	KUNIT_CASE_PARAM(told_home, home_gen_params),
	KUNIT_CASE(told_motion_after_stop),
	KUNIT_CASE(told_run_down_is_judged),
	KUNIT_CASE(told_motor_on),
	KUNIT_CASE(told_temperature),
	KUNIT_CASE(told_cold),
	KUNIT_CASE(told_self_test),
	KUNIT_CASE(told_home_after_the_start),
	{}
};

static struct kunit_suite told_suite = {
	.name = "mn-safety-told",
	.test_cases = told_cases,
};

kunit_test_suites(&told_suite);
