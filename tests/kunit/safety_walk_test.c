// SPDX-License-Identifier: GPL-2.0-only
/*
 * Long walks through the rules: happenings in any order, likely and unlikely ones, each step held
 * against what must be true after any. The same walk every time.
 */
#include "safety_bench.h"

#define WALK_STEPS	20000

/* Numerical Recipes' constants: good enough to choose, and the same on every machine. */
static u32 choose(u32 *seed, u32 among)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (*seed >> 16) % among;
}

static u32 near_or_far(u32 *seed, u32 near)
{
	static const u32 far[] = { 0, 1, 0x7fffffff, 0x80000000, U32_MAX };
	u32 which = choose(seed, 8);

	if (which < ARRAY_SIZE(far))
		return far[which];
	return near - 1 + which % 3;
}

static void walk_set(struct bench *b, u32 *seed)
{
	static const enum mn_happening how[] = { MN_HAPPENS_ARM, MN_HAPPENS_ARM_COMMIT,
						 MN_HAPPENS_UPDATE };
	struct mn_set set = bench_set_point();

	if (choose(seed, 4) == 0)
		set.depth.um = near_or_far(seed, 1000);
	if (choose(seed, 4) == 0)
		set.rate.mhz = near_or_far(seed, 120000);
	if (choose(seed, 4) == 0)
		set.dose.strokes = near_or_far(seed, 20);
	if (choose(seed, 4) == 0)
		set.run.ms = near_or_far(seed, 200);
	bench_set(b, how[choose(seed, ARRAY_SIZE(how))], set);
}

static void walk_report(struct bench *b, u32 *seed)
{
	switch (choose(seed, 12)) {
	case 0:
		b->report.inputs ^= MN_INPUT_EMERGENCY_STOP;
		break;
	case 1:
		b->report.inputs ^= MN_INPUT_CARTRIDGE;
		b->report.insertions++;
		break;
	case 2:
		b->report.boot_id++;
		break;
	case 3:
		b->report.temp_mc = 60000 + (s32)choose(seed, 3) - 1;
		break;
	case 4:
		b->report.idle = !b->report.idle;
		break;
	case 5:
	case 6:
	case 7:
		b->report.inputs ^= MN_INPUT_TRIGGER;
		break;
	case 8:
		b->report.faults ^= 1ULL << choose(seed, 64);
		break;
	default:
		b->report.idle = b->s.state != MN_STATE_RUNNING;
		b->report.inputs = (b->report.inputs & MN_INPUT_TRIGGER) | MN_INPUT_CARTRIDGE |
				   (b->report.idle ? MN_INPUT_HOME : 0);
		b->report.faults = 0;
		b->report.temp_mc = 25000;
		break;
	}
	bench_tell(b);
}

static void walk_stroke(struct bench *b, u32 *seed)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	if (b->s.state != MN_STATE_RUNNING && choose(seed, 8))
		return;
	switch (choose(seed, 40)) {
	case 0:
		stroke.depth_um = near_or_far(seed, 550);
		break;
	case 1:
		stroke.period_us = near_or_far(seed, 7937);
		break;
	case 2:
		stroke.number = near_or_far(seed, stroke.number);
		break;
	case 3:
		stroke.epoch = near_or_far(seed, stroke.epoch);
		break;
	default:
		break;
	}
	bench_tell_stroke(b, stroke);
}

/* The way to go on when it has stopped: what a patient operator would do. */
static void walk_back(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_RESUME);
	bench_happens(b, MN_HAPPENS_TESTED);
	b->report.inputs = MN_INPUT_CARTRIDGE | MN_INPUT_HOME;
	b->report.idle = true;
	b->report.faults = 0;
	b->report.temp_mc = 25000;
	b->report.self_test = MN_SELF_TEST_PASSED;
	bench_tell(b);
	b->tag.marked = false;
	b->tag.readable = true;
	bench_swap_cartridge(b, b->tag.uid + 1);
	bench_acquire(b, BENCH_TREATMENT);
	bench_clear(b, ~0ULL);
	bench_arm(b, bench_set_point());
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	bench_gate(b);
}

