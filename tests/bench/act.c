// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Read the clock, and do the one thing whose effect is timed; so that an interpreter's time between
 * the two is in no figure.
 *
 *   act PHASE_US stop|renew|close FD	with an open device
 *   act PHASE_US send FD TEXT		with a connected socket
 *
 * It waits until PHASE_US after a millisecond of the clock is full, so that the moments are spread
 * over the bus's frame. Prints the clock just before the act, ns.
 */
#include <err.h>
#include <inttypes.h>
#include <linux/microneedle.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define LEAD_MS 5 /* at least so long until the moment comes */

static void wait_for_phase(int phase_us)
{
	uint64_t moment = (now_ns() / NS_PER_MS + LEAD_MS) * NS_PER_MS + (uint64_t)phase_us * 1000;
	struct timespec until = { .tv_sec = (time_t)(moment / NS_PER_S),
				  .tv_nsec = (long)(moment % NS_PER_S) };

	if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		errx(1, "woken before the moment");
}

static int number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (!*text || *end || value < 0 || value > 1000000)
		errx(2, "%s: a number of at most 1000000 is wanted", text);
	return (int)value;
}

static int send_text(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text) ? 0 : -1;
}

int main(int argc, char **argv)
{
	uint64_t before;
	const char *what;
	int fd, failed;

	if (argc < 4)
		errx(2, "usage: act PHASE_US stop|renew|close FD, or act PHASE_US send FD TEXT");
	what = argv[2];
	fd = number(argv[3]);
	/* Once for nothing: what is used for the first time has to be found first */
	now_ns();
	ioctl(fd, _IOC(_IOC_NONE, MN_IOC_TYPE, 0xff, 0));
	wait_for_phase(number(argv[1]));

	before = now_ns();
	if (!strcmp(what, "stop"))
		failed = ioctl(fd, MN_IOC_STOP);
	else if (!strcmp(what, "renew"))
		failed = ioctl(fd, MN_IOC_HEARTBEAT);
	else if (!strcmp(what, "close"))
		failed = close(fd);
	else if (!strcmp(what, "send") && argc == 5)
		failed = send_text(fd, argv[4]);
	else
		errx(2, "%s: no such act, or TEXT is missing", what);
	if (failed)
		err(1, "%s", what);
	printf("%" PRIu64 "\n", before);
	return 0;
}
