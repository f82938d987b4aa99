// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate of the loaded core: what is ordered, and stops that come while an order is under way.
 */
#include <linux/bits.h>
#include <linux/workqueue.h>

#include "core_fake.h"

/* ---- in good order ---- */

static void gate_orders_what_was_armed(struct kunit *test)
{
	struct fake *f = fake_safe(test);
	struct mn_set_point point = fake_set_point();

	point.depth_um = 509;
	point.rate_mhz = 100099;
	KUNIT_ASSERT_EQ(test, mn_arm(f->mn, fake_one, &point), 0);
	KUNIT_EXPECT_EQ(test, point.depth_um, 500U);
	KUNIT_EXPECT_EQ(test, point.rate_mhz, 100000U);
	EXPECT_STATUS(f, MN_STATE_ARMED, MN_CAUSE_ARM, 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 0U);

	KUNIT_ASSERT_EQ(test, mn_start(f->mn, fake_one), 0);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_START, 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 1U);
	KUNIT_EXPECT_EQ(test, f->order_epoch, fake_status(f).epoch);
	KUNIT_EXPECT_EQ(test, f->ordered.depth.um, 500U);
	KUNIT_EXPECT_EQ(test, f->ordered.rate.mhz, 100000U);
	KUNIT_EXPECT_EQ(test, f->ordered.dose.strokes, FAKE_STROKES);
	KUNIT_EXPECT_EQ(test, f->ordered.run.ms, FAKE_RUN_MS);
}

/* Strokes are counted and told, until the last: then it is SAFE, and the needles are home. */
static void gate_runs_to_the_end(struct kunit *test)
{
	struct fake *f = fake_safe(test);
	struct mn_set_point point = fake_set_point();
	struct mn_status status;

	point.strokes = 50;
	KUNIT_ASSERT_EQ(test, mn_arm(f->mn, fake_one, &point), 0);
	KUNIT_ASSERT_EQ(test, mn_start(f->mn, fake_one), 0);
	fake_live(f, 255);
	status = fake_status(f);
	KUNIT_EXPECT_EQ(test, status.state, MN_STATE_RUNNING);
	KUNIT_EXPECT_EQ(test, status.strokes_done, 25U);
	KUNIT_EXPECT_EQ(test, status.measured_rate_mhz, 100000U);
	KUNIT_EXPECT_EQ(test, status.strokes, 50U);
	fake_live(f, 300);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_COMPLETE, 0);
	status = fake_status(f);
	KUNIT_EXPECT_EQ(test, status.dose_strokes, 50U);
	KUNIT_EXPECT_EQ(test, status.interlocks, 0U);
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_STROKE), 50U);
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_STATE), 3U);
}

static void gate_refuses_to_start(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -EBADFD);
	KUNIT_ASSERT_EQ(test, fake_arm(f), 0);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_other), -EPERM);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, NULL), -EPERM);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 0U);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), 0);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -EBADFD);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 1U);
}

/* ---- the trigger ---- */

static struct fake *with_trigger(struct kunit *test)
{
	struct fake *f = fake_new(test);

	f->caps.has_trigger = true;
	KUNIT_ASSERT_EQ(test, fake_register(f), 0);
	KUNIT_ASSERT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_ASSERT_EQ(test, fake_limits(f, fake_one), 0);
	KUNIT_ASSERT_EQ(test, fake_arm(f), 0);
	fake_listen(f);
	fake_forget(f);
	return f;
}

