// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate, as the rules see it: a wish to start, BEGIN, the transport, STARTED, and stops between.
 */
#include "safety_bench.h"

/* A handpiece that is ARMED, with the trigger's press counted: the wish is there. */
static struct bench *bench_wanted(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	bench_pass(b, MN_TRIGGER_RELEASED_MS);
	bench_press(b);
	bench_pass(b, MN_TRIGGER_DEBOUNCE_MS);
	KUNIT_ASSERT_TRUE(test, b->seen & MN_ACT_START);
	bench_forget(b);
	return b;
}

/* ---- the order ---- */

static void expect_order(struct bench *b, u32 epoch, u32 um, u32 mhz, u32 strokes, u32 ms)
{
	const struct mn_order order = mn_safety_order(&b->s);

	KUNIT_EXPECT_EQ(b->test, order.epoch, epoch);
	KUNIT_EXPECT_EQ(b->test, order.depth.um, um);
	KUNIT_EXPECT_EQ(b->test, order.rate.mhz, mhz);
	KUNIT_EXPECT_EQ(b->test, order.dose.strokes, strokes);
	KUNIT_EXPECT_EQ(b->test, order.run.ms, ms);
}

static void gate_order(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_set set = bench_set_point();

	set.depth.um = 509;
	set.rate.mhz = 100099;
	KUNIT_ASSERT_EQ(test, bench_arm(b, set), 0);
	bench_pass(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	expect_order(b, b->s.epoch, 500, 100000, BENCH_STROKES, BENCH_RUN_MS);
}

/* Armed again it is a set point of its own: strokes are counted anew, and the dose goes on. */
static void gate_order_armed_again(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_live(b, 50);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_release(b);
	bench_home(b);
	KUNIT_ASSERT_EQ(test, bench_arm(b, bench_set_point()), 0);
	bench_live(b, 100);
	bench_press(b);
	bench_pass(b, 20);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	expect_order(b, b->s.epoch, BENCH_DEPTH_UM, BENCH_RATE_MHZ, BENCH_STROKES, BENCH_RUN_MS);
	KUNIT_EXPECT_EQ(test, b->s.keep.dose, 6U);
}

/* From BEGIN on it counts as running, whatever the transport will say. */
static void gate_counts_as_running(struct kunit *test)
{
	struct bench *b = bench_wanted(test);

	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	EXPECT_STATE(b, MN_STATE_RUNNING, MN_CAUSE_TRIGGER);
	bench_happens(b, MN_HAPPENS_CLOSE);
	EXPECT_FAULT(b, MN_FAULT_CONTROLLER_LOST);
}

/* After a stop there is nothing to order, least of all very many strokes. */
static void gate_order_after_stop(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	u32 epoch = b->s.epoch;

	bench_happens(b, MN_HAPPENS_STOP);
	expect_order(b, epoch, 0, 0, 0, 0);
}

/* ---- stop against start ---- */

struct race_case {
	const char *name;
	void (*stop)(struct bench *b);
	enum mn_state state;
};

static void race_stop(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_STOP);
}

static void race_release(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_RELEASE);
}

static void race_fault(struct bench *b)
{
	bench_fail(b, MN_FAULT_OVER_CURRENT);
}

static void race_suspend(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_SUSPEND);
}

static void race_emergency(struct bench *b)
{
	b->report.inputs |= MN_INPUT_EMERGENCY_STOP;
	bench_tell(b);
}

static void race_limit(struct bench *b)
{
	bench_lower(b, MN_HAPPENS_SET_ADMIN, MN_QUANTITY_DEPTH, 1);
}

static void race_lease(struct bench *b)
{
	bench_pass(b, 100);
	bench_tell(b);
	bench_pass(b, 80);
}

/* Stopped, armed again and pressed again: another start than the one that is under way. */
static void race_stop_and_arm(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_STOP);
	bench_release(b);
	bench_home(b);
	KUNIT_ASSERT_EQ(b->test, bench_arm(b, bench_set_point()), 0);
}

