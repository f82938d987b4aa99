// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetime in the loaded core: what is refused at the door, what happens at the end, what is
 * remembered, and sleep.
 */
#include <linux/bits.h>

#include "core_fake.h"

/* ---- at the door ---- */

/* A transport that lacks an operation is no transport. */
static void life_lacks_operation(struct kunit *test)
{
	static const size_t operations[] = {
		offsetof(struct mn_transport_ops, start), offsetof(struct mn_transport_ops, stop),
		offsetof(struct mn_transport_ops, kill), offsetof(struct mn_transport_ops, lease),
		offsetof(struct mn_transport_ops, tag), offsetof(struct mn_transport_ops, mark),
		offsetof(struct mn_transport_ops, clear),
		offsetof(struct mn_transport_ops, self_test),
		offsetof(struct mn_transport_ops, capture),
	};
	struct fake *f = fake_new(test);
	struct mn_transport_ops all = f->ops;
	unsigned int i;

	KUNIT_EXPECT_EQ_MSG(test, sizeof(all), ARRAY_SIZE(operations) * sizeof(void *),
			    "an operation that this test does not know");
	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		f->ops = all;
		*(void **)((void *)&f->ops + operations[i]) = NULL;
		KUNIT_EXPECT_EQ_MSG(test, fake_alloc(f), -EINVAL, "operation %u", i);
	}
	f->ops = all;
	KUNIT_EXPECT_EQ(test, fake_register(f), 0);
}

/* A handpiece that says impossible things of itself; each is a case of the rules' tests. */
static void life_impossible(struct kunit *test)
{
	struct fake *f = fake_new(test);

	f->caps.tolerance_um = 151;
	KUNIT_EXPECT_EQ(test, fake_alloc(f), -EPROTO);
	f->caps.tolerance_um = 150;
	f->caps.measures &= ~MN_MEASURES_HOME;
	KUNIT_EXPECT_EQ(test, fake_alloc(f), -EPROTO);
	f->caps.measures |= MN_MEASURES_HOME;
	f->caps.depth_step_um = 0;
	KUNIT_EXPECT_EQ(test, fake_alloc(f), -EPROTO);
	f->caps.depth_step_um = 1;
	f->caps.required = NULL;
	KUNIT_EXPECT_EQ(test, fake_alloc(f), -EPROTO);
}

/* One serial number is one handpiece, as long as it is there. */
static void life_same_serial(struct kunit *test)
{
	struct fake *f = fake_plugged(test);
	struct fake *twin = fake_new(test);

	memcpy(twin->caps.serial, f->caps.serial, sizeof(twin->caps.serial));
	KUNIT_EXPECT_EQ(test, fake_register(twin), -EEXIST);
	fake_unregister(f);
	KUNIT_EXPECT_EQ(test, fake_register(twin), 0);
}

/* Probe sends STOP(last + 1) and waits for it, before programs see it. */
static void life_stops_first(struct kunit *test)
{
	struct fake *f = fake_new(test);

	f->last_epoch = 41;
	f->report.epoch = 41;
	KUNIT_ASSERT_EQ(test, fake_register(f), 0);
	KUNIT_ASSERT_GE(test, fake_count(f, FAKE_STOP), 1U);
	KUNIT_EXPECT_EQ(test, fake_nth(f, FAKE_STOP, 0)->epoch, 42U);
	KUNIT_EXPECT_EQ(test, fake_status(f).epoch, 42U);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_NONE, 0);
	KUNIT_EXPECT_TRUE(test, fake_status(f).cartridge_flags & MN_CARTRIDGE_READABLE);
}

/* One that does not confirm it is not registered, and leaves nothing behind. */
static void life_stop_not_confirmed(struct kunit *test)
{
	struct fake *f = fake_new(test);
	struct mn_status status;

	f->fail[FAKE_STOP] = -ETIMEDOUT;
	f->fails[FAKE_STOP] = 1;
	KUNIT_EXPECT_EQ(test, fake_register(f), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, mn_get_status(f->mn, NULL, &status), -ENODEV);
	fake_put(f);
	KUNIT_EXPECT_EQ(test, fake_register(f), 0);
}