/* The press starts it 20 ms later, and letting go stops it from the context that told so. */
static void gate_trigger(struct kunit *test)
{
	struct fake *f = with_trigger(test);
	u64 pressed, started, kills;

	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -EOPNOTSUPP);
	fake_live(f, 110);
	pressed = ktime_get_ns();
	fake_input(f, MN_INPUT_TRIGGER, true);
	fake_live(f, 50);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_TRIGGER, 0);
	KUNIT_ASSERT_EQ(test, fake_count(f, FAKE_START), 1U);
	started = fake_nth(f, FAKE_START, 0)->at_ns - pressed;
	KUNIT_EXPECT_GE(test, started, 20 * NSEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, started, 21 * NSEC_PER_MSEC);

	kills = fake_count(f, FAKE_KILL);
	fake_input(f, MN_INPUT_TRIGGER, false);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), kills + 1);
	EXPECT_STATUS(f, MN_STATE_ARMED, MN_CAUSE_TRIGGER_RELEASED, 0);
	fake_live(f, 110);
	KUNIT_EXPECT_FALSE(test, f->running);

	/* And goes on from there, with what is left. */
	fake_input(f, MN_INPUT_TRIGGER, true);
	fake_live(f, 50);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_TRIGGER, 0);
	KUNIT_EXPECT_LT(test, f->ordered.dose.strokes, FAKE_STROKES);
}

/* Let go while the order is under way: stopped again, ARMED, and no stroke is made. */
static void let_go(struct fake *f)
{
	fake_input(f, MN_INPUT_TRIGGER, false);
}

static void gate_trigger_let_go_inside(struct kunit *test)
{
	struct fake *f = with_trigger(test);

	f->during[FAKE_START] = let_go;
	f->blind = true;
	fake_live(f, 110);
	fake_input(f, MN_INPUT_TRIGGER, true);
	fake_live(f, 150);
	EXPECT_STATUS(f, MN_STATE_ARMED, MN_CAUSE_TRIGGER_RELEASED, 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 1U);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_STOP), 1U);
	KUNIT_EXPECT_FALSE(test, f->running);
}

/* ---- stop against start ---- */

struct inside_case {
	const char *name;
	void (*during)(struct fake *f);
	enum mn_state state;
	enum mn_cause cause;
	u64 faults;
};

static void stop_inside(struct fake *f)
{
	KUNIT_EXPECT_EQ(f->test, mn_stop(f->mn), 0);
}

static void stop_twice_inside(struct fake *f)
{
	mn_stop(f->mn);
	mn_stop(f->mn);
}

static void release_inside(struct fake *f)
{
	KUNIT_EXPECT_EQ(f->test, mn_release(f->mn, fake_one), 0);
}

static void close_inside(struct fake *f)
{
	mn_close(f->mn, fake_one);
}

static void fault_inside(struct fake *f)
{
	mn_report_failure(f->mn, MN_FAULT_OVER_CURRENT, 900, 800);
}

static void emergency_inside(struct fake *f)
{
	fake_input(f, MN_INPUT_EMERGENCY_STOP, true);
}

static void lapse_inside(struct fake *f)
{
	fake_sleep_ms(310);
}

static const struct inside_case inside_cases[] = {
	{ "stop", stop_inside, MN_STATE_SAFE, MN_CAUSE_STOP, 0 },
	{ "two stops", stop_twice_inside, MN_STATE_SAFE, MN_CAUSE_STOP, 0 },
	{ "RELEASE", release_inside, MN_STATE_SAFE, MN_CAUSE_RELEASE, 0 },
	{ "close", close_inside, MN_STATE_FAULT, MN_CAUSE_FAULT,
	  BIT_ULL(MN_FAULT_CONTROLLER_LOST) },
	{ "fault", fault_inside, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_OVER_CURRENT) },
	{ "emergency stop", emergency_inside, MN_STATE_FAULT, MN_CAUSE_FAULT,
	  BIT_ULL(MN_FAULT_EMERGENCY_STOP) },
	{ "lapsed lease", lapse_inside, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_LEASE) },
};

KUNIT_ARRAY_PARAM_DESC(inside, inside_cases, name);

/*
 * A stop inside start, with a handpiece that starts all the same: stopped again after it answered,
 * in a way that is confirmed, with the latest epoch, and -ECANCELED.
 */
