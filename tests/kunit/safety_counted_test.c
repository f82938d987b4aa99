// SPDX-License-Identifier: GPL-2.0-only
/*
 * A handpiece that counts its depth, reads no tags and remembers nothing: what its caps say of that
 * and what follows.
 */
#include "safety_bench.h"

#define DECLARED	0x5eedULL

/* Plugged anew as such a one, with a cartridge in */
/* The board's limits stand where a handpiece's own would. */
static void on_a_board(struct bench *b)
{
	static u32 required[MN_QUANTITY_NR];
	unsigned int i;

	for (i = 0; i < MN_QUANTITY_NR; i++) {
		required[i] = b->caps.required[i] | BIT(MN_SOURCE_BOARD);
		required[i] &= ~BIT(MN_SOURCE_DEVICE);
	}
	b->caps.required = required;
	b->caps.source = MN_SOURCE_BOARD;
}

static struct bench *counted_new(struct kunit *test)
{
	struct bench *b = bench_new(test);

	on_a_board(b);
	b->caps.tagless = true;
	b->caps.measures |= MN_MEASURES_COUNTED;
	bench_plug(b);
	return b;
}

static struct mn_tag label(u64 uid)
{
	return (struct mn_tag) {
		.needles = 14,
		.uid = uid,
		.limit = { 1500, 150000, 60000 },
		.expiry_days = BENCH_TODAY + 100,
		.lot = "LOT-1",
	};
}

static int declare(struct bench *b, struct mn_tag tag)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_DECLARE, .tag = tag };

	return bench_step(b, &what);
}

static void swap_cartridge(struct bench *b)
{
	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	b->report.insertions++;
	bench_tell(b);
	b->report.inputs |= MN_INPUT_CARTRIDGE;
	b->report.insertions++;
	bench_tell(b);
}

static struct bench *counted_safe(struct kunit *test)
{
	struct bench *b = counted_new(test);

	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	bench_limits(b);
	return b;
}

static u32 flags(const struct bench *b)
{
	return mn_safety_cartridge_flags(&b->s);
}

/* ---- depth that is counted ---- */

static void run_equal_depths(struct bench *b, unsigned int count)
{
	while (count--) {
		struct mn_stroke stroke = bench_next_stroke(b);

		stroke.depth_um = BENCH_DEPTH_UM;
		b->now += BENCH_PERIOD_US * 1000;
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
		bench_tell(b);
		bench_tell_stroke(b, stroke);
	}
}

static void counted_never_freezes(struct kunit *test)
{
	struct bench *b = bench_new(test);

	b->caps.measures |= MN_MEASURES_COUNTED;
	bench_plug(b);
	bench_go(b, BENCH_RUNNING);
	run_equal_depths(b, 3 * MN_FROZEN_STROKES);
	EXPECT_STATE(b, MN_STATE_RUNNING, MN_CAUSE_TRIGGER);

	/* One that is measured does. */
	b = bench_at(test, BENCH_RUNNING);
	run_equal_depths(b, 3 * MN_FROZEN_STROKES);
	KUNIT_EXPECT_TRUE(test, bench_latched(b, MN_FAULT_DEPTH_FROZEN));
}

/* Counted too deep is too deep. */
static void counted_over_depth(struct kunit *test)
{
	struct bench *b = bench_new(test);
	struct mn_stroke stroke;

	b->caps.measures |= MN_MEASURES_COUNTED;
	bench_plug(b);
	bench_go(b, BENCH_RUNNING);
	stroke = bench_next_stroke(b);
	stroke.depth_um = BENCH_DEPTH_UM + b->caps.tolerance_um + 1;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_OVER_DEPTH);
}

/* ---- a motor that does not brake ---- */

/* Complete, with @coast more strokes while it runs down. */
static struct bench *coast(struct kunit *test, u32 can, u32 strokes)
{
	struct bench *b = bench_new(test);
	struct mn_set set = bench_set_point();
	u32 dose;

	b->caps.coast_strokes = can;
	b->caps.has_trigger = false;
	bench_plug(b);
	bench_go(b, BENCH_SAFE);
	set.dose.strokes = 3;
	KUNIT_ASSERT_EQ(test, bench_arm(b, set), 0);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_START), 0);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	bench_live(b, 30);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_COMPLETE);
	dose = b->s.keep.dose;
	for (; strokes; strokes--, dose++) {
		b->now += 2 * BENCH_PERIOD_US;
		bench_stroke(b);
	}
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, dose);
	return b;
}

