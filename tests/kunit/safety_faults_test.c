// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults: what latches them, what is remembered of them, and how they are cleared.
 */
#include <linux/bits.h>

#include "safety_bench.h"

/* ---- latching ---- */

/* Every code latches from every place, kills, and has its own bit. */
static void faults_every_code(struct kunit *test)
{
	enum bench_place place;
	u32 code;

	for (code = MN_FAULT_NONE + 1; code < MN_FAULT_NR; code++) {
		for (place = 0; place < BENCH_FAULT; place++) {
			struct mn_stimulus fail = { .type = MN_HAPPENS_FAIL };
			struct bench *b = bench_at(test, place);

			fail.code = code;
			fail.detail[0] = -5;
			fail.detail[1] = 7;
			bench_step(b, &fail);
			EXPECT_FAULT(b, code);
			KUNIT_EXPECT_EQ(test, b->s.keep.detail[code][0], -5);
			KUNIT_EXPECT_EQ(test, b->s.keep.detail[code][1], 7);
		}
	}
}

/* A code that nobody knows is no reason to go on. */
static void faults_unknown_code(struct kunit *test)
{
	static const u32 codes[] = { MN_FAULT_NONE, MN_FAULT_NR, 63, 64, U32_MAX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		struct bench *b = bench_at(test, BENCH_RUNNING);

		bench_fail(b, codes[i]);
		EXPECT_FAULT(b, MN_FAULT_PROTOCOL);
	}
}

/* The first stays the first, and keeps the detail that it came with. */
static void faults_first(struct kunit *test)
{
	struct mn_stimulus fail = { .type = MN_HAPPENS_FAIL };
	struct bench *b = bench_at(test, BENCH_RUNNING);

	fail.code = MN_FAULT_OVER_CURRENT;
	fail.detail[0] = 900;
	bench_step(b, &fail);
	fail.code = MN_FAULT_OVER_DEPTH;
	fail.detail[0] = 700;
	bench_step(b, &fail);
	fail.code = MN_FAULT_OVER_CURRENT;
	fail.detail[0] = 1;
	bench_step(b, &fail);
	KUNIT_EXPECT_EQ(test, b->s.keep.first, MN_FAULT_OVER_CURRENT);
	KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_OVER_CURRENT][0], 900);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults,
			BIT_ULL(MN_FAULT_OVER_CURRENT) | BIT_ULL(MN_FAULT_OVER_DEPTH));
}

static void faults_emergency_stop(struct kunit *test)
{
	enum bench_place place;

	for (place = 0; place < BENCH_FAULT; place++) {
		struct bench *b = bench_at(test, place);

		b->report.inputs |= MN_INPUT_EMERGENCY_STOP;
		bench_tell(b);
		EXPECT_FAULT(b, MN_FAULT_EMERGENCY_STOP);
		KUNIT_EXPECT_TRUE(test, mn_safety_interlocks(&b->s) &
				  MN_INTERLOCK_EMERGENCY_STOP);
	}
}

/* What the handpiece latched itself is latched here. */
static void faults_of_handpiece(struct kunit *test)
{
	u32 code;

	for (code = MN_FAULT_NONE + 1; code < MN_FAULT_NR; code++) {
		struct bench *b = bench_at(test, BENCH_RUNNING);

		b->report.faults = BIT_ULL(code);
		bench_tell(b);
		EXPECT_FAULT(b, code);
	}
}

/* ---- the handpiece restarts ---- */

static void faults_restart_in_use(struct kunit *test)
{
	static const enum bench_place places[] = { BENCH_ARMED, BENCH_STARTING, BENCH_RUNNING };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i]);

		b->report.boot_id++;
		b->stroke_number = 0;
		bench_home(b);
		EXPECT_FAULT(b, MN_FAULT_HANDPIECE_RESTART);
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_RESYNC);
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_READ_TAG);
		/* Brown-out spends the cartridge. */
		bench_tell_tag(b);
		KUNIT_EXPECT_TRUE(test, mn_safety_cartridge_flags(&b->s) & MN_CARTRIDGE_SPENT);
	}
}

/* Not in use: no fault, but it is told to stop, for it refuses START until it was. */
static void faults_restart_at_rest(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	u32 epoch = b->s.epoch;

	b->report.boot_id++;
	bench_tell(b);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
	KUNIT_EXPECT_EQ(test, b->s.epoch, epoch + 1);
	KUNIT_EXPECT_EQ(test, b->actions, MN_ACT_KILL | MN_ACT_RESYNC | MN_ACT_READ_TAG);
	KUNIT_EXPECT_FALSE(test, b->s.tag.present);
}

