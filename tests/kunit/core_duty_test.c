// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is asked of the handpiece, and no more than that; errors, epochs and days at their ends.
 * Found by changing the gate one token at a time: these are changes that no test noticed.
 */
#include <linux/bits.h>
#include <linux/timekeeping.h>

#include "core_fake.h"

#define DAY_S		86400
#define SOME_DAY	20700

/* A stop is a kill, once, and nothing else is asked of the handpiece or told of the lease. */
static void duty_of_a_stop(struct kunit *test)
{
	struct fake *f = fake_running(test);

	fake_forget(f);
	KUNIT_ASSERT_EQ(test, mn_stop(f->mn), 0);
	fake_settle(f);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), 1U);
	KUNIT_EXPECT_EQ(test, f->call_count, 1U);
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_LEASE), 0U);
}

/* A renewal is a renewal and nothing else. */
static void duty_of_a_renewal(struct kunit *test)
{
	struct fake *f = fake_armed(test);

	fake_forget(f);
	fake_live(f, 60);
	KUNIT_EXPECT_GE(test, fake_count(f, FAKE_LEASE), 2U);
	KUNIT_EXPECT_EQ(test, f->call_count, fake_count(f, FAKE_LEASE));
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_LEASE), 0U);
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_STROKE), 0U);
}

/* Whatever the bus says, one kill is tried from here, and the worker goes on. */
static void duty_when_the_kill_fails(struct kunit *test)
{
	static const int errors[] = { -EIO, -ENOMEM, -EXDEV, -ENOTDIR, -EPIPE, -ECONNABORTED,
				      -ENOTCONN, -ETOOMANYREFS, -ETIMEDOUT };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		struct fake *f = fake_running(test);

		fake_forget(f);
		f->fail[FAKE_KILL] = errors[i];
		f->fails[FAKE_KILL] = 1;
		KUNIT_EXPECT_EQ(test, mn_stop(f->mn), 0);
		EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_TRANSPORT));
		KUNIT_EXPECT_EQ(test, fake_status(f).fault_detail[0], errors[i]);
		KUNIT_EXPECT_EQ(test, fake_status(f).fault_detail[1], 0);
		fake_settle(f);
		KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), 1U);
		KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_STOP), 1U);
	}
}

/* In FAULT it was not moving: that it is gone is the bus's news. */
static void duty_when_it_is_gone_in_fault(struct kunit *test)
{
	struct fake *f = fake_running(test);

	mn_report_failure(f->mn, MN_FAULT_OVER_CURRENT, 900, 800);
	fake_settle(f);
	f->fail[FAKE_KILL] = -ENODEV;
	f->fails[FAKE_KILL] = 1;
	KUNIT_EXPECT_EQ(test, mn_stop(f->mn), 0);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_OVER_CURRENT));
}

static void stop_inside(struct fake *f)
{
	KUNIT_EXPECT_EQ(f->test, mn_stop(f->mn), 0);
}

/* A stop that overtakes the order is sent again, though its epoch wraps to 0. */
static void duty_over_the_wrap(struct kunit *test)
{
	bool wrapped = false;
	u32 back;

	for (back = 1; back < 8; back++) {
		struct fake *f = fake_new(test);

		f->last_epoch = -back;
		f->report.epoch = f->last_epoch;
		f->blind = true;
		KUNIT_ASSERT_EQ(test, fake_register(f), 0);
		KUNIT_ASSERT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
		KUNIT_ASSERT_EQ(test, fake_limits(f, fake_one), 0);
		KUNIT_ASSERT_EQ(test, fake_arm(f), 0);
		fake_forget(f);
		f->during[FAKE_START] = stop_inside;
		KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -ECANCELED);
		KUNIT_EXPECT_FALSE(test, f->running);
		KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_STOP), 1U);
		wrapped |= !fake_status(f).epoch;
		f->during[FAKE_START] = NULL;
		fake_unregister(f);
	}
	KUNIT_EXPECT_TRUE(test, wrapped);
}

/* Asleep, and with a handpiece that says nothing, nothing is waited for. */
static void duty_of_the_timer_in_sleep(struct kunit *test)
{
	struct fake *f = fake_plugged(test);

	f->mute = true;
	f->fail[FAKE_STOP] = -EIO;
	f->fails[FAKE_STOP] = 1;
	KUNIT_EXPECT_TRUE(test, hrtimer_active(&f->mn->timer));
	mn_device_suspend(f->mn);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&f->mn->timer));
}

/* Of what is gone nothing is asked, and it says so. */
static void duty_of_what_is_gone(struct kunit *test)
{
	struct fake *f = fake_plugged(test);

	fake_unregister(f);
	fake_forget(f);
	mn_device_suspend(f->mn);
	KUNIT_EXPECT_EQ(test, mn_stop(f->mn), -ENODEV);
	KUNIT_EXPECT_EQ(test, f->call_count, 0U);
}

/* What was given up is not there to be registered, and trying it asks nothing of it. */
static void duty_of_what_was_given_up(struct kunit *test)
{
	struct fake *f = fake_new(test);

	KUNIT_ASSERT_EQ(test, fake_alloc(f), 0);
	mn_device_discard(f->mn);
	fake_forget(f);
	KUNIT_EXPECT_EQ(test, mn_device_register(f->mn), -ENODEV);
	KUNIT_EXPECT_EQ(test, f->call_count, 0U);
	fake_put(f);
	KUNIT_EXPECT_EQ(test, fake_register(f), 0);
}

static void set_time(s64 seconds)
{
	struct timespec64 time = { .tv_sec = seconds };

	do_settimeofday64(&time);
}

/* A cartridge is good until the last second of its day, and from the first. */
static void duty_of_the_date(struct kunit *test)
{
	struct fake *f = fake_plugged(test);
	s64 was = ktime_get_real_seconds() - ktime_get_seconds();

	set_time(SOME_DAY * DAY_S);
	fake_tell(f);
	KUNIT_EXPECT_EQ(test, f->mn->safety.today_days, (u32)SOME_DAY);
	set_time((SOME_DAY + 1) * DAY_S - 1);
	fake_tell(f);
	KUNIT_EXPECT_EQ(test, f->mn->safety.today_days, (u32)SOME_DAY);
	set_time(was + ktime_get_seconds());
}

static struct kunit_case duty_cases[] = {
	KUNIT_CASE(duty_of_a_stop),
	KUNIT_CASE(duty_of_a_renewal),
	KUNIT_CASE(duty_when_the_kill_fails),
	KUNIT_CASE(duty_when_it_is_gone_in_fault),
	KUNIT_CASE(duty_over_the_wrap),
	KUNIT_CASE(duty_of_the_timer_in_sleep),
	KUNIT_CASE(duty_of_what_is_gone),
	KUNIT_CASE(duty_of_what_was_given_up),
	KUNIT_CASE(duty_of_the_date),
	{}
};

static struct kunit_suite duty_suite = {
	.name = "mn-core-duty",
	.test_cases = duty_cases,
};

kunit_test_suites(&duty_suite);
