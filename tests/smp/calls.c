// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One call of the device, counted by how it ended and by what was going on when it began.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/microneedle.h>

#include "hammer.h"

#define RECORDS 24
#define DEPTH_UM 600U
#define RATE_MHZ 100000U
#define STROKES 50000U
#define RUN_MS 60000U

const char *const call_names[CALLS] = {
	[CALL_GET_INFO] = "GET_INFO",
	[CALL_GET_STATUS] = "GET_STATUS",
	[CALL_GET_LIMITS] = "GET_LIMITS",
	[CALL_STOP] = "STOP",
	[CALL_CAPTURE] = "CAPTURE",
	[CALL_ACQUIRE] = "ACQUIRE",
	[CALL_RELEASE] = "RELEASE",
	[CALL_SET_LIMITS] = "SET_LIMITS",
	[CALL_ARM] = "ARM",
	[CALL_UPDATE] = "UPDATE",
	[CALL_START] = "START",
	[CALL_HEARTBEAT] = "HEARTBEAT",
	[CALL_CLEAR_FAULT] = "CLEAR_FAULT",
	[CALL_SELF_TEST] = "SELF_TEST",
	[CALL_DECLARE_CARTRIDGE] = "DECLARE_CARTRIDGE",
	[CALL_OPEN] = "open",
	[CALL_READ] = "read",
	[CALL_POLL] = "poll",
	[CALL_SAMPLES] = "read samples",
	[CALL_ATTRIBUTE] = "read attribute",
};

static const unsigned long numbers[CALL_IOCTLS] = {
	[CALL_GET_INFO] = MN_IOC_GET_INFO,
	[CALL_GET_STATUS] = MN_IOC_GET_STATUS,
	[CALL_GET_LIMITS] = MN_IOC_GET_LIMITS,
	[CALL_STOP] = MN_IOC_STOP,
	[CALL_CAPTURE] = MN_IOC_CAPTURE,
	[CALL_ACQUIRE] = MN_IOC_ACQUIRE,
	[CALL_RELEASE] = MN_IOC_RELEASE,
	[CALL_SET_LIMITS] = MN_IOC_SET_LIMITS,
	[CALL_ARM] = MN_IOC_ARM,
	[CALL_UPDATE] = MN_IOC_UPDATE,
	[CALL_START] = MN_IOC_START,
	[CALL_HEARTBEAT] = MN_IOC_HEARTBEAT,
	[CALL_CLEAR_FAULT] = MN_IOC_CLEAR_FAULT,
	[CALL_SELF_TEST] = MN_IOC_SELF_TEST,
	[CALL_DECLARE_CARTRIDGE] = MN_IOC_DECLARE_CARTRIDGE,
};

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void rest_us(unsigned int us)
{
	struct timespec time = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L };

	nanosleep(&time, NULL);
}

/* xorshift64*: the same for the same seed */
uint32_t random_below(struct thread *thread, uint32_t below)
{
	uint64_t x = thread->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	thread->random = x;
	return (uint32_t)((x * 0x2545F4914F6CDD1DU) >> 32) % below;
}

void complain(struct thread *thread, const char *format, ...)
{
	va_list arguments;

	if (thread->wrong[0])
		return;
	va_start(arguments, format);
	vsnprintf(thread->wrong, sizeof(thread->wrong), format, arguments);
	va_end(arguments);
}

/* 0 or the error. An error of a call that is cut off by the unplug is the one that is told of it. */
int count(struct thread *thread, enum call call, int ret, uint64_t began)
{
	int error = ret < 0 ? errno : 0;

	thread->inside = NULL;
	thread->counts[call][error < ERRNOS ? error : ERRNOS - 1]++;
	if (call < CALL_IOCTLS && !error) {
		thread->alive_ns = began;
	} else if (call < CALL_IOCTLS && error == ENODEV &&
		   thread->cuts < sizeof(thread->cut_ns) / sizeof(thread->cut_ns[0])) {
		thread->cut_ns[thread->cuts++] = began;
	}
	return error;
}