static void coasting_is_no_fault(struct kunit *test)
{
	EXPECT_NO_FAULT(coast(test, 2, 2));
	EXPECT_FAULT(coast(test, 2, 3), MN_FAULT_OVER_DOSE);
	EXPECT_FAULT(coast(test, 0, 1), MN_FAULT_OVER_DOSE);
}

/* They count to the dose: in the end less can be asked for, and then nothing. */
static void coasting_counts(struct kunit *test)
{
	struct bench *b = coast(test, 2, 2);
	struct mn_set set = bench_set_point();
	u32 limit = mn_safety_limit(&b->s, MN_QUANTITY_DOSE, NULL);

	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 5U);
	bench_home(b);
	bench_pass(b, b->caps.run_down_ms + MN_HOME_REPORT_MS);
	set.dose.strokes = limit - 4;
	KUNIT_EXPECT_EQ(test, bench_arm(b, set), -ERANGE);
	KUNIT_EXPECT_EQ(test, b->refusal.quantity, MN_QUANTITY_DOSE);
	KUNIT_EXPECT_EQ(test, b->refusal.limit, limit - 5);
	b->s.keep.dose = U32_MAX;
	set.dose.strokes = 1;
	KUNIT_EXPECT_EQ(test, bench_arm(b, set), -ERANGE);
	KUNIT_EXPECT_EQ(test, b->refusal.limit, 0U);
}

/* Only while it runs down: then it is motion that nobody wanted. */
static void coasting_ends(struct kunit *test)
{
	struct bench *b = coast(test, 2, 1);

	bench_home(b);
	bench_pass(b, b->caps.run_down_ms + MN_HOME_REPORT_MS + MN_BACKLOG_MS);
	bench_stroke(b);
	KUNIT_EXPECT_TRUE(test, bench_latched(b, MN_FAULT_UNEXPECTED_MOTION));
}

/* ---- nothing remembered ---- */

static void restart_is_a_fault(struct kunit *test)
{
	struct bench *b = bench_new(test);

	EXPECT_NO_FAULT(b);
	b->caps.restarts = true;
	bench_plug(b);
	EXPECT_STATE(b, MN_STATE_FAULT, MN_CAUSE_FAULT);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, BIT_ULL(MN_FAULT_RESTART));
	KUNIT_EXPECT_EQ(test, b->s.keep.first, MN_FAULT_RESTART);

	/* As any other: cleared by the controller, with the needles home. */
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	b->report.inputs &= ~MN_INPUT_HOME;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), -EAGAIN);
	bench_home(b);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), 0);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_CLEAR);
}

/* What was latched before stays, and stays the first. */
static void restart_with_others(struct kunit *test)
{
	struct bench *b = bench_new(test);

	b->caps.restarts = true;
	b->keep.faults = BIT_ULL(MN_FAULT_OVER_DEPTH);
	b->keep.first = MN_FAULT_OVER_DEPTH;
	bench_plug(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults,
			BIT_ULL(MN_FAULT_RESTART) | BIT_ULL(MN_FAULT_OVER_DEPTH));
	KUNIT_EXPECT_EQ(test, b->s.keep.first, MN_FAULT_OVER_DEPTH);
}

/* ---- what is declared ---- */

static void declare_refused(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_tag bad;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED)), -EOPNOTSUPP);

	b = counted_new(test);
	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED)), -EPERM);
	b = counted_safe(test);
	for (i = 0; i <= MN_QUANTITY_DOSE; i++) {
		bad = label(DECLARED);
		bad.limit[i] = 0;
		KUNIT_EXPECT_EQ_MSG(test, declare(b, bad), -EINVAL, "quantity %u", i);
	}
	bad = label(DECLARED);
	bad.needles = 0;
	KUNIT_EXPECT_EQ(test, declare(b, bad), -EINVAL);
	KUNIT_EXPECT_EQ(test, declare(b, label(0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, flags(b), MN_CARTRIDGE_PRESENT | MN_CARTRIDGE_UNDECLARED);

	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED)), -EAGAIN);
	KUNIT_EXPECT_EQ(test, flags(b), 0U);
	swap_cartridge(b);
	bench_happens(b, MN_HAPPENS_SUSPEND);
	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED)), -EAGAIN);
}

