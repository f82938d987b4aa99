// SPDX-License-Identifier: GPL-2.0-or-later
#include "event_text.h"

#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "names.h"
#include "remote.h"
#include "units.h"

/* "a, b" for an array of names; "none" for an empty one */
static void join_names(char *text, size_t size, const json_t *names)
{
	json_t *name;
	size_t i, used = 0;

	snprintf(text, size, "none");
	json_array_foreach(names, i, name) {
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
					 json_string_value(name));
		if (used >= size)
			return;
	}
}

static void say_state(const json_t *data, char text[EVENT_TEXT])
{
	const char *cause = mn_text_of(&mn_causes, field_text(data, "cause"));

	snprintf(text, EVENT_TEXT, "Handpiece %s. %s", field_text(data, "to"), cause ? cause : "");
}

/* The two numbers that come with some faults, in the fault's units */
static void say_detail(const char *fault, const json_t *detail, char *text, size_t size)
{
	json_int_t is = json_integer_value(json_array_get(detail, 0));
	json_int_t limit = json_integer_value(json_array_get(detail, 1));
	char a[UNITS_TEXT], b[UNITS_TEXT];

	text[0] = '\0';
	if (strcmp(fault, "over_depth") == 0)
		snprintf(text, size, " (%s, set %s)", units_depth(a, is), units_depth(b, limit));
	else if (strcmp(fault, "over_rate") == 0)
		snprintf(text, size, " (%s, limit %s)", units_rate(a, is), units_rate(b, limit));
	else if (strcmp(fault, "under_rate") == 0)
		snprintf(text, size, " (%s, set %s)", units_rate(a, is), units_rate(b, limit));
	else if (strcmp(fault, "over_temperature") == 0)
		snprintf(text, size, " (%s, limit %s)", units_temperature(a, is),
			 units_temperature(b, limit));
	else if (strcmp(fault, "over_current") == 0)
		snprintf(text, size, " (%s mA, limit %s mA)", units_count(a, is),
			 units_count(b, limit));
	else if (strcmp(fault, "over_dose") == 0)
		snprintf(text, size, " (%s strokes, limit %s)", units_count(a, is),
			 units_count(b, limit));
	else if (strcmp(fault, "backlog") == 0)
		snprintf(text, size, " (%s ms late)", units_count(a, is));
}

static void say_fault(const json_t *data, char text[EVENT_TEXT])
{
	const char *fault = field_text(data, "fault");
	char detail[120];

	say_detail(fault, json_object_get(data, "detail"), detail, sizeof(detail));
	snprintf(text, EVENT_TEXT, "Fault %s%s: %s", fault, detail, explain_fault(fault));
}

static void say_set_point(const char *what, const json_t *data, char text[EVENT_TEXT])
{
	char depth[UNITS_TEXT], rate[UNITS_TEXT], strokes[UNITS_TEXT];

	snprintf(text, EVENT_TEXT, "%s: %s at %s, %s strokes.", what,
		 units_depth(depth, field_number(data, "depth_um")),
		 units_rate(rate, field_number(data, "rate_mhz")),
		 units_count(strokes, field_number(data, "strokes")));
}

static void say_refused(const json_t *data, char text[EVENT_TEXT])
{
	const json_t *interlocks = json_object_get(data, "interlocks");
	const char *quantity = field_text(data, "quantity");
	char list[EVENT_TEXT - 32], limit[64];

	if (json_array_size(interlocks))
		snprintf(text, EVENT_TEXT, "Refused, not ready: %s",
			 explain_interlocks(interlocks, list, sizeof(list)));
	else if (*quantity)
		snprintf(text, EVENT_TEXT, "Refused: the limit of %s is %s, %s.",
			 mn_text_of(&mn_quantities, quantity) ? mn_text_of(&mn_quantities, quantity)
							      : quantity,
			 explain_quantity(quantity, field_number(data, "value"), limit,
					  sizeof(limit)),
			 explain_source(field_text(data, "source")));
	else
		snprintf(text, EVENT_TEXT, "Refused (%s).", field_text(data, "error"));
}

