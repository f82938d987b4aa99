// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One form for all states that the rules cannot tell apart, and how it is stored.
 *
 * What counts for ever is held against what it is compared with: epochs against the last stop,
 * strokes against the one that is awaited, treatments and cartridges against the present one. What
 * nothing is decided by (details of faults, causes) is left out.
 */
#include "model.h"

#define PRESENT_TREATMENT 0xaa
#define PAST_TREATMENT 0xcc
#define OTHER_TREATMENT 0xdd
#define MANY 6 /* strokes: more than any bound, and then some */

static void name(u8 *id, u8 with)
{
	memset(id, with, 16);
}

static bool none(const u8 *id)
{
	static const u8 zero[16];

	return !memcmp(id, zero, sizeof(zero));
}

static void treatments(struct mn_safety *s, bool forget_past)
{
	struct mn_keep *keep = &s->keep;
	bool past = false;

	for (size_t i = 0; i < MN_PAST_TREATMENTS; i++)
		past = past || !none(keep->past[i]);
	memset(keep->past, 0, sizeof(keep->past));
	keep->past_next = 0;
	if (past && !forget_past) {
		name(keep->past[0], PAST_TREATMENT);
		keep->past_next = 1;
	}
	if (!s->tag.marked)
		name(s->tag.treatment, 0);
	else if (!memcmp(s->tag.treatment, keep->treatment, sizeof(keep->treatment)))
		name(s->tag.treatment, keep->treated ? PRESENT_TREATMENT : 0);
	else
		name(s->tag.treatment, OTHER_TREATMENT);
	name(keep->treatment, keep->treated ? PRESENT_TREATMENT : 0);
}

static void cartridges(struct mn_safety *s)
{
	const u64 first = s->tag.uid ? s->tag.uid : s->keep.dose_uid;

	if (!s->keep.dose && !s->keep.dose_ends)
		s->keep.dose_uid = 0;
	if (s->keep.dose_uid)
		s->keep.dose_uid = s->keep.dose_uid == first ? 1 : 2;
	if (s->tag.uid)
		s->tag.uid = 1;
	s->tag.insertions = 0;
	s->report.insertions = 0;
	s->report.boot_id = 0;
	memset(s->tag.lot, 0, sizeof(s->tag.lot));
}

static void epochs(struct mn_safety *s)
{
	const bool current = s->run_epoch == s->epoch, same_run = s->last.epoch == s->run_epoch;

	s->report.epoch = epoch_reached(s->report.epoch, s->epoch) ? 0 : ~0U;
	s->run_epoch = current ? 0 : ~0U;
	s->last.epoch = same_run ? s->run_epoch : s->run_epoch - 1;
	s->epoch = 0;
}

static u32 at_most(u32 number, u32 most)
{
	return number < most ? number : most;
}

static void strokes(struct mn_safety *s, const struct view *view)
{
	const bool follows = s->last.number + 1 == s->stroke_next;
	u32 untold = s->report.strokes + 1 - s->stroke_next;

	if (view->forget & FORGET_NUMBERS) {
		s->stroke_synced = true;
		s->strokes_total = 1;
		s->last.epoch = s->run_epoch - 1;
		untold = 0;
	}
	if (!s->stroke_synced)
		untold = 0;
	s->stroke_next = 0;
	s->report.strokes = at_most(untold, MN_ABSOLUTE_DOSE_STROKES + 1) - 1;
	s->strokes_total = at_most(s->strokes_total, 1);
	s->last.number = follows || view->forget & FORGET_NUMBERS ? ~0U : 0;
	/* Another stroke is as deep as this one, or is not: how deep it was does not matter. */
	s->last.depth_um = 1;
	s->last.period_us = 0;
	s->last.current_ma = 0;
	s->last.age_us = 0;
	s->last_rate_mhz = 0;
	if (view->forget & FORGET_DEPTHS) {
		s->same_depth = 0;
		s->bound_until = 0;
		if (active(s))
			s->bound.depth = s->set.depth;
	}
	s->same_depth = at_most(s->same_depth, MN_FROZEN_STROKES);
}

