// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "remote.h"
#include "units.h"
#include "when.h"

const struct arg_option session_list_options[] = {
	{ "limit", ARG_COUNT, "NUMBER", "How many at most", NULL, false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

static void print_sessions(const struct output *out, const json_t *sessions)
{
	static const char *const heads[] = { "SESSION", "OPENED",  "PATIENT",
					     "AREA",	"STROKES", "STATE" };
	struct table *table;
	json_t *session;
	size_t i;

	if (json_array_size(sessions) == 0) {
		puts("No sessions are recorded that you may see. To open one: mnctl session open --help");
		return;
	}
	table = table_new(heads, sizeof(heads) / sizeof(heads[0]));
	json_array_foreach(sessions, i, session) {
		const char *outcome = field_text(session, "outcome");
		const char *state = field_text(session, "state");
		char done[UNITS_TEXT], opened[WHEN_TEXT];

		table_cell(table, "%s", field_text(session, "session"));
		table_cell(table, "%s", when_full(opened, field_text(session, "opened")));
		table_cell(table, "%s", field_text(session, "patient"));
		table_cell(table, "%s", field_text(session, "area"));
		/* Counted when it ends */
		table_cell(table, "%s",
			   json_is_integer(json_object_get(session, "strokes"))
				   ? units_count(done, field_number(session, "strokes"))
				   : "-");
		table_cell(table, "%s", *outcome ? outcome : *state ? state : "open");
	}
	table_end(table, out);
}

int cmd_session_list(struct mnctl *ctl)
{
	json_t *params = json_object(), *result;
	uint32_t limit;
	int code = remote_open(ctl);

	if (args_number(&ctl->args, "limit", &limit))
		json_object_set_new(params, "limit", json_integer(limit));
	if (code) {
		json_decref(params);
		return code;
	}
	code = remote_call(ctl, "session.list", params, &result);
	if (code)
		return code;
	if (ctl->out.json)
		output_document(result);
	else
		print_sessions(&ctl->out, json_object_get(result, "sessions"));
	json_decref(result);
	return EXIT_OK;
}
