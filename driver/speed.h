/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The needle motor's speed: from the time between two strokes to the PWM's duty.
 *
 * Pure, as stepper.h is.
 */
#ifndef MN_SPEED_H
#define MN_SPEED_H

#include <linux/types.h>

#define MN_DUTY_FULL	1000000		/* parts per million */

/**
 * struct mn_speed - One run of the motor.
 * @full_mhz: Strokes per time at full duty, without load.
 * @set_mhz: What is wanted.
 * @last_mhz: What was measured last, 0 before the first.
 * @sum_ppm: What the load was found to need beside the first guess.
 */
struct mn_speed {
	u32 full_mhz;
	u32 set_mhz;
	u32 last_mhz;
	s32 sum_ppm;
};

u32 mn_speed_begin(struct mn_speed *s, u32 full_mhz, u32 set_mhz);
u32 mn_speed_change(struct mn_speed *s, u32 set_mhz);
u32 mn_speed_stroke(struct mn_speed *s, u32 period_us);

#endif /* MN_SPEED_H */
