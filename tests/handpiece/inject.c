// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands, and those that every simulated handpiece has: injections. Unknown commands and unknown
 * members are refused: a typo must not pass as a test.
 */
#include "command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "moment.h"

#define WAIT_MS 1000 /* of "await" without timeout_ms */

json_t *hp_answer_error(uint64_t now, const char *error, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, error);
	vsnprintf(text, sizeof(text), error, ap);
	va_end(ap);
	return json_pack("{s:b,s:I,s:s}", "ok", 0, "mono_ns", (json_int_t)now, "error", text);
}

json_t *hp_answer(uint64_t now)
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

bool hp_member(const json_t *request, const char *key, int64_t min, int64_t max, int64_t *value)
{
	const json_t *member = json_object_get(request, key);

	if (!member)
		return true;
	if (!json_is_integer(member))
		return false;
	*value = json_integer_value(member);
	return *value >= min && *value <= max;
}

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
	{ "mask", HP_P_MASK, offsetof(struct hp_fault_params, mask), 1, UINT32_MAX },
	{ "age_days", HP_P_AGE_DAYS, offsetof(struct hp_fault_params, age_days), 0, UINT32_MAX },
	{ "result", HP_P_RESULT, offsetof(struct hp_fault_params, result), 0, UINT8_MAX },
	{ "count", HP_P_COUNT, offsetof(struct hp_fault_params, count), 0, UINT32_MAX },
	{ "seed", HP_P_SEED, offsetof(struct hp_fault_params, seed), 1, UINT32_MAX },
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
	return hp_answer_error(now, "\"%s\" of %s is one of:%s", p->name, info->name, all);
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
		int64_t max = p->bit == HP_P_MASK ? info->mask_max : p->max;
		uint32_t bits = (uint32_t)n;

		if (strcmp(key, p->name) || !(info->takes & p->bit))
			continue;
		if (!json_is_integer(value) || n < p->min || n > max)
			return hp_answer_error(now, "\"%s\" is %" PRId64 "..%" PRId64, key, p->min,
					       max);
		memcpy((char *)params + p->offset, &bits, sizeof(bits));
		return NULL;
	}
	if (!strcmp(key, "own") && info->takes & HP_P_OWN && json_is_boolean(value)) {
		params->own = json_is_true(value);
		return NULL;
	}
	return hp_answer_error(
		now, "%s does not take \"%s\": the command \"faults\" lists what it takes",
		info->name, key);
}

static bool common_member(const char *key)
{
	return !strcmp(key, "cmd") || !strcmp(key, "fault") || !strcmp(key, "after_strokes") ||
	       !strcmp(key, "in_ms");
}

static json_t *inject(const struct hp_commander *c, const json_t *request, uint64_t now)
{
	const char *name = json_string_value(json_object_get(request, "fault"));
	struct hp_injecting what = { .fault = name ? hp_fault_by_name(name) : hp_fault_kinds };
	const struct hp_fault_info *info;
	int64_t after = -1, in_ms = -1;
	const char *key;
	json_t *value, *answer;
	uint32_t id;

	if (what.fault == hp_fault_kinds)
		return hp_answer_error(now,
				       "\"fault\" names none: the command \"faults\" lists them");
	info = &hp_fault_infos[what.fault];
	what.params = info->defaults;
	json_object_foreach((json_t *)request, key, value) {
		if (common_member(key))
			continue;
		answer = fault_member(info, key, value, &what.params, now);
		if (answer)
			return answer;
	}
	if (!hp_member(request, "after_strokes", 0, INT32_MAX, &after) ||
	    !hp_member(request, "in_ms", 0, INT32_MAX, &in_ms) || (after >= 0 && in_ms >= 0))
		return hp_answer_error(now,
				       "give \"after_strokes\" or \"in_ms\", not both, from 0 up");
	what.at_ns = in_ms > 0 ? now + (uint64_t)in_ms * HP_MS : now;
	what.by_strokes = after >= 0;
	what.after_strokes = (uint32_t)after;
	if (!c->inject(c->ctx, &what, now, &id))
		return hp_answer_error(now, "%d injections are waiting or active: clear_injections",
				       HP_INJECTIONS_MAX);
	answer = hp_answer(now);
	json_object_set_new(answer, "id", json_integer(id));
	return answer;
}

static json_t *clear_injections(const struct hp_commander *c, const json_t *request, uint64_t now)
{
	(void)request;
	c->clear(c->ctx, now);
	return hp_answer(now);
}

json_t *hp_command_waited(const struct hp_commander *c, const struct hp_wait *wait, uint64_t now)
{
	static const char *const states[] = {
		[HP_WAITING] = "it still waits for its time or its strokes",
		[HP_ACTIVE] = "it is active but nothing came its way",
		[HP_OVER] = "it was cleared before",
	};
	const struct hp_injection *i = hp_faults_by_id(c->faults, wait->id);

	if (!i)
		return hp_answer_error(now, "no injection %u any more", wait->id);
	if (i->effects)
		return json_pack("{s:b,s:b,s:I,s:s,s:I,s:I}", "ok", 1, "took_effect", 1, "mono_ns",
				 (json_int_t)i->effect_ns, "detail", i->detail, "effects",
				 (json_int_t)i->effects, "now_ns", (json_int_t)now);
	/* one that is over may have its effect under way to the bus: only time decides */
	if (now < wait->until_ns)
		return NULL;
	return hp_answer_error(now, "%s (injection %u) took no effect in time: %s",
			       hp_fault_infos[i->fault].name, i->id, states[i->state]);
}

