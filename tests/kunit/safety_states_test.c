// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state machine: every happening in every state, and what each that ends it leaves behind.
 */
#include "safety_bench.h"

/* What a happening gives in one place: its answer, and where it leads if anywhere else. */
struct outcome {
	int ret;
	enum mn_state state;
	enum mn_cause cause;	/* MN_CAUSE_NONE: as before */
	u32 actions;		/* all of them */
};

struct state_case {
	const char *name;
	void (*prepare)(struct bench *b, struct mn_stimulus *what);
	enum mn_happening type;
	struct outcome outcome[BENCH_PLACES];
};

#define KILL	MN_ACT_KILL
#define STAYS(state)			{ 0, MN_STATE_##state, MN_CAUSE_NONE, 0 }
#define REFUSED(error, state)		{ error, MN_STATE_##state, MN_CAUSE_NONE, 0 }
#define ENDS(state, cause)		{ 0, MN_STATE_##state, MN_CAUSE_##cause, KILL }
#define DOES(state, actions)		{ 0, MN_STATE_##state, MN_CAUSE_NONE, actions }
#define LEADS(state, cause, actions)	{ 0, MN_STATE_##state, MN_CAUSE_##cause, actions }

static void give_treatment(struct bench *b, struct mn_stimulus *what)
{
	memset(what->treatment, BENCH_TREATMENT, sizeof(what->treatment));
}

static void give_limits(struct bench *b, struct mn_stimulus *what)
{
	what->valid = 1U << MN_QUANTITY_DEPTH;
	what->value[MN_QUANTITY_DEPTH] = 800;
}

static void give_set_point(struct bench *b, struct mn_stimulus *what)
{
	what->set = bench_set_point();
	what->epoch = b->s.epoch;
}

static void give_held_set_point(struct bench *b, struct mn_stimulus *what)
{
	bench_mark(b);
	give_set_point(b, what);
}

static void give_answer(struct bench *b, struct mn_stimulus *what)
{
	what->epoch = b->s.epoch;
}

static void give_faults(struct bench *b, struct mn_stimulus *what)
{
	what->faults = b->s.keep.faults;
}

static void give_stroke(struct bench *b, struct mn_stimulus *what)
{
	what->stroke = bench_next_stroke(b);
}

static void give_report(struct bench *b, struct mn_stimulus *what)
{
	what->report = b->report;
	what->report.epoch = b->s.epoch;
}

static void give_tag(struct bench *b, struct mn_stimulus *what)
{
	what->tag = b->tag;
}

static void give_failure(struct bench *b, struct mn_stimulus *what)
{
	what->code = MN_FAULT_OVER_CURRENT;
}

