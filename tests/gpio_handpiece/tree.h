/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the board's device tree says of the handpiece: the model plays the one that is described. */
#ifndef GH_TREE_H
#define GH_TREE_H

#include <stdbool.h>
#include <stdint.h>

/* What is at the other end of a line */
enum gh_role {
	GH_DRIVE_ENABLE,
	GH_WATCHDOG,
	GH_STEP,
	GH_DIR,
	GH_HOME,
	GH_DEPTH_END,
	GH_STROKE,
	GH_EMERGENCY_STOP,
	GH_CARTRIDGE,
	GH_FOOT_SWITCH,
	GH_ROLES
};

#define GH_NO_LINE UINT32_MAX

struct gh_board {
	char serial[32];
	uint32_t line[GH_ROLES]; /* GH_NO_LINE: not connected */
	bool active_low[GH_ROLES];
	uint32_t pwm;
	uint32_t full_mhz; /* strokes at 100 % duty */
	uint32_t step_um;
	uint32_t backlash_steps, travel_steps;
	uint32_t lease_ms;
};

const char *gh_role_name(enum gh_role role);
/* @serial: which of several, or NULL. 0 or -1, with a message */
int gh_board_read(struct gh_board *b, const char *base, const char *serial);

#endif /* GH_TREE_H */
