// SPDX-License-Identifier: GPL-2.0-only
/*
 * What starts the motor and what ends a run in good order: foot switch, START, run time, strokes.
 */
#include "safety_bench.h"

/* ---- the press ---- */

/* A press counts once it has lasted 20 ms, and not a nanosecond earlier. */
static void trigger_debounce(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass(b, MN_TRIGGER_RELEASED_MS);
	bench_press(b);
	bench_pass_ns(b, 20 * MS - 1);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_START);
	bench_pass_ns(b, 1);
	KUNIT_EXPECT_TRUE(test, b->seen & MN_ACT_START);
	KUNIT_EXPECT_EQ(test, bench_gate(b), 0);
	EXPECT_STATE(b, MN_STATE_RUNNING, MN_CAUSE_TRIGGER);
}

/* Released for 100 ms since ARM, and not a nanosecond less. */
static void trigger_released_before(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass_ns(b, 100 * MS - 1);
	bench_press(b);
	bench_live(b, 200);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_START);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);

	/* That press never counts; the next does, after 100 ms. */
	bench_release(b);
	bench_live(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_EXPECT_TRUE(test, b->seen & MN_ACT_START);
}

/* Pressed when ARM comes, or when it is committed: refused, whatever is set. */
static void trigger_pressed_at_arm(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_press(b);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_TRIGGER);
	bench_release(b);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), 0);
	bench_mark(b);
	bench_press(b);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM_COMMIT, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_TRIGGER);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

/* A touch shorter than the debounce starts nothing, not even later. */
static void trigger_touch(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 19);
	bench_release(b);
	bench_live(b, 200);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_START);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_ARM);
}

/* Contacts bounce: the press counts 20 ms after the last bounce. */
static void trigger_bounce(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);
	unsigned int i;

	bench_pass(b, 100);
	for (i = 0; i < 3; i++) {
		bench_press(b);
		bench_pass(b, 2);
		bench_release(b);
		bench_pass(b, 2);
	}
	bench_press(b);
	bench_pass_ns(b, 20 * MS - 1);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_START);
	bench_pass_ns(b, 1);
	KUNIT_EXPECT_TRUE(test, b->seen & MN_ACT_START);
}

/* Let go after the press counted and before the gate: nothing starts. */
static void trigger_released_before_gate(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_TRUE(test, b->seen & MN_ACT_START);
	bench_release(b);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_ARM);
	/* Held again at once, it is no press. */
	bench_press(b);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
}

/* Let go and pressed again while the gate was waited for: the first press counts no more. */
static void trigger_pressed_again_before_gate(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_TRUE(test, b->seen & MN_ACT_START);
	bench_release(b);
	bench_press(b);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_ARM);
}

/* What is held down while nothing is armed does not count when it is. */
static void trigger_outside_armed(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_press(b);
	bench_pass(b, 200);
	KUNIT_EXPECT_EQ(test, b->seen & (MN_ACT_START | MN_ACT_KILL), 0U);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

/* ---- release ---- */

/* At once, without debounce; ARMED again, with the set point, and the count goes on. */
static void trigger_release_pauses(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_live(b, 100);
	KUNIT_EXPECT_EQ(test, b->s.strokes_done, 11U);
	bench_release(b);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_TRIGGER_RELEASED);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
	KUNIT_EXPECT_EQ(test, b->s.set.depth.um, BENCH_DEPTH_UM);

	/* One that was under way still counts, and is no fault. */
	bench_pass(b, 5);
	bench_stroke(b);
	bench_home(b);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, b->s.strokes_done, 12U);

	bench_live(b, 100);
	bench_forget(b);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_TRUE(test, b->seen & MN_ACT_START);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	EXPECT_STATE(b, MN_STATE_RUNNING, MN_CAUSE_TRIGGER);
	KUNIT_EXPECT_EQ(test, mn_safety_order(&b->s).dose.strokes, BENCH_STROKES - 12);
	KUNIT_EXPECT_EQ(test, mn_safety_order(&b->s).run.ms, BENCH_RUN_MS);
}

/* The pause is an arming of its own: released for 100 ms before the next press counts. */
static void trigger_pause_needs_release(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_release(b);
	bench_pass(b, 50);
	bench_home(b);
	bench_pass_ns(b, 50 * MS - 1);
	bench_press(b);
	bench_forget(b);
	bench_live(b, 150);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_START);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
}

/* The needles have left home with the motor off: nothing starts from there. */
static void trigger_not_home(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	b->report.inputs &= ~MN_INPUT_HOME;
	bench_tell(b);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks & ~MN_INTERLOCK_TRIGGER,
			MN_INTERLOCK_NOT_HOME);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
}