/* Given up before it was registered. */
static void life_discarded(struct kunit *test)
{
	struct fake *f = fake_new(test);

	KUNIT_ASSERT_EQ(test, fake_alloc(f), 0);
	fake_tell(f);
	mn_device_discard(f->mn);
	KUNIT_EXPECT_EQ(test, mn_stop(f->mn), -ENODEV);
	fake_put(f);
	KUNIT_EXPECT_EQ(test, fake_register(f), 0);
}

/* ---- the end ---- */

/* Whoever holds it hears the fault, then that it is gone, once; and every request is -ENODEV. */
static void life_unplugged_running(struct kunit *test)
{
	struct fake *f = fake_running(test);
	struct mn_set_point point = fake_set_point();
	struct mn_listener late = { .post = f->listener.post, .gone = f->listener.gone };
	struct mn_status status;
	struct mn_limits limits;
	struct mn_info info;
	unsigned int heard;

	fake_forget(f);
	fake_unregister(f);
	KUNIT_EXPECT_EQ(test, f->gone, 1U);
	KUNIT_EXPECT_FALSE(test, f->running);
	KUNIT_EXPECT_GE(test, fake_count(f, FAKE_KILL), 1U);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_STOP), 1U);
	KUNIT_EXPECT_EQ(test, fake_record(f, MN_EVENT_FAULT, 0)->fault.code, MN_FAULT_UNPLUGGED);
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_FAULT), 1U);
	heard = f->record_count;

	KUNIT_EXPECT_EQ(test, mn_get_status(f->mn, fake_one, &status), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_get_limits(f->mn, &limits), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_get_info(f->mn, &info), -ENODEV);
	KUNIT_EXPECT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_release(f->mn, fake_one), -ENODEV);
	KUNIT_EXPECT_EQ(test, fake_limits(f, fake_one), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_arm(f->mn, fake_one, &point), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_update(f->mn, fake_one, &point), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_stop(f->mn), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_heartbeat(f->mn, fake_one), -ENODEV);
	KUNIT_EXPECT_EQ(test, fake_clear(f, ~0ULL, NULL), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_lower_admin(f->mn, MN_QUANTITY_DEPTH, 1), -ENODEV);
	KUNIT_EXPECT_EQ(test, mn_listen(f->mn, &late), -ENODEV);
	mn_close(f->mn, fake_one);

	/* A report that was still under way is nobody's any more; and no timer, no work comes. */
	fake_tell_stroke(f, 600);
	fake_tell(f);
	fake_forget(f);
	fake_sleep_ms(1000);
	KUNIT_EXPECT_EQ(test, f->call_count, 0U);
	KUNIT_EXPECT_EQ(test, f->gone, 1U);
	KUNIT_EXPECT_GT(test, heard, 0U);
}

/* After "gone" nothing more is posted, though a report comes in that very moment. */
static void life_silent_after_gone(struct kunit *test)
{
	struct fake *f = fake_running(test);

	fake_unregister(f);
	fake_forget(f);
	fake_tell_stroke(f, 600);
	fake_input(f, MN_INPUT_EMERGENCY_STOP, true);
	mn_report_failure(f->mn, MN_FAULT_PROTOCOL, 0, 0);
	KUNIT_EXPECT_EQ(test, f->record_count, 0U);
}

struct at_rest_case {
	const char *name;
	struct fake *(*from)(struct kunit *test);
};

static const struct at_rest_case at_rest_cases[] = {
	{ "idle", fake_plugged },
	{ "controlled", fake_safe },
	{ "ARMED", fake_armed },
};

KUNIT_ARRAY_PARAM_DESC(at_rest, at_rest_cases, name);

