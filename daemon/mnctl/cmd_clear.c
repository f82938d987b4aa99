// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "names.h"
#include "remote.h"

const struct arg_option clear_options[] = {
	{ "fault", ARG_TEXT, "NAMES", "Only these, with commas between them", NULL, false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

/* "over_depth,lease" as an array; NULL and the exit code when a name is not known */
static json_t *parse_faults(struct mnctl *ctl, const char *text, int *code)
{
	json_t *faults = json_array();

	while (*text) {
		size_t len = strcspn(text, ",");
		char name[40];

		snprintf(name, sizeof(name), "%.*s", len > 39 ? 39 : (int)len, text);
		if (!mn_text_of(&mn_faults, name)) {
			json_decref(faults);
			*code = output_failure(
				&ctl->out, "usage",
				"There is no fault \"%s\". mnctl status names those that are latched.",
				name);
			return NULL;
		}
		json_array_append_new(faults, json_string(name));
		text += len;
		text += *text == ',';
	}
	return faults;
}

static void print_cleared(const json_t *cleared)
{
	bool tested = false;
	json_t *fault;
	size_t i;

	if (json_array_size(cleared) == 0) {
		puts("No fault was latched.");
		return;
	}
	fputs("Cleared:", stdout);
	json_array_foreach(cleared, i, fault) {
		printf("%s %s", i ? "," : "", json_string_value(fault));
		tested |= strcmp(json_string_value(fault), "self_test") == 0;
	}
	/* Acknowledged is not passed: what would be armed next would be refused */
	puts(tested ? ". Nothing moves. To test the handpiece again: mnctl self-test."
		    : ". Nothing moves; arm again to go on.");
}

static int print_result(struct mnctl *ctl, const json_t *result)
{
	const json_t *remaining = json_object_get(result, "remaining");
	json_t *fault;
	size_t i;

	if (ctl->out.json)
		output_document(result);
	else if (json_array_size(remaining) == 0)
		print_cleared(json_object_get(result, "cleared"));
	else
		json_array_foreach(remaining, i, fault)
			fprintf(stderr, "mnctl: Still latched: %s. %s%s\n",
				json_string_value(fault), explain_fault(json_string_value(fault)),
				strcmp(json_string_value(fault), "lease") == 0
					? " If it stays, end the session first."
					: "");
	return json_array_size(remaining) ? EXIT_FAULT : EXIT_OK;
}

int cmd_clear(struct mnctl *ctl)
{
	const char *device = args_operand(&ctl->args, 0);
	const char *faults = args_text(&ctl->args, "fault");
	json_t *params = json_object(), *result;
	int code = EXIT_OK;

	if (device)
		json_object_set_new(params, "device", json_string(device));
	if (faults) {
		json_t *list = parse_faults(ctl, faults, &code);

		if (list)
			json_object_set_new(params, "faults", list);
	}
	if (code == EXIT_OK)
		code = remote_open(ctl);
	if (code) {
		json_decref(params);
		return code;
	}
	code = remote_call(ctl, "device.clear_fault", params, &result);
	if (code)
		return code;
	code = print_result(ctl, result);
	json_decref(result);
	return code;
}
