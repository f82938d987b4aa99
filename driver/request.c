// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs ask of a device, and what they are told.
 *
 * A request takes the locks, asks the rules, and talks to the handpiece where that is part of it.
 * Stop and heartbeat take the state lock alone, so that nothing that sleeps can delay them.
 */
#include <linux/module.h>
#include <linux/random.h>

#include "compat.h"
#include "core.h"

static bool zero(const u32 *words, unsigned int count)
{
	while (count--)
		if (words[count])
			return false;
	return true;
}

/* Begin a command of the controller's that may talk to the handpiece; mn_end_talk() ends it. */
static int begin_command(struct mn_device *mn, const void *who)
{
	int err = mn_begin_talk(mn);

	if (err)
		return err;
	spin_lock_irq(&mn->state_lock);
	if (mn->controller != who)
		err = -EPERM;
	spin_unlock_irq(&mn->state_lock);
	if (err)
		mn_end_talk(mn);
	return err;
}

/* One step of the controller's that needs nothing but the rules. */
static int controller_step(struct mn_device *mn, const void *who, const struct mn_stimulus *what)
{
	int err;

	spin_lock_irq(&mn->state_lock);
	if (!mn->ops)
		err = -ENODEV;
	else if (mn->controller != who)
		err = -EPERM;
	else
		err = mn_step(mn, what, NULL, NULL);
	spin_unlock_irq(&mn->state_lock);
	return err;
}

/**
 * mn_acquire() - See &struct mn_acquire.
 * @mn: The device.
 * @who: Who is asking.
 * @request: From user space.
 *
 * Return: 0 or -errno.
 */
int mn_acquire(struct mn_device *mn, const void *who, const struct mn_acquire *request)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_ACQUIRE, .lease_ms = request->lease_ms };
	int err;

	if (request->flags)
		return -EINVAL;
	memcpy(what.treatment, request->treatment, sizeof(what.treatment));
	spin_lock_irq(&mn->state_lock);
	if (!mn->ops) {
		err = -ENODEV;
	} else if (mn->controller && mn->controller != who) {
		err = -EBUSY;
	} else {
		err = mn_step(mn, &what, NULL, NULL);
		if (!err)
			mn->controller = who;
	}
	spin_unlock_irq(&mn->state_lock);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_acquire);

static int let_go(struct mn_device *mn, const void *who, enum mn_happening how)
{
	struct mn_stimulus what = { .type = how };
	int err = -EPERM;

	spin_lock_irq(&mn->state_lock);
	if (!mn->ops) {
		err = -ENODEV;
	} else if (mn->controller == who) {
		err = mn_step(mn, &what, NULL, NULL);
		mn->controller = NULL;
	}
	spin_unlock_irq(&mn->state_lock);
	return err;
}

/**
 * mn_release() - Stop if need be, and give up control.
 * @mn: The device.
 * @who: Who is asking.
 *
 * Return: 0 or -errno.
 */
int mn_release(struct mn_device *mn, const void *who)
{
	return let_go(mn, who, MN_HAPPENS_RELEASE);
}
EXPORT_SYMBOL_MN_KUNIT(mn_release);

/**
 * mn_close() - Somebody closes; if it was the controller, the device stops.
 * @mn: The device.
 * @who: Who closes.
 */
void mn_close(struct mn_device *mn, const void *who)
{
	let_go(mn, who, MN_HAPPENS_CLOSE);
}
EXPORT_SYMBOL_MN_KUNIT(mn_close);

/**
 * mn_set_limits() - See &struct mn_set_limits.
 * @mn: The device.
 * @who: Who is asking.
 * @request: From user space.
 *
 * Return: 0 or -errno.
 */
int mn_set_limits(struct mn_device *mn, const void *who, const struct mn_set_limits *request)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_SET_LIMITS, .valid = request->valid };

	if (request->flags)
		return -EINVAL;
	memcpy(what.value, request->value, sizeof(what.value));
	return controller_step(mn, who, &what);
}
EXPORT_SYMBOL_MN_KUNIT(mn_set_limits);

