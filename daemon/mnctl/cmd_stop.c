// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stop. The daemon is asked first, because it writes the stop into the record; if it does not
 * answer soon, the kernel is asked directly. Everybody who may open the device may stop it.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/microneedle.h>

#include "remote.h"

/* A daemon that runs answers within a millisecond; needles do not wait for one that does not */
#define PATIENCE_MS	500

static bool stop_node(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool stopped;

	if (fd < 0)
		return false;
	stopped = ioctl(fd, MN_IOC_STOP) == 0;
	close(fd);
	return stopped;
}

/* Nothing but "microneedle" and a number may become a path */
static bool is_device(const char *name)
{
	size_t prefix = strlen("microneedle");

	return strncmp(name, "microneedle", prefix) == 0 && name[prefix] &&
	       strspn(name + prefix, "0123456789") == strlen(name + prefix);
}

/* Stop one or all at their nodes; gives the names of those that were stopped */
static json_t *stop_nodes(const char *device)
{
	json_t *stopped = json_array();
	char pattern[64];
	glob_t nodes;

	if (device && !is_device(device))
		return stopped;
	snprintf(pattern, sizeof(pattern), "/dev/%.40s", device ? device : "microneedle[0-9]*");
	if (glob(pattern, 0, NULL, &nodes) == 0) {
		for (size_t i = 0; i < nodes.gl_pathc; i++)
			if (stop_node(nodes.gl_pathv[i]))
				json_array_append_new(stopped,
						      json_string(strrchr(nodes.gl_pathv[i], '/') + 1));
		globfree(&nodes);
	}
	return stopped;
}

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
static int stop_directly(struct mnctl *ctl, const char *device,
			 const struct mn_client_error *error)
{
	json_t *stopped = stop_nodes(device);
	int code = EXIT_OK;

	if (json_array_size(stopped)) {
		print_stopped(&ctl->out, stopped, "kernel");
	} else {
		struct mn_client_error both = *error;

		/* The name and with it the exit code stay the daemon's */
		snprintf(both.message, sizeof(both.message),
			 "NOT STOPPED: use the emergency stop. %.200s No device node could be used either.",
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
	} else if (strcmp(error.name, "not_found") == 0 || strcmp(error.name, "device_gone") == 0) {
		code = output_error(&ctl->out, &error);
	} else {
		code = stop_directly(ctl, device, &error);
	}
	mn_client_error_clear(&error);
	return code;
}
