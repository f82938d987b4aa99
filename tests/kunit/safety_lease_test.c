// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two leases: the controller renews the kernel's, the kernel renews the handpiece's.
 */
#include "safety_bench.h"

/* The lease was renewed by ACQUIRE, and nothing took time but the trigger's 120 ms. */
static void renew(struct bench *b)
{
	KUNIT_ASSERT_EQ(b->test, bench_happens(b, MN_HAPPENS_HEARTBEAT), 0);
}

struct lease_case {
	const char *name;
	u32 asked;
	u32 given;
};

static const struct lease_case lease_cases[] = {
	{ "default", 0, 300 },
	{ "shortest", 100, 100 },
	{ "odd", 333, 333 },
	{ "longest", 500, 500 },
};

KUNIT_ARRAY_PARAM_DESC(lease, lease_cases, name);

/* Lapses exactly after its length, warns exactly half-way, and kills and latches. */
static void lease_lapses(struct kunit *test)
{
	const struct lease_case *param = test->param_value;
	struct mn_stimulus acquire = { .type = MN_HAPPENS_ACQUIRE };
	struct bench *b = bench_new(test);
	u64 half = param->given * MS / 2;

	acquire.treatment[0] = 1;
	acquire.lease_ms = param->asked;
	KUNIT_ASSERT_EQ(test, bench_step(b, &acquire), 0);
	bench_limits(b);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	bench_forget(b);

	bench_pass_ns(b, half - 1);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_LEASE_WARNING);
	bench_pass_ns(b, 1);
	KUNIT_EXPECT_TRUE(test, b->seen & MN_ACT_LEASE_WARNING);
	bench_forget(b);
	bench_tell(b);
	bench_pass_ns(b, param->given * MS - half - 1);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_LEASE_WARNING);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
	bench_pass_ns(b, 1);
	EXPECT_FAULT(b, MN_FAULT_LEASE);
	KUNIT_EXPECT_FALSE(test, b->actions & MN_ACT_LEASE_WARNING);
}

static void lease_lapses_running(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u64 lapse;

	renew(b);
	lapse = b->now + 300 * MS;
	while (b->now + 10 * MS < lapse) {
		bench_pass(b, 10);
		bench_stroke(b);
		bench_tell(b);
	}
	bench_pass_ns(b, lapse - b->now - 1);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_RUNNING);
	bench_pass_ns(b, 1);
	EXPECT_FAULT(b, MN_FAULT_LEASE);
}

/* In time by a nanosecond is in time; late by none is late, and refused. */
static void lease_renewed_in_time(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	renew(b);
	bench_pass(b, 250);
	bench_tell(b);
	b->now += 50 * MS - 1;
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_HEARTBEAT), 0);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
	KUNIT_EXPECT_EQ(test, b->s.lease_deadline, b->now + 300 * MS);
}

static void lease_renewed_late(struct kunit *test)
{
	static const u64 late_ns[] = { 0, 1, MS, 1000 * MS };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(late_ns); i++) {
		struct bench *b = bench_at(test, BENCH_ARMED);

		renew(b);
		bench_pass(b, 250);
		bench_tell(b);
		/* The timer has not come yet: the renewal itself is what finds it out. */
		b->now += 50 * MS + late_ns[i];
		KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_HEARTBEAT), -ETIME);
		KUNIT_EXPECT_TRUE(test, bench_latched(b, MN_FAULT_LEASE));
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
		/* Nor does the next one revive it. */
		KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_HEARTBEAT), -ETIME);
		KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_FAULT);
	}
}

/* Whatever comes when the lease is over finds it over. */
static void lease_checked_by_everything(struct kunit *test)
{
	static const enum mn_happening happenings[] = {
		MN_HAPPENS_TICK, MN_HAPPENS_ACQUIRE, MN_HAPPENS_UPDATE, MN_HAPPENS_START,
		MN_HAPPENS_BEGIN, MN_HAPPENS_STARTED, MN_HAPPENS_STOP, MN_HAPPENS_CLEAR,
		MN_HAPPENS_REPORT, MN_HAPPENS_STROKE, MN_HAPPENS_TAG, MN_HAPPENS_SUSPEND,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(happenings); i++) {
		struct bench *b = bench_at(test, BENCH_ARMED);

		b->now += 300 * MS;
		bench_happens(b, happenings[i]);
		KUNIT_EXPECT_TRUE_MSG(test, bench_latched(b, MN_FAULT_LEASE), "happening %u",
				      happenings[i]);
		KUNIT_EXPECT_TRUE_MSG(test, b->actions & MN_ACT_KILL, "happening %u",
				      happenings[i]);
	}
}

