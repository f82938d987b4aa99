// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is measured: each check at its bound, and one beyond it.
 */
#include "safety_bench.h"

/* ---- one stroke ---- */

struct stroke_case {
	const char *name;
	void (*spoil)(struct bench *b, struct mn_stroke *stroke);
	enum mn_fault fault;	/* MN_FAULT_NONE: it is within bounds */
	s32 detail[2];
};

/* Set: 500 um; tolerance 50 um. */
static void at_tolerance(struct bench *b, struct mn_stroke *stroke)
{
	stroke->depth_um = 550;
}

static void over_tolerance(struct bench *b, struct mn_stroke *stroke)
{
	stroke->depth_um = 551;
}

static void depth_implausible(struct bench *b, struct mn_stroke *stroke)
{
	stroke->depth_um = MN_DEPTH_IMPLAUSIBLE_UM + 1;
}

static void depth_just_plausible(struct bench *b, struct mn_stroke *stroke)
{
	stroke->depth_um = MN_DEPTH_IMPLAUSIBLE_UM;
}

static void depth_missing(struct bench *b, struct mn_stroke *stroke)
{
	stroke->depth_um = MN_NOT_MEASURED;
}

/* Limit: 120 Hz; a motor's regulation of 5 % more is 126 Hz, 7936.5 us. */
static void at_rate(struct bench *b, struct mn_stroke *stroke)
{
	stroke->period_us = 7937;
}

static void over_rate(struct bench *b, struct mn_stroke *stroke)
{
	stroke->period_us = 7936;
}

static void over_rate_by_far(struct bench *b, struct mn_stroke *stroke)
{
	stroke->period_us = 1;
}

static void rate_missing(struct bench *b, struct mn_stroke *stroke)
{
	stroke->period_us = 0;
}

static void rate_not_measured(struct bench *b, struct mn_stroke *stroke)
{
	stroke->period_us = MN_NOT_MEASURED;
}

static void at_current(struct bench *b, struct mn_stroke *stroke)
{
	stroke->current_ma = 800;
}

static void over_current(struct bench *b, struct mn_stroke *stroke)
{
	stroke->current_ma = 801;
}

static void current_missing(struct bench *b, struct mn_stroke *stroke)
{
	stroke->current_ma = MN_NOT_MEASURED;
}

static void late_enough(struct bench *b, struct mn_stroke *stroke)
{
	stroke->age_us = 50000;
}

static void too_late(struct bench *b, struct mn_stroke *stroke)
{
	stroke->age_us = 50001;
}

static void repeated(struct bench *b, struct mn_stroke *stroke)
{
	stroke->number = 1;
}

static void one_missing(struct bench *b, struct mn_stroke *stroke)
{
	stroke->number = 3;
}

static void older_start(struct bench *b, struct mn_stroke *stroke)
{
	stroke->epoch--;
}

static const struct stroke_case stroke_cases[] = {
	{ "depth at the tolerance", at_tolerance },
	{ "depth 1 um over", over_tolerance, MN_FAULT_OVER_DEPTH, { 551, 500 } },
	{ "depth just plausible", depth_just_plausible, MN_FAULT_OVER_DEPTH, { 10000, 500 } },
	{ "depth implausible", depth_implausible, MN_FAULT_MEASUREMENT, { 0, 10001 } },
	{ "depth missing", depth_missing, MN_FAULT_MEASUREMENT, { 0, -1 } },
	{ "rate at the limit", at_rate },
	{ "rate over it", over_rate, MN_FAULT_OVER_RATE, { 126008, 120000 } },
	{ "rate far over it", over_rate_by_far, MN_FAULT_OVER_RATE, { 1000000000, 120000 } },
	{ "rate missing", rate_missing, MN_FAULT_MEASUREMENT, { 1 } },
	{ "rate not measured", rate_not_measured, MN_FAULT_MEASUREMENT, { 1 } },
	{ "current at the limit", at_current },
	{ "current 1 mA over", over_current, MN_FAULT_OVER_CURRENT, { 801, 800 } },
	{ "current missing", current_missing, MN_FAULT_MEASUREMENT, { MN_QUANTITY_NR } },
	{ "50 ms late", late_enough },
	{ "1 us later", too_late, MN_FAULT_BACKLOG, { 50, 50 } },
	{ "repeated", repeated, MN_FAULT_SEQUENCE, { 1, 2 } },
	{ "one missing", one_missing, MN_FAULT_SEQUENCE, { 3, 2 } },
	{ "of an older start", older_start, MN_FAULT_UNEXPECTED_MOTION },
};

