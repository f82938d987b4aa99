// SPDX-License-Identifier: GPL-2.0-only
/*
 * See core_fake.h.
 */
#include <linux/bits.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "core_fake.h"

static const u32 fake_required[MN_QUANTITY_NR] = {
	[MN_QUANTITY_DEPTH] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			      BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			      BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_RATE] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			     BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			     BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_DOSE] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			     BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			     BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_RUN_TIME] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
				 BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_ADMIN) |
				 BIT(MN_SOURCE_SESSION),
};

static const struct mn_caps fake_caps = {
	.transport = MN_TRANSPORT_USB,
	.measures = MN_MEASURES_DEPTH | MN_MEASURES_RATE | MN_MEASURES_HOME |
		    MN_MEASURES_CURRENT | MN_MEASURES_TEMPERATURE,
	.required = fake_required,
	.source = MN_SOURCE_DEVICE,
	.limit = { 2500, 180000, 150000, 500000 },
	.depth_step_um = 10,
	.rate_step_mhz = 100,
	.rate_min_mhz = 20000,
	.tolerance_um = 50,
	.run_up_ms = 300,
	.run_down_ms = 60,
	.lease_ms = 100,
	.max_current_ma = 800,
	.max_temp_mc = 60000,
	.calibration_age_days = 10,
	.calibration_valid_days = 365,
	.capture_max_hz = 20000,
	.model = "fake",
	.firmware = "1.0",
};

/* ---- the handpiece ---- */

void fake_tell(struct fake *f)
{
	struct mn_report report;
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	f->report.strokes = f->strokes;
	report = f->report;
	spin_unlock_irqrestore(&f->lock, flags);
	mn_report_status(f->mn, &report);
}

void fake_input(struct fake *f, u32 input, bool on)
{
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	if (on)
		f->report.inputs |= input;
	else
		f->report.inputs &= ~input;
	spin_unlock_irqrestore(&f->lock, flags);
	fake_tell(f);
}

/* The motor stops, or the epoch is new: told when the needles are home. f->lock is held. */
static void fake_obey(struct fake *f, u32 epoch)
{
	f->report.epoch = epoch;
	if (!f->no_home)
		hrtimer_start(&f->home, ms_to_ktime(f->running ? FAKE_RUN_DOWN_MS : 1),
			      HRTIMER_MODE_REL_SOFT);
	f->running = false;
}

static enum hrtimer_restart fake_status_timer(struct hrtimer *timer)
{
	struct fake *f = container_of(timer, struct fake, status);

	if (!f->mute)
		fake_tell(f);
	hrtimer_forward_now(timer, ms_to_ktime(FAKE_STATUS_MS));
	return HRTIMER_RESTART;
}

static enum hrtimer_restart fake_home_timer(struct hrtimer *timer)
{
	struct fake *f = container_of(timer, struct fake, home);
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	if (!f->running) {
		f->report.idle = true;
		f->report.inputs |= MN_INPUT_HOME;
	}
	spin_unlock_irqrestore(&f->lock, flags);
	if (!f->mute)
		fake_tell(f);
	return HRTIMER_NORESTART;
}

/* Make one as it should be, but for its depth. f->lock is held. */
static struct mn_stroke fake_make_stroke(struct fake *f, u32 depth_um)
{
	struct mn_stroke stroke = {
		.number = ++f->strokes,
		.epoch = f->order_epoch,
		.depth_um = depth_um,
		.period_us = div_u64(f->period_ns, NSEC_PER_USEC),
		.current_ma = 300,
		.age_us = 200,
	};

	if (f->order_strokes && !--f->order_strokes)
		fake_obey(f, f->report.epoch);
	return stroke;
}

static enum hrtimer_restart fake_stroke_timer(struct hrtimer *timer)
{
	struct fake *f = container_of(timer, struct fake, stroke);
	struct mn_stroke stroke;
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	if (!f->running || f->no_strokes) {
		spin_unlock_irqrestore(&f->lock, flags);
		return HRTIMER_NORESTART;
	}
	stroke = fake_make_stroke(f, f->depth_um - (f->strokes & 1));
	spin_unlock_irqrestore(&f->lock, flags);
	mn_report_strokes(f->mn, &stroke, 1);
	hrtimer_forward_now(timer, ns_to_ktime(f->period_ns));
	return HRTIMER_RESTART;
}

void fake_tell_stroke(struct fake *f, u32 depth_um)
{
	struct mn_stroke stroke;
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	stroke = fake_make_stroke(f, depth_um);
	spin_unlock_irqrestore(&f->lock, flags);
	mn_report_strokes(f->mn, &stroke, 1);
}

