// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs ask of the loaded core: control, limits, arming with the mark, faults, answers.
 */
#include <linux/bits.h>

#include "core_fake.h"

/* ---- who controls ---- */

static void arm_second_controller(struct kunit *test)
{
	struct fake *f = fake_plugged(test);
	struct mn_set_point point = fake_set_point();
	struct mn_clear_fault clear = {};
	struct mn_status status;

	KUNIT_EXPECT_EQ(test, mn_get_status(f->mn, fake_other, &status), 0);
	KUNIT_EXPECT_EQ(test, status.control, MN_CONTROL_NONE);
	KUNIT_EXPECT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_EXPECT_EQ(test, fake_acquire(f, fake_other, FAKE_TREATMENT, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_EXPECT_EQ(test, fake_status(f).control, MN_CONTROL_SELF);
	KUNIT_EXPECT_EQ(test, mn_get_status(f->mn, fake_other, &status), 0);
	KUNIT_EXPECT_EQ(test, status.control, MN_CONTROL_OTHER);

	/* The controller's alone */
	KUNIT_EXPECT_EQ(test, mn_release(f->mn, fake_other), -EPERM);
	KUNIT_EXPECT_EQ(test, fake_limits(f, fake_other), -EPERM);
	KUNIT_EXPECT_EQ(test, mn_arm(f->mn, fake_other, &point), -EPERM);
	KUNIT_EXPECT_EQ(test, mn_update(f->mn, fake_other, &point), -EPERM);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_other), -EPERM);
	KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, fake_other), -EPERM);
	KUNIT_EXPECT_EQ(test, mn_clear_fault(f->mn, fake_other, &clear), -EPERM);
	/* Closing a file that does not control ends nothing. */
	mn_close(f->mn, fake_other);
	KUNIT_EXPECT_EQ(test, fake_status(f).control, MN_CONTROL_SELF);

	KUNIT_EXPECT_EQ(test, mn_release(f->mn, fake_one), 0);
	KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, fake_one), -EPERM);
	KUNIT_EXPECT_EQ(test, fake_acquire(f, fake_other, FAKE_TREATMENT, 0), 0);
}

/* An observer stops whatever runs. */
static void arm_anyone_stops(struct kunit *test)
{
	struct fake *f = fake_running(test);

	KUNIT_EXPECT_EQ(test, mn_stop(f->mn), 0);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_STOP, 0);
	fake_settle(f);
	KUNIT_EXPECT_FALSE(test, f->running);
	KUNIT_EXPECT_EQ(test, mn_stop(f->mn), 0);
	KUNIT_EXPECT_EQ(test, fake_status(f).control, MN_CONTROL_SELF);
}

/* With nobody in control, who asks with no name is nobody, and not the controller. */
static void arm_nobody(struct kunit *test)
{
	struct fake *f = fake_plugged(test);
	struct mn_set_point point = fake_set_point();
	struct mn_clear_fault clear = {};

	KUNIT_EXPECT_EQ(test, mn_arm(f->mn, NULL, &point), -EPERM);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, NULL), -EPERM);
	KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, NULL), -EPERM);
	KUNIT_EXPECT_EQ(test, fake_limits(f, NULL), -EPERM);
	KUNIT_EXPECT_NE(test, mn_clear_fault(f->mn, NULL, &clear), 0);
}

struct given_up_case {
	const char *name;
	int (*give_up)(struct fake *f);
	struct fake *(*from)(struct kunit *test);
	enum mn_state state;
	enum mn_cause cause;
	u64 faults;
};

static int give_up_close(struct fake *f)
{
	mn_close(f->mn, fake_one);
	return 0;
}

static int give_up_release(struct fake *f)
{
	return mn_release(f->mn, fake_one);
}