int call_ioctl(struct thread *thread, struct file *file, enum call call, void *data)
{
	uint64_t began;

	thread->inside = call_names[call];
	began = now_ns();
	return count(thread, call, ioctl(file->fd, numbers[call], data), began);
}

/* With what is in order of itself, so that it is the moment that decides. */
int call_random(struct thread *thread, struct file *file, enum call call)
{
	union {
		struct mn_info info;
		struct mn_status status;
		struct mn_limits limits;
		struct mn_acquire acquire;
		struct mn_set_limits set_limits;
		struct mn_set_point point;
		struct mn_clear_fault clear;
		struct mn_declare_cartridge declare;
	} data;
	int error;

	memset(&data, 0, sizeof(data));
	switch (call) {
	case CALL_ACQUIRE:
		memcpy(data.acquire.treatment, &thread->round->seed, sizeof(uint64_t));
		data.acquire.treatment[15] = 1;
		data.acquire.lease_ms = MN_LEASE_MAX_MS;
		break;
	case CALL_SET_LIMITS:
		data.set_limits.valid = (1U << MN_QUANTITY_NR) - 1;
		data.set_limits.value[MN_QUANTITY_DEPTH] = DEPTH_UM;
		data.set_limits.value[MN_QUANTITY_RATE] = RATE_MHZ;
		data.set_limits.value[MN_QUANTITY_DOSE] = STROKES;
		data.set_limits.value[MN_QUANTITY_RUN_TIME] = RUN_MS;
		break;
	case CALL_ARM:
	case CALL_UPDATE:
		data.point.depth_um = 200 + random_below(thread, DEPTH_UM - 200);
		data.point.rate_mhz = RATE_MHZ;
		data.point.strokes = STROKES;
		data.point.run_ms = RUN_MS;
		break;
	case CALL_CLEAR_FAULT:
		data.clear.faults = (1ULL << MN_FAULT_NR) - 2;
		break;
	case CALL_DECLARE_CARTRIDGE:
		data.declare.needle_um = 1500;
		data.declare.needles = 14;
		data.declare.max_rate_mhz = 150000;
		data.declare.max_strokes = 100000;
		memcpy(data.declare.lot, "SMP", 3);
		break;
	default:
		break;
	}
	error = call_ioctl(thread, file, call, &data);
	if (call == CALL_ARM && !error)
		thread->round->armed = true;
	return error;
}

static void take_in(struct thread *thread, struct file *file, const struct mn_record *record)
{
	unsigned int next = file->next_seq;

	if (record->type == MN_EVENT_OVERRUN)
		file->lost += record->overrun.lost;
	else if (!record->type || record->type > MN_EVENT_SELF_TEST)
		complain(thread, "a record of type %u was read", record->type);
	while (next <= record->seq &&
	       !atomic_compare_exchange_weak(&file->next_seq, &next, record->seq + 1))
		;
	file->records++;
}

/* 0, or the error; waits if the file does. */
int call_read(struct thread *thread, struct file *file)
{
	struct mn_record records[RECORDS];
	size_t wanted = 1 + random_below(thread, RECORDS);
	uint64_t began;
	ssize_t size;
	int error;

	thread->inside = call_names[CALL_READ];
	began = now_ns();
	size = read(file->fd, records, wanted * sizeof(records[0]));
	error = count(thread, CALL_READ, size < 0 ? -1 : 0, began);
	if (error == ENODEV)
		thread->cut_blocked_ns = began;
	if (size >= 0 && (!size || size % (ssize_t)sizeof(records[0])))
		complain(thread, "read gave %zd bytes", size);
	for (ssize_t i = 0; i < size / (ssize_t)sizeof(records[0]); i++)
		take_in(thread, file, &records[i]);
	return error;
}

bool file_open(struct file *file, const char *node, bool writable, bool blocking)
{
	int flags = (writable ? O_RDWR : O_RDONLY) | (blocking ? 0 : O_NONBLOCK) | O_CLOEXEC;

	memset(file, 0, sizeof(*file));
	file->writable = writable;
	file->fd = open(node, flags);
	return file->fd >= 0;
}
