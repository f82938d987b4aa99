// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each thing that is told says one thing: inputs, counts, epochs, masks, sources. Found by changing
 * the rules one token at a time: these are the changes that no test noticed.
 */
#include "safety_bench.h"

/* ---- inputs ---- */

struct input_case {
	const char *name;
	u32 inputs;
	u32 interlocks;
	u32 flags;
};

#define AWAY	(MN_INTERLOCK_CARTRIDGE_ABSENT | MN_INTERLOCK_NOT_HOME)

static const struct input_case input_cases[] = {
	{ "none", 0, AWAY, 0 },
	{ "emergency stop", MN_INPUT_EMERGENCY_STOP, AWAY | MN_INTERLOCK_EMERGENCY_STOP, 0 },
	{ "trigger", MN_INPUT_TRIGGER, AWAY | MN_INTERLOCK_TRIGGER, 0 },
	{ "cartridge", MN_INPUT_CARTRIDGE, MN_INTERLOCK_CARTRIDGE_UNREADABLE |
	  MN_INTERLOCK_NOT_HOME, MN_CARTRIDGE_PRESENT },
	{ "home", MN_INPUT_HOME, MN_INTERLOCK_CARTRIDGE_ABSENT, 0 },
};

KUNIT_ARRAY_PARAM_DESC(input, input_cases, name);

static void inputs_each_alone(struct kunit *test)
{
	const struct input_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_SAFE);

	/* A change of cartridges, so that none is known in any case */
	b->report.insertions++;
	b->report.inputs = param->inputs;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), param->interlocks);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), param->flags);
}

/* What a tag says is told apart from the switch that says whether one is there. */
static void inputs_tag_without_a_switch(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	bench_tell(b);
	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), (u32)MN_CARTRIDGE_READABLE);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), MN_INTERLOCK_CARTRIDGE_ABSENT);
	b->tag.marked = true;
	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s),
			MN_CARTRIDGE_READABLE | MN_CARTRIDGE_MARKED | MN_CARTRIDGE_SPENT);
}

/* An emergency stop moves no cartridge. */
static void inputs_emergency_stop_and_cartridge(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	u32 flags = mn_safety_cartridge_flags(&b->s);

	bench_forget(b);
	b->report.inputs |= MN_INPUT_EMERGENCY_STOP;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), flags);
	b->report.inputs &= ~MN_INPUT_EMERGENCY_STOP;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, mn_safety_cartridge_flags(&b->s), flags);
	KUNIT_EXPECT_FALSE(test, b->seen & MN_ACT_READ_TAG);
}

/* Any other count is an insertion, and so is the switch without one. */
static void inputs_insertions(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	b->report.insertions--;
	bench_tell(b);
	KUNIT_EXPECT_FALSE(test, b->s.tag.present);
	KUNIT_EXPECT_EQ(test, b->actions, MN_ACT_READ_TAG);

	b = bench_at(test, BENCH_SAFE);
	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	bench_tell(b);
	b->report.inputs |= MN_INPUT_CARTRIDGE;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, b->actions, MN_ACT_READ_TAG);
}

/* ---- restarts ---- */

/* Any other boot id is a restart. */
static void restart_of_any_id(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	b->report.boot_id--;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, b->actions, MN_ACT_KILL | MN_ACT_RESYNC | MN_ACT_READ_TAG);
}

/* Where no cartridge is, none is read. */
static void restart_without_cartridge(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	b->report.inputs = MN_INPUT_HOME | MN_INPUT_EMERGENCY_STOP;
	bench_tell(b);
	b->report.boot_id++;
	bench_tell(b);
	KUNIT_EXPECT_FALSE(test, b->actions & MN_ACT_READ_TAG);
}

/* Its count began anew with it: what is ahead of the old one is no stroke that was not told. */
static void restart_counts_nothing(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u32 dose = b->s.keep.dose;

	b->report.boot_id++;
	b->stroke_number += 3;
	bench_home(b);
	KUNIT_ASSERT_FALSE(test, b->s.stroke_synced);
	bench_clear(b, ~0ULL);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, dose);
}

/* Once it has told where it stands, strokes that it does not tell of count, in FAULT as well. */
static void restart_then_untold_strokes(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u32 dose = b->s.keep.dose;

	b->report.boot_id++;
	b->stroke_number = 0;
	bench_home(b);
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_FAULT);
	b->stroke_number = 3;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), 0);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, dose + 3);
}

/* The first stroke of a handpiece that has not told where it stands says so; then gaps are gaps. */
static void restart_first_stroke_counts(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_STARTING);
	struct mn_stroke stroke;

	b->s.stroke_synced = false;
	stroke = bench_next_stroke(b);
	stroke.number = 77;
	bench_tell_stroke(b, stroke);
	EXPECT_NO_FAULT(b);
	stroke = bench_next_stroke(b);
	stroke.number = 79;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_SEQUENCE);
}

