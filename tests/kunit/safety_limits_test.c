// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits: the least over the sources that apply, named; a missing one is 0; set points are judged
 * against them before they are rounded down.
 */
#include <linux/bits.h>

#include "safety_bench.h"

#define ALL_QUANTITIES	(BIT(MN_QUANTITY_NR) - 1)

/* ---- composition ---- */

struct source_case {
	const char *name;
	enum mn_source source;
	u32 value[MN_QUANTITY_NR];
};

/* Each source made the lowest in turn; where it has no say in a quantity it stays 0 here. */
static const struct source_case source_cases[] = {
	{ "ceiling", MN_SOURCE_CEILING, { 300 } },
	{ "device", MN_SOURCE_DEVICE, { 301, 30001, 301, 3001 } },
	{ "cartridge", MN_SOURCE_CARTRIDGE, { 302, 30002, 302 } },
	{ "admin", MN_SOURCE_ADMIN, { 303, 30003, 303, 3003 } },
	{ "session", MN_SOURCE_SESSION, { 304, 30004, 304, 3004 } },
};

KUNIT_ARRAY_PARAM_DESC(source, source_cases, name);

static void put_source(struct bench *b, enum mn_source source, enum mn_quantity quantity, u32 value)
{
	switch (source) {
	case MN_SOURCE_CEILING:
		b->s.ceiling_um = value;
		break;
	case MN_SOURCE_DEVICE:
		b->s.caps.limit[quantity] = value;
		break;
	case MN_SOURCE_CARTRIDGE:
		b->s.tag.limit[quantity] = value;
		break;
	case MN_SOURCE_ADMIN:
		b->s.keep.admin[quantity] = value;
		break;
	default:
		b->s.keep.session[quantity] = value;
		break;
	}
}

/* The lowest source binds and is named, for every quantity that it has a say in. */
static void limits_least_binds(struct kunit *test)
{
	const struct source_case *param = test->param_value;
	unsigned int quantity;

	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		struct bench *b = bench_at(test, BENCH_SAFE);
		enum mn_source binding = MN_SOURCE_NR;

		if (!param->value[quantity])
			continue;
		put_source(b, param->source, quantity, param->value[quantity]);
		KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, quantity, &binding),
				param->value[quantity]);
		KUNIT_EXPECT_EQ(test, binding, param->source);
	}
}

/* A source that gives 0 gives 0, and is named. */
static void limits_zero_binds(struct kunit *test)
{
	const struct source_case *param = test->param_value;
	unsigned int quantity;

	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		struct bench *b = bench_at(test, BENCH_SAFE);
		enum mn_source binding = MN_SOURCE_NR;

		if (!param->value[quantity])
			continue;
		put_source(b, param->source, quantity, 0);
		KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, quantity, &binding), 0U);
		KUNIT_EXPECT_EQ(test, binding, param->source);
		KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -ERANGE);
	}
}

/* No source reaches beyond what is compiled in, whatever the others say. */
static void limits_absolute(struct kunit *test)
{
	static const u32 absolute[MN_QUANTITY_NR] = { 3000, 200000, 200000, 600000 };
	struct bench *b = bench_at(test, BENCH_SAFE);
	unsigned int quantity, i;
	u32 value;

	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		for (i = 0; i < ARRAY_SIZE(source_cases); i++)
			put_source(b, source_cases[i].source, quantity, U32_MAX);
		KUNIT_EXPECT_TRUE(test, mn_safety_source(&b->s, quantity, MN_SOURCE_ABSOLUTE,
							 &value));
		KUNIT_EXPECT_EQ(test, value, absolute[quantity]);
		KUNIT_EXPECT_LE(test, mn_safety_limit(&b->s, quantity, NULL), absolute[quantity]);
	}
	/* Only the ceiling of depth is a setting: only there is it the absolute that binds. */
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, NULL), 3000U);
}

