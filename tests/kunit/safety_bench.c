// SPDX-License-Identifier: GPL-2.0-only
/*
 * See safety_bench.h.
 */
#include <linux/bits.h>
#include <linux/string.h>

#include "safety_bench.h"

/* DESIGN's table of sources for a USB handpiece */
static const u32 bench_required[MN_QUANTITY_NR] = {
	[MN_QUANTITY_DEPTH] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			      BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			      BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_RATE] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			     BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			     BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_DOSE] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			     BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			     BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_RUN_TIME] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
				 BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_ADMIN) |
				 BIT(MN_SOURCE_SESSION),
};

static const struct mn_caps bench_caps = {
	.transport = MN_TRANSPORT_USB,
	.has_trigger = true,
	.measures = MN_MEASURES_DEPTH | MN_MEASURES_RATE | MN_MEASURES_HOME |
		    MN_MEASURES_CURRENT | MN_MEASURES_TEMPERATURE,
	.required = bench_required,
	.source = MN_SOURCE_DEVICE,
	.limit = { 2500, 180000, 150000, 500000 },
	.depth_step_um = 10,
	.rate_step_mhz = 100,
	.rate_min_mhz = 20000,
	.tolerance_um = 50,
	.run_up_ms = 300,
	.run_down_ms = 60,
	.lease_ms = 100,
	.max_current_ma = 800,
	.max_temp_mc = 60000,
	.calibration_age_days = 10,
	.calibration_valid_days = 365,
	.serial = "MN-BENCH-1",
	.model = "bench",
	.firmware = "1.0",
};

static const struct mn_report bench_report = {
	.inputs = MN_INPUT_CARTRIDGE | MN_INPUT_HOME,
	.boot_id = BENCH_BOOT,
	.insertions = 1,
	.idle = true,
	.self_test = MN_SELF_TEST_PASSED,
	.temp_mc = 25000,
};

static const struct mn_tag bench_tag = {
	.present = true,
	.readable = true,
	.insertions = 1,
	.needles = 14,
	.uid = BENCH_CARTRIDGE,
	.limit = { 1500, 150000, 60000 },
	.expiry_days = BENCH_TODAY + 100,
	.lot = "LOT-1",
};

/* ---- what must be true after any step ---- */

static bool resting(const struct mn_safety *s)
{
	return s->state == MN_STATE_SAFE || s->state == MN_STATE_FAULT;
}

static bool holds_set_point(const struct mn_safety *s)
{
	return s->set.depth.um || s->set.rate.mhz || s->set.dose.strokes || s->set.run.ms;
}

static bool within_limits(const struct mn_safety *s)
{
	return s->set.depth.um <= mn_safety_limit(s, MN_QUANTITY_DEPTH, NULL) &&
	       s->set.rate.mhz <= mn_safety_limit(s, MN_QUANTITY_RATE, NULL) &&
	       s->set.run.ms <= mn_safety_limit(s, MN_QUANTITY_RUN_TIME, NULL);
}

/* What is wrong after the step from @was, or NULL. */
static const char *bench_broken(const struct bench *b, const struct mn_safety *was)
{
	const struct mn_safety *s = &b->s;
	bool faulty = s->state == MN_STATE_FAULT;
	bool killed = b->actions & MN_ACT_KILL;
	bool stopped = s->epoch != was->epoch;
	u64 next = mn_safety_next_deadline(s);

	if (faulty != !!s->keep.faults)
		return "FAULT and nothing latched, or latched and not FAULT";
	if (resting(s) && holds_set_point(s))
		return "a set point is left in SAFE or FAULT";
	if (resting(s) && (s->start_wanted || s->starting))
		return "a start is left in SAFE or FAULT";
	if (resting(s) && (s->lease_refresh || (b->actions & MN_ACT_LEASE)))
		return "the handpiece's lease is renewed in SAFE or FAULT";
	if (!resting(s) && !within_limits(s))
		return "the set point is beyond a limit";
	if (!resting(s) && !s->controlled)
		return "armed with nobody in control";
	if (was->state == MN_STATE_RUNNING && s->state != MN_STATE_RUNNING &&
	    !killed)
		return "left RUNNING without a kill";
	if (stopped != killed)
		return "a kill without a new epoch, or a new epoch without a kill";
	if (faulty && (b->actions & (MN_ACT_START | MN_ACT_MARK)))
		return "a start or a mark in FAULT";
	if ((was->keep.faults & ~s->keep.faults) && s->state != MN_STATE_SAFE &&
	    s->state != MN_STATE_FAULT)
		return "clearing armed it";
	if (s->state == MN_STATE_RUNNING && was->state != MN_STATE_RUNNING &&
	    was->state != MN_STATE_ARMED)
		return "RUNNING without having been ARMED";
	if (next && next < b->now)
		return "a deadline that has passed is still pending";
	return NULL;
}

