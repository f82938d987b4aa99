// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the states where a handpiece begins to all that can be reached from there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "model.h"

#define STATES_MAX ((size_t)1 << 23)
#define SLOTS (2 * STATES_MAX)

struct space {
	const struct view *view;
	size_t size;
	unsigned char *states;
	unsigned int count;
	unsigned int *slots;
	struct explored found;
	const char *only;
};

static u64 hash(const unsigned char *packed, size_t size)
{
	u64 h = size, word;

	for (size_t i = 0; i + sizeof(word) <= size; i += sizeof(word)) {
		memcpy(&word, packed + i, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	return h;
}

static void *need(void *memory)
{
	if (!memory) {
		fputs("model: out of memory\n", stderr);
		exit(2);
	}
	return memory;
}

/* Remember a state in canonical form. */
static void visit(struct space *space, const struct mn_safety *s)
{
	unsigned char *packed = space->states + space->count * space->size;
	size_t slot;

	pack(s, packed);
	slot = hash(packed, space->size) % SLOTS;
	while (space->slots[slot]) {
		if (!memcmp(space->states + (space->slots[slot] - 1) * space->size, packed,
			    space->size))
			return;
		slot = (slot + 1) % SLOTS;
	}
	if (__builtin_popcountll(s->keep.faults) > space->view->faults) {
		space->found.cut++;
		return;
	}
	space->slots[slot] = ++space->count;
	if (space->count == STATES_MAX) {
		fprintf(stderr, "model: view %s has too many states\n", space->view->name);
		exit(2);
	}
}

static void tell(const struct step *step, const struct invariant *broken)
{
	printf("%s: %s in state %d, now %d, answers %d, asks for %#x: broken: %s\n",
	       step->view->name, happening_name(step->what->type), step->was->state,
	       step->is->state, step->ret, step->actions, broken->says);
}

static void judge(struct space *space, const struct step *step)
{
	transitions_note(step);
	for (unsigned int i = 0; i < invariants_nr && !space->found.broken; i++) {
		if (space->only && strcmp(space->only, invariants[i].name))
			continue;
		if (invariants[i].holds(step))
			continue;
		tell(step, &invariants[i]);
		space->found.broken = &invariants[i];
	}
}

/* Have something happen in a state, whose deadlines are as they are now. */
static void try(struct space *space, const struct mn_safety *was, const struct mn_stimulus *what,
		const struct mn_safety *ticked, bool timely)
{
	struct mn_safety is = *was;
	struct mn_refusal refusal;
	struct step step = { .view = space->view,
			     .was = was,
			     .what = what,
			     .timely = timely,
			     .ticked = ticked,
			     .is = &is,
			     .refusal = &refusal };

	step.ret = mn_safety_step(&is, what, MODEL_NOW, &step.actions, &refusal);
	space->found.steps++;
	judge(space, &step);
	canonical(space->view, &is);
	visit(space, &is);
}

static void try_all(struct space *space, const struct mn_safety *was, const struct happenings *h,
		    unsigned int count, bool timely)
{
	struct mn_safety ticked = *was;
	struct mn_refusal refusal;
	u32 actions;

	mn_safety_step(&ticked, &h->list[0], MODEL_NOW, &actions, &refusal);
	for (unsigned int i = 0; i < count; i++)
		try(space, was, &h->list[i], &ticked, timely);
}

/* A deadline that is due, or a nanosecond away; two at once; all. */
static void try_times(struct space *space, const struct mn_safety *s, const struct happenings *h)
{
	unsigned int on[CLOCKS_NR], count = clocks_on(s, on);
	struct mn_safety at = *s;

	for (unsigned int i = 0; i < count; i++) {
		for (u64 left = 0; left < 2; left++) {
			at = *s;
			clock_set(&at, on[i], left);
			try_all(space, &at, h, h->timely, true);
		}
		for (unsigned int j = 0; j < i; j++) {
			at = *s;
			clock_set(&at, on[i], 0);
			clock_set(&at, on[j], 0);
			try_all(space, &at, h, 1, true);
		}
	}
	for (unsigned int i = 0; i < count; i++)
		clock_set(&at, on[i], 0);
	try_all(space, &at, h, 1, true);
}

/* With @only, of all invariants that one, as far as its first breach. */
struct explored explore(const struct view *view, const char *only)
{
	struct space space = { .view = view, .size = packed_size(), .only = only };
	struct happenings *h = need(malloc(sizeof(*h)));
	struct mn_safety s;

	space.states = need(malloc(STATES_MAX * space.size));
	space.slots = need(calloc(SLOTS, sizeof(*space.slots)));
	for (unsigned int restarted = 0; restarted < 2; restarted++) {
		view_start(view, restarted, &s);
		canonical(view, &s);
		visit(&space, &s);
	}
	for (unsigned int next = 0; next < space.count && !space.found.broken; next++) {
		unpack(view, space.states + next * space.size, &s);
		happenings_in(view, &s, h);
		try_all(&space, &s, h, h->count, false);
		try_times(&space, &s, h);
	}
	space.found.states = space.count;
	free(h);
	free(space.states);
	free(space.slots);
	return space.found;
}
