// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <event2/event.h>
#include <libudev.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "hotplug.h"
#include "log.h"
#include "mnd.h"

#define SUBSYSTEM "microneedle"
/* A hub with everything on it coming up at once must fit */
#define BUFFER (4 << 20)

struct hotplug {
	struct mnd *mnd;
	struct udev *udev;
	struct udev_monitor *monitor;
	struct event *event;
};

static void add(struct mnd *mnd, struct udev_device *found)
{
	const char *node = udev_device_get_devnode(found);

	if (node)
		device_add(mnd, udev_device_get_sysname(found), node);
}

/* What is there and not known is added, what is known and not there removed */
static void enumerate(struct hotplug *hotplug)
{
	struct udev_enumerate *all = udev_enumerate_new(hotplug->udev);
	struct udev_list_entry *entry;
	struct device *device, *next;

	if (!all || udev_enumerate_add_match_subsystem(all, SUBSYSTEM) < 0 ||
	    /* A node that udev has not dealt with yet has neither its group nor its mode */
	    udev_enumerate_add_match_is_initialized(all) < 0 ||
	    udev_enumerate_scan_devices(all) < 0) {
		log_error("udev cannot be asked for handpieces");
		udev_enumerate_unref(all);
		return;
	}
	for (device = devices_first(hotplug->mnd); device; device = next) {
		bool there = false;

		next = device_next(device);
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all)) {
			const char *name = strrchr(udev_list_entry_get_name(entry), '/');

			there |= name && !strcmp(name + 1, device->name);
		}
		if (!there)
			device_remove(hotplug->mnd, device->name);
	}
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(all)) {
		struct udev_device *found = udev_device_new_from_syspath(
			hotplug->udev, udev_list_entry_get_name(entry));

		if (found)
			add(hotplug->mnd, found);
		udev_device_unref(found);
	}
	udev_enumerate_unref(all);
}

static void on_udev(evutil_socket_t fd, short what, void *arg)
{
	struct hotplug *hotplug = arg;
	struct udev_device *found;
	const char *action;

	(void)fd;
	(void)what;
	for (;;) {
		errno = 0;
		found = udev_monitor_receive_device(hotplug->monitor);
		if (!found)
			break;
		action = udev_device_get_action(found);
		if (action && !strcmp(action, "remove"))
			device_remove(hotplug->mnd, udev_device_get_sysname(found));
		else
			add(hotplug->mnd, found);
		udev_device_unref(found);
	}
	if (errno == ENOBUFS) {
		log_warning(
			"udev had more to tell than could be kept; looking at all handpieces anew");
		enumerate(hotplug);
	}
}

int hotplug_start(struct mnd *mnd)
{
	struct hotplug *hotplug = calloc(1, sizeof(*hotplug));

	if (!hotplug)
		return -1;
	mnd->hotplug = hotplug;
	hotplug->mnd = mnd;
	hotplug->udev = udev_new();
	if (hotplug->udev)
		hotplug->monitor = udev_monitor_new_from_netlink(hotplug->udev, "udev");
	if (!hotplug->monitor || udev_monitor_filter_add_match_subsystem_devtype(
					 hotplug->monitor, SUBSYSTEM, NULL) < 0) {
		log_error("udev cannot be watched: %s", strerror(errno));
		return -1;
	}
	udev_monitor_set_receive_buffer_size(hotplug->monitor, BUFFER);
	/* Listen, then look: what comes in between is seen twice rather than not at all */
	if (udev_monitor_enable_receiving(hotplug->monitor) < 0) {
		log_error("udev's events cannot be received: %s", strerror(errno));
		return -1;
	}
	hotplug->event = event_new(mnd->base, udev_monitor_get_fd(hotplug->monitor),
				   EV_READ | EV_PERSIST, on_udev, hotplug);
	if (!hotplug->event || event_add(hotplug->event, NULL))
		return -1;
	enumerate(hotplug);
	return 0;
}

void hotplug_free(struct mnd *mnd)
{
	struct hotplug *hotplug = mnd->hotplug;

	if (!hotplug)
		return;
	if (hotplug->event)
		event_free(hotplug->event);
	udev_monitor_unref(hotplug->monitor);
	udev_unref(hotplug->udev);
	free(hotplug);
	mnd->hotplug = NULL;
}
