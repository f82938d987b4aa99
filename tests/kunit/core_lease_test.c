// SPDX-License-Identifier: GPL-2.0-only
/*
 * The leases of the loaded core, in virtual time.
 */
#include <linux/bits.h>

#include "core_fake.h"

/* A soft timer's callback runs up to 111 us after its time, there as here. */
#define TIMER_LATE_NS	(150 * NSEC_PER_USEC)
/* Readings of the clock between ours and the core's */
#define READINGS_NS	(4 * NSEC_PER_USEC)

struct lease_case {
	const char *name;
	u32 asked_ms;
	u32 lease_ms;
};

static const struct lease_case lease_cases[] = {
	{ "default", 0, 300 },
	{ "shortest", 100, 100 },
	{ "longest", 500, 500 },
};

KUNIT_ARRAY_PARAM_DESC(lease, lease_cases, name);

/* A program that dies while it treats: warned of at half, killed at exactly the lease's length. */
static void lease_lapses(struct kunit *test)
{
	const struct lease_case *param = test->param_value;
	struct fake *f = fake_plugged(test);
	const struct fake_call *kill;
	u64 lease_ns, renewed, warned;

	lease_ns = (u64)param->lease_ms * NSEC_PER_MSEC;
	KUNIT_ASSERT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, param->asked_ms), 0);
	KUNIT_ASSERT_EQ(test, fake_limits(f, fake_one), 0);
	KUNIT_ASSERT_EQ(test, fake_arm(f), 0);
	KUNIT_ASSERT_EQ(test, mn_start(f->mn, fake_one), 0);
	fake_live(f, 50);
	fake_listen(f);
	fake_forget(f);
	KUNIT_ASSERT_EQ(test, mn_heartbeat(f->mn, fake_one), 0);
	renewed = ktime_get_ns();
	fake_sleep_ms(param->lease_ms + 20);

	KUNIT_ASSERT_EQ(test, fake_count(f, FAKE_KILL), 1U);
	kill = fake_nth(f, FAKE_KILL, 0);
	KUNIT_EXPECT_GE(test, kill->at_ns - renewed + READINGS_NS, lease_ns);
	KUNIT_EXPECT_LE(test, kill->at_ns - renewed, lease_ns + TIMER_LATE_NS);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_LEASE));

	KUNIT_ASSERT_EQ(test, fake_heard(f, MN_EVENT_LEASE), 1U);
	warned = fake_record(f, MN_EVENT_LEASE, 0)->mono_ns - renewed;
	KUNIT_EXPECT_GE(test, warned + READINGS_NS, lease_ns / 2);
	KUNIT_EXPECT_LE(test, warned, lease_ns / 2 + TIMER_LATE_NS);
	KUNIT_EXPECT_EQ(test, fake_record(f, MN_EVENT_LEASE, 0)->lease.left_ms,
			param->lease_ms / 2);

	/* Too late now, and it stays so. */
	KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, fake_one), -ETIME);
	KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, fake_one), -ETIME);
	KUNIT_EXPECT_EQ(test, fake_status(f).lease_left_ms, 0U);
}

/* A renewal puts both off; without one in between there would have been a kill. */
static void lease_renewed(struct kunit *test)
{
	struct fake *f = fake_running(test);
	unsigned int i;

	fake_forget(f);
	for (i = 0; i < 10; i++) {
		fake_sleep_ms(140);
		KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, fake_one), 0);
		KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, fake_other), -EPERM);
	}
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), 0U);
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_LEASE), 0U);
	fake_sleep_ms(160);
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_LEASE), 1U);
	KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, fake_one), 0);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_START, 0);
}

/* ---- the handpiece's ---- */

/* From ARM on, before the order, each 25 ms, with the epoch of the order. */
static void lease_of_handpiece(struct kunit *test)
{
	struct fake *f = fake_safe(test);
	const struct fake_call *first, *start;
	unsigned int i, count;
	u64 longest = 0;

	fake_live(f, 200);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_LEASE), 0U);
	KUNIT_ASSERT_EQ(test, fake_arm(f), 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_LEASE), 1U);
	fake_live(f, 100);
	KUNIT_ASSERT_EQ(test, mn_start(f->mn, fake_one), 0);
	fake_live(f, 1000);
	first = fake_nth(f, FAKE_LEASE, 0);
	start = fake_nth(f, FAKE_START, 0);
	KUNIT_EXPECT_LT(test, first->at_ns, start->at_ns);
	count = fake_count(f, FAKE_LEASE);
	KUNIT_EXPECT_GE(test, count, 1100U / 25);
	KUNIT_EXPECT_LE(test, count, 1100U / 25 + 1);
	for (i = 1; i < count; i++) {
		const struct fake_call *before = fake_nth(f, FAKE_LEASE, i - 1);
		const struct fake_call *lease = fake_nth(f, FAKE_LEASE, i);

		longest = max(longest, lease->at_ns - before->at_ns);
		KUNIT_EXPECT_EQ(test, lease->epoch, start->epoch);
	}
	KUNIT_EXPECT_LE(test, longest, 25 * NSEC_PER_MSEC + TIMER_LATE_NS);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_START, 0);
}

