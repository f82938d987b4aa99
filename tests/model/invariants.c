// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must be true after every step. Limits are composed here once more, by themselves: the rules
 * are not asked whether they are right.
 */
#include "model.h"

static u32 least_of(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* The effective limit of @quantity; a source that applies and is not there is 0. */
static u32 limit_of(const struct mn_safety *s, unsigned int quantity)
{
	static const u32 ceilings[MN_QUANTITY_NR] = { MN_ABSOLUTE_DEPTH_UM, MN_CEILING_RATE_MHZ,
						      MN_CEILING_DOSE_STROKES, MN_CEILING_RUN_MS };
	u32 limit = least_of(ceilings[quantity], s->caps.limit[quantity]);

	if (quantity == MN_QUANTITY_DEPTH)
		limit = least_of(limit, s->ceiling_um);
	if (quantity != MN_QUANTITY_RUN_TIME)
		limit = s->tag.present && s->tag.readable ? least_of(limit, s->tag.limit[quantity])
							  : 0;
	limit = least_of(limit, s->keep.admin[quantity]);
	if (!(s->keep.session_present & BIT_OF(quantity)))
		return 0;
	return least_of(limit, s->keep.session[quantity]);
}

static u32 dose_left(const struct mn_safety *s)
{
	u32 limit = limit_of(s, MN_QUANTITY_DOSE);

	return limit > s->keep.dose ? limit - s->keep.dose : 0;
}

static bool fits(const struct mn_safety *s, const struct mn_set *set, u32 strokes)
{
	return set->depth.um <= limit_of(s, MN_QUANTITY_DEPTH) &&
	       set->rate.mhz <= limit_of(s, MN_QUANTITY_RATE) && strokes <= dose_left(s) &&
	       set->run.ms <= limit_of(s, MN_QUANTITY_RUN_TIME);
}

static bool happened(const struct step *t, enum mn_happening type)
{
	return t->what->type == type;
}

static bool entered(const struct step *t, enum mn_state state)
{
	return t->is->state == state && t->was->state != state;
}

static bool left(const struct step *t, enum mn_state state)
{
	return t->was->state == state && t->is->state != state;
}

/* ---- while it is ARMED or RUNNING ---- */

static bool controlled(const struct step *t)
{
	return !active(t->is) || t->is->controlled;
}

static bool lease(const struct step *t)
{
	return !active(t->is) || t->is->lease_deadline > MODEL_NOW;
}

static bool heard(const struct step *t)
{
	return !active(t->is) || (t->is->reported && t->is->status_deadline > MODEL_NOW);
}

static bool awake(const struct step *t)
{
	return !active(t->is) || (!t->is->asleep && !t->is->gone);
}

static bool emergency_stop(const struct step *t)
{
	return !active(t->is) || !(t->is->report.inputs & MN_INPUT_EMERGENCY_STOP);
}

static bool cartridge(const struct step *t)
{
	const struct mn_safety *s = t->is;

	return !active(s) || ((s->report.inputs & MN_INPUT_CARTRIDGE) && s->tag.present &&
			      s->tag.readable && s->held);
}

static bool cartridge_stays(const struct step *t)
{
	return !active(t->was) || !active(t->is) || t->was->tag.uid == t->is->tag.uid;
}

static bool temperature(const struct step *t)
{
	return !active(t->is) || t->is->report.temp_mc <= t->is->caps.max_temp_mc;
}

static bool set_point(const struct step *t)
{
	const struct mn_safety *s = t->is;

	return !active(s) || (s->strokes_done < s->set.dose.strokes &&
			      fits(s, &s->set, s->set.dose.strokes - s->strokes_done));
}

static bool quantised(const struct step *t)
{
	const struct mn_set *set = &t->is->set;

	return !active(t->is) || (set->depth.um && set->depth.um % t->is->caps.depth_step_um == 0 &&
				  set->rate.mhz >= t->is->caps.rate_min_mhz &&
				  set->rate.mhz % t->is->caps.rate_step_mhz == 0);
}

static bool trigger_held(const struct step *t)
{
	return t->is->state != MN_STATE_RUNNING || !t->is->caps.has_trigger || pressed(t->is);
}

/* ---- the way in ---- */

static bool one_gate(const struct step *t)
{
	return !entered(t, MN_STATE_RUNNING) ||
	       (happened(t, MN_HAPPENS_BEGIN) && !t->ret && t->was->state == MN_STATE_ARMED);
}

static bool one_way_to_arm(const struct step *t)
{
	if (!entered(t, MN_STATE_ARMED))
		return true;
	return (happened(t, MN_HAPPENS_ARM_COMMIT) && !t->ret && t->was->state == MN_STATE_SAFE) ||
	       (happened(t, MN_HAPPENS_REPORT) && t->was->state == MN_STATE_RUNNING);
}

static bool interlocks_at_arm(const struct step *t)
{
	const struct mn_safety *s = t->is;

	if (!entered(t, MN_STATE_ARMED) || t->was->state == MN_STATE_RUNNING)
		return true;
	return s->report.idle && (s->report.inputs & MN_INPUT_HOME) && !s->home_deadline &&
	       !(s->report.inputs & MN_INPUT_TRIGGER) && s->tag.expiry_days >= s->today_days &&
	       s->report.self_test == MN_SELF_TEST_PASSED && !s->testing;
}

static bool interlocks_at_start(const struct step *t)
{
	const struct mn_safety *s = t->is;

	if (!entered(t, MN_STATE_RUNNING))
		return true;
	return s->report.idle && (s->report.inputs & MN_INPUT_HOME) && !t->was->home_deadline &&
	       s->report.self_test == MN_SELF_TEST_PASSED && !s->testing;
}

static bool order(const struct step *t)
{
	const struct mn_order o = mn_safety_order(t->is);
	const struct mn_set set = { o.depth, o.rate, o.dose, o.run };

	if (!happened(t, MN_HAPPENS_BEGIN) || t->ret)
		return true;
	return fits(t->is, &set, o.dose.strokes) && o.depth.um <= t->was->set.depth.um &&
	       o.rate.mhz <= t->was->set.rate.mhz && o.run.ms && o.run.ms <= t->was->set.run.ms &&
	       o.epoch == t->is->epoch;
}

static bool press_counts(const struct step *t)
{
	if (t->was->press_deadline || !t->is->press_deadline)
		return true;
	return t->was->state == MN_STATE_ARMED && pressed(t->is) && !pressed(t->was) &&
	       MODEL_NOW >= after_ms(t->was->released_since, MN_TRIGGER_RELEASED_MS);
}

static bool start_asked(const struct step *t)
{
	if (!(t->actions & MN_ACT_START))
		return true;
	return t->ticked->state == MN_STATE_ARMED && t->was->press_deadline &&
	       t->was->press_deadline <= MODEL_NOW;
}

static bool mark_asked(const struct step *t)
{
	return !(t->actions & MN_ACT_MARK) || (happened(t, MN_HAPPENS_ARM) && !t->ret &&
					       t->is->state == MN_STATE_SAFE && t->is->controlled);
}

static bool stale(const struct step *t)
{
	if (!happened(t, MN_HAPPENS_ARM_COMMIT) && !happened(t, MN_HAPPENS_STARTED))
		return true;
	return t->what->epoch == t->ticked->epoch ||
	       (t->ret == -ECANCELED && t->is->state == t->ticked->state);
}

/* ---- the way out ---- */

static bool killed(const struct step *t)
{
	return !left(t, MN_STATE_RUNNING) || (t->actions & MN_ACT_KILL);
}

static bool new_epoch(const struct step *t)
{
	const s32 ahead = (s32)(t->is->epoch - t->was->epoch);

	return (t->actions & MN_ACT_KILL) ? ahead > 0 : !ahead;
}

static bool watched_home(const struct step *t)
{
	return !left(t, MN_STATE_RUNNING) || t->is->home_deadline > MODEL_NOW || at_home(t->is) ||
	       (t->is->keep.faults & FAULT_BIT(MN_FAULT_NOT_HOME));
}

static bool stop(const struct step *t)
{
	if (!happened(t, MN_HAPPENS_STOP))
		return true;
	return !active(t->is) && (t->actions & MN_ACT_KILL) && !t->ret;
}

static bool at_rest(const struct step *t)
{
	const struct mn_safety *s = t->is;

	return active(s) || (!s->set.depth.um && !s->set.rate.mhz && !s->set.dose.strokes &&
			     !s->set.run.ms && !s->start_wanted && !s->starting &&
			     !s->press_deadline && !s->run_deadline && !s->arm_deadline);
}

static bool handpiece_lease(const struct step *t)
{
	return active(t->is) == !!t->is->lease_refresh &&
	       (active(t->is) || !(t->actions & MN_ACT_LEASE));
}

static bool kill_is_last(const struct step *t)
{
	return active(t->is) || !(t->actions & (MN_ACT_START | MN_ACT_LEASE));
}

/* ---- faults ---- */

static bool latched(const struct step *t)
{
	return (t->is->state == MN_STATE_FAULT) == !!t->is->keep.faults;
}

static bool cleared(const struct step *t)
{
	const u64 gone = t->was->keep.faults & ~t->is->keep.faults;
	const struct mn_safety *s = t->ticked;

	if (!gone)
		return true;
	return happened(t, MN_HAPPENS_CLEAR) && t->is->controlled && at_home(s) &&
	       !s->home_deadline && s->status_deadline && !(gone & s->report.faults) &&
	       !(gone & ~t->what->faults) &&
	       !((gone & FAULT_BIT(MN_FAULT_EMERGENCY_STOP)) &&
		 (s->report.inputs & MN_INPUT_EMERGENCY_STOP)) &&
	       !((gone & FAULT_BIT(MN_FAULT_LEASE)) && !s->lease_deadline);
}

/* What was told of home before the needles did not come there says nothing. */
static bool not_home(const struct step *t)
{
	const u64 new = t->is->keep.faults & ~t->was->keep.faults;

	return !(new &FAULT_BIT(MN_FAULT_NOT_HOME)) || happened(t, MN_HAPPENS_REPORT) ||
	       happened(t, MN_HAPPENS_FAIL) || !at_home(t->is);
}

static bool clear_is_safe(const struct step *t)
{
	return !left(t, MN_STATE_FAULT) ||
	       (happened(t, MN_HAPPENS_CLEAR) && t->is->state == MN_STATE_SAFE && !t->ret);
}

static bool first_named(const struct step *t)
{
	return !t->is->keep.faults || (t->is->keep.faults & FAULT_BIT(t->is->keep.first));
}

static bool lapsed(const struct step *t)
{
	if (!active(t->was) || t->was->lease_deadline > MODEL_NOW)
		return true;
	return (t->is->keep.faults & FAULT_BIT(MN_FAULT_LEASE)) && (t->actions & MN_ACT_KILL);
}

static bool never_revived(const struct step *t)
{
	if (!t->was->lease_deadline || t->was->lease_deadline > MODEL_NOW ||
	    happened(t, MN_HAPPENS_ACQUIRE))
		return true;
	return !t->is->lease_deadline;
}

static bool closed(const struct step *t)
{
	if (!happened(t, MN_HAPPENS_CLOSE) && !happened(t, MN_HAPPENS_UNPLUG))
		return true;
	return !t->is->controlled && !active(t->is) &&
	       (t->ticked->state != MN_STATE_RUNNING || t->is->state == MN_STATE_FAULT);
}

static bool restarted(const struct step *t)
{
	if (!happened(t, MN_HAPPENS_REPORT) || !t->ticked->reported ||
	    t->what->report.boot_id == t->ticked->report.boot_id)
		return true;
	return !active(t->is) && (t->actions & MN_ACT_RESYNC) && (t->actions & MN_ACT_KILL);
}

/* ---- what is measured ---- */

static bool is_wrong(const struct mn_safety *s, const struct mn_stroke *k)
{
	const u32 limit = limit_of(s, MN_QUANTITY_RATE);

	/* A stroke that was under way may be as deep as the set point before. */
	if (k->depth_um > limit_of(s, MN_QUANTITY_DEPTH) + s->caps.tolerance_um &&
	    k->depth_um > s->bound.depth.um + s->caps.tolerance_um)
		return true;
	if (k->period_us && USEC_MHZ / k->period_us > limit + limit / MN_RATE_TOLERANCE_DIV)
		return true;
	return k->depth_um == MN_NOT_MEASURED || k->period_us == MN_NOT_MEASURED ||
	       k->epoch != s->run_epoch || k->age_us > MN_BACKLOG_MS * 1000 ||
	       (s->stroke_synced && k->number != s->stroke_next) ||
	       ((s->caps.measures & MN_MEASURES_CURRENT) && k->current_ma > s->caps.max_current_ma);
}

static bool measured(const struct step *t)
{
	if (!happened(t, MN_HAPPENS_STROKE) || t->ticked->state != MN_STATE_RUNNING ||
	    !is_wrong(t->ticked, &t->what->stroke))
		return true;
	return t->is->state == MN_STATE_FAULT && (t->actions & MN_ACT_KILL);
}

static bool bound_follows(const struct step *t)
{
	return t->is->state != MN_STATE_RUNNING || t->is->updating || t->is->bound_until ||
	       t->is->start_wanted || t->is->bound.depth.um <= t->is->set.depth.um;
}

static bool frozen(const struct step *t)
{
	if (!happened(t, MN_HAPPENS_STROKE) || t->ticked->state != MN_STATE_RUNNING ||
	    (t->is->caps.measures & MN_MEASURES_COUNTED) ||
	    t->ticked->same_depth < MN_FROZEN_STROKES - 2 ||
	    t->what->stroke.depth_um != t->ticked->last.depth_um)
		return true;
	return t->is->state == MN_STATE_FAULT;
}

static bool silent(const struct step *t)
{
	if (t->was->state != MN_STATE_RUNNING || !t->was->stroke_deadline)
		return t->was->state != MN_STATE_RUNNING;
	return t->was->stroke_deadline > MODEL_NOW || t->is->state == MN_STATE_FAULT;
}

static bool dose_counts(const struct step *t)
{
	const u32 most = MN_ABSOLUTE_DOSE_STROKES;

	if (happened(t, MN_HAPPENS_STROKE))
		return t->is->keep.dose > t->ticked->keep.dose || t->ticked->keep.dose > most;
	if (t->is->keep.dose >= t->was->keep.dose)
		return true;
	return t->was->keep.dose_uid != t->is->tag.uid && t->is->tag.uid &&
	       ((happened(t, MN_HAPPENS_ACQUIRE) &&
		 memcmp(t->was->keep.treatment, t->is->keep.treatment, 16)) ||
		(t->was->keep.dose_ends &&
		 (happened(t, MN_HAPPENS_TAG) || happened(t, MN_HAPPENS_DECLARE))));
}

static bool overdosed(const struct step *t)
{
	if (!happened(t, MN_HAPPENS_STROKE) || t->ticked->state != MN_STATE_RUNNING)
		return true;
	return t->ticked->strokes_done + 1 < t->ticked->set.dose.strokes ||
	       t->is->state != MN_STATE_RUNNING;
}

/* ---- cartridges, limits ---- */

static bool held_is_marked(const struct step *t)
{
	const struct mn_safety *s = t->is;

	return !s->held || (s->tag.present && s->tag.readable && s->tag.marked &&
			    !memcmp(s->tag.treatment, s->keep.treatment, 16));
}

static bool tried_is_written(const struct step *t)
{
	return !happened(t, MN_HAPPENS_TAG) || !t->is->mark_tried || !t->is->tag.readable ||
	       t->is->tag.marked || t->what->tag.insertions != t->ticked->report.insertions ||
	       t->is->caps.tagless;
}

static bool presence(const struct step *t)
{
	if (!t->is->held || !t->was->held || !happened(t, MN_HAPPENS_REPORT))
		return true;
	return t->was->report.insertions == t->is->report.insertions &&
	       t->was->report.boot_id == t->is->report.boot_id;
}

static bool session_falls(const struct step *t)
{
	const struct mn_keep *was = &t->was->keep, *is = &t->is->keep;

	if (memcmp(was->treatment, is->treatment, sizeof(is->treatment)))
		return happened(t, MN_HAPPENS_ACQUIRE) && !t->ret && !active(t->was);
	for (unsigned int q = 0; q < MN_QUANTITY_NR; q++)
		if ((was->session_present & BIT_OF(q)) &&
		    (!(is->session_present & BIT_OF(q)) || is->session[q] > was->session[q]))
			return false;
	return true;
}

static bool admin_falls(const struct step *t)
{
	for (unsigned int q = 0; q < MN_QUANTITY_NR; q++)
		if (t->is->keep.admin[q] > t->was->keep.admin[q])
			return false;
	return true;
}

static bool limit_falls(const struct step *t)
{
	if (!active(t->was) || !active(t->is))
		return true;
	for (unsigned int q = 0; q < MN_QUANTITY_NR; q++)
		if (limit_of(t->is, q) > limit_of(t->was, q))
			return false;
	return true;
}

static bool over_is_over(const struct step *t)
{
	return !happened(t, MN_HAPPENS_ACQUIRE) || t->ret || !t->was->keep.treated ||
	       memcmp(t->was->keep.past[0], t->what->treatment, 16) != 0;
}

/* ---- answers and time ---- */

/* All begin as zeroes and are copied whole, so that what lies between the members is alike, too. */
static bool same_state(const struct mn_safety *a, const struct mn_safety *b)
{
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	return !memcmp(a, b, sizeof(*a));
}

/* What is refused has done nothing but what time alone does. */
static bool refused(const struct step *t)
{
	const enum mn_happening type = t->what->type;

	if (!t->ret || type == MN_HAPPENS_BEGIN || type == MN_HAPPENS_STARTED ||
	    type == MN_HAPPENS_CLEAR || type == MN_HAPPENS_TESTED)
		return true;
	return same_state(t->is, t->ticked);
}

/* What comes late finds what its lateness has made of the state. */
static bool late(const struct step *t)
{
	struct mn_safety is = *t->ticked;
	struct mn_refusal refusal;
	u32 actions;
	int ret;

	if (!t->timely)
		return true;
	ret = mn_safety_step(&is, t->what, MODEL_NOW, &actions, &refusal);
	return ret == t->ret && same_state(&is, t->is);
}

static bool next_deadline(const struct step *t)
{
	const u64 next = mn_safety_next_deadline(t->is);

	return next == earliest_deadline(t->is) && (!next || next >= MODEL_NOW);
}

#define INVARIANT(function, text)                                                                  \
	{                                                                                          \
		.name = #function, .says = (text), .holds = (function)                             \
	}

const struct invariant invariants[] = {
	INVARIANT(controlled, "armed or running only while somebody controls it"),
	INVARIANT(lease, "armed or running only with a fresh lease"),
	INVARIANT(heard, "armed or running only while the handpiece is heard"),
	INVARIANT(awake, "armed or running only while the system is awake and the handpiece there"),
	INVARIANT(emergency_stop, "armed or running only with the emergency stop let go"),
	INVARIANT(cartridge, "armed or running only with this treatment's cartridge"),
	INVARIANT(cartridge_stays, "the cartridge is not exchanged while armed or running"),
	INVARIANT(temperature, "armed or running only while the motor is cool enough"),
	INVARIANT(set_point, "the set point is within each limit, and not yet made"),
	INVARIANT(quantised, "the set point is what the handpiece can do"),
	INVARIANT(trigger_held, "running only while the trigger is pressed"),
	INVARIANT(one_gate, "running only by the gate, from armed"),
	INVARIANT(one_way_to_arm, "armed only by arming, or by the trigger let go while running"),
	INVARIANT(interlocks_at_arm, "armed only with every interlock closed"),
	INVARIANT(interlocks_at_start, "started only from home, tested"),
	INVARIANT(order, "an order is within the limits and the set point, of the present epoch"),
	INVARIANT(press_counts,
		  "a press counts only after the trigger was released for long enough"),
	INVARIANT(start_asked, "the trigger starts only what is armed, once its press has lasted"),
	INVARIANT(mark_asked, "a cartridge is marked only for who arms"),
	INVARIANT(stale, "what began before a stop does nothing after it"),
	INVARIANT(killed, "running is not left without a kill"),
	INVARIANT(new_epoch, "a kill has a new epoch, and nothing else has"),
	INVARIANT(watched_home, "after running the needles are awaited home"),
	INVARIANT(stop, "stop kills, in every state, and ends safe or in fault"),
	INVARIANT(at_rest, "safe or in fault there is nothing left that could start"),
	INVARIANT(handpiece_lease, "the handpiece's lease is renewed only while armed or running"),
	INVARIANT(kill_is_last, "a kill leaves nothing that moves to be done"),
	INVARIANT(latched, "in fault exactly while something is latched"),
	INVARIANT(cleared, "a fault goes only by a clear that names it, its cause gone"),
	INVARIANT(not_home, "needles that did not come home are not home until it is told again"),
	INVARIANT(clear_is_safe, "fault is left only by a clear, to safe"),
	INVARIANT(first_named, "the fault named as the first is latched"),
	INVARIANT(lapsed, "a lease that lapses kills and latches"),
	INVARIANT(never_revived, "a lease that has lapsed is not revived"),
	INVARIANT(closed, "who closes or is unplugged controls no more, and running was a fault"),
	INVARIANT(restarted, "a handpiece that restarted is stopped, in a way that is confirmed"),
	INVARIANT(measured, "a stroke that is wrong stops, at once"),
	INVARIANT(bound_follows, "strokes are held against the set point"),
	INVARIANT(frozen, "a depth that never varies stops"),
	INVARIANT(silent, "no stroke for too long stops"),
	INVARIANT(dose_counts, "a stroke counts, until another treatment has another cartridge"),
	INVARIANT(overdosed, "after the last stroke of the set point it does not run"),
	INVARIANT(held_is_marked, "the cartridge in use carries this treatment's mark"),
	INVARIANT(tried_is_written, "a mark that was tried counts as written"),
	INVARIANT(presence, "a cartridge that was away, or may have been, is not the one in use"),
	INVARIANT(session_falls, "a session's limit never rises in a treatment"),
	INVARIANT(admin_falls, "an administrator's limit never rises"),
	INVARIANT(limit_falls, "no limit rises while armed or running"),
	INVARIANT(over_is_over, "a treatment that another has followed does not come back"),
	INVARIANT(refused, "what is refused changes nothing"),
	INVARIANT(late, "what has come due comes first: nothing late is in time"),
	INVARIANT(next_deadline, "the timer is set to the next deadline"),
};

const unsigned int invariants_nr = sizeof(invariants) / sizeof(invariants[0]);
