// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket's commands. Unknown ones and unknown members are refused: a typo must not
 * pass as a test.
 */
#include "control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define WAIT_MS 1000 /* of "await" without timeout_ms */
#define BOUNCE_EDGES 6

json_t *hp_command_error(uint64_t now, const char *error, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, error);
	vsnprintf(text, sizeof(text), error, ap);
	va_end(ap);
	return json_pack("{s:b,s:I,s:s}", "ok", 0, "mono_ns", (json_int_t)now, "error", text);
}

static json_t *done(uint64_t now)
{
	return json_pack("{s:b,s:I}", "ok", 1, "mono_ns", (json_int_t)now);
}

/*
 * @allowed: names between blanks, " cmd id "; NULL if all members are among them, else one that is
 * not
 */
static const char *stranger(const json_t *request, const char *allowed)
{
	const char *key;
	json_t *value;
	char word[64];

	json_object_foreach((json_t *)request, key, value) {
		snprintf(word, sizeof(word), " %s ", key);
		if (!strstr(allowed, word))
			return key;
	}
	return NULL;
}

/* false: there and no integer of that range. Not there: @value stays */
static bool get(const json_t *request, const char *key, int64_t min, int64_t max, int64_t *value)
{
	const json_t *member = json_object_get(request, key);

	if (!member)
		return true;
	if (!json_is_integer(member))
		return false;
	*value = json_integer_value(member);
	return *value >= min && *value <= max;
}

static json_t *state(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	(void)request;
	return hp_describe_state(m, now);
}

static json_t *stats(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	json_t *answer = done(now);

	(void)request;
	json_object_update_new(answer, hp_describe_stats(m->fw));
	return answer;
}

static json_t *faults(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	json_t *answer = done(now);

	(void)m;
	(void)request;
	json_object_set_new(answer, "faults", hp_describe_faults());
	return answer;
}

