// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "remote.h"

int cmd_session_stop(struct mnctl *ctl)
{
	json_t *result;
	char session[64];
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = remote_session(ctl, args_operand(&ctl->args, 0), session);
	if (code == EXIT_OK)
		code = remote_call(ctl, "session.stop", json_pack("{ss}", "session", session),
				   &result);
	if (code)
		return code;
	if (ctl->out.json)
		output_document(result);
	else
		printf("Stopped. The session is %s.\n", field_text(result, "state"));
	json_decref(result);
	return EXIT_OK;
}