static void limits_ceiling_values(struct kunit *test)
{
	static const u32 ceiling[MN_QUANTITY_NR] = { 1500, 150000, 100000, 300000 };
	struct bench *b = bench_at(test, BENCH_SAFE);
	unsigned int quantity;
	u32 value;

	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		KUNIT_EXPECT_TRUE(test, mn_safety_source(&b->s, quantity, MN_SOURCE_CEILING,
							 &value));
		KUNIT_EXPECT_EQ(test, value, ceiling[quantity]);
		/* The administrator's start there. */
		KUNIT_EXPECT_EQ(test, b->s.keep.admin[quantity], ceiling[quantity]);
	}
}

/* Required and absent is 0 with that source named, never "skip it". */
static void limits_missing_session(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	unsigned int quantity;

	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		enum mn_source binding = MN_SOURCE_NR;
		u32 value = 1;

		b->s.keep.session_present = ALL_QUANTITIES & ~BIT(quantity);
		KUNIT_EXPECT_FALSE(test, mn_safety_source(&b->s, quantity, MN_SOURCE_SESSION,
							  &value));
		KUNIT_EXPECT_EQ(test, value, 0U);
		KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, quantity, &binding), 0U);
		KUNIT_EXPECT_EQ(test, binding, MN_SOURCE_SESSION);
		KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -ERANGE);
		KUNIT_EXPECT_EQ(test, b->refusal.quantity, quantity);
		KUNIT_EXPECT_EQ(test, b->refusal.source, MN_SOURCE_SESSION);
	}
}

static void limits_missing_cartridge(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	enum mn_source binding = MN_SOURCE_NR;
	u32 value;

	b->tag.readable = false;
	bench_tell_tag(b);
	KUNIT_EXPECT_FALSE(test, mn_safety_source(&b->s, MN_QUANTITY_DEPTH, MN_SOURCE_CARTRIDGE,
						  &value));
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, &binding), 0U);
	KUNIT_EXPECT_EQ(test, binding, MN_SOURCE_CARTRIDGE);
	/* It has no say in how long it runs. */
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_RUN_TIME, NULL), 120000U);

	b->tag.readable = true;
	bench_tell_tag(b);
	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	bench_tell(b);
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, &binding), 0U);
	KUNIT_EXPECT_EQ(test, binding, MN_SOURCE_CARTRIDGE);
}

/* A board's limits are not a device's: the transport's constant table says which applies. */
static void limits_missing_device(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	enum mn_source binding = MN_SOURCE_NR;
	u32 value;

	b->s.caps.source = MN_SOURCE_BOARD;
	KUNIT_EXPECT_FALSE(test, mn_safety_source(&b->s, MN_QUANTITY_DEPTH, MN_SOURCE_DEVICE,
						  &value));
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, &binding), 0U);
	KUNIT_EXPECT_EQ(test, binding, MN_SOURCE_DEVICE);
}

/* "Not applicable" is not "no limit": with no source at all there is nothing to allow. */
static void limits_no_source(struct kunit *test)
{
	static const u32 none[MN_QUANTITY_NR];
	struct bench *b = bench_at(test, BENCH_SAFE);

	b->s.caps.required = none;
	KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, MN_QUANTITY_DEPTH, NULL), 0U);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -ERANGE);
}

/* ---- lowering ---- */