static const struct given_up_case given_up_cases[] = {
	{ "close while SAFE", give_up_close, fake_safe, MN_STATE_SAFE, MN_CAUSE_NONE, 0 },
	{ "close while ARMED", give_up_close, fake_armed, MN_STATE_SAFE, MN_CAUSE_RELEASE, 0 },
	{ "close while RUNNING", give_up_close, fake_running, MN_STATE_FAULT, MN_CAUSE_FAULT,
	  BIT_ULL(MN_FAULT_CONTROLLER_LOST) },
	{ "RELEASE while SAFE", give_up_release, fake_safe, MN_STATE_SAFE, MN_CAUSE_NONE, 0 },
	{ "RELEASE while ARMED", give_up_release, fake_armed, MN_STATE_SAFE, MN_CAUSE_RELEASE, 0 },
	{ "RELEASE while RUNNING", give_up_release, fake_running, MN_STATE_SAFE,
	  MN_CAUSE_RELEASE, 0 },
};

KUNIT_ARRAY_PARAM_DESC(given_up, given_up_cases, name);

static void arm_given_up(struct kunit *test)
{
	const struct given_up_case *param = test->param_value;
	struct fake *f = param->from(test);

	KUNIT_EXPECT_EQ(test, param->give_up(f), 0);
	EXPECT_STATUS(f, param->state, param->cause, param->faults);
	KUNIT_EXPECT_EQ(test, fake_status(f).control, MN_CONTROL_NONE);
	KUNIT_EXPECT_EQ(test, fake_status(f).lease_ms, 0U);
	fake_settle(f);
	KUNIT_EXPECT_FALSE(test, f->running);
}

/* ---- what is malformed ---- */

static void arm_bad_requests(struct kunit *test)
{
	struct fake *f = fake_safe(test);
	struct mn_acquire acquire = { .treatment = { 1 }, .flags = 1 };
	struct mn_set_limits limits = { .valid = 1, .flags = 1 };
	struct mn_clear_fault clear = { .faults = 1, .remaining = 1 };
	const size_t out[] = {
		offsetof(struct mn_set_point, flags),
		offsetof(struct mn_set_point, refused_quantity),
		offsetof(struct mn_set_point, refused_source),
		offsetof(struct mn_set_point, refused_limit),
		offsetof(struct mn_set_point, interlocks),
		offsetof(struct mn_set_point, reserved),
	};
	unsigned int i;

	KUNIT_EXPECT_EQ(test, mn_acquire(f->mn, fake_one, &acquire), -EINVAL);
	acquire = (struct mn_acquire) {};
	KUNIT_EXPECT_EQ(test, mn_acquire(f->mn, fake_one, &acquire), -EINVAL);
	KUNIT_EXPECT_EQ(test, mn_set_limits(f->mn, fake_one, &limits), -EINVAL);
	limits = (struct mn_set_limits) { .valid = BIT(MN_QUANTITY_NR) };
	KUNIT_EXPECT_EQ(test, mn_set_limits(f->mn, fake_one, &limits), -EINVAL);
	KUNIT_EXPECT_EQ(test, mn_clear_fault(f->mn, fake_one, &clear), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(out); i++) {
		struct mn_set_point point = fake_set_point();

		*(u32 *)((void *)&point + out[i]) = 1;
		KUNIT_EXPECT_EQ(test, mn_arm(f->mn, fake_one, &point), -EINVAL);
		KUNIT_EXPECT_EQ(test, mn_update(f->mn, fake_one, &point), -EINVAL);
	}
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_NONE, 0);
}

/* ---- limits ---- */

static void arm_refused_names_the_limit(struct kunit *test)
{
	struct fake *f = fake_safe(test);
	struct mn_set_point point = fake_set_point();

	point.depth_um = 1800;
	KUNIT_EXPECT_EQ(test, mn_arm(f->mn, fake_one, &point), -ERANGE);
	KUNIT_EXPECT_EQ(test, point.refused_quantity, MN_QUANTITY_DEPTH);
	KUNIT_EXPECT_EQ(test, point.refused_source, MN_SOURCE_SESSION);
	KUNIT_EXPECT_EQ(test, point.refused_limit, 1000U);
	KUNIT_EXPECT_EQ(test, mn_lower_admin(f->mn, MN_QUANTITY_RATE, 50000), 0);
	point = fake_set_point();
	KUNIT_EXPECT_EQ(test, mn_arm(f->mn, fake_one, &point), -ERANGE);
	KUNIT_EXPECT_EQ(test, point.refused_quantity, MN_QUANTITY_RATE);
	KUNIT_EXPECT_EQ(test, point.refused_source, MN_SOURCE_ADMIN);
	KUNIT_EXPECT_EQ(test, point.refused_limit, 50000U);
	/* A refused ARM costs no cartridge. */
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_MARK), 0U);
	KUNIT_EXPECT_EQ(test, mn_lower_admin(f->mn, MN_QUANTITY_RATE, 50001), -EPERM);
}

