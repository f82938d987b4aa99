// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is said of a fault and of a refusal, to the number: it is what the service engineer reads.
 */
#include "safety_bench.h"

struct detail_case {
	const char *name;
	enum bench_place place;
	void (*happen)(struct bench *b);
	enum mn_fault fault;
	s32 detail[2];
};

static void lease_lapses(struct bench *b)
{
	bench_pass(b, 200);
	bench_tell(b);
	bench_pass(b, 100);
}

static void status_falls_silent(struct bench *b)
{
	bench_pass(b, 200);
	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	bench_pass(b, 100);
}

static void strokes_fall_silent(struct bench *b)
{
	bench_tell(b);
	bench_pass(b, 100);
}

static void never_home(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_STOP);
	bench_pass(b, 80);
}

static void closed(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_CLOSE);
}

static void unplugged(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_UNPLUG);
}

static void cartridge_changes(struct bench *b)
{
	b->report.insertions = 3;
	bench_tell(b);
}

static void cartridge_reads_badly(struct bench *b)
{
	b->tag.readable = false;
	bench_tell_tag(b);
}

static void restarts(struct bench *b)
{
	b->report.boot_id++;
	bench_tell(b);
}

static void emergency(struct bench *b)
{
	b->report.inputs |= MN_INPUT_EMERGENCY_STOP;
	bench_tell(b);
}

static void latches_itself(struct bench *b)
{
	b->report.faults = 1ULL << MN_FAULT_OVER_CURRENT;
	bench_tell(b);
}

static void self_test_fails(struct bench *b)
{
	b->report.self_test = MN_SELF_TEST_FAILED;
	bench_tell(b);
}

static void claims_an_epoch(struct bench *b)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_REPORT };

	what.report = b->report;
	what.report.epoch = b->s.epoch + 1;
	bench_step(b, &what);
}

static void motor_on(struct bench *b)
{
	b->report.idle = false;
	b->report.inputs &= ~MN_INPUT_HOME;
	bench_tell(b);
}

static void start_fails(struct bench *b)
{
	bench_started(b, b->s.run_epoch, -EIO);
}

static void comes_late(struct bench *b)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.age_us = 99900;
	bench_tell_stroke(b, stroke);
}

static void of_an_older_start(struct bench *b)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.epoch--;
	bench_tell_stroke(b, stroke);
}

static void of_a_later_start(struct bench *b)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.epoch++;
	bench_tell_stroke(b, stroke);
}

static void one_too_many(struct bench *b)
{
	struct mn_set set = bench_set_point();

	set.dose.strokes = 2;
	KUNIT_ASSERT_EQ(b->test, bench_arm(b, set), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(b->test, bench_gate(b), 0);
	bench_stroke(b);
	bench_stroke(b);
	bench_stroke(b);
}

static void depth_freezes(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < MN_FROZEN_STROKES; i++) {
		struct mn_stroke stroke = bench_next_stroke(b);

		stroke.depth_um = 444;
		bench_tell_stroke(b, stroke);
	}
}

static void no_depth(struct bench *b)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.depth_um = MN_NOT_MEASURED;
	bench_tell_stroke(b, stroke);
}

static void no_rate(struct bench *b)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.period_us = MN_NOT_MEASURED;
	bench_tell_stroke(b, stroke);
}

static void no_period(struct bench *b)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.period_us = 0;
	bench_tell_stroke(b, stroke);
}

static void no_current(struct bench *b)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.current_ma = MN_NOT_MEASURED;
	bench_tell_stroke(b, stroke);
}