KUNIT_ARRAY_PARAM_DESC(stroke, stroke_cases, name);

static void measured_stroke(struct kunit *test)
{
	const struct stroke_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke = bench_next_stroke(b);

	param->spoil(b, &stroke);
	bench_tell_stroke(b, stroke);
	if (!param->fault) {
		EXPECT_STATE(b, MN_STATE_RUNNING, MN_CAUSE_TRIGGER);
		EXPECT_NO_FAULT(b);
		return;
	}
	EXPECT_FAULT(b, param->fault);
	if (param->detail[0])
		KUNIT_EXPECT_EQ(test, b->s.keep.detail[param->fault][0], param->detail[0]);
	if (param->detail[1])
		KUNIT_EXPECT_EQ(test, b->s.keep.detail[param->fault][1], param->detail[1]);
}

/* Whatever is wrong with a stroke, it was made and counts. */
static void measured_counts_all(struct kunit *test)
{
	const struct stroke_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke = bench_next_stroke(b);
	u32 dose = b->s.keep.dose;

	param->spoil(b, &stroke);
	bench_tell_stroke(b, stroke);
	KUNIT_EXPECT_GE(test, b->s.keep.dose, dose + 1);
	KUNIT_EXPECT_EQ(test, b->s.strokes_total, 2U);
}

/* Exactly as fast as the limit and a motor's regulation: 119048 mHz and 5 % are 125 Hz. */
static void measured_exactly_the_rate(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_stroke stroke;

	KUNIT_ASSERT_EQ(test, bench_lower(b, MN_HAPPENS_SET_LIMITS, MN_QUANTITY_RATE, 119048), 0);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	stroke = bench_next_stroke(b);
	stroke.period_us = 8000;
	bench_tell_stroke(b, stroke);
	EXPECT_NO_FAULT(b);
	stroke = bench_next_stroke(b);
	stroke.period_us = 7999;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_OVER_RATE);
}

/* The first stroke of all follows what the handpiece said that it had made before. */
static void measured_gap_before_the_first(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_STARTING);
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.number = 2;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_SEQUENCE);
}

/* Over-depth, over-rate and silence are armed during run-up too: the first stroke is judged. */
static void measured_first_stroke(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_STARTING);
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.depth_um = 551;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_OVER_DEPTH);

	b = bench_at(test, BENCH_STARTING);
	stroke = bench_next_stroke(b);
	bench_tell_stroke(b, stroke);
	stroke = bench_next_stroke(b);
	stroke.period_us = 1000;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_OVER_RATE);
}

/* What the device does not declare is not missed. */
static void measured_not_declared(struct kunit *test)
{
	struct bench *b = bench_new(test);
	struct mn_stroke stroke;

	b->caps.measures &= ~(MN_MEASURES_CURRENT | MN_MEASURES_TEMPERATURE);
	bench_plug(b);
	bench_go(b, BENCH_RUNNING);
	stroke = bench_next_stroke(b);
	stroke.current_ma = MN_NOT_MEASURED;
	bench_tell_stroke(b, stroke);
	b->report.temp_mc = S32_MAX;
	bench_tell(b);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_RUNNING);
}

/* A gap is counted for what it may have been: strokes that were made and not told. */
static void measured_gap_counts(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.number += 10;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_SEQUENCE);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 12U);

	/* A number from nowhere is not a gap of four thousand million. */
	b = bench_at(test, BENCH_RUNNING);
	stroke = bench_next_stroke(b);
	stroke.number = 0x80000000;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_SEQUENCE);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 2U);
}

/* Numbers wrap as 32 bits do. */
static void measured_number_wraps(struct kunit *test)
{
	struct bench *b = bench_new(test);

	b->stroke_number = U32_MAX - 1;
	bench_plug(b);
	bench_go(b, BENCH_RUNNING);
	bench_stroke(b);
	bench_stroke(b);
	KUNIT_EXPECT_EQ(test, b->stroke_number, 1U);
	EXPECT_NO_FAULT(b);
}

/* ---- many strokes ---- */

