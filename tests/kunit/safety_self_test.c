// SPDX-License-Identifier: GPL-2.0-only
/*
 * Self-test: when it may be made, and what it opens and latches.
 */
#include "safety_bench.h"

static void tell_result(struct bench *b, enum mn_self_test result)
{
	b->report.self_test = result;
	bench_tell(b);
}

static int answer(struct bench *b, u32 epoch, int error)
{
	const struct mn_stimulus what = {
		.type = MN_HAPPENS_TESTED, .epoch = epoch, .error = error,
	};

	return bench_step(b, &what);
}

/* Asked for, and the handpiece has begun. */
static int begin_test(struct bench *b)
{
	int err = bench_happens(b, MN_HAPPENS_SELF_TEST);

	return err ?: answer(b, b->s.epoch, 0);
}

/* It is refused unless SAFE, and refusing it changes nothing. */
static void self_test_only_safe(struct kunit *test)
{
	unsigned int place;

	for (place = 0; place < BENCH_PLACES; place++) {
		struct bench *b = bench_at(test, place);
		const bool safe = b->s.state == MN_STATE_SAFE;
		const enum mn_state was = b->s.state;

		KUNIT_EXPECT_EQ_MSG(test, begin_test(b),
				    safe ? 0 : -EBADFD, "place %u", place);
		KUNIT_EXPECT_EQ_MSG(test, b->s.state, was, "place %u", place);
		KUNIT_EXPECT_EQ_MSG(test, b->s.report.self_test,
				    safe ? MN_SELF_TEST_BUSY : MN_SELF_TEST_PASSED,
				    "place %u", place);
	}
}

/* While nobody knows where the needles are, nothing is asked to move. */
static void self_test_needs_rest(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_happens(b, MN_HAPPENS_STOP);
	KUNIT_ASSERT_EQ(test, b->s.state, MN_STATE_SAFE);
	KUNIT_EXPECT_EQ(test, begin_test(b), -EAGAIN);
	bench_home(b);
	KUNIT_EXPECT_EQ(test, begin_test(b), 0);
	KUNIT_EXPECT_EQ(test, begin_test(b), -EBUSY);
}

static void self_test_needs_status(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_IDLE);

	bench_pass(b, MN_STATUS_SILENCE_MS);
	KUNIT_EXPECT_EQ(test, begin_test(b), -EAGAIN);
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, begin_test(b), 0);

	b = bench_at(test, BENCH_IDLE);
	bench_happens(b, MN_HAPPENS_SUSPEND);
	KUNIT_EXPECT_EQ(test, begin_test(b), -EAGAIN);
	bench_home(b);
	KUNIT_EXPECT_EQ(test, begin_test(b), -EAGAIN);
	bench_happens(b, MN_HAPPENS_RESUME);
	KUNIT_EXPECT_EQ(test, begin_test(b), -EAGAIN);
	bench_home(b);
	KUNIT_EXPECT_EQ(test, begin_test(b), 0);
}

/* From the wish on nothing is armed, until the handpiece has told of one that passed. */
static void self_test_bars_arming(struct kunit *test)
{
	static const enum mn_self_test bars[] = {
		MN_SELF_TEST_BUSY, MN_SELF_TEST_NEVER,
	};
	struct bench *b = bench_at(test, BENCH_SAFE);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, begin_test(b), 0);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_SELF_TEST);
	for (i = 0; i < ARRAY_SIZE(bars); i++) {
		tell_result(b, bars[i]);
		KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
		KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_SELF_TEST);
		EXPECT_NO_FAULT(b);
	}
	tell_result(b, MN_SELF_TEST_PASSED);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), 0);
}

/* Asked for and not yet answered, it bars arming as well; what is told meanwhile is of another. */
static void self_test_on_its_way(struct kunit *test)
{
	static const enum mn_self_test old[] = {
		MN_SELF_TEST_PASSED, MN_SELF_TEST_FAILED, MN_SELF_TEST_NEVER, MN_SELF_TEST_BUSY,
	};
	struct bench *b = bench_at(test, BENCH_SAFE);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_SELF_TEST), 0);
	for (i = 0; i < ARRAY_SIZE(old); i++) {
		tell_result(b, old[i]);
		EXPECT_NO_FAULT(b);
		KUNIT_EXPECT_EQ(test, b->s.report.self_test, MN_SELF_TEST_PASSED);
		KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
		KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_SELF_TEST);
	}
	KUNIT_EXPECT_EQ(test, answer(b, b->s.epoch, 0), 0);
	KUNIT_EXPECT_EQ(test, b->s.report.self_test, MN_SELF_TEST_BUSY);
	tell_result(b, MN_SELF_TEST_FAILED);
	EXPECT_FAULT(b, MN_FAULT_SELF_TEST);
}