static void walk_step(struct bench *b, u32 *seed)
{
	switch (choose(seed, 32)) {
	case 0:
		bench_acquire(b, BENCH_TREATMENT + choose(seed, 2));
		break;
	case 1:
		bench_lower(b, choose(seed, 2) ? MN_HAPPENS_SET_LIMITS : MN_HAPPENS_SET_ADMIN,
			    choose(seed, MN_QUANTITY_NR), near_or_far(seed, 1000));
		break;
	case 2:
		bench_clear(b, choose(seed, 2) ? ~0ULL : 1ULL << choose(seed, 64));
		break;
	case 3:
		bench_fail(b, near_or_far(seed, choose(seed, MN_FAULT_NR)));
		break;
	case 4:
		bench_started(b, near_or_far(seed, b->s.run_epoch), choose(seed, 2) ? 0 : -EIO);
		break;
	case 5:
		bench_mark(b);
		break;
	case 6:
		b->tag.readable = choose(seed, 4);
		bench_tell_tag(b);
		break;
	case 7:
		bench_happens(b, choose(seed, MN_HAPPENS_UNPLUG + 2));
		break;
	case 8:
	case 9:
		walk_set(b, seed);
		break;
	case 10:
	case 11:
	case 12:
		walk_report(b, seed);
		break;
	case 13:
	case 14:
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
		break;
	case 15:
		bench_happens(b, MN_HAPPENS_BEGIN);
		break;
	case 16:
		bench_pass(b, choose(seed, 400));
		break;
	case 17:
		walk_back(b);
		break;
	default:
		bench_pass(b, choose(seed, 12));
		walk_stroke(b, seed);
		break;
	}
}

/* Every hundred steps a handpiece out of the box, so that spent doses and limits do not end it. */
static void walk(struct kunit *test)
{
	unsigned int step, runs = 0, seen[MN_STATE_FAULT + 1] = {};
	u32 seed = (u32)(uintptr_t)test->param_value;
	struct bench *b = bench_new(test), *fresh = bench_new(test);

	for (step = 0; step < WALK_STEPS && test->status != KUNIT_FAILURE; step++) {
		enum mn_state was = b->s.state;

		if (step % 100 == 0) {
			fresh->now = b->now;
			*b = *fresh;
			bench_plug(b);
			bench_go(b, BENCH_RUNNING);
		}
		walk_step(b, &seed);
		seen[b->s.state]++;
		runs += was != MN_STATE_RUNNING && b->s.state == MN_STATE_RUNNING;
	}
	/* A walk that never gets anywhere shows nothing. */
	KUNIT_EXPECT_GT(test, runs, WALK_STEPS / 1000U);
	KUNIT_EXPECT_GT(test, seen[MN_STATE_SAFE], WALK_STEPS / 100U);
	KUNIT_EXPECT_GT(test, seen[MN_STATE_ARMED], WALK_STEPS / 200U);
	KUNIT_EXPECT_GT(test, seen[MN_STATE_RUNNING], WALK_STEPS / 100U);
	KUNIT_EXPECT_GT(test, seen[MN_STATE_FAULT], WALK_STEPS / 100U);
}

static const void *walk_gen_params(const void *prev, char *desc)
{
	uintptr_t seed = (uintptr_t)prev + 1;

	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "seed %u", (u32)seed);
	return seed <= 8 ? (void *)seed : NULL;
}

static struct kunit_case walk_cases[] = {
	KUNIT_CASE_PARAM(walk, walk_gen_params),
	{}
};

static struct kunit_suite walk_suite = {
	.name = "mn-safety-walk",
	.test_cases = walk_cases,
};

kunit_test_suites(&walk_suite);
