// SPDX-License-Identifier: GPL-2.0-or-later
/* The needle motor: first order toward what its power asks for, and a pulse at each deepest point. */
#include <math.h>

#include "machine.h"

#define TAU_S 0.040 /* its own */
#define RUNAWAY_TAU_S 0.015
#define BRAKE_TAU_S 0.012 /* the power stage shorts it when it has no power */
#define STANDS_HZ 1.0 /* friction holds it below */
#define LOAD_LOSS 0.35 /* of its speed, with all the load that there is */
#define PULSE_NS (300 * UINT64_C(1000))
#define FASTER 0.9 /* a period so much shorter than asked for shows a runaway */

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static double rate_hz(const struct gh_motor *motor, uint64_t at)
{
	double decay = exp(-seconds(at - motor->since_ns) / motor->tau_s);
	double hz = motor->target_hz + (motor->from_hz - motor->target_hz) * decay;

	return motor->target_hz <= 0.0 && hz < STANDS_HZ ? 0.0 : hz;
}

/* How long it turns yet, if nothing drives it */
static double runs_for_s(const struct gh_motor *motor)
{
	return motor->from_hz > STANDS_HZ ? motor->tau_s * log(motor->from_hz / STANDS_HZ) : 0.0;
}

static double phase_after(const struct gh_motor *motor, double s)
{
	if (motor->target_hz <= 0.0)
		s = fmin(s, runs_for_s(motor));
	return motor->phase + motor->target_hz * s +
	       (motor->from_hz - motor->target_hz) * motor->tau_s * (1.0 - exp(-s / motor->tau_s));
}

/* When it reaches that phase: not long after the last stroke, however long it was driven so */
static uint64_t when(const struct gh_motor *motor, double phase)
{
	double low = 0.0, high = 1.0 / STANDS_HZ;

	if (motor->last_ns > motor->since_ns)
		high += seconds(motor->last_ns - motor->since_ns);
	if (phase_after(motor, high) < phase)
		return HP_NEVER;
	while (high - low > 1e-10) {
		double middle = (low + high) / 2.0;

		if (phase_after(motor, middle) < phase)
			low = middle;
		else
			high = middle;
	}
	return motor->since_ns + (uint64_t)(high * 1e9);
}

static double asked_hz(const struct gh_machine *m)
{
	return m->power ? m->board.full_mhz / 1000.0 * m->duty : 0.0;
}

static void pulse(struct gh_machine *m, uint64_t at)
{
	m->world.put(m->world.ctx, GH_STROKE, true, at);
	m->world.put(m->world.ctx, GH_STROKE, false, at + PULSE_NS);
}

/* The next pulse is given to the board in advance, so that it comes at its very time */
static void plan(struct gh_machine *m, uint64_t at)
{
	struct gh_motor *motor = &m->motor;

	m->world.take_back(m->world.ctx, GH_STROKE, at + 1);
	if (motor->high_until_ns > at)
		m->world.put(m->world.ctx, GH_STROKE, false, motor->high_until_ns);
	motor->next_ns = when(motor, motor->next_phase);
	motor->extra_ns = HP_NEVER;
	if (motor->next_ns == HP_NEVER)
		return;
	if (!hp_faults_active(&m->faults, GH_PULSE_LOSS))
		pulse(m, motor->next_ns);
	if (hp_faults_active(&m->faults, GH_EXTRA_PULSES)) {
		motor->extra_ns = (motor->last_ns + motor->next_ns) / 2;
		if (motor->extra_ns > motor->high_until_ns && motor->extra_ns > at)
			pulse(m, motor->extra_ns);
		else
			motor->extra_ns = HP_NEVER;
	}
}

void gh_motor_init(struct gh_machine *m, uint64_t now)
{
	m->motor = (struct gh_motor){
		.since_ns = now,
		.tau_s = BRAKE_TAU_S,
		.next_ns = HP_NEVER,
		.next_phase = 0.5,
		.extra_ns = HP_NEVER,
	};
}

void gh_motor_driven(struct gh_machine *m, uint64_t at)
{
	struct hp_injection *runaway = hp_faults_active(&m->faults, GH_RUNAWAY);
	struct hp_injection *stall = hp_faults_active(&m->faults, GH_STALL);
	struct gh_motor *motor = &m->motor;
	double hz = rate_hz(motor, at);

	motor->phase = phase_after(motor, seconds(at - motor->since_ns));
	motor->since_ns = at;
	motor->from_hz = hz;
	motor->target_hz = asked_hz(m) * (1.0 - LOAD_LOSS * m->load / 1000.0);
	motor->tau_s = m->power ? TAU_S : BRAKE_TAU_S;
	if (runaway && m->power) {
		motor->target_hz = runaway->params.mhz / 1000.0;
		motor->tau_s = RUNAWAY_TAU_S;
	}
	if (stall) {
		if (hz > 0.0 || m->power)
			hp_faults_effect(stall, at, "stalled at %u mHz after %u strokes",
					 (unsigned int)(hz * 1000.0), m->stats.strokes);
		motor->from_hz = 0.0;
		motor->target_hz = 0.0;
	}
	plan(m, at);
}

static void count_pulse(struct gh_machine *m, uint64_t at)
{
	m->stats.pulses++;
	m->motor.high_until_ns = at + PULSE_NS;
}

void gh_motor_extra(struct gh_machine *m, uint64_t at)
{
	struct hp_injection *i = hp_faults_active(&m->faults, GH_EXTRA_PULSES);

	m->motor.extra_ns = HP_NEVER;
	count_pulse(m, at);
	if (!i)
		return;
	hp_faults_effect(i, at, "a pulse without a stroke, after stroke %u", m->stats.strokes);
	hp_faults_spend(i);
}

void gh_motor_deepest(struct gh_machine *m, uint64_t at)
{
	struct hp_injection *loss = hp_faults_active(&m->faults, GH_PULSE_LOSS);
	struct hp_injection *runaway = hp_faults_active(&m->faults, GH_RUNAWAY);
	struct gh_motor *motor = &m->motor;
	uint64_t period = motor->last_ns ? at - motor->last_ns : 0;

	m->stats.strokes++;
	m->stats.stroke_ns = at;
	m->stats.period_us = (uint32_t)(period / 1000);
	hp_trace(m->trace, at, "stroke", "\"number\":%u", m->stats.strokes);
	if (loss) {
		hp_faults_effect(loss, at, "stroke %u without a pulse", m->stats.strokes);
		hp_faults_spend(loss);
	} else {
		count_pulse(m, at);
	}
	if (runaway && m->power && period && seconds(period) * asked_hz(m) < FASTER)
		hp_faults_effect(runaway, at, "period %u us", m->stats.period_us);
	motor->last_ns = at;
	motor->next_phase += 1.0;
	plan(m, at);
}

uint32_t gh_rate_mhz(const struct gh_machine *m, uint64_t now)
{
	return (uint32_t)(rate_hz(&m->motor, now) * 1000.0 + 0.5);
}
