// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stop. The daemon is asked first, because it writes the stop into the record; if it does not
 * answer soon, the kernel is asked directly.
 */
#include <stdio.h>
#include <string.h>

#include "direct.h"
#include "remote.h"

/* A daemon that runs answers within a millisecond; needles do not wait for one that does not */
#define PATIENCE_MS 500

static void print_stopped(const struct output *out, json_t *stopped, const char *by)
{
	json_t *device;
	size_t i;

	if (out->json) {
		json_t *document = json_pack("{sO ss}", "stopped", stopped, "by", by);

		output_document(document);
		json_decref(document);
		return;
	}
	if (json_array_size(stopped) == 0) {
		puts("No handpiece is connected; nothing to stop.");
		return;
	}
	fputs("Stopped:", stdout);
	json_array_foreach(stopped, i, device)
		printf("%s %s", i ? "," : "", json_string_value(device));
	puts(strcmp(by, "daemon") == 0 ? "." : ". The daemon did not answer; the kernel did it.");
}

/* The daemon did not do it: @error says why */
static int stop_directly(struct mnctl *ctl, const char *device, const struct mn_client_error *error)
{
	json_t *stopped = direct_stop(device);
	int code = EXIT_OK;

	if (json_array_size(stopped)) {
		print_stopped(&ctl->out, stopped, "kernel");
	} else {
		struct mn_client_error both = *error;

		/* The name and with it the exit code stay the daemon's */
		snprintf(
			both.message, sizeof(both.message),
			"NOT STOPPED: press the emergency stop. %.200s No device node could be used either.",
			error->message);
		code = output_error(&ctl->out, &both);
	}
	json_decref(stopped);
	return code;
}

int cmd_stop(struct mnctl *ctl)
{
	const char *device = args_operand(&ctl->args, 0);
	json_t *params = device ? json_pack("{ss}", "device", device) : NULL, *result;
	struct mn_client_error error = { 0 };
	int code;

	if (!args_given(&ctl->args, "timeout"))
		ctl->timeout_ms = PATIENCE_MS;
	if (remote_connect(ctl, &error)) {
		json_decref(params);
		code = stop_directly(ctl, device, &error);
	} else if (remote_try(ctl, "device.stop", params, &result, &error) == 0) {
		print_stopped(&ctl->out, json_object_get(result, "stopped"), "daemon");
		json_decref(result);
		code = EXIT_OK;
	} else if (json_is_array(json_object_get(error.data, "stopped"))) {
		/* It could not tell which was meant, and stopped all */
		size_t used = strlen(error.message);

		snprintf(error.message + used, sizeof(error.message) - used,
			 " To be safe, all handpieces were stopped.");
		code = output_error(&ctl->out, &error);
	} else if (strcmp(error.name, "not_found") == 0 || strcmp(error.name, "device_gone") == 0) {
		code = output_error(&ctl->out, &error);
	} else {
		code = stop_directly(ctl, device, &error);
	}
	mn_client_error_clear(&error);
	return code;
}