/* Refused, it was never made; with any other error it may be. */
static void self_test_refused(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_SELF_TEST), 0);
	KUNIT_EXPECT_EQ(test, answer(b, b->s.epoch, -EREMOTEIO), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, b->s.report.self_test, MN_SELF_TEST_PASSED);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), 0);

	b = bench_at(test, BENCH_SAFE);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_SELF_TEST), 0);
	KUNIT_EXPECT_EQ(test, answer(b, b->s.epoch, -ETIMEDOUT), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, b->s.report.self_test, MN_SELF_TEST_BUSY);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
	/* An answer to nothing */
	KUNIT_EXPECT_EQ(test, answer(b, b->s.epoch, 0), -ECANCELED);
}

/* A stop that comes while it is on its way is told, so that it can be sent once more. */
static void self_test_overtaken(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	const u32 epoch = b->s.epoch;

	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_SELF_TEST), 0);
	bench_happens(b, MN_HAPPENS_STOP);
	KUNIT_EXPECT_EQ(test, answer(b, epoch, 0), -ECANCELED);
	KUNIT_EXPECT_EQ(test, b->s.report.self_test, MN_SELF_TEST_BUSY);
	tell_result(b, MN_SELF_TEST_NEVER);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
}

/* Its driver lets go of it, and it still reports: nobody can arm it or have it test itself. */
static void self_test_gone(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_happens(b, MN_HAPPENS_UNPLUG);
	bench_home(b);
	bench_swap_cartridge(b, BENCH_CARTRIDGE + 1);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_STATUS);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_SELF_TEST), -EAGAIN);
}

/* A stop reaches the handpiece, which breaks the test off. */
static void self_test_stopped(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_IDLE);
	const u32 epoch = b->s.epoch;

	KUNIT_ASSERT_EQ(test, begin_test(b), 0);
	bench_happens(b, MN_HAPPENS_STOP);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
	KUNIT_EXPECT_EQ(test, b->s.epoch, epoch + 1);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

/* One that failed is latched, wherever it is found; it can be made again once that is cleared. */
static void self_test_fails(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	tell_result(b, MN_SELF_TEST_FAILED);
	EXPECT_FAULT(b, MN_FAULT_SELF_TEST);
	KUNIT_EXPECT_EQ(test, begin_test(b), -EBADFD);
	KUNIT_EXPECT_EQ(test, bench_clear(b, BIT_ULL(MN_FAULT_SELF_TEST)), 0);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);

	/* It goes on saying so: known, not new. */
	bench_tell(b);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_SELF_TEST);

	KUNIT_EXPECT_EQ(test, begin_test(b), 0);
	tell_result(b, MN_SELF_TEST_BUSY);
	tell_result(b, MN_SELF_TEST_FAILED);
	EXPECT_FAULT(b, MN_FAULT_SELF_TEST);
	KUNIT_EXPECT_EQ(test, bench_clear(b, BIT_ULL(MN_FAULT_SELF_TEST)), 0);

	KUNIT_EXPECT_EQ(test, begin_test(b), 0);
	tell_result(b, MN_SELF_TEST_PASSED);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), 0);
}

/* Where it was plugged in anew it is new again. */
static void self_test_failed_at_plug(struct kunit *test)
{
	struct bench *b = bench_new(test);

	b->report.self_test = MN_SELF_TEST_FAILED;
	bench_plug(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_FAULT);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, BIT_ULL(MN_FAULT_SELF_TEST));
}

/* What it did before it was plugged in nobody knows until it says so. */
static void self_test_before_any_report(struct kunit *test)
{
	struct bench *b = bench_new(test);

	mn_safety_init(&b->s, &b->caps, &b->keep, b->ceiling_um, b->epoch);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_SELF_TEST), -EAGAIN);
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_SELF_TEST), 0);
}

static struct kunit_case self_test_cases[] = {
	KUNIT_CASE(self_test_only_safe),
	KUNIT_CASE(self_test_needs_rest),
	KUNIT_CASE(self_test_needs_status),
	KUNIT_CASE(self_test_bars_arming),
	KUNIT_CASE(self_test_on_its_way),
	KUNIT_CASE(self_test_refused),
	KUNIT_CASE(self_test_overtaken),
	KUNIT_CASE(self_test_gone),
	KUNIT_CASE(self_test_stopped),
	KUNIT_CASE(self_test_fails),
	KUNIT_CASE(self_test_failed_at_plug),
	KUNIT_CASE(self_test_before_any_report),
	{}
};

static struct kunit_suite self_test_suite = {
	.name = "mn-safety-self-test",
	.test_cases = self_test_cases,
};

kunit_test_suites(&self_test_suite);
