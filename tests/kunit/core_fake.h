/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A transport with a handpiece in it, for the core's tests: it obeys, reports and makes strokes by
 * itself, in virtual time, fails where a test says so, and writes down what it was called for.
 */
#ifndef CORE_FAKE_H
#define CORE_FAKE_H

#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/completion.h>

#include "compat.h"
#include "core.h"

#define FAKE_CALLS		512
#define FAKE_RECORDS		1024
#define FAKE_TREATMENT		0xa5

#define FAKE_DEPTH_UM		500
#define FAKE_RATE_MHZ		100000
#define FAKE_STROKES		1000
#define FAKE_RUN_MS		60000
#define FAKE_RUN_DOWN_MS	20	/* it is quicker than it promises, which is 60 ms */
#define FAKE_STATUS_MS		50

enum fake_op {
	FAKE_START,
	FAKE_STOP,
	FAKE_KILL,
	FAKE_LEASE,
	FAKE_TAG,
	FAKE_MARK,
	FAKE_CLEAR,
	FAKE_SELF_TEST,
	FAKE_CAPTURE,
	FAKE_OPS,
};

/**
 * struct fake_call - One call of an operation.
 * @op: Which.
 * @epoch: START, STOP, KILL, LEASE. CAPTURE: how many samples.
 * @at_ns: When.
 * @ret: What it returned.
 */
struct fake_call {
	enum fake_op op;
	u32 epoch;
	u64 at_ns;
	int ret;
};

/**
 * struct fake - One transport and its handpiece.
 * @test: The running test.
 * @parent: The bus's device.
 * @mn: What the core made of it.
 * @registered: mn_device_register() succeeded.
 * @ops: Its operations; a test may take one away before fake_alloc().
 * @caps: What it says of itself, likewise.
 * @last_epoch: Likewise.
 * @lock: Protects all below. Taken inside the core's state lock, never around a call of the core.
 * @report: What it tells.
 * @tag: Its cartridge.
 * @running: The motor is on.
 * @ordered: The last order's set point.
 * @order_epoch: Its epoch.
 * @order_strokes: Strokes that are left of it.
 * @strokes: Made since power-on.
 * @period_ns: Between two.
 * @depth_um: What the next strokes measure.
 * @status: Reports each 50 ms.
 * @stroke: Reports strokes while running.
 * @home: The motor has run down.
 * @mute: Reports nothing by itself.
 * @no_strokes: Makes none.
 * @no_home: Never comes home.
 * @blind: Starts whatever epoch the order has.
 * @start_ms: How long start takes.
 * @fail: Error of an operation, for the next @fails calls of it, -1 for ever.
 * @fails: How often.
 * @during: Called in the middle of an operation that may sleep.
 * @calls: What it was called for.
 * @call_count: How many.
 * @listener: Its ear.
 * @records: What it heard.
 * @urgent: Whether each was urgent.
 * @record_count: How many.
 * @gone: How often it was told that the handpiece is gone.
 */
struct fake {
	struct kunit *test;
	struct device *parent;
	struct mn_device *mn;
	bool registered;
	struct mn_transport_ops ops;
	struct mn_caps caps;
	u32 last_epoch;

	spinlock_t lock;		/* the handpiece, in any context */
	struct mn_report report;
	struct mn_tag tag;
	bool running;
	struct mn_set ordered;
	u32 order_epoch;
	u32 order_strokes;
	u32 strokes;
	u64 period_ns;
	u32 depth_um;
	struct hrtimer status;
	struct hrtimer stroke;
	struct hrtimer home;

	bool mute;
	bool no_strokes;
	bool no_home;
	bool blind;
	u32 start_ms;
	int fail[FAKE_OPS];
	int fails[FAKE_OPS];

	void (*during[FAKE_OPS])(struct fake *f);

	struct fake_call calls[FAKE_CALLS];
	unsigned int call_count;

	struct mn_listener listener;
	struct mn_record records[FAKE_RECORDS];
	bool urgent[FAKE_RECORDS];
	unsigned int record_count;
	unsigned int gone;
};

/* Two programs */
extern const char * const fake_one, * const fake_other;

/* Up to where a test needs it */
struct fake *fake_new(struct kunit *test);
int fake_alloc(struct fake *f);
int fake_register(struct fake *f);
void fake_unregister(struct fake *f);
void fake_put(struct fake *f);
struct fake *fake_plugged(struct kunit *test);
struct fake *fake_safe(struct kunit *test);
struct fake *fake_armed(struct kunit *test);
struct fake *fake_running(struct kunit *test);

/* What a program asks for; who is asking is @fake_one where nothing else is said */
int fake_acquire(struct fake *f, const void *who, u8 treatment, u32 lease_ms);
int fake_limits(struct fake *f, const void *who);
struct mn_set_point fake_set_point(void);
int fake_arm(struct fake *f);
int fake_clear(struct fake *f, u64 faults, u64 *remaining);
struct mn_status fake_status(struct fake *f);

/* What happens at the handpiece: told at once */
void fake_tell(struct fake *f);
void fake_input(struct fake *f, u32 input, bool on);
void fake_tell_stroke(struct fake *f, u32 depth_um);
void fake_settle(struct fake *f);

/* Time. fake_live() renews the lease meanwhile */
void fake_sleep_us(u64 us);
void fake_sleep_ms(u32 ms);
void fake_live(struct fake *f, u32 ms);

/* What it was called for, and what it heard */
unsigned int fake_count(struct fake *f, enum fake_op op);
const struct fake_call *fake_nth(struct fake *f, enum fake_op op, unsigned int nth);
const struct fake_call *fake_last(struct fake *f, enum fake_op op);
void fake_forget(struct fake *f);
void fake_listen(struct fake *f);
unsigned int fake_heard(struct fake *f, enum mn_event type);
const struct mn_record *fake_record(struct fake *f, enum mn_event type, unsigned int nth);

/* The state, its cause and the faults. A macro, so that a failure names the line of the test. */
#define EXPECT_STATUS(f, is, why, latched) do {						\
	struct fake *_f = (f);								\
	struct mn_status _status = fake_status(_f);					\
											\
	KUNIT_EXPECT_EQ_MSG(_f->test, _status.state, (is), "state");			\
	KUNIT_EXPECT_EQ_MSG(_f->test, _status.cause, (why), "cause");			\
	KUNIT_EXPECT_EQ_MSG(_f->test, _status.faults, (u64)(latched), "faults");	\
} while (0)

#endif /* CORE_FAKE_H */
