// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An ordinary program that controls a handpiece through the driver: the peer's counterpart.
 *
 *   hold NODE LEASE_MS		says "runs" once it does; SIGUSR1 makes it stuck in its log
 *
 * After each stop it clears, arms and starts again.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/microneedle.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "set_point.h"
#include "stuck.h"

#define RECORDS 64
#define AGAIN_MS 20 /* what could not be done is tried again after so long */
#define BEATS 3 /* in the time of a lease */

static struct mn_status status_of(int fd)
{
	struct mn_status status;

	if (ioctl(fd, MN_IOC_GET_STATUS, &status))
		err(1, "the handpiece is gone");
	return status;
}

static void acquire(int fd, unsigned int lease_ms)
{
	struct mn_acquire control = { .treatment = TREATMENT, .lease_ms = lease_ms };
	struct mn_set_limits limits = { .valid = (1U << MN_QUANTITY_NR) - 1, .value = SET_LIMITS };

	if (!ioctl(fd, MN_IOC_ACQUIRE, &control) && ioctl(fd, MN_IOC_SET_LIMITS, &limits))
		err(1, "limits");
}

static bool start(int fd)
{
	struct mn_set_point set = { .depth_um = SET_DEPTH_UM,
				    .rate_mhz = SET_RATE_MHZ,
				    .strokes = SET_STROKES,
				    .run_ms = SET_RUN_MS };

	return !ioctl(fd, MN_IOC_ARM, &set) && !ioctl(fd, MN_IOC_START);
}

/* One step toward running; whether it does */
static bool go_on(int fd, unsigned int lease_ms)
{
	struct mn_status status = status_of(fd);
	struct mn_clear_fault clear = { .faults = status.faults };

	if (status.state == MN_STATE_RUNNING)
		return true;
	if (!status.lease_left_ms)
		acquire(fd, lease_ms);
	if (status.state == MN_STATE_FAULT) {
		nanosleep(&(struct timespec){ .tv_nsec = SETTLE_NS }, NULL);
		/* What remains is tried again */
		ioctl(fd, MN_IOC_CLEAR_FAULT, &clear);
		return false;
	}
	if (status.self_test == MN_SELF_TEST_NEVER || status.self_test == MN_SELF_TEST_FAILED) {
		ioctl(fd, MN_IOC_SELF_TEST);
		return false;
	}
	return start(fd);
}

static void take_records(int fd)
{
	struct mn_record records[RECORDS];

	while (read(fd, records, sizeof(records)) == sizeof(records))
		;
}

static unsigned int number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value > 500)
		errx(2, "%s: a lease's milliseconds are wanted", text);
	return (unsigned int)value;
}

int main(int argc, char **argv)
{
	unsigned int lease_ms;
	bool ran = false;
	struct pollfd device;

	if (argc != 3)
		errx(2, "usage: hold NODE LEASE_MS");
	lease_ms = number(argv[2]);
	stuck_on_signal();
	device.fd = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	device.events = POLLIN;
	if (device.fd < 0)
		err(1, "%s", argv[1]);
	acquire(device.fd, lease_ms);
	for (;;) {
		bool runs = go_on(device.fd, lease_ms);

		if (runs && !ran) {
			ran = true;
			puts("runs");
			fflush(stdout);
		}
		poll(&device, 1, runs ? (int)(lease_ms / BEATS) : AGAIN_MS);
		take_records(device.fd);
		/* A lease that has run out is for acquire() */
		ioctl(device.fd, MN_IOC_HEARTBEAT);
		stuck_if_asked();
	}
}
