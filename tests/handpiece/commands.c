// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the USB handpiece does on command, beside the injections.
 */
#include "commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define BOUNCE_EDGES 6

static json_t *state(void *ctx, const json_t *request, uint64_t now)
{
	const struct hp_machine *m = ctx;
	(void)request;
	return hp_describe_state(m, now);
}

static json_t *stats(void *ctx, const json_t *request, uint64_t now)
{
	const struct hp_machine *m = ctx;
	json_t *answer = hp_answer(now);

	(void)request;
	json_object_update_new(answer, hp_describe_stats(m->fw));
	return answer;
}

static json_t *set(void *ctx, const json_t *request, uint64_t now)
{
	const struct hp_machine *m = ctx;
	const char *name = json_string_value(json_object_get(request, "input"));
	const json_t *value = json_object_get(request, "value");
	int64_t bounce_ms = 0, edges = BOUNCE_EDGES;
	enum hp_input input;
	bool on;

	if (name && !strcmp(name, "foot_switch"))
		input = HP_FOOT_SWITCH;
	else if (name && !strcmp(name, "emergency_stop"))
		input = HP_EMERGENCY_STOP;
	else
		return hp_answer_error(now, "\"input\" is \"foot_switch\" or \"emergency_stop\"");
	if (!json_is_boolean(value))
		return hp_answer_error(now, "\"value\" is true or false");
	if (!hp_member(request, "bounce_ms", 1, 1000, &bounce_ms) ||
	    !hp_member(request, "edges", 2, HP_EDGES_MAX, &edges) || edges % 2)
		return hp_answer_error(now, "\"bounce_ms\" is 1..1000, \"edges\" even, 2..%d",
				       HP_EDGES_MAX);
	on = json_is_true(value);
	hp_fw_input(m->fw, input, on, now);
	/* an even number of further edges, evenly spread: it ends as it was set */
	for (int64_t i = 1; bounce_ms && i <= edges; i++) {
		if (!hp_fw_input_later(m->fw, input, i % 2 ? !on : on,
				       now + (uint64_t)(bounce_ms * i) * HP_MS / (uint64_t)edges))
			return hp_answer_error(now, "too many edges under way: wait for them");
	}
	return hp_answer(now);
}

static json_t *insert(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	static uint64_t next_uid = UINT64_C(0x4d4e000000010000);
	const char *uid = json_string_value(json_object_get(request, "uid"));
	const char *lot = json_string_value(json_object_get(request, "lot"));
	const json_t *corrupt = json_object_get(request, "corrupt");
	struct hp_cartridge_spec spec;
	int64_t needle_um, needles, days, rate, strokes;
	char hex[20];
	json_t *answer;
	char *end;

	hp_cartridge_spec_default(&spec, 0, hp_today());
	needle_um = spec.needle_um;
	needles = spec.needles;
	rate = spec.max_rate_mhz;
	strokes = spec.max_strokes;
	days = 365;
	if (!hp_member(request, "needle_um", 0, UINT32_MAX, &needle_um) ||
	    !hp_member(request, "needles", 0, UINT16_MAX, &needles) ||
	    !hp_member(request, "expiry_days", -100000, 100000, &days) ||
	    !hp_member(request, "max_rate_mhz", 0, UINT32_MAX, &rate) ||
	    !hp_member(request, "max_strokes", 0, UINT32_MAX, &strokes) ||
	    (corrupt && !json_is_boolean(corrupt)) || (lot && strlen(lot) >= sizeof(spec.lot)))
		return hp_answer_error(
			now,
			"a member of the cartridge has the wrong type or range (expiry_days counts from today)");
	spec.uid = next_uid;
	if (uid) {
		spec.uid = strtoull(uid, &end, 16);
		if (!*uid || *end)
			return hp_answer_error(now, "\"uid\" is up to 16 hexadecimal digits");
	}
	spec.needle_um = (uint32_t)needle_um;
	spec.needles = (uint16_t)needles;
	spec.expiry_days = (uint32_t)((int64_t)hp_today() + days);
	spec.max_rate_mhz = (uint32_t)rate;
	spec.max_strokes = (uint32_t)strokes;
	spec.corrupt = json_is_true(corrupt);
	if (lot) {
		memset(spec.lot, 0, sizeof(spec.lot));
		snprintf(spec.lot, sizeof(spec.lot), "%s", lot);
	}
	if (!hp_fw_insert(m->fw, &spec, now))
		return hp_answer_error(now, "a cartridge is in already (remove it) or %d were used",
				       HP_CARTRIDGES_MAX);
	if (!uid)
		next_uid++;
	snprintf(hex, sizeof(hex), "%016" PRIx64, spec.uid);
	answer = hp_answer(now);
	json_object_set_new(answer, "uid", json_string(hex));
	return answer;
}

