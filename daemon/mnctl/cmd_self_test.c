// SPDX-License-Identifier: GPL-2.0-or-later
/* Have a handpiece test itself, wait for the end, and say what follows from it. A signal stops it. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "direct.h"
#include "explain.h"
#include "names.h"
#include "remote.h"
#include "signals.h"

/* A handpiece is done within 5 s */
#define DONE_WITHIN_MS 8000
/* A daemon that runs answers within a millisecond; after this the kernel is told to stop directly */
#define DAEMON_WITHIN_MS 100
/* How long the handpiece may take to tell that it was stopped */
#define STOPPED_WITHIN_MS 1000
#define ASK_AGAIN_MS 20

struct test {
	struct mnctl *ctl;
	char device[40];
	char result[16]; /* as the daemon told it last: "busy" until it is over */
	bool gone;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is(const struct test *test, const char *result)
{
	return strcmp(test->result, result) == 0;
}

static void take(struct test *test, const json_t *told)
{
	snprintf(test->result, sizeof(test->result), "%s", field_text(told, "self_test"));
}

/* An error that says how the test went, too; gives its exit code */
static int fail(struct test *test, const char *name, const char *message, json_t *faults)
{
	struct mn_client_error error = { 0 };
	int code;

	snprintf(error.name, sizeof(error.name), "%s", name);
	snprintf(error.message, sizeof(error.message), "%s", message);
	error.data = json_pack("{ss ss so*}", "device", test->device, "self_test", test->result,
			       "faults", faults);
	code = output_error(&test->ctl->out, &error);
	mn_client_error_clear(&error);
	return code;
}

/* Which handpiece is meant: whatever is plugged in later, only this one is to be stopped */
static int find(struct test *test)
{
	const char *device = args_operand(&test->ctl->args, 0);
	json_t *status;
	int code = remote_call(test->ctl, "device.status",
			       device ? json_pack("{ss}", "device", device) : NULL, &status);

	if (code)
		return code;
	snprintf(test->device, sizeof(test->device), "%s", field_text(status, "device"));
	json_decref(status);
	return EXIT_OK;
}

static void guard(const struct test *test)
{
	static char line[128];

	snprintf(
		line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"method\":\"device.stop\",\"params\":{\"device\":\"%s\"}}\n",
		test->device);
	signals_guard(mn_client_fd(test->ctl->client), mn_client_path(test->ctl->client), line);
}

/* False if the daemon says nothing, and soon */
static bool ask(struct test *test, const char *method)
{
	struct mn_client_error error = { 0 };
	int patience_ms = test->ctl->timeout_ms, failed;
	json_t *result;

	test->ctl->timeout_ms = DAEMON_WITHIN_MS;
	failed = remote_try(test->ctl, method, json_pack("{ss}", "device", test->device), &result,
			    &error);
	test->ctl->timeout_ms = patience_ms;
	mn_client_error_clear(&error);
	if (failed)
		return false;
	if (strcmp(method, "device.status") == 0)
		take(test, result);
	json_decref(result);
	return true;
}

/* True once it is known that it was stopped, by the daemon or by the kernel */
static bool stop(struct test *test)
{
	int64_t deadline = now_ms() + STOPPED_WITHIN_MS;
	bool stopped = ask(test, "device.stop");
	json_t *directly;

	if (!stopped) {
		directly = direct_stop(test->device);
		stopped = json_array_size(directly);
		json_decref(directly);
	}
	while (ask(test, "device.status") && is(test, "busy") && now_ms() < deadline)
		poll(NULL, 0, ASK_AGAIN_MS);
	return stopped;
}

static int interrupted(struct test *test)
{
	const char *text;
	char message[400];

	/* The signal that brings us here must not end the waiting below too */
	mn_client_set_cancel(test->ctl->client, -1);
	if (!stop(test))
		return fail(test, "interrupted",
			    "Stop was sent, but nobody has confirmed it. Press the emergency stop.",
			    NULL);
	text = mn_text_of(&mn_self_tests, test->result);
	if (is(test, "never"))
		snprintf(
			message, sizeof(message),
			"Stopped; the self-test was broken off. To make it again: mnctl self-test.");
	else
		snprintf(message, sizeof(message), "Stopped. %s",
			 text && !is(test, "busy") ? text : "Look at mnctl status.");
	return fail(test, "interrupted", message, NULL);
}

/* A call that a signal may cut short. Gives 0 or an exit code. */
static int call(struct test *test, const char *method, json_t *params, json_t **result)
{
	struct mn_client_error error = { 0 };
	int code;

	if (remote_try(test->ctl, method, params, result, &error) == 0)
		return EXIT_OK;
	code = signals_caught() ? interrupted(test) : output_error(&test->ctl->out, &error);
	mn_client_error_clear(&error);
	return code;
}

/* Begin, then look: what the snapshot says comes after the beginning, and events after that */
static int begin(struct test *test)
{
	json_t *result, *devices;
	/* Whoever gave up waiting must not be surprised by a test that is made later */
	int code = call(test, "device.self_test",
			json_pack("{ss sI}", "device", test->device, "deadline_ms",
				  (json_int_t)now_ms() + test->ctl->timeout_ms),
			&result);

	if (code)
		return code;
	json_decref(result);
	code = call(test, "telemetry.subscribe",
		    json_pack("{ss s[ss]}", "device", test->device, "events", "state", "device"),
		    &result);
	if (code)
		return code;
	devices = json_object_get(json_object_get(result, "snapshot"), "devices");
	test->gone = json_array_size(devices) == 0;
	take(test, json_array_get(devices, 0));
	json_decref(result);
	return EXIT_OK;
}

/* Until it is over, or has been busy for too long. Gives 0 or an exit code. */
static int wait(struct test *test)
{
	int64_t deadline = now_ms() + DONE_WITHIN_MS;
	struct mn_client_error error = { 0 };
	int code;

	while (!test->gone && is(test, "busy") && now_ms() < deadline) {
		int64_t left = deadline - now_ms();
		json_t *event;
		int got = remote_next(test->ctl, left > 0 ? (int)left : 0, &event, &error);

		if (got < 0) {
			code = signals_caught() ? interrupted(test)
						: output_error(&test->ctl->out, &error);
			mn_client_error_clear(&error);
			return code;
		}
		if (got == 0)
			continue;
		if (strcmp(field_text(event, "event"), "self_test") == 0)
			take(test, event);
		test->gone = strcmp(field_text(event, "event"), "device.removed") == 0;
		json_decref(event);
	}
	return EXIT_OK;
}

/* There is no result: for a fault, because somebody stopped it, or because it does not end */
static int without_result(struct test *test)
{
	json_t *status, *faults;
	char message[400];
	int code = remote_call(test->ctl, "device.status",
			       json_pack("{ss}", "device", test->device), &status);

	if (code)
		return code;
	faults = json_object_get(status, "faults");
	if (json_array_size(faults)) {
		snprintf(message, sizeof(message),
			 "The self-test was broken off. %.300s To clear: mnctl clear.",
			 explain_fault(json_string_value(json_array_get(faults, 0))));
		code = fail(test, "fault_latched", message, json_incref(faults));
	} else if (is(test, "busy")) {
		code = fail(
			test, "device_error",
			"The handpiece has not ended its self-test in time. Check its cable, switch it off and on, and test it again; if it does not end then either, take the handpiece out of use.",
			NULL);
	} else {
		code = fail(
			test, "stopped",
			"The self-test was broken off by a stop, or because the handpiece restarted. To make it again: mnctl self-test.",
			NULL);
	}
	json_decref(status);
	return code;
}

static int say_end(struct test *test)
{
	if (test->gone)
		return fail(
			test, "device_gone",
			"The handpiece was unplugged during its self-test. Plug it in, then test it again: mnctl self-test.",
			NULL);
	if (is(test, "failed"))
		return fail(
			test, "fault_latched",
			"The handpiece failed its self-test, and is not armed before one has passed. Clear the fault with mnctl clear, then test it again with mnctl self-test; if it fails again, take the handpiece out of use.",
			json_pack("[s]", "self_test"));
	if (!is(test, "passed"))
		return without_result(test);
	if (test->ctl->out.json) {
		json_t *document =
			json_pack("{ss ss}", "device", test->device, "self_test", test->result);

		output_document(document);
		json_decref(document);
	} else {
		puts(mn_text_of(&mn_self_tests, "passed"));
	}
	return EXIT_OK;
}

int cmd_self_test(struct mnctl *ctl)
{
	struct test test = { .ctl = ctl };
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = find(&test);
	if (code)
		return code;
	guard(&test);
	code = begin(&test);
	if (code)
		return code;
	if (!ctl->out.json && is(&test, "busy")) {
		printf("%s tests itself, with its needle motor off. Ctrl-C breaks it off.\n",
		       test.device);
		fflush(stdout);
	}
	code = wait(&test);
	return code ? code : say_end(&test);
}
