// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "remote.h"
#include "treat.h"
#include "units.h"

const struct arg_option session_arm_options[] = {
	TREAT_OPTIONS,
	{ "hold", ARG_FLAG, NULL, "Stay armed until Ctrl-C or until the handpiece disarms", NULL,
	  false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

static void print_armed(const json_t *armed)
{
	const json_t *set = json_object_get(armed, "set_point");
	char depth[UNITS_TEXT], rate[UNITS_TEXT], strokes[UNITS_TEXT];

	printf("Armed: %s at %s, %s strokes.\n", units_depth(depth, field_number(set, "depth_um")),
	       units_rate(rate, field_number(set, "rate_mhz")),
	       units_count(strokes, field_number(set, "strokes")));
}

/* Wait until it is no longer armed, by itself or by a signal */
static int hold(struct mnctl *ctl, struct follow *follow)
{
	struct mn_client_error error = { 0 };
	enum follow_end end;
	int got, code;

	if (!ctl->out.json) {
		puts("Press the foot switch to run it; Ctrl-C disarms.");
		fflush(stdout);
	}
	for (;;) {
		json_t *event;

		got = remote_next(ctl, -1, &event, &error);
		if (got < 0)
			break;
		follow_event(follow, event);
		json_decref(event);
		end = follow_end(follow);
		if (end != FOLLOW_GOES_ON)
			return treat_over(ctl, follow, end);
	}
	if (got == -ECANCELED) {
		mn_client_error_clear(&error);
		return treat_interrupted(ctl, follow);
	}
	code = output_error(&ctl->out, &error);
	mn_client_error_clear(&error);
	return code;
}

int cmd_session_arm(struct mnctl *ctl)
{
	bool holds = args_given(&ctl->args, "hold");
	struct follow follow;
	json_t *armed = NULL;
	int code = treat_begin(ctl, &follow);

	if (code == EXIT_OK && holds)
		code = treat_subscribe(ctl, &follow);
	if (code == EXIT_OK)
		code = treat_arm(ctl, &follow, &armed);
	if (code)
		return code;
	if (!ctl->out.json)
		print_armed(armed);
	if (holds)
		code = hold(ctl, &follow);
	else if (!treat_stop(ctl, &follow))
		code = output_failure(
			&ctl->out, "device_error",
			"The handpiece has not confirmed that it is disarmed. Press the emergency stop.");
	if (code == EXIT_OK && ctl->out.json)
		output_document(armed);
	else if (code == EXIT_OK && holds)
		puts("All strokes of the plan are made.");
	else if (code == EXIT_OK)
		printf("The handpiece takes it, and is disarmed again. To treat: mnctl session run %s\n",
		       follow.session);
	json_decref(armed);
	return code;
}
