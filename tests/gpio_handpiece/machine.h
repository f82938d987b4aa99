/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is connected to the board: needle motor with its power stage and one-shot, depth stop,
 * switches, cartridge, foot switch.
 *
 * A pure library: no I/O and no clock. It is told what the board did and when (in the order of
 * time), says through struct gh_world what it does to the board's inputs, and gh_next() says when to
 * call gh_advance() again.
 */
#ifndef GH_MACHINE_H
#define GH_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "fault_table.h"
#include "moment.h"
#include "trace.h"
#include "tree.h"

/* To the board's inputs, as active or not. @at_ns not after now: at once */
struct gh_world {
	void *ctx;
	void (*put)(void *ctx, enum gh_role role, bool active, uint64_t at_ns);
	/* what was put from @from_ns on is not to happen */
	void (*take_back)(void *ctx, enum gh_role role, uint64_t from_ns);
};

/* rate(t) = target - (target - from) e^-(t - since)/tau */
struct gh_motor {
	uint64_t since_ns;
	double from_hz, target_hz, tau_s;
	double phase; /* at @since_ns; a stroke is at its deepest at each full number and a half */
	uint64_t next_ns; /* its next deepest point, HP_NEVER: none */
	double next_phase;
	uint64_t last_ns; /* its last one */
	uint64_t extra_ns; /* a pulse without a stroke, HP_NEVER: none */
	uint64_t high_until_ns; /* the pulse under way */
};

struct gh_stop {
	int32_t counted_steps; /* where it would be but for lost steps and backlash */
	int32_t motor_steps; /* the stepper's position; 0: where home begins */
	int32_t slack_steps; /* 0..backlash: how much of it is taken up toward deeper */
};

struct gh_switch {
	bool active; /* in truth: pressed, or what it senses is there */
	bool shown; /* the same, on the line */
};

struct gh_edge_stats {
	uint64_t rise_ns, fall_ns;
	uint32_t rises, falls;
};

struct gh_stats {
	struct gh_edge_stats drive;
	struct gh_edge_stats power; /* the motor's: drive, one-shot and PWM together */
	uint64_t pwm_ns; /* of its last change */
	uint32_t pwm_changes;
	uint64_t watchdog_ns;
	uint32_t watchdog_edges;
	uint64_t watchdog_gap_ns; /* the longest between two while drive-enable was high */
	uint64_t expired_ns; /* the one-shot, while drive-enable was high */
	uint32_t expiries;
	uint32_t steps_deeper, steps_home; /* on the lines, lost ones too */
	uint32_t steps_driven; /* of them while drive-enable was high */
	uint32_t steps_lost;
	int32_t deepest_steps; /* the stop's position, since it was reset */
	int32_t deepest_counted; /* likewise, as counted on the lines */
	uint64_t step_ns;
	uint32_t strokes;
	uint32_t pulses;
	uint64_t stroke_ns;
	uint32_t period_us; /* between the last two strokes */
	uint32_t insertions;
};

struct gh_machine {
	struct gh_board board;
	struct gh_world world;
	struct hp_trace *trace;
	struct hp_faults faults;
	uint64_t now;

	/* what the board does; levels as "active" */
	bool drive, dir;
	bool pwm_on;
	uint32_t pwm_period, pwm_duty;
	double duty; /* that the power stage has: 0..1 */
	uint64_t one_shot_until_ns; /* it lets the motor have power */

	uint32_t load; /* 0..1000 */
	bool power;
	struct gh_motor motor;
	struct gh_stop stop;
	struct gh_switch sw[GH_ROLES];
	struct gh_stats stats;
};

void gh_init(struct gh_machine *m, const struct gh_board *board, const struct gh_world *world,
	     struct hp_trace *trace, int32_t position_steps, uint64_t now);
/* HP_NEVER: nothing is due by itself */
uint64_t gh_next(const struct gh_machine *m);
void gh_advance(struct gh_machine *m, uint64_t now);

/* The board: an output line, or the PWM */
void gh_output(struct gh_machine *m, enum gh_role role, bool level, uint64_t at);
void gh_pwm(struct gh_machine *m, uint32_t period, uint32_t duty, bool on, uint64_t at);

/* The world */
void gh_switch_set(struct gh_machine *m, enum gh_role role, bool active, uint64_t now);
/* @edges further ones within @ms, an even number: it ends as it is */
void gh_switch_bounce(struct gh_machine *m, enum gh_role role, uint32_t ms, uint32_t edges,
		      uint64_t now);
void gh_load(struct gh_machine *m, uint32_t load, uint64_t now);
void gh_reset_deepest(struct gh_machine *m);
bool gh_inject(struct gh_machine *m, const struct hp_injecting *what, uint64_t now, uint32_t *id);
void gh_clear_injections(struct gh_machine *m, uint64_t now);

int32_t gh_position_steps(const struct gh_machine *m);
/* So many steps, in whatever direction, are nothing that the board's inputs or anybody waits for */
uint32_t gh_idle_steps(const struct gh_machine *m);
uint32_t gh_rate_mhz(const struct gh_machine *m, uint64_t now);

/* Between the parts of the machine */

/* motor.c */
void gh_motor_init(struct gh_machine *m, uint64_t now);
/* The power, or what else drives it, may have changed */
void gh_motor_driven(struct gh_machine *m, uint64_t at);
void gh_motor_deepest(struct gh_machine *m, uint64_t at);
void gh_motor_extra(struct gh_machine *m, uint64_t at);
/* switches.c: what is shown may have changed */
void gh_switches_show(struct gh_machine *m, uint64_t at);
/* stop.c */
void gh_stop_init(struct gh_machine *m, int32_t position_steps, uint64_t now);
void gh_stop_step(struct gh_machine *m, uint64_t at);

#endif /* GH_MACHINE_H */
