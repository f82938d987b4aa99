// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What can happen in a state: of each quantity a value below, at and just above what it is held
 * against.
 */
#include "model.h"

#define DEFAULT_SET                                                                                \
	{                                                                                          \
		.depth = { MODEL_DEPTH }, .rate = { 40000 }, .dose = { 2 }, .run = { 1000 }        \
	}
#define NEW_TREATMENT 0xbb
#define PAST_TREATMENT 0xcc
#define OTHER_CARTRIDGE 2

static const char *const names[MODEL_HAPPENINGS] = {
	[MN_HAPPENS_TICK] = "TICK",
	[MN_HAPPENS_ACQUIRE] = "ACQUIRE",
	[MN_HAPPENS_RELEASE] = "RELEASE",
	[MN_HAPPENS_CLOSE] = "CLOSE",
	[MN_HAPPENS_SET_LIMITS] = "SET_LIMITS",
	[MN_HAPPENS_SET_ADMIN] = "SET_ADMIN",
	[MN_HAPPENS_ARM] = "ARM",
	[MN_HAPPENS_ARM_COMMIT] = "ARM_COMMIT",
	[MN_HAPPENS_UPDATE] = "UPDATE",
	[MN_HAPPENS_START] = "START",
	[MN_HAPPENS_BEGIN] = "BEGIN",
	[MN_HAPPENS_STARTED] = "STARTED",
	[MN_HAPPENS_STOP] = "STOP",
	[MN_HAPPENS_HEARTBEAT] = "HEARTBEAT",
	[MN_HAPPENS_CLEAR] = "CLEAR",
	[MN_HAPPENS_SELF_TEST] = "SELF_TEST",
	[MN_HAPPENS_TESTED] = "TESTED",
	[MN_HAPPENS_STROKE] = "STROKE",
	[MN_HAPPENS_REPORT] = "REPORT",
	[MN_HAPPENS_TAG] = "TAG",
	[MN_HAPPENS_DECLARE] = "DECLARE",
	[MN_HAPPENS_MARKING] = "MARKING",
	[MN_HAPPENS_FAIL] = "FAIL",
	[MN_HAPPENS_SUSPEND] = "SUSPEND",
	[MN_HAPPENS_RESUME] = "RESUME",
	[MN_HAPPENS_UNPLUG] = "UNPLUG",
};

const char *happening_name(enum mn_happening type)
{
	return names[type];
}

static struct mn_stimulus *add(struct happenings *h, enum mn_happening type)
{
	struct mn_stimulus *what = &h->list[h->count++];

	if (h->count == HAPPENINGS_MAX)
		__builtin_trap();
	memset(what, 0, sizeof(*what));
	what->type = type;
	return what;
}

/* ---- the controller ---- */

static void add_acquire(struct happenings *h, u8 treatment, u32 lease_ms)
{
	struct mn_stimulus *what = add(h, MN_HAPPENS_ACQUIRE);

	memset(what->treatment, treatment, sizeof(what->treatment));
	what->lease_ms = lease_ms;
}

static void add_acquires(struct happenings *h, const struct mn_safety *s)
{
	static const u32 leases[] = { MN_LEASE_MIN_MS - 1, MN_LEASE_MIN_MS, MN_LEASE_MAX_MS,
				      MN_LEASE_MAX_MS + 1 };

	add_acquire(h, s->keep.treatment[0], 0);
	add_acquire(h, NEW_TREATMENT, 0);
	add_acquire(h, PAST_TREATMENT, 0);
	add_acquire(h, 0, 0);
	for (size_t i = 0; i < sizeof(leases) / sizeof(leases[0]); i++)
		add_acquire(h, s->keep.treatment[0], leases[i]);
}

static u32 *value_of(struct mn_set *set, unsigned int quantity)
{
	switch (quantity) {
	case MN_QUANTITY_DEPTH:
		return &set->depth.um;
	case MN_QUANTITY_RATE:
		return &set->rate.mhz;
	case MN_QUANTITY_DOSE:
		return &set->dose.strokes;
	default:
		return &set->run.ms;
	}
}

