// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service engineer's requests in the loaded core: self-test and waveform.
 */
#include <linux/file.h>
#include <linux/fs.h>

#include "core_fake.h"

static void tell_result(struct fake *f, enum mn_self_test result)
{
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	f->report.self_test = result;
	spin_unlock_irqrestore(&f->lock, flags);
	fake_tell(f);
}

/* Anybody may where nobody controls it; then the controller alone. */
static void service_self_test_by_whom(struct kunit *test)
{
	struct fake *f = fake_plugged(test);

	fake_listen(f);
	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_other), 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_SELF_TEST), 1U);
	KUNIT_EXPECT_EQ(test, fake_status(f).self_test, MN_SELF_TEST_BUSY);
	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_other), -EBUSY);
	tell_result(f, MN_SELF_TEST_PASSED);
	KUNIT_ASSERT_EQ(test, fake_heard(f, MN_EVENT_SELF_TEST), 2U);
	KUNIT_EXPECT_EQ(test, fake_record(f, MN_EVENT_SELF_TEST, 0)->self_test.result,
			MN_SELF_TEST_BUSY);
	KUNIT_EXPECT_EQ(test, fake_record(f, MN_EVENT_SELF_TEST, 1)->self_test.result,
			MN_SELF_TEST_PASSED);

	KUNIT_ASSERT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_other), -EBUSY);
	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_one), 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_SELF_TEST), 2U);
}

/* Not while armed or running, and the handpiece is not even asked. */
static void service_self_test_not_in_use(struct kunit *test)
{
	struct fake *f = fake_armed(test);

	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_one), -EBADFD);
	KUNIT_EXPECT_EQ(test, mn_start(f->mn, fake_one), 0);
	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_one), -EBADFD);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_SELF_TEST), 0U);
	fake_live(f, 50);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_START, 0);
}

/* Refused by the handpiece, whose status then says how things are. */
static void service_self_test_refused(struct kunit *test)
{
	struct fake *f = fake_plugged(test);

	f->fail[FAKE_SELF_TEST] = -EREMOTEIO;
	f->fails[FAKE_SELF_TEST] = 1;
	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_one), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fake_status(f).self_test, MN_SELF_TEST_PASSED);
}

static void stop_meanwhile(struct fake *f)
{
	f->during[FAKE_SELF_TEST] = NULL;
	KUNIT_EXPECT_EQ(f->test, mn_stop(f->mn), 0);
}

/* A stop that overtook it on the way is sent again, behind it. */
static void service_self_test_overtaken(struct kunit *test)
{
	struct fake *f = fake_plugged(test);
	const u32 epoch = fake_status(f).epoch;

	fake_forget(f);
	f->during[FAKE_SELF_TEST] = stop_meanwhile;
	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_one), -ECANCELED);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), 1U);
	KUNIT_ASSERT_EQ(test, fake_count(f, FAKE_STOP), 1U);
	KUNIT_EXPECT_EQ(test, fake_last(f, FAKE_STOP)->epoch, epoch + 1);
}

/* One that is not confirmed is tried again: nothing else would break the test off. */
static void service_self_test_overtaken_in_vain(struct kunit *test)
{
	struct fake *f = fake_plugged(test);

	fake_forget(f);
	f->during[FAKE_SELF_TEST] = stop_meanwhile;
	f->fail[FAKE_STOP] = -ETIMEDOUT;
	f->fails[FAKE_STOP] = 1;
	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_one), -ECANCELED);
	flush_work(&f->mn->stop_work);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_STOP), 2U);
}

static void service_self_test_gone(struct kunit *test)
{
	struct fake *f = fake_plugged(test);

	fake_unregister(f);
	KUNIT_EXPECT_EQ(test, mn_self_test(f->mn, fake_one), -ENODEV);
}

/* ---- a cartridge that is declared ---- */

static struct mn_declare_cartridge label(void)
{
	return (struct mn_declare_cartridge) {
		.needle_um = 1500,
		.needles = 14,
		.max_rate_mhz = 150000,
		.max_strokes = 60000,
		.expiry_days = U32_MAX,
		.lot = "LOT-1",
	};
}

/* A handpiece that has no operations for tags, and is not asked for them */
static struct fake *tagless(struct kunit *test)
{
	struct fake *f = fake_new(test);