static void arm_get_limits(struct kunit *test)
{
	struct fake *f = fake_safe(test);
	struct mn_limits limits;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, mn_get_limits(f->mn, &limits), 0);
	for (i = 0; i < MN_QUANTITY_NR; i++)
		KUNIT_EXPECT_EQ(test, limits.required[i], f->caps.required[i]);
	KUNIT_EXPECT_EQ(test, limits.effective[MN_QUANTITY_DEPTH], 1000U);
	KUNIT_EXPECT_EQ(test, limits.binding[MN_QUANTITY_DEPTH], MN_SOURCE_SESSION);
	KUNIT_EXPECT_EQ(test, limits.effective[MN_QUANTITY_RUN_TIME], 120000U);
	KUNIT_EXPECT_EQ(test, limits.value[MN_QUANTITY_DEPTH][MN_SOURCE_ABSOLUTE], 3000U);
	KUNIT_EXPECT_EQ(test, limits.value[MN_QUANTITY_DEPTH][MN_SOURCE_CEILING], 1500U);
	KUNIT_EXPECT_EQ(test, limits.value[MN_QUANTITY_DEPTH][MN_SOURCE_DEVICE], 2500U);
	KUNIT_EXPECT_EQ(test, limits.value[MN_QUANTITY_DEPTH][MN_SOURCE_CARTRIDGE], 1500U);
	KUNIT_EXPECT_FALSE(test, limits.present[MN_QUANTITY_DEPTH] & BIT(MN_SOURCE_BOARD));
	KUNIT_EXPECT_EQ(test, limits.value[MN_QUANTITY_DEPTH][MN_SOURCE_BOARD], 0U);
	KUNIT_EXPECT_EQ(test, limits.value[MN_QUANTITY_DEPTH][7], 0U);

	/* Without a cartridge its limit is missing, which is 0, and it is named. */
	f->report.insertions++;
	fake_input(f, MN_INPUT_CARTRIDGE, false);
	fake_settle(f);
	KUNIT_ASSERT_EQ(test, mn_get_limits(f->mn, &limits), 0);
	KUNIT_EXPECT_EQ(test, limits.effective[MN_QUANTITY_DEPTH], 0U);
	KUNIT_EXPECT_EQ(test, limits.binding[MN_QUANTITY_DEPTH], MN_SOURCE_CARTRIDGE);
	KUNIT_EXPECT_FALSE(test, limits.present[MN_QUANTITY_DEPTH] & BIT(MN_SOURCE_CARTRIDGE));
	KUNIT_EXPECT_GE(test, fake_heard(f, MN_EVENT_LIMIT), 3U);
	KUNIT_EXPECT_GE(test, fake_heard(f, MN_EVENT_CARTRIDGE), 1U);
}

static void arm_get_info(struct kunit *test)
{
	struct fake *f = fake_plugged(test);
	struct mn_info info;

	memset(&info, 0xff, sizeof(info));
	KUNIT_ASSERT_EQ(test, mn_get_info(f->mn, &info), 0);
	KUNIT_EXPECT_EQ(test, info.abi_version, 1U);
	KUNIT_EXPECT_EQ(test, info.transport, MN_TRANSPORT_USB);
	KUNIT_EXPECT_EQ(test, info.has_trigger, 0U);
	KUNIT_EXPECT_EQ(test, info.absolute_um, 3000U);
	KUNIT_EXPECT_EQ(test, info.ceiling_um, 1500U);
	KUNIT_EXPECT_EQ(test, info.tolerance_um, 50U);
	KUNIT_EXPECT_EQ(test, info.handpiece_lease_ms, 100U);
	KUNIT_EXPECT_STREQ(test, info.serial, f->caps.serial);
	KUNIT_EXPECT_EQ(test, info.serial[31], '\0');
}

