// SPDX-License-Identifier: GPL-2.0-or-later
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#define NEEDLE_UM 1500
#define RATE_MHZ 100000
#define STROKES 10000
#define RUN_MS 60000
#define EXPIRY_DAYS 50000

static int call(int fd, unsigned long command, void *argument)
{
	return ioctl(fd, command, argument) ? errno : 0;
}

int device_open(void)
{
	return open("/dev/microneedle0", O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

struct mn_info device_info(int fd)
{
	struct mn_info info = { 0 };

	call(fd, MN_IOC_GET_INFO, &info);
	return info;
}

struct mn_status device_status(int fd)
{
	struct mn_status status;

	if (call(fd, MN_IOC_GET_STATUS, &status))
		memset(&status, 0xff, sizeof(status));
	return status;
}

int device_acquire(int fd)
{
	struct mn_acquire acquire = { .treatment = "one treatment" };

	return call(fd, MN_IOC_ACQUIRE, &acquire);
}

int device_limit(int fd)
{
	struct mn_set_limits limits = {
		.valid = (1U << MN_QUANTITY_NR) - 1,
		.value = {
			[MN_QUANTITY_DEPTH] = NEEDLE_UM,
			[MN_QUANTITY_RATE] = RATE_MHZ,
			[MN_QUANTITY_DOSE] = STROKES,
			[MN_QUANTITY_RUN_TIME] = RUN_MS,
		},
	};

	return call(fd, MN_IOC_SET_LIMITS, &limits);
}

int device_clear(int fd)
{
	struct mn_clear_fault clear = { .faults = device_status(fd).faults };

	return call(fd, MN_IOC_CLEAR_FAULT, &clear);
}

int device_declare(int fd)
{
	struct mn_declare_cartridge cartridge = {
		.needle_um = NEEDLE_UM,
		.needles = 14,
		.max_rate_mhz = RATE_MHZ,
		.max_strokes = STROKES,
		.expiry_days = EXPIRY_DAYS,
		.lot = "LOT-1",
	};

	return call(fd, MN_IOC_DECLARE_CARTRIDGE, &cartridge);
}

int device_arm(int fd, unsigned int depth_um, unsigned int strokes)
{
	struct mn_set_point point = {
		.depth_um = depth_um,
		.rate_mhz = RATE_MHZ,
		.strokes = strokes,
		.run_ms = RUN_MS,
	};

	return call(fd, MN_IOC_ARM, &point);
}

int device_do(int fd, unsigned long command)
{
	return call(fd, command, NULL);
}
