// SPDX-License-Identifier: GPL-2.0-only
/*
 * Microneedling handpieces: the gate to the motor, leases, stops, and what the transport reports.
 *
 * What is allowed is decided in safety*.c; this file holds the lock around it, carries out what it
 * asks for, and tells listeners. Lock order: ops_sem (read), cmd_lock, state_lock, a listener's
 * own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "compat.h"
#include "core.h"
#include "tell.h"

#define MN_STOP_TRIES		20
#define MN_STOP_RETRY_MS	25
#define SECONDS_PER_DAY		86400

/* ---- one step of the rules, and what follows from it ---- */

static void set_timer(struct mn_device *mn)
{
	u64 next = mn_safety_next_deadline(&mn->safety);

	if (next && mn->ops)
		hrtimer_start(&mn->timer, ns_to_ktime(next), HRTIMER_MODE_ABS_SOFT);
	else
		hrtimer_try_to_cancel(&mn->timer);
}

/*
 * The handpiece could not be told. If it is not there any more, the bus will say so in a moment.
 * If it is, it will stop by its own lease, which is renewed no more from FAULT, and a worker goes
 * on trying.
 */
static void could_not_tell(struct mn_device *mn, int err, bool kill_failed, bool moving, u64 now)
{
	struct mn_stimulus fail = {
		.type = MN_HAPPENS_FAIL,
		.code = MN_FAULT_TRANSPORT,
		.detail = { err, 0 },
	};
	struct mn_refusal refusal;
	u32 actions;

	if (err == -ENODEV || err == -ESHUTDOWN) {
		if (!moving)
			return;
		fail.code = MN_FAULT_UNPLUGGED;
	}
	mn_safety_step(&mn->safety, &fail, now, &actions, &refusal);
	/* If it is the kill that failed the worker is next; else the kill has yet to be tried. */
	if ((actions & MN_ACT_KILL) && !kill_failed)
		mn->ops->kill(mn, mn->safety.epoch);
	queue_work(system_highpri_wq, &mn->stop_work);
}

static void carry_out(struct mn_device *mn, u32 actions, bool moving, u64 now)
{
	int err;

	if (!mn->ops)
		return;
	if (actions & MN_ACT_KILL) {
		err = mn->ops->kill(mn, mn->safety.epoch);
		if (err)
			could_not_tell(mn, err, true, moving, now);
	}
	if (actions & MN_ACT_LEASE) {
		err = mn->ops->lease(mn, mn->safety.epoch);
		if (err)
			could_not_tell(mn, err, false, moving, now);
	}
	if (actions & MN_ACT_START)
		queue_work(system_highpri_wq, &mn->start_work);
	if (actions & MN_ACT_READ_TAG)
		queue_work(system_highpri_wq, &mn->tag_work);
	if (actions & MN_ACT_RESYNC)
		queue_work(system_highpri_wq, &mn->stop_work);
}

/**
 * mn_step() - Something happened to a device: decide, act, tell.
 * @mn: The device, its state_lock held.
 * @what: What happened.
 * @actions: Out: what the rules asked for, all carried out but %MN_ACT_MARK; may be NULL.
 * @refusal: Out: why it was refused; may be NULL.
 *
 * Return: as mn_safety_step().
 */
int mn_step(struct mn_device *mn, const struct mn_stimulus *what, u32 *actions,
	    struct mn_refusal *refusal)
{
	struct mn_refusal unused_refusal;
	u64 now = ktime_get_ns();
	struct mn_picture was;
	u32 asked_for;
	int ret;

	lockdep_assert_held(&mn->state_lock);
	mn_safety_today(&mn->safety, (u32)div_u64(ktime_get_real_seconds(), SECONDS_PER_DAY));
	mn_take_picture(&mn->safety, &was);
	ret = mn_safety_step(&mn->safety, what, now, &asked_for, refusal ?: &unused_refusal);
	carry_out(mn, asked_for, was.state == MN_STATE_RUNNING, now);

	if (what->type == MN_HAPPENS_STROKE)
		mn_tell_stroke(mn, &what->stroke, now);
	if (asked_for & MN_ACT_LEASE_WARNING)
		mn_tell_lease(mn, now);
	mn_tell(mn, &was, now);
	set_timer(mn);
	if (actions)
		*actions = asked_for;
	return ret;
}

/* The same, for who does not hold the lock and can't be refused. */
void mn_happen(struct mn_device *mn, const struct mn_stimulus *what)
{
	unsigned long flags;

	spin_lock_irqsave(&mn->state_lock, flags);
	/* What was still under way when the handpiece went is nobody's any more. */
	if (mn->ops)
		mn_step(mn, what, NULL, NULL);
	spin_unlock_irqrestore(&mn->state_lock, flags);
}

static enum hrtimer_restart mn_timer(struct hrtimer *timer)
{
	static const struct mn_stimulus tick = { .type = MN_HAPPENS_TICK };