/* Unplugged with nothing moving is no fault, here or when it comes back. */
static void life_unplugged_at_rest(struct kunit *test)
{
	const struct at_rest_case *param = test->param_value;
	struct fake *f = param->from(test);
	struct fake *again = fake_new(test);

	fake_unregister(f);
	memcpy(again->caps.serial, f->caps.serial, sizeof(again->caps.serial));
	KUNIT_ASSERT_EQ(test, fake_register(again), 0);
	EXPECT_STATUS(again, MN_STATE_SAFE, MN_CAUSE_NONE, 0);
	KUNIT_EXPECT_EQ(test, fake_status(again).control, MN_CONTROL_NONE);
}

/* ---- what is remembered ---- */

/* Faults by serial number: not lifted by the plug, not another's, and cleared for good. */
static void life_remembers_faults(struct kunit *test)
{
	struct fake *f = fake_running(test), *again, *another;
	u64 over_depth = BIT_ULL(MN_FAULT_OVER_DEPTH);

	fake_tell_stroke(f, 600);
	fake_settle(f);
	fake_unregister(f);

	another = fake_new(test);
	KUNIT_ASSERT_EQ(test, fake_register(another), 0);
	EXPECT_STATUS(another, MN_STATE_SAFE, MN_CAUSE_NONE, 0);

	again = fake_new(test);
	memcpy(again->caps.serial, f->caps.serial, sizeof(again->caps.serial));
	KUNIT_ASSERT_EQ(test, fake_register(again), 0);
	EXPECT_STATUS(again, MN_STATE_FAULT, MN_CAUSE_FAULT, over_depth);
	KUNIT_EXPECT_EQ(test, fake_status(again).fault, MN_FAULT_OVER_DEPTH);
	KUNIT_EXPECT_EQ(test, fake_status(again).fault_detail[0], 600);
	KUNIT_ASSERT_EQ(test, fake_acquire(again, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_EXPECT_EQ(test, fake_arm(again), -EBADFD);
	KUNIT_EXPECT_EQ(test, fake_clear(again, over_depth, NULL), 0);
	fake_unregister(again);

	f = fake_new(test);
	memcpy(f->caps.serial, again->caps.serial, sizeof(f->caps.serial));
	KUNIT_ASSERT_EQ(test, fake_register(f), 0);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_NONE, 0);
}

/* Unplugged while it ran is a fault that waits for it. */
static void life_remembers_unplugging(struct kunit *test)
{
	struct fake *f = fake_running(test), *again = fake_new(test);

	fake_unregister(f);
	memcpy(again->caps.serial, f->caps.serial, sizeof(again->caps.serial));
	KUNIT_ASSERT_EQ(test, fake_register(again), 0);
	EXPECT_STATUS(again, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_UNPLUGGED));
}

/* Limits and dose of the treatment, and the administrator's: the plug lifts none. */
static void life_remembers_limits(struct kunit *test)
{
	struct fake *f = fake_running(test), *again = fake_new(test);
	struct mn_limits limits;
	u32 dose;

	fake_live(f, 100);
	KUNIT_EXPECT_EQ(test, mn_lower_admin(f->mn, MN_QUANTITY_DEPTH, 800), 0);
	mn_stop(f->mn);
	fake_settle(f);
	dose = fake_status(f).dose_strokes;
	KUNIT_EXPECT_GE(test, dose, 10U);
	fake_unregister(f);

	memcpy(again->caps.serial, f->caps.serial, sizeof(again->caps.serial));
	KUNIT_ASSERT_EQ(test, fake_register(again), 0);
	KUNIT_EXPECT_EQ(test, fake_status(again).dose_strokes, dose);
	KUNIT_EXPECT_EQ(test, fake_status(again).treatment[0], FAKE_TREATMENT);
	KUNIT_ASSERT_EQ(test, mn_get_limits(again->mn, &limits), 0);
	KUNIT_EXPECT_EQ(test, limits.effective[MN_QUANTITY_DEPTH], 800U);
	KUNIT_EXPECT_EQ(test, limits.binding[MN_QUANTITY_DEPTH], MN_SOURCE_ADMIN);
	KUNIT_EXPECT_EQ(test, limits.value[MN_QUANTITY_DEPTH][MN_SOURCE_SESSION], 1000U);
	KUNIT_EXPECT_EQ(test, mn_lower_admin(again->mn, MN_QUANTITY_DEPTH, 801), -EPERM);
}

