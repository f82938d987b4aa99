// SPDX-License-Identifier: GPL-2.0-or-later
#include "fault_table.h"

const unsigned int hp_fault_kinds = GH_FAULTS;

#define SWITCHES                                                                                   \
	{                                                                                          \
		HP_W_HOME, HP_W_DEPTH_END, HP_W_EMERGENCY_STOP, HP_W_FOOT_SWITCH, HP_W_CARTRIDGE   \
	}

const struct hp_fault_info hp_fault_infos[] = {
	[GH_LOST_STEPS] = {
		.name = "lost_steps",
		.takes = HP_P_COUNT,
		.defaults = { .count = 20 },
	},
	[GH_SWITCH_STUCK] = {
		.name = "switch_stuck",
		.takes = HP_P_WHICH | HP_P_HOW,
		.defaults = { .which = HP_W_HOME, .how = HP_W_OPEN },
		.which = SWITCHES,
		.how = { HP_W_OPEN, HP_W_CLOSED },
	},
	[GH_SWITCH_BOUNCE] = {
		.name = "switch_bounce",
		.takes = HP_P_WHICH | HP_P_MS | HP_P_COUNT,
		.defaults = { .which = HP_W_HOME, .ms = 5, .count = 1 },
		.which = SWITCHES,
	},
	[GH_PULSE_LOSS] = {
		.name = "pulse_loss",
		.takes = HP_P_STROKES,
		.defaults = { .strokes = 1 },
	},
	[GH_EXTRA_PULSES] = {
		.name = "extra_pulses",
		.takes = HP_P_STROKES,
		.defaults = { .strokes = 1 },
	},
	[GH_RUNAWAY] = {
		.name = "runaway",
		.takes = HP_P_MHZ,
		.defaults = { .mhz = 250000 },
	},
	[GH_STALL] = {
		.name = "stall",
	},
	[GH_PWM_STUCK] = {
		.name = "pwm_stuck",
	},
	[GH_DRIVE_STUCK] = {
		.name = "drive_stuck",
	},
	[GH_WATCHDOG_UNSEEN] = {
		.name = "watchdog_unseen",
	},
};
