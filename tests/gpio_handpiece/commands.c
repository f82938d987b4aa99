// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#define BOUNCE_EDGES 6
#define BOUNCE_EDGES_MAX 64

static void put(json_t *o, const char *key, int64_t value)
{
	json_object_set_new(o, key, json_integer(value));
}

static void put_bool(json_t *o, const char *key, bool value)
{
	json_object_set_new(o, key, json_boolean(value));
}

static json_t *state(void *ctx, const json_t *request, uint64_t now)
{
	const struct gh_machine *m = ctx;
	json_t *o = hp_answer(now), *cartridge = json_object();

	(void)request;
	json_object_set_new(o, "serial", json_string(m->board.serial));
	put_bool(o, "foot_switch", m->sw[GH_FOOT_SWITCH].active);
	put_bool(o, "emergency_stop", m->sw[GH_EMERGENCY_STOP].active);
	put_bool(cartridge, "present", m->sw[GH_CARTRIDGE].active);
	json_object_set_new(o, "cartridge", cartridge);
	put_bool(o, "drive_enable", m->drive);
	put_bool(o, "one_shot", now < m->one_shot_until_ns);
	put_bool(o, "power", m->power);
	put(o, "duty_permille", (int64_t)(m->duty * 1000.0 + 0.5));
	put(o, "rate_mhz", gh_rate_mhz(m, now));
	put_bool(o, "turning", gh_rate_mhz(m, now) > 0);
	put(o, "position_steps", gh_position_steps(m));
	put(o, "counted_steps", m->stop.counted_steps);
	put(o, "position_um", (int64_t)gh_position_steps(m) * m->board.step_um);
	put_bool(o, "home", m->sw[GH_HOME].active);
	put_bool(o, "depth_end", m->sw[GH_DEPTH_END].active);
	put(o, "strokes", m->stats.strokes);
	put(o, "load", m->load);
	return o;
}

static json_t *edges(const struct gh_edge_stats *s)
{
	json_t *o = json_object();

	put(o, "rise_ns", (int64_t)s->rise_ns);
	put(o, "fall_ns", (int64_t)s->fall_ns);
	put(o, "rises", s->rises);
	put(o, "falls", s->falls);
	return o;
}

static json_t *steps(const struct gh_stats *s)
{
	json_t *o = json_object();

	put(o, "deeper", s->steps_deeper);
	put(o, "home", s->steps_home);
	put(o, "driven", s->steps_driven);
	put(o, "lost", s->steps_lost);
	put(o, "deepest", s->deepest_steps);
	put(o, "deepest_counted", s->deepest_counted);
	put(o, "last_ns", (int64_t)s->step_ns);
	return o;
}

static json_t *watchdog(const struct gh_stats *s)
{
	json_t *o = json_object();

	put(o, "edges", s->watchdog_edges);
	put(o, "last_ns", (int64_t)s->watchdog_ns);
	put(o, "longest_gap_ns", (int64_t)s->watchdog_gap_ns);
	put(o, "expiries", s->expiries);
	put(o, "expired_ns", (int64_t)s->expired_ns);
	return o;
}

static json_t *pwm(const struct gh_machine *m)
{
	json_t *o = json_object();

	put(o, "changes", m->stats.pwm_changes);
	put(o, "last_ns", (int64_t)m->stats.pwm_ns);
	put(o, "period_ns", m->pwm_period);
	put(o, "duty_ns", m->pwm_duty);
	put_bool(o, "on", m->pwm_on);
	return o;
}

static json_t *stats(void *ctx, const json_t *request, uint64_t now)
{
	struct gh_machine *m = ctx;
	const json_t *reset = json_object_get(request, "reset_deepest");
	json_t *o = hp_answer(now);

	json_object_set_new(o, "drive_enable", edges(&m->stats.drive));
	json_object_set_new(o, "power", edges(&m->stats.power));
	json_object_set_new(o, "steps", steps(&m->stats));
	json_object_set_new(o, "watchdog", watchdog(&m->stats));
	json_object_set_new(o, "pwm", pwm(m));
	put(o, "strokes", m->stats.strokes);
	put(o, "pulses", m->stats.pulses);
	put(o, "stroke_ns", (int64_t)m->stats.stroke_ns);
	put(o, "period_us", m->stats.period_us);
	put(o, "insertions", m->stats.insertions);
	if (json_is_true(reset))
		gh_reset_deepest(m);
	return o;
}

