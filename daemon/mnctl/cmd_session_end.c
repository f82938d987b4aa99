// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "remote.h"
#include "units.h"

static const char *const outcomes[] = { "completed", "aborted", "adverse", NULL };

const struct arg_option session_end_options[] = {
	{ "outcome", ARG_WORD, "OUTCOME", "How it went: completed, aborted or adverse", outcomes,
	  false },
	{ "note", ARG_TEXT, "TEXT", "What the record should say beside it", NULL, false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

int cmd_session_end(struct mnctl *ctl)
{
	json_t *params, *result;
	char session[64], count[UNITS_TEXT];
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = remote_session(ctl, args_operand(&ctl->args, 0), session);
	if (code)
		return code;
	params = json_pack("{ss}", "session", session);
	if (args_given(&ctl->args, "outcome"))
		json_object_set_new(params, "outcome",
				    json_string(args_text(&ctl->args, "outcome")));
	if (args_given(&ctl->args, "note"))
		json_object_set_new(params, "note", json_string(args_text(&ctl->args, "note")));
	code = remote_call(ctl, "session.end", params, &result);
	if (code)
		return code;
	if (ctl->out.json) {
		output_document(result);
	} else {
		const json_t *summary = json_object_get(result, "summary");

		printf("Ended after %s strokes. The record: mnctl session show %s\n",
		       units_count(count, field_number(summary, "strokes")), session);
	}
	json_decref(result);
	return EXIT_OK;
}
