/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bench for the rules: a handpiece that behaves, a controller, a clock that only moves when told.
 *
 * Every step is also held against what must be true after any step, see bench_broken().
 */
#ifndef SAFETY_BENCH_H
#define SAFETY_BENCH_H

#include <kunit/test.h>

#include "safety.h"

#define MS			1000000ULL	/* in ns */
#define BENCH_START_NS		(1000000 * MS)
#define BENCH_EPOCH		7
#define BENCH_TODAY		20600
#define BENCH_BOOT		0xb007

/* What the bench's set point asks for, and what its session allows */
#define BENCH_DEPTH_UM		500
#define BENCH_RATE_MHZ		100000
#define BENCH_STROKES		1000
#define BENCH_RUN_MS		60000
#define BENCH_PERIOD_US		10000

/* Who controls: the first byte of the treatment's id, the others are equal */
#define BENCH_TREATMENT		0xa5
#define BENCH_CARTRIDGE		0x1122334455667788ULL

/**
 * struct bench - One handpiece, its controller, and the time.
 * @test: The running test.
 * @s: The rules' state.
 * @caps: Used by the next bench_plug(). Likewise @keep, @ceiling_um, @epoch.
 * @keep: What is remembered.
 * @ceiling_um: The module's.
 * @epoch: Of the last stop.
 * @report: What the handpiece tells next.
 * @tag: What is on the cartridge.
 * @now: The time.
 * @stroke_number: Of the last stroke.
 * @actions: What the last step asked for.
 * @refusal: Why it refused.
 * @seen: All actions since bench_forget().
 */
struct bench {
	struct kunit *test;
	struct mn_safety s;
	struct mn_caps caps;
	struct mn_keep keep;
	u32 ceiling_um;
	u32 epoch;
	struct mn_report report;
	struct mn_tag tag;
	u64 now;
	u32 stroke_number;
	u32 actions;
	struct mn_refusal refusal;
	u32 seen;
};

/* Where a test begins */
enum bench_place {
	BENCH_IDLE,	/* SAFE, nobody controls it */
	BENCH_SAFE,	/* SAFE, controlled, ready to be armed */
	BENCH_ARMED,
	BENCH_STARTING,	/* RUNNING, and the transport has not answered yet */
	BENCH_RUNNING,
	BENCH_FAULT,	/* for a cause that is gone, controlled, needles home */
	BENCH_PLACES,
};

struct bench *bench_new(struct kunit *test);
struct bench *bench_at(struct kunit *test, enum bench_place place);
void bench_go(struct bench *b, enum bench_place place);
void bench_plug(struct bench *b);

/* One happening each; they return what mn_safety_step() does */
int bench_step(struct bench *b, const struct mn_stimulus *what);
int bench_happens(struct bench *b, enum mn_happening type);
int bench_acquire(struct bench *b, u8 treatment);
int bench_lower(struct bench *b, enum mn_happening whose, enum mn_quantity quantity, u32 value);
int bench_set(struct bench *b, enum mn_happening how, struct mn_set set);
int bench_started(struct bench *b, u32 epoch, int error);
int bench_clear(struct bench *b, u64 faults);
void bench_fail(struct bench *b, u32 code);
void bench_tell(struct bench *b);
void bench_tell_tag(struct bench *b);
void bench_tell_stroke(struct bench *b, struct mn_stroke stroke);

/* Several */
struct mn_set bench_set_point(void);
struct mn_stroke bench_next_stroke(struct bench *b);
void bench_stroke(struct bench *b);
void bench_mark(struct bench *b);
int bench_arm(struct bench *b, struct mn_set set);
int bench_gate(struct bench *b);
void bench_press(struct bench *b);
void bench_release(struct bench *b);
void bench_home(struct bench *b);
void bench_swap_cartridge(struct bench *b, u64 uid);
void bench_limits(struct bench *b);

/* Time: with nothing happening but deadlines; or with all that keeps a treatment going */
void bench_pass_ns(struct bench *b, u64 ns);
void bench_pass(struct bench *b, u32 ms);
void bench_live(struct bench *b, u32 ms);

bool bench_latched(const struct bench *b, enum mn_fault code);
void bench_forget(struct bench *b);

/* Where it is and why. A macro, so that a failure names the line of the test. */
#define EXPECT_STATE(b, expected, why) do {						\
	const struct bench *_b = (b);							\
											\
	KUNIT_EXPECT_EQ_MSG(_b->test, _b->s.state, (expected), "state");		\
	KUNIT_EXPECT_EQ_MSG(_b->test, _b->s.cause, (why), "cause");			\
} while (0)

/* FAULT for @code and nothing else, stopped by the last step */
#define EXPECT_FAULT(b, code) do {							\
	const struct bench *_b = (b);							\
	const u32 _code = (code);							\
											\
	KUNIT_EXPECT_EQ_MSG(_b->test, _b->s.state, MN_STATE_FAULT, "state");		\
	KUNIT_EXPECT_EQ_MSG(_b->test, _b->s.keep.faults, 1ULL << _code, "faults");	\
	KUNIT_EXPECT_EQ_MSG(_b->test, _b->s.keep.first, _code, "first fault");		\
	KUNIT_EXPECT_TRUE_MSG(_b->test, _b->actions & MN_ACT_KILL, "no kill");		\
} while (0)

#define EXPECT_NO_FAULT(b) do {								\
	const struct bench *_b = (b);							\
											\
	KUNIT_EXPECT_EQ_MSG(_b->test, _b->s.keep.faults, 0ULL, "faults");		\
} while (0)

#endif /* SAFETY_BENCH_H */
