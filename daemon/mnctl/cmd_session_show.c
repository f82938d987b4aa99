// SPDX-License-Identifier: GPL-2.0-or-later
#include "record.h"
#include "remote.h"

int cmd_session_show(struct mnctl *ctl)
{
	json_t *record;
	char session[64];
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = remote_session(ctl, args_operand(&ctl->args, 0), session);
	if (code == EXIT_OK)
		code = remote_call(ctl, "session.show", json_pack("{ss}", "session", session),
				   &record);
	if (code)
		return code;
	if (ctl->out.json)
		output_document(record);
	else
		record_print(stdout, record);
	json_decref(record);
	return EXIT_OK;
}