/* A clear that is refused while the motor runs down counts nothing that is still to be told. */
static void clear_before_the_strokes_are_told(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u32 dose = b->s.keep.dose, told = b->stroke_number;
	unsigned int i;

	bench_fail(b, MN_FAULT_OVER_CURRENT);
	b->stroke_number = told + 3;
	bench_tell(b);
	b->stroke_number = told;
	KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, dose);
	for (i = 0; i < 3; i++)
		bench_stroke(b);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << MN_FAULT_OVER_CURRENT);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, dose + 3);
}

/* Cleared, a sensor that was stuck has as many strokes to move again as at first. */
static void clear_of_a_frozen_depth(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int round, i;

	for (round = 0; round < 2; round++) {
		/* The first of all has none before it; after that the last of before counts. */
		for (i = 0; i < MN_FROZEN_STROKES - round; i++) {
			struct mn_stroke stroke = bench_next_stroke(b);

			EXPECT_NO_FAULT(b);
			stroke.depth_um = 444;
			bench_tell_stroke(b, stroke);
		}
		EXPECT_FAULT(b, MN_FAULT_DEPTH_FROZEN);
		bench_release(b);
		bench_home(b);
		KUNIT_ASSERT_EQ(test, bench_clear(b, ~0ULL), 0);
		KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
		bench_live(b, 100);
		bench_press(b);
		bench_pass(b, 20);
		KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	}
}

/* Cool enough is any temperature that is not beyond the limit. */
static void clear_well_below_the_limit(struct kunit *test)
{
	static const s32 temps[] = { 60000, 59999, 0, -20000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(temps); i++) {
		struct bench *b = bench_at(test, BENCH_SAFE);

		b->report.temp_mc = 60001;
		bench_tell(b);
		EXPECT_FAULT(b, MN_FAULT_OVER_TEMPERATURE);
		b->report.temp_mc = temps[i];
		bench_tell(b);
		KUNIT_EXPECT_EQ(test, bench_clear(b, ~0ULL), 0);
	}
}

/* A motor that runs on when all is latched that can be is one thing more that is wrong. */
static void motor_on_in_fault(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_FAULT);

	b->report.idle = false;
	b->report.inputs &= ~MN_INPUT_HOME;
	bench_tell(b);
	KUNIT_EXPECT_TRUE(test, bench_latched(b, MN_FAULT_UNEXPECTED_MOTION));
	KUNIT_EXPECT_EQ(test, b->actions, MN_ACT_KILL | MN_ACT_RESYNC);
}

/* Bits that are no fault latch none: a transport names what it does not know. */
static void faults_that_are_none(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	b->report.faults = 1ULL << MN_FAULT_NONE | ~0ULL << MN_FAULT_NR;
	bench_tell(b);
	EXPECT_NO_FAULT(b);
}

/* One wrong stroke, one fault: without a period, of an older start or told twice. */
static void strokes_one_fault_each(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.period_us = 0;
	stroke.epoch--;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_UNEXPECTED_MOTION);

	b = bench_at(test, BENCH_RUNNING);
	stroke = bench_next_stroke(b);
	stroke.period_us = 0;
	stroke.number--;
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_SEQUENCE);
}

/* ---- epochs ---- */

/* An answer belongs to one epoch: neither an older nor a later one will do. */
static void epochs_of_answers(struct kunit *test)
{
	static const s32 others[] = { -1, 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		struct mn_stimulus what = { .type = MN_HAPPENS_ARM_COMMIT };
		struct bench *b = bench_at(test, BENCH_SAFE);

		bench_mark(b);
		what.set = bench_set_point();
		what.epoch = b->s.epoch + others[i];
		KUNIT_EXPECT_EQ(test, bench_step(b, &what), -ECANCELED);

		b = bench_at(test, BENCH_STARTING);
		KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch + others[i], 0), -ECANCELED);

		b = bench_at(test, BENCH_SAFE);
		KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_SELF_TEST), 0);
		what.type = MN_HAPPENS_TESTED;
		what.epoch = b->s.epoch + others[i];
		what.error = 0;
		KUNIT_EXPECT_EQ(test, bench_step(b, &what), -ECANCELED);
	}
}

/* One that was never sent is ahead of ours, on the other side of the wrap as well. */
static void epochs_ahead_over_the_wrap(struct kunit *test)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_REPORT };
	struct bench *b = bench_new(test);

	b->epoch = U32_MAX - 2;
	bench_plug(b);
	what.report = b->report;
	what.report.epoch = 5;
	bench_step(b, &what);
	EXPECT_FAULT(b, MN_FAULT_PROTOCOL);
	KUNIT_EXPECT_EQ(test, b->s.epoch, 7U);
}