static void say_input(const json_t *data, char text[EVENT_TEXT])
{
	const json_t *inputs = json_object_get(data, "inputs");
	json_t *name;
	size_t i, used = 0;

	snprintf(text, EVENT_TEXT, "Inputs unchanged.");
	json_array_foreach(json_object_get(data, "changed"), i, name) {
		static const struct {
			const char *name, *on, *off;
		} words[] = {
			{ "emergency_stop", "Emergency stop pressed.", "Emergency stop released." },
			{ "trigger", "Foot switch pressed.", "Foot switch let go." },
			{ "cartridge", "Cartridge inserted.", "Cartridge removed." },
			{ "home", "Needles home.", "Needles leave home." },
		};
		const char *changed = json_string_value(name);
		bool on = json_is_true(json_object_get(inputs, changed));

		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
			if (strcmp(words[j].name, changed) == 0)
				used += (size_t)snprintf(text + used, EVENT_TEXT - used, "%s%s",
							 used ? " " : "",
							 on ? words[j].on : words[j].off);
	}
}

static void say_cartridge(const json_t *data, char text[EVENT_TEXT])
{
	char length[UNITS_TEXT];

	if (!json_is_true(json_object_get(data, "present")))
		snprintf(text, EVENT_TEXT, "No cartridge.");
	else if (!json_is_true(json_object_get(data, "readable")))
		snprintf(text, EVENT_TEXT, "%s",
			 json_is_true(json_object_get(data, "undeclared"))
				 ? "A cartridge; nobody has said yet what it is."
			 : json_is_true(json_object_get(data, "spent"))
				 ? "A cartridge that may have been used."
				 : "The cartridge's tag cannot be read.");
	else
		snprintf(text, EVENT_TEXT, "Cartridge with needles of %s%s.",
			 units_depth(length, field_number(data, "needle_um")),
			 json_is_true(json_object_get(data, "spent"))	 ? ", used up"
			 : json_is_true(json_object_get(data, "marked")) ? ", marked as used"
									 : "");
}

static void say_declared(const json_t *data, char text[EVENT_TEXT])
{
	char needles[UNITS_TEXT], length[UNITS_TEXT];

	snprintf(text, EVENT_TEXT,
		 "%s declared the cartridge: %s needles of %s, lot %s, use by %s.",
		 field_text(data, "by"), units_count(needles, field_number(data, "needles")),
		 units_depth(length, field_number(data, "needle_um")), field_text(data, "lot"),
		 field_text(data, "expiry"));
}

static void say_limit(const json_t *data, char text[EVENT_TEXT])
{
	const char *quantity = field_text(data, "quantity");
	const char *what = mn_text_of(&mn_quantities, quantity);
	char limit[64];

	snprintf(text, EVENT_TEXT, "The limit of %s is now %s, which is %s.",
		 what ? what : quantity,
		 explain_quantity(quantity, field_number(data, "effective"), limit, sizeof(limit)),
		 explain_source(field_text(data, "binding")));
}

static void say_cleared(const json_t *data, char text[EVENT_TEXT])
{
	char cleared[200], remaining[200];

	join_names(cleared, sizeof(cleared), json_object_get(data, "cleared"));
	join_names(remaining, sizeof(remaining), json_object_get(data, "remaining"));
	if (json_array_size(json_object_get(data, "remaining")))
		snprintf(text, EVENT_TEXT, "Cleared: %s. Still latched: %s.", cleared, remaining);
	else
		snprintf(text, EVENT_TEXT, "Cleared: %s.", cleared);
}

static void say_self_test(const json_t *data, char text[EVENT_TEXT])
{
	const char *result = field_text(data, "self_test");
	const char *sentence = mn_text_of(&mn_self_tests, result);

	if (sentence)
		snprintf(text, EVENT_TEXT, "%s", sentence);
	else
		snprintf(text, EVENT_TEXT, "Self-test: %s.", result);
}

