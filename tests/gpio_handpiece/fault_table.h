/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The faults of the GPIO handpiece; where each acts stands in machine.c, motor.c, stop.c and
 * switches.c.
 */
#ifndef GH_FAULT_TABLE_H
#define GH_FAULT_TABLE_H

#include "faults.h"

enum gh_fault {
	GH_LOST_STEPS,
	GH_SWITCH_STUCK,
	GH_SWITCH_BOUNCE,
	GH_PULSE_LOSS,
	GH_EXTRA_PULSES,
	GH_RUNAWAY,
	GH_STALL,
	GH_PWM_STUCK,
	GH_DRIVE_STUCK,
	GH_WATCHDOG_UNSEEN,
	GH_FAULTS
};

#endif /* GH_FAULT_TABLE_H */
