/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's ring: what the driver did on its lines, and when. */
#ifndef WIRES_H
#define WIRES_H

#include "tree.h"

/* One line, since it was last forgotten */
struct edges {
	unsigned int rises, falls;
	uint64_t rise_ns, fall_ns; /* the last ones */
	bool high, floats;
};

struct wires {
	struct gh_board board;
	struct edges line[GH_ROLES];
	int fd;
	bool lost;
};

/* 0 or -1, with a message */
int wires_open(struct wires *w);
void wires_close(struct wires *w);
void wires_read(struct wires *w);
/* What was counted; how a line stands is not forgotten */
void wires_forget(struct wires *w);
/* What reaches the driver: @role active or not, at its time or, with 0, at once */
bool wires_put(struct wires *w, enum gh_role role, bool active, uint64_t at_ns);

#endif /* WIRES_H */
