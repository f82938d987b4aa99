/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every state that the rules can get into, over a reduced domain, and every happening in each.
 *
 * Time is free: in every state each deadline that is on may be far, a nanosecond away, or reached,
 * whatever the others are. So a state holds of a deadline only that it is on; numbers that count
 * for ever (epochs, strokes, insertions) are held as what they are to each other.
 */
#ifndef MODEL_H
#define MODEL_H

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <string.h>

#include "reduced.h"
#include "safety_stop.h"

#define MODEL_NOW (1000000 * NSEC_PER_MS)
#define MODEL_FAR_MS 10000
#define MODEL_TODAY 20600
#define MODEL_CEILING 300 /* um */
#define MODEL_DEPTH 200 /* um, deepest that the session allows */
#define MODEL_STEP 100 /* um */
#define MODEL_TOLERANCE 50 /* um */
#define MODEL_HAPPENINGS (MN_HAPPENS_UNPLUG + 1)

/* What a view does not look at: it is as in a treatment where it never matters. */
#define FORGET_DOSE (1U << 0) /* strokes made in the treatment */
#define FORGET_NUMBERS (1U << 1) /* of strokes: lost, repeated */
#define FORGET_DEPTHS (1U << 2) /* depths that never vary, strokes of the depth before */
#define FORGET_FAULTS (1U << 3) /* which of those faults that are treated alike */
#define FORGET_PAST (1U << 4) /* that a treatment may be over */

#define FORGET_WARNING (1U << 5) /* that half of a lease is over */
#define FORGET_DONE (1U << 7) /* strokes made of the set point */
#define FORGET_LAST (1U << 6) /* that strokes may be told after a stop in time */

/* Which happenings a view plays besides the others, and in which variants. */
#define VARY_INPUTS (1U << 0) /* emergency stop, trigger, cartridge, home, motor, epoch */
#define VARY_TOLD (1U << 1) /* temperature, self-tests, own faults, restarts */
#define VARY_STROKES (1U << 2)
#define VARY_TAGS (1U << 3)
#define VARY_FAULTS (1U << 4) /* what the transport finds wrong */
#define VARY_POWER (1U << 5) /* sleep, and the cable pulled */
#define VARY_TROUBLE (1U << 6) /* emergency stop, unreadable tags, failures */

/**
 * struct view - One way to look at the rules.
 * @name: As in --view.
 * @caps: The handpiece.
 * @quantity: Whose limits and set points vary, or %MN_QUANTITY_NR.
 * @faults: How many are latched at most: a state with more is judged, and not gone on from.
 * @forget: FORGET_ bits.
 * @vary: VARY_ bits.
 * @least: It is a mistake of the model if fewer states are found.
 */
struct view {
	const char *name;
	struct mn_caps caps;
	unsigned int quantity;
	int faults;
	u32 forget;
	u32 vary;
	u32 least;
};

/**
 * struct step - What one happening made of a state.
 * @view: In which.
 * @was: The state before, its deadlines set as they are at @now.
 * @what: What happened.
 * @timely: It happened when a deadline was due, or a nanosecond before.
 * @ticked: What time alone makes of @was.
 * @is: The state after it.
 * @actions: What it asks for.
 * @ret: What it answers.
 * @refusal: Why.
 */
struct step {
	const struct view *view;
	const struct mn_safety *was;
	const struct mn_stimulus *what;
	bool timely;
	const struct mn_safety *ticked;
	const struct mn_safety *is;
	u32 actions;
	int ret;
	const struct mn_refusal *refusal;
};

struct invariant {
	const char *name;
	const char *says;
	bool (*holds)(const struct step *step);
};

/* views.c */
extern const struct view views[];
extern const unsigned int views_nr;
void view_start(const struct view *view, bool restarted, struct mn_safety *s);

/* happenings.c: those that are tried when a deadline is due come first, a tick first of all */
#define HAPPENINGS_MAX 512

struct happenings {
	struct mn_stimulus list[HAPPENINGS_MAX];
	unsigned int count;
	unsigned int timely;
};

void happenings_in(const struct view *view, const struct mn_safety *s, struct happenings *h);
const char *happening_name(enum mn_happening type);

/* times.c */
#define CLOCKS_NR 15

unsigned int clocks_on(const struct mn_safety *s, unsigned int *which);
u64 earliest_deadline(const struct mn_safety *s);
void clock_set(struct mn_safety *s, unsigned int which, u64 left);
void times_canonical(struct mn_safety *s);

/* canonical.c */
void canonical(const struct view *view, struct mn_safety *s);
size_t packed_size(void);
void pack(const struct mn_safety *s, unsigned char *packed);
void unpack(const struct view *view, const unsigned char *packed, struct mn_safety *s);

/* invariants.c */
extern const struct invariant invariants[];
extern const unsigned int invariants_nr;

/* transitions.c */
void transitions_note(const struct step *step);
void transitions_write(const char *path);

/* explore.c */
struct explored {
	unsigned int states;
	unsigned long steps;
	unsigned int cut;
	const struct invariant *broken;
};

struct explored explore(const struct view *view, const char *only);

#endif
