// SPDX-License-Identifier: GPL-2.0-only
/*
 * See stepper_model.h.
 */
#include "stepper_model.h"

const struct mn_stepper_board stop_board = {
	.um_per_step = 5,
	.speed = 8000,
	.acceleration = 400000,
	.backlash = 4,
	.release = 8,
	.travel = 600,
	.limit = 500,
};

struct mn_stepper_switches stop_switches(const struct stop *stop)
{
	return (struct mn_stepper_switches) {
		.home = !stop->home_open && (stop->home_closed || stop->at <= 0),
		.end = stop->end_closed || stop->at >= (s32)stop->s.board.travel,
	};
}

static void move(struct stop *stop, bool deeper)
{
	stop->steps++;
	if (stop->lose) {
		stop->lose--;
		return;
	}
	stop->motor += deeper ? 1 : -1;
	stop->at = clamp(stop->at, stop->motor - stop->play, stop->motor);
	stop->deepest = max(stop->deepest, stop->at);
}

/* Once asked at its time; false at rest. */
bool stop_turn(struct stop *stop)
{
	enum mn_stepper_news news;
	u64 due_ns;

	if (stop->s.phase == MN_STEPPER_REST)
		return false;
	if (stop->leg != stop->s.legs) {
		stop->leg = stop->s.legs;
		stop->leg_ns = stop->time_ns;
	}
	due_ns = stop->leg_ns + mn_stepper_next_ns(&stop->s);
	KUNIT_EXPECT_GT(stop->test, due_ns, stop->time_ns);
	stop->time_ns = due_ns;
	if (mn_stepper_due(&stop->s, stop_switches(stop), &news))
		move(stop, stop->s.deeper);
	stop->news |= 1U << news;
	return true;
}

void stop_run(struct stop *stop)
{
	unsigned int turns = 0;

	while (stop_turn(stop))
		KUNIT_ASSERT_LT(stop->test, turns++, 10000U);
}

void stop_go(struct stop *stop, u32 target)
{
	KUNIT_ASSERT_TRUE(stop->test, mn_stepper_go(&stop->s, target));
	stop_run(stop);
}

void stop_home(struct stop *stop)
{
	mn_stepper_home(&stop->s, stop_switches(stop));
	stop_run(stop);
}

void stop_self_test(struct stop *stop)
{
	enum mn_stepper_news news;

	mn_stepper_test(&stop->s, stop_switches(stop), &news);
	stop->news |= 1U << news;
	stop_run(stop);
}

void stop_forget(struct stop *stop)
{
	stop->deepest = stop->at;
	stop->steps = 0;
	stop->time_ns = 0;
	stop->leg_ns = 0;
	stop->news = 0;
}

struct stop *stop_new(struct kunit *test, const struct mn_stepper_board *board, s32 at)
{
	struct stop *stop = kunit_kzalloc(test, sizeof(*stop), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, stop);
	stop->test = test;
	stop->play = (s32)board->backlash;
	stop->motor = at;
	stop->at = at;
	mn_stepper_init(&stop->s, board);
	stop_forget(stop);
	return stop;
}

struct stop *stop_homed(struct kunit *test)
{
	struct stop *stop = stop_new(test, &stop_board, 0);

	stop_self_test(stop);
	KUNIT_ASSERT_TRUE(test, stop->s.homed);
	stop_forget(stop);
	return stop;
}