	f->caps.tagless = true;
	f->ops.tag = NULL;
	f->ops.mark = NULL;
	KUNIT_ASSERT_EQ(test, fake_register(f), 0);
	KUNIT_ASSERT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_ASSERT_EQ(test, fake_limits(f, fake_one), 0);
	return f;
}

static void service_declare(struct kunit *test)
{
	struct fake *f = tagless(test);
	struct mn_declare_cartridge request = label();

	KUNIT_EXPECT_EQ(test, fake_status(f).cartridge_flags,
			MN_CARTRIDGE_PRESENT | MN_CARTRIDGE_UNDECLARED);
	KUNIT_EXPECT_NE(test, fake_arm(f), 0);
	KUNIT_EXPECT_EQ(test, mn_declare_cartridge(f->mn, fake_other, &request), -EPERM);
	KUNIT_ASSERT_EQ(test, mn_declare_cartridge(f->mn, fake_one, &request), 0);
	KUNIT_EXPECT_NE(test, request.uid, 0ULL);
	KUNIT_EXPECT_EQ(test, fake_status(f).cartridge_uid, request.uid);
	KUNIT_EXPECT_STREQ(test, fake_status(f).cartridge_lot, "LOT-1");
	request.uid = 0;
	KUNIT_EXPECT_EQ(test, mn_declare_cartridge(f->mn, fake_one, &request), -EEXIST);

	KUNIT_ASSERT_EQ(test, fake_arm(f), 0);
	KUNIT_ASSERT_EQ(test, mn_start(f->mn, fake_one), 0);
	fake_live(f, 50);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_START, 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_TAG) + fake_count(f, FAKE_MARK), 0U);
}

static void service_declare_refused(struct kunit *test)
{
	struct mn_declare_cartridge bad[6];
	struct fake *f = tagless(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = label();
	bad[0].flags = 1;
	bad[1].uid = 1;
	bad[2].lot[0] = 0;
	bad[3].lot[sizeof(bad[3].lot) - 1] = 'X';
	bad[4].lot[1] = '\n';
	bad[5].needle_um = 0;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, mn_declare_cartridge(f->mn, fake_one, &bad[i]), -EINVAL,
				    "%u", i);

	/* Nor where the handpiece reads the tag. */
	f = fake_safe(test);
	bad[0] = label();
	KUNIT_EXPECT_EQ(test, mn_declare_cartridge(f->mn, fake_one, &bad[0]), -EOPNOTSUPP);
}

static void service_declare_needs_ops(struct kunit *test)
{
	struct fake *f = fake_new(test);

	f->ops.tag = NULL;
	KUNIT_EXPECT_EQ(test, fake_register(f), -EINVAL);
}

/* ---- waveform ---- */

static struct file *capture(struct fake *f, u32 rate_hz, u32 samples)
{
	const struct mn_capture request = { .rate_hz = rate_hz, .samples = samples };
	struct file *file = mn_capture(f->mn, &request);

	/* A thread of the kernel's closes the file of one that failed a little later. */
	if (IS_ERR(file))
		flush_delayed_fput();
	return file;
}

static void service_capture_refused(struct kunit *test)
{
	static const struct {
		const char *what;
		struct mn_capture request;
	} bad[] = {
		{ "flags", { .rate_hz = 1000, .samples = 1000, .flags = 1 } },
		{ "a file already", { .rate_hz = 1000, .samples = 1000, .fd = 1 } },
		{ "no rate", { .samples = 1000 } },
		{ "beyond its rate", { .rate_hz = 20001, .samples = 1000 } },
		{ "no samples", { .rate_hz = 1000 } },
		{ "too many", { .rate_hz = 1000, .samples = MN_CAPTURE_SAMPLES_MAX + 1 } },
	};
	struct fake *f = fake_plugged(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, PTR_ERR_OR_ZERO(mn_capture(f->mn, &bad[i].request)),
				    -EINVAL, "%s", bad[i].what);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_CAPTURE), 0U);
}

static void service_capture_none(struct kunit *test)
{
	struct fake *f = fake_new(test);

	f->caps.capture_max_hz = 0;
	f->ops.capture = NULL;
	KUNIT_ASSERT_EQ(test, fake_register(f), 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capture(f, 1000, 1000)), -EOPNOTSUPP);
}