/* The least by which a quantity is set lower. */
static u32 step_of(unsigned int quantity)
{
	static const u32 steps[MN_QUANTITY_NR] = { MODEL_STEP, 20000, 1, 500 };

	return steps[quantity];
}

static void add_set(struct happenings *h, enum mn_happening how, u32 epoch, struct mn_set set)
{
	struct mn_stimulus *what = add(h, how);

	what->set = set;
	what->epoch = epoch;
}

static void add_sets(struct happenings *h, const struct view *view, const struct mn_safety *s,
		     enum mn_happening how)
{
	const struct mn_set set = DEFAULT_SET;
	u32 limit, values[5];

	if (view->quantity == MN_QUANTITY_NR) {
		add_set(h, how, s->epoch, set);
		return;
	}
	limit = mn_safety_limit(s, view->quantity, NULL);
	if (view->quantity == MN_QUANTITY_DOSE)
		limit = limit > s->keep.dose ? limit - s->keep.dose : 0;
	values[0] = limit;
	values[1] = limit + 1;
	values[2] = limit > step_of(view->quantity) ? limit - step_of(view->quantity) : limit;
	values[3] = 0;
	values[4] = step_of(view->quantity) / 2;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct mn_set varied = set;

		*value_of(&varied, view->quantity) = values[i];
		add_set(h, how, s->epoch, varied);
	}
}

static void add_limit(struct happenings *h, enum mn_happening whose, unsigned int quantity,
		      u32 value)
{
	struct mn_stimulus *what = add(h, whose);

	what->valid = BIT_OF(quantity);
	what->value[quantity] = value;
}

static void add_limits(struct happenings *h, const struct view *view, const struct mn_safety *s,
		       enum mn_happening whose, const u32 *now, u32 present)
{
	const u32 session[MN_QUANTITY_NR] = { MODEL_DEPTH, 40000, 3, 1000 };
	const unsigned int quantity = view->quantity;
	struct mn_stimulus *what = add(h, whose);

	(void)s;
	what->valid = BIT_OF(MN_QUANTITY_NR) - 1;
	memcpy(what->value, whose == MN_HAPPENS_SET_LIMITS ? session : now, sizeof(what->value));
	add(h, whose);
	add(h, whose)->valid = BIT_OF(MN_QUANTITY_NR);
	if (quantity == MN_QUANTITY_NR)
		return;
	if (!(present & BIT_OF(quantity))) {
		add_limit(h, whose, quantity, session[quantity]);
		return;
	}
	add_limit(h, whose, quantity, now[quantity] + 1);
	if (now[quantity])
		add_limit(h, whose, quantity,
			  now[quantity] - 1 - (now[quantity] - 1) % step_of(quantity));
}

static void add_clear(struct happenings *h, u64 faults)
{
	add(h, MN_HAPPENS_CLEAR)->faults = faults;
}

static void add_answers(struct happenings *h, const struct mn_safety *s, enum mn_happening type)
{
	static const int errors[] = { 0, -EREMOTEIO, -EIO };

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		for (u32 old = 0; old < 2; old++) {
			struct mn_stimulus *what = add(h, type);

			what->epoch = s->epoch - old;
			what->error = errors[i];
		}
}

/* ---- the handpiece ---- */

static struct mn_stroke next_stroke(const struct mn_safety *s)
{
	u32 depth = s->bound.depth.um > 10 ? s->bound.depth.um - 10 : 0;

	/* No two of them alike, as long as it matters */
	if (depth && depth == s->last.depth_um)
		depth--;
	return (struct mn_stroke){
		.number = s->stroke_next,
		.epoch = s->run_epoch,
		.depth_um = depth,
		.period_us = s->bound.rate.mhz ? USEC_MHZ / s->bound.rate.mhz + 1 : 20000,
		.current_ma = s->caps.max_current_ma,
		.age_us = MN_BACKLOG_MS * 1000,
	};
}

