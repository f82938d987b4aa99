// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is remembered: which treatments are over, what was counted over them, and which cartridge it
 * was. Found by changing the rules one token at a time: these are the changes that no test noticed.
 */
#include "safety_bench.h"

/* ---- ids of treatments ---- */

static int acquire_id(struct bench *b, const u8 *id)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_ACQUIRE, .lease_ms = 300 };

	memcpy(what.treatment, id, sizeof(what.treatment));
	return bench_step(b, &what);
}

/* Ids that differ in their last byte alone */
static int acquire_numbered(struct bench *b, u8 number)
{
	u8 id[16] = {};

	id[15] = number;
	return acquire_id(b, id);
}

/* The last 32 are over for good, each of them, however often it goes round. */
static void treatments_that_are_over(struct kunit *test)
{
	struct bench *b = bench_new(test);
	u8 number, back;

	for (number = 1; number <= 100; number++) {
		KUNIT_EXPECT_EQ(test, acquire_numbered(b, number), 0);
		for (back = 1; back <= MN_PAST_TREATMENTS && back < number; back++)
			KUNIT_EXPECT_EQ_MSG(test, acquire_numbered(b, number - back), -EINVAL,
					    "%u, %u before %u", number - back, back, number);
		KUNIT_EXPECT_EQ(test, acquire_numbered(b, number), 0);
	}
	/* No treatment has an id of zeroes, not even when none of the 32 is empty. */
	KUNIT_EXPECT_EQ(test, acquire_numbered(b, 0), -EINVAL);
	/* What is longer ago is forgotten. */
	KUNIT_EXPECT_EQ(test, acquire_numbered(b, 99 - MN_PAST_TREATMENTS), 0);
}

/* With any lease, and before there was any treatment. */
static void treatment_of_zeroes(struct kunit *test)
{
	struct bench *b = bench_new(test);

	KUNIT_EXPECT_EQ(test, acquire_numbered(b, 0), -EINVAL);
	KUNIT_EXPECT_FALSE(test, b->s.controlled);
}

/* Any byte makes another treatment of it: without limits, and with a mark of its own. */
static void treatment_to_the_byte(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		struct bench *b = bench_at(test, BENCH_SAFE);
		u8 id[16];

		memset(id, BENCH_TREATMENT, sizeof(id));
		id[i] ^= 1;
		KUNIT_EXPECT_EQ(test, acquire_id(b, id), 0);
		KUNIT_EXPECT_EQ_MSG(test, b->s.keep.session_present, 0U, "byte %u", i);

		b = bench_at(test, BENCH_ARMED);
		bench_happens(b, MN_HAPPENS_STOP);
		b->tag.treatment[i] ^= 1;
		bench_tell_tag(b);
		KUNIT_EXPECT_TRUE_MSG(test, mn_safety_cartridge_flags(&b->s) & MN_CARTRIDGE_SPENT,
				      "byte %u", i);
	}
}

/* An id is compared with ids that are over, and with nothing that is remembered behind them. */
static void treatment_like_what_is_behind(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	const u8 *keep = (const u8 *)&b->s.keep;
	u8 id[16];

	bench_happens(b, MN_HAPPENS_STOP);
	memcpy(id, keep + offsetof(struct mn_keep, past) + sizeof(b->s.keep.past), sizeof(id));
	KUNIT_EXPECT_EQ(test, acquire_id(b, id), 0);
}

/* ---- the dose ---- */

/* One stroke with what is inserted, in the treatment that is under way */
static void treat(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	bench_limits(b);
	KUNIT_ASSERT_EQ(b->test, bench_arm(b, bench_set_point()), 0);
	if (b->s.caps.has_trigger) {
		bench_live(b, 100);
		bench_press(b);
		bench_pass(b, 20);
	} else {
		KUNIT_ASSERT_EQ(b->test, bench_happens(b, MN_HAPPENS_START), 0);
	}
	KUNIT_ASSERT_EQ(b->test, bench_gate(b), 0);
	bench_stroke(b);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_release(b);
	bench_home(b);
}