/* ---- the mark ---- */

/* Written, read back, and only then ARMED; with it once, no more of it. */
static void arm_marks_first(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	KUNIT_ASSERT_EQ(test, fake_arm(f), 0);
	KUNIT_ASSERT_GE(test, f->call_count, 3U);
	KUNIT_EXPECT_EQ(test, f->calls[0].op, FAKE_MARK);
	KUNIT_EXPECT_EQ(test, f->calls[1].op, FAKE_TAG);
	KUNIT_EXPECT_EQ(test, f->calls[2].op, FAKE_LEASE);
	KUNIT_EXPECT_EQ(test, f->tag.treatment[0], FAKE_TREATMENT);
	KUNIT_EXPECT_EQ(test, fake_status(f).cartridge_flags, MN_CARTRIDGE_PRESENT |
			MN_CARTRIDGE_READABLE | MN_CARTRIDGE_MARKED);
	mn_stop(f->mn);
	fake_settle(f);
	KUNIT_EXPECT_EQ(test, fake_arm(f), 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_MARK), 1U);
}

/* What counts is what is read afterwards, not what the transport says of writing. */
static void arm_mark_answer_lost(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	/* The error is the answer's, the write took effect. */
	f->fail[FAKE_MARK] = -ETIMEDOUT;
	f->fails[FAKE_MARK] = 1;
	f->tag.marked = true;
	memset(f->tag.treatment, FAKE_TREATMENT, sizeof(f->tag.treatment));
	KUNIT_EXPECT_EQ(test, fake_arm(f), 0);
}

/* Not written, or not to be read: not ARMED, and the cartridge counts as used. */
static void arm_mark_fails(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	f->fail[FAKE_MARK] = -EIO;
	f->fails[FAKE_MARK] = 1;
	KUNIT_EXPECT_EQ(test, fake_arm(f), -EAGAIN);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_NONE, 0);
	KUNIT_EXPECT_TRUE(test, fake_status(f).cartridge_flags & MN_CARTRIDGE_SPENT);
	KUNIT_EXPECT_EQ(test, fake_arm(f), -EAGAIN);

	f = fake_safe(test);
	f->fail[FAKE_TAG] = -EIO;
	f->fails[FAKE_TAG] = 1;
	KUNIT_EXPECT_NE(test, fake_arm(f), 0);
	KUNIT_EXPECT_EQ(test, fake_status(f).state, MN_STATE_SAFE);
	KUNIT_EXPECT_EQ(test, fake_status(f).cartridge_flags, MN_CARTRIDGE_PRESENT);
}

struct inside_case {
	const char *name;
	void (*during)(struct fake *f);
	int ret;
};

static void stop_inside(struct fake *f)
{
	mn_stop(f->mn);
}

static void change_hands(struct fake *f)
{
	KUNIT_EXPECT_EQ(f->test, mn_release(f->mn, fake_one), 0);
	KUNIT_EXPECT_EQ(f->test, fake_acquire(f, fake_other, FAKE_TREATMENT, 0), 0);
}

static void pull_inside(struct fake *f)
{
	f->report.insertions++;
	fake_input(f, MN_INPUT_CARTRIDGE, false);
}

static void press_inside(struct fake *f)
{
	fake_input(f, MN_INPUT_TRIGGER, true);
}

static void lower_inside(struct fake *f)
{
	KUNIT_EXPECT_EQ(f->test, mn_lower_admin(f->mn, MN_QUANTITY_DEPTH, 499), 0);
}

static void fault_inside(struct fake *f)
{
	mn_report_failure(f->mn, MN_FAULT_SEQUENCE, 0, 0);
}

