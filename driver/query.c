// SPDX-License-Identifier: GPL-2.0-only
/*
 * What anybody may know of a device: pictures of it, and who gets its records.
 */
#include <linux/module.h>

#include "compat.h"
#include "core.h"

/**
 * mn_get_info() - See &struct mn_info.
 * @mn: The device.
 * @info: To user space.
 *
 * Return: 0 or -ENODEV.
 */
int mn_get_info(struct mn_device *mn, struct mn_info *info)
{
	const struct mn_caps *caps = &mn->safety.caps;

	if (mn_is_gone(mn))
		return -ENODEV;
	memset(info, 0, sizeof(*info));
	info->abi_version = MN_ABI_VERSION;
	info->transport = caps->transport;
	info->measures = caps->measures;
	info->has_trigger = caps->has_trigger;
	info->absolute_um = MN_ABSOLUTE_DEPTH_UM;
	mn_safety_source(&mn->safety, MN_QUANTITY_DEPTH, MN_SOURCE_CEILING, &info->ceiling_um);
	info->depth_step_um = caps->depth_step_um;
	info->tolerance_um = caps->tolerance_um;
	info->rate_min_mhz = caps->rate_min_mhz;
	info->run_up_ms = caps->run_up_ms;
	info->run_down_ms = caps->run_down_ms;
	info->handpiece_lease_ms = caps->lease_ms;
	info->calibration_age_days = caps->calibration_age_days;
	info->calibration_valid_days = caps->calibration_valid_days;
	info->capture_max_hz = caps->capture_max_hz;
	strscpy(info->serial, caps->serial, sizeof(info->serial));
	strscpy(info->model, caps->model, sizeof(info->model));
	strscpy(info->firmware, caps->firmware, sizeof(info->firmware));
	return 0;
}
EXPORT_SYMBOL_MN_KUNIT(mn_get_info);

static u32 ms_between(u64 from, u64 to)
{
	return to > from ? (u32)div_u64(to - from, NSEC_PER_MSEC) : 0;
}

static void fill_status(const struct mn_safety *s, u64 now, struct mn_status *st)
{
	st->mono_ns = now;
	st->faults = s->keep.faults;
	st->state = s->state;
	st->cause = s->cause;
	st->fault = s->keep.first;
	st->fault_detail[0] = s->keep.detail[s->keep.first][0];
	st->fault_detail[1] = s->keep.detail[s->keep.first][1];
	st->inputs = s->report.inputs;
	st->interlocks = mn_safety_interlocks(s);
	st->epoch = s->epoch;
	st->depth_um = s->set.depth.um;
	st->rate_mhz = s->set.rate.mhz;
	st->strokes = s->set.dose.strokes;
	st->run_ms = s->set.run.ms;
	st->strokes_done = s->strokes_done;
	st->dose_strokes = s->keep.dose;
	if (s->state == MN_STATE_RUNNING)
		st->run_done_ms = ms_between(s->run_since, now);
	st->measured_depth_um = s->last.depth_um;
	st->measured_rate_mhz = s->last_rate_mhz;
	st->current_ma = s->last.current_ma;
	st->temp_mc = s->report.temp_mc;
	st->lease_ms = s->controlled ? s->lease_ms : 0;
	st->lease_left_ms = ms_between(now, s->lease_deadline);
	st->strokes_total = s->strokes_total;
	st->cartridge_flags = mn_safety_cartridge_flags(s);
	st->cartridge_needles = s->tag.needles;
	st->cartridge_needle_um = s->tag.limit[MN_QUANTITY_DEPTH];
	st->cartridge_expiry_days = s->tag.expiry_days;
	st->self_test = s->report.self_test;
	st->cartridge_uid = s->tag.uid;
	strscpy(st->cartridge_lot, s->tag.lot, sizeof(st->cartridge_lot));
	memcpy(st->treatment, s->keep.treatment, sizeof(st->treatment));
}

/**
 * mn_get_status() - See &struct mn_status.
 * @mn: The device.
 * @who: Who is asking.
 * @status: To user space.
 *
 * Return: 0 or -ENODEV.
 */
int mn_get_status(struct mn_device *mn, const void *who, struct mn_status *status)
{
	static const struct mn_stimulus tick = { .type = MN_HAPPENS_TICK };
	int err = -ENODEV;

	memset(status, 0, sizeof(*status));
	spin_lock_irq(&mn->state_lock);
	if (mn->ops) {
		err = 0;
		mn_step(mn, &tick, NULL, NULL);
		fill_status(&mn->safety, ktime_get_ns(), status);
		if (!mn->controller)
			status->control = MN_CONTROL_NONE;
		else
			status->control = mn->controller == who ? MN_CONTROL_SELF :
								  MN_CONTROL_OTHER;
	}
	spin_unlock_irq(&mn->state_lock);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_get_status);

/**
 * mn_get_limits() - See &struct mn_limits.
 * @mn: The device.
 * @limits: To user space.
 *
 * Return: 0 or -ENODEV.
 */
int mn_get_limits(struct mn_device *mn, struct mn_limits *limits)
{
	const struct mn_safety *s = &mn->safety;
	unsigned int quantity, source;
	int err = -ENODEV;

	memset(limits, 0, sizeof(*limits));
	spin_lock_irq(&mn->state_lock);
	if (!mn->ops)
		goto out;
	err = 0;
	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		enum mn_source binding = MN_SOURCE_ABSOLUTE;

		limits->required[quantity] = s->caps.required[quantity];
		limits->effective[quantity] = mn_safety_limit(s, quantity, &binding);
		limits->binding[quantity] = binding;
		for (source = 0; source < MN_SOURCE_NR; source++)
			if (mn_safety_source(s, quantity, source, &limits->value[quantity][source]))
				limits->present[quantity] |= BIT(source);
	}
out:
	spin_unlock_irq(&mn->state_lock);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_get_limits);

/**
 * mn_listen() - Get records from now on.
 * @mn: The device.
 * @listener: Who.
 *
 * Return: 0 or -ENODEV.
 */
int mn_listen(struct mn_device *mn, struct mn_listener *listener)
{
	int err = -ENODEV;

	spin_lock_irq(&mn->state_lock);
	if (mn->ops) {
		list_add_tail(&listener->node, &mn->listeners);
		err = 0;
	}
	spin_unlock_irq(&mn->state_lock);
	return err;
}
EXPORT_SYMBOL_MN_KUNIT(mn_listen);

/**
 * mn_unlisten() - Get no more. When this returns nothing is posted any more.
 * @mn: The device.
 * @listener: Who.
 */
void mn_unlisten(struct mn_device *mn, struct mn_listener *listener)
{
	spin_lock_irq(&mn->state_lock);
	list_del(&listener->node);
	spin_unlock_irq(&mn->state_lock);
}
EXPORT_SYMBOL_MN_KUNIT(mn_unlisten);

/**
 * mn_is_gone() - Was the handpiece unplugged, or its driver unbound?
 * @mn: The device.
 *
 * Return: true if so.
 */
bool mn_is_gone(struct mn_device *mn)
{
	return !READ_ONCE(mn->ops);
}

/**
 * mn_is_faulty() - Is a fault latched?
 * @mn: The device.
 *
 * Return: true if so.
 */
bool mn_is_faulty(struct mn_device *mn)
{
	return READ_ONCE(mn->safety.state) == MN_STATE_FAULT;
}
