// SPDX-License-Identifier: GPL-2.0-only
/*
 * See speed.h. A first guess from the motor's speed at full duty, and a PI controller for what the
 * load takes from it.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "speed.h"

#define USEC_MHZ		1000000000U	/* period in us times rate in mHz */
#define KP_DIV			2		/* half of the error at once */
#define KI_PER_SEC		10		/* ten times the error in a second */
#define PERIOD_LONGEST_US	100000		/* half of the lowest rate */
#define PPM_SECONDS		1000000

static u32 guess_ppm(const struct mn_speed *s)
{
	return (u32)min_t(u64, div_u64((u64)s->set_mhz * MN_DUTY_FULL, s->full_mhz), MN_DUTY_FULL);
}

/*
 * A sensor that loses strokes must not drive the motor up: beyond half as much again as it would
 * need without load, it is not helped.
 */
static s32 most_ppm(const struct mn_speed *s)
{
	return (s32)min_t(u32, guess_ppm(s) + guess_ppm(s) / 2, MN_DUTY_FULL);
}

static u32 duty_ppm(const struct mn_speed *s, s32 error_ppm)
{
	return (u32)clamp_t(s32, (s32)guess_ppm(s) + s->sum_ppm + error_ppm / KP_DIV, 0,
			    most_ppm(s));
}

/**
 * mn_speed_begin() - The motor is to start.
 * @s: What to fill in.
 * @full_mhz: Strokes per time at full duty.
 * @set_mhz: What is wanted.
 *
 * Return: duty in parts per million.
 */
u32 mn_speed_begin(struct mn_speed *s, u32 full_mhz, u32 set_mhz)
{
	*s = (struct mn_speed) { .full_mhz = full_mhz, .set_mhz = set_mhz };
	return duty_ppm(s, 0);
}

/**
 * mn_speed_change() - Another speed is wanted; the load is what it was.
 * @s: The run.
 * @set_mhz: What is wanted.
 *
 * Return: duty in parts per million.
 */
u32 mn_speed_change(struct mn_speed *s, u32 set_mhz)
{
	s->set_mhz = set_mhz;
	s->last_mhz = 0;
	return duty_ppm(s, 0);
}

/**
 * mn_speed_stroke() - A stroke was made.
 * @s: The run.
 * @period_us: Since the one before, not 0.
 *
 * What a motor lacks while it runs up is not the load's: that is only made up for once the motor is
 * near its speed, or gets no faster.
 *
 * Return: duty in parts per million.
 */
u32 mn_speed_stroke(struct mn_speed *s, u32 period_us)
{
	u32 rate_mhz = USEC_MHZ / period_us, was_mhz = s->last_mhz;
	s64 error_mhz = (s64)s->set_mhz - rate_mhz;
	s32 error_ppm, most = most_ppm(s), duty;

	error_ppm = (s32)clamp_t(s64, div_s64(error_mhz * MN_DUTY_FULL, (s32)s->full_mhz),
				 -MN_DUTY_FULL, MN_DUTY_FULL);
	duty = (s32)guess_ppm(s) + s->sum_ppm;
	s->last_mhz = rate_mhz;
	if (error_mhz >= (s64)(s->set_mhz / 20) &&
	    (!was_mhz || rate_mhz >= was_mhz + was_mhz / 50))
		return duty_ppm(s, 0);
	/* It learns no more where there is no more to be had. */
	if ((error_ppm < 0 && duty > 0) || (error_ppm > 0 && duty < most))
		s->sum_ppm += (s32)div_s64((s64)error_ppm * KI_PER_SEC *
					   min_t(u32, period_us, PERIOD_LONGEST_US),
					   PPM_SECONDS);
	return duty_ppm(s, error_ppm);
}
