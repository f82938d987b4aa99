// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "event_text.h"
#include "remote.h"
#include "when.h"

#define INTERVAL_DEFAULT_MS 1000

static const char *const events[] = {
	"state", "stroke", "input", "fault", "session", "device", NULL
};

const struct arg_option monitor_options[] = {
	{ "device", ARG_DEVICE, "DEVICE", "Only this handpiece", NULL, false },
	{ "events", ARG_WORDS, "NAMES", "Only these: state, stroke, input, fault, session, device",
	  events, false },
	{ "interval", ARG_TIME, "TIME", "How often strokes are told of (default 1s)", NULL, false },
	{ "duration", ARG_TIME, "TIME", "End after this time instead of at Ctrl-C", NULL, false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static json_t *build_params(const struct args *args)
{
	json_t *params = json_object();
	uint32_t interval_ms = INTERVAL_DEFAULT_MS, mask;

	args_number(args, "interval", &interval_ms);
	json_object_set_new(params, "interval_ms", json_integer(interval_ms));
	if (args_given(args, "device"))
		json_object_set_new(params, "device", json_string(args_text(args, "device")));
	if (args_number(args, "events", &mask)) {
		json_t *list = json_array();

		for (uint32_t i = 0; events[i]; i++)
			if (mask & UINT32_C(1) << i)
				json_array_append_new(list, json_string(events[i]));
		json_object_set_new(params, "events", list);
	}
	return params;
}

static enum colour colour_of(const char *kind)
{
	if (strcmp(kind, "fault") == 0)
		return COLOUR_RED;
	if (strcmp(kind, "stroke") == 0 || strcmp(kind, "progress") == 0)
		return COLOUR_DIM;
	return strcmp(kind, "device.removed") == 0 ? COLOUR_YELLOW : COLOUR_NONE;
}

/* A session is told of whenever anything about it changes, also what the line does not show */
static bool repeated(const char *kind, const char *line)
{
	static char last[EVENT_TEXT];

	if (strcmp(kind, "session") != 0)
		return false;
	if (strcmp(line, last) == 0)
		return true;
	snprintf(last, sizeof(last), "%s", line);
	return false;
}

static void print_event(const struct output *out, const json_t *event)
{
	const char *kind = field_text(event, "event");
	char now[WHEN_TEXT], text[EVENT_TEXT];
	const char *line;

	if (out->json) {
		output_line(event);
		return;
	}
	line = event_text(kind, event, text);
	if (!line || repeated(kind, line))
		return;
	printf("%s  %-14s %s%s%s\n", when_now(now), field_text(event, "device"),
	       output_colour(out, colour_of(kind)), line, output_plain(out));
	fflush(stdout);
}

static void print_snapshot(const struct output *out, const json_t *result)
{
	const json_t *snapshot = json_object_get(result, "snapshot");
	json_t *device;
	size_t i;

	if (out->json) {
		output_line(result);
		return;
	}
	json_array_foreach(json_object_get(snapshot, "devices"), i, device)
		printf("%s is %s.\n", field_text(device, "device"), field_text(device, "state"));
	if (json_array_size(json_object_get(snapshot, "devices")) == 0)
		puts("No handpiece is connected yet.");
	puts("Waiting for what happens; Ctrl-C ends.");
	fflush(stdout);
}

static int watch(struct mnctl *ctl)
{
	struct mn_client_error error = { 0 };
	int64_t end = -1, left = -1;
	uint32_t duration_ms;
	int code;

	if (args_number(&ctl->args, "duration", &duration_ms))
		end = now_ms() + duration_ms;
	for (;;) {
		json_t *event;
		int got;

		if (end >= 0)
			left = end - now_ms();
		if (end >= 0 && left <= 0)
			return EXIT_OK;
		got = remote_next(ctl, left > INT32_MAX ? INT32_MAX : (int)left, &event, &error);
		if (got < 0)
			break;
		if (got > 0) {
			print_event(&ctl->out, event);
			json_decref(event);
		}
		if (ferror(stdout))
			return EXIT_ERROR;
	}
	/* Ctrl-C is how it is meant to end: that needs no words */
	code = output_exit_code(error.name);
	if (code == EXIT_STOPPED) {
		mn_client_error_clear(&error);
		return code;
	}
	if (ctl->out.json) {
		json_t *document = output_error_document(&error);

		output_line(document);
		json_decref(document);
	} else {
		output_error(&ctl->out, &error);
	}
	mn_client_error_clear(&error);
	return code;
}

int cmd_monitor(struct mnctl *ctl)
{
	json_t *result;
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = remote_call(ctl, "telemetry.subscribe", build_params(&ctl->args), &result);
	if (code)
		return code;
	print_snapshot(&ctl->out, result);
	json_decref(result);
	return watch(ctl);
}
