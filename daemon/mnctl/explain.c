// SPDX-License-Identifier: GPL-2.0-or-later
#include "explain.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "remote.h"
#include "units.h"

/* What follows a number, where units.h does not say it */
static const char *strokes(json_int_t count)
{
	return count == 1 ? "stroke" : "strokes";
}

const char *explain_quantity(const char *quantity, json_int_t value, char *text, size_t size)
{
	char number[UNITS_TEXT];

	if (strcmp(quantity, "depth") == 0)
		snprintf(text, size, "%s", units_depth(number, value));
	else if (strcmp(quantity, "rate") == 0)
		snprintf(text, size, "%s", units_rate(number, value));
	else if (strcmp(quantity, "dose") == 0)
		snprintf(text, size, "%s %s", units_count(number, value), strokes(value));
	else if (strcmp(quantity, "run_time") == 0)
		snprintf(text, size, "%s", units_time(number, value));
	else if (strcmp(quantity, "density") == 0)
		snprintf(text, size, "%s/cm2", units_count(number, value));
	else
		snprintf(text, size, "%s", units_count(number, value));
	return text;
}

const char *explain_source(const char *source)
{
	const char *text = mn_text_of(&mn_sources, source);

	if (strcmp(source, "protocol") == 0)
		return "the preset's";
	return text ? text : source;
}

const char *explain_fault(const char *fault)
{
	const char *text = mn_text_of(&mn_faults, fault);

	return text ? text : "This version of mnctl does not know the fault; look at mnctl status.";
}

/* Sentences by name, one after the other; a name without a sentence stands for itself */
static void join(const struct mn_names *names, const json_t *array, char *text, size_t size)
{
	size_t i, used = 0;
	json_t *item;

	text[0] = '\0';
	json_array_foreach(array, i, item) {
		const char *name = json_string_value(item);
		const char *sentence = name ? mn_text_of(names, name) : NULL;
		int n;

		if (!name)
			continue;
		n = snprintf(text + used, size - used, "%s%s", used ? " " : "",
			     sentence ? sentence : name);
		if (n < 0 || (size_t)n >= size - used)
			break;
		used += (size_t)n;
	}
}

const char *explain_interlocks(const json_t *interlocks, char *text, size_t size)
{
	join(&mn_interlocks, interlocks, text, size);
	return text;
}

static void explain_limit(const json_t *limit, char text[EXPLAIN_TEXT])
{
	const char *quantity = field_text(limit, "quantity");
	const char *what = mn_text_of(&mn_quantities, quantity);
	json_int_t value = field_number(limit, "value");
	char asked[64], allowed[64];

	explain_quantity(quantity, field_number(limit, "requested"), asked, sizeof(asked));
	explain_quantity(quantity, value, allowed, sizeof(allowed));
	if (!what)
		what = quantity;
	if (value == 0)
		snprintf(
			text, EXPLAIN_TEXT,
			"Refused: no %s is allowed now, because %s is not known or zero. Look at mnctl status.",
			what, explain_source(field_text(limit, "source")));
	else
		snprintf(
			text, EXPLAIN_TEXT,
			"Refused: %s was asked for; the limit of %s is %s, which is %s. Ask for %s or less.",
			asked, what, allowed, explain_source(field_text(limit, "source")), allowed);
}

/* What the daemon calls by its method or parameter, and a person by what is typed */
static const struct {
	const char *theirs;
	const char *ours;
} words[] = {
	{ "device.clear_fault", "mnctl clear" },
	{ "device.declare_cartridge", "mnctl declare" },
	{ "device.list", "mnctl list" },
	{ "device.self_test", "mnctl self-test" },
	{ "device.status", "mnctl status" },
	{ "device.stop", "mnctl stop" },
	{ "rpc.discover", "mnctl call rpc.discover" },
	{ "session.attach", "mnctl session run" },
	{ "session.list", "mnctl session list" },
	{ "session.prechecks", "mnctl session check" },
	{ "session.protocols", "mnctl session protocols" },
	{ "session.status", "mnctl session show" },
	{ "area_cm2", "--size (in cm2)" },
	{ "cartridge_lot", "--cartridge-lot" },
	{ "density_per_cm2", "--density (in 1/cm2)" },
	{ "depth_um", "--depth (in um)" },
	{ "interval_ms", "--interval (in ms)" },
	{ "max_rate_mhz", "--max-rate (in mHz)" },
	{ "max_strokes", "--max-strokes" },
	{ "needle_um", "--length (in um)" },
	{ "rate_mhz", "--rate (in mHz)" },
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void translate(const char *message, char text[EXPLAIN_TEXT])
{
	size_t used = 0;
	char before = ' ';

	while (*message && used < EXPLAIN_TEXT - 1) {
		const char *ours = NULL;
		size_t len = 1;

		for (size_t i = 0; !is_word(before) && i < sizeof(words) / sizeof(words[0]); i++) {
			size_t n = strlen(words[i].theirs);

			if (strncmp(message, words[i].theirs, n) == 0 && !is_word(message[n])) {
				ours = words[i].ours;
				len = n;
			}
		}
		if (ours)
			used += (size_t)snprintf(text + used, EXPLAIN_TEXT - used, "%s", ours);
		else
			text[used++] = *message;
		before = message[len - 1];
		message += len;
	}
	text[used < EXPLAIN_TEXT ? used : EXPLAIN_TEXT - 1] = '\0';
}

const char *explain_error(const struct mn_client_error *error, char text[EXPLAIN_TEXT])
{
	const json_t *limit = json_object_get(error->data, "limit");
	const json_t *interlocks = json_object_get(error->data, "interlocks");
	const json_t *faults = json_object_get(error->data, "faults");
	char list[EXPLAIN_TEXT - 64];

	if (strcmp(error->name, "limit_exceeded") == 0 && json_is_object(limit)) {
		explain_limit(limit, text);
	} else if (strcmp(error->name, "interlock_open") == 0 && json_array_size(interlocks)) {
		explain_interlocks(interlocks, list, sizeof(list));
		snprintf(text, EXPLAIN_TEXT, "The handpiece is not ready. %s", list);
	} else if (error->code && strcmp(error->name, "fault_latched") == 0 &&
		   json_array_size(faults)) {
		join(&mn_faults, faults, list, sizeof(list));
		snprintf(text, EXPLAIN_TEXT, "%s To clear: mnctl clear.", list);
	} else {
		translate(error->message, text);
	}
	return text;
}