/* ---- sleep ---- */

struct sleep_case {
	const char *name;
	struct fake *(*from)(struct kunit *test);
	enum mn_cause cause;
	bool spends;
};

static const struct sleep_case sleep_cases[] = {
	{ "controlled", fake_safe, MN_CAUSE_NONE, false },
	{ "ARMED", fake_armed, MN_CAUSE_SUSPEND, true },
	{ "RUNNING", fake_running, MN_CAUSE_SUSPEND, true },
};

KUNIT_ARRAY_PARAM_DESC(sleep, sleep_cases, name);

/* It stops, is SAFE when it wakes, and trusts no cartridge that it did not watch. */
static void life_suspend(struct kunit *test)
{
	const struct sleep_case *param = test->param_value;
	struct fake *f = param->from(test);
	unsigned int starts = fake_count(f, FAKE_START);
	u32 flags;

	mn_device_suspend(f->mn);
	KUNIT_EXPECT_FALSE(test, f->running);
	KUNIT_EXPECT_GE(test, fake_count(f, FAKE_STOP), 1U);
	EXPECT_STATUS(f, MN_STATE_SAFE, param->cause, 0);
	f->mute = true;
	fake_sleep_ms(600);
	f->mute = false;
	mn_device_resume(f->mn);
	fake_settle(f);
	EXPECT_STATUS(f, MN_STATE_SAFE, param->cause, 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_START), starts);
	flags = fake_status(f).cartridge_flags;
	KUNIT_EXPECT_TRUE(test, flags & MN_CARTRIDGE_READABLE);
	KUNIT_EXPECT_EQ(test, !!(flags & MN_CARTRIDGE_SPENT), param->spends);
}

/* In FAULT before, in FAULT after. */
static void life_suspend_in_fault(struct kunit *test)
{
	struct fake *f = fake_running(test);

	fake_tell_stroke(f, 600);
	mn_device_suspend(f->mn);
	fake_sleep_ms(600);
	mn_device_resume(f->mn);
	fake_settle(f);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_OVER_DEPTH));
}

/* A handpiece that does not answer at once after resume is asked until it does. */
static void life_resume_retries(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	mn_device_suspend(f->mn);
	fake_forget(f);
	f->fail[FAKE_STOP] = -EIO;
	f->fails[FAKE_STOP] = 3;
	mn_device_resume(f->mn);
	fake_sleep_ms(300);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_STOP), 4U);
	KUNIT_EXPECT_EQ(test, fake_last(f, FAKE_STOP)->ret, 0);
}

static struct kunit_case life_cases[] = {
	KUNIT_CASE(life_lacks_operation),
	KUNIT_CASE(life_impossible),
	KUNIT_CASE(life_same_serial),
	KUNIT_CASE(life_stops_first),
	KUNIT_CASE(life_stop_not_confirmed),
	KUNIT_CASE(life_discarded),
	KUNIT_CASE(life_unplugged_running),
	KUNIT_CASE(life_silent_after_gone),
	KUNIT_CASE_PARAM(life_unplugged_at_rest, at_rest_gen_params),
	KUNIT_CASE(life_remembers_faults),
	KUNIT_CASE(life_remembers_unplugging),
	KUNIT_CASE(life_remembers_limits),
	KUNIT_CASE_PARAM(life_suspend, sleep_gen_params),
	KUNIT_CASE(life_suspend_in_fault),
	KUNIT_CASE(life_resume_retries),
	{}
};

static struct kunit_suite life_suite = {
	.name = "mn-core-life",
	.test_cases = life_cases,
};

kunit_test_suites(&life_suite);