static json_t *set(void *ctx, const json_t *request, uint64_t now)
{
	const char *name = json_string_value(json_object_get(request, "input"));
	const json_t *value = json_object_get(request, "value");
	int64_t bounce_ms = 0, count = BOUNCE_EDGES;
	struct gh_machine *m = ctx;
	enum gh_role role;

	if (name && !strcmp(name, "foot_switch"))
		role = GH_FOOT_SWITCH;
	else if (name && !strcmp(name, "emergency_stop"))
		role = GH_EMERGENCY_STOP;
	else
		return hp_answer_error(now, "\"input\" is \"foot_switch\" or \"emergency_stop\"");
	if (m->board.line[role] == GH_NO_LINE)
		return hp_answer_error(now, "the device tree declares no %s-gpios",
				       gh_role_name(role));
	if (!json_is_boolean(value))
		return hp_answer_error(now, "\"value\" is true or false");
	if (!hp_member(request, "bounce_ms", 1, 1000, &bounce_ms) ||
	    !hp_member(request, "edges", 2, BOUNCE_EDGES_MAX, &count) || count % 2)
		return hp_answer_error(now, "\"bounce_ms\" is 1..1000, \"edges\" even, 2..%d",
				       BOUNCE_EDGES_MAX);
	gh_switch_set(m, role, json_is_true(value), now);
	if (bounce_ms)
		gh_switch_bounce(m, role, (uint32_t)bounce_ms, (uint32_t)count, now);
	return hp_answer(now);
}

static json_t *cartridge(void *ctx, const json_t *request, uint64_t now)
{
	const char *action = json_string_value(json_object_get(request, "action"));
	struct gh_machine *m = ctx;
	bool insert;

	if (!action || (strcmp(action, "insert") && strcmp(action, "remove")))
		return hp_answer_error(now, "\"action\" is \"insert\" or \"remove\"");
	insert = !strcmp(action, "insert");
	if (insert == m->sw[GH_CARTRIDGE].active)
		return hp_answer_error(now, insert ? "a cartridge is in already: remove it"
						   : "there is no cartridge: insert one");
	m->stats.insertions++;
	gh_switch_set(m, GH_CARTRIDGE, insert, now);
	return hp_answer(now);
}

static json_t *skin(void *ctx, const json_t *request, uint64_t now)
{
	struct gh_machine *m = ctx;
	int64_t load = m->load;

	if (!hp_member(request, "load", 0, 1000, &load))
		return hp_answer_error(now, "\"load\" is 0..1000");
	gh_load(m, (uint32_t)load, now);
	return hp_answer(now);
}

static json_t *mark_stamp(void *ctx, const json_t *request, uint64_t now)
{
	const json_t *name = json_object_get(request, "name");
	const struct gh_machine *m = ctx;
	char *text;

	if (!json_is_string(name))
		return hp_answer_error(now, "\"name\" says what the stamp is for");
	text = json_dumps(name, JSON_ENCODE_ANY);
	hp_trace(m->trace, now, "stamp", "\"name\":%s", text ? text : "\"\"");
	free(text);
	hp_trace_flush(m->trace);
	return hp_answer(now);
}

const struct hp_command gh_commands[] = {
	{ "state", " cmd ", state },
	{ "stats", " cmd reset_deepest ", stats },
	{ "set", " cmd input value bounce_ms edges ", set },
	{ "cartridge", " cmd action ", cartridge },
	{ "skin", " cmd load ", skin },
	{ "mark_stamp", " cmd name ", mark_stamp },
	{ NULL, NULL, NULL },
};

void gh_commands_advance(void *ctx, uint64_t now)
{
	gh_advance(ctx, now);
}

bool gh_commands_inject(void *ctx, const struct hp_injecting *what, uint64_t now, uint32_t *id)
{
	return gh_inject(ctx, what, now, id);
}

void gh_commands_clear(void *ctx, uint64_t now)
{
	gh_clear_injections(ctx, now);
}