static void limits_lower_only(struct kunit *test)
{
	static const enum mn_happening whose[] = { MN_HAPPENS_SET_LIMITS, MN_HAPPENS_SET_ADMIN };
	struct bench *b = bench_at(test, BENCH_SAFE);
	unsigned int i, quantity;

	for (i = 0; i < ARRAY_SIZE(whose); i++) {
		const u32 *limit = i ? b->s.keep.admin : b->s.keep.session;

		for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
			u32 was = limit[quantity];

			KUNIT_EXPECT_EQ(test, bench_lower(b, whose[i], quantity, was + 1), -EPERM);
			KUNIT_EXPECT_EQ(test, bench_lower(b, whose[i], quantity, U32_MAX), -EPERM);
			KUNIT_EXPECT_EQ(test, limit[quantity], was);
			KUNIT_EXPECT_EQ(test, bench_lower(b, whose[i], quantity, was), 0);
			KUNIT_EXPECT_EQ(test, bench_lower(b, whose[i], quantity, was - 1), 0);
			KUNIT_EXPECT_EQ(test, limit[quantity], was - 1);
			KUNIT_EXPECT_EQ(test, bench_lower(b, whose[i], quantity, was), -EPERM);
			KUNIT_EXPECT_EQ(test, bench_lower(b, whose[i], quantity, 0), 0);
			KUNIT_EXPECT_EQ(test, mn_safety_limit(&b->s, quantity, NULL), 0U);
			KUNIT_EXPECT_EQ(test, bench_lower(b, whose[i], quantity, 1), -EPERM);
		}
	}
}

/* One that would raise takes the others with it: all or none. */
static void limits_all_or_none(struct kunit *test)
{
	struct mn_stimulus what = {
		.type = MN_HAPPENS_SET_LIMITS,
		.valid = BIT(MN_QUANTITY_DEPTH) | BIT(MN_QUANTITY_RUN_TIME),
		.value = { 900, 0, 0, 120001 },
	};
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_EXPECT_EQ(test, bench_step(b, &what), -EPERM);
	KUNIT_EXPECT_EQ(test, b->s.keep.session[MN_QUANTITY_DEPTH], 1000U);
	what.value[MN_QUANTITY_RUN_TIME] = 120000;
	KUNIT_EXPECT_EQ(test, bench_step(b, &what), 0);
	KUNIT_EXPECT_EQ(test, b->s.keep.session[MN_QUANTITY_DEPTH], 900U);
	/* What was not named stays, even where a value stands. */
	KUNIT_EXPECT_EQ(test, b->s.keep.session[MN_QUANTITY_RATE], 120000U);
}

static void limits_mask(struct kunit *test)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_SET_LIMITS };
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_EXPECT_EQ(test, bench_step(b, &what), -EINVAL);
	what.valid = BIT(MN_QUANTITY_NR);
	KUNIT_EXPECT_EQ(test, bench_step(b, &what), -EINVAL);
	what.valid = U32_MAX;
	KUNIT_EXPECT_EQ(test, bench_step(b, &what), -EINVAL);
	what.type = MN_HAPPENS_SET_ADMIN;
	KUNIT_EXPECT_EQ(test, bench_step(b, &what), -EINVAL);
	KUNIT_EXPECT_EQ(test, b->s.keep.session[MN_QUANTITY_DEPTH], 1000U);
}

struct lower_case {
	const char *name;
	enum mn_happening whose;
	enum mn_quantity quantity;
	u32 fits;	/* the lowest that still allows the set point */
};

/* One stroke of the 1000 was made: what is left is 999, of a dose of 1. */
static const struct lower_case lower_cases[] = {
	{ "session depth", MN_HAPPENS_SET_LIMITS, MN_QUANTITY_DEPTH, BENCH_DEPTH_UM },
	{ "session rate", MN_HAPPENS_SET_LIMITS, MN_QUANTITY_RATE, BENCH_RATE_MHZ },
	{ "session dose", MN_HAPPENS_SET_LIMITS, MN_QUANTITY_DOSE, BENCH_STROKES },
	{ "session run time", MN_HAPPENS_SET_LIMITS, MN_QUANTITY_RUN_TIME, BENCH_RUN_MS },
	{ "admin depth", MN_HAPPENS_SET_ADMIN, MN_QUANTITY_DEPTH, BENCH_DEPTH_UM },
	{ "admin rate", MN_HAPPENS_SET_ADMIN, MN_QUANTITY_RATE, BENCH_RATE_MHZ },
	{ "admin dose", MN_HAPPENS_SET_ADMIN, MN_QUANTITY_DOSE, BENCH_STROKES },
	{ "admin run time", MN_HAPPENS_SET_ADMIN, MN_QUANTITY_RUN_TIME, BENCH_RUN_MS },
};

