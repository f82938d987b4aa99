// SPDX-License-Identifier: GPL-2.0-or-later
#include "wires.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mn_bench.h"

#define EVENTS 1024 /* at a time */
#define QUIET_MOST (MN_BENCH_RING / 4) /* what else happens has room in the ring, too */

int gh_wires_open(struct gh_wires *w, const char *path, const struct gh_board *board)
{
	*w = (struct gh_wires){ .board = board };
	w->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (w->fd < 0)
		fprintf(stderr, "%s: %s: is mn-bench.ko loaded?\n", path, strerror(errno));
	return w->fd < 0 ? -1 : 0;
}

static void stimulus(struct gh_wires *w, enum gh_role role, uint32_t value, uint64_t at_ns)
{
	const struct mn_bench_event event = {
		.ns = at_ns,
		.what = w->board->line[role],
		.value = value,
	};

	if (event.what == GH_NO_LINE || write(w->fd, &event, sizeof(event)) == sizeof(event))
		return;
	if (!w->failed)
		fprintf(stderr, "the board does not take a stimulus: %s\n", strerror(errno));
	w->failed = true;
}

void gh_wires_put(void *ctx, enum gh_role role, bool active, uint64_t at_ns)
{
	struct gh_wires *w = ctx;

	stimulus(w, role, active != w->board->active_low[role], at_ns);
}

void gh_wires_take_back(void *ctx, enum gh_role role, uint64_t from_ns)
{
	stimulus(ctx, role, MN_BENCH_CANCEL, from_ns);
}

static void output(struct gh_wires *w, struct gh_machine *m, const struct mn_bench_event *event)
{
	for (unsigned int role = 0; role < GH_ROLES; role++) {
		if (w->board->line[role] != (event->what & MN_BENCH_INDEX))
			continue;
		w->stepped |= role == GH_STEP;
		gh_output(m, (enum gh_role)role, event->value, event->ns);
	}
}

static int take(struct gh_wires *w, struct gh_machine *m, const struct mn_bench_event *event)
{
	uint32_t kind = event->what & MN_BENCH_KIND;

	if (kind == MN_BENCH_LOST) {
		fprintf(stderr, "%u of the board's events were lost: the run is worth nothing\n",
			event->value);
		return -1;
	}
	/* a line that floats is pulled low: nothing that it drives is on */
	if (kind == MN_BENCH_OUTPUT || kind == MN_BENCH_FLOATS)
		output(w, m, event);
	if ((event->what & MN_BENCH_INDEX) != w->board->pwm)
		return 0;
	if (kind == MN_BENCH_PWM_PERIOD)
		w->pwm_period = event->value;
	else if (kind == MN_BENCH_PWM_DUTY)
		w->pwm_duty = event->value;
	else if (kind == MN_BENCH_PWM_STATE)
		gh_pwm(m, w->pwm_period, w->pwm_duty, event->value & MN_BENCH_PWM_ON, event->ns);
	return 0;
}

int gh_wires_read(struct gh_wires *w, struct gh_machine *m)
{
	struct mn_bench_event events[EVENTS];
	ssize_t size;

	while ((size = read(w->fd, events, sizeof(events))) > 0) {
		for (size_t n = 0; n < (size_t)size / sizeof(events[0]); n++) {
			if (take(w, m, &events[n]))
				return -1;
		}
	}
	if (size < 0 && errno != EAGAIN && errno != EINTR) {
		perror("reading from the board");
		return -1;
	}
	return w->failed ? -1 : 0;
}

void gh_wires_quiet(struct gh_wires *w, const struct gh_machine *m)
{
	/* two edges each; the second one of the step before may be yet to come */
	uint32_t quiet = 2 * gh_idle_steps(m);
	struct mn_bench_event event = { .what = MN_BENCH_QUIET | w->board->line[GH_STEP] };

	if (quiet > QUIET_MOST)
		quiet = QUIET_MOST;
	if (quiet == w->quiet && !w->stepped)
		return;
	w->quiet = quiet;
	w->stepped = false;
	event.value = quiet;
	if (write(w->fd, &event, sizeof(event)) != sizeof(event)) {
		fprintf(stderr, "the board does not take a wish for quiet: %s\n", strerror(errno));
		w->failed = true;
	}
}
