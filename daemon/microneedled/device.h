/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One handpiece: its node, what it is, its records, its heartbeat. Commands that may take a USB
 * round trip run on the device's own thread; stop, heartbeat and questions are asked from the loop,
 * because the kernel answers them at once.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <event2/event_struct.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <linux/microneedle.h>

#include "worker.h"

struct mnd;
struct treatment;

#define DEVICE_NAME 32
#define DEVICE_WHO 64
#define DEVICE_LEASE_MS 300

struct device {
	TAILQ_ENTRY(device) link;
	struct mnd *mnd;
	char name[DEVICE_NAME]; /* microneedle0 */
	char path[64]; /* /dev/microneedle0 */
	int fd;
	struct mn_info info;
	bool gone; /* unplugged: no more calls, memory lives until its thread ends */
	enum mn_state state; /* of the last state record */
	atomic_uint stops; /* that were asked for; a command begun before the last is void */
	struct treatment *treatment; /* the open session */
	bool borrowed; /* controlled for one command, without a session */
	struct mn_declare_cartridge declared; /* by whom is below; its uid is 0 without one */
	char declared_by[DEVICE_WHO];
	struct worker *worker;
	struct event records;
	struct event heartbeat;
};

/* The commands of the device's thread */
enum device_command_type {
	DEVICE_ACQUIRE, /* with limits, see below */
	DEVICE_ARM,
	DEVICE_START,
	DEVICE_CLEAR,
	DEVICE_CLEAR_ALONE, /* acquire, clear, release */
	DEVICE_RELEASE,
	DEVICE_SELF_TEST,
	DEVICE_DECLARE,
	DEVICE_DECLARE_ALONE, /* acquire, declare, release */
};

struct device_command {
	struct job job;
	struct device *device;
	enum device_command_type type;
	unsigned int stops; /* device->stops when the command was decided */
	int error; /* 0 or an errno; ECANCELED if a stop came in between */
	bool limits_failed; /* DEVICE_ACQUIRE: of the two, SET_LIMITS failed */
	struct mn_acquire acquire;
	struct mn_set_limits limits;
	struct mn_set_point set_point;
	struct mn_clear_fault clear;
	struct mn_declare_cartridge declare;
	void (*done)(struct device_command *command); /* in the loop; owns the command */
	void *arg;
};

int devices_start(struct mnd *mnd);
/* All are stopped and closed; their threads end later */
void devices_end(struct mnd *mnd);
void devices_free(struct mnd *mnd);

/* What hotplug tells */
void device_add(struct mnd *mnd, const char *name, const char *path);
void device_remove(struct mnd *mnd, const char *name);

struct device *devices_first(struct mnd *mnd);
struct device *device_next(struct device *device);
struct device *device_find(struct mnd *mnd, const char *name);
unsigned int devices_count(struct mnd *mnd);

/* Who declared the cartridge that it has; NULL if nobody did, or before this program was started */
const char *device_declared_by(const struct device *device, uint64_t cartridge_uid);

/* Stop. 0 or an errno. Waits for nothing. */
int device_stop(struct device *device);
/* Stop every device; the names of those that were. who goes into the records. */
json_t *devices_stop_all(struct mnd *mnd, const char *who);
/* Stop one; who goes into its session's record, after the fact */
int device_stop_by(struct device *device, const char *who);

int device_status(struct device *device, struct mn_status *status);
int device_limits(struct device *device, struct mn_limits *limits);

/* Handle all records that wait, so that what the session knows is what the kernel knows */
void device_drain(struct device *device);

/* A command that is not yet on its way; free() it if it is not submitted. NULL without memory. */
struct device_command *device_command(struct device *device, enum device_command_type type,
				      void (*done)(struct device_command *command), void *arg);
void device_submit(struct device_command *command);

void device_heartbeat_start(struct device *device);
void device_heartbeat_stop(struct device *device);

#endif