KUNIT_ARRAY_PARAM_DESC(lower, lower_cases, name);

/* A limit that is lowered beneath what runs or is armed ends it at once. */
static void limits_lowered_beneath(struct kunit *test)
{
	const struct lower_case *param = test->param_value;
	static const enum bench_place places[] = { BENCH_ARMED, BENCH_STARTING, BENCH_RUNNING };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i]);
		enum mn_state was = b->s.state;

		KUNIT_EXPECT_EQ(test, bench_lower(b, param->whose, param->quantity, param->fits),
				0);
		KUNIT_EXPECT_EQ(test, b->s.state, was);
		KUNIT_EXPECT_EQ(test, bench_lower(b, param->whose, param->quantity,
						  param->fits - 1), 0);
		EXPECT_STATE(b, MN_STATE_SAFE, MN_CAUSE_LIMIT);
		KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_KILL);
	}
}

/* Strokes are measured against the limit as it is, not as it was when the motor started. */
static void limits_rate_lowered_while_running(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);
	struct mn_stroke stroke;

	KUNIT_ASSERT_EQ(test, bench_lower(b, MN_HAPPENS_SET_LIMITS, MN_QUANTITY_RATE, 100000), 0);
	KUNIT_ASSERT_EQ(test, b->s.state, MN_STATE_RUNNING);
	stroke = bench_next_stroke(b);
	stroke.period_us = 8700;	/* 115 Hz: within the 120 Hz from before */
	bench_tell_stroke(b, stroke);
	EXPECT_FAULT(b, MN_FAULT_OVER_RATE);
}

/* ---- set points ---- */

struct set_case {
	const char *name;
	struct mn_set set;
	int ret;
	enum mn_quantity quantity;	/* with -ERANGE */
	enum mn_source source;
	u32 limit;
	struct mn_set becomes;		/* with 0 */
};

#define SET(depth, rate, dose, run)	{ { depth }, { rate }, { dose }, { run } }

