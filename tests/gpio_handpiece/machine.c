// SPDX-License-Identifier: GPL-2.0-or-later
/* Power stage and one-shot, the order of events, and injections. */
#include "machine.h"

#include <string.h>

static bool one_shot(const struct gh_machine *m, uint64_t at)
{
	return at < m->one_shot_until_ns;
}

/* What the power stage takes over from the PWM */
static void take_duty(struct gh_machine *m, uint64_t at)
{
	struct hp_injection *stuck = hp_faults_active(&m->faults, GH_PWM_STUCK);
	double duty = m->pwm_on && m->pwm_period ? (double)m->pwm_duty / m->pwm_period : 0.0;

	if (stuck) {
		if (duty < m->duty || duty > m->duty)
			hp_faults_effect(stuck, at, "PWM stays at %d permille, not %d",
					 (int)(m->duty * 1000.0), (int)(duty * 1000.0));
		return;
	}
	m->duty = duty;
}

/* Whether the motor has power now, after anything that it depends on has changed */
static void decide(struct gh_machine *m, uint64_t at)
{
	struct hp_injection *stuck = hp_faults_active(&m->faults, GH_DRIVE_STUCK);
	struct hp_injection *unseen = hp_faults_active(&m->faults, GH_WATCHDOG_UNSEEN);
	/* a transistor that does not open needs no PWM */
	bool driven = m->duty > 0.0 || hp_faults_active(&m->faults, GH_RUNAWAY);
	bool drive = m->drive, power;

	if (stuck && !drive && m->power) {
		drive = true;
		if (one_shot(m, at))
			hp_faults_effect(stuck, at,
					 "the motor keeps its power without drive-enable");
	}
	power = drive && one_shot(m, at) && driven;
	if (unseen && drive && driven && !power)
		hp_faults_effect(unseen, at, "the one-shot gives the motor no power");
	if (power != m->power) {
		m->power = power;
		if (power) {
			m->stats.power.rise_ns = at;
			m->stats.power.rises++;
		} else {
			m->stats.power.fall_ns = at;
			m->stats.power.falls++;
		}
		hp_trace(m->trace, at, "power", "\"on\":%s", power ? "true" : "false");
	}
	gh_motor_driven(m, at);
}

void gh_init(struct gh_machine *m, const struct gh_board *board, const struct gh_world *world,
	     struct hp_trace *trace, int32_t position_steps, uint64_t now)
{
	memset(m, 0, sizeof(*m));
	m->board = *board;
	m->world = *world;
	m->trace = trace;
	m->now = now;
	hp_faults_init(&m->faults);
	gh_motor_init(m, now);
	gh_stop_init(m, position_steps, now);
	/* whatever was on the lines before, now they are as this is */
	for (unsigned int role = GH_HOME; role < GH_ROLES; role++)
		m->world.put(m->world.ctx, (enum gh_role)role, false, now);
	gh_switches_show(m, now);
}

static uint64_t injection_due(const struct gh_machine *m)
{
	uint64_t first = HP_NEVER;

	for (unsigned int n = 0; n < m->faults.count; n++) {
		const struct hp_injection *i = &m->faults.injection[n];

		if (i->state == HP_WAITING && i->at_ns < first)
			first = i->at_ns;
	}
	return first;
}

uint64_t gh_next(const struct gh_machine *m)
{
	uint64_t next = injection_due(m);

	if (m->motor.next_ns < next)
		next = m->motor.next_ns;
	if (m->motor.extra_ns < next)
		next = m->motor.extra_ns;
	if (one_shot(m, m->now) && m->one_shot_until_ns < next)
		next = m->one_shot_until_ns;
	return next;
}

static void activate(struct gh_machine *m, struct hp_injection *i, uint64_t at)
{
	i->state = HP_ACTIVE;
	hp_trace(m->trace, at, "inject", "\"id\":%u,\"fault\":\"%s\"", i->id,
		 hp_fault_infos[i->fault].name);
	gh_switches_show(m, at);
	decide(m, at);
}

static void expire(struct gh_machine *m, uint64_t at)
{
	struct hp_injection *unseen = hp_faults_active(&m->faults, GH_WATCHDOG_UNSEEN);

	if (m->drive) {
		m->stats.expired_ns = at;
		m->stats.expiries++;
	}
	if (unseen && m->power)
		hp_faults_effect(unseen, at, "the one-shot cut the motor's power");
	decide(m, at);
}

