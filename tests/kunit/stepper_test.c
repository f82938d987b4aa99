// SPDX-License-Identifier: GPL-2.0-only
/*
 * The depth stop: where it goes, to the step, and when, to the microsecond.
 */
#include <linux/prandom.h>

#include "stepper_model.h"

#define SET_POINTS	10000
#define SECOND		1000000000ULL
#define EXACT_NS	1000ULL

/* ---- where ---- */

/* Each set point from home and back, with more or less play than the board says there may be. */
static void stepper_set_points(struct kunit *test)
{
	struct stop *stop = stop_homed(test);
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 0x6e65656478);
	for (i = 0; i < SET_POINTS; i++) {
		const u32 depth_um = prandom_u32_state(&rnd) % 2501;
		const u32 want = depth_um / 5;	/* the board's micrometres per step */

		stop->play = (s32)(prandom_u32_state(&rnd) % 5);
		stop->at = clamp(stop->at, stop->motor - stop->play, stop->motor);
		stop_forget(stop);
		KUNIT_ASSERT_EQ(test, mn_stepper_steps(&stop->s.board, depth_um), want);
		stop_go(stop, want);
		KUNIT_ASSERT_EQ(test, stop->steps, want);
		KUNIT_ASSERT_EQ(test, stop->motor, (s32)want);
		KUNIT_ASSERT_EQ(test, mn_stepper_depth_um(&stop->s), want * 5);
		KUNIT_ASSERT_LE(test, stop->deepest, (s32)want);
		KUNIT_ASSERT_EQ(test, stop->news & ~NEWS(NO_NEWS), NEWS(ARRIVED));
		/* The play lies on the home side, whatever it is. */
		KUNIT_ASSERT_EQ(test, stop->at, max((s32)want - stop->play, 0));

		stop_forget(stop);
		stop_home(stop);
		KUNIT_ASSERT_EQ(test, stop->steps, want);
		KUNIT_ASSERT_EQ(test, stop->motor, 0);
		KUNIT_ASSERT_TRUE(test, stop_switches(stop).home);
		KUNIT_ASSERT_EQ(test, stop->s.position, 0);
		KUNIT_ASSERT_TRUE(test, stop->s.homed);
		KUNIT_ASSERT_EQ(test, stop->news & ~(NEWS(NO_NEWS) | NEWS(HOME)), 0U);
	}
}

/* From one depth to another without home: from the same side, and no deeper than the deeper one. */
static void stepper_from_depth_to_depth(struct kunit *test)
{
	struct stop *stop = stop_homed(test);
	struct rnd_state rnd;
	s32 was = 0, want;
	unsigned int i;

	prandom_seed_state(&rnd, 0x7570646174);
	for (i = 0; i < SET_POINTS; i++) {
		want = (s32)(prandom_u32_state(&rnd) % (stop_board.limit + 1));
		stop_forget(stop);
		stop_go(stop, (u32)want);
		KUNIT_ASSERT_EQ(test, stop->motor, want);
		KUNIT_ASSERT_LE(test, stop->deepest, max(want, was));
		KUNIT_ASSERT_EQ(test, stop->at, max(want - stop->play, 0));
		was = want;
	}
	stop_home(stop);
	KUNIT_EXPECT_EQ(test, stop->motor, 0);
}

static void stepper_refuses(struct kunit *test)
{
	struct stop *stop = stop_new(test, &stop_board, 0);

	KUNIT_EXPECT_FALSE(test, mn_stepper_go(&stop->s, 10));
	stop = stop_homed(test);
	KUNIT_EXPECT_FALSE(test, mn_stepper_go(&stop->s, stop_board.limit + 1));
	KUNIT_EXPECT_FALSE(test, mn_stepper_go(&stop->s, U32_MAX));
	KUNIT_ASSERT_TRUE(test, mn_stepper_go(&stop->s, stop_board.limit));
	KUNIT_EXPECT_FALSE(test, mn_stepper_go(&stop->s, 10));
	stop_run(stop);
	mn_stepper_forget(&stop->s);
	KUNIT_EXPECT_FALSE(test, mn_stepper_go(&stop->s, 10));
}

