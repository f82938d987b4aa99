// SPDX-License-Identifier: GPL-2.0-only
/*
 * The needle motor's speed in a closed loop with a motor of the first order, stepped in 10 us.
 */
#include <kunit/test.h>

#include "speed.h"

#define TICK_US		10
#define FULL_MHZ	200000U

/**
 * struct motor - A motor, its load, and the sensor.
 * @s: What is tested.
 * @duty: What it is given.
 * @tau_us: Its time constant.
 * @load_ppm: What the load takes from its speed.
 * @mhz: Its speed, in thousandths of a millihertz.
 * @angle: Of the stroke, a whole one is 10^15.
 * @since_us: Since the last stroke.
 */
struct motor {
	struct mn_speed s;
	u32 duty;
	u32 tau_us;
	u32 load_ppm;
	s64 mhz;
	u64 angle;
	u32 since_us;
};

#define ANGLE	1000000000000000ULL

/* Runs for a time; gives the fastest and slowest stroke of the second half of it. */
static void run(struct motor *m, u32 ms, u32 *slowest, u32 *fastest)
{
	u32 us, rate;

	*slowest = U32_MAX;
	*fastest = 0;
	for (us = 0; us < ms * 1000; us += TICK_US) {
		s64 want = div_s64((s64)FULL_MHZ * 1000 * m->duty / MN_DUTY_FULL *
				   (MN_DUTY_FULL - m->load_ppm), MN_DUTY_FULL);

		m->mhz += div_s64((want - m->mhz) * TICK_US, (s32)m->tau_us);
		m->angle += (u64)m->mhz * TICK_US * 1000;
		m->since_us += TICK_US;
		if (m->angle < ANGLE)
			continue;
		m->angle -= ANGLE;
		rate = 1000000000U / m->since_us;
		m->duty = mn_speed_stroke(&m->s, m->since_us);
		m->since_us = 0;
		if (us < ms * 500)
			continue;
		*slowest = min(*slowest, rate);
		*fastest = max(*fastest, rate);
	}
}

static const u32 rates[] = { 20000, 50000, 100000, 120000 };
static const u32 taus[] = { 10000, 30000, 60000 };

/* From rest to the set rate, never beyond it by 5 %, and within 5 % after the run-up. */
static void speed_runs_up(struct kunit *test)
{
	unsigned int i, j;
	u32 slow, fast;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		for (j = 0; j < ARRAY_SIZE(taus); j++) {
			struct motor m = { .tau_us = taus[j] };
			unsigned int part;

			m.duty = mn_speed_begin(&m.s, FULL_MHZ, rates[i]);
			for (part = 0; part < 4; part++) {
				run(&m, 300, &slow, &fast);
				KUNIT_EXPECT_LE_MSG(test, fast, rates[i] + rates[i] / 20,
						    "rate %u tau %u", rates[i], taus[j]);
			}
			KUNIT_EXPECT_GE_MSG(test, slow, rates[i] - rates[i] / 20,
					    "rate %u tau %u", rates[i], taus[j]);
		}
	}
}

/* A load that comes and goes is made up for within a second. */
static void speed_holds_under_load(struct kunit *test)
{
	static const u32 loads[] = { 200000, 0, 250000, 100000, 0 };
	unsigned int i, j, k;
	u32 slow, fast;

	for (i = 0; i < ARRAY_SIZE(rates); i++) {
		for (j = 0; j < ARRAY_SIZE(taus); j++) {
			struct motor m = { .tau_us = taus[j] };

			m.duty = mn_speed_begin(&m.s, FULL_MHZ, rates[i]);
			run(&m, 1000, &slow, &fast);
			for (k = 0; k < ARRAY_SIZE(loads); k++) {
				m.load_ppm = loads[k];
				run(&m, 2000, &slow, &fast);
				KUNIT_EXPECT_GE_MSG(test, slow, rates[i] - rates[i] / 20,
						    "rate %u tau %u load %u", rates[i], taus[j],
						    loads[k]);
				KUNIT_EXPECT_LE_MSG(test, fast, rates[i] + rates[i] / 20,
						    "rate %u tau %u load %u", rates[i], taus[j],
						    loads[k]);
			}
		}
	}
}

/* A load that is there from the start: it gets there without help from the first guess. */
static void speed_starts_loaded(struct kunit *test)
{
	struct motor m = { .tau_us = 30000, .load_ppm = 250000 };
	u32 slow, fast;

	m.duty = mn_speed_begin(&m.s, FULL_MHZ, 100000);
	run(&m, 2000, &slow, &fast);
	KUNIT_EXPECT_GE(test, slow, 95000U);
	KUNIT_EXPECT_LE(test, fast, 105000U);
}

/* A sensor that loses strokes does not drive the motor up without end. */
static void speed_bounds_its_help(struct kunit *test)
{
	struct mn_speed s;
	u32 duty = mn_speed_begin(&s, FULL_MHZ, 100000);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, duty, MN_DUTY_FULL / 2);
	for (i = 0; i < 1000; i++)
		duty = mn_speed_stroke(&s, 20000);
	KUNIT_EXPECT_EQ(test, duty, MN_DUTY_FULL / 2 + MN_DUTY_FULL / 4);
	for (i = 0; i < 1000; i++)
		duty = mn_speed_stroke(&s, 1000);
	KUNIT_EXPECT_EQ(test, duty, 0U);
	for (i = 0; i < 1000; i++)
		duty = mn_speed_stroke(&s, U32_MAX);
	KUNIT_EXPECT_LE(test, duty, (u32)MN_DUTY_FULL);
}

static void speed_changes(struct kunit *test)
{
	struct motor m = { .tau_us = 30000 };
	u32 slow, fast;

	m.duty = mn_speed_begin(&m.s, FULL_MHZ, 50000);
	run(&m, 1000, &slow, &fast);
	m.duty = mn_speed_change(&m.s, 120000);
	run(&m, 1000, &slow, &fast);
	KUNIT_EXPECT_GE(test, slow, 114000U);
	KUNIT_EXPECT_LE(test, fast, 126000U);
	m.duty = mn_speed_change(&m.s, 30000);
	run(&m, 2000, &slow, &fast);
	KUNIT_EXPECT_GE(test, slow, 28500U);
	KUNIT_EXPECT_LE(test, fast, 31500U);
}

static struct kunit_case speed_cases[] = {
	KUNIT_CASE(speed_runs_up),
	KUNIT_CASE(speed_holds_under_load),
	KUNIT_CASE(speed_starts_loaded),
	KUNIT_CASE(speed_bounds_its_help),
	KUNIT_CASE(speed_changes),
	{}
};

static struct kunit_suite speed_suite = {
	.name = "mn-speed",
	.test_cases = speed_cases,
};

kunit_test_suites(&speed_suite);
