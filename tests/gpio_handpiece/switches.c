// SPDX-License-Identifier: GPL-2.0-or-later
/* Switches: what they are in truth, and what the board sees of them. */
#include "machine.h"

#define BOUNCE_EDGES 6 /* of an injected bounce */

static const struct {
	enum gh_role role;
	enum hp_word word;
} switches[] = {
	{ GH_HOME, HP_W_HOME },
	{ GH_DEPTH_END, HP_W_DEPTH_END },
	{ GH_CARTRIDGE, HP_W_CARTRIDGE },
	{ GH_EMERGENCY_STOP, HP_W_EMERGENCY_STOP },
	{ GH_FOOT_SWITCH, HP_W_FOOT_SWITCH },
};

/* The active injection of this fault to this switch */
static struct hp_injection *injected(struct gh_machine *m, unsigned int fault, enum hp_word which)
{
	for (unsigned int n = 0; n < m->faults.count; n++) {
		struct hp_injection *i = &m->faults.injection[n];

		if (i->state == HP_ACTIVE && i->fault == fault && i->params.which == which)
			return i;
	}
	return NULL;
}

/* An even number of further edges, evenly spread: it ends as it is */
static void bounce(struct gh_machine *m, enum gh_role role, uint32_t ms, uint32_t edges,
		   uint64_t at)
{
	for (uint32_t n = 1; n <= edges; n++)
		m->world.put(m->world.ctx, role, m->sw[role].shown == !(n % 2),
			     at + ms * HP_MS * n / edges);
}

static void show(struct gh_machine *m, enum gh_role role, enum hp_word word, uint64_t at)
{
	struct hp_injection *stuck = injected(m, GH_SWITCH_STUCK, word);
	struct hp_injection *bounces = injected(m, GH_SWITCH_BOUNCE, word);
	struct gh_switch *sw = &m->sw[role];
	/* the emergency stop is pressed when its contact is open */
	bool opened = role == GH_EMERGENCY_STOP;
	bool shown = stuck ? (stuck->params.how == HP_W_CLOSED) != opened : sw->active;

	if (stuck && shown != sw->active)
		hp_faults_effect(stuck, at, "%s reads as if %s, but is not", gh_role_name(role),
				 hp_word_name(stuck->params.how));
	if (shown == sw->shown)
		return;
	sw->shown = shown;
	/* what it bounced yet it does no more */
	m->world.take_back(m->world.ctx, role, at + 1);
	m->world.put(m->world.ctx, role, shown, at);
	hp_trace(m->trace, at, "switch", "\"name\":\"%s\",\"active\":%s", gh_role_name(role),
		 shown ? "true" : "false");
	if (!bounces)
		return;
	bounce(m, role, bounces->params.ms, BOUNCE_EDGES, at);
	hp_faults_effect(bounces, at, "%s bounces %d times, now %s", gh_role_name(role),
			 BOUNCE_EDGES, shown ? "active" : "inactive");
	hp_faults_spend(bounces);
}

void gh_switches_show(struct gh_machine *m, uint64_t at)
{
	for (unsigned int n = 0; n < sizeof(switches) / sizeof(switches[0]); n++)
		show(m, switches[n].role, switches[n].word, at);
}

void gh_switch_set(struct gh_machine *m, enum gh_role role, bool active, uint64_t now)
{
	m->sw[role].active = active;
	gh_switches_show(m, now);
}

void gh_switch_bounce(struct gh_machine *m, enum gh_role role, uint32_t ms, uint32_t edges,
		      uint64_t now)
{
	bounce(m, role, ms, edges, now);
}