/* ---- the transport ---- */

/* Write a call down; gives the error that a test wants of it. f->lock is held. */
static int fake_called(struct fake *f, enum fake_op op, u32 epoch)
{
	struct fake_call *call = &f->calls[f->call_count];
	int ret = f->fails[op] ? f->fail[op] : 0;

	if (f->fails[op] > 0)
		f->fails[op]--;
	if (f->call_count == FAKE_CALLS)
		return ret;
	f->call_count++;
	*call = (struct fake_call) {
		.op = op,
		.epoch = epoch,
		.at_ns = ktime_get_ns(),
		.ret = ret,
	};
	return ret;
}

static int fake_called_unlocked(struct fake *f, enum fake_op op, u32 epoch)
{
	unsigned long flags;
	int ret;

	might_sleep();
	spin_lock_irqsave(&f->lock, flags);
	ret = fake_called(f, op, epoch);
	spin_unlock_irqrestore(&f->lock, flags);
	if (f->during[op])
		f->during[op](f);
	return ret;
}

static int fake_start(struct mn_device *mn, const struct mn_order *order)
{
	struct fake *f = mn_device_data(mn);
	unsigned long flags;
	bool was_running;
	int ret;

	ret = fake_called_unlocked(f, FAKE_START, order->epoch);
	fake_sleep_ms(f->start_ms);
	if (ret)
		return ret;
	spin_lock_irqsave(&f->lock, flags);
	f->ordered = (struct mn_set) {
		.depth = order->depth,
		.rate = order->rate,
		.dose = order->dose,
		.run = order->run,
	};
	if (order->epoch != f->report.epoch && !f->blind) {
		spin_unlock_irqrestore(&f->lock, flags);
		return -EREMOTEIO;
	}
	was_running = f->running;
	f->running = true;
	f->order_epoch = order->epoch;
	f->order_strokes = order->dose.strokes;
	f->period_ns = div_u64(NSEC_PER_SEC * 1000ULL, order->rate.mhz);
	f->depth_um = order->depth.um - 10;
	f->report.idle = false;
	f->report.inputs &= ~MN_INPUT_HOME;
	spin_unlock_irqrestore(&f->lock, flags);
	if (!was_running)
		hrtimer_start(&f->stroke, ns_to_ktime(f->period_ns), HRTIMER_MODE_REL_SOFT);
	return 0;
}

static int fake_stop(struct mn_device *mn, u32 epoch)
{
	struct fake *f = mn_device_data(mn);
	unsigned long flags;
	int ret;

	ret = fake_called_unlocked(f, FAKE_STOP, epoch);
	if (ret)
		return ret;
	spin_lock_irqsave(&f->lock, flags);
	fake_obey(f, epoch);
	spin_unlock_irqrestore(&f->lock, flags);
	fake_sleep_ms(FAKE_RUN_DOWN_MS + 1);
	fake_tell(f);
	return 0;
}

static int fake_kill(struct mn_device *mn, u32 epoch)
{
	struct fake *f = mn_device_data(mn);
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&f->lock, flags);
	ret = fake_called(f, FAKE_KILL, epoch);
	if (!ret)
		fake_obey(f, epoch);
	spin_unlock_irqrestore(&f->lock, flags);
	return ret;
}

static int fake_lease(struct mn_device *mn, u32 epoch)
{
	struct fake *f = mn_device_data(mn);
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&f->lock, flags);
	ret = fake_called(f, FAKE_LEASE, epoch);
	spin_unlock_irqrestore(&f->lock, flags);
	return ret;
}

static int fake_tag(struct mn_device *mn, struct mn_tag *tag)
{
	struct fake *f = mn_device_data(mn);
	unsigned long flags;
	int ret;

	ret = fake_called_unlocked(f, FAKE_TAG, 0);
	spin_lock_irqsave(&f->lock, flags);
	*tag = f->tag;
	tag->insertions = f->report.insertions;
	tag->present = f->report.inputs & MN_INPUT_CARTRIDGE;
	spin_unlock_irqrestore(&f->lock, flags);
	return ret;
}

static int fake_mark(struct mn_device *mn, u64 uid, const u8 *treatment)
{
	struct fake *f = mn_device_data(mn);
	unsigned long flags;
	int ret;

	ret = fake_called_unlocked(f, FAKE_MARK, 0);
	spin_lock_irqsave(&f->lock, flags);
	if (!ret && uid == f->tag.uid) {
		f->tag.marked = true;
		memcpy(f->tag.treatment, treatment, sizeof(f->tag.treatment));
	}
	spin_unlock_irqrestore(&f->lock, flags);
	return ret;
}