static void gate_stop_inside_start(struct kunit *test)
{
	const struct inside_case *param = test->param_value;
	struct fake *f = fake_armed(test);
	const struct fake_call *last;
	u32 strokes;

	fake_forget(f);
	f->blind = true;
	f->during[FAKE_START] = param->during;
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -ECANCELED);
	EXPECT_STATUS(f, param->state, param->cause, param->faults);
	KUNIT_EXPECT_GE(test, fake_count(f, FAKE_KILL), 1U);
	last = &f->calls[f->call_count - 1];
	KUNIT_EXPECT_EQ(test, last->op, FAKE_STOP);
	KUNIT_EXPECT_EQ(test, last->epoch, fake_status(f).epoch);
	KUNIT_EXPECT_FALSE(test, f->running);
	strokes = f->strokes;
	fake_sleep_ms(100);
	KUNIT_EXPECT_EQ(test, f->strokes, strokes);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 1U);
}

/* A handpiece that obeys epochs refuses the order by itself, which comes to the same. */
static void gate_stop_before_handpiece(struct kunit *test)
{
	struct fake *f = fake_armed(test);

	f->during[FAKE_START] = stop_inside;
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -ECANCELED);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_STOP, 0);
	KUNIT_EXPECT_EQ(test, f->strokes, 0U);
}

/* Stop and heartbeat wait for nothing, not even for a start that takes its time. */
static void stop_is_quick(struct fake *f)
{
	u64 before = ktime_get_ns();

	KUNIT_EXPECT_EQ(f->test, mn_heartbeat(f->mn, fake_one), 0);
	KUNIT_EXPECT_EQ(f->test, mn_stop(f->mn), 0);
	KUNIT_EXPECT_LE(f->test, ktime_get_ns() - before, 20 * NSEC_PER_USEC);
	KUNIT_EXPECT_GE(f->test, fake_count(f, FAKE_KILL), 1U);
}

static void gate_stop_waits_for_nothing(struct kunit *test)
{
	struct fake *f = fake_armed(test);

	fake_forget(f);
	f->during[FAKE_START] = stop_is_quick;
	f->start_ms = 100;
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -ECANCELED);
}

/* ---- the transport's answer ---- */

static void gate_start_fails(struct kunit *test)
{
	static const int errors[] = { -EIO, -ETIMEDOUT, -EPIPE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		struct fake *f = fake_armed(test);

		fake_forget(f);
		f->fail[FAKE_START] = errors[i];
		f->fails[FAKE_START] = 1;
		KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), errors[i]);
		EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_TRANSPORT));
		KUNIT_EXPECT_EQ(test, fake_status(f).fault_detail[0], errors[i]);
		KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), 1U);
		KUNIT_EXPECT_GE(test, fake_count(f, FAKE_STOP), 1U);
		KUNIT_EXPECT_EQ(test, fake_last(f, FAKE_STOP)->epoch, fake_status(f).epoch);
	}
}

static void gate_start_refused(struct kunit *test)
{
	struct fake *f = fake_armed(test);

	fake_forget(f);
	f->fail[FAKE_START] = -EREMOTEIO;
	f->fails[FAKE_START] = 1;
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -EREMOTEIO);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_START_FAILED, 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), 1U);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_STOP), 1U);
	/* Nothing is held against it: it can be armed again. */
	KUNIT_EXPECT_EQ(test, fake_arm(f), 0);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), 0);
}

/* ---- UPDATE ---- */

static void gate_update(struct kunit *test)
{
	struct fake *f = fake_running(test);
	struct mn_set_point point = fake_set_point();
	u32 epoch = fake_status(f).epoch;

	point.depth_um = 305;
	KUNIT_EXPECT_EQ(test, mn_update(f->mn, fake_one, &point), 0);
	KUNIT_EXPECT_EQ(test, point.depth_um, 300U);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 2U);
	KUNIT_EXPECT_EQ(test, f->ordered.depth.um, 300U);
	KUNIT_EXPECT_EQ(test, fake_nth(f, FAKE_START, 1)->epoch, epoch);
	fake_live(f, 300);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_START, 0);

	/* What is beyond a limit is refused with its name, and not ordered. */
	point = fake_set_point();
	point.depth_um = 1001;
	KUNIT_EXPECT_EQ(test, mn_update(f->mn, fake_one, &point), -ERANGE);
	KUNIT_EXPECT_EQ(test, point.refused_quantity, MN_QUANTITY_DEPTH);
	KUNIT_EXPECT_EQ(test, point.refused_source, MN_SOURCE_SESSION);
	KUNIT_EXPECT_EQ(test, point.refused_limit, 1000U);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 2U);
	KUNIT_EXPECT_EQ(test, fake_status(f).depth_um, 300U);
	point = fake_set_point();
	KUNIT_EXPECT_EQ(test, mn_update(f->mn, fake_other, &point), -EPERM);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_START, 0);
}