/**
 * mn_lower_admin() - Lower the administrator's limit.
 * @mn: The device.
 * @quantity: Which.
 * @value: In its unit.
 *
 * Return: 0, -EPERM it would be raised, -ENODEV.
 */
int mn_lower_admin(struct mn_device *mn, enum mn_quantity quantity, u32 value)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_SET_ADMIN, .valid = BIT(quantity) };
	int err = -ENODEV;

	what.value[quantity] = value;
	spin_lock_irq(&mn->state_lock);
	if (mn->ops)
		err = mn_step(mn, &what, NULL, NULL);
	spin_unlock_irq(&mn->state_lock);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_lower_admin);

/* A text that fits, is padded with zeroes, and has nothing in it that a log would not show. */
static bool is_name(const char *text, size_t size)
{
	size_t i, length = strnlen(text, size);

	if (!length || length == size)
		return false;
	for (i = 0; i < size; i++)
		if (i < length ? text[i] <= ' ' || text[i] > '~' : text[i])
			return false;
	return true;
}

/**
 * mn_declare_cartridge() - See &struct mn_declare_cartridge.
 * @mn: The device.
 * @who: Who is asking.
 * @request: From and to user space.
 *
 * Return: 0 or -errno.
 */
int mn_declare_cartridge(struct mn_device *mn, const void *who,
			 struct mn_declare_cartridge *request)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_DECLARE };
	struct mn_tag *tag = &what.tag;
	int err;

	if (request->flags || request->uid || !is_name(request->lot, sizeof(request->lot)))
		return -EINVAL;
	tag->limit[MN_QUANTITY_DEPTH] = request->needle_um;
	tag->limit[MN_QUANTITY_RATE] = request->max_rate_mhz;
	tag->limit[MN_QUANTITY_DOSE] = request->max_strokes;
	tag->needles = request->needles;
	tag->expiry_days = request->expiry_days;
	memcpy(tag->lot, request->lot, sizeof(tag->lot));
	/* It has no identity of its own: each insertion is another cartridge. */
	do
		tag->uid = get_random_u64();
	while (!tag->uid);
	err = controller_step(mn, who, &what);
	if (!err)
		request->uid = tag->uid;
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_declare_cartridge);

static int check_request(const struct mn_set_point *request)
{
	const u32 out[] = { request->refused_quantity, request->refused_source,
			    request->refused_limit, request->interlocks, request->reserved };

	return request->flags || !zero(out, ARRAY_SIZE(out)) ? -EINVAL : 0;
}

static void take_set(struct mn_stimulus *what, const struct mn_set_point *request)
{
	what->set.depth.um = request->depth_um;
	what->set.rate.mhz = request->rate_mhz;
	what->set.dose.strokes = request->strokes;
	what->set.run.ms = request->run_ms;
}

static void tell_refusal(struct mn_set_point *request, const struct mn_refusal *refusal)
{
	request->refused_quantity = refusal->quantity;
	request->refused_source = refusal->source;
	request->refused_limit = refusal->limit;
	request->interlocks = refusal->interlocks;
}

/* What a step of arming or updating leads to, seen under the same lock */
struct set_answer {
	u32 actions;
	u32 epoch;
	bool to_the_gate;
};

/* One of the steps of arming; the set point that was granted comes back in @request. */
static int set_step(struct mn_device *mn, const void *who, const struct mn_stimulus *what,
		    struct mn_set_point *request, struct set_answer *answer)
{
	struct mn_refusal refusal = {};
	int err = -EPERM;

