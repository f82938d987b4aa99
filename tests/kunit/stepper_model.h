/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A depth stop with play, and its two switches, for the stepper's tests. It knows nothing of the
 * driver's count.
 */
#ifndef STEPPER_MODEL_H
#define STEPPER_MODEL_H

#include <kunit/test.h>

#include "stepper.h"

/**
 * struct stop - The mechanism, and the stepper that is told of it.
 * @test: The running test.
 * @s: What is tested.
 * @play: Of the mechanism, steps.
 * @motor: Where the motor stands. Home is where @at is 0.
 * @at: Where the stop stands, between @motor - @play and @motor.
 * @deepest: The deepest that it stood since stop_forget().
 * @steps: Steps made since then. Likewise @time_ns, @news.
 * @lose: So many of the next steps move nothing.
 * @home_closed: The home switch is stuck. Likewise @home_open, @end_closed.
 * @home_open: It does not close.
 * @end_closed: The depth-end switch is stuck.
 * @time_ns: Time that passed.
 * @leg_ns: When the present leg began.
 * @leg: Which that was.
 * @news: A bit for each that came.
 */
struct stop {
	struct kunit *test;
	struct mn_stepper s;
	s32 play;
	s32 motor;
	s32 at;
	s32 deepest;
	u32 steps;
	u32 lose;
	bool home_closed;
	bool home_open;
	bool end_closed;
	u64 time_ns;
	u64 leg_ns;
	u32 leg;
	u32 news;
};

extern const struct mn_stepper_board stop_board;

struct stop *stop_new(struct kunit *test, const struct mn_stepper_board *board, s32 at);
struct stop *stop_homed(struct kunit *test);
struct mn_stepper_switches stop_switches(const struct stop *stop);
bool stop_turn(struct stop *stop);
void stop_run(struct stop *stop);
void stop_go(struct stop *stop, u32 target);
void stop_home(struct stop *stop);
void stop_self_test(struct stop *stop);
void stop_forget(struct stop *stop);

#define NEWS(name)	(1U << MN_STEPPER_##name)

#endif /* STEPPER_MODEL_H */