static const struct state_case state_cases[] = {
	{ "tick", NULL, MN_HAPPENS_TICK, {
		[BENCH_IDLE] = STAYS(SAFE),
		[BENCH_SAFE] = STAYS(SAFE),
		[BENCH_ARMED] = STAYS(ARMED),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = STAYS(RUNNING),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "acquire", give_treatment, MN_HAPPENS_ACQUIRE, {
		[BENCH_IDLE] = STAYS(SAFE),
		[BENCH_SAFE] = STAYS(SAFE),
		[BENCH_ARMED] = REFUSED(-EBADFD, ARMED),
		[BENCH_STARTING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_RUNNING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "release", NULL, MN_HAPPENS_RELEASE, {
		[BENCH_ARMED] = ENDS(SAFE, RELEASE),
		[BENCH_STARTING] = ENDS(SAFE, RELEASE),
		[BENCH_RUNNING] = ENDS(SAFE, RELEASE),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "close", NULL, MN_HAPPENS_CLOSE, {
		[BENCH_ARMED] = ENDS(SAFE, RELEASE),
		[BENCH_STARTING] = ENDS(FAULT, FAULT),
		[BENCH_RUNNING] = ENDS(FAULT, FAULT),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "set limits", give_limits, MN_HAPPENS_SET_LIMITS, {
		[BENCH_IDLE] = REFUSED(-EPERM, SAFE),
		[BENCH_SAFE] = STAYS(SAFE),
		[BENCH_ARMED] = STAYS(ARMED),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = STAYS(RUNNING),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "set admin", give_limits, MN_HAPPENS_SET_ADMIN, {
		[BENCH_IDLE] = STAYS(SAFE),
		[BENCH_SAFE] = STAYS(SAFE),
		[BENCH_ARMED] = STAYS(ARMED),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = STAYS(RUNNING),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "arm", give_set_point, MN_HAPPENS_ARM, {
		[BENCH_IDLE] = REFUSED(-EPERM, SAFE),
		[BENCH_SAFE] = DOES(SAFE, MN_ACT_MARK),
		[BENCH_ARMED] = REFUSED(-EBADFD, ARMED),
		[BENCH_STARTING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_RUNNING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_FAULT] = REFUSED(-EBADFD, FAULT),
	} },
	{ "arm commit", give_held_set_point, MN_HAPPENS_ARM_COMMIT, {
		[BENCH_IDLE] = REFUSED(-EPERM, SAFE),
		[BENCH_SAFE] = LEADS(ARMED, ARM, MN_ACT_LEASE),
		[BENCH_ARMED] = REFUSED(-EBADFD, ARMED),
		[BENCH_STARTING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_RUNNING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_FAULT] = REFUSED(-EBADFD, FAULT),
	} },
	{ "update", give_set_point, MN_HAPPENS_UPDATE, {
		[BENCH_IDLE] = REFUSED(-EPERM, SAFE),
		[BENCH_SAFE] = REFUSED(-EBADFD, SAFE),
		[BENCH_ARMED] = STAYS(ARMED),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = STAYS(RUNNING),
		[BENCH_FAULT] = REFUSED(-EBADFD, FAULT),
	} },
	/* It has a trigger: only that starts it, and the controller hears so in every state. */
	{ "start", NULL, MN_HAPPENS_START, {
		[BENCH_IDLE] = REFUSED(-EPERM, SAFE),
		[BENCH_SAFE] = REFUSED(-EOPNOTSUPP, SAFE),
		[BENCH_ARMED] = REFUSED(-EOPNOTSUPP, ARMED),
		[BENCH_STARTING] = REFUSED(-EOPNOTSUPP, RUNNING),
		[BENCH_RUNNING] = REFUSED(-EOPNOTSUPP, RUNNING),
		[BENCH_FAULT] = REFUSED(-EOPNOTSUPP, FAULT),
	} },
	/* Nobody wished to start. */
	{ "begin", NULL, MN_HAPPENS_BEGIN, {
		[BENCH_IDLE] = REFUSED(-ECANCELED, SAFE),
		[BENCH_SAFE] = REFUSED(-ECANCELED, SAFE),
		[BENCH_ARMED] = REFUSED(-ECANCELED, ARMED),
		[BENCH_STARTING] = REFUSED(-ECANCELED, RUNNING),
		[BENCH_RUNNING] = REFUSED(-ECANCELED, RUNNING),
		[BENCH_FAULT] = REFUSED(-ECANCELED, FAULT),
	} },
	{ "started", give_answer, MN_HAPPENS_STARTED, {
		[BENCH_IDLE] = REFUSED(-ECANCELED, SAFE),
		[BENCH_SAFE] = REFUSED(-ECANCELED, SAFE),
		[BENCH_ARMED] = REFUSED(-ECANCELED, ARMED),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = REFUSED(-ECANCELED, RUNNING),
		[BENCH_FAULT] = REFUSED(-ECANCELED, FAULT),
	} },
	/* Always 0, always a kill. */
	{ "stop", NULL, MN_HAPPENS_STOP, {
		[BENCH_IDLE] = DOES(SAFE, KILL),
		[BENCH_SAFE] = DOES(SAFE, KILL),
		[BENCH_ARMED] = ENDS(SAFE, STOP),
		[BENCH_STARTING] = ENDS(SAFE, STOP),
		[BENCH_RUNNING] = ENDS(SAFE, STOP),
		[BENCH_FAULT] = DOES(FAULT, KILL),
	} },
	{ "heartbeat", NULL, MN_HAPPENS_HEARTBEAT, {
		[BENCH_IDLE] = REFUSED(-EPERM, SAFE),
		[BENCH_SAFE] = STAYS(SAFE),
		[BENCH_ARMED] = STAYS(ARMED),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = STAYS(RUNNING),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "clear", give_faults, MN_HAPPENS_CLEAR, {
		[BENCH_IDLE] = REFUSED(-EPERM, SAFE),
		[BENCH_SAFE] = REFUSED(-EBADFD, SAFE),
		[BENCH_ARMED] = REFUSED(-EBADFD, ARMED),
		[BENCH_STARTING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_RUNNING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_FAULT] = LEADS(SAFE, CLEAR, 0),
	} },
	{ "self-test", NULL, MN_HAPPENS_SELF_TEST, {
		[BENCH_IDLE] = STAYS(SAFE),
		[BENCH_SAFE] = STAYS(SAFE),
		[BENCH_ARMED] = REFUSED(-EBADFD, ARMED),
		[BENCH_STARTING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_RUNNING] = REFUSED(-EBADFD, RUNNING),
		[BENCH_FAULT] = REFUSED(-EBADFD, FAULT),
	} },
	{ "tested", NULL, MN_HAPPENS_TESTED, {
		[BENCH_IDLE] = REFUSED(-ECANCELED, SAFE),
		[BENCH_SAFE] = REFUSED(-ECANCELED, SAFE),
		[BENCH_ARMED] = REFUSED(-ECANCELED, ARMED),
		[BENCH_STARTING] = REFUSED(-ECANCELED, RUNNING),
		[BENCH_RUNNING] = REFUSED(-ECANCELED, RUNNING),
		[BENCH_FAULT] = REFUSED(-ECANCELED, FAULT),
	} },
	/* Motion that nobody asked for: a kill, and a stop that is confirmed. */
	{ "stroke", give_stroke, MN_HAPPENS_STROKE, {
		[BENCH_IDLE] = LEADS(FAULT, FAULT, KILL | MN_ACT_RESYNC),
		[BENCH_SAFE] = LEADS(FAULT, FAULT, KILL | MN_ACT_RESYNC),
		[BENCH_ARMED] = LEADS(FAULT, FAULT, KILL | MN_ACT_RESYNC),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = STAYS(RUNNING),
		[BENCH_FAULT] = LEADS(FAULT, FAULT, KILL | MN_ACT_RESYNC),
	} },
	{ "report", give_report, MN_HAPPENS_REPORT, {
		[BENCH_IDLE] = STAYS(SAFE),
		[BENCH_SAFE] = STAYS(SAFE),
		[BENCH_ARMED] = STAYS(ARMED),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = STAYS(RUNNING),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "tag", give_tag, MN_HAPPENS_TAG, {
		[BENCH_IDLE] = STAYS(SAFE),
		[BENCH_SAFE] = STAYS(SAFE),
		[BENCH_ARMED] = STAYS(ARMED),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = STAYS(RUNNING),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "marking", NULL, MN_HAPPENS_MARKING, {
		[BENCH_ARMED] = STAYS(ARMED),
		[BENCH_STARTING] = STAYS(RUNNING),
		[BENCH_RUNNING] = STAYS(RUNNING),
		[BENCH_FAULT] = STAYS(FAULT),
	} },
	{ "fail", give_failure, MN_HAPPENS_FAIL, {
		[BENCH_IDLE] = ENDS(FAULT, FAULT),
		[BENCH_SAFE] = ENDS(FAULT, FAULT),
		[BENCH_ARMED] = ENDS(FAULT, FAULT),
		[BENCH_STARTING] = ENDS(FAULT, FAULT),
		[BENCH_RUNNING] = ENDS(FAULT, FAULT),
		[BENCH_FAULT] = LEADS(FAULT, FAULT, KILL),
	} },
	{ "suspend", NULL, MN_HAPPENS_SUSPEND, {
		[BENCH_IDLE] = DOES(SAFE, KILL),
		[BENCH_SAFE] = DOES(SAFE, KILL),
		[BENCH_ARMED] = ENDS(SAFE, SUSPEND),
		[BENCH_STARTING] = ENDS(SAFE, SUSPEND),
		[BENCH_RUNNING] = ENDS(SAFE, SUSPEND),
		[BENCH_FAULT] = DOES(FAULT, KILL),
	} },
	{ "resume", NULL, MN_HAPPENS_RESUME, {
		[BENCH_IDLE] = DOES(SAFE, KILL),
		[BENCH_SAFE] = DOES(SAFE, KILL),
		[BENCH_ARMED] = ENDS(SAFE, STOP),
		[BENCH_STARTING] = ENDS(SAFE, STOP),
		[BENCH_RUNNING] = ENDS(SAFE, STOP),
		[BENCH_FAULT] = DOES(FAULT, KILL),
	} },
	{ "unplug", NULL, MN_HAPPENS_UNPLUG, {
		[BENCH_IDLE] = DOES(SAFE, KILL),
		[BENCH_SAFE] = DOES(SAFE, KILL),
		[BENCH_ARMED] = ENDS(SAFE, SUSPEND),
		[BENCH_STARTING] = ENDS(FAULT, FAULT),
		[BENCH_RUNNING] = ENDS(FAULT, FAULT),
		[BENCH_FAULT] = DOES(FAULT, KILL),
	} },
	{ "what nobody knows", NULL, MN_HAPPENS_UNPLUG + 1, {
		[BENCH_IDLE] = REFUSED(-EINVAL, SAFE),
		[BENCH_SAFE] = REFUSED(-EINVAL, SAFE),
		[BENCH_ARMED] = REFUSED(-EINVAL, ARMED),
		[BENCH_STARTING] = REFUSED(-EINVAL, RUNNING),
		[BENCH_RUNNING] = REFUSED(-EINVAL, RUNNING),
		[BENCH_FAULT] = REFUSED(-EINVAL, FAULT),
	} },
};

KUNIT_ARRAY_PARAM_DESC(state, state_cases, name);

static const char * const place_names[BENCH_PLACES] = {
	[BENCH_IDLE] = "idle", [BENCH_SAFE] = "safe", [BENCH_ARMED] = "armed",
	[BENCH_STARTING] = "starting", [BENCH_RUNNING] = "running", [BENCH_FAULT] = "fault",
};

static void state_happens(struct kunit *test)
{
	const struct state_case *param = test->param_value;
	enum bench_place place;

	for (place = 0; place < BENCH_PLACES; place++) {
		const struct outcome *want = &param->outcome[place];
		struct bench *b = bench_at(test, place);
		struct mn_stimulus what = { .type = param->type };
		enum mn_cause cause;
		int ret;

		if (param->prepare)
			param->prepare(b, &what);
		cause = want->cause ?: b->s.cause;
		ret = bench_step(b, &what);
		KUNIT_EXPECT_EQ_MSG(test, ret, want->ret, "answer in %s", place_names[place]);
		KUNIT_EXPECT_EQ_MSG(test, b->s.state, want->state, "state from %s",
				    place_names[place]);
		KUNIT_EXPECT_EQ_MSG(test, b->s.cause, cause, "cause from %s", place_names[place]);
		KUNIT_EXPECT_EQ_MSG(test, b->actions, want->actions, "actions from %s",
				    place_names[place]);
	}
}

/* ---- what ends a treatment's motion leaves nothing behind ---- */

/* After a stop no time that passes brings anything back. */
static void state_nothing_left(struct kunit *test)
{
	static const enum mn_happening ends[] = {
		MN_HAPPENS_STOP, MN_HAPPENS_RELEASE, MN_HAPPENS_CLOSE, MN_HAPPENS_SUSPEND,
		MN_HAPPENS_UNPLUG,
	};
	static const enum bench_place places[] = { BENCH_ARMED, BENCH_STARTING, BENCH_RUNNING };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ends) * ARRAY_SIZE(places); i++) {
		struct bench *b = bench_at(test, places[i % ARRAY_SIZE(places)]);
		enum mn_happening end = ends[i / ARRAY_SIZE(places)];
		enum mn_state state;

		bench_happens(b, end);
		state = b->s.state;
		if (end != MN_HAPPENS_UNPLUG) {
			bench_home(b);
			bench_release(b);
			bench_forget(b);
			bench_pass(b, 1000);
			bench_press(b);
		}
		bench_forget(b);
		bench_pass(b, 60000);
		KUNIT_EXPECT_EQ(test, b->s.state, state);
		KUNIT_EXPECT_EQ(test, b->seen & (MN_ACT_START | MN_ACT_LEASE | MN_ACT_KILL), 0U);
		KUNIT_EXPECT_EQ(test, mn_safety_next_deadline(&b->s), 0ULL);
	}
}

static void state_release_gives_up_control(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_happens(b, MN_HAPPENS_RELEASE);
	KUNIT_EXPECT_FALSE(test, b->s.controlled);
	KUNIT_EXPECT_EQ(test, bench_set(b, MN_HAPPENS_ARM, bench_set_point()), -EPERM);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_HEARTBEAT), -EPERM);
	KUNIT_EXPECT_EQ(test, bench_acquire(b, BENCH_TREATMENT), 0);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), 0);
}

/*
 * Pulled out it can't say that it came home, and that it was pulled is the fault. Let go by its
 * driver it still tells, and has to come home.
 */
static void state_unplugged_running(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_RUNNING);

	bench_happens(b, MN_HAPPENS_UNPLUG);
	EXPECT_FAULT(b, MN_FAULT_UNPLUGGED);
	bench_pass(b, 1000);
	KUNIT_EXPECT_EQ(test, b->s.keep.faults, 1ULL << MN_FAULT_UNPLUGGED);

	b = bench_at(test, BENCH_RUNNING);
	bench_happens(b, MN_HAPPENS_UNPLUG);
	b->report.inputs &= ~MN_INPUT_TRIGGER;
	bench_tell(b);
	bench_pass(b, 1000);
	KUNIT_EXPECT_TRUE(test, bench_latched(b, MN_FAULT_NOT_HOME));
}

/* What is gone, or sleeps, is waited for by nobody, and nobody controls what is gone. */
static void state_gone(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_happens(b, MN_HAPPENS_UNPLUG);
	KUNIT_EXPECT_FALSE(test, b->s.controlled);
	KUNIT_EXPECT_EQ(test, mn_safety_next_deadline(&b->s), 0ULL);
	KUNIT_EXPECT_EQ(test, bench_happens(b, MN_HAPPENS_HEARTBEAT), -EPERM);
	b = bench_at(test, BENCH_IDLE);
	bench_happens(b, MN_HAPPENS_SUSPEND);
	KUNIT_EXPECT_EQ(test, mn_safety_next_deadline(&b->s), 0ULL);
	KUNIT_EXPECT_TRUE(test, mn_safety_interlocks(&b->s) & MN_INTERLOCK_STATUS);
}

/* What it tells on the way to sleep arms nothing and is not believed when it is awake again. */
static void state_asleep(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);

	bench_happens(b, MN_HAPPENS_SUSPEND);
	bench_home(b);
	bench_tell_tag(b);
	bench_acquire(b, BENCH_TREATMENT);
	KUNIT_EXPECT_EQ(test, mn_safety_interlocks(&b->s), MN_INTERLOCK_STATUS);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -EAGAIN);
	bench_happens(b, MN_HAPPENS_RESUME);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), -ERANGE);
	KUNIT_EXPECT_EQ(test, mn_safety_next_deadline(&b->s), b->s.lease_warning);
	bench_home(b);
	KUNIT_EXPECT_TRUE(test, b->actions & MN_ACT_READ_TAG);
	bench_tell_tag(b);
	KUNIT_EXPECT_EQ(test, bench_arm(b, bench_set_point()), 0);
}