	spin_lock_irq(&mn->state_lock);
	/* Control may have changed hands since the command began. */
	if (mn->controller == who)
		err = mn_step(mn, what, &answer->actions, &refusal);
	answer->epoch = mn->safety.epoch;
	answer->to_the_gate = mn->safety.start_wanted;
	if (!err && mn->safety.set.depth.um) {
		request->depth_um = mn->safety.set.depth.um;
		request->rate_mhz = mn->safety.set.rate.mhz;
	}
	spin_unlock_irq(&mn->state_lock);
	tell_refusal(request, &refusal);
	return err;
}

/* Whether the mark was written is found out by reading, not by believing the answer. */
static int mark_cartridge(struct mn_device *mn)
{
	static const struct mn_stimulus marking = { .type = MN_HAPPENS_MARKING };
	u8 treatment[16];
	u64 uid;

	spin_lock_irq(&mn->state_lock);
	mn_step(mn, &marking, NULL, NULL);
	memcpy(treatment, mn->safety.keep.treatment, sizeof(treatment));
	uid = mn->safety.tag.uid;
	spin_unlock_irq(&mn->state_lock);

	mn->ops->mark(mn, uid, treatment);
	return mn_read_tag(mn) == -ENODEV ? -ENODEV : 0;
}

/**
 * mn_arm() - See &struct mn_set_point.
 * @mn: The device.
 * @who: Who is asking.
 * @request: From and to user space.
 *
 * Return: 0 or -errno.
 */
int mn_arm(struct mn_device *mn, const void *who, struct mn_set_point *request)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_ARM };
	struct set_answer answer;
	int err;

	err = check_request(request);
	if (err)
		return err;
	take_set(&what, request);
	err = begin_command(mn, who);
	if (err)
		return err;
	err = set_step(mn, who, &what, request, &answer);
	if (!err && (answer.actions & MN_ACT_MARK))
		err = mark_cartridge(mn);
	if (!err) {
		what.type = MN_HAPPENS_ARM_COMMIT;
		what.epoch = answer.epoch;
		err = set_step(mn, who, &what, request, &answer);
		/* The lease that it begins with did not get out: it is stopped already. */
		if (!err && answer.epoch != what.epoch)
			err = -ECANCELED;
	}
	mn_end_talk(mn);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_arm);

/**
 * mn_update() - See &struct mn_set_point.
 * @mn: The device.
 * @who: Who is asking.
 * @request: From and to user space.
 *
 * Return: 0 or -errno.
 */
int mn_update(struct mn_device *mn, const void *who, struct mn_set_point *request)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_UPDATE };
	struct mn_refusal refusal = {};
	struct set_answer answer;
	int err;

	err = check_request(request);
	if (err)
		return err;
	take_set(&what, request);
	err = begin_command(mn, who);
	if (err)
		return err;
	err = set_step(mn, who, &what, request, &answer);
	if (!err && answer.to_the_gate) {
		err = mn_gate(mn, &refusal);
		tell_refusal(request, &refusal);
	}
	mn_end_talk(mn);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_update);

/**
 * mn_start() - Start what is armed, where no trigger does.
 * @mn: The device.
 * @who: Who is asking.
 *
 * Return: 0 or -errno.
 */
int mn_start(struct mn_device *mn, const void *who)
{
	static const struct mn_stimulus what = { .type = MN_HAPPENS_START };
	int err = begin_command(mn, who);

	if (err)
		return err;
	err = controller_step(mn, who, &what);
	if (!err)
		err = mn_gate(mn, NULL);
	mn_end_talk(mn);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_start);

/**
 * mn_stop() - Stop, whoever asks, whatever the state.
 * @mn: The device.
 *
 * Return: 0, or -ENODEV if the handpiece is gone.
 */
int mn_stop(struct mn_device *mn)
{
	static const struct mn_stimulus what = { .type = MN_HAPPENS_STOP };
	int err = -ENODEV;

	spin_lock_irq(&mn->state_lock);
	if (mn->ops)
		err = mn_step(mn, &what, NULL, NULL);
	spin_unlock_irq(&mn->state_lock);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_stop);