/* ---- START, where no trigger is ---- */

static void trigger_none(struct kunit *test)
{
	struct bench *b = bench_new(test);

	b->caps.has_trigger = false;
	bench_plug(b);
	bench_go(b, BENCH_SAFE);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_START), -EBADFD);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_START), 0);
	KUNIT_EXPECT_EQ(test, bench_gate(b), 0);
	EXPECT_STATE(b, MN_STATE_RUNNING, MN_CAUSE_START);
	bench_stroke(b);
	/* Nothing to let go of. */
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_RUNNING);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_START), -EBADFD);
}

/* One START is for one gate. */
static void trigger_start_once(struct kunit *test)
{
	struct bench *b = bench_new(test);

	b->caps.has_trigger = false;
	bench_plug(b);
	bench_go(b, BENCH_RUNNING);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_home(b);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
}

/* ---- what ends it in good order ---- */

static void trigger_arm_timeout(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_live(b, 29990);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_ARM);
	bench_pass_ns(b, 10 * MS - 1);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_ARM);
	bench_pass_ns(b, 1);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_ARM_TIMEOUT);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
	EXPECT_NO_FAULT(b);
}

/* A press that is not a start does not put it off; a pause begins the 30 s anew. */
static void trigger_arm_timeout_after_pause(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_live(b, 29000);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	bench_stroke(b);
	bench_live(b, 2000);
	EXPECT_STATE(b, MN_STATE_RUNNING, MN_CAUSE_TRIGGER);
	bench_release(b);
	bench_home(b);
	bench_live(b, 29990);
	bench_pass_ns(b, 10 * MS - 1);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_TRIGGER_RELEASED);
	bench_pass_ns(b, 1);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_ARM_TIMEOUT);
}

static void trigger_run_time(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_set set = bench_set_point();

	set.run.ms = 250;
	KUNIT_ASSERT_EQ(test, bench_arm(b, set), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	bench_live(b, 240);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_RUNNING);
	bench_pass_ns(b, 10 * MS - 1);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_RUNNING);
	bench_pass_ns(b, 1);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_RUN_TIME);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
	EXPECT_NO_FAULT(b);
}

/* It is the time without a pause that is limited, from the start: UPDATE does not begin it anew. */
static void trigger_run_time_update(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_set set = bench_set_point();

	set.run.ms = 1000;
	bench_live(b, 600);
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, set), 0);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	bench_live(b, 390);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_RUNNING);
	bench_live(b, 10);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_RUN_TIME);
}

static void trigger_complete(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_set set = bench_set_point();

	set.dose.strokes = 3;
	KUNIT_ASSERT_EQ(test, bench_arm(b, set), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	KUNIT_EXPECT_EQ(test, mn_safety_order(&b->s).dose.strokes, 3U);
	bench_live(b, 20);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_RUNNING);
	bench_live(b, 10);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_COMPLETE);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 3U);

	/* One more than was ordered is one too many. */
	bench_stroke(b);
	EXPECT_FAULT(b, MN_FAULT_OVER_DOSE);
}

/* The last stroke is told after the release: complete all the same. */
static void trigger_complete_in_run_down(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_set set = bench_set_point();

	set.dose.strokes = 2;
	KUNIT_ASSERT_EQ(test, bench_arm(b, set), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	bench_stroke(b);
	bench_release(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
	bench_stroke(b);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_COMPLETE);
}

static struct kunit_case trigger_cases[] = {
	KUNIT_CASE(trigger_debounce),
	KUNIT_CASE(trigger_released_before),
	KUNIT_CASE(trigger_pressed_at_arm),
	KUNIT_CASE(trigger_touch),
	KUNIT_CASE(trigger_bounce),
	KUNIT_CASE(trigger_released_before_gate),
	KUNIT_CASE(trigger_pressed_again_before_gate),
	KUNIT_CASE(trigger_outside_armed),
	KUNIT_CASE(trigger_release_pauses),
	KUNIT_CASE(trigger_pause_needs_release),
	KUNIT_CASE(trigger_not_home),
	KUNIT_CASE(trigger_none),
	KUNIT_CASE(trigger_start_once),
	KUNIT_CASE(trigger_arm_timeout),
	KUNIT_CASE(trigger_arm_timeout_after_pause),
	KUNIT_CASE(trigger_run_time),
	KUNIT_CASE(trigger_run_time_update),
	KUNIT_CASE(trigger_complete),
	KUNIT_CASE(trigger_complete_in_run_down),
	{}
};

static struct kunit_suite trigger_suite = {
	.name = "mn-safety-trigger",
	.test_cases = trigger_cases,
};

kunit_test_suites(&trigger_suite);