static void doses(struct mn_safety *s, const struct view *view)
{
	if (view->forget & FORGET_DOSE) {
		s->keep.dose = 0;
		s->keep.dose_uid = 0;
		s->keep.dose_ends = false;
	}
	if (view->forget & FORGET_DONE) {
		s->strokes_done = 0;
		s->bound.dose.strokes = MANY;
	}
	s->keep.dose = at_most(s->keep.dose, MN_ABSOLUTE_DOSE_STROKES + 1);
	s->strokes_done = at_most(s->strokes_done, MANY);
	s->bound.dose.strokes = at_most(s->bound.dose.strokes, MANY);
	s->bound.run.ms = 0;
	s->run_left.ms = 0;
}

/* Those that nothing treats in another way than the one that they become. */
static void faults(struct mn_safety *s, const struct view *view)
{
	static const u64 own = FAULT_BIT(MN_FAULT_EMERGENCY_STOP) | FAULT_BIT(MN_FAULT_LEASE) |
			       FAULT_BIT(MN_FAULT_TRANSPORT) | FAULT_BIT(MN_FAULT_PROTOCOL) |
			       FAULT_BIT(MN_FAULT_OVER_TEMPERATURE) | FAULT_BIT(MN_FAULT_HANDPIECE);
	static const u64 confirmed = FAULT_BIT(MN_FAULT_NOT_HOME) |
				     FAULT_BIT(MN_FAULT_UNEXPECTED_MOTION);
	u64 *latched = &s->keep.faults;

	if (view->forget & FORGET_FAULTS) {
		if (*latched & confirmed)
			*latched |= FAULT_BIT(MN_FAULT_TRANSPORT);
		if (*latched & ~own & ~confirmed)
			*latched |= FAULT_BIT(MN_FAULT_PROTOCOL);
		*latched &= own;
	}
	s->keep.first = *latched ? (u32)__builtin_ctzll(*latched) : MN_FAULT_NONE;
	memset(s->keep.detail, 0, sizeof(s->keep.detail));
}

void canonical(const struct view *view, struct mn_safety *s)
{
	s->cause = MN_CAUSE_NONE;
	s->start_cause = MN_CAUSE_NONE;
	s->lease_ms = MN_LEASE_DEFAULT_MS;
	treatments(s, view->forget & FORGET_PAST);
	strokes(s, view);
	doses(s, view);
	cartridges(s);
	epochs(s);
	faults(s, view);
	if (view->forget & FORGET_WARNING)
		s->lease_warning = 0;
	if (view->forget & FORGET_LAST)
		s->motion_until = 0;
	times_canonical(s);
	/* What strokes are held against is asked for as long as some may be told. */
	if (!active(s) && !s->motion_until) {
		memset(&s->bound, 0, sizeof(s->bound));
		s->strokes_done = 0;
	}
}

/* ---- stored ---- */

/* The parts of a state in canonical form that are not the same in all of a view's states */
static const struct part {
	size_t from;
	size_t until;
} parts[] = {
	{ offsetof(struct mn_safety, keep.faults), offsetof(struct mn_safety, keep.detail) },
	{ offsetof(struct mn_safety, keep.treatment), offsetof(struct mn_safety, keep.past[1]) },
	{ offsetof(struct mn_safety, keep.past_next), sizeof(struct mn_safety) },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

size_t packed_size(void)
{
	size_t size = 0;

	for (size_t i = 0; i < PARTS; i++)
		size += parts[i].until - parts[i].from;
	return size;
}

void pack(const struct mn_safety *s, unsigned char *packed)
{
	for (size_t i = 0; i < PARTS; i++) {
		memcpy(packed, (const char *)s + parts[i].from, parts[i].until - parts[i].from);
		packed += parts[i].until - parts[i].from;
	}
}

void unpack(const struct view *view, const unsigned char *packed, struct mn_safety *s)
{
	memset(s, 0, sizeof(*s));
	s->caps = view->caps;
	for (size_t i = 0; i < PARTS; i++) {
		memcpy((char *)s + parts[i].from, packed, parts[i].until - parts[i].from);
		packed += parts[i].until - parts[i].from;
	}
}
