// SPDX-License-Identifier: GPL-2.0-only
/*
 * Microneedling handpieces: lifetime of a device, the gate to its motor, leases and stops.
 *
 * What is allowed is decided in safety*.c; this file holds the lock around it, carries out what it
 * asks for, and tells listeners. Lock order: ops_sem (read), cmd_lock, state_lock, a listener's
 * own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/slab.h>

#include "compat.h"
#include "core.h"
#include "tell.h"

#define MN_MINORS		64
#define MN_STOP_TRIES		20
#define MN_STOP_RETRY_MS	25
#define SECONDS_PER_DAY		86400

static unsigned int ceiling_um = MN_CEILING_DEPTH_UM;
module_param(ceiling_um, uint, 0444);
MODULE_PARM_DESC(ceiling_um, "Deepest needle depth that any request can have, in um (1 to 3000)");

static dev_t mn_devt;
static DEFINE_IDA(mn_ida);

/*
 * Devices and what is remembered of them. Taken before any device's locks, never in atomic
 * context.
 */
static DEFINE_MUTEX(mn_registry_lock);
static LIST_HEAD(mn_devices);
static LIST_HEAD(mn_memories);

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

/* ---- lifetime ---- */

static struct mn_memory *mn_recall(const char *serial)
{
	struct mn_memory *memory;

	lockdep_assert_held(&mn_registry_lock);
	list_for_each_entry(memory, &mn_memories, node)
		if (!strcmp(memory->serial, serial))
			return memory->in_use ? ERR_PTR(-EEXIST) : memory;
	memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	if (!memory)
		return ERR_PTR(-ENOMEM);
	strscpy(memory->serial, serial, sizeof(memory->serial));
	mn_keep_init(&memory->keep, ceiling_um);
	list_add(&memory->node, &mn_memories);
	return memory;
}

static void mn_dev_release(struct device *dev)
{
	struct mn_device *mn = container_of(dev, struct mn_device, dev);

	ida_free(&mn_ida, MINOR(dev->devt));
	kfree(mn);
}

static struct class mn_class = {
	.name = "microneedle",
	.dev_groups = mn_attr_groups,
};

/**
 * mn_device_alloc() - A device that is not yet registered, but can already be stopped and report.
 * @parent: The bus's device.
 * @ops: What the transport does.
 * @data: The transport's, see mn_device_data().
 * @caps: What the handpiece says of itself.
 * @last_epoch: Of the last stop that the handpiece obeyed.
 *
 * Context: may sleep.
 * Return: the device, to be given to mn_device_register(), and to mn_device_put() at the end; or an
 * ERR_PTR: -EINVAL the transport lacks an operation, -EPROTO the handpiece is impossible, -EEXIST a
 * handpiece with this serial number is there already.
 */