	mn_happen(container_of(timer, struct mn_device, timer), &tick);
	return HRTIMER_NORESTART;	/* the step has set it anew */
}

/**
 * mn_begin_talk() - Begin to talk to the handpiece, one at a time; mn_end_talk() ends it.
 * @mn: The device.
 *
 * Context: may sleep.
 * Return: 0 with ops_sem held for reading and cmd_lock held, or -ENODEV with neither.
 */
int mn_begin_talk(struct mn_device *mn)
{
	down_read(&mn->ops_sem);
	if (!mn->ops) {
		up_read(&mn->ops_sem);
		return -ENODEV;
	}
	mutex_lock(&mn->cmd_lock);
	return 0;
}
EXPORT_SYMBOL_MN_KUNIT(mn_begin_talk);

/**
 * mn_end_talk() - Let others talk to it.
 * @mn: The device.
 */
void mn_end_talk(struct mn_device *mn)
{
	mutex_unlock(&mn->cmd_lock);
	up_read(&mn->ops_sem);
}
EXPORT_SYMBOL_MN_KUNIT(mn_end_talk);

/* ---- the gate ---- */

/* Ask the rules for the order. It is built under the lock, and constant from here to the wire. */
static struct mn_order take_order(struct mn_device *mn, struct mn_refusal *refusal, int *err)
	__must_hold(&mn->state_lock)
{
	static const struct mn_stimulus begin = { .type = MN_HAPPENS_BEGIN };

	*err = mn_step(mn, &begin, NULL, refusal);
	return mn_safety_order(&mn->safety);
}

/* Hand the order to the handpiece, and see whether a stop has overtaken it. */
static int give_order(struct mn_device *mn, const struct mn_order *order)
{
	struct mn_stimulus answer = {
		.type = MN_HAPPENS_STARTED,
		.epoch = order->epoch,
		.error = mn->ops->start(mn, order),
	};
	u32 epoch;
	int ret;

	spin_lock_irq(&mn->state_lock);
	ret = mn_step(mn, &answer, NULL, NULL);
	epoch = mn->safety.epoch;
	spin_unlock_irq(&mn->state_lock);
	if (epoch != order->epoch)
		mn->ops->stop(mn, epoch);
	return ret;
}

/**
 * mn_gate() - The only way to the motor.
 * @mn: The device; ops_sem is held for reading and cmd_lock is held.
 * @refusal: Out: why, with -EAGAIN; may be NULL.
 *
 * Stops may come at any moment. Each has a new epoch: the one taken here travels with the order, so
 * that the handpiece refuses it after a later stop, and it is compared again when the handpiece has
 * answered, for the stop that overtook it there.
 *
 * Return: 0; -ECANCELED a stop came in between; -EAGAIN an interlock opened; else the transport's
 * error.
 */
int mn_gate(struct mn_device *mn, struct mn_refusal *refusal)
{
	int err;

	lockdep_assert_held(&mn->cmd_lock);
	spin_lock_irq(&mn->state_lock);
	{
		const struct mn_order order = take_order(mn, refusal, &err);

		spin_unlock_irq(&mn->state_lock);
		return err ?: give_order(mn, &order);
	}
}

/* ---- work ---- */

static void mn_start_work(struct work_struct *work)
{
	struct mn_device *mn = container_of(work, struct mn_device, start_work);

	if (mn_begin_talk(mn))
		return;
	mn_gate(mn, NULL);
	mn_end_talk(mn);
}

/**
 * mn_read_tag() - Read the cartridge and tell the rules.
 * @mn: The device; ops_sem is held for reading and cmd_lock is held.
 *
 * Return: 0, or the transport's error; the rules then know of a cartridge that can't be read.
 */
int mn_read_tag(struct mn_device *mn)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_TAG };
	int err;

	if (mn->safety.caps.tagless)
		return 0;
	err = mn->ops->tag(mn, &what.tag);
	if (err) {
		/* Not to be read: a cartridge that may be anything. */
		memset(&what.tag, 0, sizeof(what.tag));
		what.tag.present = true;
		spin_lock_irq(&mn->state_lock);
		what.tag.insertions = mn->safety.report.insertions;
		spin_unlock_irq(&mn->state_lock);
	}
	mn_happen(mn, &what);
	return err;
}

static void mn_tag_work(struct work_struct *work)
{
	struct mn_device *mn = container_of(work, struct mn_device, tag_work);

	if (mn_begin_talk(mn))
		return;
	mn_read_tag(mn);
	mn_end_talk(mn);
}

static u32 mn_epoch(struct mn_device *mn)
{
	u32 epoch;

	spin_lock_irq(&mn->state_lock);
	epoch = mn->safety.epoch;
	spin_unlock_irq(&mn->state_lock);
	return epoch;
}

