// SPDX-License-Identifier: GPL-2.0-or-later
/* The program: one loop around the machine, its wires and its control socket. */
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "control.h"
#include "wires.h"

#define EVENTS_MAX 16
#define PRIORITY 10

static const char help[] =
	"usage: mn-gpio-handpiece [options]\n"
	"What is connected to the lab's board: a GPIO handpiece as its device tree describes it.\n"
	"Needs mn-bench.ko, and root.\n\n"
	"  --serial NAME        which of the tree's handpieces            (the first)\n"
	"  --control PATH       control socket                            (/run/mn-handpiece.sock)\n"
	"  --trace PATH         write what happens, one JSON object a line\n"
	"  --position STEPS     where the depth stop is, from home        (0)\n"
	"  --cartridge          one is in at the start\n"
	"  --bench PATH         the board                                 (/dev/mn-bench)\n"
	"  --tree PATH          its device tree                           (/proc/device-tree)\n";

struct options {
	const char *serial, *control, *trace, *bench, *tree;
	int position;
	bool cartridge;
};

struct program {
	struct gh_board board;
	struct gh_machine machine;
	struct gh_wires wires;
	struct hp_trace trace;
	struct hp_control control;
	int epoll, timer, signals;
	uint64_t armed_ns; /* what the timer is set to */
};

/* -1: go on; else the exit status */
static int parse(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "serial", required_argument, NULL, 's' },
		{ "control", required_argument, NULL, 'c' },
		{ "trace", required_argument, NULL, 't' },
		{ "position", required_argument, NULL, 'p' },
		{ "cartridge", no_argument, NULL, 'i' },
		{ "bench", required_argument, NULL, 'b' },
		{ "tree", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;
	char *end;

	*o = (struct options){
		.control = "/run/mn-handpiece.sock",
		.bench = "/dev/mn-bench",
		.tree = "/proc/device-tree",
	};
	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		switch (option) {
		case 's':
			o->serial = optarg;
			break;
		case 'c':
			o->control = optarg;
			break;
		case 't':
			o->trace = optarg;
			break;
		case 'p':
			o->position = (int)strtol(optarg, &end, 10);
			if (!*optarg || *end) {
				fputs("--position is a number of steps\n", stderr);
				return 2;
			}
			break;
		case 'i':
			o->cartridge = true;
			break;
		case 'b':
			o->bench = optarg;
			break;
		case 'd':
			o->tree = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			fputs(help, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fputs(help, stderr);
		return 2;
	}
	return -1;
}

static void arm_timer(struct program *p)
{
	uint64_t next = gh_next(&p->machine), wait = hp_control_next(&p->control);
	struct itimerspec t = { 0 };

	if (wait < next)
		next = wait;
	if (next == p->armed_ns)
		return;
	p->armed_ns = next;
	if (next != HP_NEVER) {
		t.it_value.tv_sec = (time_t)(next / 1000000000);
		t.it_value.tv_nsec = (long)(next % 1000000000);
	}
	timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static int watch(struct program *p, int fd, void *ptr)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = ptr };

	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int open_loop(struct program *p)
{
	sigset_t end;

	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigaddset(&end, SIGINT);
	sigprocmask(SIG_BLOCK, &end, NULL);
	p->signals = signalfd(-1, &end, SFD_CLOEXEC);
	if (p->epoll < 0 || p->timer < 0 || p->signals < 0) {
		perror("mn-gpio-handpiece: epoll, timerfd or signalfd");
		return -1;
	}
	return 0;
}

static int open_all(struct program *p, const struct options *o)
{
	const struct gh_world world = { &p->wires, gh_wires_put, gh_wires_take_back };
	const struct hp_commander commander = {
		.ctx = &p->machine,
		.commands = gh_commands,
		.faults = &p->machine.faults,
		.advance = gh_commands_advance,
		.inject = gh_commands_inject,
		.clear = gh_commands_clear,
	};
	int error;

	if (gh_board_read(&p->board, o->tree, o->serial) || open_loop(p))
		return -1;
	if (o->trace) {
		error = hp_trace_open(&p->trace, o->trace);
		if (error) {
			fprintf(stderr, "cannot write the trace %s: %s\n", o->trace,
				strerror(-error));
			return -1;
		}
	}
	if (gh_wires_open(&p->wires, o->bench, &p->board))
		return -1;
	p->armed_ns = HP_NEVER;
	gh_init(&p->machine, &p->board, &world, &p->trace, o->position, hp_mono_ns());
	if (o->cartridge)
		gh_switch_set(&p->machine, GH_CARTRIDGE, true, p->machine.now);
	if (hp_control_open(&p->control, o->control, &commander, p->epoll) ||
	    watch(p, p->timer, &p->timer) || watch(p, p->signals, &p->signals) ||
	    watch(p, p->wires.fd, &p->wires))
		return -1;
	return 0;
}

/* What the board did until now, then what the machine does */
static int live(struct program *p)
{
	uint64_t now = hp_mono_ns();
	int error = gh_wires_read(&p->wires, &p->machine);

	gh_advance(&p->machine, now);
	return error;
}

/* 0: go on; 1: the end; -1: failed */
static int turn(struct program *p)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(p->epoll, events, EVENTS_MAX, -1);
	uint64_t count;
	ssize_t size;

	if (live(p))
		return -1;
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr == &p->signals)
			return 1;
		if (events[i].data.ptr == &p->timer) {
			size = read(p->timer, &count, sizeof(count));
			(void)size;
			p->armed_ns = HP_NEVER;
		} else if (events[i].data.ptr != &p->wires) {
			hp_control_event(&p->control, events[i].data.ptr, events[i].events,
					 p->machine.now);
		}
	}
	hp_control_waits(&p->control, p->machine.now);
	gh_wires_quiet(&p->wires, &p->machine);
	arm_timer(p);
	return p->wires.failed ? -1 : 0;
}

int main(int argc, char **argv)
{
	const struct sched_param priority = { .sched_priority = PRIORITY };
	static struct program program;
	struct program *p = &program;
	struct options options;
	int status;

	status = parse(&options, argc, argv);
	if (status >= 0)
		return status;
	p->control.listener = -1;
	for (int i = 0; i < HP_CLIENTS_MAX; i++)
		p->control.client[i].fd = -1;
	status = -1;
	if (open_all(p, &options))
		goto end;
	/* as a machine, it waits for no program; without the right it is late now and then */
	sched_setscheduler(0, SCHED_FIFO, &priority);
	mlockall(MCL_CURRENT);
	status = live(p);
	puts("ready");
	fflush(stdout);
	arm_timer(p);
	while (!status)
		status = turn(p);
end:
	hp_control_close(&p->control);
	hp_trace_close(&p->trace);
	return status < 0;
}
