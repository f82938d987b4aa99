/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A way to a USB host, as the program sees it. What the firmware sees of it is struct hp_front.
 *
 * Two are there: ffs.c, a gadget on a device controller of this kernel, and usbredir.c, a virtual
 * machine's bus, whose kernel may crash without ours.
 */
#ifndef HP_BUS_H
#define HP_BUS_H

#include <pthread.h>
#include <stdbool.h>

#include "firmware.h"
#include "options.h"

struct hp_bus;

struct hp_bus_ops {
	/* 0 or -1, with a message. close() is called in any case */
	int (*open)(struct hp_bus *bus, const struct hp_options *options);
	int (*start)(struct hp_bus *bus); /* plugged in from here on */
	void (*close)(struct hp_bus *bus);
	/* A real connect or disconnect, without the lock. 0 or -errno */
	int (*plug)(struct hp_bus *bus, bool on);
	bool (*plugged)(const struct hp_bus *bus);
	/* With the lock held: the event is readable. true: the firmware wants to be unplugged */
	bool (*ready)(struct hp_bus *bus);
};

struct hp_bus {
	/* the program's */
	pthread_mutex_t *lock; /* whoever holds it may use the firmware */
	struct hp_firmware *fw;
	void (*changed)(void *ctx); /* with the lock held: the next event may be another */
	void *ctx;

	/* the front's */
	const struct hp_bus_ops *ops;
	struct hp_front front;
	int event;
};

#endif /* HP_BUS_H */