/* A restart between ARM and its commit voids it. */
static void faults_restart_voids_arm(struct kunit *test)
{
	struct mn_stimulus commit = { .type = MN_HAPPENS_ARM_COMMIT };
	struct bench *b = bench_at(test, BENCH_SAFE);

	commit.set = bench_set_point();
	commit.epoch = b->s.epoch;
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_ARM, commit.set), 0);
	b->report.boot_id++;
	bench_tell(b);
	bench_tell(b);
	bench_mark(b);
	KUNIT_EXPECT_EQ(test, bench_step(b, &commit), -ECANCELED);
}

/* It counts strokes from 0 again, and that is not a gap. */
static void faults_restart_count(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	b->stroke_number = 1000;
	bench_plug(b);
	bench_go(b, BENCH_SAFE);
	b->report.boot_id++;
	b->stroke_number = 0;
	bench_tell(b);
	bench_tell(b);
	bench_tell_tag(b);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	bench_stroke(b);
	EXPECT_NO_FAULT(b);
}

/* ---- clearing ---- */

static void faults_clear(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_fail(b, MN_FAULT_OVER_DEPTH);
	bench_release(b);
	bench_home(b);
	bench_forget(b);
	KUNIT_EXPECT_EQ(test, bench_clear(b, BIT_ULL(MN_FAULT_OVER_DEPTH)), 0);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_CLEAR);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 0ULL);
	KUNIT_EXPECT_EQ(test, b->s.keep.first, MN_FAULT_NONE);
	/* Never arms, and leaves nothing that could start. */
	KUNIT_EXPECT_EQ(test, b->seen, 0U);
	KUNIT_EXPECT_EQ(test, b->s.set.depth.um, 0U);
	bench_press(b);
	bench_live(b, 200);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_START);
}

/* Only what was named, for only that has been seen. */
static void faults_clear_named(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_fail(b, MN_FAULT_OVER_CURRENT);
	bench_fail(b, MN_FAULT_SEQUENCE);
	bench_fail(b, MN_FAULT_BACKLOG);
	KUNIT_EXPECT_EQ(test, bench_clear(b, 0), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->s.keep.first, MN_FAULT_OVER_CURRENT);
	KUNIT_EXPECT_EQ(test, bench_clear(b, BIT_ULL(MN_FAULT_OVER_CURRENT)), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_FAULT);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults,
			BIT_ULL(MN_FAULT_SEQUENCE) | BIT_ULL(MN_FAULT_BACKLOG));
	KUNIT_EXPECT_TRUE(test, bench_latched(b, b->s.keep.first));
	/* One that was never latched changes nothing. */
	KUNIT_EXPECT_EQ(test, bench_clear(b, BIT_ULL(MN_FAULT_LEASE)), -EAGAIN);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), 0);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

/* Cleared by the controller alone, explicitly. */
static void faults_clear_by_controller(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_FAULT);
	u64 faults = b->s.keep.faults;

	bench_happens(b, MN_HAPPENS_RELEASE);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), -EPERM);
	KUNIT_EXPECT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, faults);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), 0);
}

struct cause_case {
	const char *name;
	enum mn_fault fault;
	void (*cause)(struct bench *b);
	void (*gone)(struct bench *b);
};

static void press_emergency(struct bench *b)
{
	b->report.inputs |= MN_INPUT_EMERGENCY_STOP;
	bench_tell(b);
}

static void release_emergency(struct bench *b)
{
	b->report.inputs &= ~MN_INPUT_EMERGENCY_STOP;
	bench_tell(b);
}

static void heat(struct bench *b)
{
	b->report.temp_mc = 60001;
	bench_tell(b);
}

static void cool(struct bench *b)
{
	b->report.temp_mc = 60000;
	bench_tell(b);
}

static void latch_itself(struct bench *b)
{
	b->report.faults = BIT_ULL(MN_FAULT_HANDPIECE);
	bench_tell(b);
}

static void clear_itself(struct bench *b)
{
	b->report.faults = 0;
	bench_tell(b);
}

static void lapse(struct bench *b)
{
	KUNIT_ASSERT_EQ(b->test, bench_arm(b, bench_set_point()), 0);
	bench_pass(b, 250);
	bench_tell(b);
	bench_pass(b, 50);
	bench_tell(b);
}

static void acquire_again(struct bench *b)
{
	KUNIT_ASSERT_EQ(b->test, bench_acquire(b, BENCH_TREATMENT), 0);
}

static void leave_home(struct bench *b)
{
	bench_fail(b, MN_FAULT_NOT_HOME);
	b->report.inputs &= ~MN_INPUT_HOME;
	bench_tell(b);
}

static void keep_running(struct bench *b)
{
	b->report.idle = false;
	bench_tell(b);
}

static void fall_silent(struct bench *b)
{
	bench_fail(b, MN_FAULT_SEQUENCE);
	bench_pass(b, 200);
	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	bench_pass(b, 100);
}