static void gate_update_armed(struct kunit *test)
{
	struct fake *f = fake_armed(test);
	struct mn_set_point point = fake_set_point();

	point.depth_um = 300;
	KUNIT_EXPECT_EQ(test, mn_update(f->mn, fake_one, &point), 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 0U);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), 0);
	KUNIT_EXPECT_EQ(test, f->ordered.depth.um, 300U);
}

static void gate_update_fails(struct kunit *test)
{
	struct mn_set_point point = fake_set_point();
	struct fake *f = fake_running(test);

	f->during[FAKE_START] = stop_inside;
	KUNIT_EXPECT_EQ(test, mn_update(f->mn, fake_one, &point), -ECANCELED);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_STOP, 0);
	KUNIT_EXPECT_FALSE(test, f->running);

	f = fake_running(test);
	f->fail[FAKE_START] = -EREMOTEIO;
	f->fails[FAKE_START] = 1;
	point = fake_set_point();
	KUNIT_EXPECT_EQ(test, mn_update(f->mn, fake_one, &point), -EREMOTEIO);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_START_FAILED, 0);
	KUNIT_EXPECT_FALSE(test, f->running);
}

/* ---- unplugged in the middle ---- */

struct unplugging {
	struct work_struct work;
	struct fake *f;
	struct completion done;
};

static void unplug_work(struct work_struct *work)
{
	struct unplugging *unplugging = container_of(work, struct unplugging, work);

	fake_sleep_ms(20);
	fake_unregister(unplugging->f);
	complete(&unplugging->done);
}

/* Nothing hangs, nothing runs, the program hears of it, and the fault is remembered. */
static void gate_unplug_inside_start(struct kunit *test)
{
	struct fake *f = fake_armed(test);
	struct unplugging unplugging = { .f = f };

	INIT_WORK_ONSTACK(&unplugging.work, unplug_work);
	init_completion(&unplugging.done);
	f->start_ms = 60;
	schedule_work(&unplugging.work);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -ECANCELED);
	KUNIT_EXPECT_TRUE(test, wait_for_completion_timeout(&unplugging.done, 10 * HZ));
	destroy_work_on_stack(&unplugging.work);
	KUNIT_EXPECT_EQ(test, f->gone, 1U);
	KUNIT_EXPECT_FALSE(test, f->running);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -ENODEV);
}

static struct kunit_case gate_cases[] = {
	KUNIT_CASE(gate_orders_what_was_armed),
	KUNIT_CASE(gate_runs_to_the_end),
	KUNIT_CASE(gate_refuses_to_start),
	KUNIT_CASE(gate_trigger),
	KUNIT_CASE(gate_trigger_let_go_inside),
	KUNIT_CASE_PARAM(gate_stop_inside_start, inside_gen_params),
	KUNIT_CASE(gate_stop_before_handpiece),
	KUNIT_CASE(gate_stop_waits_for_nothing),
	KUNIT_CASE(gate_start_fails),
	KUNIT_CASE(gate_start_refused),
	KUNIT_CASE(gate_update),
	KUNIT_CASE(gate_update_armed),
	KUNIT_CASE(gate_update_fails),
	KUNIT_CASE(gate_unplug_inside_start),
	{}
};

static struct kunit_suite gate_suite = {
	.name = "mn-core-gate",
	.test_cases = gate_cases,
};

kunit_test_suites(&gate_suite);
