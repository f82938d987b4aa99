// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens to a handpiece from outside: switches, cartridges, and the faults that a test
 * injects.
 */
#include "firmware.h"

#include <string.h>

static const char *const input_name[] = {
	[HP_FOOT_SWITCH] = "foot_switch",
	[HP_EMERGENCY_STOP] = "emergency_stop",
};

static void edge(struct hp_firmware *fw, enum hp_input input, bool value, uint64_t at)
{
	bool *now = input == HP_FOOT_SWITCH ? &fw->foot_switch : &fw->emergency_stop;

	if (*now == value)
		return;
	*now = value;
	hp_trace(fw->trace, at, "input", "\"input\":\"%s\",\"value\":%s", input_name[input],
		 value ? "true" : "false");
	if (input == HP_EMERGENCY_STOP && value)
		hp_fw_latch(fw, MNP_FAULT_EMERGENCY_STOP, at);
	if (input == HP_FOOT_SWITCH && !value && fw->id.foot_switch)
		hp_fw_stop(fw, "trigger released", at);
}

void hp_fw_input(struct hp_firmware *fw, enum hp_input input, bool value, uint64_t now)
{
	hp_fw_advance(fw, now);
	edge(fw, input, value, now);
	hp_fw_tell(fw, false);
}

bool hp_fw_input_later(struct hp_firmware *fw, enum hp_input input, bool value, uint64_t at_ns)
{
	if (fw->edges == HP_EDGES_MAX)
		return false;
	fw->edge[fw->edges++] = (struct hp_edge){ at_ns, input, value };
	return true;
}

void hp_fw_edges_due(struct hp_firmware *fw, uint64_t at)
{
	for (unsigned int i = 0; i < fw->edges; i++) {
		struct hp_edge e = fw->edge[i];

		if (e.at_ns > at)
			continue;
		fw->edge[i] = fw->edge[--fw->edges];
		edge(fw, e.input, e.value, at);
		return;
	}
}

bool hp_fw_insert(struct hp_firmware *fw, const struct hp_cartridge_spec *spec, uint64_t now)
{
	hp_fw_advance(fw, now);
	if (!hp_cartridge_insert(&fw->cartridges, spec))
		return false;
	fw->insertions++;
	hp_trace(fw->trace, now, "cartridge", "\"inserted\":true,\"insertions\":%u",
		 fw->insertions);
	hp_fw_tell(fw, false);
	return true;
}

bool hp_fw_remove(struct hp_firmware *fw, uint64_t now)
{
	hp_fw_advance(fw, now);
	if (!hp_cartridge_remove(&fw->cartridges))
		return false;
	fw->insertions++;
	hp_trace(fw->trace, now, "cartridge", "\"inserted\":false,\"insertions\":%u",
		 fw->insertions);
	hp_fw_stop(fw, "cartridge removed", now);
	hp_fw_tell(fw, false);
	return true;
}

static void activate(struct hp_firmware *fw, struct hp_injection *i, uint64_t at)
{
	i->state = HP_ACTIVE;
	hp_trace(fw->trace, at, "inject", "\"id\":%u,\"fault\":\"%s\",\"strokes\":%u", i->id,
		 hp_fault_infos[i->fault].name, fw->stroke_number);
	switch (i->fault) {
	case HP_STALL:
		hp_fw_stall(fw, i, at);
		break;
	case HP_UNEXPECTED_MOTION:
		hp_fw_creep(fw, at);
		break;
	case HP_NV_FAULT:
		hp_fw_latch(fw, i->params.mask, at);
		hp_faults_effect(i, at, "latched %#x", fw->latched);
		i->state = HP_OVER;
		break;
	case HP_SELF_TEST_FAIL:
		if (fw->self_test != MNP_SELF_TEST_BUSY)
			fw->self_test = MNP_SELF_TEST_FAILED;
		break;
	case HP_OVER_TEMPERATURE:
		if (i->params.own)
			hp_fw_latch(fw, MNP_FAULT_OVER_TEMPERATURE, at);
		hp_fw_tell(fw, true);
		break;
	case HP_IGNORE_STOP:
		if (i->params.how == HP_W_NAK)
			fw->link.front.nak(fw->link.front.ctx, HP_EP_KILL, true);
		break;
	default:
		break;
	}
}

bool hp_fw_inject(struct hp_firmware *fw, enum hp_fault fault, const struct hp_fault_params *params,
		  uint64_t at_ns, bool by_strokes, uint32_t after_strokes, uint64_t now,
		  uint32_t *id)
{
	struct hp_injection *i;

	hp_fw_advance(fw, now);
	i = hp_faults_add(&fw->faults, fault, params);
	if (!i)
		return false;
	*id = i->id;
	if (by_strokes) {
		i->by_strokes = true;
		i->after_number = fw->stroke_number + after_strokes;
	} else if (at_ns > now) {
		i->at_ns = at_ns;
	} else {
		activate(fw, i, now);
		hp_fw_tell(fw, false);
	}
	return true;
}

uint64_t hp_fw_injection_due(const struct hp_firmware *fw)
{
	uint64_t first = HP_NEVER;

	for (unsigned int n = 0; n < fw->faults.count; n++) {
		const struct hp_injection *i = &fw->faults.injection[n];

		if (i->state == HP_WAITING && i->at_ns < first)
			first = i->at_ns;
	}
	return first;
}

void hp_fw_injections_due(struct hp_firmware *fw, uint64_t at)
{
	for (unsigned int n = 0; n < fw->faults.count; n++) {
		struct hp_injection *i = &fw->faults.injection[n];

		if (i->state == HP_WAITING && i->at_ns <= at)
			activate(fw, i, at);
	}
}

void hp_fw_injections_by_stroke(struct hp_firmware *fw, uint64_t at)
{
	for (unsigned int n = 0; n < fw->faults.count; n++) {
		struct hp_injection *i = &fw->faults.injection[n];

		if (i->state == HP_WAITING && i->by_strokes &&
		    (int32_t)(fw->stroke_number - i->after_number) >= 0)
			activate(fw, i, at);
	}
}

void hp_fw_clear_injections(struct hp_firmware *fw, uint64_t now)
{
	hp_fw_advance(fw, now);
	for (unsigned int n = 0; n < fw->faults.count; n++) {
		struct hp_injection *i = &fw->faults.injection[n];
		bool acting = i->state == HP_ACTIVE;

		i->state = HP_OVER;
		if (acting && i->fault == HP_IGNORE_STOP && i->params.how == HP_W_NAK)
			fw->link.front.nak(fw->link.front.ctx, HP_EP_KILL, false);
		if (acting && i->fault == HP_SELF_TEST_FAIL &&
		    fw->self_test == MNP_SELF_TEST_FAILED)
			fw->self_test = MNP_SELF_TEST_PASSED;
	}
	hp_trace(fw->trace, now, "clear_injections", "\"all\":true");
	if (fw->by_itself)
		hp_fw_stop(fw, "injection cleared", now);
	hp_fw_retract(fw, now);
	if (fw->link.held_until_ns != HP_NEVER)
		hp_link_release(&fw->link, now);
	hp_fw_tell(fw, false);
}

bool hp_fw_disconnect_at(struct hp_firmware *fw, enum hp_word step, uint64_t now)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_DISCONNECT_AT);

	if (!i || i->params.step != step)
		return false;
	i->state = HP_OVER;
	hp_faults_effect(i, now, "left the bus at %s", hp_word_name(step));
	hp_trace(fw->trace, now, "disconnect", "\"at\":\"%s\"", hp_word_name(step));
	fw->link.front.disconnect(fw->link.front.ctx);
	return true;
}