/* Called off after each number of steps: no deeper than it was sent, and home without a fault. */
static void stepper_called_off(struct kunit *test)
{
	struct stop *stop = stop_homed(test);
	const u32 target = 400;
	u32 after, i;

	for (after = 0; after <= target; after++) {
		stop_forget(stop);
		KUNIT_ASSERT_TRUE(test, mn_stepper_go(&stop->s, target));
		for (i = 0; i < after; i++)
			stop_turn(stop);
		KUNIT_ASSERT_EQ(test, stop->steps, after);
		stop_home(stop);
		KUNIT_ASSERT_LE(test, stop->deepest, (s32)target);
		/* As many steps to stand as to get there, and never more than the ramp has. */
		KUNIT_ASSERT_LE(test, stop->deepest, (s32)min(2 * after, after + 80));
		KUNIT_ASSERT_EQ(test, stop->motor, 0);
		KUNIT_ASSERT_TRUE(test, stop->s.homed);
		KUNIT_ASSERT_LE(test, stop->time_ns,
				mn_stepper_ramp_ns(&stop_board, target, after ?: 1) +
				mn_stepper_home_ns(&stop_board));
	}
}

/* ---- when ---- */

/* Is @t the square root of num / den seconds, within a microsecond? */
static bool is_root(u64 t, u64 num, u64 den)
{
	const unsigned __int128 want = (unsigned __int128)num * SECOND * SECOND;
	const unsigned __int128 low = t > EXACT_NS ? t - EXACT_NS : 0, high = t + EXACT_NS;

	return low * low * den <= want && want <= high * high * den;
}

static bool is_quotient(u64 t, u64 num, u64 den)
{
	const unsigned __int128 want = (unsigned __int128)num * SECOND;

	return (unsigned __int128)t * den <= want + EXACT_NS * den &&
	       want <= (unsigned __int128)t * den + EXACT_NS * den;
}

/* Step @n of @total against the physics: uniformly accelerated, at speed, or slowed down. */
static bool is_ideal(const struct mn_stepper_board *b, u32 total, u32 n)
{
	const u64 v = b->speed, a = b->acceleration;
	const u64 t = mn_stepper_ramp_ns(b, total, n);
	const u64 end = mn_stepper_ramp_ns(b, total, total);
	const bool peaks = total * a <= v * v;
	const u64 left = total - n;

	if (peaks && !is_root(end, 4ULL * total, a))
		return false;
	if (!peaks && !is_quotient(end, total * a + v * v, v * a))
		return false;
	if (peaks ? 2 * n <= total : 2 * a * n <= v * v)
		return is_root(t, 2ULL * n, a);
	if (peaks || 2 * a * left <= v * v)
		return is_root(end - t, 2 * left, a);
	return is_quotient(t, 2 * a * n + v * v, 2 * a * v);
}

static void expect_ideal(struct kunit *test, const struct mn_stepper_board *b, u32 total)
{
	const u64 shortest = SECOND / b->speed;
	u64 was = 0, t;
	u32 n;

	for (n = 1; n <= total; n++) {
		t = mn_stepper_ramp_ns(b, total, n);
		if (!is_ideal(b, total, n))
			KUNIT_FAIL(test, "step %u of %u at %llu ns (v %u, a %u)", n, total, t,
				   b->speed, b->acceleration);
		/* Two times are rounded, so by two nanoseconds and more from a root. */
		KUNIT_EXPECT_GE(test, t + 10, was + shortest);
		was = t;
	}
}

static void stepper_ramp_times(struct kunit *test)
{
	static const struct mn_stepper_board boards[] = {
		{ .speed = 8000, .acceleration = 400000 },
		{ .speed = 50000, .acceleration = 10000000 },
		{ .speed = 100, .acceleration = 1000 },
		{ .speed = 12345, .acceleration = 98765 },
		{ .speed = 50000, .acceleration = 1000 },
	};
	static const u32 totals[] = { 1, 2, 3, 79, 80, 81, 159, 160, 161, 162, 500, 600 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(boards); i++)
		for (j = 0; j < ARRAY_SIZE(totals); j++)
			expect_ideal(test, &boards[i], totals[j]);
}

/* No error adds up: the last of many steps is as exact as the first. */
static void stepper_no_drift(struct kunit *test)
{
	static const struct mn_stepper_board board = { .speed = 9973, .acceleration = 99991 };

	expect_ideal(test, &board, 20000);
}

static struct kunit_case stepper_cases[] = {
	KUNIT_CASE(stepper_set_points),
	KUNIT_CASE(stepper_from_depth_to_depth),
	KUNIT_CASE(stepper_refuses),
	KUNIT_CASE(stepper_called_off),
	KUNIT_CASE(stepper_ramp_times),
	KUNIT_CASE(stepper_no_drift),
	{}
};

static struct kunit_suite stepper_suite = {
	.name = "mn-stepper",
	.test_cases = stepper_cases,
};

kunit_test_suites(&stepper_suite);
