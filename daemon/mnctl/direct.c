// SPDX-License-Identifier: GPL-2.0-or-later
#include "direct.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/microneedle.h>

#define PATH_SIZE 64

/* Nothing but "microneedle" and a number may become a path */
static bool is_device(const char *name)
{
	size_t prefix = strlen("microneedle");

	return strncmp(name, "microneedle", prefix) == 0 && name[prefix] &&
	       strspn(name + prefix, "0123456789") == strlen(name + prefix);
}

static int open_node(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static bool stop_node(const char *path)
{
	int fd = open_node(path);
	bool stopped;

	if (fd < 0)
		return false;
	stopped = ioctl(fd, MN_IOC_STOP) == 0;
	close(fd);
	return stopped;
}

json_t *direct_stop(const char *device)
{
	json_t *stopped = json_array();
	char pattern[PATH_SIZE];
	glob_t nodes;

	if (device && !is_device(device))
		return stopped;
	snprintf(pattern, sizeof(pattern), "/dev/%.40s", device ? device : "microneedle[0-9]*");
	if (glob(pattern, 0, NULL, &nodes) == 0) {
		for (size_t i = 0; i < nodes.gl_pathc; i++) {
			const char *path = nodes.gl_pathv[i];

			if (stop_node(path))
				json_array_append_new(stopped, json_string(strrchr(path, '/') + 1));
		}
		globfree(&nodes);
	}
	return stopped;
}

bool direct_at_rest(const char *device)
{
	struct mn_status status = { 0 };
	char path[PATH_SIZE];
	bool rest;
	int fd;

	if (!is_device(device))
		return false;
	snprintf(path, sizeof(path), "/dev/%.40s", device);
	fd = open_node(path);
	if (fd < 0)
		return false;
	rest = ioctl(fd, MN_IOC_GET_STATUS, &status) == 0 &&
	       (status.state == MN_STATE_SAFE || status.state == MN_STATE_FAULT) &&
	       status.inputs & MN_INPUT_HOME;
	close(fd);
	return rest;
}