static const struct cause_case cause_cases[] = {
	{ "emergency stop", MN_FAULT_EMERGENCY_STOP, press_emergency, release_emergency },
	{ "temperature", MN_FAULT_OVER_TEMPERATURE, heat, cool },
	{ "the handpiece's own", MN_FAULT_HANDPIECE, latch_itself, clear_itself },
	{ "no lease", MN_FAULT_LEASE, lapse, acquire_again },
	{ "not home", MN_FAULT_NOT_HOME, leave_home, bench_home },
	{ "motor on", MN_FAULT_UNEXPECTED_MOTION, keep_running, bench_home },
	{ "handpiece silent", MN_FAULT_SEQUENCE, fall_silent, bench_tell },
};

KUNIT_ARRAY_PARAM_DESC(cause, cause_cases, name);

/* As long as the cause is there it cannot be cleared; once it is gone it still must be. */
static void faults_cause_present(struct kunit *test)
{
	const struct cause_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_SAFE);

	param->cause(b);
	KUNIT_ASSERT_TRUE(test, bench_latched(b, param->fault));
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, bench_latched(b, param->fault));
	param->gone(b);
	KUNIT_EXPECT_TRUE(test, bench_latched(b, param->fault));
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_FAULT);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), 0);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_CLEAR);
}

/* While the motor still runs down nothing is over. */
static void faults_clear_in_run_down(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_fail(b, MN_FAULT_OVER_CURRENT);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), -EAGAIN);
	bench_pass(b, 60);
	bench_home(b);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), 0);
}

struct untold_case {
	const char *name;
	s32 untold;	/* strokes by which the handpiece's count is ahead of what was reported */
	u32 counted;
};

static const struct untold_case untold_cases[] = {
	{ "none", 0, 0 },
	{ "three", 3, 3 },
	/* What says nothing of how many adds none. */
	{ "back by one", -1, 0 },
	{ "wildly", 0x40000000, 0 },
};

KUNIT_ARRAY_PARAM_DESC(untold, untold_cases, name);

/* Strokes made and never told are a fault; cleared, they count, and the next run starts afresh. */
static void faults_untold_strokes(struct kunit *test)
{
	const struct untold_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u32 dose = b->s.keep.dose;

	bench_fail(b, MN_FAULT_SEQUENCE);
	b->stroke_number += param->untold;
	bench_release(b);
	bench_home(b);
	KUNIT_ASSERT_EQ(test, bench_clear(b, ~0ULL), 0);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, dose + param->counted);
	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	bench_stroke(b);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, dose + param->counted + 1);
}

/* Without a clear the gap shows, though a pause was in it. */
static void faults_gap_over_a_pause(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_release(b);
	b->stroke_number += 3;
	bench_home(b);
	bench_live(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	bench_stroke(b);
	EXPECT_FAULT(b, MN_FAULT_SEQUENCE);
}

/* Unplugged and plugged again it is in FAULT as before, and clearing is still to be done. */
static void faults_outlive_the_plug(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_fail(b, MN_FAULT_OVER_DEPTH);
	bench_happens(b, MN_HAPPENS_UNPLUG);
	b->keep = b->s.keep;
	b->epoch = b->s.epoch;
	bench_release(b);
	b->report.idle = true;
	b->report.inputs |= MN_INPUT_HOME;
	bench_plug(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_FAULT);
	KUNIT_EXPECT_TRUE(test, bench_latched(b, MN_FAULT_OVER_DEPTH));
	KUNIT_EXPECT_EQ(test, b->s.keep.first, MN_FAULT_OVER_DEPTH);
	KUNIT_EXPECT_FALSE(test, b->s.controlled);
	KUNIT_EXPECT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), 0);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

static struct kunit_case faults_cases[] = {
	KUNIT_CASE(faults_every_code),
	KUNIT_CASE(faults_unknown_code),
	KUNIT_CASE(faults_first),
	KUNIT_CASE(faults_emergency_stop),
	KUNIT_CASE(faults_of_handpiece),
	KUNIT_CASE(faults_restart_in_use),
	KUNIT_CASE(faults_restart_at_rest),
	KUNIT_CASE(faults_restart_voids_arm),
	KUNIT_CASE(faults_restart_count),
	KUNIT_CASE(faults_clear),
	KUNIT_CASE(faults_clear_named),
	KUNIT_CASE(faults_clear_by_controller),
	KUNIT_CASE_PARAM(faults_cause_present, cause_gen_params),
	KUNIT_CASE(faults_clear_in_run_down),
	KUNIT_CASE_PARAM(faults_untold_strokes, untold_gen_params),
	KUNIT_CASE(faults_gap_over_a_pause),
	KUNIT_CASE(faults_outlive_the_plug),
	{}
};

static struct kunit_suite faults_suite = {
	.name = "mn-safety-faults",
	.test_cases = faults_cases,
};

kunit_test_suites(&faults_suite);
