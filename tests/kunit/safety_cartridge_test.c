// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cartridge, its used mark, and what belongs to one treatment.
 */
#include "safety_bench.h"

static void pull(struct bench *b)
{
	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	bench_tell(b);
}

static void read_badly(struct bench *b)
{
	b->tag.readable = false;
	bench_tell_tag(b);
}

static void read_foreign_mark(struct bench *b)
{
	b->tag.marked = true;
	memset(b->tag.treatment, 0x77, sizeof(b->tag.treatment));
	bench_tell_tag(b);
}

/* ---- the mark ---- */

static bool is_spent(const struct bench *b)
{
	return mn_safety_cartridge_flags(&b->s) & MN_CARTRIDGE_SPENT;
}

/* Written and read back before ARMED; with it once, no more marks. */
static void mark_before_armed(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	u32 flags = MN_CARTRIDGE_PRESENT | MN_CARTRIDGE_READABLE;

	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), flags);
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), 0);
	KUNIT_EXPECT_EQ(test, b->actions, MN_ACT_MARK);
	bench_mark(b);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), flags | MN_CARTRIDGE_MARKED);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), 0);
	KUNIT_EXPECT_EQ(test, b->actions, 0U);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM_COMMIT, bench_set_point()), 0);
}

/* No mark, no ARMED. */
static void mark_left_out(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM_COMMIT, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_CARTRIDGE_UNREADABLE);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

/* A mark whose outcome is unknown counts as written. */
static void mark_not_read_back(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), 0);
	bench_happens(b, MN_HAPPENS_MARKING);
	bench_tell_tag(b);
	KUNIT_EXPECT_TRUE(test, is_spent(b));
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM_COMMIT, bench_set_point()), -EAGAIN);
	/* Also when it is asked again, and reads the same. */
	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_CARTRIDGE_SPENT);
}

/* Not readable after the mark: when it is readable again, it counts as written. */
static void mark_unreadable_after(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), 0);
	bench_happens(b, MN_HAPPENS_MARKING);
	b->tag.readable = false;
	bench_tell_tag(b);
	KUNIT_EXPECT_NE(test, bench_set(b, MN_HAPPENS_ARM_COMMIT, bench_set_point()), 0);
	b->tag.readable = true;
	bench_tell_tag(b);
	KUNIT_EXPECT_TRUE(test, is_spent(b));
}

/* Another's mark where ours was sent. */
static void mark_of_another(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), 0);
	bench_happens(b, MN_HAPPENS_MARKING);
	read_foreign_mark(b);
	KUNIT_EXPECT_TRUE(test, is_spent(b));
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM_COMMIT, bench_set_point()), -EAGAIN);
}

/* Our id on a cartridge that we did not mark since it was put in: it has been out. */
static void mark_of_ours_from_before(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	b->tag.marked = true;
	memset(b->tag.treatment, BENCH_TREATMENT, sizeof(b->tag.treatment));
	bench_tell_tag(b);
	KUNIT_EXPECT_TRUE(test, is_spent(b));
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -EAGAIN);
}

struct mark_case {
	const char *name;
	void (*between)(struct bench *b);
	bool kept;
};

static void pause_and_go_on(struct bench *b)
{
	bench_release(b);
	bench_home(b);
	bench_happens(b, MN_HAPPENS_STOP);
}

static void release_and_acquire(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_RELEASE);
	bench_acquire(b, BENCH_TREATMENT);
}

static void fault_and_clear(struct bench *b)
{
	bench_fail(b, MN_FAULT_SEQUENCE);
	bench_home(b);
	KUNIT_ASSERT_EQ(b->test, bench_clear(b, ~0ULL), 0);
}

/* The daemon died in the middle, and goes on with the same id. */
static void daemon_restarts(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_CLOSE);
	bench_home(b);
	KUNIT_ASSERT_EQ(b->test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_ASSERT_EQ(b->test, bench_clear(b, ~0ULL), 0);
}

static void removed_and_put_back(struct bench *b)
{
	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	b->report.insertions++;
	bench_tell(b);
	b->report.inputs |= MN_INPUT_CARTRIDGE;
	b->report.insertions++;
	bench_tell(b);
	bench_tell_tag(b);
}

/* So fast that no report shows it absent: the count does. */
static void removed_unseen(struct bench *b)
{
	b->report.insertions += 2;
	bench_tell(b);
	bench_tell_tag(b);
}

static void suspended(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_SUSPEND);
	bench_happens(b, MN_HAPPENS_RESUME);
	bench_home(b);
	bench_tell_tag(b);
}

static void browned_out(struct bench *b)
{
	b->report.boot_id++;
	bench_home(b);
	bench_tell_tag(b);
}

static void unplugged(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_UNPLUG);
	b->keep = b->s.keep;
	b->epoch = b->s.epoch;
	b->report.idle = true;
	b->report.inputs |= MN_INPUT_HOME;
	bench_plug(b);
	bench_acquire(b, BENCH_TREATMENT);
}