/* The bench begins at BENCH_EPOCH and is plugged in with a stop: that is the next. */
static const struct detail_case detail_cases[] = {
	{ "lease", BENCH_ARMED, lease_lapses, MN_FAULT_LEASE, { 300, 0 } },
	{ "status silence", BENCH_ARMED, status_falls_silent, MN_FAULT_STATUS_SILENCE, { 300, 0 } },
	{ "stroke silence", BENCH_RUNNING, strokes_fall_silent, MN_FAULT_STROKE_SILENCE,
	  { 100, 0 } },
	{ "not home", BENCH_RUNNING, never_home, MN_FAULT_NOT_HOME, { 60, 0 } },
	{ "controller lost", BENCH_RUNNING, closed, MN_FAULT_CONTROLLER_LOST, { 0, 0 } },
	{ "unplugged", BENCH_RUNNING, unplugged, MN_FAULT_UNPLUGGED, { 0, 0 } },
	{ "cartridge changed", BENCH_RUNNING, cartridge_changes, MN_FAULT_CARTRIDGE, { 3, 0 } },
	{ "cartridge unreadable", BENCH_ARMED, cartridge_reads_badly, MN_FAULT_CARTRIDGE,
	  { 1, 0 } },
	{ "restart", BENCH_ARMED, restarts, MN_FAULT_HANDPIECE_RESTART, { 0, 0 } },
	{ "emergency stop", BENCH_SAFE, emergency, MN_FAULT_EMERGENCY_STOP, { 0, 0 } },
	{ "the handpiece's own", BENCH_SAFE, latches_itself, MN_FAULT_OVER_CURRENT, { 0, 0 } },
	{ "self-test", BENCH_SAFE, self_test_fails, MN_FAULT_SELF_TEST, { 0, 0 } },
	{ "epoch never sent", BENCH_SAFE, claims_an_epoch, MN_FAULT_PROTOCOL,
	  { 0, BENCH_EPOCH + 2 } },
	{ "motor on", BENCH_SAFE, motor_on, MN_FAULT_UNEXPECTED_MOTION, { 0, BENCH_EPOCH + 1 } },
	{ "start failed", BENCH_STARTING, start_fails, MN_FAULT_TRANSPORT, { -EIO, 0 } },
	{ "late stroke", BENCH_RUNNING, comes_late, MN_FAULT_BACKLOG, { 99, 50 } },
	{ "older start", BENCH_RUNNING, of_an_older_start, MN_FAULT_UNEXPECTED_MOTION,
	  { 2, BENCH_EPOCH } },
	{ "later start", BENCH_RUNNING, of_a_later_start, MN_FAULT_UNEXPECTED_MOTION,
	  { 2, BENCH_EPOCH + 2 } },
	{ "one too many", BENCH_SAFE, one_too_many, MN_FAULT_OVER_DOSE, { 3, 2 } },
	{ "depth frozen", BENCH_RUNNING, depth_freezes, MN_FAULT_DEPTH_FROZEN,
	  { 444, MN_FROZEN_STROKES } },
	{ "no depth", BENCH_RUNNING, no_depth, MN_FAULT_MEASUREMENT, { MN_QUANTITY_DEPTH, -1 } },
	{ "no rate", BENCH_RUNNING, no_rate, MN_FAULT_MEASUREMENT, { MN_QUANTITY_RATE, -1 } },
	{ "no period", BENCH_RUNNING, no_period, MN_FAULT_MEASUREMENT, { MN_QUANTITY_RATE, 0 } },
	{ "no current", BENCH_RUNNING, no_current, MN_FAULT_MEASUREMENT, { MN_QUANTITY_NR, 0 } },
};

KUNIT_ARRAY_PARAM_DESC(detail, detail_cases, name);

static void detail_of_each_fault(struct kunit *test)
{
	const struct detail_case *param = test->param_value;
	struct bench *b = bench_at(test, param->place);
	const s32 *detail = b->s.keep.detail[param->fault];

	param->happen(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << param->fault);
	KUNIT_EXPECT_EQ(test, detail[0], param->detail[0]);
	KUNIT_EXPECT_EQ(test, detail[1], param->detail[1]);
}

/* What was not measured is not told as if it had been. */
static void detail_rate_as_last_measured(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u32 rate;

	bench_stroke(b);
	rate = b->s.last_rate_mhz;
	KUNIT_ASSERT_EQ(test, rate, BENCH_RATE_MHZ);
	no_rate(b);
	KUNIT_EXPECT_EQ(test, b->s.last_rate_mhz, rate);
}

/* A refusal says why this was refused, and nothing of one before. */
static void detail_refusal_is_of_this_step(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	memset(&b->refusal, 0xff, sizeof(b->refusal));
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), 0);
	KUNIT_EXPECT_EQ(test, b->refusal.quantity, 0U);
	KUNIT_EXPECT_EQ(test, b->refusal.source, 0U);
	KUNIT_EXPECT_EQ(test, b->refusal.limit, 0U);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, 0U);
}

/* A handpiece that was never seen has the administrator's limits to begin with, and no others. */
static void detail_nothing_remembered(struct kunit *test)
{
	struct bench *b = bench_new(test);
	const u8 *bytes = (const u8 *)&b->keep;
	size_t i, set = 0;

	memset(&b->keep, 0xff, sizeof(b->keep));
	mn_keep_init(&b->keep, 1234);
	KUNIT_EXPECT_EQ(test, b->keep.admin[MN_QUANTITY_DEPTH], 1234U);
	KUNIT_EXPECT_EQ(test, b->keep.admin[MN_QUANTITY_RATE], (u32)MN_CEILING_RATE_MHZ);
	KUNIT_EXPECT_EQ(test, b->keep.admin[MN_QUANTITY_DOSE], (u32)MN_CEILING_DOSE_STROKES);
	KUNIT_EXPECT_EQ(test, b->keep.admin[MN_QUANTITY_RUN_TIME], (u32)MN_CEILING_RUN_MS);
	memset(b->keep.admin, 0, sizeof(b->keep.admin));
	for (i = 0; i < sizeof(b->keep); i++)
		set += bytes[i] != 0;
	KUNIT_EXPECT_EQ(test, set, (size_t)0);
}

static struct kunit_case detail_kunit_cases[] = {
	KUNIT_CASE_PARAM(detail_of_each_fault, detail_gen_params),
	KUNIT_CASE(detail_rate_as_last_measured),
	KUNIT_CASE(detail_refusal_is_of_this_step),
	KUNIT_CASE(detail_nothing_remembered),
	{}
};

static struct kunit_suite detail_suite = {
	.name = "mn-safety-detail",
	.test_cases = detail_kunit_cases,
};

kunit_test_suites(&detail_suite);
