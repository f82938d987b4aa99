// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * See proof_sequence.h. The contents are constants where the rules hold nothing but a few values
 * apart, and any depth; that is what lets CBMC get through so many steps.
 */
#include <linux/string.h>

#include "proof_sequence.h"

#define RATE_MHZ 100000
#define DOSE 3
#define RUN_MS 1000
#define LEASE_MS 500

u64 sequence_time(unsigned int step, unsigned int pause_at, bool is_long)
{
	const u64 time = (step + 1) * NSEC_PER_MS;

	if (step < pause_at)
		return time;
	return is_long ? time + 700 * NSEC_PER_MS : time + 130 * NSEC_PER_MS;
}

static struct mn_set any_set(void)
{
	struct mn_set set = { { nondet_u32() }, { RATE_MHZ }, { DOSE }, { RUN_MS } };

	return set;
}

static int happens(struct mn_safety *s, const struct mn_stimulus *what, u64 now, u32 *actions)
{
	struct mn_refusal refusal;

	return mn_safety_step(s, what, now, actions, &refusal);
}

static void report(struct mn_safety *s, u64 now, u32 *actions)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_REPORT };

	what.report.inputs = (nondet_bool() ? MN_INPUT_CARTRIDGE : 0) |
			     (nondet_bool() ? MN_INPUT_HOME : 0) |
			     (nondet_bool() ? MN_INPUT_EMERGENCY_STOP : 0);
	what.report.epoch = nondet_bool() ? s->epoch : s->epoch - 1;
	what.report.boot_id = nondet_bool();
	what.report.insertions = nondet_bool();
	what.report.strokes = nondet_bool() ? s->stroke_next - 1 : s->stroke_next;
	what.report.idle = nondet_bool();
	what.report.self_test = MN_SELF_TEST_PASSED;
	happens(s, &what, now, actions);
}

static void declare(struct mn_safety *s, u64 now, u32 *actions)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_DECLARE };

	what.tag.needles = 14;
	what.tag.uid = 1 + nondet_bool();
	what.tag.limit[MN_QUANTITY_DEPTH] = nondet_bool() ? 500 : 1500;
	what.tag.limit[MN_QUANTITY_RATE] = MN_CEILING_RATE_MHZ;
	what.tag.limit[MN_QUANTITY_DOSE] = MN_CEILING_DOSE_STROKES;
	what.tag.expiry_days = MN_CLOCK_SET_DAYS;
	happens(s, &what, now, actions);
}

static void acquire(struct mn_safety *s, u64 now, u32 *actions)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_ACQUIRE };

	what.treatment[0] = 1;
	what.treatment[1] = nondet_bool();
	what.lease_ms = LEASE_MS;
	happens(s, &what, now, actions);
}

static void limits(struct mn_safety *s, u64 now, u32 *actions)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_SET_LIMITS };

	what.valid = (1U << MN_QUANTITY_NR) - 1;
	what.value[MN_QUANTITY_DEPTH] = nondet_u32();
	what.value[MN_QUANTITY_RATE] = MN_CEILING_RATE_MHZ;
	what.value[MN_QUANTITY_DOSE] = nondet_bool() ? DOSE : DOSE + 1;
	what.value[MN_QUANTITY_RUN_TIME] = RUN_MS;
	happens(s, &what, now, actions);
}

static void commit(struct mn_safety *s, u64 now, u32 *actions)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_ARM_COMMIT };

	what.set = any_set();
	what.epoch = nondet_bool() ? s->epoch : s->epoch - 1;
	happens(s, &what, now, actions);
}

static void started(struct mn_safety *s, u64 now, u32 *actions)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_STARTED };

	what.epoch = nondet_bool() ? s->epoch : s->epoch - 1;
	what.error = nondet_bool() ? 0 : -EIO;
	happens(s, &what, now, actions);
}

static void stroke(struct mn_safety *s, u64 now, u32 *actions)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_STROKE };

	what.stroke.number = nondet_bool() ? s->stroke_next : s->stroke_next + 1;
	what.stroke.epoch = nondet_bool() ? s->run_epoch : s->run_epoch - 1;
	what.stroke.depth_um = nondet_u32();
	what.stroke.period_us = 10000;
	happens(s, &what, now, actions);
}

static void clear(struct mn_safety *s, u64 now, u32 *actions)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_CLEAR };

	what.faults = nondet_u64();
	happens(s, &what, now, actions);
}

static void plain(struct mn_safety *s, enum mn_happening type, u64 now, u32 *actions)
{
	const struct mn_stimulus what = { .type = type };

	happens(s, &what, now, actions);
}

static void one(struct mn_safety *s, enum mn_happening type, u64 now, u32 *actions)
{
	switch (type) {
	case MN_HAPPENS_REPORT:
		report(s, now, actions);
		break;
	case MN_HAPPENS_DECLARE:
		declare(s, now, actions);
		break;
	case MN_HAPPENS_ACQUIRE:
		acquire(s, now, actions);
		break;
	case MN_HAPPENS_SET_LIMITS:
		limits(s, now, actions);
		break;
	case MN_HAPPENS_ARM_COMMIT:
		commit(s, now, actions);
		break;
	case MN_HAPPENS_STARTED:
		started(s, now, actions);
		break;
	case MN_HAPPENS_STROKE:
		stroke(s, now, actions);
		break;
	case MN_HAPPENS_CLEAR:
		clear(s, now, actions);
		break;
	default:
		plain(s, type, now, actions);
	}
}

/* A treatment, a stroke that may be too deep, and what follows upon it. */
enum mn_happening sequence_happens(struct mn_safety *s, unsigned int step, u64 now, u32 *actions)
{
	static const enum mn_happening treatment[] = {
		MN_HAPPENS_ACQUIRE,    MN_HAPPENS_REPORT, MN_HAPPENS_DECLARE, MN_HAPPENS_SET_LIMITS,
		MN_HAPPENS_ARM_COMMIT, MN_HAPPENS_START,  MN_HAPPENS_BEGIN,   MN_HAPPENS_STARTED,
		MN_HAPPENS_STROKE,     MN_HAPPENS_STROKE, MN_HAPPENS_REPORT,  MN_HAPPENS_CLEAR,
	};

#ifdef OTHER
	if (nondet_bool()) {
		one(s, OTHER, now, actions);
		return OTHER;
	}
#endif
	one(s, treatment[step], now, actions);
	return treatment[step];
}

/* Whether they are equal is all that is asked for. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved. */
int memcmp(const void *a, const void *b, size_t size)
{
	const u8 *x = a, *y = b;
	u8 odd = 0;
	size_t i;

	for (i = 0; i < size; i++)
		odd |= x[i] ^ y[i];
	return odd;
}