static void state_acquire_refuses(struct kunit *test)
{
	static const u32 leases[] = { 1, 99, 501, U32_MAX };
	struct mn_stimulus what = { .type = MN_HAPPENS_ACQUIRE };
	struct bench *b = bench_new(test);
	unsigned int i;

	KUNIT_EXPECT_EQ_MSG(test, bench_step(b, &what), -EINVAL, "an id of zeroes");
	/* One bit is an id. */
	what.treatment[15] = 1;
	for (i = 0; i < ARRAY_SIZE(leases); i++) {
		what.lease_ms = leases[i];
		KUNIT_EXPECT_EQ_MSG(test, bench_step(b, &what), -EINVAL, "lease %u", leases[i]);
	}
	KUNIT_EXPECT_FALSE(test, b->s.controlled);
	KUNIT_EXPECT_FALSE(test, b->s.keep.treated);
	what.lease_ms = 0;
	KUNIT_EXPECT_EQ(test, bench_step(b, &what), 0);
	KUNIT_EXPECT_EQ(test, b->s.lease_ms, 300U);
}

/* ---- epochs ---- */

/* Every stop and fault has a new one, across the wrap as well. */
static void state_epoch_wraps(struct kunit *test)
{
	static const u32 starts[] = { 0, 1, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xfffffffd,
				      0xfffffffe, 0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		struct bench *b = bench_new(test);
		struct mn_stimulus old = { .type = MN_HAPPENS_REPORT };
		u32 epoch = starts[i] + 1;

		b->epoch = starts[i];
		bench_plug(b);
		KUNIT_EXPECT_EQ(test, b->s.epoch, epoch);
		bench_go(b, BENCH_RUNNING);
		KUNIT_EXPECT_EQ(test, b->s.run_epoch, b->s.epoch);
		epoch = b->s.epoch;
		bench_happens(b, MN_HAPPENS_STOP);
		KUNIT_EXPECT_EQ(test, b->s.epoch, epoch + 1);

		/* A status from before the stop says nothing of whether it was obeyed. */
		old.report = b->report;
		old.report.epoch = epoch;
		old.report.idle = true;
		old.report.inputs |= MN_INPUT_HOME;
		bench_step(b, &old);
		KUNIT_EXPECT_TRUE(test, b->s.home_deadline);
		bench_home(b);
		KUNIT_EXPECT_FALSE(test, b->s.home_deadline);
		EXPECT_NO_FAULT(b);
	}
}