/* Undeclared it gives no limit but 0; declared it gives what it says, within the board's. */
static void declare_limits(struct kunit *test)
{
	struct bench *b = counted_safe(test);
	struct mn_tag tag = label(DECLARED);
	enum mn_source binding;

	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, &binding), 0U);
	KUNIT_EXPECT_EQ(test, binding, MN_SOURCE_CARTRIDGE);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -ERANGE);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), MN_INTERLOCK_CARTRIDGE_UNREADABLE);

	tag.limit[MN_QUANTITY_DEPTH] = 2 * b->caps.limit[MN_QUANTITY_DEPTH];
	tag.limit[MN_QUANTITY_RATE] = 90000;
	tag.limit[MN_QUANTITY_DOSE] = U32_MAX;
	KUNIT_ASSERT_EQ(test, declare(b, tag), 0);
	KUNIT_EXPECT_EQ(test, flags(b), MN_CARTRIDGE_PRESENT | MN_CARTRIDGE_READABLE |
			MN_CARTRIDGE_DECLARED);
	KUNIT_EXPECT_EQ(test, b->s.tag.limit[MN_QUANTITY_DEPTH],
			b->caps.limit[MN_QUANTITY_DEPTH]);
	KUNIT_EXPECT_EQ(test, b->s.tag.limit[MN_QUANTITY_RATE], 90000U);
	KUNIT_EXPECT_EQ(test, b->s.tag.limit[MN_QUANTITY_DOSE], b->caps.limit[MN_QUANTITY_DOSE]);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), 0U);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -ERANGE);
	KUNIT_EXPECT_EQ(test, b->refusal.source, MN_SOURCE_CARTRIDGE);
}

static void declare_expired(struct kunit *test)
{
	struct bench *b = counted_safe(test);
	struct mn_tag tag = label(DECLARED);

	tag.expiry_days = BENCH_TODAY - 1;
	KUNIT_ASSERT_EQ(test, declare(b, tag), 0);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_CARTRIDGE_EXPIRED);
}

static void declare_once(struct kunit *test)
{
	struct bench *b = counted_safe(test);

	KUNIT_ASSERT_EQ(test, declare(b, label(DECLARED)), 0);
	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED + 1)), -EEXIST);
	KUNIT_EXPECT_EQ(test, b->s.tag.uid, DECLARED);
	swap_cartridge(b);
	KUNIT_EXPECT_EQ(test, flags(b), MN_CARTRIDGE_PRESENT | MN_CARTRIDGE_UNDECLARED);
	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED + 1)), 0);
}

static void declare_not_in_use(struct kunit *test)
{
	struct bench *b = counted_safe(test);

	KUNIT_ASSERT_EQ(test, declare(b, label(DECLARED)), 0);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED + 1)), -EBADFD);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
}

/* No tag is asked for, and one that is told all the same says nothing. */
static void declare_reads_no_tag(struct kunit *test)
{
	struct bench *b = counted_safe(test);

	bench_forget(b);
	swap_cartridge(b);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_READ_TAG);
	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, flags(b), MN_CARTRIDGE_PRESENT | MN_CARTRIDGE_UNDECLARED);
	KUNIT_ASSERT_EQ(test, declare(b, label(DECLARED)), 0);
	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, b->s.tag.uid, DECLARED);
}

/* ---- the mark that the core keeps ---- */

static struct bench *counted_used(struct kunit *test)
{
	struct bench *b = counted_safe(test);

	KUNIT_ASSERT_EQ(test, declare(b, label(DECLARED)), 0);
	bench_forget(b);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	KUNIT_ASSERT_FALSE(test, b->seen & MN_ACT_MARK);
	KUNIT_ASSERT_EQ(test, flags(b), MN_CARTRIDGE_PRESENT | MN_CARTRIDGE_READABLE |
			MN_CARTRIDGE_DECLARED | MN_CARTRIDGE_MARKED);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_tell(b);
	return b;
}

static void used_goes_on(struct kunit *test)
{
	struct bench *b = counted_used(test);

	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), 0);
	bench_happens(b, MN_HAPPENS_RELEASE);
	bench_tell(b);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), 0);
}

static void used_is_spent(struct bench *b)
{
	KUNIT_EXPECT_TRUE(b->test, flags(b) & MN_CARTRIDGE_SPENT);
	KUNIT_EXPECT_FALSE(b->test, flags(b) & MN_CARTRIDGE_UNDECLARED);
	KUNIT_EXPECT_EQ(b->test, declare(b, label(DECLARED + 1)), -EEXIST);
	KUNIT_EXPECT_EQ(b->test, mn_safety_interlocks(&b->s), MN_INTERLOCK_CARTRIDGE_SPENT);
	swap_cartridge(b);
	KUNIT_EXPECT_EQ(b->test, declare(b, label(DECLARED + 1)), 0);
	KUNIT_EXPECT_EQ(b->test, mn_safety_interlocks(&b->s), 0U);
}