/* A new treatment with another cartridge counts from 0, once: the one after that goes on. */
static void dose_counts_anew_once(struct kunit *test)
{
	static const u64 others[][2] = {
		{ BENCH_CARTRIDGE + 1, BENCH_CARTRIDGE + 2 },
		{ BENCH_CARTRIDGE - 1, BENCH_CARTRIDGE - 2 },
	};
	unsigned int i;

	for (i = 0; i < 2 * ARRAY_SIZE(others); i++) {
		const u64 *other = others[i / 2];
		struct bench *b = bench_at(test, BENCH_SAFE);

		treat(b);
		KUNIT_ASSERT_EQ(test, b->s.keep.dose, 1U);
		/* The cartridge first, or the treatment */
		if (i % 2)
			bench_swap_cartridge(b, other[0]);
		KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT + 1), 0);
		if (!(i % 2))
			bench_swap_cartridge(b, other[0]);
		KUNIT_EXPECT_EQ(test, b->s.keep.dose, 0U);
		treat(b);
		bench_swap_cartridge(b, other[1]);
		KUNIT_EXPECT_EQ(test, b->s.keep.dose, 1U);
		treat(b);
		KUNIT_EXPECT_EQ(test, b->s.keep.dose, 2U);
	}
}

/* A count that has not begun is not to begin anew: what is made in the treatment stays. */
static void dose_of_none_goes_on(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	treat(b);
	bench_swap_cartridge(b, BENCH_CARTRIDGE + 1);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT + 1), 0);
	KUNIT_ASSERT_EQ(test, b->s.keep.dose, 0U);
	bench_swap_cartridge(b, BENCH_CARTRIDGE);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT + 2), 0);
	treat(b);
	KUNIT_ASSERT_EQ(test, b->s.keep.dose, 1U);
	bench_swap_cartridge(b, BENCH_CARTRIDGE + 1);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 1U);
}

struct gap_case {
	const char *name;
	u32 before;
	u32 gap;
	u32 counted;
};

/* The stroke that tells of the gap counts in any case, and before it. */
static const struct gap_case gap_cases[] = {
	{ "as many as possible", 1, MN_ABSOLUTE_DOSE_STROKES, MN_ABSOLUTE_DOSE_STROKES },
	{ "more than possible", 1, MN_ABSOLUTE_DOSE_STROKES + 1, 0 },
	{ "one to the last", MN_ABSOLUTE_DOSE_STROKES - 1, 1, 1 },
	{ "beyond the last", MN_ABSOLUTE_DOSE_STROKES, 1, 0 },
};

KUNIT_ARRAY_PARAM_DESC(gap, gap_cases, name);

/* A gap counts if it can be one. */
static void dose_of_a_gap(struct kunit *test)
{
	const struct gap_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke = bench_next_stroke(b);

	b->s.keep.dose = param->before;
	stroke.number += param->gap;
	bench_tell_stroke(b, stroke);
	KUNIT_EXPECT_TRUE(test, bench_latched(b, MN_FAULT_SEQUENCE));
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, param->before + 1 + param->counted);
}

/* The dose lowers what may be asked for in strokes, and no other limit. */
static void dose_is_no_time(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_set set = bench_set_point();

	b->s.keep.dose = 1000;
	set.run.ms = 120000;
	KUNIT_EXPECT_EQ(test, bench_arm(b, set), 0);
}

/* ---- which cartridge it is ---- */

static void put_back(struct bench *b)
{
	b->report.insertions += 2;
	bench_tell(b);
	bench_tell_tag(b);
}

/* An identity of 0 is one as any other, and tells nothing of a cartridge that was out. */
static void cartridge_of_identity_zero(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_swap_cartridge(b, 0);
	treat(b);
	KUNIT_EXPECT_FALSE(test, mn_safety_cartridge_flags(&b->s) & MN_CARTRIDGE_SPENT);
	put_back(b);
	KUNIT_EXPECT_TRUE(test, mn_safety_cartridge_flags(&b->s) & MN_CARTRIDGE_SPENT);

	/* A mark was sent to the one before it. */
	bench_swap_cartridge(b, 0);
	bench_happens(b, MN_HAPPENS_MARKING);
	bench_swap_cartridge(b, 0);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s),
			MN_CARTRIDGE_PRESENT | MN_CARTRIDGE_READABLE);
}

/* Reading badly first makes no used cartridge ours. */
static void cartridge_reads_badly_first(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	b->tag.marked = true;
	memset(b->tag.treatment, BENCH_TREATMENT, sizeof(b->tag.treatment));
	b->tag.readable = false;
	bench_tell_tag(b);
	b->tag.readable = true;
	bench_tell_tag(b);
	KUNIT_EXPECT_TRUE(test, mn_safety_cartridge_flags(&b->s) & MN_CARTRIDGE_SPENT);
}

/* Whatever stands on a tag that can't be trusted is no limit, to be shown or to be used. */
static void cartridge_unreadable_has_no_limits(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	unsigned int quantity;

	b->tag.readable = false;
	bench_tell_tag(b);
	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++)
		KUNIT_EXPECT_EQ(test, b->s.tag.limit[quantity], 0U);
}

