// SPDX-License-Identifier: GPL-2.0-or-later
/* The depth stop: a spindle with backlash between home and the depth end, turned by a stepper. */
#include "machine.h"

#define BEYOND_STEPS 30 /* how far past its switches it goes until it is blocked */

int32_t gh_position_steps(const struct gh_machine *m)
{
	return m->stop.motor_steps - m->stop.slack_steps;
}

static void switches(struct gh_machine *m, uint64_t at)
{
	int32_t position = gh_position_steps(m);

	if (position <= 0 && !m->sw[GH_HOME].active)
		hp_trace(m->trace, at, "home", "\"counted\":%d", m->stop.counted_steps);
	m->sw[GH_HOME].active = position <= 0;
	m->sw[GH_DEPTH_END].active = position >= (int32_t)m->board.travel_steps;
	if (position > m->stats.deepest_steps)
		m->stats.deepest_steps = position;
}

void gh_stop_init(struct gh_machine *m, int32_t position_steps, uint64_t now)
{
	m->stop.counted_steps = position_steps;
	m->stop.motor_steps = position_steps;
	gh_reset_deepest(m);
	switches(m, now);
}

static void turn(struct gh_machine *m, bool deeper)
{
	struct gh_stop *stop = &m->stop;
	int32_t position = gh_position_steps(m);

	if (deeper) {
		if (stop->slack_steps < (int32_t)m->board.backlash_steps)
			stop->slack_steps++;
		else if (position >= (int32_t)m->board.travel_steps + BEYOND_STEPS)
			goto blocked;
		stop->motor_steps++;
	} else {
		if (stop->slack_steps > 0)
			stop->slack_steps--;
		else if (position <= -BEYOND_STEPS)
			goto blocked;
		stop->motor_steps--;
	}
	return;
blocked:
	m->stats.steps_lost++;
}

void gh_stop_step(struct gh_machine *m, uint64_t at)
{
	struct hp_injection *lost = hp_faults_active(&m->faults, GH_LOST_STEPS);

	if (m->dir)
		m->stats.steps_deeper++;
	else
		m->stats.steps_home++;
	if (m->drive)
		m->stats.steps_driven++;
	m->stats.step_ns = at;
	m->stop.counted_steps += m->dir ? 1 : -1;
	if (m->stop.counted_steps > m->stats.deepest_counted)
		m->stats.deepest_counted = m->stop.counted_steps;
	if (lost) {
		m->stats.steps_lost++;
		hp_faults_effect(lost, at, "step toward %s at %d did not turn it",
				 m->dir ? "deeper" : "home", gh_position_steps(m));
		hp_faults_spend(lost);
		return;
	}
	turn(m, m->dir);
	switches(m, at);
	gh_switches_show(m, at);
}

static int32_t least(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

uint32_t gh_idle_steps(const struct gh_machine *m)
{
	int32_t travel = (int32_t)m->board.travel_steps, position = gh_position_steps(m);
	int32_t taken = m->stop.slack_steps, play = (int32_t)m->board.backlash_steps - taken;
	int32_t home = position > 0 ? taken + position : play + 1 - position;
	int32_t end = position < travel ? play + travel - position : taken + position - travel + 1;

	/* what is injected shows its effect at its step */
	for (unsigned int n = 0; n < m->faults.count; n++) {
		if (m->faults.injection[n].state != HP_OVER)
			return 0;
	}
	/* the next one after these may reach a switch, or leave it */
	return (uint32_t)least(home, end) - 1;
}

void gh_reset_deepest(struct gh_machine *m)
{
	m->stats.deepest_steps = gh_position_steps(m);
	m->stats.deepest_counted = m->stop.counted_steps;
}
