// SPDX-License-Identifier: GPL-2.0-only
/*
 * The depth stop's home: self-test, and what its switches say against its count.
 */
#include "stepper_model.h"

/* ---- self-test ---- */

/* From wherever it stands, and as soon as it promised. */
static void home_found_from_anywhere(struct kunit *test)
{
	s32 at;

	for (at = 0; at < (s32)stop_board.travel; at++) {
		struct stop *stop = stop_new(test, &stop_board, at);

		stop_self_test(stop);
		KUNIT_ASSERT_EQ(test, stop->news & ~NEWS(NO_NEWS), NEWS(PASSED));
		KUNIT_ASSERT_TRUE(test, stop->s.homed);
		KUNIT_ASSERT_EQ(test, stop->at, 0);
		KUNIT_ASSERT_EQ(test, stop->motor, 0);
		KUNIT_ASSERT_LE(test, stop->deepest, max_t(s32, at, stop_board.release));
		KUNIT_ASSERT_LE(test, stop->time_ns, mn_stepper_test_ns(&stop_board));
	}
}

/* It stood at the depth end, whose switch opens on the way. */
static void home_found_from_the_end(struct kunit *test)
{
	struct stop *stop = stop_new(test, &stop_board, (s32)stop_board.travel);

	stop_self_test(stop);
	KUNIT_EXPECT_TRUE(test, stop->s.homed);
	KUNIT_EXPECT_LE(test, stop->deepest, (s32)stop_board.travel);
}

static void expect_failure(struct stop *stop, s32 deepest)
{
	stop_self_test(stop);
	KUNIT_EXPECT_TRUE(stop->test, stop->news & NEWS(FAILED));
	KUNIT_EXPECT_FALSE(stop->test, stop->news & NEWS(PASSED));
	KUNIT_EXPECT_FALSE(stop->test, stop->s.homed);
	KUNIT_EXPECT_LE(stop->test, stop->deepest, deepest);
	KUNIT_EXPECT_LE(stop->test, stop->time_ns, mn_stepper_test_ns(&stop_board));
	KUNIT_EXPECT_NOT_ERR_OR_NULL(stop->test, stop->s.why);
}

static void home_switch_stuck_open(struct kunit *test)
{
	struct stop *stop = stop_new(test, &stop_board, 300);

	stop->home_open = true;
	expect_failure(stop, 300);
}

/* It would have taken where it stands for home. What it went to see that, it goes back. */
static void home_switch_stuck_closed(struct kunit *test)
{
	struct stop *stop = stop_new(test, &stop_board, 300);

	stop->home_closed = true;
	expect_failure(stop, 300 + (s32)(stop_board.backlash + stop_board.release));
	KUNIT_EXPECT_EQ(test, stop->motor, 300);
}

static void both_switches_closed(struct kunit *test)
{
	struct stop *stop = stop_new(test, &stop_board, 300);

	stop->home_closed = true;
	stop->end_closed = true;
	expect_failure(stop, 300);
	KUNIT_EXPECT_EQ(test, stop->steps, 0U);
}

static void end_switch_stuck_closed(struct kunit *test)
{
	struct stop *stop = stop_new(test, &stop_board, 300);

	stop->end_closed = true;
	expect_failure(stop, 300);
}

/* Called off at each step: home, and the count is void. */
static void self_test_called_off(struct kunit *test)
{
	enum mn_stepper_news news;
	unsigned int after, i;
	bool busy = true;

	for (after = 0; busy; after++) {
		struct stop *stop = stop_new(test, &stop_board, 20);

		mn_stepper_test(&stop->s, stop_switches(stop), &news);
		for (i = 0; i < after; i++)
			stop_turn(stop);
		busy = stop->s.phase != MN_STEPPER_REST;
		stop_home(stop);
		KUNIT_ASSERT_TRUE(test, stop_switches(stop).home);
		if (!busy)
			break;
		KUNIT_ASSERT_FALSE(test, stop->s.homed);
		KUNIT_ASSERT_FALSE(test, stop->news & NEWS(PASSED));
	}
	KUNIT_EXPECT_GT(test, after, 30U);
}

/* ---- lost steps ---- */

/* Lost on the way out it is not as deep as it thinks, and home sooner. */
static void lost_on_the_way_out(struct kunit *test)
{
	struct stop *stop = stop_homed(test);

	stop->lose = stop_board.backlash;
	stop_go(stop, 200);
	stop_home(stop);
	KUNIT_EXPECT_TRUE(test, stop->s.homed);

	stop = stop_homed(test);
	stop->lose = stop_board.backlash + 1;
	stop_go(stop, 200);
	stop_forget(stop);
	stop_home(stop);
	KUNIT_EXPECT_TRUE(test, stop->news & NEWS(EARLY));
	KUNIT_EXPECT_FALSE(test, stop->s.homed);
	KUNIT_EXPECT_EQ(test, stop->at, 0);
}

