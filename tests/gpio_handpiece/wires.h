/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/mn-bench: what the board does goes to the machine, what the machine does to the board. */
#ifndef GH_WIRES_H
#define GH_WIRES_H

#include "machine.h"

struct gh_wires {
	int fd; /* -1: closed */
	const struct gh_board *board;
	uint32_t pwm_period, pwm_duty; /* of a change that is not whole yet */
	uint32_t quiet; /* edges of the step line that wake nobody, as the board was told last */
	bool stepped; /* some of them were read since */
	bool failed; /* a stimulus could not be given: what follows is not to be believed */
};

/* 0 or -1, with a message */
int gh_wires_open(struct gh_wires *w, const char *path, const struct gh_board *board);
/* For the machine; a struct gh_wires is the ctx */
void gh_wires_put(void *ctx, enum gh_role role, bool active, uint64_t at_ns);
void gh_wires_take_back(void *ctx, enum gh_role role, uint64_t from_ns);
/* All that there is to read, to the machine. 0 or -1, with a message */
int gh_wires_read(struct gh_wires *w, struct gh_machine *m);
/* Until a step matters nobody needs to be woken for it. After each turn of the loop */
void gh_wires_quiet(struct gh_wires *w, const struct gh_machine *m);

#endif /* GH_WIRES_H */