/* No skin gives 32 equal depths in a row. */
static void measured_frozen(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	for (i = 0; i < MN_FROZEN_STROKES; i++) {
		struct mn_stroke stroke = bench_next_stroke(b);

		EXPECT_NO_FAULT(b);
		stroke.depth_um = 444;
		bench_pass(b, 5);
		bench_tell_stroke(b, stroke);
	}
	EXPECT_FAULT(b, MN_FAULT_DEPTH_FROZEN);
	KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_DEPTH_FROZEN][0], 444);
}

/* A sensor that is stuck is stuck in short runs as well: a pause is no new reading. */
static void measured_frozen_over_pauses(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	for (i = 0; i < MN_FROZEN_STROKES; i++) {
		struct mn_stroke stroke = bench_next_stroke(b);

		EXPECT_NO_FAULT(b);
		stroke.depth_um = 444;
		bench_pass(b, 5);
		bench_tell_stroke(b, stroke);
		if (i % 10 != 9)
			continue;
		bench_release(b);
		bench_home(b);
		bench_live(b, 100);
		bench_press(b);
		bench_pass(b, 20);
		KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	}
	EXPECT_FAULT(b, MN_FAULT_DEPTH_FROZEN);
}

static void measured_nearly_frozen(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	for (i = 0; i < 10 * MN_FROZEN_STROKES; i++) {
		struct mn_stroke stroke = bench_next_stroke(b);

		stroke.depth_um = i % MN_FROZEN_STROKES ? 444 : 443;
		bench_pass(b, 10);
		bench_tell_stroke(b, stroke);
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
	}
	EXPECT_NO_FAULT(b);
}

/* Set: 100 Hz, so beneath 50 Hz is slow; run-up: 300 ms from the start; then 200 ms. */
static void measured_slow(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u64 slow_since = 0;

	while (b->s.state == MN_STATE_RUNNING && b->now < b->s.run_since + 2000 * MS) {
		struct mn_stroke stroke;

		bench_pass_ns(b, 20001 * (MS / 1000));
		if (b->s.state != MN_STATE_RUNNING)
			break;
		stroke = bench_next_stroke(b);
		stroke.period_us = 20001;
		bench_tell_stroke(b, stroke);
		if (!slow_since && b->now >= b->s.run_since + 300 * MS)
			slow_since = b->now;
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
	}
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << MN_FAULT_UNDER_RATE);
	KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_UNDER_RATE][0], 49997);
	KUNIT_EXPECT_EQ(test, b->s.home_deadline, slow_since + (200 + 60 + 20) * MS);
}

/* An UPDATE to the rate that it has begins no new run-up. */
static void measured_slow_despite_updates(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	for (i = 0; i < 40 && b->s.state == MN_STATE_RUNNING; i++) {
		struct mn_stroke stroke = bench_next_stroke(b);

		stroke.period_us = 25000;
		bench_tell_stroke(b, stroke);
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
		if (bench_set(b, MN_HAPPENS_UPDATE, bench_set_point()) || bench_gate(b))
			break;
		bench_pass(b, 25);
	}
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << MN_FAULT_UNDER_RATE);
	KUNIT_EXPECT_LE(test, b->now, b->s.run_since + (300 + 200 + 25) * MS);
}

/* To a higher one it has the run-up time to get there. */
static void measured_run_up_after_update(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_set set = bench_set_point();
	u64 faster;

	set.rate.mhz = 40000;
	KUNIT_ASSERT_EQ(test, bench_arm(b, set), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	bench_live(b, 500);
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, bench_set_point()), 0);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	faster = b->now;
	while (b->s.state == MN_STATE_RUNNING && b->now < faster + 1000 * MS) {
		struct mn_stroke stroke = bench_next_stroke(b);

		stroke.period_us = 25000;
		bench_tell_stroke(b, stroke);
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
		bench_pass(b, 25);
	}
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << MN_FAULT_UNDER_RATE);
	KUNIT_EXPECT_GE(test, b->now, faster + (300 + 200) * MS);
	KUNIT_EXPECT_LE(test, b->now, faster + (300 + 200 + 50) * MS);
}

/* Half the set rate is just fast enough. */
static void measured_half_rate(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	for (i = 0; i < 100; i++) {
		struct mn_stroke stroke = bench_next_stroke(b);

		stroke.period_us = 20000;
		bench_pass(b, 20);
		bench_tell_stroke(b, stroke);
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
	}
	EXPECT_NO_FAULT(b);
}