/* Lost on the way home it would be deeper from then on: home counts anew, or not at all. */
static void lost_on_the_way_home(struct kunit *test)
{
	u32 lose;

	for (lose = 0; lose <= stop_board.backlash; lose++) {
		struct stop *stop = stop_homed(test);

		stop_go(stop, 200);
		stop->lose = lose;
		stop_home(stop);
		KUNIT_EXPECT_TRUE(test, stop->s.homed);
		KUNIT_EXPECT_EQ(test, stop->s.position, 0);
		KUNIT_EXPECT_EQ(test, stop->at, 0);
		stop_forget(stop);
		stop_go(stop, 200);
		KUNIT_EXPECT_LE(test, stop->deepest, 200);
	}
	for (; lose <= 200; lose += 7) {
		struct stop *stop = stop_homed(test);

		stop_go(stop, 200);
		stop_forget(stop);
		stop->lose = lose;
		stop_home(stop);
		KUNIT_EXPECT_TRUE(test, stop->news & NEWS(LATE));
		KUNIT_EXPECT_TRUE(test, stop->news & NEWS(FOUND));
		KUNIT_EXPECT_FALSE(test, stop->s.homed);
		KUNIT_EXPECT_EQ(test, stop->at, 0);
	}
}

static void never_home(struct kunit *test)
{
	struct stop *stop = stop_homed(test);

	stop_go(stop, 200);
	stop_forget(stop);
	stop->home_open = true;
	stop_home(stop);
	KUNIT_EXPECT_TRUE(test, stop->news & NEWS(LATE));
	KUNIT_EXPECT_TRUE(test, stop->news & NEWS(LOST));
	KUNIT_EXPECT_FALSE(test, stop->s.homed);
	KUNIT_EXPECT_LE(test, stop->steps, 200 + 4 + stop_board.travel * 5 / 4 + 4);
	/* It gave up: another stop does not have it try again, but who asks does. */
	stop_forget(stop);
	stop_home(stop);
	KUNIT_EXPECT_EQ(test, stop->steps, 0U);
	stop->home_open = false;
	stop->motor = 50;
	stop->at = 50;
	mn_stepper_seek(&stop->s, stop_switches(stop));
	stop_run(stop);
	KUNIT_EXPECT_TRUE(test, stop->news & NEWS(FOUND));
	KUNIT_EXPECT_EQ(test, stop->at, 0);
}

/* ---- switches at depth ---- */

/* It never opens on the way out: seen long before the depth, and it goes back to where it was. */
static void home_switch_stuck_on_the_way(struct kunit *test)
{
	struct stop *stop = stop_homed(test);

	stop->home_closed = true;
	stop_go(stop, 400);
	KUNIT_EXPECT_TRUE(test, stop->news & NEWS(STUCK));
	KUNIT_EXPECT_FALSE(test, stop->news & NEWS(ARRIVED));
	KUNIT_EXPECT_LE(test, stop->deepest, (s32)(stop_board.backlash + stop_board.release + 1));
	KUNIT_EXPECT_EQ(test, stop->motor, 0);
	KUNIT_EXPECT_FALSE(test, stop->s.homed);
}

/* It closes at depth: not to be believed, so home is where the count says. */
static void home_switch_stuck_at_depth(struct kunit *test)
{
	struct stop *stop = stop_homed(test);

	stop_go(stop, 400);
	stop->home_closed = true;
	stop_home(stop);
	KUNIT_EXPECT_EQ(test, stop->motor, 0);
	KUNIT_EXPECT_FALSE(test, stop->s.homed);
}

/* Not one step deeper once it is pressed. */
static void end_switch_pressed(struct kunit *test)
{
	struct stop *stop = stop_homed(test);
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, mn_stepper_go(&stop->s, 400));
	for (i = 0; i < 100; i++)
		stop_turn(stop);
	stop->end_closed = true;
	stop_run(stop);
	KUNIT_EXPECT_TRUE(test, stop->news & NEWS(END));
	KUNIT_EXPECT_LE(test, stop->deepest, 100);
	KUNIT_EXPECT_FALSE(test, stop->s.homed);
	KUNIT_EXPECT_EQ(test, stop->at, 0);

	/* By its interrupt, at rest at depth */
	stop = stop_homed(test);
	stop_go(stop, 400);
	stop_forget(stop);
	mn_stepper_end(&stop->s);
	stop_run(stop);
	KUNIT_EXPECT_FALSE(test, stop->s.homed);
	KUNIT_EXPECT_EQ(test, stop->at, 0);
}

static struct kunit_case stepper_home_cases[] = {
	KUNIT_CASE(home_found_from_anywhere),
	KUNIT_CASE(home_found_from_the_end),
	KUNIT_CASE(home_switch_stuck_open),
	KUNIT_CASE(home_switch_stuck_closed),
	KUNIT_CASE(both_switches_closed),
	KUNIT_CASE(end_switch_stuck_closed),
	KUNIT_CASE(self_test_called_off),
	KUNIT_CASE(lost_on_the_way_out),
	KUNIT_CASE(lost_on_the_way_home),
	KUNIT_CASE(never_home),
	KUNIT_CASE(home_switch_stuck_on_the_way),
	KUNIT_CASE(home_switch_stuck_at_depth),
	KUNIT_CASE(end_switch_pressed),
	{}
};

static struct kunit_suite stepper_home_suite = {
	.name = "mn-stepper-home",
	.test_cases = stepper_home_cases,
};

kunit_test_suites(&stepper_home_suite);