static const struct inside_case inside_cases[] = {
	{ "stop", stop_inside, -ECANCELED },
	{ "another in control", change_hands, -EPERM },
	{ "cartridge pulled", pull_inside, -ERANGE },
	{ "trigger pressed", press_inside, -EAGAIN },
	{ "limit lowered", lower_inside, -ERANGE },
	{ "fault", fault_inside, -ECANCELED },
};

KUNIT_ARRAY_PARAM_DESC(inside, inside_cases, name);

/* While the mark is being written anything may happen: all is checked again before ARMED. */
static void arm_changed_inside(struct kunit *test)
{
	const struct inside_case *param = test->param_value;
	struct fake *f = fake_safe(test);

	f->during[FAKE_MARK] = param->during;
	KUNIT_EXPECT_EQ(test, fake_arm(f), param->ret);
	KUNIT_EXPECT_NE(test, fake_status(f).state, MN_STATE_ARMED);
	KUNIT_EXPECT_EQ(test, fake_status(f).depth_um, 0U);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_LEASE), 0U);
}

/* A cartridge that is put in is read; pulled while ARMED it is a fault. */
static void arm_cartridge(struct kunit *test)
{
	struct fake *f = fake_armed(test);

	f->report.insertions++;
	fake_input(f, MN_INPUT_CARTRIDGE, false);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_CARTRIDGE));
	fake_settle(f);
	fake_forget(f);
	f->report.insertions++;
	fake_input(f, MN_INPUT_CARTRIDGE, true);
	fake_settle(f);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_TAG), 1U);
	KUNIT_EXPECT_EQ(test, fake_status(f).cartridge_flags, MN_CARTRIDGE_PRESENT |
			MN_CARTRIDGE_READABLE | MN_CARTRIDGE_MARKED | MN_CARTRIDGE_SPENT);
	KUNIT_EXPECT_EQ(test, fake_status(f).interlocks, MN_INTERLOCK_CARTRIDGE_SPENT);
}

/* ---- clearing faults ---- */

static void arm_clear(struct kunit *test)
{
	struct fake *f = fake_running(test);
	u64 remaining = 1;

	KUNIT_EXPECT_EQ(test, fake_clear(f, ~0ULL, NULL), -EBADFD);
	fake_tell_stroke(f, 600);
	fake_settle(f);
	fake_forget(f);
	KUNIT_EXPECT_EQ(test, fake_clear(f, BIT_ULL(MN_FAULT_LEASE), &remaining), -EAGAIN);
	KUNIT_EXPECT_EQ(test, remaining, BIT_ULL(MN_FAULT_OVER_DEPTH));
	KUNIT_EXPECT_EQ(test, fake_clear(f, BIT_ULL(MN_FAULT_OVER_DEPTH), &remaining), 0);
	KUNIT_EXPECT_EQ(test, remaining, 0ULL);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_CLEAR, 0);
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_CLEARED), 1U);
	KUNIT_EXPECT_EQ(test, fake_record(f, MN_EVENT_CLEARED, 0)->cleared.faults,
			BIT_ULL(MN_FAULT_OVER_DEPTH));
	/* Never arms: no set point, no order, no lease. */
	KUNIT_EXPECT_EQ(test, fake_status(f).depth_um, 0U);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -EBADFD);
	fake_live(f, 200);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), 0U);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_LEASE), 0U);
	/* And the same cartridge goes on. */
	KUNIT_EXPECT_EQ(test, fake_arm(f), 0);
}

/* The handpiece's own are cleared there, and stay while they are there. */
static void arm_clear_own(struct kunit *test)
{
	u64 fault = BIT_ULL(MN_FAULT_HANDPIECE), remaining = 0;
	struct fake *f = fake_safe(test);

	f->report.faults = fault;
	fake_tell(f);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, fault);
	f->fail[FAKE_CLEAR] = -EREMOTEIO;
	f->fails[FAKE_CLEAR] = 1;
	KUNIT_EXPECT_EQ(test, fake_clear(f, fault, &remaining), -EAGAIN);
	KUNIT_EXPECT_EQ(test, remaining, fault);
	KUNIT_EXPECT_EQ(test, fake_clear(f, fault, &remaining), 0);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_CLEAR, 0);
	KUNIT_EXPECT_EQ(test, f->report.faults, 0ULL);
}