/* Any error but a refusal leaves the outcome unknown, whatever its number. */
static void errors_of_answers(struct kunit *test)
{
	struct mn_stimulus tested = { .type = MN_HAPPENS_TESTED, .error = -ECANCELED };
	struct bench *b = bench_at(test, BENCH_STARTING);

	KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch, -ECANCELED), -ECANCELED);
	EXPECT_FAULT(b, MN_FAULT_TRANSPORT);

	b = bench_at(test, BENCH_SAFE);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_SELF_TEST), 0);
	tested.epoch = b->s.epoch;
	KUNIT_EXPECT_EQ(test, bench_step(b, &tested), -ECANCELED);
	KUNIT_EXPECT_EQ(test, b->s.report.self_test, MN_SELF_TEST_BUSY);
}

/* ---- who controls ---- */

static void close_gives_up_control(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_happens(b, MN_HAPPENS_CLOSE);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -EPERM);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_HEARTBEAT), -EPERM);
}

/* In FAULT it is pulled out by whom it pleases. */
static void unplugged_in_fault(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_FAULT);
	u64 faults = b->s.keep.faults;

	bench_happens(b, MN_HAPPENS_UNPLUG);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, faults);
}

/* ---- UPDATE while ARMED ---- */

/* It starts nothing, where START would. */
static void update_starts_nothing(struct kunit *test)
{
	struct bench *b = bench_new(test);

	b->caps.has_trigger = false;
	bench_plug(b);
	bench_go(b, BENCH_ARMED);
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, bench_set_point()), 0);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_ARM);
}

/* Refused by an interlock it says by which, and holds what was held. */
static void update_refused_while_armed(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);
	struct mn_set set = bench_set_point();

	mn_safety_today(&b->s, b->tag.expiry_days + 1);
	set.depth.um = 300;
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, set), -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks, MN_INTERLOCK_CARTRIDGE_EXPIRED);
	KUNIT_EXPECT_EQ(test, b->s.set.depth.um, BENCH_DEPTH_UM);
}

/* ---- where limits come from ---- */

static void sources_each_of_its_own(struct kunit *test)
{
	static const u32 depths[MN_SOURCE_NR] = {
		[MN_SOURCE_ABSOLUTE] = MN_ABSOLUTE_DEPTH_UM,
		[MN_SOURCE_CEILING] = MN_CEILING_DEPTH_UM,
		[MN_SOURCE_DEVICE] = 2500,
		[MN_SOURCE_CARTRIDGE] = 1500,
		[MN_SOURCE_ADMIN] = MN_CEILING_DEPTH_UM,
		[MN_SOURCE_SESSION] = 1000,
	};
	struct bench *b = bench_at(test, BENCH_SAFE);
	unsigned int source;

	for (source = 0; source < MN_SOURCE_NR; source++) {
		u32 value = 1;

		KUNIT_EXPECT_EQ_MSG(test, mn_safety_source(&b->s, MN_QUANTITY_DEPTH, source,
							   &value),
				    source != MN_SOURCE_BOARD, "source %u", source);
		KUNIT_EXPECT_EQ_MSG(test, value, depths[source], "source %u", source);
	}
}

/* Of two that are equal the one is named that lasts longer. */
static void sources_equal(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	enum mn_source binding;

	KUNIT_ASSERT_EQ(test, bench_lower(b, MN_HAPPENS_SET_ADMIN, MN_QUANTITY_DEPTH, 1000), 0);
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, &binding), 1000U);
	KUNIT_EXPECT_EQ(test, binding, MN_SOURCE_ADMIN);
}

static struct kunit_case inputs_cases[] = {
	KUNIT_CASE_PARAM(inputs_each_alone, input_gen_params),
	KUNIT_CASE(inputs_tag_without_a_switch),
	KUNIT_CASE(inputs_emergency_stop_and_cartridge),
	KUNIT_CASE(inputs_insertions),
	KUNIT_CASE(restart_of_any_id),
	KUNIT_CASE(restart_without_cartridge),
	KUNIT_CASE(restart_counts_nothing),
	KUNIT_CASE(restart_then_untold_strokes),
	KUNIT_CASE(restart_first_stroke_counts),
	KUNIT_CASE(clear_before_the_strokes_are_told),
	KUNIT_CASE(clear_of_a_frozen_depth),
	KUNIT_CASE(clear_well_below_the_limit),
	KUNIT_CASE(motor_on_in_fault),
	KUNIT_CASE(faults_that_are_none),
	KUNIT_CASE(strokes_one_fault_each),
	KUNIT_CASE(epochs_of_answers),
	KUNIT_CASE(epochs_ahead_over_the_wrap),
	KUNIT_CASE(errors_of_answers),
	KUNIT_CASE(close_gives_up_control),
	KUNIT_CASE(unplugged_in_fault),
	KUNIT_CASE(update_starts_nothing),
	KUNIT_CASE(update_refused_while_armed),
	KUNIT_CASE(sources_each_of_its_own),
	KUNIT_CASE(sources_equal),
	{}
};

static struct kunit_suite inputs_suite = {
	.name = "mn-safety-inputs",
	.test_cases = inputs_cases,
};

kunit_test_suites(&inputs_suite);