static void say_stroke(const json_t *data, char text[EVENT_TEXT])
{
	char count[UNITS_TEXT], depth[UNITS_TEXT], deepest[UNITS_TEXT], rate[UNITS_TEXT],
		current[UNITS_TEXT];
	json_int_t current_ma = field_number(data, "current_ma");

	/* One that does not measure it tells 0 */
	snprintf(text, EVENT_TEXT, "%s %s to %s, at most %s, at %s%s%s%s.",
		 units_count(count, field_number(data, "count")),
		 field_number(data, "count") == 1 ? "stroke" : "strokes",
		 units_depth(depth, field_number(data, "depth_um")),
		 units_depth(deepest, field_number(data, "depth_max_um")),
		 units_rate(rate, units_round(field_number(data, "rate_mhz"))),
		 current_ma ? ", " : "", current_ma ? units_count(current, current_ma) : "",
		 current_ma ? " mA" : "");
}

static void say_progress(const json_t *data, char text[EVENT_TEXT])
{
	char done[UNITS_TEXT], planned[UNITS_TEXT];

	snprintf(text, EVENT_TEXT, "Session: %s of %s strokes.",
		 units_count(done, field_number(data, "strokes_done")),
		 units_count(planned, field_number(data, "strokes_planned")));
}

static void say_device(const char *what, const json_t *data, char text[EVENT_TEXT])
{
	const char *model = field_text(data, "model");

	snprintf(text, EVENT_TEXT, "%s: %s%sserial %s.", what, model, *model ? ", " : "",
		 field_text(data, "serial"));
}

/* Events that carry nothing but that they happened */
static const struct {
	const char *kind;
	const char *text;
} plain[] = {
	{ "open", "Opened." },
	{ "start", "Start asked for." },
	{ "started", "Started." },
	{ "stop", "Stop." },
	{ "attached", "Taken up by its operator." },
	{ "owner_lost", "The operator's program ended." },
	{ "prechecks", "Checks ticked off." },
	{ "device_gone", "The handpiece was unplugged." },
	{ "lost", "Some reports were lost." },
	{ "end", "Ended." },
};

const char *event_text(const char *kind, const json_t *data, char text[EVENT_TEXT])
{
	if (strcmp(kind, "state") == 0)
		say_state(data, text);
	else if (strcmp(kind, "fault") == 0)
		say_fault(data, text);
	else if (strcmp(kind, "cleared") == 0)
		say_cleared(data, text);
	else if (strcmp(kind, "input") == 0)
		say_input(data, text);
	else if (strcmp(kind, "cartridge") == 0)
		say_cartridge(data, text);
	else if (strcmp(kind, "declared") == 0)
		say_declared(data, text);
	else if (strcmp(kind, "limit") == 0)
		say_limit(data, text);
	else if (strcmp(kind, "self_test") == 0)
		say_self_test(data, text);
	else if (strcmp(kind, "stroke") == 0)
		say_stroke(data, text);
	else if (strcmp(kind, "progress") == 0)
		say_progress(data, text);
	else if (strcmp(kind, "session") == 0)
		snprintf(text, EVENT_TEXT, "Session %s. %s", field_text(data, "state"),
			 field_text(data, "text"));
	else if (strcmp(kind, "device.added") == 0)
		say_device("Plugged in", data, text);
	else if (strcmp(kind, "device.removed") == 0)
		say_device("Unplugged", data, text);
	else if (strcmp(kind, "arm") == 0)
		say_set_point("Asked for", data, text);
	else if (strcmp(kind, "armed") == 0)
		say_set_point("Armed", data, text);
	else if (strcmp(kind, "arm_refused") == 0 || strcmp(kind, "start_refused") == 0)
		say_refused(data, text);
	else {
		for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
			if (strcmp(plain[i].kind, kind) == 0) {
				snprintf(text, EVENT_TEXT, "%s", plain[i].text);
				return text;
			}
		return NULL;
	}
	return text;
}
