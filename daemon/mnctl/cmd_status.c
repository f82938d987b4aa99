// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "names.h"
#include "remote.h"
#include "units.h"

static void label(const char *text)
{
	printf("  %-12s", text);
}

static enum colour colour_of(const char *state)
{
	if (strcmp(state, "fault") == 0)
		return COLOUR_RED;
	if (strcmp(state, "running") == 0)
		return COLOUR_GREEN;
	return strcmp(state, "armed") == 0 ? COLOUR_YELLOW : COLOUR_NONE;
}

static void print_state(const struct output *out, const json_t *status)
{
	const char *state = field_text(status, "state");
	const char *cause = mn_text_of(&mn_causes, field_text(status, "cause"));
	const json_t *faults = json_object_get(status, "faults");
	char text[EXPLAIN_TEXT];
	json_t *fault;
	size_t i;

	label("State");
	printf("%s%s%s. %s\n", output_colour(out, colour_of(state)), state, output_plain(out),
	       cause ? cause : "");
	json_array_foreach(faults, i, fault) {
		label("Fault");
		printf("%s%s%s: %s\n", output_colour(out, COLOUR_RED), json_string_value(fault),
		       output_plain(out), explain_fault(json_string_value(fault)));
	}
	if (json_array_size(json_object_get(status, "interlocks")) == 0)
		return;
	label("Not ready");
	puts(explain_interlocks(json_object_get(status, "interlocks"), text, sizeof(text)));
}

static void print_self_test(const struct output *out, const char *result)
{
	static const struct {
		const char *result, *text;
		enum colour colour;
	} words[] = {
		{ "passed", "passed", COLOUR_NONE },
		{ "failed", "failed", COLOUR_RED },
		{ "busy", "being made", COLOUR_YELLOW },
		{ "never", "not made since it was switched on, or broken off", COLOUR_YELLOW },
	};

	label("Self-test");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].result, result) == 0)
			printf("%s%s%s\n", output_colour(out, words[i].colour), words[i].text,
			       output_plain(out));
}

static void print_inputs(const json_t *inputs)
{
	label("Inputs");
	printf("emergency stop %s, foot switch %s, cartridge %s, needles %s\n",
	       json_is_true(json_object_get(inputs, "emergency_stop")) ? "pressed" : "released",
	       json_is_true(json_object_get(inputs, "trigger")) ? "pressed" : "released",
	       json_is_true(json_object_get(inputs, "cartridge")) ? "present" : "absent",
	       json_is_true(json_object_get(inputs, "home")) ? "home" : "not home");
}

static void print_motion(const json_t *status)
{
	const json_t *set = json_object_get(status, "set_point");
	const json_t *measured = json_object_get(status, "measured");
	char depth[UNITS_TEXT], rate[UNITS_TEXT], count[UNITS_TEXT], text[UNITS_TEXT];

	if (json_is_object(set)) {
		label("Set");
		printf("%s at %s, %s strokes, at most %s without a pause\n",
		       units_depth(depth, field_number(set, "depth_um")),
		       units_rate(rate, field_number(set, "rate_mhz")),
		       units_count(count, field_number(set, "strokes")),
		       units_time(text, field_number(set, "run_ms")));
	}
	if (json_is_object(measured)) {
		label("Measured");
		printf("%s%s at %s", units_depth(depth, field_number(measured, "depth_um")),
		       field_has(status, "measures", "counted") ? " (steps counted)" : "",
		       units_rate(rate, units_round(field_number(measured, "rate_mhz"))));
		if (field_has(status, "measures", "current"))
			printf(", %s mA", units_count(count, field_number(measured, "current_ma")));
		if (field_has(status, "measures", "temperature"))
			printf(", %s", units_temperature(text, field_number(measured, "temp_mc")));
		putchar('\n');
	}
	label("Strokes");
	printf("%s since it was armed, %s in this treatment\n",
	       units_count(count, field_number(status, "strokes_done")),
	       units_count(text, field_number(status, "dose_strokes")));
}

static void print_cartridge(const json_t *cartridge)
{
	char length[UNITS_TEXT];
	const char *by;

	label("Cartridge");
	if (!json_is_object(cartridge)) {
		puts("none");
		return;
	}
	if (json_is_true(json_object_get(cartridge, "undeclared"))) {
		puts("present; nobody has said yet what it is. To do so: mnctl declare");
		return;
	}
	if (!json_is_true(json_object_get(cartridge, "readable"))) {
		puts(json_is_true(json_object_get(cartridge, "spent"))
			     ? "present, but it may have been used; insert a new one"
			     : "present, but its tag cannot be read");
		return;
	}
	by = field_text(cartridge, "declared_by");
	printf("%d needles of %s, lot %s, use by %s%s%s%s\n",
	       (int)field_number(cartridge, "needles"),
	       units_depth(length, field_number(cartridge, "needle_um")),
	       field_text(cartridge, "lot"), field_text(cartridge, "expiry"),
	       *by ? ", declared by " : "", by,
	       json_is_true(json_object_get(cartridge, "spent")) ? ", used up" : "");
}

static void print_limits(const json_t *limits, const char *session)
{
	for (size_t i = 0; i < mn_quantities.count; i++) {
		const char *name = mn_quantities.entry[i].name;
		const json_t *limit = json_object_get(limits, name);
		char text[64];

		if (!json_is_object(limit))
			continue;
		label(i ? "" : "Limits");
		if (!*session && strcmp(field_text(limit, "binding"), "session") == 0) {
			printf("%s: nothing, until a session sets it\n",
			       mn_quantities.entry[i].text);
			continue;
		}
		printf("%s: %s, which is %s\n", mn_quantities.entry[i].text,
		       explain_quantity(name, field_number(limit, "effective"), text, sizeof(text)),
		       explain_source(field_text(limit, "binding")));
	}
}

static void print_status(const struct output *out, const json_t *status)
{
	const char *session = field_text(status, "session");

	printf("%s%s%s  %s, serial %s, firmware %s\n", output_colour(out, COLOUR_BOLD),
	       field_text(status, "device"), output_plain(out), field_text(status, "model"),
	       field_text(status, "serial"), field_text(status, "firmware"));
	print_state(out, status);
	print_self_test(out, field_text(status, "self_test"));
	print_inputs(json_object_get(status, "inputs"));
	print_motion(status);
	print_cartridge(json_object_get(status, "cartridge"));
	print_limits(json_object_get(status, "limits"), session);
	label("Session");
	puts(*session ? session : "none");
}

int cmd_status(struct mnctl *ctl)
{
	const char *device = args_operand(&ctl->args, 0);
	json_t *result;
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = remote_call(ctl, "device.status",
				   device ? json_pack("{ss}", "device", device) : NULL, &result);
	if (code)
		return code;
	if (ctl->out.json)
		output_document(result);
	else
		print_status(&ctl->out, result);
	json_decref(result);
	return EXIT_OK;
}
