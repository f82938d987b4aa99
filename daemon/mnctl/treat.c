// SPDX-License-Identifier: GPL-2.0-or-later
#include "treat.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "direct.h"
#include "names.h"
#include "remote.h"
#include "signals.h"
#include "units.h"

/* How long the needles may take to come home before a person must look; they need 100 ms */
#define HOME_WITHIN_MS 2000
#define ASK_AGAIN_MS 20
/* A daemon that runs answers within a millisecond; after this the kernel is told to stop directly */
#define DAEMON_WITHIN_MS 300
/* Events of strokes are merged to one in this time */
#define INTERVAL_MS 100

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void guard(struct mnctl *ctl, const struct follow *follow)
{
	static char line[160];

	snprintf(
		line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"method\":\"session.stop\",\"params\":{\"session\":\"%s\"}}\n",
		follow->session);
	signals_guard(mn_client_fd(ctl->client), mn_client_path(ctl->client), line);
}

int treat_begin(struct mnctl *ctl, struct follow *follow)
{
	json_t *result;
	int code = remote_open(ctl);

	memset(follow, 0, sizeof(*follow));
	if (code == EXIT_OK)
		code = remote_session(ctl, args_operand(&ctl->args, 0), follow->session);
	if (code == EXIT_OK)
		code = remote_call(ctl, "session.attach",
				   json_pack("{ss}", "session", follow->session), &result);
	if (code)
		return code;
	json_decref(result);
	code = remote_call(ctl, "session.status", json_pack("{ss}", "session", follow->session),
			   &result);
	if (code)
		return code;
	follow_status(follow, result);
	json_decref(result);
	guard(ctl, follow);
	return EXIT_OK;
}

int treat_call(struct mnctl *ctl, const struct follow *follow, const char *method, json_t *params,
	       json_t **result)
{
	struct mn_client_error error = { 0 };
	int code;

	if (remote_try(ctl, method, params, result, &error) == 0)
		return EXIT_OK;
	if (signals_caught())
		code = treat_interrupted(ctl, follow);
	else
		code = output_error(&ctl->out, &error);
	mn_client_error_clear(&error);
	return code;
}

int treat_subscribe(struct mnctl *ctl, const struct follow *follow)
{
	json_t *result;
	int code = treat_call(
		ctl, follow, "telemetry.subscribe",
		json_pack("{ss si}", "device", follow->device, "interval_ms", INTERVAL_MS),
		&result);

	if (code == EXIT_OK)
		json_decref(result);
	return code;
}

int treat_arm(struct mnctl *ctl, const struct follow *follow, json_t **armed)
{
	/* Whoever gave up waiting must not be surprised by needles that got armed later */
	json_t *params = json_pack("{ss sI}", "session", follow->session, "deadline_ms",
				   (json_int_t)now_ms() + ctl->timeout_ms);
	uint32_t number;

	if (args_number(&ctl->args, "depth", &number))
		json_object_set_new(params, "depth_um", json_integer(number));
	if (args_number(&ctl->args, "rate", &number))
		json_object_set_new(params, "rate_mhz", json_integer(number));
	if (args_number(&ctl->args, "strokes", &number))
		json_object_set_new(params, "strokes", json_integer(number));
	return treat_call(ctl, follow, "session.arm", params, armed);
}

/* Nothing moves, and nothing can be started by the foot switch */
static bool at_rest(const json_t *status)
{
	const char *state = field_text(status, "state");

	return (strcmp(state, "safe") == 0 || strcmp(state, "fault") == 0) &&
	       json_is_true(json_object_get(json_object_get(status, "inputs"), "home"));
}

/* What the daemon says; false as soon as it says nothing */
static bool ask_daemon(struct mnctl *ctl, const struct follow *follow, int64_t deadline, bool *home)
{
	struct mn_client_error error = { 0 };
	int64_t left = deadline - now_ms();
	int patience_ms = ctl->timeout_ms;
	json_t *result;
	int failed;

	ctl->timeout_ms = left < DAEMON_WITHIN_MS ? (int)left : DAEMON_WITHIN_MS;
	failed = remote_try(ctl, "device.status", json_pack("{ss}", "device", follow->device),
			    &result, &error);
	ctl->timeout_ms = patience_ms;
	mn_client_error_clear(&error);
	if (failed)
		return false;
	*home = at_rest(result);
	json_decref(result);
	return true;
}

