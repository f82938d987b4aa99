// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver's peer in user space: a libusb program that controls a handpiece, as good as one can
 * be made. Real-time priority, locked memory, every transfer made ready in advance and several
 * under way, a stop sent from the callback that brought its reason, nothing allocated by it after
 * the start, and the driver's own rules.
 *
 *   peer PRIORITY	says "runs" once it does; SIGUSR1 makes it stuck in its log
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "../stuck.h"
#include "peer.h"

#define STACK_BYTES 262144
#define ATTACH_STEPS 100
#define ATTACH_STEP_NS 50000000

static struct peer peer;

/* No page of it is ever to be had anew, or given back */
static void lock_memory(void)
{
	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	mallopt(M_MMAP_MAX, 0);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		err(1, "mlockall");
}

static void set_priority(int priority)
{
	const struct sched_param parameter = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO, &parameter))
		err(1, "SCHED_FIFO");
}

static void init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;

	if (pthread_mutexattr_init(&attributes) ||
	    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) ||
	    pthread_mutex_init(lock, &attributes))
		errx(1, "no lock");
}

static void start_thread(void *(*body)(void *), int priority)
{
	const struct sched_param parameter = { .sched_priority = priority };
	pthread_attr_t attributes;
	pthread_t thread;

	if (pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, STACK_BYTES) ||
	    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED) ||
	    pthread_attr_setschedpolicy(&attributes, SCHED_FIFO) ||
	    pthread_attr_setschedparam(&attributes, &parameter) ||
	    pthread_create(&thread, &attributes, body, &peer))
		errx(1, "no thread");
}

/* Deadlines: the handpiece's lease every 25 ms, and all that is overdue */
static void *keep_time(void *argument)
{
	struct peer *p = argument;
	u64 times;

	for (;;) {
		if (read(p->timer, &times, sizeof(times)) != sizeof(times) && errno != EINTR)
			err(1, "timer");
		peer_tick(p);
	}
	return NULL;
}

static void *handle_events(void *argument)
{
	struct peer *p = argument;

	for (;;)
		if (libusb_handle_events_completed(p->usb, NULL) == LIBUSB_ERROR_OTHER)
			errx(1, "libusb fails");
	return NULL;
}

static bool try_attach(struct peer *p)
{
	/* Anew each time: a device that was plugged in since is found, whether udev told of it or not */
	if (libusb_init(&p->usb))
		errx(1, "no libusb");
	p->device = libusb_open_device_with_vid_pid(p->usb, MNP_USB_VENDOR, MNP_USB_PRODUCT);
	if (p->device && !libusb_claim_interface(p->device, 0))
		return true;
	if (p->device)
		libusb_close(p->device);
	libusb_exit(p->usb);
	return false;
}

static void attach(struct peer *p)
{
	const struct timespec step = { .tv_nsec = ATTACH_STEP_NS };

	/* It may have been plugged in this moment */
	for (int i = 0; i < ATTACH_STEPS; i++) {
		nanosleep(&step, NULL);
		if (try_attach(p))
			return;
	}
	errx(1, "no handpiece that is free: is a driver bound to it?");
}

int main(int argc, char **argv)
{
	int priority = argc == 2 ? (int)strtol(argv[1], NULL, 10) : 0;
	struct mn_caps caps;
	struct peer *p = &peer;
	u32 last_epoch;
	int failed;

	if (priority < 2 || priority > 99)
		errx(2, "usage: peer PRIORITY (2 to 99, of SCHED_FIFO)");
	lock_memory();
	set_priority(priority);
	stuck_on_signal();
	init_lock(&p->lock);
	p->timer = timerfd_create(CLOCK_MONOTONIC, 0);
	if (p->timer < 0 || sem_init(&p->work_todo, 0, 0))
		err(1, "timer");
	attach(p);
	peer_link_init(p);
	peer_request_init(p);
	start_thread(handle_events, priority);
	failed = peer_identify(p, &caps, &last_epoch);
	if (failed)
		errx(1, "the handpiece does not identify itself (%s)", strerror(-failed));
	pthread_mutex_lock(&p->lock);
	peer_rules_init(p, &caps, last_epoch);
	pthread_mutex_unlock(&p->lock);
	peer_listen(p);
	peer_happen(p, &(struct mn_stimulus){ .type = MN_HAPPENS_STOP });
	failed = peer_stop(p, p->safety.epoch);
	if (failed)
		errx(1, "the handpiece does not confirm a stop (%s)", strerror(-failed));
	start_thread(keep_time, priority);
	/* It waits for the handpiece at times: below those that may not */
	set_priority(priority - 1);
	peer_treat(p);
	return 0;
}
