// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "remote.h"
#include "signals.h"

const struct arg_operand call_operands[] = {
	{ "METHOD", ARG_METHOD, true },
	{ "PARAMS", ARG_TEXT, false },
	{ NULL, ARG_FLAG, false },
};

const struct arg_option call_options[] = {
	{ "no-hello", ARG_FLAG, NULL, "Call at once, as a stop may", NULL, false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

/* json_load_callback(): read standard input, which a signal can end */
static size_t read_input(void *buffer, size_t size, void *data)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
	};
	ssize_t got;

	(void)data;
	do {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return (size_t)-1;
		if (signals_caught())
			return (size_t)-1;
	} while (!fds[0].revents);
	got = read(STDIN_FILENO, buffer, size);
	return got < 0 ? (size_t)-1 : (size_t)got;
}

static int parse_params(struct mnctl *ctl, json_t **params)
{
	const char *text = args_operand(&ctl->args, 1);
	json_error_t error;

	*params = NULL;
	if (!text)
		return EXIT_OK;
	/* Duplicate keys go through in no parser of ours: the daemon refuses them too */
	if (strcmp(text, "-") == 0)
		*params = json_load_callback(read_input, NULL, JSON_REJECT_DUPLICATES, &error);
	else
		*params = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (signals_caught())
		return output_failure(&ctl->out, "interrupted",
				      "Interrupted before anything was called.");
	if (!*params)
		return output_failure(
			&ctl->out, "usage",
			"PARAMS is not JSON: %s (line %d, column %d). Write for example '{\"device\": \"microneedle0\"}'.",
			error.text, error.line, error.column);
	if (!json_is_object(*params)) {
		json_decref(*params);
		return output_failure(
			&ctl->out, "usage",
			"PARAMS must be a JSON object. Write for example '{\"device\": \"microneedle0\"}'.");
	}
	return EXIT_OK;
}

int cmd_call(struct mnctl *ctl)
{
	struct mn_client_error error = { 0 };
	json_t *params, *result;
	int code = parse_params(ctl, &params);

	if (code)
		return code;
	if (!args_given(&ctl->args, "no-hello")) {
		code = remote_open(ctl);
	} else if (remote_connect(ctl, &error)) {
		code = output_error(&ctl->out, &error);
		mn_client_error_clear(&error);
	}
	if (code) {
		json_decref(params);
		return code;
	}
	code = remote_call(ctl, args_operand(&ctl->args, 0), params, &result);
	if (code)
		return code;
	output_document(result);
	json_decref(result);
	return EXIT_OK;
}