/* Session: 1000 um, 120 Hz, 50000 strokes, 120 s. Steps: 10 um, 100 mHz. Lowest rate: 20 Hz. */
static const struct set_case set_cases[] = {
	{ .name = "on the steps", .set = SET(500, 100000, 1000, 60000),
	  .becomes = SET(500, 100000, 1000, 60000) },
	{ .name = "all exactly at the limit", .set = SET(1000, 120000, 50000, 120000),
	  .becomes = SET(1000, 120000, 50000, 120000) },
	{ .name = "depth rounds down", .set = SET(999, 100000, 1, 1),
	  .becomes = SET(990, 100000, 1, 1) },
	{ .name = "rate rounds down", .set = SET(10, 20099, 1, 1),
	  .becomes = SET(10, 20000, 1, 1) },
	{ .name = "the least of all", .set = SET(10, 20000, 1, 1),
	  .becomes = SET(10, 20000, 1, 1) },
	{ .name = "depth less than a step", .set = SET(9, 100000, 1, 1), .ret = -EINVAL },
	{ .name = "depth 0", .set = SET(0, 100000, 1, 1), .ret = -EINVAL },
	{ .name = "rate 0", .set = SET(500, 0, 1, 1), .ret = -EINVAL },
	{ .name = "rate beneath the lowest", .set = SET(500, 19999, 1, 1), .ret = -EINVAL },
	{ .name = "no strokes", .set = SET(500, 100000, 0, 1), .ret = -EINVAL },
	{ .name = "no run time", .set = SET(500, 100000, 1, 0), .ret = -EINVAL },
	/* Refused before it is rounded: 1 too many is too many. */
	{ .name = "depth 1 over", .set = SET(1001, 100000, 1, 1), .ret = -ERANGE,
	  .quantity = MN_QUANTITY_DEPTH, .source = MN_SOURCE_SESSION, .limit = 1000 },
	{ .name = "rate 1 over", .set = SET(500, 120001, 1, 1), .ret = -ERANGE,
	  .quantity = MN_QUANTITY_RATE, .source = MN_SOURCE_SESSION, .limit = 120000 },
	{ .name = "strokes 1 over", .set = SET(500, 100000, 50001, 1), .ret = -ERANGE,
	  .quantity = MN_QUANTITY_DOSE, .source = MN_SOURCE_SESSION, .limit = 50000 },
	{ .name = "run time 1 over", .set = SET(500, 100000, 1, 120001), .ret = -ERANGE,
	  .quantity = MN_QUANTITY_RUN_TIME, .source = MN_SOURCE_SESSION, .limit = 120000 },
	{ .name = "depth of all ones", .set = SET(U32_MAX, 100000, 1, 1), .ret = -ERANGE,
	  .quantity = MN_QUANTITY_DEPTH, .source = MN_SOURCE_SESSION, .limit = 1000 },
	{ .name = "rate of all ones", .set = SET(500, U32_MAX, 1, 1), .ret = -ERANGE,
	  .quantity = MN_QUANTITY_RATE, .source = MN_SOURCE_SESSION, .limit = 120000 },
	{ .name = "strokes of all ones", .set = SET(500, 100000, U32_MAX, 1), .ret = -ERANGE,
	  .quantity = MN_QUANTITY_DOSE, .source = MN_SOURCE_SESSION, .limit = 50000 },
	{ .name = "run time of all ones", .set = SET(500, 100000, 1, U32_MAX), .ret = -ERANGE,
	  .quantity = MN_QUANTITY_RUN_TIME, .source = MN_SOURCE_SESSION, .limit = 120000 },
	{ .name = "millimetres read as metres", .set = SET(500000, 100000, 1, 1), .ret = -ERANGE,
	  .quantity = MN_QUANTITY_DEPTH, .source = MN_SOURCE_SESSION, .limit = 1000 },
};

KUNIT_ARRAY_PARAM_DESC(set, set_cases, name);

static void expect_set(struct kunit *test, const struct mn_set *is, const struct mn_set *want)
{
	KUNIT_EXPECT_EQ(test, is->depth.um, want->depth.um);
	KUNIT_EXPECT_EQ(test, is->rate.mhz, want->rate.mhz);
	KUNIT_EXPECT_EQ(test, is->dose.strokes, want->dose.strokes);
	KUNIT_EXPECT_EQ(test, is->run.ms, want->run.ms);
}

static void expect_refusal(struct kunit *test, struct bench *b, const struct set_case *param)
{
	if (param->ret != -ERANGE)
		return;
	KUNIT_EXPECT_EQ(test, b->refusal.quantity, param->quantity);
	KUNIT_EXPECT_EQ(test, b->refusal.source, param->source);
	KUNIT_EXPECT_EQ(test, b->refusal.limit, param->limit);
}

static void limits_arm(struct kunit *test)
{
	const struct set_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_SAFE);

	KUNIT_EXPECT_EQ(test, bench_arm(b, param->set), param->ret);
	KUNIT_EXPECT_EQ(test, b->s.state, param->ret ? MN_STATE_SAFE : MN_STATE_ARMED);
	expect_set(test, &b->s.set, &param->becomes);
	expect_refusal(test, b, param);
}

/* UPDATE is judged alike, and a refused one leaves what was. */
static void limits_update(struct kunit *test)
{
	static const struct mn_set before = SET(BENCH_DEPTH_UM, BENCH_RATE_MHZ, BENCH_STROKES,
						BENCH_RUN_MS);
	const struct set_case *param = test->param_value;
	struct bench *b = bench_at(test, BENCH_ARMED);

	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_UPDATE, param->set), param->ret);
	KUNIT_EXPECT_EQ(test, b->s.state, MN_STATE_ARMED);
	expect_set(test, &b->s.set, param->ret ? &before : &param->becomes);
	expect_refusal(test, b, param);
}