struct end_case {
	const char *name;
	void (*end)(struct fake *f);
	bool armed;
};

static void end_stop(struct fake *f)
{
	mn_stop(f->mn);
}

static void end_release(struct fake *f)
{
	mn_release(f->mn, fake_one);
}

static void end_close(struct fake *f)
{
	mn_close(f->mn, fake_one);
}

static void end_fault(struct fake *f)
{
	mn_report_failure(f->mn, MN_FAULT_SEQUENCE, 0, 0);
}

static void end_emergency(struct fake *f)
{
	fake_input(f, MN_INPUT_EMERGENCY_STOP, true);
}

static void end_limit(struct fake *f)
{
	KUNIT_EXPECT_EQ(f->test, mn_lower_admin(f->mn, MN_QUANTITY_DEPTH, 100), 0);
}

static void end_suspend(struct fake *f)
{
	mn_device_suspend(f->mn);
}

static void end_lapse(struct fake *f)
{
	fake_sleep_ms(310);
}

static const struct end_case end_cases[] = {
	{ "stop", end_stop },
	{ "RELEASE", end_release },
	{ "close", end_close },
	{ "fault", end_fault },
	{ "emergency stop", end_emergency },
	{ "lowered limit", end_limit },
	{ "suspend", end_suspend },
	{ "lapse", end_lapse },
	{ "stop while ARMED", end_stop, true },
	{ "close while ARMED", end_close, true },
	{ "fault while ARMED", end_fault, true },
	{ "lapse while ARMED", end_lapse, true },
};

KUNIT_ARRAY_PARAM_DESC(end, end_cases, name);

/* Once it has stopped, for whatever cause, the handpiece's lease is renewed no more. */
static void lease_of_handpiece_ends(struct kunit *test)
{
	const struct end_case *param = test->param_value;
	struct fake *f = param->armed ? fake_armed(test) : fake_running(test);
	unsigned int leases;

	param->end(f);
	leases = fake_count(f, FAKE_LEASE);
	KUNIT_EXPECT_GE(test, leases, 1U);
	fake_sleep_ms(1000);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_LEASE), leases);
	KUNIT_EXPECT_GE(test, fake_count(f, FAKE_KILL), 1U);
	KUNIT_EXPECT_FALSE(test, f->running);
}

/* A pause has a new epoch: the handpiece's lease is renewed with it, and goes on. */
static void lease_of_handpiece_in_a_pause(struct kunit *test)
{
	struct fake *f = fake_new(test);

	f->caps.has_trigger = true;
	KUNIT_ASSERT_EQ(test, fake_register(f), 0);
	KUNIT_ASSERT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_ASSERT_EQ(test, fake_limits(f, fake_one), 0);
	KUNIT_ASSERT_EQ(test, fake_arm(f), 0);
	fake_live(f, 110);
	fake_input(f, MN_INPUT_TRIGGER, true);
	fake_live(f, 50);
	KUNIT_ASSERT_EQ(test, fake_status(f).state, MN_STATE_RUNNING);
	fake_forget(f);
	fake_input(f, MN_INPUT_TRIGGER, false);
	fake_live(f, 100);
	KUNIT_ASSERT_GE(test, fake_count(f, FAKE_LEASE), 4U);
	KUNIT_EXPECT_EQ(test, fake_nth(f, FAKE_LEASE, 0)->epoch, fake_status(f).epoch);
	KUNIT_EXPECT_LE(test, fake_nth(f, FAKE_LEASE, 0)->at_ns -
			fake_nth(f, FAKE_KILL, 0)->at_ns, NSEC_PER_MSEC);
}

/* Nothing armed: nothing to stop, and no fault; but control is lost and has to be acquired anew. */
static void lease_lapses_safe(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	fake_sleep_ms(320);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), 0U);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_NONE, 0);
	KUNIT_EXPECT_EQ(test, fake_status(f).interlocks, MN_INTERLOCK_LEASE);
	KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, fake_one), -ETIME);
	KUNIT_EXPECT_EQ(test, fake_arm(f), -EAGAIN);
	KUNIT_EXPECT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_EXPECT_EQ(test, fake_arm(f), 0);
}

static struct kunit_case lease_kunit_cases[] = {
	KUNIT_CASE_PARAM(lease_lapses, lease_gen_params),
	KUNIT_CASE(lease_renewed),
	KUNIT_CASE(lease_of_handpiece),
	KUNIT_CASE_PARAM(lease_of_handpiece_ends, end_gen_params),
	KUNIT_CASE(lease_of_handpiece_in_a_pause),
	KUNIT_CASE(lease_lapses_safe),
	{}
};

static struct kunit_suite lease_suite = {
	.name = "mn-core-lease",
	.test_cases = lease_kunit_cases,
};

kunit_test_suites(&lease_suite);
