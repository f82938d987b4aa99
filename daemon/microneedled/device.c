// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "log.h"
#include "mnd.h"
#include "telemetry.h"
#include "treatment.h"

/* Three renewals in the time of the lease */
#define HEARTBEAT_MS (DEVICE_LEASE_MS / 3L)
/* Records handled in one go; the kernel's queues hold fewer */
#define RECORDS 4096

struct devices {
	TAILQ_HEAD(, device) list;
	unsigned int count;
	bool draining; /* the buffer below is in use */
	struct mn_record records[RECORDS];
};

int devices_start(struct mnd *mnd)
{
	mnd->devices = calloc(1, sizeof(*mnd->devices));
	if (!mnd->devices)
		return -1;
	TAILQ_INIT(&mnd->devices->list);
	return 0;
}

struct device *devices_first(struct mnd *mnd)
{
	return TAILQ_FIRST(&mnd->devices->list);
}

struct device *device_next(struct device *device)
{
	return TAILQ_NEXT(device, link);
}

unsigned int devices_count(struct mnd *mnd)
{
	return mnd->devices->count;
}

struct device *device_find(struct mnd *mnd, const char *name)
{
	struct device *device;

	TAILQ_FOREACH(device, &mnd->devices->list, link)
		if (!strcmp(device->name, name))
			return device;
	return NULL;
}