/* Only what is left of the treatment's dose can be asked for. */
static void limits_dose_headroom(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	struct mn_set set = bench_set_point();

	b->s.keep.dose = 49000;
	set.dose.strokes = 1001;
	KUNIT_EXPECT_EQ(test, bench_arm(b, set), -ERANGE);
	KUNIT_EXPECT_EQ(test, b->refusal.quantity, MN_QUANTITY_DOSE);
	KUNIT_EXPECT_EQ(test, b->refusal.source, MN_SOURCE_SESSION);
	KUNIT_EXPECT_EQ(test, b->refusal.limit, 1000U);
	set.dose.strokes = 1000;
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, set), 0);

	b->s.keep.dose = 50000;
	set.dose.strokes = 1;
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, set), -ERANGE);
	KUNIT_EXPECT_EQ(test, b->refusal.limit, 0U);
	/* Beyond the limit nothing is left: it does not turn into very much. */
	b->s.keep.dose = 50001;
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, set), -ERANGE);
	KUNIT_EXPECT_EQ(test, b->refusal.limit, 0U);
	b->s.keep.dose = U32_MAX;
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, set), -ERANGE);
	KUNIT_EXPECT_EQ(test, b->refusal.limit, 0U);
	set.dose.strokes = U32_MAX;
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, set), -ERANGE);
}

/* ---- what a handpiece may say of itself ---- */

struct caps_case {
	const char *name;
	size_t at;
	u32 good;
	u32 bad;
};

#define CAPS(member, good, bad)	{ #member " " #bad, offsetof(struct mn_caps, member), good, bad }
#define MANDATORY	(MN_MEASURES_DEPTH | MN_MEASURES_RATE | MN_MEASURES_HOME)

/* The last value that is possible, and the first that is not. */
static const struct caps_case caps_cases[] = {
	CAPS(depth_step_um, 1, 0),
	CAPS(depth_step_um, 3000, 3001),
	CAPS(depth_step_um, 3000, U32_MAX),
	CAPS(rate_step_mhz, 1, 0),
	CAPS(rate_step_mhz, 200000, 200001),
	CAPS(rate_min_mhz, 20000, 19999),
	CAPS(rate_min_mhz, 50000, 19999),
	CAPS(rate_min_mhz, 20000, 0),
	CAPS(tolerance_um, 150, 151),
	CAPS(tolerance_um, 0, U32_MAX),
	CAPS(run_up_ms, 1, 0),
	CAPS(run_up_ms, 500, 501),
	CAPS(run_down_ms, 1, 0),
	CAPS(run_down_ms, 100, 101),
	CAPS(lease_ms, 26, 25),
	CAPS(lease_ms, 100, 101),
	CAPS(lease_ms, 100, 0),
	CAPS(measures, MANDATORY, MANDATORY & ~MN_MEASURES_DEPTH),
	CAPS(measures, MANDATORY, MANDATORY & ~MN_MEASURES_RATE),
	CAPS(measures, MANDATORY, MANDATORY & ~MN_MEASURES_HOME),
	CAPS(measures, MANDATORY, 0),
};

KUNIT_ARRAY_PARAM_DESC(caps, caps_cases, name);

static void limits_caps(struct kunit *test)
{
	const struct caps_case *param = test->param_value;
	struct bench *b = bench_new(test);
	u32 *member = (void *)&b->caps + param->at;
	const char *why = "not set";

	*member = param->good;
	KUNIT_EXPECT_EQ(test, mn_safety_check_caps(&b->caps, &why), 0);
	KUNIT_EXPECT_NULL(test, why);
	*member = param->bad;
	KUNIT_EXPECT_EQ(test, mn_safety_check_caps(&b->caps, &why), -EPROTO);
	KUNIT_EXPECT_NOT_NULL(test, why);
}