/* A handpiece that does not confirm that it stands still has its fault kept. */
static void arm_clear_not_confirmed(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	mn_report_failure(f->mn, MN_FAULT_SEQUENCE, 0, 0);
	f->report.idle = false;
	f->report.inputs &= ~MN_INPUT_HOME;
	f->no_home = true;
	f->fail[FAKE_STOP] = -ETIMEDOUT;
	f->fails[FAKE_STOP] = -1;
	fake_tell(f);
	KUNIT_EXPECT_EQ(test, fake_clear(f, ~0ULL, NULL), -EAGAIN);
	KUNIT_EXPECT_EQ(test, fake_status(f).state, MN_STATE_FAULT);
	f->no_home = false;
	f->fails[FAKE_STOP] = 0;
	f->report.idle = true;
	f->report.inputs |= MN_INPUT_HOME;
	fake_sleep_ms(200);
	KUNIT_EXPECT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_EXPECT_EQ(test, fake_clear(f, ~0ULL, NULL), 0);
}

/*
 * Nor is one cleared that says home, but does not confirm the stop: that may be of before it moved.
 * Found by the property SAFE_IS_HOME of tests/spin.
 */
static void arm_clear_unheard(struct kunit *test)
{
	struct fake *f = fake_safe(test);
	u64 remaining = 0;

	mn_report_failure(f->mn, MN_FAULT_SEQUENCE, 0, 0);
	f->fail[FAKE_STOP] = -ETIMEDOUT;
	f->fails[FAKE_STOP] = 1;
	KUNIT_EXPECT_EQ(test, fake_clear(f, ~0ULL, &remaining), -EAGAIN);
	KUNIT_EXPECT_EQ(test, remaining, BIT_ULL(MN_FAULT_SEQUENCE));
	KUNIT_EXPECT_EQ(test, fake_status(f).state, MN_STATE_FAULT);
	KUNIT_EXPECT_EQ(test, fake_clear(f, ~0ULL, NULL), 0);
}

/* Control that changes hands while the handpiece is asked: the new one has seen nothing yet. */
static void arm_clear_changed_hands(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	mn_report_failure(f->mn, MN_FAULT_SEQUENCE, 0, 0);
	f->during[FAKE_STOP] = change_hands;
	KUNIT_EXPECT_EQ(test, fake_clear(f, ~0ULL, NULL), -EPERM);
	KUNIT_EXPECT_EQ(test, fake_status(f).faults, BIT_ULL(MN_FAULT_SEQUENCE));
	f->during[FAKE_STOP] = NULL;
}

static struct kunit_case arm_cases[] = {
	KUNIT_CASE(arm_second_controller),
	KUNIT_CASE(arm_anyone_stops),
	KUNIT_CASE(arm_nobody),
	KUNIT_CASE_PARAM(arm_given_up, given_up_gen_params),
	KUNIT_CASE(arm_bad_requests),
	KUNIT_CASE(arm_refused_names_the_limit),
	KUNIT_CASE(arm_get_limits),
	KUNIT_CASE(arm_get_info),
	KUNIT_CASE(arm_marks_first),
	KUNIT_CASE(arm_mark_answer_lost),
	KUNIT_CASE(arm_mark_fails),
	KUNIT_CASE_PARAM(arm_changed_inside, inside_gen_params),
	KUNIT_CASE(arm_cartridge),
	KUNIT_CASE(arm_clear),
	KUNIT_CASE(arm_clear_own),
	KUNIT_CASE(arm_clear_not_confirmed),
	KUNIT_CASE(arm_clear_unheard),
	KUNIT_CASE(arm_clear_changed_hands),
	{}
};

static struct kunit_suite arm_suite = {
	.name = "mn-core-arm",
	.test_cases = arm_cases,
};

kunit_test_suites(&arm_suite);