/* One at a time; closing it ends it in the handpiece, and only then is there room for another. */
static void service_capture_one(struct kunit *test)
{
	struct fake *f = fake_plugged(test);
	struct file *file = capture(f, 20000, 1000);

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_EXPECT_EQ(test, fake_last(f, FAKE_CAPTURE)->epoch, 1000U);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capture(f, 20000, 1000)), -EBUSY);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_CAPTURE), 1U);
	__fput_sync(file);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_CAPTURE), 2U);
	KUNIT_EXPECT_EQ(test, fake_last(f, FAKE_CAPTURE)->epoch, 0U);

	file = capture(f, 20000, 1000);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	__fput_sync(file);
}

/* One that is complete is not ended a second time. */
static void service_capture_complete(struct kunit *test)
{
	struct mn_sample sample = { .number = 998 };
	struct fake *f = fake_plugged(test);
	struct file *file = capture(f, 20000, 1000);

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	mn_report_samples(f->mn, &sample, 1);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capture(f, 20000, 1000)), -EBUSY);
	sample.number = 999;
	mn_report_samples(f->mn, &sample, 1);
	__fput_sync(file);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_CAPTURE), 1U);
	/* What comes unasked is nobody's. */
	mn_report_samples(f->mn, &sample, 1);
	mn_report_capture_end(f->mn, -ECANCELED);
}

struct closing {
	struct work_struct work;
	struct file *file;
};

static void close_file(struct work_struct *work)
{
	__fput_sync(container_of(work, struct closing, work)->file);
}

/* It comes to its end while its close waits for somebody who talks: nothing is left to end. */
static void service_capture_ends_meanwhile(struct kunit *test)
{
	const struct mn_sample last = { .number = 999 };
	struct fake *f = fake_plugged(test);
	struct closing closing = { .file = capture(f, 20000, 1000) };

	KUNIT_ASSERT_FALSE(test, IS_ERR(closing.file));
	KUNIT_ASSERT_EQ(test, mn_begin_talk(f->mn), 0);
	INIT_WORK_ONSTACK(&closing.work, close_file);
	schedule_work(&closing.work);
	fake_sleep_ms(1);
	mn_report_samples(f->mn, &last, 1);
	mn_end_talk(f->mn);
	flush_work(&closing.work);
	destroy_work_on_stack(&closing.work);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_CAPTURE), 1U);
}

/* Refused, there is nothing to end; where the outcome is unknown, there may be. */
static void service_capture_fails(struct kunit *test)
{
	struct fake *f = fake_plugged(test);

	f->fail[FAKE_CAPTURE] = -EREMOTEIO;
	f->fails[FAKE_CAPTURE] = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capture(f, 20000, 1000)), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_CAPTURE), 1U);

	f->fail[FAKE_CAPTURE] = -ETIMEDOUT;
	f->fails[FAKE_CAPTURE] = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capture(f, 20000, 1000)), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_CAPTURE), 3U);
	KUNIT_EXPECT_EQ(test, fake_last(f, FAKE_CAPTURE)->epoch, 0U);
}

/* The file outlives the handpiece, and a capture in use touches neither state nor needles. */
static void service_capture_gone(struct kunit *test)
{
	struct fake *f = fake_running(test);
	struct file *file = capture(f, 20000, 1000);

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	fake_live(f, 50);
	EXPECT_STATUS(f, MN_STATE_RUNNING, MN_CAUSE_START, 0);
	fake_unregister(f);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(capture(f, 20000, 1000)), -ENODEV);
	__fput_sync(file);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_CAPTURE), 1U);
}

static struct kunit_case service_cases[] = {
	KUNIT_CASE(service_self_test_by_whom),
	KUNIT_CASE(service_self_test_not_in_use),
	KUNIT_CASE(service_self_test_refused),
	KUNIT_CASE(service_self_test_overtaken),
	KUNIT_CASE(service_self_test_overtaken_in_vain),
	KUNIT_CASE(service_self_test_gone),
	KUNIT_CASE(service_declare),
	KUNIT_CASE(service_declare_refused),
	KUNIT_CASE(service_declare_needs_ops),
	KUNIT_CASE(service_capture_refused),
	KUNIT_CASE(service_capture_none),
	KUNIT_CASE(service_capture_one),
	KUNIT_CASE(service_capture_complete),
	KUNIT_CASE(service_capture_ends_meanwhile),
	KUNIT_CASE(service_capture_fails),
	KUNIT_CASE(service_capture_gone),
	{}
};

static struct kunit_suite service_suite = {
	.name = "mn-core-service",
	.test_cases = service_cases,
};

kunit_test_suites(&service_suite);