int bench_step(struct bench *b, const struct mn_stimulus *what)
{
	const struct mn_safety was = b->s;
	const char *wrong;
	int ret;

	ret = mn_safety_step(&b->s, what, b->now, &b->actions, &b->refusal);
	b->seen |= b->actions;
	wrong = bench_broken(b, &was);
	if (wrong)
		KUNIT_FAIL(b->test, "after happening %u in state %u (now %u): %s", what->type,
			   was.state, b->s.state, wrong);
	return ret;
}

/* ---- one happening ---- */

int bench_happens(struct bench *b, enum mn_happening type)
{
	struct mn_stimulus what = { .type = type };

	return bench_step(b, &what);
}

int bench_acquire(struct bench *b, u8 treatment)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_ACQUIRE };

	memset(what.treatment, treatment, sizeof(what.treatment));
	return bench_step(b, &what);
}

int bench_lower(struct bench *b, enum mn_happening whose, enum mn_quantity quantity, u32 value)
{
	struct mn_stimulus what = { .type = whose, .valid = BIT(quantity) };

	what.value[quantity] = value;
	return bench_step(b, &what);
}

int bench_set(struct bench *b, enum mn_happening how, struct mn_set set)
{
	struct mn_stimulus what = { .type = how };

	what.set = set;
	what.epoch = b->s.epoch;
	return bench_step(b, &what);
}

int bench_started(struct bench *b, u32 epoch, int error)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_STARTED };

	what.epoch = epoch;
	what.error = error;
	return bench_step(b, &what);
}

int bench_clear(struct bench *b, u64 faults)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_CLEAR, .faults = faults };

	return bench_step(b, &what);
}

void bench_fail(struct bench *b, u32 code)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_FAIL };

	what.code = code;
	bench_step(b, &what);
}

/* The handpiece tells its state; it has obeyed the last stop. */
void bench_tell(struct bench *b)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_REPORT };

	b->report.epoch = b->s.epoch;
	b->report.strokes = b->stroke_number;
	what.report = b->report;
	bench_step(b, &what);
}

void bench_tell_tag(struct bench *b)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_TAG };

	what.tag = b->tag;
	what.tag.insertions = b->report.insertions;
	bench_step(b, &what);
}

void bench_tell_stroke(struct bench *b, struct mn_stroke stroke)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_STROKE };

	what.stroke = stroke;
	b->stroke_number = stroke.number;
	bench_step(b, &what);
}

/* ---- several ---- */

struct mn_set bench_set_point(void)
{
	return (struct mn_set){
		.depth = { BENCH_DEPTH_UM },
		.rate = { BENCH_RATE_MHZ },
		.dose = { BENCH_STROKES },
		.run = { BENCH_RUN_MS },
	};
}

/* A stroke as it should be: skin gives a little, so no two depths are equal. */
struct mn_stroke bench_next_stroke(struct bench *b)
{
	return (struct mn_stroke){
		.number = b->stroke_number + 1,
		.epoch = b->s.run_epoch,
		.depth_um = BENCH_DEPTH_UM - 10 - (b->stroke_number & 1),
		.period_us = b->s.last.epoch == b->s.run_epoch ? BENCH_PERIOD_US : 0,
		.current_ma = 300,
		.age_us = 500,
	};
}

void bench_stroke(struct bench *b)
{
	bench_tell_stroke(b, bench_next_stroke(b));
}

/* What the core does for MN_ACT_MARK, with a cartridge that can be written. */
void bench_mark(struct bench *b)
{
	bench_happens(b, MN_HAPPENS_MARKING);
	b->tag.marked = true;
	memcpy(b->tag.treatment, b->s.keep.treatment, sizeof(b->tag.treatment));
	bench_tell_tag(b);
}

int bench_arm(struct bench *b, struct mn_set set)
{
	int err = bench_set(b, MN_HAPPENS_ARM, set);

	if (err)
		return err;
	if (b->actions & MN_ACT_MARK)
		bench_mark(b);
	return bench_set(b, MN_HAPPENS_ARM_COMMIT, set);
}

/* What the core does for MN_ACT_START, with a handpiece that obeys. */
int bench_gate(struct bench *b)
{
	int err = bench_happens(b, MN_HAPPENS_BEGIN);

	if (err)
		return err;
	b->report.idle = false;
	b->report.inputs &= ~MN_INPUT_HOME;
	return bench_started(b, b->s.run_epoch, 0);
}

void bench_press(struct bench *b)
{
	b->report.inputs |= MN_INPUT_TRIGGER;
	bench_tell(b);
}

void bench_release(struct bench *b)
{
	b->report.inputs &= ~MN_INPUT_TRIGGER;
	bench_tell(b);
}

/* The motor has run down. */
void bench_home(struct bench *b)
{
	b->report.idle = true;
	b->report.inputs |= MN_INPUT_HOME;
	bench_tell(b);
}