/* What a handpiece says about itself goes into JSON, logs and records */
static void make_printable(char *text, size_t size)
{
	text[size - 1] = '\0';
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

int device_status(struct device *device, struct mn_status *status)
{
	memset(status, 0, sizeof(*status));
	if (ioctl(device->fd, MN_IOC_GET_STATUS, status))
		return errno;
	make_printable(status->cartridge_lot, sizeof(status->cartridge_lot));
	if (!(device->info.measures & MN_MEASURES_CURRENT))
		status->current_ma = 0;
	if (!(device->info.measures & MN_MEASURES_TEMPERATURE))
		status->temp_mc = 0;
	return 0;
}

int device_limits(struct device *device, struct mn_limits *limits)
{
	memset(limits, 0, sizeof(*limits));
	return ioctl(device->fd, MN_IOC_GET_LIMITS, limits) ? errno : 0;
}

const char *device_declared_by(const struct device *device, uint64_t cartridge_uid)
{
	if (!cartridge_uid || cartridge_uid != device->declared.uid)
		return NULL;
	return device->declared_by;
}

int device_stop(struct device *device)
{
	/* First the count: a command that is decided from here on comes after this stop */
	atomic_fetch_add(&device->stops, 1);
	return ioctl(device->fd, MN_IOC_STOP) ? errno : 0;
}

int device_stop_by(struct device *device, const char *who)
{
	int error = device_stop(device);

	if (device->treatment)
		treatment_stopped(device->treatment, who, error);
	else if (error)
		log_error("%s: stop failed: %s", device->name, strerror(error));
	return error;
}

json_t *devices_stop_all(struct mnd *mnd, const char *who)
{
	json_t *stopped = json_array();
	struct device *device;

	/* All of them before anything else is done about any of them */
	TAILQ_FOREACH(device, &mnd->devices->list, link)
		if (!device_stop(device))
			json_array_append_new(stopped, json_string(device->name));
	TAILQ_FOREACH(device, &mnd->devices->list, link)
		if (device->treatment)
			treatment_stopped(device->treatment, who, 0);
	return stopped;
}

static void run_acquire(struct device_command *command)
{
	int fd = command->device->fd;

	if (ioctl(fd, MN_IOC_ACQUIRE, &command->acquire)) {
		command->error = errno;
	} else if (ioctl(fd, MN_IOC_SET_LIMITS, &command->limits)) {
		command->error = errno;
		command->limits_failed = true;
		ioctl(fd, MN_IOC_RELEASE);
	}
}

/* Without a session: control is taken for this one request */
static void run_alone(struct device_command *command, unsigned long request, void *arg)
{
	int fd = command->device->fd;

	if (ioctl(fd, MN_IOC_ACQUIRE, &command->acquire)) {
		command->error = errno;
		return;
	}
	if (ioctl(fd, request, arg))
		command->error = errno;
	ioctl(fd, MN_IOC_RELEASE);
}

/* A stop that was asked for since voids it: nothing of it may begin after that stop */
static bool is_voided(const struct device_command *command)
{
	bool begins = command->type == DEVICE_ARM || command->type == DEVICE_START ||
		      command->type == DEVICE_SELF_TEST;

	return begins && atomic_load(&command->device->stops) != command->stops;
}

static void run_command(struct job *job)
{
	struct device_command *command = (struct device_command *)job;
	struct device *device = command->device;
	int result = 0;

	if (is_voided(command)) {
		command->error = ECANCELED;
		return;
	}
	switch (command->type) {
	case DEVICE_ACQUIRE:
		run_acquire(command);
		break;
	case DEVICE_ARM:
		result = ioctl(device->fd, MN_IOC_ARM, &command->set_point);
		break;
	case DEVICE_START:
		result = ioctl(device->fd, MN_IOC_START);
		break;
	case DEVICE_CLEAR:
		result = ioctl(device->fd, MN_IOC_CLEAR_FAULT, &command->clear);
		break;
	case DEVICE_CLEAR_ALONE:
		run_alone(command, MN_IOC_CLEAR_FAULT, &command->clear);
		break;
	case DEVICE_RELEASE:
		result = ioctl(device->fd, MN_IOC_RELEASE);
		break;
	case DEVICE_SELF_TEST:
		result = ioctl(device->fd, MN_IOC_SELF_TEST);
		break;
	case DEVICE_DECLARE:
		result = ioctl(device->fd, MN_IOC_DECLARE_CARTRIDGE, &command->declare);
		break;
	case DEVICE_DECLARE_ALONE:
		run_alone(command, MN_IOC_DECLARE_CARTRIDGE, &command->declare);
		break;
	}
	if (result)
		command->error = errno;
}

static void command_done(struct job *job)
{
	struct device_command *command = (struct device_command *)job;
	struct device *device = command->device;

	/*
	 * A stop that the loop asked for while this was between the check in run_command() and the
	 * kernel found nothing to stop. It counts all the same.
	 */
	if (!command->error && is_voided(command)) {
		ioctl(device->fd, MN_IOC_STOP);
		command->error = ECANCELED;
	}
	if (!device->gone)
		device_drain(device);
	if (device->gone)
		command->error = ENODEV;
	command->done(command);
}

struct device_command *device_command(struct device *device, enum device_command_type type,
				      void (*done)(struct device_command *command), void *arg)
{
	struct device_command *command = calloc(1, sizeof(*command));

	if (!command)
		return NULL;
	command->job.run = run_command;
	command->job.done = command_done;
	command->device = device;
	command->type = type;
	command->stops = atomic_load(&device->stops);
	command->done = done;
	command->arg = arg;
	return command;
}

void device_submit(struct device_command *command)
{
	worker_submit(command->device->worker, &command->job);
}

static void beat(evutil_socket_t fd, short what, void *arg)
{
	struct mn_acquire again = { .lease_ms = DEVICE_LEASE_MS };
	struct device *device = arg;

	(void)fd;
	(void)what;
	if (!ioctl(device->fd, MN_IOC_HEARTBEAT))
		return;
	/*
	 * Too late, after this program was held up. If anything was armed the fault is latched, and
	 * stays; a new lease lets its operator clear it and arm again, and starts nothing.
	 */
	if (errno == ETIME && device->treatment) {
		memcpy(again.treatment, device->treatment->id, sizeof(again.treatment));
		if (!ioctl(device->fd, MN_IOC_ACQUIRE, &again)) {
			treatment_lease_lost(device->treatment);
			return;
		}
	}
	/* Gone: the end of the records tells */
	if (errno != ENODEV && errno != EPERM)
		log_error("%s: heartbeat: %s", device->name, strerror(errno));
}

void device_heartbeat_start(struct device *device)
{
	static const struct timeval interval = { .tv_usec = HEARTBEAT_MS * 1000 };

	beat(-1, 0, device);
	event_add(&device->heartbeat, &interval);
}

void device_heartbeat_stop(struct device *device)
{
	event_del(&device->heartbeat);
}

static void freed(void *arg)
{
	struct device *device = arg;

	close(device->fd);
	free(device);
}

static void device_gone(struct device *device, const char *why)
{
	struct mnd *mnd = device->mnd;

	if (device->gone)
		return;
	device->gone = true;
	event_del(&device->records);
	event_del(&device->heartbeat);
	TAILQ_REMOVE(&mnd->devices->list, device, link);
	mnd->devices->count--;
	log_info("%s: %s (serial %.31s)", device->name, why, device->info.serial);
	if (device->treatment)
		treatment_device_gone(device->treatment);
	telemetry_device_removed(device);
	/* Its thread may be in the middle of a command, which needs the descriptor */
	worker_finish(device->worker, freed, device);
}

static int by_seq(const void *a, const void *b)
{
	const struct mn_record *x = a, *y = b;
	int32_t difference = (int32_t)(x->seq - y->seq);

	return (difference > 0) - (difference < 0);
}

/* What it does not measure reads 0, and not as the driver's mark for that */
static void blank_unmeasured(const struct device *device, struct mn_record *record)
{
	if (record->type == MN_EVENT_STROKE && !(device->info.measures & MN_MEASURES_CURRENT))
		record->stroke.current_ma = 0;
	if (record->type == MN_EVENT_INPUT && !(device->info.measures & MN_MEASURES_TEMPERATURE))
		record->input.temp_mc = 0;
}

static void hand_out(struct device *device, struct mn_record *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct mn_record *record = &records[i];

		blank_unmeasured(device, record);
		if (record->type == MN_EVENT_STATE)
			device->state = (enum mn_state)record->state.to;
		telemetry_record(device, record);
		if (device->treatment)
			treatment_record(device->treatment, record);
	}
	if (device->treatment)
		treatment_records_end(device->treatment);
}