/*
 * An epoch that was never sent: it would take every stop of ours for an older one. The last, as far
 * ahead as behind, was found by tests/proof/report.c: it passed for an old one.
 */
static void state_epoch_never_sent(struct kunit *test)
{
	static const u32 ahead[] = { 1, 2, 1000, 0x7fffffff, 0x80000000 };
	enum bench_place place;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ahead); i++) {
		/* In BENCH_FAULT it is latched already, and a stop follows all the same. */
		for (place = 0; place < BENCH_PLACES; place++) {
			struct bench *b = bench_at(test, place);
			struct mn_stimulus what = { .type = MN_HAPPENS_REPORT };
			u32 claimed = b->s.epoch + ahead[i];

			what.report = b->report;
			what.report.epoch = claimed;
			bench_step(b, &what);
			EXPECT_FAULT(b, MN_FAULT_PROTOCOL);
			/* The stop that follows is newer than what it claims. */
			KUNIT_EXPECT_GT(test, (s32)(b->s.epoch - claimed), 0);
		}
	}
}

static void state_epoch_of_each_stop(struct kunit *test)
{
	struct bench *b = bench_at(test, BENCH_SAFE);
	u32 epoch = b->s.epoch;

	bench_happens(b, MN_HAPPENS_STOP);
	KUNIT_EXPECT_EQ(test, b->s.epoch, ++epoch);
	bench_happens(b, MN_HAPPENS_STOP);
	KUNIT_EXPECT_EQ(test, b->s.epoch, ++epoch);
	bench_fail(b, MN_FAULT_BACKLOG);
	KUNIT_EXPECT_EQ(test, b->s.epoch, ++epoch);
	bench_fail(b, MN_FAULT_SEQUENCE);
	KUNIT_EXPECT_EQ(test, b->s.epoch, ++epoch);
	/* Nothing that was not there before: no new stop. */
	bench_fail(b, MN_FAULT_SEQUENCE);
	KUNIT_EXPECT_EQ(test, b->s.epoch, epoch);
}

static struct kunit_case state_kunit_cases[] = {
	KUNIT_CASE_PARAM(state_happens, state_gen_params),
	KUNIT_CASE(state_nothing_left),
	KUNIT_CASE(state_release_gives_up_control),
	KUNIT_CASE(state_unplugged_running),
	KUNIT_CASE(state_gone),
	KUNIT_CASE(state_asleep),
	KUNIT_CASE(state_acquire_refuses),
	KUNIT_CASE(state_epoch_wraps),
	KUNIT_CASE(state_epoch_never_sent),
	KUNIT_CASE(state_epoch_of_each_stop),
	{}
};

static struct kunit_suite state_suite = {
	.name = "mn-safety-states",
	.test_cases = state_kunit_cases,
};

kunit_test_suites(&state_suite);