static void other_treatment(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_STOP);
	KUNIT_ASSERT_EQ(b->test, bench_acquire(b, BENCH_TREATMENT + 1), 0);
}

/* A treatment that another has followed is over, and its id does not bring it back. */
static void other_treatment_and_back(struct bench *b)
{
	other_treatment(b);
	KUNIT_ASSERT_EQ(b->test, bench_acquire(b, BENCH_TREATMENT), -EINVAL);
}

/* The tag reads as another cartridge, though nothing was seen to move. */
static void other_identity(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_STOP);
	b->tag.uid++;
	bench_tell_tag(b);
}

static void mark_gone(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_STOP);
	b->tag.marked = false;
	bench_tell_tag(b);
}

static const struct mark_case mark_cases[] = {
	{ "pause", pause_and_go_on, true },
	{ "RELEASE", release_and_acquire, true },
	{ "fault clear", fault_and_clear, true },
	{ "daemon restart", daemon_restarts, true },
	{ "removal", removed_and_put_back, false },
	{ "removal unseen", removed_unseen, false },
	{ "suspend", suspended, false },
	{ "brown-out", browned_out, false },
	{ "unplug", unplugged, false },
	{ "another treatment", other_treatment, false },
	{ "another and back", other_treatment_and_back, false },
	{ "another identity", other_identity, false },
	{ "mark gone", mark_gone, false },
};

KUNIT_ARRAY_PARAM_DESC(mark, mark_cases, name);

/* What keeps a marked cartridge, and what spends it. */
static void mark_kept(struct kunit *test)
{
	const struct mark_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_RUNNING);

	param->between(b);
	bench_home(b);
	KUNIT_EXPECT_EQ(test, is_spent(b), !param->kept);
	KUNIT_EXPECT_EQ(test, !(mn_safety_interlocks(&b->s) & MN_INTERLOCK_CARTRIDGE_SPENT),
			param->kept);
}

/* ---- the cartridge while in use ---- */

static void cartridge_pulled(struct kunit *test)
{
	static const enum bench_place places[] = { BENCH_ARMED, BENCH_STARTING, BENCH_RUNNING };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i]);

		pull(b);
		EXPECT_FAULT(b, MN_FAULT_CARTRIDGE);
		b = bench_at(test, places[i]);
		b->report.insertions += 2;
		bench_tell(b);
		EXPECT_FAULT(b, MN_FAULT_CARTRIDGE);
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_READ_TAG);
		b = bench_at(test, places[i]);
		read_badly(b);
		EXPECT_FAULT(b, MN_FAULT_CARTRIDGE);
	}
}

/* In SAFE it may come and go; a new one is read. */
static void cartridge_changed(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	pull(b);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_FALSE(test, b->actions & MN_ACT_READ_TAG);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), 0U);
	b->report.inputs |= MN_INPUT_CARTRIDGE;
	b->report.insertions++;
	bench_tell(b);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_READ_TAG);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), MN_CARTRIDGE_PRESENT);
}

/* A tag that was read while the cartridge changed is of the one before: left alone. */
static void cartridge_read_too_early(struct kunit *test)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_TAG };
	struct bench *b = bench_at(test, BENCH_SAFE);

	what.tag = b->tag;
	b->report.insertions += 2;
	bench_tell(b);
	bench_step(b, &what);
	KUNIT_EXPECT_FALSE(test, b->s.tag.present);
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, NULL), 0U);
}

/* Its needles read shorter than what is set, in the middle of it: the limit holds. */
static void cartridge_reads_shorter(struct kunit *test)
{
	static const enum bench_place places[] = { BENCH_ARMED, BENCH_RUNNING };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i]);

		b->tag.limit[MN_QUANTITY_DEPTH] = BENCH_DEPTH_UM - 1;
		bench_tell_tag(b);
		KUNIT_EXPECT_TRUE(test, b->s.state == MN_STATE_SAFE ||
				  b->s.state == MN_STATE_FAULT);
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
	}
}

/* ---- the treatment ---- */

static void treatment_dose_goes_on(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_live(b, 100);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 11U);
	daemon_restarts(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 11U);
	KUNIT_EXPECT_EQ(test, b->s.keep.session[MN_QUANTITY_DEPTH], 1000U);
	unplugged(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 11U);
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_RUN_TIME, NULL), 120000U);
}

