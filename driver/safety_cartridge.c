// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cartridge: which one is inserted, whether it is this treatment's, and what it says, read from
 * its tag or declared where there is none.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "safety_cartridge.h"
#include "safety_limits.h"
#include "safety_stop.h"

bool mn_cartridge_spent(const struct mn_safety *s)
{
	return s->tag.marked && !s->held;
}

/**
 * mn_safety_cartridge_flags() - The cartridge in a word.
 * @s: The rules' state.
 *
 * Return: MN_CARTRIDGE_ bits.
 */
u32 mn_safety_cartridge_flags(const struct mn_safety *s)
{
	u32 flags = 0;

	if (s->report.inputs & MN_INPUT_CARTRIDGE)
		flags |= MN_CARTRIDGE_PRESENT;
	if (s->tag.present && s->tag.readable) {
		flags |= MN_CARTRIDGE_READABLE;
		if (s->caps.tagless)
			flags |= MN_CARTRIDGE_DECLARED;
		if (s->tag.marked)
			flags |= MN_CARTRIDGE_MARKED;
		if (mn_cartridge_spent(s))
			flags |= MN_CARTRIDGE_SPENT;
	} else if (s->caps.tagless && (flags & MN_CARTRIDGE_PRESENT)) {
		flags |= s->keep.declared ? MN_CARTRIDGE_SPENT : MN_CARTRIDGE_UNDECLARED;
	}
	return flags;
}

/* The cartridge may be another one from now on: forget it, and that it was ours. */
void mn_cartridge_lose(struct mn_safety *s)
{
	memset(&s->tag, 0, sizeof(s->tag));
	s->held = false;
	s->mark_tried = false;
}

/* One that has nothing to be read is declared. */
static void have_tag_read(const struct mn_safety *s, u32 *actions)
{
	if (!s->caps.tagless)
		*actions |= MN_ACT_READ_TAG;
}

/* Its handpiece forgot everything: read it as if it had just been inserted. */
void mn_cartridge_restart(struct mn_safety *s, u32 *actions)
{
	mn_cartridge_lose(s);
	if (s->report.inputs & MN_INPUT_CARTRIDGE)
		have_tag_read(s, actions);
}

void mn_cartridge_follow(struct mn_safety *s, const struct mn_report *was, bool first, u64 now,
			 u32 *actions)
{
	const u32 present = s->report.inputs & MN_INPUT_CARTRIDGE;

	if (!first && s->report.insertions == was->insertions &&
	    present == (was->inputs & MN_INPUT_CARTRIDGE))
		return;
	/* One that was there before anybody looked may be the one that was there then. */
	if (!first || !present)
		s->keep.declared = false;
	mn_cartridge_lose(s);
	if (active(s))
		mn_safety_latch(s, MN_FAULT_CARTRIDGE, (s32)s->report.insertions, 0, now, actions);
	if (present)
		have_tag_read(s, actions);
}

/* The first other cartridge of the next treatment */
static void new_count(struct mn_safety *s)
{
	if (s->keep.dose_ends && s->tag.uid != s->keep.dose_uid) {
		s->keep.dose = 0;
		s->keep.dose_ends = false;
	}
}

/* What a tag says of itself does not change while it stays inserted, but for the mark. */
static bool same_cartridge(const struct mn_tag *a, const struct mn_tag *b)
{
	return a->uid == b->uid && a->needles == b->needles && a->expiry_days == b->expiry_days &&
	       !memcmp(a->limit, b->limit, sizeof(a->limit));
}

void mn_cartridge_read(struct mn_safety *s, const struct mn_tag *tag, u64 now, u32 *actions)
{
	const bool written = s->held || s->mark_tried, same = same_cartridge(&s->tag, tag);

	/*
	 * Read while it was being changed: the report that tells of the change has it read again.
	 */
	if (tag->insertions != s->report.insertions || s->caps.tagless)
		return;
	s->tag = *tag;
	if (!tag->present || !tag->readable) {
		memset(s->tag.limit, 0, sizeof(s->tag.limit));
		s->held = false;
		if (active(s))
			mn_safety_latch(s, MN_FAULT_CARTRIDGE, (s32)tag->insertions, 0, now,
					actions);
		return;
	}
	if (!tag->marked) {
		/*
		 * A mark that does not read back counts as written, and it is not a mark to
		 * trust.
		 */
		s->tag.marked = written;
		s->held = false;
	} else {
		s->held = written && same && !memcmp(tag->treatment, s->keep.treatment, 16);
	}
	new_count(s);
	/* Asked for before it was armed, read only now: what answers is not what was armed with. */
	if (active(s) && !s->held)
		mn_safety_latch(s, MN_FAULT_CARTRIDGE, (s32)tag->insertions, 0, now, actions);
}

int mn_cartridge_declare(struct mn_safety *s, const struct mn_tag *tag)
{
	unsigned int quantity;

	if (!s->caps.tagless)
		return -EOPNOTSUPP;
	if (!s->controlled)
		return -EPERM;
	if (active(s))
		return -EBADFD;
	if (!tag->limit[MN_QUANTITY_DEPTH] || !tag->limit[MN_QUANTITY_RATE] ||
	    !tag->limit[MN_QUANTITY_DOSE] || !tag->needles || !tag->uid)
		return -EINVAL;
	if (!s->reported || !s->status_deadline || s->asleep ||
	    !(s->report.inputs & MN_INPUT_CARTRIDGE))
		return -EAGAIN;
	if (s->keep.declared)
		return -EEXIST;
	s->tag = *tag;
	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++)
		if (s->tag.limit[quantity] > s->caps.limit[quantity])
			s->tag.limit[quantity] = s->caps.limit[quantity];
	s->tag.present = true;
	s->tag.readable = true;
	s->tag.marked = false;
	s->tag.insertions = s->report.insertions;
	s->held = false;
	s->keep.declared = true;
	new_count(s);
	return 0;
}

/* Arming. Return: true if the cartridge is this treatment's, marked as such. */
bool mn_cartridge_mark(struct mn_safety *s)
{
	if (s->caps.tagless && !s->tag.marked) {
		/* What can't carry a mark is marked here, for as long as it stays inserted. */
		s->tag.marked = true;
		memcpy(s->tag.treatment, s->keep.treatment, sizeof(s->tag.treatment));
		s->held = true;
	}
	return s->held;
}