void device_drain(struct device *device)
{
	struct devices *devices = device->mnd->devices;
	struct mn_record *records = devices->records;
	bool gone = false;
	size_t count = 0;

	if (device->gone || devices->draining)
		return;
	devices->draining = true;
	/*
	 * Faults and states come before strokes that happened earlier. What was read together is
	 * put in order, so that a stroke never seems to follow the stop that it caused.
	 */
	while (count < RECORDS) {
		ssize_t got =
			read(device->fd, records + count, (RECORDS - count) * sizeof(*records));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < (ssize_t)sizeof(*records)) {
			gone = got >= 0 || errno != EAGAIN;
			break;
		}
		count += (size_t)got / sizeof(*records);
	}
	qsort(records, count, sizeof(*records), by_seq);
	hand_out(device, records, count);
	devices->draining = false;
	if (gone)
		device_gone(device, "unplugged");
}

static void on_records(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	device_drain(arg);
}

static bool device_open(struct device *device)
{
	struct mn_status status;

	device->fd = open(device->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (device->fd < 0) {
		log_error("%s: %s%s", device->path, strerror(errno),
			  errno == EACCES
				  ? "; the daemon's user needs the node's group, see the udev rule"
				  : "");
		return false;
	}
	if (ioctl(device->fd, MN_IOC_GET_INFO, &device->info) || device_status(device, &status)) {
		log_error("%s: it does not answer: %s", device->path, strerror(errno));
		return false;
	}
	make_printable(device->info.serial, sizeof(device->info.serial));
	make_printable(device->info.model, sizeof(device->info.model));
	make_printable(device->info.firmware, sizeof(device->info.firmware));
	if (device->info.abi_version != MN_ABI_VERSION) {
		log_error(
			"%s: its driver speaks version %u, this daemon %d; install both from one release",
			device->path, device->info.abi_version, MN_ABI_VERSION);
		return false;
	}
	device->state = (enum mn_state)status.state;
	return true;
}

void device_add(struct mnd *mnd, const char *name, const char *path)
{
	struct device *device = device_find(mnd, name);

	if (device) {
		/* It was unplugged and its name given to the next before we read its end */
		device_drain(device);
		if (device_find(mnd, name))
			return;
	}
	device = calloc(1, sizeof(*device));
	if (!device) {
		log_error("%s: no memory", name);
		return;
	}
	device->mnd = mnd;
	snprintf(device->name, sizeof(device->name), "%s", name);
	snprintf(device->path, sizeof(device->path), "%s", path);
	if (device_open(device))
		device->worker = worker_start(mnd->base, PRIORITY_DEVICE);
	if (!device->worker) {
		if (device->fd >= 0)
			close(device->fd);
		free(device);
		return;
	}
	event_assign(&device->records, mnd->base, device->fd, EV_READ | EV_PERSIST, on_records,
		     device);
	event_priority_set(&device->records, PRIORITY_DEVICE);
	event_assign(&device->heartbeat, mnd->base, -1, EV_PERSIST, beat, device);
	event_priority_set(&device->heartbeat, PRIORITY_DEVICE);
	event_add(&device->records, NULL);
	TAILQ_INSERT_TAIL(&mnd->devices->list, device, link);
	mnd->devices->count++;
	telemetry_device_added(device);
	log_info("%s: %.31s, serial %.31s, firmware %.23s", name, device->info.model,
		 device->info.serial, device->info.firmware);
}

void device_remove(struct mnd *mnd, const char *name)
{
	struct device *device = device_find(mnd, name);

	if (!device)
		return;
	/* What it told before it went belongs into the record */
	device_drain(device);
	if (!device->gone)
		device_gone(device, "removed");
}

void devices_end(struct mnd *mnd)
{
	struct device *device;

	while ((device = TAILQ_FIRST(&mnd->devices->list)))
		device_gone(device, "left");
}

void devices_free(struct mnd *mnd)
{
	free(mnd->devices);
	mnd->devices = NULL;
}