/* Which sources apply is the transport's constant: one that leaves a limit out is refused. */
static void limits_caps_sources(struct kunit *test)
{
	static const u32 everywhere = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
				      BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION) |
				      BIT(MN_SOURCE_DEVICE);
	struct bench *b = bench_new(test);
	u32 required[MN_QUANTITY_NR];
	unsigned int quantity, source;
	const char *why;

	b->caps.required = NULL;
	KUNIT_EXPECT_EQ(test, mn_safety_check_caps(&b->caps, &why), -EPROTO);
	b->caps.required = required;
	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		for (source = 0; source < MN_SOURCE_NR; source++) {
			if (!(everywhere & BIT(source)))
				continue;
			memcpy(required, b->s.caps.required, sizeof(required));
			KUNIT_EXPECT_EQ(test, mn_safety_check_caps(&b->caps, &why), 0);
			required[quantity] &= ~BIT(source);
			KUNIT_EXPECT_EQ_MSG(test, mn_safety_check_caps(&b->caps, &why), -EPROTO,
					    "quantity %u without source %u", quantity, source);
		}
	}
	memcpy(required, b->s.caps.required, sizeof(required));
	required[MN_QUANTITY_DEPTH] &= ~BIT(MN_SOURCE_CARTRIDGE);
	KUNIT_EXPECT_EQ(test, mn_safety_check_caps(&b->caps, &why), -EPROTO);
	memcpy(required, b->s.caps.required, sizeof(required));
	required[MN_QUANTITY_RATE] |= BIT(MN_SOURCE_NR);
	KUNIT_EXPECT_EQ(test, mn_safety_check_caps(&b->caps, &why), -EPROTO);

	/* Its own limits are a device's or a board's, and of nobody else. */
	for (source = 0; source < MN_SOURCE_NR; source++) {
		bool own = source == MN_SOURCE_DEVICE || source == MN_SOURCE_BOARD;

		memcpy(required, b->s.caps.required, sizeof(required));
		for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++)
			required[quantity] |= BIT(source);
		b->caps.source = source;
		KUNIT_EXPECT_EQ_MSG(test, mn_safety_check_caps(&b->caps, &why),
				    own ? 0 : -EPROTO, "limits of source %u", source);
	}

	/* Found by tests/proof/caps.c: it was shifted by before it was looked at. UBSAN tells. */
	memcpy(required, b->s.caps.required, sizeof(required));
	b->caps.source = 40;
	KUNIT_EXPECT_EQ(test, mn_safety_check_caps(&b->caps, &why), -EPROTO);
}

static struct kunit_case limits_cases[] = {
	KUNIT_CASE_PARAM(limits_least_binds, source_gen_params),
	KUNIT_CASE_PARAM(limits_zero_binds, source_gen_params),
	KUNIT_CASE(limits_absolute),
	KUNIT_CASE(limits_ceiling_values),
	KUNIT_CASE(limits_missing_session),
	KUNIT_CASE(limits_missing_cartridge),
	KUNIT_CASE(limits_missing_device),
	KUNIT_CASE(limits_no_source),
	KUNIT_CASE(limits_lower_only),
	KUNIT_CASE(limits_all_or_none),
	KUNIT_CASE(limits_mask),
	KUNIT_CASE_PARAM(limits_lowered_beneath, lower_gen_params),
	KUNIT_CASE(limits_rate_lowered_while_running),
	KUNIT_CASE_PARAM(limits_arm, set_gen_params),
	KUNIT_CASE_PARAM(limits_update, set_gen_params),
	KUNIT_CASE(limits_dose_headroom),
	KUNIT_CASE_PARAM(limits_caps, caps_gen_params),
	KUNIT_CASE(limits_caps_sources),
	{}
};

static struct kunit_suite limits_suite = {
	.name = "mn-safety-limits",
	.test_cases = limits_cases,
};

kunit_test_suites(&limits_suite);