static const struct race_case race_cases[] = {
	{ "stop", race_stop, MN_STATE_SAFE },
	{ "RELEASE", race_release, MN_STATE_SAFE },
	{ "suspend", race_suspend, MN_STATE_SAFE },
	{ "fault", race_fault, MN_STATE_FAULT },
	{ "emergency stop", race_emergency, MN_STATE_FAULT },
	{ "lowered limit", race_limit, MN_STATE_SAFE },
	{ "lapsed lease", race_lease, MN_STATE_FAULT },
	{ "trigger let go", bench_release, MN_STATE_ARMED },
	{ "stop and ARM", race_stop_and_arm, MN_STATE_ARMED },
};

KUNIT_ARRAY_PARAM_DESC(race, race_cases, name);

/* Between the wish and BEGIN: nothing is ordered. */
static void gate_stop_before_begin(struct kunit *test)
{
	const struct race_case *param = test->param_value;
	struct bench *b = bench_wanted(test);

	param->stop(b);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
	KUNIT_EXPECT_EQ(test, b->s.state, param->state);
}

/* Between BEGIN and the transport's answer: the answer does not bring it back. */
static void gate_stop_before_started(struct kunit *test)
{
	static const int answers[] = { 0, -EREMOTEIO, -EIO, -ETIMEDOUT };
	const struct race_case *param = test->param_value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		struct bench *b = bench_wanted(test);
		enum mn_cause cause;
		u64 faults;
		u32 epoch;

		KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
		epoch = b->s.run_epoch;
		param->stop(b);
		KUNIT_EXPECT_EQ(test, b->s.state, param->state);
		KUNIT_EXPECT_NE(test, b->s.epoch, epoch);
		cause = b->s.cause;
		faults = b->s.keep.faults;
		KUNIT_EXPECT_EQ(test, bench_started(b, epoch, answers[i]), -ECANCELED);
		EXPECT_STATE(b, param->state, cause);
		KUNIT_EXPECT_EQ(test, b->s.keep.faults, faults);
		KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
	}
}

/* Between ARM and its commit. */
static void gate_stop_before_commit(struct kunit *test)
{
	struct mn_stimulus commit = { .type = MN_HAPPENS_ARM_COMMIT };
	struct bench *b = bench_at(test, BENCH_SAFE);

	commit.set = bench_set_point();
	commit.epoch = b->s.epoch;
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_ARM, commit.set), 0);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_tell(b);
	bench_mark(b);
	KUNIT_EXPECT_EQ(test, bench_step(b, &commit), -ECANCELED);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_SAFE);
}

/* ---- the transport's answer ---- */

static void gate_refused(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_STARTING);

	KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch, -EREMOTEIO), -EREMOTEIO);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_START_FAILED);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
	EXPECT_NO_FAULT(b);
}

/* A command whose outcome is unknown counts as given. */
static void gate_unknown_outcome(struct kunit *test)
{
	static const int errors[] = { -EIO, -ETIMEDOUT, -EPIPE, -ENODEV, -ENOMEM, -EINTR };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		struct bench *b = bench_at(test, BENCH_STARTING);

		KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch, errors[i]), errors[i]);
		EXPECT_FAULT(b, MN_FAULT_TRANSPORT);
		KUNIT_EXPECT_EQ(test, b->s.keep.detail[MN_FAULT_TRANSPORT][0], errors[i]);
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_RESYNC);
	}
}

/* An answer to an order that was not given. */
static void gate_answer_out_of_turn(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch, -EIO), -ECANCELED);
	EXPECT_NO_FAULT(b);
	b = bench_at(test, BENCH_STARTING);
	KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch - 1, 0), -ECANCELED);
	KUNIT_EXPECT_TRUE(test, b->s.starting);
}

/* ---- UPDATE ---- */

