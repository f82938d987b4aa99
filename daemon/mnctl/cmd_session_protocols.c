// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "remote.h"
#include "units.h"

static void print_protocols(const struct output *out, const json_t *protocols)
{
	static const char *const heads[] = { "PROTOCOL", "DEPTH",    "RATE",
					     "DENSITY",	 "APPROVED", "TREATS" };
	struct table *table;
	json_t *protocol;
	size_t i;

	if (json_array_size(protocols) == 0) {
		puts("No presets are installed; say all of the plan in mnctl session open.");
		return;
	}
	table = table_new(heads, sizeof(heads) / sizeof(heads[0]));
	json_array_foreach(protocols, i, protocol) {
		char text[UNITS_TEXT];

		table_cell(table, "%s", field_text(protocol, "protocol"));
		table_cell(table, "%s", units_depth(text, field_number(protocol, "depth_um")));
		table_cell(table, "%s", units_rate(text, field_number(protocol, "rate_mhz")));
		table_cell(table, "%s/cm2",
			   units_count(text, field_number(protocol, "density_per_cm2")));
		table_cell(table, "%s",
			   json_is_true(json_object_get(protocol, "approved")) ? "yes" : "no");
		table_cell(table, "%s", field_text(protocol, "title"));
	}
	table_end(table, out);
}

int cmd_session_protocols(struct mnctl *ctl)
{
	json_t *result;
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = remote_call(ctl, "session.protocols", NULL, &result);
	if (code)
		return code;
	if (ctl->out.json)
		output_document(result);
	else
		print_protocols(&ctl->out, json_object_get(result, "protocols"));
	json_decref(result);
	return EXIT_OK;
}