bool treat_stop(struct mnctl *ctl, const struct follow *follow)
{
	int64_t deadline = now_ms() + HOME_WITHIN_MS;
	bool daemon = true, home = false;

	/* The signal that brings us here must not end the waiting below too */
	mn_client_set_cancel(ctl->client, -1);
	/* It may have ended a write; what is said from here on can be written */
	clearerr(stdout);
	signals_send_stop();
	for (;;) {
		if (daemon && !ask_daemon(ctl, follow, deadline, &home)) {
			daemon = false;
			json_decref(direct_stop(follow->device));
		}
		if (!daemon)
			home = direct_at_rest(follow->device);
		if (home || now_ms() >= deadline)
			return home;
		poll(NULL, 0, ASK_AGAIN_MS);
	}
}

int treat_over(struct mnctl *ctl, const struct follow *follow, enum follow_end end)
{
	struct mn_client_error error = { 0 };
	const char *cause = mn_text_of(&mn_causes, follow->cause);
	int code;

	switch (end) {
	case FOLLOW_GOES_ON:
	case FOLLOW_COMPLETED:
		return EXIT_OK;
	case FOLLOW_FAULTED:
		snprintf(error.name, sizeof(error.name), "fault_latched");
		snprintf(error.message, sizeof(error.message),
			 "Stopped. %.460s To clear: mnctl clear.",
			 follow->fault[0] ? follow->fault_text : "A fault is latched.");
		if (follow->fault[0])
			error.data = json_pack("{s[s]}", "faults", follow->fault);
		break;
	case FOLLOW_DEVICE_GONE:
		snprintf(error.name, sizeof(error.name), "device_gone");
		snprintf(
			error.message, sizeof(error.message),
			"The handpiece was unplugged, and the session with it is over. Plug it in and open another.");
		break;
	case FOLLOW_ENDED:
		snprintf(error.name, sizeof(error.name), "ended");
		snprintf(error.message, sizeof(error.message),
			 "The session was ended from elsewhere. Its record: mnctl session show %s",
			 follow->session);
		break;
	case FOLLOW_DISARMED:
		snprintf(error.name, sizeof(error.name), "disarmed");
		snprintf(error.message, sizeof(error.message), "%s To do so: mnctl session run %s",
			 cause ? cause : "It is no longer armed; arm it again to go on.",
			 follow->session);
		error.data = json_pack("{ss}", "cause", follow->cause);
		break;
	}
	if (!error.data)
		error.data = json_object();
	json_object_set_new(error.data, "session", json_string(follow->session));
	json_object_set_new(error.data, "strokes_done", json_integer(follow->strokes_done));
	json_object_set_new(error.data, "strokes_planned", json_integer(follow->strokes_planned));
	code = output_error(&ctl->out, &error);
	mn_client_error_clear(&error);
	return code;
}

int treat_interrupted(struct mnctl *ctl, const struct follow *follow)
{
	bool home = treat_stop(ctl, follow);
	struct mn_client_error error = { .name = "interrupted" };
	char done[UNITS_TEXT];
	int code;

	error.data = json_pack("{ss sb sI sI}", "session", follow->session, "needles_home", home,
			       "strokes_done", (json_int_t)follow->strokes_done, "strokes_planned",
			       (json_int_t)follow->strokes_planned);
	if (home)
		snprintf(
			error.message, sizeof(error.message),
			"Stopped, the needles are home, %s strokes are made. Go on with mnctl session run, or close the record with mnctl session end.",
			units_count(done, follow->strokes_done));
	else
		snprintf(
			error.message, sizeof(error.message),
			"Stop was sent, but the handpiece has not confirmed it. Lift it from the skin and press the emergency stop.");
	code = output_error(&ctl->out, &error);
	mn_client_error_clear(&error);
	return code;
}