static void injections_due(struct gh_machine *m, uint64_t at)
{
	for (unsigned int n = 0; n < m->faults.count; n++) {
		struct hp_injection *i = &m->faults.injection[n];

		if (i->state == HP_WAITING &&
		    (i->by_strokes ? (int32_t)(m->stats.strokes - i->after_number) >= 0
				   : i->at_ns <= at))
			activate(m, i, at);
	}
}

void gh_advance(struct gh_machine *m, uint64_t now)
{
	uint64_t at;

	while ((at = gh_next(m)) <= now) {
		bool alive = one_shot(m, m->now);

		if (at > m->now)
			m->now = at;
		if (alive && m->one_shot_until_ns <= m->now)
			expire(m, m->now);
		if (m->motor.extra_ns <= m->now)
			gh_motor_extra(m, m->now);
		if (m->motor.next_ns <= m->now)
			gh_motor_deepest(m, m->now);
		injections_due(m, m->now);
	}
	if (now > m->now)
		m->now = now;
}

static void watchdog(struct gh_machine *m, uint64_t at)
{
	if (m->drive && at - m->stats.watchdog_ns > m->stats.watchdog_gap_ns)
		m->stats.watchdog_gap_ns = at - m->stats.watchdog_ns;
	m->stats.watchdog_ns = at;
	m->stats.watchdog_edges++;
	if (hp_faults_active(&m->faults, GH_WATCHDOG_UNSEEN))
		return;
	m->one_shot_until_ns = at + m->board.lease_ms * HP_MS;
	if (!m->power)
		decide(m, at);
}

void gh_output(struct gh_machine *m, enum gh_role role, bool level, uint64_t at)
{
	bool active = level != m->board.active_low[role];

	gh_advance(m, at);
	switch (role) {
	case GH_DRIVE_ENABLE:
		if (active == m->drive)
			break;
		m->drive = active;
		if (active) {
			m->stats.drive.rise_ns = at;
			m->stats.drive.rises++;
		} else {
			m->stats.drive.fall_ns = at;
			m->stats.drive.falls++;
		}
		hp_trace(m->trace, at, "drive_enable", "\"on\":%s", active ? "true" : "false");
		decide(m, m->now);
		break;
	case GH_WATCHDOG:
		watchdog(m, m->now);
		break;
	case GH_STEP:
		if (active)
			gh_stop_step(m, m->now);
		break;
	case GH_DIR:
		m->dir = active;
		break;
	default:
		break;
	}
}

void gh_pwm(struct gh_machine *m, uint32_t period, uint32_t duty, bool on, uint64_t at)
{
	gh_advance(m, at);
	m->pwm_period = period;
	m->pwm_duty = duty;
	m->pwm_on = on;
	m->stats.pwm_ns = at;
	m->stats.pwm_changes++;
	take_duty(m, m->now);
	decide(m, m->now);
}

void gh_load(struct gh_machine *m, uint32_t load, uint64_t now)
{
	gh_advance(m, now);
	m->load = load;
	gh_motor_driven(m, m->now);
}

bool gh_inject(struct gh_machine *m, const struct hp_injecting *what, uint64_t now, uint32_t *id)
{
	struct hp_injection *i;

	gh_advance(m, now);
	i = hp_faults_add(&m->faults, what->fault, &what->params);
	if (!i)
		return false;
	*id = i->id;
	if (what->by_strokes) {
		i->by_strokes = true;
		i->after_number = m->stats.strokes + what->after_strokes;
	} else if (what->at_ns > now) {
		i->at_ns = what->at_ns;
	} else {
		activate(m, i, m->now);
	}
	return true;
}

void gh_clear_injections(struct gh_machine *m, uint64_t now)
{
	gh_advance(m, now);
	for (unsigned int n = 0; n < m->faults.count; n++)
		m->faults.injection[n].state = HP_OVER;
	take_duty(m, m->now);
	gh_switches_show(m, m->now);
	decide(m, m->now);
	hp_trace(m->trace, now, "clear_injections", "\"all\":true");
}