/* The count starts again with a new id and a new cartridge, in either order, and not with one. */
static void treatment_dose_starts_again(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_live(b, 100);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_home(b);
	bench_acquire(b, BENCH_TREATMENT + 1);
	KUNIT_EXPECT_EQ_MSG(test, b->s.keep.dose, 11U, "another id alone");
	removed_and_put_back(b);
	KUNIT_EXPECT_EQ_MSG(test, b->s.keep.dose, 11U, "and the same cartridge put back");
	bench_swap_cartridge(b, BENCH_CARTRIDGE + 1);
	KUNIT_EXPECT_EQ_MSG(test, b->s.keep.dose, 0U, "and another cartridge");

	b = bench_at(test, BENCH_RUNNING);
	bench_live(b, 100);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_home(b);
	bench_swap_cartridge(b, BENCH_CARTRIDGE + 1);
	KUNIT_EXPECT_EQ_MSG(test, b->s.keep.dose, 11U, "another cartridge alone");
	bench_acquire(b, BENCH_TREATMENT);
	KUNIT_EXPECT_EQ_MSG(test, b->s.keep.dose, 11U, "and the same id");
	bench_acquire(b, BENCH_TREATMENT + 1);
	KUNIT_EXPECT_EQ_MSG(test, b->s.keep.dose, 0U, "and another id");
}

/* Strokes of the run-down after it was pulled belong to the cartridge that was there. */
static void treatment_pulled_in_run_down(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	pull(b);
	bench_stroke(b);
	bench_home(b);
	KUNIT_ASSERT_EQ(test, bench_clear(b, ~0ULL), 0);
	bench_acquire(b, BENCH_TREATMENT + 1);
	b->report.inputs |= MN_INPUT_CARTRIDGE;
	b->report.insertions++;
	bench_tell(b);
	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 2U);
}

/* A cartridge that can't be read is not another one. */
static void treatment_unreadable_is_not_new(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_happens(b, MN_HAPPENS_STOP);
	bench_home(b);
	bench_acquire(b, BENCH_TREATMENT + 1);
	b->tag.readable = false;
	b->tag.uid = 0;
	removed_and_put_back(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 1U);
}

/* Another treatment has no limits yet, so nothing can be armed; the same one has what it had. */
static void treatment_session_limits(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_ASSERT_EQ(test, bench_lower(b, MN_HAPPENS_SET_LIMITS, MN_QUANTITY_DEPTH, 600), 0);
	bench_happens(b, MN_HAPPENS_RELEASE);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, bench_lower(b, MN_HAPPENS_SET_LIMITS, MN_QUANTITY_DEPTH, 601),
			-EPERM);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT + 1), 0);
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, NULL), 0U);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -ERANGE);
	KUNIT_EXPECT_EQ(test, b->refusal.source, MN_SOURCE_SESSION);
}

/* A reused id never raises a limit: one that is over is over, however many came after it. */
static void treatment_over(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	u8 later;

	for (later = 1; later <= 20; later++) {
		KUNIT_EXPECT_EQ(test, bench_acquire(b, BENCH_TREATMENT + later), 0);
		KUNIT_EXPECT_EQ(test, bench_acquire(b, BENCH_TREATMENT), -EINVAL);
		KUNIT_EXPECT_EQ(test, bench_acquire(b, BENCH_TREATMENT + later), 0);
	}
}

/* The administrator's limits are nobody's treatment. */
static void treatment_admin_stays(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_ASSERT_EQ(test, bench_lower(b, MN_HAPPENS_SET_ADMIN, MN_QUANTITY_DEPTH, 700), 0);
	KUNIT_ASSERT_EQ(test, bench_acquire(b, BENCH_TREATMENT + 1), 0);
	unplugged(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.admin[MN_QUANTITY_DEPTH], 700U);
	KUNIT_EXPECT_EQ(test, bench_lower(b, MN_HAPPENS_SET_ADMIN, MN_QUANTITY_DEPTH, 701),
			-EPERM);
}

static void unreadable_is_there_and_no_more(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	read_badly(b);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), (u32)MN_CARTRIDGE_PRESENT);
}

static struct kunit_case cartridge_cases[] = {
	KUNIT_CASE(mark_before_armed),
	KUNIT_CASE(mark_left_out),
	KUNIT_CASE(mark_not_read_back),
	KUNIT_CASE(mark_unreadable_after),
	KUNIT_CASE(mark_of_another),
	KUNIT_CASE(mark_of_ours_from_before),
	KUNIT_CASE_PARAM(mark_kept, mark_gen_params),
	KUNIT_CASE(cartridge_pulled),
	KUNIT_CASE(cartridge_changed),
	KUNIT_CASE(cartridge_read_too_early),
	KUNIT_CASE(cartridge_reads_shorter),
	KUNIT_CASE(treatment_dose_goes_on),
	KUNIT_CASE(treatment_dose_starts_again),
	KUNIT_CASE(treatment_pulled_in_run_down),
	KUNIT_CASE(treatment_unreadable_is_not_new),
	KUNIT_CASE(treatment_session_limits),
	KUNIT_CASE(treatment_over),
	KUNIT_CASE(treatment_admin_stays),
	KUNIT_CASE(unreadable_is_there_and_no_more),
	{}
};

static struct kunit_suite cartridge_suite = {
	.name = "mn-safety-cartridge",
	.test_cases = cartridge_cases,
};

kunit_test_suites(&cartridge_suite);