static struct mn_stroke *add_stroke(struct happenings *h, const struct mn_safety *s)
{
	struct mn_stimulus *what = add(h, MN_HAPPENS_STROKE);

	what->stroke = next_stroke(s);
	return &what->stroke;
}

static void add_depths(struct happenings *h, const struct mn_safety *s)
{
	const u32 deepest = s->bound.depth.um + s->caps.tolerance_um;
	const u32 depths[] = { deepest,
			       deepest + 1,
			       s->last.depth_um,
			       MN_DEPTH_IMPLAUSIBLE_UM,
			       MN_DEPTH_IMPLAUSIBLE_UM + 1,
			       MN_NOT_MEASURED,
			       s->set.depth.um + s->caps.tolerance_um + 1 };

	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++)
		add_stroke(h, s)->depth_um = depths[i];
}

static void add_periods(struct happenings *h, const struct mn_safety *s)
{
	const u32 limit = s->bound.rate.mhz, fastest = limit + limit / MN_RATE_TOLERANCE_DIV;
	const u32 periods[] = { fastest ? USEC_MHZ / fastest : 1,
				fastest ? USEC_MHZ / (fastest + 1) - 1 : 1,
				s->set.rate.mhz ? USEC_MHZ / (s->set.rate.mhz / 2) : 1,
				s->set.rate.mhz ? USEC_MHZ / (s->set.rate.mhz / 2 - 1) + 1 : 1,
				0,
				MN_NOT_MEASURED };

	for (size_t i = 0; i < sizeof(periods) / sizeof(periods[0]); i++)
		add_stroke(h, s)->period_us = periods[i];
}

static void add_strokes(struct happenings *h, const struct view *view, const struct mn_safety *s)
{
	add_stroke(h, s);
	add_stroke(h, s)->depth_um = s->bound.depth.um + s->caps.tolerance_um + 1;
	if (!(view->vary & VARY_STROKES))
		return;
	add_depths(h, s);
	add_periods(h, s);
	add_stroke(h, s)->current_ma = s->caps.max_current_ma + 1;
	add_stroke(h, s)->current_ma = MN_NOT_MEASURED;
	add_stroke(h, s)->epoch = s->run_epoch - 1;
	add_stroke(h, s)->age_us = (MN_BACKLOG_MS + 1) * 1000;
	add_stroke(h, s)->number = s->stroke_next + 1;
	add_stroke(h, s)->number = s->stroke_next + MN_ABSOLUTE_DOSE_STROKES + 1;
	add_stroke(h, s)->number = s->stroke_next - 1;
}

static struct mn_report *add_report(struct happenings *h, const struct mn_safety *s)
{
	struct mn_stimulus *what = add(h, MN_HAPPENS_REPORT);

	what->report = s->report;
	what->report.epoch = s->epoch;
	return &what->report;
}

/* As it should be: at home, or on its way. */
static struct mn_report *add_good(struct happenings *h, const struct mn_safety *s, bool pressed,
				  bool idle)
{
	struct mn_report *report = add_report(h, s);

	report->inputs = MN_INPUT_CARTRIDGE | (pressed ? MN_INPUT_TRIGGER : 0) |
			 (idle ? MN_INPUT_HOME : 0);
	report->strokes = s->stroke_next - 1;
	report->idle = idle;
	report->self_test = MN_SELF_TEST_PASSED;
	report->temp_mc = s->caps.max_temp_mc;
	report->faults = 0;
	return report;
}

static void add_inputs(struct happenings *h, const struct mn_safety *s)
{
	for (u32 bits = 0; bits < 64; bits++) {
		struct mn_report *report = add_good(h, s, false, bits & 16);

		report->inputs = bits & 15;
		report->epoch = s->epoch - !!(bits & 32);
	}
}