static void used_in_another_treatment(struct kunit *test)
{
	struct bench *b = counted_used(test);

	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT + 1), 0);
	used_is_spent(b);
}

/* Nobody saw whether it was taken out meanwhile. */
static void used_over_sleep(struct kunit *test)
{
	struct bench *b = counted_used(test);

	bench_happens(b, MN_HAPPENS_SUSPEND);
	bench_tell(b);
	bench_happens(b, MN_HAPPENS_RESUME);
	bench_tell(b);
	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	used_is_spent(b);
}

static void used_over_unplug(struct kunit *test)
{
	struct bench *b = counted_used(test);

	bench_happens(b, MN_HAPPENS_UNPLUG);
	b->keep = b->s.keep;
	bench_plug(b);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	used_is_spent(b);

	/* It was out when somebody looked again. */
	b = counted_used(test);
	bench_happens(b, MN_HAPPENS_UNPLUG);
	b->keep = b->s.keep;
	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	bench_plug(b);
	b->report.inputs |= MN_INPUT_CARTRIDGE;
	bench_tell(b);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED + 1)), 0);
}

/* Pulled in use it is a fault, as any other. */
static void used_is_pulled(struct kunit *test)
{
	struct bench *b = counted_used(test);

	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	bench_tell(b);
	EXPECT_FAULT(b, MN_FAULT_CARTRIDGE);
}

/* The next treatment's first declared cartridge begins a new count. */
static void used_counts_anew(struct kunit *test)
{
	struct bench *b = counted_used(test);

	b->s.keep.dose = 100;
	b->s.keep.dose_uid = DECLARED;
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT + 1), 0);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 100U);
	swap_cartridge(b);
	KUNIT_ASSERT_EQ(test, declare(b, label(DECLARED + 1)), 0);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 0U);
}

/* Of one that has told of nothing yet, or tells of it in its sleep, nobody knows what is in. */
static void declare_before_it_is_known(struct kunit *test)
{
	struct bench *b = counted_new(test);

	mn_safety_init(&b->s, &b->caps, &b->keep, b->ceiling_um, b->epoch);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED)), -EAGAIN);
	bench_tell(b);
	bench_happens(b, MN_HAPPENS_SUSPEND);
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, declare(b, label(DECLARED)), -EAGAIN);
}

/* Its own limits are the board's, in the place of a handpiece's. */
static void counted_board_binds(struct kunit *test)
{
	struct bench *b = counted_safe(test);
	struct mn_tag tag = label(DECLARED);
	enum mn_source source;

	tag.limit[MN_QUANTITY_DEPTH] = 1500;
	b->s.caps.limit[MN_QUANTITY_DEPTH] = 900;
	KUNIT_ASSERT_EQ(test, declare(b, tag), 0);
	b->s.tag.limit[MN_QUANTITY_DEPTH] = 1500;
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, &source), 900U);
	KUNIT_EXPECT_EQ(test, source, MN_SOURCE_BOARD);
}

static struct kunit_case counted_cases[] = {
	KUNIT_CASE(counted_never_freezes),
	KUNIT_CASE(counted_over_depth),
	KUNIT_CASE(coasting_is_no_fault),
	KUNIT_CASE(coasting_counts),
	KUNIT_CASE(coasting_ends),
	KUNIT_CASE(restart_is_a_fault),
	KUNIT_CASE(restart_with_others),
	KUNIT_CASE(declare_refused),
	KUNIT_CASE(declare_limits),
	KUNIT_CASE(declare_expired),
	KUNIT_CASE(declare_once),
	KUNIT_CASE(declare_not_in_use),
	KUNIT_CASE(declare_reads_no_tag),
	KUNIT_CASE(used_goes_on),
	KUNIT_CASE(used_in_another_treatment),
	KUNIT_CASE(used_over_sleep),
	KUNIT_CASE(used_over_unplug),
	KUNIT_CASE(used_is_pulled),
	KUNIT_CASE(used_counts_anew),
	KUNIT_CASE(declare_before_it_is_known),
	KUNIT_CASE(counted_board_binds),
	{}
};

static struct kunit_suite counted_suite = {
	.name = "mn-safety-counted",
	.test_cases = counted_cases,
};

kunit_test_suites(&counted_suite);
