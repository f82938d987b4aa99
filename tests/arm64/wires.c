// SPDX-License-Identifier: GPL-2.0-or-later
#include "wires.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "mn_bench.h"

#define EVENTS 256 /* at a time */

int wires_open(struct wires *w)
{
	*w = (struct wires){ .fd = -1 };
	if (gh_board_read(&w->board, "/proc/device-tree", NULL))
		return -1;
	w->fd = open("/dev/" MN_BENCH_NODE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (w->fd < 0) {
		perror("/dev/" MN_BENCH_NODE);
		return -1;
	}
	wires_read(w);
	wires_forget(w);
	return 0;
}

void wires_close(struct wires *w)
{
	close(w->fd);
	w->fd = -1;
}

static void move(struct edges *line, bool high, uint64_t ns)
{
	if (high && !line->high) {
		line->rises++;
		line->rise_ns = ns;
	} else if (!high && line->high) {
		line->falls++;
		line->fall_ns = ns;
	}
	line->high = high;
}

static void take(struct wires *w, const struct mn_bench_event *event)
{
	uint32_t kind = event->what & MN_BENCH_KIND, number = event->what & MN_BENCH_INDEX;

	if (kind == MN_BENCH_LOST)
		w->lost = true;
	if (kind != MN_BENCH_OUTPUT && kind != MN_BENCH_FLOATS && kind != MN_BENCH_INPUT)
		return;
	for (unsigned int role = 0; role < GH_ROLES; role++) {
		if (w->board.line[role] != number)
			continue;
		/* what floats is pulled low */
		move(&w->line[role], kind != MN_BENCH_FLOATS && event->value, event->ns);
		w->line[role].floats = kind == MN_BENCH_FLOATS;
	}
}

void wires_read(struct wires *w)
{
	struct mn_bench_event events[EVENTS];
	ssize_t size;

	while ((size = read(w->fd, events, sizeof(events))) > 0) {
		for (size_t n = 0; n < (size_t)size / sizeof(events[0]); n++)
			take(w, &events[n]);
	}
}

void wires_forget(struct wires *w)
{
	for (unsigned int role = 0; role < GH_ROLES; role++) {
		struct edges *line = &w->line[role];

		*line = (struct edges){ .high = line->high, .floats = line->floats };
	}
}

bool wires_put(struct wires *w, enum gh_role role, bool active, uint64_t at_ns)
{
	const struct mn_bench_event event = {
		.ns = at_ns,
		.what = w->board.line[role],
		.value = active != w->board.active_low[role],
	};

	return write(w->fd, &event, sizeof(event)) == sizeof(event);
}