static void add_told(struct happenings *h, const struct mn_safety *s)
{
	for (u32 result = MN_SELF_TEST_NEVER; result <= MN_SELF_TEST_BUSY; result++)
		add_report(h, s)->self_test = result;
	add_report(h, s)->temp_mc = s->caps.max_temp_mc + 1;
	add_report(h, s)->temp_mc = s->caps.max_temp_mc;
	add_report(h, s)->faults = FAULT_BIT(MN_FAULT_HANDPIECE);
	add_report(h, s)->faults = FAULT_BIT(MN_FAULT_NR);
	add_report(h, s)->faults = 0;
	add_report(h, s)->boot_id++;
	add_report(h, s)->epoch = s->epoch + 1;
}

static void add_numbers(struct happenings *h, const struct mn_safety *s)
{
	add_good(h, s, false, true)->strokes = s->stroke_next;
	add_good(h, s, false, true)->strokes = s->stroke_next + MN_ABSOLUTE_DOSE_STROKES;
	add_good(h, s, false, true)->strokes = s->stroke_next - 2;
}

static void add_reports(struct happenings *h, const struct view *view, const struct mn_safety *s)
{
	struct mn_report *report;

	for (u32 bits = 0; bits < 4; bits++)
		if (view->caps.has_trigger || !(bits & 1))
			add_good(h, s, bits & 1, bits & 2);
	if (view->vary & VARY_TROUBLE)
		add_good(h, s, false, true)->inputs |= MN_INPUT_EMERGENCY_STOP;
	add_good(h, s, false, true)->insertions++;
	report = add_good(h, s, false, true);
	report->insertions++;
	report->inputs ^= MN_INPUT_CARTRIDGE;
	if (view->vary & VARY_INPUTS)
		add_inputs(h, s);
	if (view->vary & VARY_TOLD)
		add_told(h, s);
	if (!(view->forget & FORGET_NUMBERS))
		add_numbers(h, s);
}

/* ---- the cartridge ---- */

static struct mn_tag *add_tag(struct happenings *h, const struct mn_safety *s,
			      enum mn_happening type)
{
	struct mn_stimulus *what = add(h, type);

	what->tag = (struct mn_tag){
		.present = true,
		.readable = true,
		.insertions = s->report.insertions,
		.needles = 14,
		.uid = s->tag.uid ? s->tag.uid : 1,
		.limit = { 300, 60000, 3, 0 },
		.expiry_days = MODEL_TODAY,
	};
	return &what->tag;
}

static void mark(struct mn_tag *tag, const u8 *treatment)
{
	tag->marked = true;
	memcpy(tag->treatment, treatment, sizeof(tag->treatment));
}

/* By the bits of a number: another cartridge, a mark, whose, shorter needles, expired. */
static void add_any_tag(struct happenings *h, const struct mn_safety *s, u32 bits)
{
	static const u8 other[16] = { PAST_TREATMENT };
	struct mn_tag *tag = add_tag(h, s, MN_HAPPENS_TAG);

	if (bits & 1)
		tag->uid ^= 1 ^ OTHER_CARTRIDGE;
	if (bits & 2)
		mark(tag, bits & 4 ? other : s->keep.treatment);
	if (bits & 8)
		tag->limit[MN_QUANTITY_DEPTH] = MODEL_STEP;
	if (bits & 16)
		tag->expiry_days--;
}

static void add_declared(struct happenings *h, const struct mn_safety *s)
{
	struct mn_tag *tag;

	add_tag(h, s, MN_HAPPENS_DECLARE);
	add_tag(h, s, MN_HAPPENS_DECLARE)->uid ^= 1 ^ OTHER_CARTRIDGE;
	add_tag(h, s, MN_HAPPENS_DECLARE)->uid = 0;
	add_tag(h, s, MN_HAPPENS_DECLARE)->needles = 0;
	for (unsigned int quantity = 0; quantity < MN_QUANTITY_RUN_TIME; quantity++) {
		tag = add_tag(h, s, MN_HAPPENS_DECLARE);
		tag->limit[quantity] = 0;
		tag = add_tag(h, s, MN_HAPPENS_DECLARE);
		tag->limit[quantity] = U32_MAX;
	}
}