/* One that is fast enough ends the 200 ms. */
static void measured_slow_recovers(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	bench_live(b, 300);
	for (i = 0; i < 100; i++) {
		struct mn_stroke stroke = bench_next_stroke(b);

		stroke.period_us = i % 8 ? 25000 : 20000;
		bench_pass(b, 25);
		bench_tell_stroke(b, stroke);
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
	}
	EXPECT_NO_FAULT(b);
}

/*
 * A set point is changed while it runs: the handpiece counts from when it gets there, so that what
 * was told before is more than it will make up for. Found with a handpiece built from the
 * protocol's page alone: three updates in a hundred ended as a fault.
 */
static void measured_dose_update(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_set set = bench_set_point();
	unsigned int i;

	set.dose.strokes = 5;
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, set), 0);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	bench_stroke(b);
	KUNIT_ASSERT_EQ(test, bench_started(b, b->s.epoch, 0), 0);
	for (i = 0; i < 4; i++)
		bench_stroke(b);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_COMPLETE);
	/* The one that it still owed, and the one that crossed */
	bench_stroke(b);
	bench_stroke(b);
	EXPECT_NO_FAULT(b);
	bench_stroke(b);
	EXPECT_FAULT(b, MN_FAULT_OVER_DOSE);
}

/* From a start there is nothing before: one more is one too many. */
static void measured_dose_start(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_set set = bench_set_point();

	set.dose.strokes = 2;
	KUNIT_ASSERT_EQ(test, bench_arm(b, set), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	bench_stroke(b);
	bench_stroke(b);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_COMPLETE);
	bench_stroke(b);
	EXPECT_FAULT(b, MN_FAULT_OVER_DOSE);
}

/* Nor is a dose beyond all bounds: what is added to it might begin at 0 again. */
static void measured_dose_does_not_wrap(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke;

	b->s.keep.dose = U32_MAX - 1;
	stroke = bench_next_stroke(b);
	stroke.number += 5;
	bench_tell_stroke(b, stroke);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, U32_MAX);
	bench_stroke(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, U32_MAX);
}

/* The stroke before it was not told: it is the gap that is wrong, not the period. */
static void measured_no_period_after_a_gap(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke;

	bench_stroke(b);
	stroke = bench_next_stroke(b);
	stroke.number++;
	stroke.period_us = 0;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_SEQUENCE);
}

/* Away from home, at work: that is what it is for while it runs. */
static void measured_away_from_home_at_work(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	KUNIT_ASSERT_FALSE(test, b->report.idle);
	KUNIT_ASSERT_FALSE(test, b->report.inputs & MN_INPUT_HOME);
	bench_tell(b);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_RUNNING);
}

static struct kunit_case measured_cases[] = {
	KUNIT_CASE_PARAM(measured_stroke, stroke_gen_params),
	KUNIT_CASE_PARAM(measured_counts_all, stroke_gen_params),
	KUNIT_CASE(measured_exactly_the_rate),
	KUNIT_CASE(measured_gap_before_the_first),
	KUNIT_CASE(measured_first_stroke),
	KUNIT_CASE(measured_not_declared),
	KUNIT_CASE(measured_gap_counts),
	KUNIT_CASE(measured_number_wraps),
	KUNIT_CASE(measured_frozen),
	KUNIT_CASE(measured_frozen_over_pauses),
	KUNIT_CASE(measured_nearly_frozen),
	KUNIT_CASE(measured_slow),
	KUNIT_CASE(measured_slow_despite_updates),
	KUNIT_CASE(measured_run_up_after_update),
	KUNIT_CASE(measured_half_rate),
	KUNIT_CASE(measured_slow_recovers),
	KUNIT_CASE(measured_dose_update),
	KUNIT_CASE(measured_dose_start),
	KUNIT_CASE(measured_dose_does_not_wrap),
	KUNIT_CASE(measured_no_period_after_a_gap),
	KUNIT_CASE(measured_away_from_home_at_work),
	{}
};

static struct kunit_suite measured_suite = {
	.name = "mn-safety-measured",
	.test_cases = measured_cases,
};

kunit_test_suites(&measured_suite);
