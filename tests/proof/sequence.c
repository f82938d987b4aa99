// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sequences of twelve happenings from the beginning: what holds after each. They are a treatment, as
 * many as it takes to begin it, to go wrong and to be cleared; with OTHER any of them can have that
 * in its place.
 */
#include "proof_sequence.h"
#include "safety_limits.h"

#define STEPS 12

#define ALL_SOURCES                                                                                \
	(BIT_OF(MN_SOURCE_ABSOLUTE) | BIT_OF(MN_SOURCE_CEILING) | BIT_OF(MN_SOURCE_BOARD) |        \
	 BIT_OF(MN_SOURCE_CARTRIDGE) | BIT_OF(MN_SOURCE_ADMIN) | BIT_OF(MN_SOURCE_SESSION))

static void begin_with(struct mn_safety *s)
{
	static const u32 required[MN_QUANTITY_NR] = { ALL_SOURCES, ALL_SOURCES, ALL_SOURCES,
						      ALL_SOURCES & ~BIT_OF(MN_SOURCE_CARTRIDGE) };
	static const struct mn_caps caps = {
		.measures = MN_MEASURES_DEPTH | MN_MEASURES_RATE | MN_MEASURES_HOME,
		.required = required,
		.source = MN_SOURCE_BOARD,
		.limit = { SEQUENCE_DEPTH_UM, MN_CEILING_RATE_MHZ, MN_CEILING_DOSE_STROKES,
			   MN_CEILING_RUN_MS },
		.tagless = true,
		.depth_step_um = 1,
		.rate_step_mhz = 1000,
		.rate_min_mhz = MN_RATE_LOWEST_MHZ,
		.tolerance_um = 50,
		.run_up_ms = 200,
		.run_down_ms = 50,
		.lease_ms = 100,
		.calibration_valid_days = 365,
	};
	struct mn_keep keep = { .admin = { MN_CEILING_DEPTH_UM, MN_CEILING_RATE_MHZ,
					   MN_CEILING_DOSE_STROKES, MN_CEILING_RUN_MS } };

	mn_safety_init(s, &caps, &keep, MN_CEILING_DEPTH_UM, 0);
	mn_safety_today(s, MN_CLOCK_SET_DAYS);
}

static bool is_treating(const struct mn_safety *s)
{
	return s->state == MN_STATE_RUNNING;
}

static void prove_state(const struct mn_safety *s, u64 now)
{
	const bool runs = is_treating(s);

	PROVE("one of the states", s->state == MN_STATE_SAFE || s->state == MN_STATE_FAULT ||
					   s->state == MN_STATE_ARMED || runs);
	PROVE("a fault is latched in FAULT, and nowhere else",
	      !s->keep.faults == (s->state != MN_STATE_FAULT));
	if (!proof_active(s))
		return;
	PROVE("ARMED and RUNNING only while somebody controls, with a lease that has not lapsed",
	      s->controlled && s->lease_deadline > now);
	PROVE("ARMED and RUNNING only while the handpiece reports",
	      s->reported && s->status_deadline > now);
	PROVE("ARMED and RUNNING only with this treatment's cartridge", s->held && s->tag.readable);
	PROVE("ARMED and RUNNING only with a depth within every limit",
	      s->set.depth.um <= mn_safety_limit(s, MN_QUANTITY_DEPTH, NULL));
	PROVE("ARMED and RUNNING only with all of the set point within its limits", mn_set_fits(s));
	PROVE("a run has an end", !runs || s->run_deadline > now);
	PROVE("a run has a stroke soon", !runs || s->stroke_deadline > now);
}

/* Between one happening and the next. */
static void prove_way(const struct mn_safety *was, const struct mn_safety *s,
		      enum mn_happening type, u32 actions)
{
	if (type == MN_HAPPENS_STOP)
		PROVE("STOP ends in SAFE or FAULT, and is told",
		      (s->state == MN_STATE_SAFE || s->state == MN_STATE_FAULT) &&
			      (actions & MN_ACT_KILL));
	PROVE("FAULT is left by CLEAR alone", was->state != MN_STATE_FAULT ||
						      s->state == MN_STATE_FAULT ||
						      type == MN_HAPPENS_CLEAR);
	PROVE("RUNNING by BEGIN alone, from ARMED",
	      !is_treating(s) || is_treating(was) ||
		      (type == MN_HAPPENS_BEGIN && was->state == MN_STATE_ARMED));
	PROVE("ARMED by ARM_COMMIT alone, from SAFE",
	      s->state != MN_STATE_ARMED || was->state == MN_STATE_ARMED ||
		      (type == MN_HAPPENS_ARM_COMMIT && was->state == MN_STATE_SAFE));
	PROVE("what no longer runs was told to stop",
	      !is_treating(was) || is_treating(s) || (actions & MN_ACT_KILL));
}

/* That what is proved is about something. */
static void cover(const struct mn_safety *was, const struct mn_safety *s, unsigned int step,
		  enum mn_happening type)
{
#ifdef OTHER
	(void)s;
	COVER("something else happens while RUNNING",
	      step == STEPS - 1 && type == OTHER && is_treating(was));
#else
	(void)type;
	COVER("RUNNING with the deepest that is allowed",
	      is_treating(s) && s->set.depth.um == MN_CEILING_DEPTH_UM);
	COVER("RUNNING after a stroke", is_treating(s) && s->strokes_done);
	COVER("a stroke that was too deep",
	      is_treating(was) && (s->keep.faults & FAULT_BIT(MN_FAULT_OVER_DEPTH)));
	COVER("a lease that lapsed", s->keep.faults & FAULT_BIT(MN_FAULT_LEASE));
	COVER("SAFE again in the end",
	      step == STEPS - 1 && was->state == MN_STATE_FAULT && s->state == MN_STATE_SAFE);
#endif
}

static void assume(void)
{
	ASSUME("12 steps, a millisecond each but for one pause of 130 or 700 ms", STEPS == 12);
	ASSUME("each is the next of a treatment, or in its place a STOP, a CLOSE, a report or a stroke",
	       true);
	ASSUME("depths are any; all else is one of two or three values", true);
	ASSUME("the handpiece is one without a tag, trigger and memory, its step 1 um", true);
	/* By reduced.h, where the rules are compiled. */
	ASSUME("of treatments that are over two are remembered, and not 32", true);
}

void prove(void)
{
	const u32 pause_at = nondet_u32();
	const bool is_long = nondet_bool();
	struct mn_safety s, was;
	enum mn_happening type;
	u32 actions;
	unsigned int i;
	u64 now;

	assume();
	begin_with(&s);
	for (i = 0; i < STEPS; i++) {
		now = sequence_time(i, pause_at, is_long);
		was = s;
		actions = 0;
		type = sequence_happens(&s, i, now, &actions);
		prove_state(&s, now);
		prove_way(&was, &s, type, actions);
		cover(&was, &s, i, type);
	}
}