static void update_to(struct bench *b, u32 depth_um)
{
	struct mn_set set = bench_set_point();

	set.depth.um = depth_um;
	KUNIT_ASSERT_EQ(b->test, bench_set(b, MN_HAPPENS_UPDATE, set), 0);
}

static void stroke_of(struct bench *b, u32 depth_um)
{
	struct mn_stroke stroke = bench_next_stroke(b);

	stroke.depth_um = depth_um;
	bench_tell_stroke(b, stroke);
}

/* Goes through the same gate, with the epoch of the run, and does not end it. */
static void gate_update_running(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_live(b, 50);
	update_to(b, 300);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	KUNIT_EXPECT_EQ(test, mn_safety_order(&b->s).depth.um, 300U);
	KUNIT_EXPECT_EQ(test, mn_safety_order(&b->s).dose.strokes, BENCH_STROKES);
	KUNIT_EXPECT_EQ(test, mn_safety_order(&b->s).epoch, b->s.epoch);
	KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch, 0), 0);
	EXPECT_STATE(b, MN_STATE_RUNNING, MN_CAUSE_TRIGGER);
	KUNIT_EXPECT_EQ(test, b->actions, 0U);
}

/* ARMED, it changes what is held and orders nothing. */
static void gate_update_armed(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_ARMED);

	update_to(b, 300);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
	EXPECT_STATE(b, MN_STATE_ARMED, MN_CAUSE_ARM);
	KUNIT_EXPECT_EQ(test, b->s.set.depth.um, 300U);
}

/* Shallower: strokes of before are told for no longer than 150 ms; then the new one binds. */
static void gate_update_shallower(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	update_to(b, 300);
	KUNIT_ASSERT_EQ(test, bench_gate(b), 0);
	stroke_of(b, 500);
	EXPECT_NO_FAULT(b);
	for (i = 0; i < 15; i++) {
		bench_pass(b, 10);
		stroke_of(b, 290 + (i & 1));
	}
	EXPECT_NO_FAULT(b);
	bench_pass(b, 1);
	stroke_of(b, 350);
	EXPECT_NO_FAULT(b);
	stroke_of(b, 351);
	EXPECT_FAULT(b, MN_FAULT_OVER_DEPTH);
}

/* Shallower when the start was a moment ago: what that began does not end the grace early. */
static void gate_update_soon_after_start(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	unsigned int i;

	bench_happens(b, MN_HAPPENS_HEARTBEAT);
	for (i = 0; i < 14; i++) {
		bench_pass(b, 10);
		bench_stroke(b);
	}
	bench_pass(b, 9);
	update_to(b, 300);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	/* 151 ms after the start, and the handpiece has not answered the update yet. */
	bench_pass(b, 2);
	stroke_of(b, 500);
	EXPECT_NO_FAULT(b);
	KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch, 0), 0);
	stroke_of(b, 499);
	EXPECT_NO_FAULT(b);
}

/* Deeper: allowed from the order on, and judged by it. */
static void gate_update_deeper(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	update_to(b, 700);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	stroke_of(b, 700);
	EXPECT_NO_FAULT(b);
	KUNIT_ASSERT_EQ(test, bench_started(b, b->s.run_epoch, 0), 0);
	stroke_of(b, 751);
	EXPECT_FAULT(b, MN_FAULT_OVER_DEPTH);
}

/* Asked for and not yet ordered it allows nothing. */
static void gate_update_not_ordered(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	update_to(b, 700);
	stroke_of(b, 551);
	EXPECT_FAULT(b, MN_FAULT_OVER_DEPTH);
}

static void gate_update_refused_by_handpiece(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	update_to(b, 300);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	KUNIT_EXPECT_EQ(test, bench_started(b, b->s.run_epoch, -EREMOTEIO), -EREMOTEIO);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_START_FAILED);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
}

