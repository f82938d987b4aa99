// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the exploration of all states (tests/model) has found, one case each.
 */
#include "safety_bench.h"

/* ---- a tag that was asked for before it was armed, and read only after ---- */

struct other_case {
	const char *name;
	void (*change)(struct bench *b);
};

static void another_cartridge(struct bench *b)
{
	b->tag.uid++;
}

static void longer_needles(struct bench *b)
{
	b->tag.limit[MN_QUANTITY_DEPTH] += 100;
}

static void more_needles(struct bench *b)
{
	b->tag.needles++;
}

static void fewer_needles(struct bench *b)
{
	b->tag.needles--;
}

static void longer_to_use(struct bench *b)
{
	b->tag.expiry_days++;
}

static void shorter_to_use(struct bench *b)
{
	b->tag.expiry_days--;
}

static void without_the_mark(struct bench *b)
{
	b->tag.marked = false;
}

static void with_another_mark(struct bench *b)
{
	b->tag.treatment[0]++;
}

static const struct other_case other_cases[] = {
	{ "another cartridge", another_cartridge },
	{ "longer needles", longer_needles },
	{ "more needles", more_needles },
	{ "fewer needles", fewer_needles },
	{ "longer to use", longer_to_use },
	{ "shorter to use", shorter_to_use },
	{ "without the mark", without_the_mark },
	{ "with another mark", with_another_mark },
};

KUNIT_ARRAY_PARAM_DESC(other, other_cases, name);

/* Found by the invariants "cartridge" and "cartridge_stays": it stayed armed, and even ran. */
static void late_tag_of_another(struct kunit *test)
{
	const struct other_case *param = test->param_value;
	static const enum bench_place places[] = { BENCH_ARMED, BENCH_STARTING, BENCH_RUNNING };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i]);

		param->change(b);
		/* The number of its insertion is in the fault. */
		b->s.report.insertions = 5;
		b->report.insertions = 5;
		bench_tell_tag(b);
		EXPECT_FAULT(b, MN_FAULT_CARTRIDGE);
		KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_CARTRIDGE][0], 5);
		KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_CARTRIDGE][1], 0);
	}
}

/* The one that it was armed with may be read as often as anybody likes. */
static void late_tag_of_the_same(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_RUNNING);
	EXPECT_NO_FAULT(b);
}

/* Between two arms, too: what says something else of itself is not the one that was marked. */
static void marked_and_then_another(struct kunit *test)
{
	const struct other_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_happens(b, MN_HAPPENS_STOP);
	bench_tell(b);
	param->change(b);
	bench_tell_tag(b);
	KUNIT_EXPECT_FALSE(test, b->s.held);
	KUNIT_EXPECT_NE(test, bench_set(b, MN_HAPPENS_ARM_COMMIT, bench_set_point()), 0);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

/*
 * Found by the invariant "tried_is_written": a tag that can't be read does not say which cartridge
 * it is, and read again, without the mark, it was as good as new.
 */
static void unreadable_after_the_mark(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	const struct mn_tag tag = b->tag;

	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), 0);
	bench_happens(b, MN_HAPPENS_MARKING);
	b->tag = (struct mn_tag){ .present = true };
	bench_tell_tag(b);
	b->tag = tag;
	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_CARTRIDGE_SPENT);
}

/* One that nobody tried to mark is none the worse for a tag that could not be read once. */
static void unreadable_once(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	const struct mn_tag tag = b->tag;

	b->tag = (struct mn_tag){ .present = true };
	bench_tell_tag(b);
	b->tag = tag;
	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), 0);
}

/* ---- home, as it was told before the start ---- */

/*
 * Found by the invariant "cleared": it was at home when it last told, then ran and was stopped, and
 * told nothing. Nobody knows where the needles are, and the fault that says so could be cleared.
 */
static void home_of_before_is_no_home(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	KUNIT_ASSERT_TRUE(test, b->s.report.inputs & MN_INPUT_HOME);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_pass(b, b->s.caps.run_down_ms + MN_HOME_REPORT_MS);
	KUNIT_ASSERT_TRUE(test, bench_latched(b, MN_FAULT_NOT_HOME));
	KUNIT_EXPECT_TRUE(test, mn_safety_interlocks(&b->s) & MN_INTERLOCK_NOT_HOME);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_FAULT);
	bench_home(b);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), 0);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

/* Only of home nothing is known any more. */
static void all_but_home_stays_told(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	b->report.inputs |= MN_INPUT_EMERGENCY_STOP;
	bench_tell(b);
	bench_pass(b, b->s.caps.run_down_ms + MN_HOME_REPORT_MS);
	KUNIT_ASSERT_TRUE(test, bench_latched(b, MN_FAULT_NOT_HOME));
	KUNIT_EXPECT_EQ(test, b->s.report.inputs, b->report.inputs & ~MN_INPUT_HOME);
}

static struct kunit_case explored_cases[] = {
	KUNIT_CASE_PARAM(late_tag_of_another, other_gen_params),
	KUNIT_CASE(late_tag_of_the_same),
	KUNIT_CASE_PARAM(marked_and_then_another, other_gen_params),
	KUNIT_CASE(unreadable_after_the_mark),
	KUNIT_CASE(unreadable_once),
	KUNIT_CASE(home_of_before_is_no_home),
	KUNIT_CASE(all_but_home_stays_told),
	{}
};

static struct kunit_suite explored_suite = {
	.name = "mn-safety-explored",
	.test_cases = explored_cases,
};

kunit_test_suites(&explored_suite);