static json_t *await(const struct hp_commander *c, const json_t *request, struct hp_wait *wait,
		     uint64_t now)
{
	int64_t id = 0, timeout_ms = WAIT_MS;
	struct hp_wait this;
	json_t *answer;

	if (!hp_member(request, "id", 1, UINT32_MAX, &id) || !id ||
	    !hp_member(request, "timeout_ms", 0, 600000, &timeout_ms))
		return hp_answer_error(now,
				       "\"id\" is what inject answered, \"timeout_ms\" 0..600000");
	this.id = (uint32_t)id;
	this.until_ns = now + (uint64_t)timeout_ms * HP_MS;
	answer = hp_command_waited(c, &this, now);
	if (!answer)
		*wait = this;
	return answer;
}

static json_t *word_list(const enum hp_word list[8])
{
	json_t *a = json_array();

	for (int i = 0; i < 8 && list[i] != HP_W_NONE; i++)
		json_array_append_new(a, json_string(hp_word_name(list[i])));
	return a;
}

static void number_member(json_t *o, uint32_t takes, uint32_t bit, const char *name, int64_t value)
{
	if (takes & bit)
		json_object_set_new(o, name, json_integer(value));
}

static json_t *describe_faults(void)
{
	static const struct {
		const char *name;
		uint32_t bit;
		bool second;
	} words[] = {
		{ "which", HP_P_WHICH, false }, { "step", HP_P_STEP, false },
		{ "where", HP_P_WHERE, false }, { "how", HP_P_HOW, true },
		{ "on", HP_P_ON, true },	{ "request", HP_P_REQUEST, true },
	};
	json_t *all = json_object();

	for (unsigned int i = 0; i < hp_fault_kinds; i++) {
		const struct hp_fault_info *info = &hp_fault_infos[i];
		const struct hp_fault_params *d = &info->defaults;
		json_t *o = json_object();

		number_member(o, info->takes, HP_P_UM, "um", d->um);
		number_member(o, info->takes, HP_P_STROKES, "strokes", d->strokes);
		number_member(o, info->takes, HP_P_MHZ, "mhz", d->mhz);
		number_member(o, info->takes, HP_P_MS, "ms", d->ms);
		number_member(o, info->takes, HP_P_MA, "ma", d->ma);
		number_member(o, info->takes, HP_P_MC, "mc", d->mc);
		number_member(o, info->takes, HP_P_MASK, "mask", d->mask);
		number_member(o, info->takes, HP_P_AGE_DAYS, "age_days", d->age_days);
		number_member(o, info->takes, HP_P_RESULT, "result", d->result);
		number_member(o, info->takes, HP_P_COUNT, "count", d->count);
		number_member(o, info->takes, HP_P_SEED, "seed", d->seed);
		if (info->takes & HP_P_OWN)
			json_object_set_new(o, "own", json_boolean(d->own));
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
			if (info->takes & words[w].bit)
				json_object_set_new(
					o, words[w].name,
					word_list(words[w].second ? info->how : info->which));
		}
		json_object_set_new(all, info->name, o);
	}
	return all;
}

static json_t *faults(uint64_t now)
{
	json_t *answer = hp_answer(now);

	json_object_set_new(answer, "faults", describe_faults());
	return answer;
}

static json_t *unknown(const struct hp_commander *c, uint64_t now)
{
	char all[256] = "";

	for (const struct hp_command *own = c->commands; own->name; own++) {
		strncat(all, own->name, sizeof(all) - strlen(all) - 1);
		strncat(all, " ", sizeof(all) - strlen(all) - 1);
	}
	return hp_answer_error(now, "\"cmd\" is one of: %sfaults inject await clear_injections",
			       all);
}

json_t *hp_command_run(const struct hp_commander *c, const json_t *request, struct hp_wait *wait,
		       uint64_t now)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));
	const struct hp_command *own = c->commands;
	const char *odd;

	c->advance(c->ctx, now);
	if (!name)
		return unknown(c, now);
	if (!strcmp(name, "inject"))
		return inject(c, request, now);
	while (own->name && strcmp(name, own->name))
		own++;
	if (own->name)
		odd = stranger(request, own->members);
	else if (!strcmp(name, "await"))
		odd = stranger(request, " cmd id timeout_ms ");
	else if (!strcmp(name, "faults") || !strcmp(name, "clear_injections"))
		odd = stranger(request, " cmd ");
	else
		return unknown(c, now);
	if (odd)
		return hp_answer_error(now, "%s does not take \"%s\"", name, odd);
	if (own->name)
		return own->run(c->ctx, request, now);
	if (!strcmp(name, "await"))
		return await(c, request, wait, now);
	if (!strcmp(name, "faults"))
		return faults(now);
	return clear_injections(c, request, now);
}
