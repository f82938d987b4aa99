// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "checks.h"
#include "remote.h"

const struct arg_option session_check_options[] = {
	{ "check", ARG_WORDS, "CHECKS",
	  "What you have checked now: consent, contraindications, cartridge", checks, true },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

int cmd_session_check(struct mnctl *ctl)
{
	uint32_t now = 0, checked = 0;
	json_t *params, *result;
	char session[64];
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = remote_session(ctl, args_operand(&ctl->args, 0), session);
	if (code)
		return code;
	args_number(&ctl->args, "check", &now);
	params = json_pack("{ss}", "session", session);
	for (uint32_t i = 0; checks[i]; i++)
		if (now & UINT32_C(1) << i)
			json_object_set_new(params, checks[i], json_true());
	code = remote_call(ctl, "session.prechecks", params, &result);
	if (code)
		return code;
	for (uint32_t i = 0; checks[i]; i++)
		if (json_is_true(json_object_get(json_object_get(result, "prechecks"), checks[i])))
			checked |= UINT32_C(1) << i;
	if (ctl->out.json)
		output_document(result);
	else if (checks_print_open(&ctl->out, checked) == 0)
		printf("All is checked. To treat: mnctl session run %s\n", session);
	json_decref(result);
	return EXIT_OK;
}