struct mn_device *mn_device_alloc(struct device *parent, const struct mn_transport_ops *ops,
				  void *data, const struct mn_caps *caps, u32 last_epoch)
{
	struct mn_memory *memory;
	struct mn_device *mn;
	const char *why;
	int id;

	if (!ops->start || !ops->stop || !ops->kill || !ops->lease || !ops->clear ||
	    !ops->self_test || (!caps->tagless && (!ops->tag || !ops->mark)) ||
	    (caps->capture_max_hz && !ops->capture))
		return ERR_PTR(-EINVAL);
	if (mn_safety_check_caps(caps, &why)) {
		dev_err(parent, "handpiece refused: %s\n", why);
		return ERR_PTR(-EPROTO);
	}
	mn = kzalloc(sizeof(*mn), GFP_KERNEL);
	if (!mn)
		return ERR_PTR(-ENOMEM);
	id = ida_alloc_max(&mn_ida, MN_MINORS - 1, GFP_KERNEL);
	if (id < 0) {
		kfree(mn);
		return ERR_PTR(id);
	}
	init_rwsem(&mn->ops_sem);
	mutex_init(&mn->cmd_lock);
	spin_lock_init(&mn->state_lock);
	spin_lock_init(&mn->capture_lock);
	INIT_LIST_HEAD(&mn->listeners);
	INIT_LIST_HEAD(&mn->node);
	mn_hrtimer_setup(&mn->timer, mn_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	INIT_WORK(&mn->start_work, mn_start_work);
	INIT_WORK(&mn->tag_work, mn_tag_work);
	INIT_WORK(&mn->stop_work, mn_stop_work);
	INIT_WORK(&mn->log_work, mn_log_work);
	cdev_init(&mn->cdev, &mn_fops);
	mn->cdev.owner = THIS_MODULE;
	mn->data = data;

	device_initialize(&mn->dev);
	mn->dev.class = &mn_class;
	mn->dev.parent = parent;
	mn->dev.release = mn_dev_release;
	mn->dev.devt = MKDEV(MAJOR(mn_devt), id);
	if (dev_set_name(&mn->dev, "microneedle%d", id)) {
		put_device(&mn->dev);
		return ERR_PTR(-ENOMEM);
	}

	mutex_lock(&mn_registry_lock);
	memory = mn_recall(caps->serial);
	if (!IS_ERR(memory)) {
		memory->in_use = true;
		mn->memory = memory;
		mn_safety_init(&mn->safety, caps, &memory->keep, ceiling_um, last_epoch);
		mn->ops = ops;
		list_add(&mn->node, &mn_devices);
	}
	mutex_unlock(&mn_registry_lock);
	if (IS_ERR(memory)) {
		if (PTR_ERR(memory) == -EEXIST)
			dev_err(parent, "a handpiece with serial number %s is there already\n",
				caps->serial);
		put_device(&mn->dev);
		return ERR_CAST(memory);
	}
	return mn;
}
EXPORT_SYMBOL_GPL(mn_device_alloc);

/* Take the transport away from everybody, and remember what must not be forgotten. */
static void mn_revoke(struct mn_device *mn)
{
	static const struct mn_stimulus unplug = { .type = MN_HAPPENS_UNPLUG };
	struct mn_listener *listener;

	down_write(&mn->ops_sem);
	spin_lock_irq(&mn->state_lock);
	mn_step(mn, &unplug, NULL, NULL);
	mn->ops = NULL;
	mn->controller = NULL;
	list_for_each_entry(listener, &mn->listeners, node)
		listener->gone(listener);
	spin_unlock_irq(&mn->state_lock);
	up_write(&mn->ops_sem);
	mn_report_capture_end(mn, -ENODEV);

	hrtimer_cancel(&mn->timer);
	cancel_work_sync(&mn->start_work);
	cancel_work_sync(&mn->tag_work);
	cancel_work_sync(&mn->stop_work);
	flush_work(&mn->log_work);

	mutex_lock(&mn_registry_lock);
	mn->memory->keep = mn->safety.keep;
	mn->memory->in_use = false;
	list_del_init(&mn->node);
	mutex_unlock(&mn_registry_lock);
}

/**
 * mn_device_discard() - Give up a device that was never registered.
 * @mn: From mn_device_alloc(). Only mn_device_put() is left to do.
 *
 * Context: may sleep.
 */
void mn_device_discard(struct mn_device *mn)
{
	mn_revoke(mn);
}
EXPORT_SYMBOL_GPL(mn_device_discard);

/* Stop, and wait until the handpiece says that it has. */
static int mn_stop_confirmed(struct mn_device *mn, enum mn_happening why)
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

/**
 * mn_device_register() - Stop the handpiece, then let programs see it.
 * @mn: From mn_device_alloc(). After an error only mn_device_put() is left to do.
 *
 * Context: may sleep.
 * Return: 0 or -errno.
 */
int mn_device_register(struct mn_device *mn)
{
	int err = mn_stop_confirmed(mn, MN_HAPPENS_STOP);

	if (err) {
		dev_err(mn->dev.parent, "the handpiece does not confirm a stop (%d)\n", err);
		goto fail;
	}
	down_read(&mn->ops_sem);
	mutex_lock(&mn->cmd_lock);
	mn_read_tag(mn);
	mutex_unlock(&mn->cmd_lock);
	up_read(&mn->ops_sem);

	err = cdev_device_add(&mn->cdev, &mn->dev);
	if (err)
		goto fail;
	dev_info(&mn->dev, "%s %s, serial number %s, at most %u um\n", mn->safety.caps.model,
		 mn->safety.caps.firmware, mn->safety.caps.serial,
		 mn->safety.caps.limit[MN_QUANTITY_DEPTH]);
	return 0;

fail:
	mn_revoke(mn);
	return err;
}
EXPORT_SYMBOL_GPL(mn_device_register);

/**
 * mn_device_unregister() - The handpiece goes away, or the transport does.
 * @mn: A registered device. When this returns no operation runs or will.
 *
 * Context: may sleep. Stops first, if it still can.
 */
void mn_device_unregister(struct mn_device *mn)
{
	static const struct mn_stimulus unplug = { .type = MN_HAPPENS_UNPLUG };

	mn_happen(mn, &unplug);
	down_read(&mn->ops_sem);
	mn->ops->stop(mn, mn_epoch(mn));
	up_read(&mn->ops_sem);
	cdev_device_del(&mn->cdev, &mn->dev);
	mn_revoke(mn);
}
EXPORT_SYMBOL_GPL(mn_device_unregister);

/**
 * mn_device_put() - The transport no longer needs it; open files may.
 * @mn: The device.
 */
void mn_device_put(struct mn_device *mn)
{
	put_device(&mn->dev);
}
EXPORT_SYMBOL_GPL(mn_device_put);

/**
 * mn_device_suspend() - The system goes to sleep: stop, and trust no cartridge afterwards.
 * @mn: The device. It cannot be armed until mn_device_resume().
 *
 * Context: may sleep.
 */
void mn_device_suspend(struct mn_device *mn)
{
	mn_report_capture_end(mn, -ECANCELED);
	mn_stop_confirmed(mn, MN_HAPPENS_SUSPEND);
}
EXPORT_SYMBOL_GPL(mn_device_suspend);

/**
 * mn_device_resume() - It is awake again: SAFE, or in FAULT as before.
 * @mn: The device.
 *
 * Context: may sleep.
 */
void mn_device_resume(struct mn_device *mn)
{
	/* One that was begun on the way to sleep lost its samples. */
	mn_report_capture_end(mn, -ECANCELED);
	if (mn_stop_confirmed(mn, MN_HAPPENS_RESUME))
		queue_work(system_highpri_wq, &mn->stop_work);
}
EXPORT_SYMBOL_GPL(mn_device_resume);

/* Programs go on for as long as it takes to go down: from here on they arm nothing. */
static int mn_reboot(struct notifier_block *block, unsigned long action, void *data)
{
	struct mn_device *mn;

	mutex_lock(&mn_registry_lock);
	list_for_each_entry(mn, &mn_devices, node)
		mn_stop_confirmed(mn, MN_HAPPENS_SUSPEND);
	mutex_unlock(&mn_registry_lock);
	return NOTIFY_DONE;
}

static struct notifier_block mn_reboot_block = { .notifier_call = mn_reboot };

static int __init mn_init(void)
{
	int err;

	if (!ceiling_um || ceiling_um > MN_ABSOLUTE_DEPTH_UM) {
		pr_err("ceiling_um=%u is not within 1 to %u\n", ceiling_um, MN_ABSOLUTE_DEPTH_UM);
		return -EINVAL;
	}
	if (ceiling_um != MN_CEILING_DEPTH_UM)
		pr_notice("depth ceiling is %u um, not %u\n", ceiling_um, MN_CEILING_DEPTH_UM);
	err = alloc_chrdev_region(&mn_devt, 0, MN_MINORS, "microneedle");
	if (err)
		return err;
	err = class_register(&mn_class);
	if (err)
		goto no_class;
	err = register_reboot_notifier(&mn_reboot_block);
	if (err)
		goto no_notifier;
	return 0;

no_notifier:
	class_unregister(&mn_class);
no_class:
	unregister_chrdev_region(mn_devt, MN_MINORS);
	return err;
}
module_init(mn_init);

static void __exit mn_exit(void)
{
	struct mn_memory *memory, *next;

	unregister_reboot_notifier(&mn_reboot_block);
	class_unregister(&mn_class);
	unregister_chrdev_region(mn_devt, MN_MINORS);
	list_for_each_entry_safe(memory, next, &mn_memories, node)
		kfree(memory);
	ida_destroy(&mn_ida);
}
module_exit(mn_exit);

MODULE_DESCRIPTION("Microneedling handpieces");
MODULE_AUTHOR("The microneedle authors");
MODULE_LICENSE("GPL");