static void add_tags(struct happenings *h, const struct view *view, const struct mn_safety *s)
{
	struct mn_tag *tag;

	add_tag(h, s, MN_HAPPENS_TAG);
	mark(add_tag(h, s, MN_HAPPENS_TAG), s->keep.treatment);
	add_tag(h, s, MN_HAPPENS_TAG)->insertions++;
	add(h, MN_HAPPENS_MARKING);
	add_tag(h, s, MN_HAPPENS_DECLARE);
	add_tag(h, s, MN_HAPPENS_TAG)->uid ^= 1 ^ OTHER_CARTRIDGE;
	if (view->vary & VARY_TROUBLE) {
		tag = add_tag(h, s, MN_HAPPENS_TAG);
		memset(tag, 0, sizeof(*tag));
		tag->insertions = s->report.insertions;
		tag->present = true;
	}
	if (!(view->vary & VARY_TAGS))
		return;
	tag = add_tag(h, s, MN_HAPPENS_TAG);
	memset(tag, 0, sizeof(*tag));
	tag->insertions = s->report.insertions;
	for (u32 bits = 0; bits < 32; bits++)
		add_any_tag(h, s, bits);
	add_declared(h, s);
}

/* ---- the rest ---- */

static void add_failures(struct happenings *h, const struct view *view)
{
	u32 code;

	add(h, MN_HAPPENS_FAIL)->code = MN_FAULT_TRANSPORT;
	if (view->vary & VARY_TROUBLE)
		add(h, MN_HAPPENS_FAIL)->code = MN_FAULT_NR;
	if (view->vary & VARY_FAULTS)
		for (code = MN_FAULT_NONE; code < MN_FAULT_NR; code++)
			add(h, MN_HAPPENS_FAIL)->code = code;
}

void happenings_in(const struct view *view, const struct mn_safety *s, struct happenings *h)
{
	const struct mn_set set = DEFAULT_SET;

	h->count = 0;
	add(h, MN_HAPPENS_TICK);
	add(h, MN_HAPPENS_HEARTBEAT);
	add(h, MN_HAPPENS_STOP);
	add(h, MN_HAPPENS_BEGIN);
	add_answers(h, s, MN_HAPPENS_STARTED);
	add_set(h, MN_HAPPENS_ARM_COMMIT, s->epoch, set);
	add_set(h, MN_HAPPENS_UPDATE, s->epoch, set);
	add_clear(h, ~0ULL);
	add_stroke(h, s);
	add_good(h, s, view->caps.has_trigger, false);
	add_good(h, s, false, true);
	h->timely = h->count;

	add_set(h, MN_HAPPENS_ARM_COMMIT, s->epoch - 1, set);
	add_clear(h, 0);
	add_clear(h, s->keep.faults & -s->keep.faults);
	add_acquires(h, s);
	add(h, MN_HAPPENS_RELEASE);
	add(h, MN_HAPPENS_CLOSE);
	add_limits(h, view, s, MN_HAPPENS_SET_LIMITS, s->keep.session, s->keep.session_present);
	add_limits(h, view, s, MN_HAPPENS_SET_ADMIN, s->keep.admin, ~0U);
	add_sets(h, view, s, MN_HAPPENS_ARM);
	add_sets(h, view, s, MN_HAPPENS_ARM_COMMIT);
	add_sets(h, view, s, MN_HAPPENS_UPDATE);
	add(h, MN_HAPPENS_START);
	add_strokes(h, view, s);
	add_reports(h, view, s);
	add_tags(h, view, s);
	add_failures(h, view);
	if (view->vary & VARY_TOLD) {
		add(h, MN_HAPPENS_SELF_TEST);
		add_answers(h, s, MN_HAPPENS_TESTED);
	}
	if (view->vary & VARY_POWER) {
		add(h, MN_HAPPENS_SUSPEND);
		add(h, MN_HAPPENS_RESUME);
		add(h, MN_HAPPENS_UNPLUG);
	}
}
