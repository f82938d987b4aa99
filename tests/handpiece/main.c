// SPDX-License-Identifier: GPL-2.0-or-later
/* The program: one loop around the firmware, its USB front and its control socket. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "control.h"
#include "ffs.h"
#include "firmware.h"
#include "nv.h"
#include "options.h"
#include "trace.h"
#include "usbredir.h"

#define EVENTS_MAX 16
#define PRIORITY 10

struct program {
	struct hp_options options;
	pthread_mutex_t lock; /* whoever holds it may use the firmware */
	struct hp_firmware fw;
	struct hp_trace trace;
	struct hp_nv nv;
	struct hp_bus *bus; /* one of the two */
	struct hp_ffs ffs;
	struct hp_usbredir usbredir;
	struct hp_machine machine;
	struct hp_control control;
	int epoll, timer, signals;
	uint64_t armed_ns; /* what the timer is set to */
	uint64_t plug_at_ns;
	uint64_t flushed_ns;
};

static uint32_t new_boot_id(void *ctx)
{
	uint32_t id;

	(void)ctx;
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		id = (uint32_t)hp_mono_ns();
	return id;
}

/* With the lock held */
static void arm_timer(void *ctx)
{
	struct program *p = ctx;
	struct itimerspec t = { 0 };
	uint64_t next = hp_fw_next(&p->fw), wait = hp_control_next(&p->control);

	if (wait < next)
		next = wait;
	if (p->plug_at_ns < next)
		next = p->plug_at_ns;
	if (next == p->armed_ns)
		return;
	p->armed_ns = next;
	if (next != HP_NEVER) {
		t.it_value.tv_sec = (time_t)(next / 1000000000);
		t.it_value.tv_nsec = (long)(next % 1000000000);
	}
	timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static bool plugged(void *ctx)
{
	struct program *p = ctx;

	return p->bus->ops->plugged(p->bus);
}

/* With the lock held. The bus may answer on another thread, which needs it meanwhile */
static int plug(void *ctx, bool on)
{
	struct program *p = ctx;
	int error;

	hp_trace(&p->trace, hp_mono_ns(), on ? "usb_bind" : "usb_unbind", "%s", "\"bus\":true");
	p->plug_at_ns = HP_NEVER;
	pthread_mutex_unlock(&p->lock);
	error = p->bus->ops->plug(p->bus, on);
	pthread_mutex_lock(&p->lock);
	return error;
}

static void plug_at(void *ctx, uint64_t at_ns)
{
	struct program *p = ctx;

	p->plug_at_ns = at_ns;
}

static int watch(struct program *p, int fd, void *ptr)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = ptr };

	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* As firmware would be: not behind other programs, not waiting for a page */
static void real_time(void)
{
	const struct sched_param priority = { .sched_priority = PRIORITY };

	/* without the right it is late now and then, no worse */
	sched_setscheduler(0, SCHED_FIFO, &priority);
	mlockall(MCL_CURRENT);
}

static void choose_bus(struct program *p)
{
	hp_ffs_init(&p->ffs);
	hp_usbredir_init(&p->usbredir);
	p->bus = p->options.listen ? &p->usbredir.bus : &p->ffs.bus;
	p->bus->lock = &p->lock;
	p->bus->fw = &p->fw;
	p->bus->changed = arm_timer;
	p->bus->ctx = p;
}

static int open_loop(struct program *p)
{
	sigset_t end;

	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	p->signals = signalfd(-1, &end, SFD_CLOEXEC);
	if (p->epoll < 0 || p->timer < 0 || p->signals < 0) {
		perror("mn-handpiece: epoll, timerfd or signalfd");
		return -1;
	}
	return 0;
}

static int open_all(struct program *p)
{
	const struct hp_commander commander = {
		&p->machine,	     hp_commands,	 &p->fw.faults,
		hp_commands_advance, hp_commands_inject, hp_commands_clear,
	};
	struct hp_store store = { &p->nv, hp_nv_store };
	int error;

	p->control.listener = -1;
	pthread_mutex_init(&p->lock, NULL);
	choose_bus(p);
	p->machine = (struct hp_machine){ p, &p->fw, plugged, plug, plug_at, new_boot_id };
	if (open_loop(p))
		return -1;
	if (p->options.trace) {
		error = hp_trace_open(&p->trace, p->options.trace);
		if (error) {
			fprintf(stderr, "cannot write the trace %s: %s\n", p->options.trace,
				strerror(-error));
			return -1;
		}
	}
	p->nv.path = p->options.nv;
	p->armed_ns = HP_NEVER;
	p->plug_at_ns = HP_NEVER;
	hp_fw_init(&p->fw, &p->options.id, &p->bus->front, &store, &p->trace, p->options.seed,
		   new_boot_id(p), hp_nv_load(&p->nv), hp_mono_ns());
	if (p->options.cartridge)
		hp_fw_insert(&p->fw, &p->options.spec, hp_mono_ns());
	if (p->bus->ops->open(p->bus, &p->options) ||
	    hp_control_open(&p->control, p->options.control, &commander, p->epoll) ||
	    watch(p, p->timer, &p->timer) || watch(p, p->signals, &p->signals) ||
	    watch(p, p->bus->event, p->bus))
		return -1;
	return 0;
}

static void close_all(struct program *p)
{
	p->bus->ops->close(p->bus);
	hp_control_close(&p->control);
	hp_trace_close(&p->trace);
}

/* false: end */
static bool handle(struct program *p, const struct epoll_event *e, uint64_t now)
{
	uint64_t count;
	ssize_t n;

	if (e->data.ptr == &p->signals)
		return false;
	if (e->data.ptr == &p->timer) {
		n = read(p->timer, &count, sizeof(count));
		(void)n;
		p->armed_ns = HP_NEVER;
	} else if (e->data.ptr == p->bus) {
		if (p->bus->ops->ready(p->bus))
			plug(p, false);
	} else {
		hp_control_event(&p->control, e->data.ptr, e->events, now);
	}
	return true;
}

static bool turn(struct program *p)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(p->epoll, events, EVENTS_MAX, -1);
	uint64_t now = hp_mono_ns();
	bool go_on = true;

	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < n; i++)
		go_on = handle(p, &events[i], now) && go_on;
	hp_fw_advance(&p->fw, hp_mono_ns());
	if (p->plug_at_ns <= p->fw.now)
		plug(p, true);
	hp_control_waits(&p->control, p->fw.now);
	if (p->fw.now - p->flushed_ns >= 100 * HP_MS && p->fw.motion == HP_REST) {
		hp_trace_flush(&p->trace);
		p->flushed_ns = p->fw.now;
	}
	arm_timer(p);
	pthread_mutex_unlock(&p->lock);
	return go_on;
}

int main(int argc, char **argv)
{
	static struct program program;
	struct program *p = &program;
	int status;

	status = hp_options_parse(&p->options, argc, argv);
	if (status >= 0)
		return status;
	status = 1;
	if (open_all(p))
		goto end;
	real_time();
	if (p->bus->ops->start(p->bus))
		goto end;
	hp_trace(&p->trace, hp_mono_ns(), "usb_bind", "\"at\":\"%s\"",
		 p->options.listen ? p->options.listen : p->options.udc);
	puts("ready");
	fflush(stdout);
	pthread_mutex_lock(&p->lock);
	arm_timer(p);
	pthread_mutex_unlock(&p->lock);
	while (turn(p))
		;
	status = 0;
end:
	close_all(p);
	return status;
}
