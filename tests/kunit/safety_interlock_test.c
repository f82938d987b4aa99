// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interlocks: what keeps a device from being armed and started.
 */
#include "safety_bench.h"

struct interlock_case {
	const char *name;
	u32 bit;
	void (*open)(struct bench *b);
};

static void open_trigger(struct bench *b)
{
	bench_press(b);
}

static void open_absent(struct bench *b)
{
	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	bench_tell(b);
}

static void open_unreadable(struct bench *b)
{
	b->tag.readable = false;
	bench_tell_tag(b);
}

static void open_expired(struct bench *b)
{
	mn_safety_today(&b->s, b->tag.expiry_days + 1);
}

static void open_spent(struct bench *b)
{
	b->tag.marked = true;
	memset(b->tag.treatment, 0x77, sizeof(b->tag.treatment));
	bench_tell_tag(b);
}

static void open_home(struct bench *b)
{
	b->report.inputs &= ~MN_INPUT_HOME;
	bench_tell(b);
}

static void open_self_test(struct bench *b)
{
	b->report.self_test = MN_SELF_TEST_NEVER;
	bench_tell(b);
}

static void open_calibration(struct bench *b)
{
	b->s.caps.calibration_age_days = b->s.caps.calibration_valid_days + 1;
}

static void open_calibration_never(struct bench *b)
{
	b->s.caps.calibration_age_days = U32_MAX;
	b->s.caps.calibration_valid_days = U32_MAX;
}

static void open_lease(struct bench *b)
{
	bench_pass(b, 250);
	bench_tell(b);
	bench_pass(b, 50);
}

static void open_status(struct bench *b)
{
	bench_pass(b, 250);
	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	bench_pass(b, 50);
}

static void open_clock(struct bench *b)
{
	mn_safety_today(&b->s, MN_CLOCK_SET_DAYS - 1);
}

static const struct interlock_case interlock_params[] = {
	{ "trigger pressed", MN_INTERLOCK_TRIGGER, open_trigger },
	{ "cartridge absent", MN_INTERLOCK_CARTRIDGE_ABSENT, open_absent },
	{ "cartridge unreadable", MN_INTERLOCK_CARTRIDGE_UNREADABLE, open_unreadable },
	{ "cartridge expired", MN_INTERLOCK_CARTRIDGE_EXPIRED, open_expired },
	{ "cartridge spent", MN_INTERLOCK_CARTRIDGE_SPENT, open_spent },
	{ "not home", MN_INTERLOCK_NOT_HOME, open_home },
	{ "self-test never run", MN_INTERLOCK_SELF_TEST, open_self_test },
	{ "calibration too old", MN_INTERLOCK_CALIBRATION, open_calibration },
	{ "never calibrated", MN_INTERLOCK_CALIBRATION, open_calibration_never },
	{ "lease lapsed", MN_INTERLOCK_LEASE, open_lease },
	{ "status stale", MN_INTERLOCK_STATUS, open_status },
	{ "date not set", MN_INTERLOCK_CLOCK, open_clock },
};

KUNIT_ARRAY_PARAM_DESC(interlock, interlock_params, name);

/* Each refuses ARM, is the only one named, and refuses the commit if it opens in between. */
static void interlock_refuses_arm(struct kunit *test)
{
	const struct interlock_case *param = test->param_value;
	struct mn_set set = bench_set_point();
	struct bench *b = bench_at(test, BENCH_SAFE);
	int ret;

	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), 0U);
	param->open(b);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), param->bit);
	ret = bench_set(b, MN_HAPPENS_ARM, set);
	/* Without a tag the cartridge's limit is missing, which is said first. */
	if (ret == -ERANGE)
		KUNIT_EXPECT_EQ(test, b->refusal.source, MN_SOURCE_CARTRIDGE);
	else
		KUNIT_EXPECT_EQ(test, b->refusal.interlocks, param->bit);
	KUNIT_EXPECT_TRUE(test, ret == -EAGAIN || ret == -ERANGE);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
	KUNIT_EXPECT_EQ(test, b->actions & MN_ACT_MARK, 0U);

	b = bench_at(test, BENCH_SAFE);
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_ARM, set), 0);
	bench_mark(b);
	param->open(b);
	ret = bench_set(b, MN_HAPPENS_ARM_COMMIT, set);
	KUNIT_EXPECT_TRUE(test, ret == -EAGAIN || ret == -ERANGE);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

/* Still good: the last day of use and of the calibration, and the first of the clock. */
static void interlock_last_day(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	mn_safety_today(&b->s, b->tag.expiry_days);
	b->s.caps.calibration_age_days = b->s.caps.calibration_valid_days;
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), 0U);
	mn_safety_today(&b->s, MN_CLOCK_SET_DAYS);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), 0U);
}

/* Checked again when the trigger starts it: the day may have changed, the home switch opened. */
static void interlock_refuses_begin(struct kunit *test)
{
	static const struct {
		void (*open)(struct bench *b);
		u32 bit;
	} opens[] = {
		{ open_expired, MN_INTERLOCK_CARTRIDGE_EXPIRED },
		{ open_home, MN_INTERLOCK_NOT_HOME },
		{ open_self_test, MN_INTERLOCK_SELF_TEST },
		{ open_calibration, MN_INTERLOCK_CALIBRATION },
		{ open_clock, MN_INTERLOCK_CLOCK },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(opens); i++) {
		struct bench *b = bench_at(test, BENCH_ARMED);

		bench_pass(b, 100);
		bench_press(b);
		bench_pass(b, 20);
		opens[i].open(b);
		KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -EAGAIN);
		KUNIT_EXPECT_EQ(test, b->refusal.interlocks, opens[i].bit);
		KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
	}
}

/* Before the handpiece has told anything, nothing is known, and unknown means no. */
static void interlock_nothing_known(struct kunit *test)
{
	struct bench *b = bench_new(test);
	u32 open;

	mn_safety_init(&b->s, &b->caps, &b->keep, b->ceiling_um, b->epoch);
	open = mn_safety_interlocks(&b->s);
	KUNIT_EXPECT_EQ(test, open, MN_INTERLOCK_CARTRIDGE_ABSENT | MN_INTERLOCK_NOT_HOME |
			MN_INTERLOCK_SELF_TEST | MN_INTERLOCK_LEASE | MN_INTERLOCK_STATUS |
			MN_INTERLOCK_CLOCK);
}

static struct kunit_case interlock_cases[] = {
	KUNIT_CASE_PARAM(interlock_refuses_arm, interlock_gen_params),
	KUNIT_CASE(interlock_last_day),
	KUNIT_CASE(interlock_refuses_begin),
	KUNIT_CASE(interlock_nothing_known),
	{}
};

static struct kunit_suite interlock_suite = {
	.name = "mn-safety-interlock",
	.test_cases = interlock_cases,
};

kunit_test_suites(&interlock_suite);