/* A warning that comes with the lapse or after it warns of nothing. */
static void lease_no_late_warning(struct kunit *test)
{
	static const enum bench_place places[] = { BENCH_SAFE, BENCH_ARMED };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i]);

		b->now += 300 * MS;
		bench_happens(b, MN_HAPPENS_TICK);
		bench_pass(b, 1000);
		KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_LEASE_WARNING);
	}
}

/* With nothing armed there is nothing to stop: it opens an interlock, and is gone for good. */
static void lease_lapses_safe(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_pass(b, 300);
	bench_tell(b);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), MN_INTERLOCK_LEASE);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_HEARTBEAT), -ETIME);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -EAGAIN);
	/* Control is acquired anew, by a program that says that it is there. */
	KUNIT_EXPECT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_HEARTBEAT), 0);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), 0);
}

/* ---- the handpiece's ---- */

/* From ARM on, each 25 ms: before the first stroke, and as long as it may run. */
static void lease_handpiece_refreshed(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	unsigned int i;

	bench_pass(b, 50);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_LEASE);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_LEASE);
	for (i = 0; i < 8; i++) {
		bench_forget(b);
		bench_pass_ns(b, 25 * MS - 1);
		KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_LEASE);
		bench_pass_ns(b, 1);
		KUNIT_EXPECT_TRUE(test, b->seen & MN_ACT_LEASE);
	}
}

/* A pause has a new epoch, which the handpiece's lease needs at once. */
static void lease_handpiece_after_pause(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_release(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
	bench_forget(b);
	bench_happens(b, MN_HAPPENS_TICK);
	KUNIT_EXPECT_TRUE(test, b->seen & MN_ACT_LEASE);
}

/* No more of it once it has stopped, for whatever cause. */
static void lease_handpiece_ends(struct kunit *test)
{
	static const enum mn_happening ends[] = {
		MN_HAPPENS_STOP, MN_HAPPENS_RELEASE, MN_HAPPENS_CLOSE, MN_HAPPENS_FAIL,
		MN_HAPPENS_SUSPEND, MN_HAPPENS_UNPLUG,
	};
	static const enum bench_place places[] = { BENCH_ARMED, BENCH_STARTING, BENCH_RUNNING };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends) * ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i % ARRAY_SIZE(places)]);

		bench_happens(b, ends[i / ARRAY_SIZE(places)]);
		bench_forget(b);
		bench_pass(b, 5000);
		KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_LEASE);
	}
}

/* Late by an age, it is renewed once, not as often as was missed. */
static void lease_handpiece_late(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	b->now += 90 * MS;
	bench_happens(b, MN_HAPPENS_TICK);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_LEASE);
	KUNIT_EXPECT_EQ(test, b->s.lease_refresh, b->now + 25 * MS);
}

static struct kunit_case lease_kunit_cases[] = {
	KUNIT_CASE_PARAM(lease_lapses, lease_gen_params),
	KUNIT_CASE(lease_lapses_running),
	KUNIT_CASE(lease_renewed_in_time),
	KUNIT_CASE(lease_renewed_late),
	KUNIT_CASE(lease_checked_by_everything),
	KUNIT_CASE(lease_no_late_warning),
	KUNIT_CASE(lease_lapses_safe),
	KUNIT_CASE(lease_handpiece_refreshed),
	KUNIT_CASE(lease_handpiece_after_pause),
	KUNIT_CASE(lease_handpiece_ends),
	KUNIT_CASE(lease_handpiece_late),
	{}
};

static struct kunit_suite lease_suite = {
	.name = "mn-safety-lease",
	.test_cases = lease_kunit_cases,
};

kunit_test_suites(&lease_suite);