/* Pull the cartridge, and put in one without a mark. */
void bench_swap_cartridge(struct bench *b, u64 uid)
{
	b->report.inputs &= ~MN_INPUT_CARTRIDGE;
	b->report.insertions++;
	bench_tell(b);
	b->report.inputs |= MN_INPUT_CARTRIDGE;
	b->report.insertions++;
	bench_tell(b);
	b->tag = bench_tag;
	b->tag.uid = uid;
	bench_tell_tag(b);
}

void bench_limits(struct bench *b)
{
	struct mn_stimulus what = {
		.type = MN_HAPPENS_SET_LIMITS,
		.valid = BIT(MN_QUANTITY_NR) - 1,
		.value = { 1000, 120000, 50000, 120000 },
	};

	KUNIT_ASSERT_EQ(b->test, bench_step(b, &what), 0);
}

/* ---- time ---- */

/*
 * As the core's timer does: a tick at each deadline, and none in between. A deadline that a tick
 * does not settle would hang the timer, and here the test.
 */
void bench_pass_ns(struct bench *b, u64 ns)
{
	u64 end = b->now + ns, next;
	unsigned int same = 0;

	for (;;) {
		next = mn_safety_next_deadline(&b->s);
		if (!next || next > end)
			break;
		same = next > b->now ? 0 : same + 1;
		if (same > 2) {
			KUNIT_FAIL(b->test, "a deadline is pending however often it ticks");
			break;
		}
		b->now = max(b->now, next);
		bench_happens(b, MN_HAPPENS_TICK);
	}
	b->now = end;
}

void bench_pass(struct bench *b, u32 ms)
{
	bench_pass_ns(b, ms * MS);
}

void bench_live(struct bench *b, u32 ms)
{
	u32 elapsed;

	for (elapsed = 10; elapsed <= ms; elapsed += 10) {
		bench_pass(b, 10);
		if (b->s.state == MN_STATE_RUNNING)
			bench_stroke(b);
		if (elapsed % 50)
			continue;
		bench_tell(b);
		bench_happens(b, MN_HAPPENS_HEARTBEAT);
	}
	bench_pass(b, ms % 10);
}

/* ---- where a test begins ---- */

void bench_plug(struct bench *b)
{
	mn_safety_init(&b->s, &b->caps, &b->keep, b->ceiling_um, b->epoch);
	mn_safety_today(&b->s, BENCH_TODAY);
	bench_happens(b, MN_HAPPENS_STOP);
	bench_tell(b);
	bench_tell_tag(b);
}

struct bench *bench_new(struct kunit *test)
{
	struct bench *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, b);
	b->test = test;
	b->caps = bench_caps;
	b->ceiling_um = MN_CEILING_DEPTH_UM;
	mn_keep_init(&b->keep, b->ceiling_um);
	b->epoch = BENCH_EPOCH;
	b->report = bench_report;
	b->tag = bench_tag;
	b->now = BENCH_START_NS;
	bench_plug(b);
	return b;
}

/* From BENCH_IDLE, and no further than the test needs. */
void bench_go(struct bench *b, enum bench_place place)
{
	if (place == BENCH_IDLE)
		return;
	KUNIT_ASSERT_EQ(b->test, bench_acquire(b, BENCH_TREATMENT), 0);
	bench_limits(b);
	if (place == BENCH_FAULT)
		bench_fail(b, MN_FAULT_PROTOCOL);
	if (place == BENCH_FAULT || place == BENCH_SAFE) {
		bench_tell(b);
		goto there;
	}
	KUNIT_ASSERT_EQ(b->test, bench_arm(b, bench_set_point()), 0);
	if (place == BENCH_ARMED)
		goto there;
	if (b->s.caps.has_trigger) {
		bench_pass(b, MN_TRIGGER_RELEASED_MS);
		bench_press(b);
		bench_pass(b, MN_TRIGGER_DEBOUNCE_MS);
		KUNIT_ASSERT_TRUE(b->test, b->seen & MN_ACT_START);
	} else {
		KUNIT_ASSERT_EQ(b->test, bench_happens(b, MN_HAPPENS_START), 0);
	}
	if (place == BENCH_STARTING) {
		KUNIT_ASSERT_EQ(b->test, bench_happens(b, MN_HAPPENS_BEGIN), 0);
		b->report.idle = false;
		b->report.inputs &= ~MN_INPUT_HOME;
	} else {
		KUNIT_ASSERT_EQ(b->test, bench_gate(b), 0);
		bench_stroke(b);
	}
	KUNIT_ASSERT_EQ(b->test, b->s.state, MN_STATE_RUNNING);
there:
	bench_forget(b);
}

struct bench *bench_at(struct kunit *test, enum bench_place place)
{
	struct bench *b = bench_new(test);

	bench_go(b, place);
	return b;
}

bool bench_latched(const struct bench *b, enum mn_fault code)
{
	return b->s.keep.faults & BIT_ULL(code);
}

void bench_forget(struct bench *b)
{
	b->seen = 0;
}