/**
 * mn_stop_confirmed() - Stop, and wait until the handpiece says that it has.
 * @mn: The device.
 * @why: What happened that it is to stop for.
 *
 * Context: may sleep.
 * Return: 0, or the transport's error.
 */
int mn_stop_confirmed(struct mn_device *mn, enum mn_happening why)
{
	struct mn_stimulus what = { .type = why };
	int err = -ENODEV;

	mn_happen(mn, &what);
	down_read(&mn->ops_sem);
	if (mn->ops)
		err = mn->ops->stop(mn, mn_epoch(mn));
	up_read(&mn->ops_sem);
	return err;
}

static void mn_stop_work(struct work_struct *work)
{
	struct mn_device *mn = container_of(work, struct mn_device, stop_work);
	int tries, err = -ENODEV;

	for (tries = 0; tries < MN_STOP_TRIES; tries++) {
		down_read(&mn->ops_sem);
		err = mn->ops ? mn->ops->stop(mn, mn_epoch(mn)) : -ENODEV;
		up_read(&mn->ops_sem);
		if (!err || err == -ENODEV)
			break;
		msleep(MN_STOP_RETRY_MS);
	}
	if (err && err != -ENODEV)
		dev_err(&mn->dev, "the handpiece does not confirm the stop (%d): unplug it\n", err);
}

static void mn_log_work(struct work_struct *work)
{
	struct mn_device *mn = container_of(work, struct mn_device, log_work);
	s32 detail[MN_FAULT_NR][2];
	unsigned int code;
	u64 unlogged;

	spin_lock_irq(&mn->state_lock);
	unlogged = mn->unlogged;
	mn->unlogged = 0;
	memcpy(detail, mn->safety.keep.detail, sizeof(detail));
	spin_unlock_irq(&mn->state_lock);
	for (code = 1; code < MN_FAULT_NR; code++)
		if (unlogged & BIT_ULL(code))
			dev_warn(&mn->dev, "fault %u latched (%d, %d)\n", code, detail[code][0],
				 detail[code][1]);
}

/* ---- reports from the transport ---- */

/**
 * mn_report_strokes() - Strokes were measured.
 * @mn: The device.
 * @strokes: In the order in which they were made.
 * @count: How many.
 *
 * Context: any. A stroke that is too deep has stopped the motor when this returns.
 */
void mn_report_strokes(struct mn_device *mn, const struct mn_stroke *strokes, unsigned int count)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_STROKE };
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&mn->state_lock, flags);
	for (i = 0; i < count && mn->ops; i++) {
		what.stroke = strokes[i];
		mn_step(mn, &what, NULL, NULL);
	}
	spin_unlock_irqrestore(&mn->state_lock, flags);
}
EXPORT_SYMBOL_GPL(mn_report_strokes);

/**
 * mn_report_status() - The handpiece told its state. It must do so at least every 100 ms.
 * @mn: The device.
 * @report: What it told.
 *
 * Context: any.
 */
void mn_report_status(struct mn_device *mn, const struct mn_report *report)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_REPORT, .report = *report };

	mn_happen(mn, &what);
}
EXPORT_SYMBOL_GPL(mn_report_status);

/**
 * mn_report_failure() - The transport found something wrong: stop and latch it.
 * @mn: The device.
 * @code: enum mn_fault.
 * @detail0: See enum mn_fault.
 * @detail1: See enum mn_fault.
 *
 * Context: any.
 */
void mn_report_failure(struct mn_device *mn, u32 code, s32 detail0, s32 detail1)
{
	struct mn_stimulus what = {
		.type = MN_HAPPENS_FAIL,
		.code = code,
		.detail = { detail0, detail1 },
	};

	mn_happen(mn, &what);
}
EXPORT_SYMBOL_GPL(mn_report_failure);

/* ---- beginning and end ---- */

/**
 * mn_core_init() - What core.c has in a device.
 * @mn: A device that nobody else knows of.
 */
void mn_core_init(struct mn_device *mn)
{
	init_rwsem(&mn->ops_sem);
	mutex_init(&mn->cmd_lock);
	spin_lock_init(&mn->state_lock);
	mn_hrtimer_setup(&mn->timer, mn_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	INIT_WORK(&mn->start_work, mn_start_work);
	INIT_WORK(&mn->tag_work, mn_tag_work);
	INIT_WORK(&mn->stop_work, mn_stop_work);
	INIT_WORK(&mn->log_work, mn_log_work);
}

/**
 * mn_core_end() - Wait until nothing of it runs.
 * @mn: A device without a transport, so that nothing begins anew.
 *
 * Context: may sleep.
 */
void mn_core_end(struct mn_device *mn)
{
	hrtimer_cancel(&mn->timer);
	cancel_work_sync(&mn->start_work);
	cancel_work_sync(&mn->tag_work);
	cancel_work_sync(&mn->stop_work);
	flush_work(&mn->log_work);
}