/**
 * mn_heartbeat() - Renew the lease.
 * @mn: The device.
 * @who: Who is asking.
 *
 * Return: 0 or -errno; -ETIME too late.
 */
int mn_heartbeat(struct mn_device *mn, const void *who)
{
	static const struct mn_stimulus what = { .type = MN_HAPPENS_HEARTBEAT };

	return controller_step(mn, who, &what);
}
EXPORT_SYMBOL_MN_KUNIT(mn_heartbeat);

/**
 * mn_clear_fault() - See &struct mn_clear_fault.
 * @mn: The device.
 * @who: Who is asking.
 * @request: From and to user space.
 *
 * Return: 0 or -errno.
 */
int mn_clear_fault(struct mn_device *mn, const void *who, struct mn_clear_fault *request)
{
	static const struct mn_stimulus stop = { .type = MN_HAPPENS_STOP };
	struct mn_stimulus what = { .type = MN_HAPPENS_CLEAR, .faults = request->faults };
	u64 own = 0;
	u32 epoch;
	int err;

	if (request->remaining)
		return -EINVAL;
	err = begin_command(mn, who);
	if (err)
		return err;
	spin_lock_irq(&mn->state_lock);
	if (mn->safety.state != MN_STATE_FAULT)
		err = -EBADFD;
	else
		mn_step(mn, &stop, NULL, NULL);
	own = mn->safety.report.faults & request->faults;
	epoch = mn->safety.epoch;
	spin_unlock_irq(&mn->state_lock);
	if (!err) {
		/*
		 * The handpiece must be there, stopped, home, and have nothing latched itself. If
		 * it does not confirm that, its last report may be of before it began to move.
		 */
		err = mn->ops->stop(mn, epoch) ? -EAGAIN : 0;
		if (!err && own)
			mn->ops->clear(mn, own);
		spin_lock_irq(&mn->state_lock);
		/* Control may have changed hands while the handpiece was asked. */
		if (mn->controller != who)
			err = -EPERM;
		else if (!err)
			err = mn_step(mn, &what, NULL, NULL);
		request->remaining = mn->safety.keep.faults;
		spin_unlock_irq(&mn->state_lock);
	}
	mn_end_talk(mn);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_clear_fault);

/**
 * mn_self_test() - Have the handpiece test itself; how it ends is told by its status.
 * @mn: The device.
 * @who: Who is asking: the controller, or anybody where there is none.
 *
 * Return: 0 it has begun; -EBADFD, -EBUSY, -EAGAIN, -EREMOTEIO, -ECANCELED see %MN_IOC_SELF_TEST;
 * or another -errno, and nobody knows whether it has begun.
 */
int mn_self_test(struct mn_device *mn, const void *who)
{
	static const struct mn_stimulus what = { .type = MN_HAPPENS_SELF_TEST };
	struct mn_stimulus answer = { .type = MN_HAPPENS_TESTED };
	int err = mn_begin_talk(mn);
	u32 epoch = 0;

	if (err)
		return err;
	spin_lock_irq(&mn->state_lock);
	if (mn->controller && mn->controller != who)
		err = -EBUSY;
	else
		err = mn_step(mn, &what, NULL, NULL);
	answer.epoch = mn->safety.epoch;
	spin_unlock_irq(&mn->state_lock);
	if (!err) {
		answer.error = mn->ops->self_test(mn);
		spin_lock_irq(&mn->state_lock);
		err = mn_step(mn, &answer, NULL, NULL);
		epoch = mn->safety.epoch;
		spin_unlock_irq(&mn->state_lock);
		/* Nothing else breaks it off: a stop that is not confirmed is tried again. */
		if (epoch != answer.epoch && mn->ops->stop(mn, epoch))
			queue_work(system_highpri_wq, &mn->stop_work);
	}
	mn_end_talk(mn);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_self_test);