static json_t *set(const struct hp_machine *m, const json_t *request, uint64_t now)
{
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
		return hp_command_error(now, "\"input\" is \"foot_switch\" or \"emergency_stop\"");
	if (!json_is_boolean(value))
		return hp_command_error(now, "\"value\" is true or false");
	if (!get(request, "bounce_ms", 1, 1000, &bounce_ms) ||
	    !get(request, "edges", 2, HP_EDGES_MAX, &edges) || edges % 2)
		return hp_command_error(now, "\"bounce_ms\" is 1..1000, \"edges\" even, 2..%d",
					HP_EDGES_MAX);
	on = json_is_true(value);
	hp_fw_input(m->fw, input, on, now);
	/* an even number of further edges, evenly spread: it ends as it was set */
	for (int64_t i = 1; bounce_ms && i <= edges; i++) {
		if (!hp_fw_input_later(m->fw, input, i % 2 ? !on : on,
				       now + (uint64_t)(bounce_ms * i) * HP_MS / (uint64_t)edges))
			return hp_command_error(now, "too many edges under way: wait for them");
	}
	return done(now);
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
	if (!get(request, "needle_um", 0, UINT32_MAX, &needle_um) ||
	    !get(request, "needles", 0, UINT16_MAX, &needles) ||
	    !get(request, "expiry_days", -100000, 100000, &days) ||
	    !get(request, "max_rate_mhz", 0, UINT32_MAX, &rate) ||
	    !get(request, "max_strokes", 0, UINT32_MAX, &strokes) ||
	    (corrupt && !json_is_boolean(corrupt)) || (lot && strlen(lot) >= sizeof(spec.lot)))
		return hp_command_error(
			now,
			"a member of the cartridge has the wrong type or range (expiry_days counts from today)");
	spec.uid = next_uid;
	if (uid) {
		spec.uid = strtoull(uid, &end, 16);
		if (!*uid || *end)
			return hp_command_error(now, "\"uid\" is up to 16 hexadecimal digits");
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
		return hp_command_error(now,
					"a cartridge is in already (remove it) or %d were used",
					HP_CARTRIDGES_MAX);
	if (!uid)
		next_uid++;
	snprintf(hex, sizeof(hex), "%016" PRIx64, spec.uid);
	answer = done(now);
	json_object_set_new(answer, "uid", json_string(hex));
	return answer;
}

static json_t *cartridge(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	const char *action = json_string_value(json_object_get(request, "action"));

	if (action && !strcmp(action, "insert"))
		return insert(m, request, now);
	if (action && !strcmp(action, "remove")) {
		if (!hp_fw_remove(m->fw, now))
			return hp_command_error(now, "there is no cartridge: insert one");
		return done(now);
	}
	if (action && !strcmp(action, "read_error")) {
		if (!hp_cartridge_present(&m->fw->cartridges))
			return hp_command_error(now, "there is no cartridge: insert one");
		m->fw->cartridges.read_error = true;
		return done(now);
	}
	return hp_command_error(now, "\"action\" is \"insert\", \"remove\" or \"read_error\"");
}

static json_t *plug(const struct hp_machine *m, bool on, uint64_t now)
{
	int error;

	if (m->plugged(m->ctx) == on)
		return hp_command_error(now, on ? "it is plugged in: unplug it first"
						: "it is unplugged: plug it in first");
	error = m->plug(m->ctx, on);
	if (error)
		return hp_command_error(now, "the device controller refuses: %s", strerror(-error));
	return done(now);
}

static json_t *plug_in(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	(void)request;
	return plug(m, true, now);
}

static json_t *unplug(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	(void)request;
	return plug(m, false, now);
}

static json_t *power_cycle(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	int64_t off_ms = 0;

	if (!get(request, "disconnect_ms", 1, 60000, &off_ms))
		return hp_command_error(now, "\"disconnect_ms\" is 1..60000");
	if (off_ms && m->plugged(m->ctx)) {
		m->plug(m->ctx, false);
		m->plug_at(m->ctx, now + (uint64_t)off_ms * HP_MS);
	}
	hp_fw_power_cycle(m->fw, m->new_boot_id(m->ctx), now);
	return done(now);
}

static json_t *skin(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	const char *name = json_string_value(json_object_get(request, "name"));
	int64_t load = m->fw->model.load;

	if (!get(request, "load", 0, 1000, &load))
		return hp_command_error(now, "\"load\" is 0..1000");
	if (json_object_get(request, "name") && (!name || !hp_model_skin(&m->fw->model, name)))
		return hp_command_error(
			now, "\"name\" is \"forehead\", \"cheek\", \"crows_feet\" or \"air\"");
	m->fw->model.load = (uint32_t)load;
	return done(now);
}

static json_t *mark_stamp(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	const json_t *name = json_object_get(request, "name");
	char *text;

	if (!json_is_string(name))
		return hp_command_error(now, "\"name\" says what the stamp is for");
	text = json_dumps(name, JSON_ENCODE_ANY);
	hp_trace(m->fw->trace, now, "stamp", "\"name\":%s", text ? text : "\"\"");
	free(text);
	hp_trace_flush(m->fw->trace);
	return done(now);
}

/* Injections */

struct word_param {
	const char *name;
	uint32_t bit;
	size_t offset;
	bool second; /* chosen from the fault's second list */
};

static const struct word_param word_params[] = {
	{ "which", HP_P_WHICH, offsetof(struct hp_fault_params, which), false },
	{ "step", HP_P_STEP, offsetof(struct hp_fault_params, step), false },
	{ "where", HP_P_WHERE, offsetof(struct hp_fault_params, where), false },
	{ "how", HP_P_HOW, offsetof(struct hp_fault_params, how), true },
	{ "on", HP_P_ON, offsetof(struct hp_fault_params, on), true },
	{ "request", HP_P_REQUEST, offsetof(struct hp_fault_params, request), true },
};

static const struct number_param {
	const char *name;
	uint32_t bit;
	size_t offset;
	int64_t min, max;
} number_params[] = {
	{ "um", HP_P_UM, offsetof(struct hp_fault_params, um), -100000, 100000 },
	{ "strokes", HP_P_STROKES, offsetof(struct hp_fault_params, strokes), 0, UINT32_MAX },
	{ "mhz", HP_P_MHZ, offsetof(struct hp_fault_params, mhz), 1000, 1000000 },
	{ "ms", HP_P_MS, offsetof(struct hp_fault_params, ms), 1, 600000 },
	{ "ma", HP_P_MA, offsetof(struct hp_fault_params, ma), 0, 100000 },
	{ "mc", HP_P_MC, offsetof(struct hp_fault_params, mc), -100000, 1000000 },
	{ "mask", HP_P_MASK, offsetof(struct hp_fault_params, mask), 1, MNP_FAULT_ALL },
	{ "age_days", HP_P_AGE_DAYS, offsetof(struct hp_fault_params, age_days), 0, UINT32_MAX },
	{ "result", HP_P_RESULT, offsetof(struct hp_fault_params, result), 0, UINT8_MAX },
	{ "count", HP_P_COUNT, offsetof(struct hp_fault_params, count), 0, UINT32_MAX },
};

static bool word_allowed(const enum hp_word list[8], enum hp_word word)
{
	for (int i = 0; i < 8 && list[i] != HP_W_NONE; i++) {
		if (list[i] == word)
			return true;
	}
	return false;
}

/* NULL, or what is wrong */
static json_t *word_member(const struct hp_fault_info *info, const struct word_param *p,
			   const char *text, struct hp_fault_params *params, uint64_t now)
{
	const enum hp_word *list = p->second ? info->how : info->which;
	enum hp_word word = text ? hp_word_by_name(text) : HP_W_NONE;
	char all[128] = "";

	if (word != HP_WORDS && word_allowed(list, word)) {
		memcpy((char *)params + p->offset, &word, sizeof(word));
		return NULL;
	}
	for (int i = 0; i < 8 && list[i] != HP_W_NONE; i++) {
		strncat(all, " ", sizeof(all) - strlen(all) - 1);
		strncat(all, hp_word_name(list[i]), sizeof(all) - strlen(all) - 1);
	}
	return hp_command_error(now, "\"%s\" of %s is one of:%s", p->name, info->name, all);
}

static json_t *fault_member(const struct hp_fault_info *info, const char *key, const json_t *value,
			    struct hp_fault_params *params, uint64_t now)
{
	for (size_t i = 0; i < sizeof(word_params) / sizeof(word_params[0]); i++) {
		if (!strcmp(key, word_params[i].name) && info->takes & word_params[i].bit)
			return word_member(info, &word_params[i], json_string_value(value), params,
					   now);
	}
	for (size_t i = 0; i < sizeof(number_params) / sizeof(number_params[0]); i++) {
		const struct number_param *p = &number_params[i];
		json_int_t n = json_integer_value(value);
		uint32_t bits = (uint32_t)n;

		if (strcmp(key, p->name) || !(info->takes & p->bit))
			continue;
		if (!json_is_integer(value) || n < p->min || n > p->max)
			return hp_command_error(now, "\"%s\" is %" PRId64 "..%" PRId64, key, p->min,
						p->max);
		memcpy((char *)params + p->offset, &bits, sizeof(bits));
		return NULL;
	}
	if (!strcmp(key, "own") && info->takes & HP_P_OWN && json_is_boolean(value)) {
		params->own = json_is_true(value);
		return NULL;
	}
	return hp_command_error(
		now, "%s does not take \"%s\": the command \"faults\" lists what it takes",
		info->name, key);
}

static bool common_member(const char *key)
{
	return !strcmp(key, "cmd") || !strcmp(key, "fault") || !strcmp(key, "after_strokes") ||
	       !strcmp(key, "in_ms");
}

static json_t *inject(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	const char *name = json_string_value(json_object_get(request, "fault"));
	enum hp_fault fault = name ? hp_fault_by_name(name) : HP_FAULTS;
	struct hp_fault_params params;
	int64_t after = -1, in_ms = -1;
	const char *key;
	json_t *value, *answer;
	uint64_t at = now;
	uint32_t id;

	if (fault == HP_FAULTS)
		return hp_command_error(now,
					"\"fault\" names none: the command \"faults\" lists them");
	params = hp_fault_info(fault)->defaults;
	json_object_foreach((json_t *)request, key, value) {
		if (common_member(key))
			continue;
		answer = fault_member(hp_fault_info(fault), key, value, &params, now);
		if (answer)
			return answer;
	}
	if (!get(request, "after_strokes", 0, INT32_MAX, &after) ||
	    !get(request, "in_ms", 0, INT32_MAX, &in_ms) || (after >= 0 && in_ms >= 0))
		return hp_command_error(now,
					"give \"after_strokes\" or \"in_ms\", not both, from 0 up");
	if (in_ms > 0)
		at = now + (uint64_t)in_ms * HP_MS;
	if (!hp_fw_inject(m->fw, fault, &params, at, after >= 0, (uint32_t)after, now, &id))
		return hp_command_error(now,
					"%d injections are waiting or active: clear_injections",
					HP_INJECTIONS_MAX);
	answer = done(now);
	json_object_set_new(answer, "id", json_integer(id));
	return answer;
}

static json_t *clear_injections(const struct hp_machine *m, const json_t *request, uint64_t now)
{
	(void)request;
	hp_fw_clear_injections(m->fw, now);
	return done(now);
}

json_t *hp_command_waited(const struct hp_machine *m, const struct hp_wait *wait, uint64_t now)
{
	static const char *const states[] = {
		[HP_WAITING] = "it still waits for its time or its strokes",
		[HP_ACTIVE] = "it is active but nothing came its way",
		[HP_OVER] = "it was cleared before",
	};
	const struct hp_injection *i = hp_faults_by_id(&m->fw->faults, wait->id);

	if (!i)
		return hp_command_error(now, "no injection %u any more", wait->id);
	if (i->effects)
		return json_pack("{s:b,s:b,s:I,s:s,s:I,s:I}", "ok", 1, "took_effect", 1, "mono_ns",
				 (json_int_t)i->effect_ns, "detail", i->detail, "effects",
				 (json_int_t)i->effects, "now_ns", (json_int_t)now);
	/* one that is over may have its effect under way to the bus: only time decides */
	if (now < wait->until_ns)
		return NULL;
	return hp_command_error(now, "%s (injection %u) took no effect in time: %s",
				hp_fault_info(i->fault)->name, i->id, states[i->state]);
}

static json_t *await(const struct hp_machine *m, const json_t *request, struct hp_wait *wait,
		     uint64_t now)
{
	int64_t id = 0, timeout_ms = WAIT_MS;
	struct hp_wait this;
	json_t *answer;

	if (!get(request, "id", 1, UINT32_MAX, &id) || !id ||
	    !get(request, "timeout_ms", 0, 600000, &timeout_ms))
		return hp_command_error(now,
					"\"id\" is what inject answered, \"timeout_ms\" 0..600000");
	this.id = (uint32_t)id;
	this.until_ns = now + (uint64_t)timeout_ms * HP_MS;
	answer = hp_command_waited(m, &this, now);
	if (!answer)
		*wait = this;
	return answer;
}

static const struct command {
	const char *name;
	const char *members; /* NULL: it checks them itself */
	json_t *(*run)(const struct hp_machine *m, const json_t *request, uint64_t now);
} commands[] = {
	{ "state", " cmd ", state },
	{ "stats", " cmd ", stats },
	{ "faults", " cmd ", faults },
	{ "set", " cmd input value bounce_ms edges ", set },
	{ "cartridge",
	  " cmd action needle_um needles uid expiry_days lot corrupt max_rate_mhz max_strokes ",
	  cartridge },
	{ "plug", " cmd ", plug_in },
	{ "unplug", " cmd ", unplug },
	{ "power_cycle", " cmd disconnect_ms ", power_cycle },
	{ "skin", " cmd name load ", skin },
	{ "mark_stamp", " cmd name ", mark_stamp },
	{ "inject", NULL, inject },
	{ "clear_injections", " cmd ", clear_injections },
};

json_t *hp_command(const struct hp_machine *m, const json_t *request, struct hp_wait *wait,
		   uint64_t now)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));
	const char *odd;

	hp_fw_advance(m->fw, now);
	if (name && !strcmp(name, "await")) {
		odd = stranger(request, " cmd id timeout_ms ");
		if (odd)
			return hp_command_error(now, "await does not take \"%s\"", odd);
		return await(m, request, wait, now);
	}
	for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name))
			continue;
		odd = commands[i].members ? stranger(request, commands[i].members) : NULL;
		if (odd)
			return hp_command_error(now, "%s does not take \"%s\"", name, odd);
		return commands[i].run(m, request, now);
	}
	return hp_command_error(
		now,
		"\"cmd\" is one of: state stats faults set cartridge plug unplug power_cycle skin "
		"inject await clear_injections mark_stamp");
}