/* Any other identity is another cartridge. */
static void cartridge_of_another_identity(struct kunit *test)
{
	static const u64 others[] = { BENCH_CARTRIDGE - 1, BENCH_CARTRIDGE + 1, 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		struct bench *b = bench_at(test, BENCH_ARMED);

		bench_happens(b, MN_HAPPENS_STOP);
		b->tag.uid = others[i];
		bench_tell_tag(b);
		KUNIT_EXPECT_TRUE(test, mn_safety_cartridge_flags(&b->s) & MN_CARTRIDGE_SPENT);
	}
}

/* Read before its insertion was told: the report that tells of it has it read again. */
static void cartridge_read_before_it_is_told(struct kunit *test)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_TAG };
	struct bench *b = bench_at(test, BENCH_SAFE);

	what.tag = b->tag;
	what.tag.uid++;
	what.tag.insertions = b->report.insertions + 1;
	bench_step(b, &what);
	KUNIT_EXPECT_EQ(test, b->s.tag.uid, BENCH_CARTRIDGE);
}

/* ---- what is declared ---- */

static struct bench *tagless(struct kunit *test)
{
	struct bench *b = bench_new(test);

	b->caps.tagless = true;
	b->caps.has_trigger = false;
	bench_plug(b);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	bench_limits(b);
	return b;
}

static int declare(struct bench *b)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_DECLARE, .tag = b->tag };
	unsigned int i;

	for (i = 0; i < MN_QUANTITY_NR; i++)
		what.tag.limit[i] = U32_MAX;
	what.tag.marked = true;
	what.tag.insertions = 0;
	return bench_step(b, &what);
}

/* It is what is inserted now, not used, and good for no more than its board. */
static void declared_is_what_is_inserted(struct kunit *test)
{
	struct bench *b = tagless(test);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, declare(b), 0);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), MN_CARTRIDGE_PRESENT |
			MN_CARTRIDGE_READABLE | MN_CARTRIDGE_DECLARED);
	KUNIT_EXPECT_EQ(test, b->s.tag.insertions, b->report.insertions);
	for (i = 0; i < MN_QUANTITY_NR; i++)
		KUNIT_EXPECT_EQ(test, b->s.tag.limit[i], b->caps.limit[i]);
	/* Armed, it is this treatment's. */
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	KUNIT_EXPECT_EQ(test, memcmp(b->s.tag.treatment, b->s.keep.treatment, 16), 0);
}

/* Declared before the treatment began, it is the one that counts anew, and the next goes on. */
static void declared_counts_anew_once(struct kunit *test)
{
	struct bench *b = tagless(test);

	KUNIT_ASSERT_EQ(test, declare(b), 0);
	treat(b);
	bench_swap_cartridge(b, BENCH_CARTRIDGE + 1);
	KUNIT_ASSERT_EQ(test, declare(b), 0);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 1U);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT + 1), 0);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 0U);
	treat(b);
	bench_swap_cartridge(b, BENCH_CARTRIDGE + 2);
	KUNIT_ASSERT_EQ(test, declare(b), 0);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 1U);
}

/* Nobody knows what is inserted: not for a while, or it is another line that is closed. */
static void declared_of_nothing_known(struct kunit *test)
{
	struct bench *b = tagless(test);

	bench_pass(b, 200);
	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	bench_pass(b, 100);
	KUNIT_EXPECT_EQ(test, declare(b), -EAGAIN);

	b = tagless(test);
	b->report.inputs = MN_INPUT_EMERGENCY_STOP | MN_INPUT_TRIGGER | MN_INPUT_HOME;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, declare(b), -EAGAIN);
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(treatments_that_are_over),
	KUNIT_CASE(treatment_of_zeroes),
	KUNIT_CASE(treatment_to_the_byte),
	KUNIT_CASE(treatment_like_what_is_behind),
	KUNIT_CASE(dose_counts_anew_once),
	KUNIT_CASE(dose_of_none_goes_on),
	KUNIT_CASE_PARAM(dose_of_a_gap, gap_gen_params),
	KUNIT_CASE(dose_is_no_time),
	KUNIT_CASE(cartridge_of_identity_zero),
	KUNIT_CASE(cartridge_reads_badly_first),
	KUNIT_CASE(cartridge_unreadable_has_no_limits),
	KUNIT_CASE(cartridge_of_another_identity),
	KUNIT_CASE(cartridge_read_before_it_is_told),
	KUNIT_CASE(declared_is_what_is_inserted),
	KUNIT_CASE(declared_counts_anew_once),
	KUNIT_CASE(declared_of_nothing_known),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "mn-safety-memory",
	.test_cases = memory_cases,
};

kunit_test_suites(&memory_suite);