/* Refused by an interlock: what is told as set is what the motor does, or it is stopped. */
static void gate_update_interlock(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_set set = bench_set_point();
	int ret;

	bench_live(b, 50);
	mn_safety_today(&b->s, b->tag.expiry_days + 1);
	set.depth.um = 300;
	ret = bench_set(b, MN_HAPPENS_UPDATE, set);
	if (!ret)
		ret = bench_happens(b, MN_HAPPENS_BEGIN);
	KUNIT_EXPECT_EQ(test, ret, -EAGAIN);
	KUNIT_EXPECT_EQ(test, b->refusal.interlocks & ~MN_INTERLOCK_TRIGGER,
			MN_INTERLOCK_CARTRIDGE_EXPIRED);
	if (b->s.state == MN_STATE_RUNNING)
		KUNIT_EXPECT_EQ(test, b->s.set.depth.um, BENCH_DEPTH_UM);
	else
		KUNIT_EXPECT_EQ(test, b->s.set.depth.um, 0U);
}

/* An interlock opens between UPDATE and its order: it does not go on with what was given up. */
static void gate_update_interlock_at_begin(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	update_to(b, 300);
	mn_safety_today(&b->s, b->tag.expiry_days + 1);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -EAGAIN);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_START_FAILED);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
}

/* The run time counts without a pause: what is left of it is what the handpiece may run. */
static void gate_update_run_time_left(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_set set = bench_set_point();

	bench_live(b, 600);
	set.run.ms = 1000;
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, set), 0);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	expect_order(b, b->s.epoch, BENCH_DEPTH_UM, BENCH_RATE_MHZ, BENCH_STROKES, 400);
}

/* A run time that is over already is no order, but the end. */
static void gate_update_run_time_over(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_set set = bench_set_point();

	bench_live(b, 600);
	set.run.ms = 600;
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, set), 0);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), -ECANCELED);
	EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_RUN_TIME);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
}

/* Less than a millisecond is left: 0 would be no bound to a handpiece. */
static void gate_update_run_time_all_but_over(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_set set = bench_set_point();

	bench_live(b, 600);
	set.run.ms = 601;
	KUNIT_ASSERT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, set), 0);
	bench_pass_ns(b, MS / 2);
	KUNIT_ASSERT_EQ(test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
	expect_order(b, b->s.epoch, BENCH_DEPTH_UM, BENCH_RATE_MHZ, BENCH_STROKES, 1);
}

static struct kunit_case gate_cases[] = {
	KUNIT_CASE(gate_order),
	KUNIT_CASE(gate_order_armed_again),
	KUNIT_CASE(gate_counts_as_running),
	KUNIT_CASE(gate_order_after_stop),
	KUNIT_CASE_PARAM(gate_stop_before_begin, race_gen_params),
	KUNIT_CASE_PARAM(gate_stop_before_started, race_gen_params),
	KUNIT_CASE(gate_stop_before_commit),
	KUNIT_CASE(gate_refused),
	KUNIT_CASE(gate_unknown_outcome),
	KUNIT_CASE(gate_answer_out_of_turn),
	KUNIT_CASE(gate_update_running),
	KUNIT_CASE(gate_update_armed),
	KUNIT_CASE(gate_update_shallower),
	KUNIT_CASE(gate_update_soon_after_start),
	KUNIT_CASE(gate_update_deeper),
	KUNIT_CASE(gate_update_not_ordered),
	KUNIT_CASE(gate_update_refused_by_handpiece),
	KUNIT_CASE(gate_update_interlock),
	KUNIT_CASE(gate_update_interlock_at_begin),
	KUNIT_CASE(gate_update_run_time_left),
	KUNIT_CASE(gate_update_run_time_over),
	KUNIT_CASE(gate_update_run_time_all_but_over),
	{}
};

static struct kunit_suite gate_suite = {
	.name = "mn-safety-gate",
	.test_cases = gate_cases,
};

kunit_test_suites(&gate_suite);
