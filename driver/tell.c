// SPDX-License-Identifier: GPL-2.0-only
/*
 * What listeners are told: the records of the uapi, made from what a step of the rules changed.
 */
#include <linux/bits.h>

#include "core.h"
#include "tell.h"

static void post(struct mn_device *mn, struct mn_record *record, u16 type, u64 now, bool urgent)
{
	struct mn_listener *listener;

	record->mono_ns = now;
	record->type = type;
	list_for_each_entry(listener, &mn->listeners, node)
		listener->post(listener, record, urgent);
}

/**
 * mn_take_picture() - Remember how things are.
 * @s: The rules' state.
 * @p: Out.
 */
void mn_take_picture(const struct mn_safety *s, struct mn_picture *p)
{
	unsigned int i;

	p->state = s->state;
	p->faults = s->keep.faults;
	p->inputs = s->report.inputs;
	p->cartridge = mn_safety_cartridge_flags(s);
	p->uid = s->tag.uid;
	p->self_test = s->report.self_test;
	for (i = 0; i < MN_QUANTITY_NR; i++)
		p->limit[i] = mn_safety_limit(s, i, NULL);
}

static void tell_faults(struct mn_device *mn, const struct mn_picture *was, u64 now)
{
	const struct mn_safety *s = &mn->safety;
	u64 fresh = s->keep.faults & ~was->faults;
	u64 cleared = was->faults & ~s->keep.faults;
	unsigned int code;

	for (code = 1; code < MN_FAULT_NR; code++) {
		struct mn_record record = {};

		if (!(fresh & BIT_ULL(code)))
			continue;
		record.fault.code = code;
		record.fault.detail[0] = s->keep.detail[code][0];
		record.fault.detail[1] = s->keep.detail[code][1];
		record.fault.state = was->state;
		post(mn, &record, MN_EVENT_FAULT, now, true);
	}
	if (fresh && mn->ops) {
		mn->unlogged |= fresh;
		queue_work(system_wq, &mn->log_work);
	}
	if (cleared) {
		struct mn_record record = {};

		record.cleared.faults = cleared;
		record.cleared.remaining = s->keep.faults;
		post(mn, &record, MN_EVENT_CLEARED, now, true);
	}
}

/**
 * mn_tell() - Tell listeners what is other than it was.
 * @mn: The device, its state_lock held.
 * @was: How it was.
 * @now: When it changed.
 */
void mn_tell(struct mn_device *mn, const struct mn_picture *was, u64 now)
{
	const struct mn_safety *s = &mn->safety;
	struct mn_picture is;
	unsigned int i;

	mn_take_picture(s, &is);
	tell_faults(mn, was, now);
	if (is.state != was->state) {
		struct mn_record record = {};

		record.state.from = was->state;
		record.state.to = is.state;
		record.state.cause = s->cause;
		record.state.epoch = s->epoch;
		post(mn, &record, MN_EVENT_STATE, now, true);
	}
	if (is.cartridge != was->cartridge || is.uid != was->uid) {
		struct mn_record record = {};

		record.cartridge.flags = is.cartridge;
		record.cartridge.needle_um = s->tag.limit[MN_QUANTITY_DEPTH];
		record.cartridge.uid = is.uid;
		post(mn, &record, MN_EVENT_CARTRIDGE, now, true);
	}
	if (is.self_test != was->self_test) {
		struct mn_record record = {};

		record.self_test.result = is.self_test;
		post(mn, &record, MN_EVENT_SELF_TEST, now, true);
	}
	if (is.inputs != was->inputs) {
		struct mn_record record = {};

		record.input.inputs = is.inputs;
		record.input.changed = is.inputs ^ was->inputs;
		record.input.interlocks = mn_safety_interlocks(s);
		record.input.temp_mc = s->report.temp_mc;
		post(mn, &record, MN_EVENT_INPUT, now, false);
	}
	for (i = 0; i < MN_QUANTITY_NR; i++) {
		enum mn_source binding = MN_SOURCE_ABSOLUTE;
		struct mn_record record = {};

		if (is.limit[i] == was->limit[i])
			continue;
		record.limit.quantity = i;
		record.limit.effective = mn_safety_limit(s, i, &binding);
		record.limit.binding = binding;
		post(mn, &record, MN_EVENT_LIMIT, now, false);
	}
}

/**
 * mn_tell_lease() - Tell that half of the lease is over.
 * @mn: The device, its state_lock held.
 * @now: When.
 */
void mn_tell_lease(struct mn_device *mn, u64 now)
{
	struct mn_record record = {};

	record.lease.left_ms = mn->safety.lease_ms / 2;
	post(mn, &record, MN_EVENT_LEASE, now, true);
}

/**
 * mn_tell_stroke() - Tell of a stroke.
 * @mn: The device, its state_lock held.
 * @stroke: What was measured.
 * @now: When it was learned of.
 */
void mn_tell_stroke(struct mn_device *mn, const struct mn_stroke *stroke, u64 now)
{
	struct mn_record record = {};

	record.stroke.number = stroke->number;
	record.stroke.depth_um = stroke->depth_um;
	record.stroke.period_us = stroke->period_us;
	record.stroke.current_ma = stroke->current_ma;
	post(mn, &record, MN_EVENT_STROKE, now, false);
}