static int fake_clear_own(struct mn_device *mn, u64 faults)
{
	struct fake *f = mn_device_data(mn);
	unsigned long flags;
	int ret;

	ret = fake_called_unlocked(f, FAKE_CLEAR, 0);
	if (ret)
		return ret;
	spin_lock_irqsave(&f->lock, flags);
	f->report.faults &= ~faults;
	spin_unlock_irqrestore(&f->lock, flags);
	fake_tell(f);
	return 0;
}

static int fake_self_test(struct mn_device *mn)
{
	struct fake *f = mn_device_data(mn);
	unsigned long flags;
	int ret;

	ret = fake_called_unlocked(f, FAKE_SELF_TEST, 0);
	spin_lock_irqsave(&f->lock, flags);
	if (!ret)
		f->report.self_test = MN_SELF_TEST_BUSY;
	spin_unlock_irqrestore(&f->lock, flags);
	fake_tell(f);
	return ret;
}

static int fake_capture(struct mn_device *mn, u32 rate_hz, u32 samples)
{
	return fake_called_unlocked(mn_device_data(mn), FAKE_CAPTURE, samples);
}

/* ---- lifetime ---- */

static void fake_end_timers(struct fake *f)
{
	hrtimer_cancel(&f->status);
	hrtimer_cancel(&f->stroke);
	hrtimer_cancel(&f->home);
}

void fake_unregister(struct fake *f)
{
	f->registered = false;
	mn_device_unregister(f->mn);
	fake_end_timers(f);
}

/* The transport needs it no more: after fake_unregister(), or when it was never registered. */
void fake_put(struct fake *f)
{
	fake_end_timers(f);
	if (f->mn)
		mn_device_put(f->mn);
	f->mn = NULL;
}

static void fake_end(void *data)
{
	struct fake *f = data;

	memset(f->during, 0, sizeof(f->during));
	if (f->registered)
		fake_unregister(f);
	fake_put(f);
}

struct fake *fake_new(struct kunit *test)
{
	struct fake *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	static unsigned int number;
	char name[16];

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->test = test;
	snprintf(name, sizeof(name), "handpiece%u", ++number);
	f->parent = kunit_device_register(test, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, f->parent);
	f->ops = (struct mn_transport_ops) {
		.start = fake_start,
		.stop = fake_stop,
		.kill = fake_kill,
		.lease = fake_lease,
		.tag = fake_tag,
		.mark = fake_mark,
		.clear = fake_clear_own,
		.self_test = fake_self_test,
		.capture = fake_capture,
	};
	f->caps = fake_caps;
	/* What the core remembers of a serial number stays until it is unloaded. */
	snprintf(f->caps.serial, sizeof(f->caps.serial), "KUNIT-%u", number);
	f->last_epoch = 7;
	spin_lock_init(&f->lock);
	f->report = (struct mn_report) {
		.inputs = MN_INPUT_CARTRIDGE | MN_INPUT_HOME,
		.epoch = f->last_epoch,
		.boot_id = 0xb007,
		.insertions = 1,
		.idle = true,
		.self_test = MN_SELF_TEST_PASSED,
		.temp_mc = 25000,
	};
	f->tag = (struct mn_tag) {
		.readable = true,
		.needles = 14,
		.uid = 0x1122334455667788,
		.limit = { 1500, 150000, 60000 },
		.expiry_days = U32_MAX,
		.lot = "LOT-1",
	};
	mn_hrtimer_setup(&f->status, fake_status_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	mn_hrtimer_setup(&f->stroke, fake_stroke_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	mn_hrtimer_setup(&f->home, fake_home_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fake_end, f), 0);
	return f;
}

int fake_alloc(struct fake *f)
{
	struct mn_device *mn = mn_device_alloc(f->parent, &f->ops, f, &f->caps, f->last_epoch);

	if (IS_ERR(mn))
		return PTR_ERR(mn);
	f->mn = mn;
	return 0;
}

int fake_register(struct fake *f)
{
	int err = fake_alloc(f);

	if (err)
		return err;
	err = mn_device_register(f->mn);
	if (err)
		return err;
	f->registered = true;
	hrtimer_start(&f->status, ms_to_ktime(FAKE_STATUS_MS), HRTIMER_MODE_REL_SOFT);
	fake_settle(f);
	return 0;
}

MODULE_DESCRIPTION("KUnit tests of the core, with a transport that is not there");
MODULE_LICENSE("GPL");
