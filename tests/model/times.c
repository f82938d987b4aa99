// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deadlines, and moments that something is counted from.
 */
#include "model.h"

#define CLOCK(member) offsetof(struct mn_safety, member)

static const size_t deadlines[] = {
	CLOCK(lease_deadline), CLOCK(lease_warning), CLOCK(lease_refresh), CLOCK(status_deadline),
	CLOCK(press_deadline), CLOCK(arm_deadline),  CLOCK(run_deadline),  CLOCK(stroke_deadline),
	CLOCK(slow_deadline),  CLOCK(home_deadline), CLOCK(bound_until),   CLOCK(motion_until),
	CLOCK(released_since), CLOCK(run_since),     CLOCK(rate_since),
};

_Static_assert(sizeof(deadlines) / sizeof(deadlines[0]) == CLOCKS_NR, "every clock is listed");

static u64 *clock_of(struct mn_safety *s, unsigned int which)
{
	return (u64 *)(void *)((char *)s + deadlines[which]);
}

/* How long what began at a clock lasts, in ms; 0 for a deadline. */
static u32 length(const struct mn_safety *s, unsigned int which)
{
	switch (deadlines[which]) {
	case CLOCK(released_since):
		return MN_TRIGGER_RELEASED_MS;
	case CLOCK(run_since):
		return s->set.run.ms;
	case CLOCK(rate_since):
		return s->caps.run_up_ms;
	default:
		return 0;
	}
}

static bool is_moment(unsigned int which)
{
	return deadlines[which] == CLOCK(released_since) || deadlines[which] == CLOCK(run_since) ||
	       deadlines[which] == CLOCK(rate_since);
}

/* A moment says something only in the state that asks for it. */
static bool asked_for(const struct mn_safety *s, unsigned int which)
{
	if (deadlines[which] == CLOCK(released_since))
		return s->state == MN_STATE_ARMED;
	return !is_moment(which) || s->state == MN_STATE_RUNNING;
}

/* The clocks that have not come to their end yet. Return: how many. */
unsigned int clocks_on(const struct mn_safety *s, unsigned int *which)
{
	unsigned int i, count = 0;

	for (i = 0; i < CLOCKS_NR; i++) {
		const u64 at = *clock_of((struct mn_safety *)s, i);

		if (asked_for(s, i) && at && after_ms(at, length(s, i)) > MODEL_NOW)
			which[count++] = i;
	}
	return count;
}

/* The next moment at which time alone changes something, 0 if there is none. */
u64 earliest_deadline(const struct mn_safety *s)
{
	u64 earliest = 0;
	unsigned int i;

	for (i = 0; i < CLOCKS_NR; i++) {
		const u64 at = *clock_of((struct mn_safety *)s, i);

		if (is_moment(i) || deadlines[i] == CLOCK(motion_until))
			continue;
		if (at && (!earliest || at < earliest))
			earliest = at;
	}
	return earliest;
}

/* Have a clock come to its end in so many nanoseconds. */
void clock_set(struct mn_safety *s, unsigned int which, u64 left)
{
	*clock_of(s, which) = MODEL_NOW + left - length(s, which) * NSEC_PER_MS;
}

/* What a comparison can tell of a deadline that is on: far; for strokes, too near to be moved. */
static u64 seen(unsigned int which, u64 at)
{
	if (deadlines[which] == CLOCK(motion_until) && at <= MODEL_NOW)
		return 0;
	if (deadlines[which] == CLOCK(stroke_deadline) &&
	    at <= after_ms(MODEL_NOW, MN_STROKE_SILENCE_MS))
		return after_ms(MODEL_NOW, MN_STROKE_SILENCE_MS / 2);
	return after_ms(MODEL_NOW, MODEL_FAR_MS);
}

/* What a comparison can tell of a moment: what began then is over, or it is not. */
static u64 since(u64 at, u32 ms)
{
	return after_ms(at, ms) > MODEL_NOW ? MODEL_NOW : MODEL_NOW - ms * NSEC_PER_MS;
}

void times_canonical(struct mn_safety *s)
{
	unsigned int i;

	for (i = 0; i < CLOCKS_NR; i++) {
		u64 *at = clock_of(s, i);

		if (!asked_for(s, i))
			*at = 0;
		else if (is_moment(i))
			*at = since(*at, length(s, i));
		else if (*at)
			*at = seen(i, *at);
	}
}