static json_t *cartridge(void *ctx, const json_t *request, uint64_t now)
{
	const struct hp_machine *m = ctx;
	const char *action = json_string_value(json_object_get(request, "action"));

	if (action && !strcmp(action, "insert"))
		return insert(m, request, now);
	if (action && !strcmp(action, "remove")) {
		if (!hp_fw_remove(m->fw, now))
			return hp_answer_error(now, "there is no cartridge: insert one");
		return hp_answer(now);
	}
	if (action && !strcmp(action, "read_error")) {
		if (!hp_cartridge_present(&m->fw->cartridges))
			return hp_answer_error(now, "there is no cartridge: insert one");
		m->fw->cartridges.read_error = true;
		return hp_answer(now);
	}
	return hp_answer_error(now, "\"action\" is \"insert\", \"remove\" or \"read_error\"");
}

static json_t *plug(const struct hp_machine *m, bool on, uint64_t now)
{
	int error;

	if (m->plugged(m->ctx) == on)
		return hp_answer_error(now, on ? "it is plugged in: unplug it first"
					       : "it is unplugged: plug it in first");
	error = m->plug(m->ctx, on);
	if (error)
		return hp_answer_error(now, "the device controller refuses: %s", strerror(-error));
	return hp_answer(now);
}

static json_t *plug_in(void *ctx, const json_t *request, uint64_t now)
{
	(void)request;
	return plug(ctx, true, now);
}

static json_t *unplug(void *ctx, const json_t *request, uint64_t now)
{
	(void)request;
	return plug(ctx, false, now);
}

static json_t *power_cycle(void *ctx, const json_t *request, uint64_t now)
{
	const struct hp_machine *m = ctx;
	int64_t off_ms = 0;

	if (!hp_member(request, "disconnect_ms", 1, 60000, &off_ms))
		return hp_answer_error(now, "\"disconnect_ms\" is 1..60000");
	if (off_ms && m->plugged(m->ctx)) {
		m->plug(m->ctx, false);
		m->plug_at(m->ctx, now + (uint64_t)off_ms * HP_MS);
	}
	hp_fw_power_cycle(m->fw, m->new_boot_id(m->ctx), now);
	return hp_answer(now);
}

static json_t *skin(void *ctx, const json_t *request, uint64_t now)
{
	const struct hp_machine *m = ctx;
	const char *name = json_string_value(json_object_get(request, "name"));
	int64_t load = m->fw->model.load;

	if (!hp_member(request, "load", 0, 1000, &load))
		return hp_answer_error(now, "\"load\" is 0..1000");
	if (json_object_get(request, "name") && (!name || !hp_model_skin(&m->fw->model, name)))
		return hp_answer_error(
			now, "\"name\" is \"forehead\", \"cheek\", \"crows_feet\" or \"air\"");
	m->fw->model.load = (uint32_t)load;
	return hp_answer(now);
}

static json_t *mark_stamp(void *ctx, const json_t *request, uint64_t now)
{
	const struct hp_machine *m = ctx;
	const json_t *name = json_object_get(request, "name");
	char *text;

	if (!json_is_string(name))
		return hp_answer_error(now, "\"name\" says what the stamp is for");
	text = json_dumps(name, JSON_ENCODE_ANY);
	hp_trace(m->fw->trace, now, "stamp", "\"name\":%s", text ? text : "\"\"");
	free(text);
	hp_trace_flush(m->fw->trace);
	return hp_answer(now);
}

const struct hp_command hp_commands[] = {
	{ "state", " cmd ", state },
	{ "stats", " cmd ", stats },
	{ "set", " cmd input value bounce_ms edges ", set },
	{ "cartridge",
	  " cmd action needle_um needles uid expiry_days lot corrupt max_rate_mhz max_strokes ",
	  cartridge },
	{ "plug", " cmd ", plug_in },
	{ "unplug", " cmd ", unplug },
	{ "power_cycle", " cmd disconnect_ms ", power_cycle },
	{ "skin", " cmd name load ", skin },
	{ "mark_stamp", " cmd name ", mark_stamp },
	{ NULL, NULL, NULL },
};

void hp_commands_advance(void *ctx, uint64_t now)
{
	const struct hp_machine *m = ctx;

	hp_fw_advance(m->fw, now);
}

bool hp_commands_inject(void *ctx, const struct hp_injecting *what, uint64_t now, uint32_t *id)
{
	const struct hp_machine *m = ctx;

	return hp_fw_inject(m->fw, (enum hp_fault)what->fault, &what->params, what->at_ns,
			    what->by_strokes, what->after_strokes, now, id);
}

void hp_commands_clear(void *ctx, uint64_t now)
{
	const struct hp_machine *m = ctx;

	hp_fw_clear_injections(m->fw, now);
}
