// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kill: from the context that learned of the cause, and what follows when it does not get out.
 */
#include <linux/bits.h>

#include "core_fake.h"

/* A step of the rules costs clock readings, in virtual time 256 ns each, and nothing else. */
#define AT_ONCE_NS	(4 * NSEC_PER_USEC)

/* ---- at once ---- */

/* When mn_report_strokes() returns the motor has been killed. */
static void kill_over_depth(struct kunit *test)
{
	struct fake *f = fake_running(test);
	const struct mn_record *fault;
	u64 before;

	fake_forget(f);
	before = ktime_get_ns();
	fake_tell_stroke(f, FAKE_DEPTH_UM + 51);
	KUNIT_ASSERT_EQ(test, fake_count(f, FAKE_KILL), 1U);
	KUNIT_EXPECT_LE(test, fake_nth(f, FAKE_KILL, 0)->at_ns - before, AT_ONCE_NS);
	KUNIT_EXPECT_EQ(test, fake_nth(f, FAKE_KILL, 0)->epoch, fake_status(f).epoch);
	KUNIT_EXPECT_FALSE(test, f->running);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_OVER_DEPTH));

	/* The stroke, then the fault, then the state, all with the time at which it was learned. */
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_STROKE), 1U);
	fault = fake_record(f, MN_EVENT_FAULT, 0);
	KUNIT_EXPECT_EQ(test, fault->fault.code, MN_FAULT_OVER_DEPTH);
	KUNIT_EXPECT_EQ(test, fault->fault.detail[0], FAKE_DEPTH_UM + 51);
	KUNIT_EXPECT_EQ(test, fault->fault.detail[1], FAKE_DEPTH_UM);
	KUNIT_EXPECT_EQ(test, fault->fault.state, MN_STATE_RUNNING);
	KUNIT_EXPECT_LE(test, fault->mono_ns - before, AT_ONCE_NS);
	KUNIT_EXPECT_EQ(test, fake_record(f, MN_EVENT_STATE, 0)->state.to, MN_STATE_FAULT);
	KUNIT_EXPECT_TRUE(test, f->urgent[fault - f->records]);
	KUNIT_EXPECT_FALSE(test, f->urgent[fake_record(f, MN_EVENT_STROKE, 0) - f->records]);
}

/* One in the middle of a packet: killed before the next is looked at, and none is lost. */
static void kill_in_a_batch(struct kunit *test)
{
	struct fake *f = fake_running(test);
	struct mn_stroke strokes[5];
	unsigned int i;

	fake_forget(f);
	for (i = 0; i < ARRAY_SIZE(strokes); i++)
		strokes[i] = (struct mn_stroke) {
			.number = f->strokes + 1 + i,
			.epoch = f->order_epoch,
			.depth_um = i == 2 ? 600 : 490 + i,
			.period_us = 10000,
			.current_ma = 300,
		};
	mn_report_strokes(f->mn, strokes, ARRAY_SIZE(strokes));
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), 1U);
	KUNIT_EXPECT_EQ(test, fake_heard(f, MN_EVENT_STROKE), 5U);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_OVER_DEPTH));
	f->strokes += ARRAY_SIZE(strokes);
}

struct told_case {
	const char *name;
	void (*happen)(struct fake *f);
	enum mn_fault fault;
};

static void press_emergency(struct fake *f)
{
	fake_input(f, MN_INPUT_EMERGENCY_STOP, true);
}

static void pull_cartridge(struct fake *f)
{
	f->report.insertions++;
	fake_input(f, MN_INPUT_CARTRIDGE, false);
}

static void overheat(struct fake *f)
{
	f->report.temp_mc = 60001;
	fake_tell(f);
}

static void latch_itself(struct fake *f)
{
	f->report.faults = BIT_ULL(MN_FAULT_HANDPIECE);
	fake_tell(f);
}

static void restart(struct fake *f)
{
	f->report.boot_id++;
	f->report.idle = true;
	f->report.inputs |= MN_INPUT_HOME;
	f->running = false;
	f->strokes = 0;
	fake_tell(f);
}

static void break_packet(struct fake *f)
{
	mn_report_failure(f->mn, MN_FAULT_PROTOCOL, 1, 2);
}

static void close_it(struct fake *f)
{
	mn_close(f->mn, fake_one);
}

static const struct told_case told_cases[] = {
	{ "emergency stop", press_emergency, MN_FAULT_EMERGENCY_STOP },
	{ "cartridge pulled", pull_cartridge, MN_FAULT_CARTRIDGE },
	{ "too hot", overheat, MN_FAULT_OVER_TEMPERATURE },
	{ "the handpiece's own", latch_itself, MN_FAULT_HANDPIECE },
	{ "handpiece restarts", restart, MN_FAULT_HANDPIECE_RESTART },
	{ "malformed packet", break_packet, MN_FAULT_PROTOCOL },
	{ "controller closes", close_it, MN_FAULT_CONTROLLER_LOST },
};

KUNIT_ARRAY_PARAM_DESC(told, told_cases, name);

static void kill_when_told(struct kunit *test)
{
	const struct told_case *param = test->param_value;
	struct fake *f = fake_running(test);
	u64 before;

	fake_forget(f);
	before = ktime_get_ns();
	param->happen(f);
	KUNIT_ASSERT_GE(test, fake_count(f, FAKE_KILL), 1U);
	KUNIT_EXPECT_LE(test, fake_nth(f, FAKE_KILL, 0)->at_ns - before, AT_ONCE_NS);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(param->fault));
	fake_settle(f);
	KUNIT_EXPECT_FALSE(test, f->running);
}

/* ---- from the timer ---- */

/* No stroke for 100 ms */
static void kill_stroke_silence(struct kunit *test)
{
	struct fake *f = fake_running(test);
	u64 waited;

	f->no_strokes = true;
	fake_forget(f);
	fake_tell_stroke(f, 490);
	waited = ktime_get_ns();
	fake_live(f, 150);
	KUNIT_ASSERT_EQ(test, fake_count(f, FAKE_KILL), 1U);
	waited = fake_nth(f, FAKE_KILL, 0)->at_ns - waited;
	KUNIT_EXPECT_GE(test, waited + AT_ONCE_NS, 100 * NSEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, waited, 100 * NSEC_PER_MSEC + 200 * NSEC_PER_USEC);
	KUNIT_EXPECT_TRUE(test, fake_status(f).faults & BIT_ULL(MN_FAULT_STROKE_SILENCE));
}

/* No status for 300 ms */
static void kill_status_silence(struct kunit *test)
{
	struct fake *f = fake_running(test);
	u64 waited;

	f->mute = true;
	fake_forget(f);
	fake_tell(f);
	waited = ktime_get_ns();
	fake_live(f, 350);
	KUNIT_ASSERT_GE(test, fake_count(f, FAKE_KILL), 1U);
	waited = fake_nth(f, FAKE_KILL, 0)->at_ns - waited;
	KUNIT_EXPECT_GE(test, waited + AT_ONCE_NS, 300 * NSEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, waited, 300 * NSEC_PER_MSEC + 200 * NSEC_PER_USEC);
	KUNIT_EXPECT_TRUE(test, fake_status(f).faults & BIT_ULL(MN_FAULT_STATUS_SILENCE));
}

/* Not home within the run-down time: told again by the worker, until it is. */
static void kill_not_home(struct kunit *test)
{
	struct fake *f = fake_running(test);
	u64 stopped;

	f->no_home = true;
	fake_forget(f);
	stopped = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, mn_stop(f->mn), 0);
	fake_live(f, 150);
	KUNIT_EXPECT_EQ(test, fake_status(f).state, MN_STATE_FAULT);
	KUNIT_EXPECT_EQ(test, fake_status(f).fault, MN_FAULT_NOT_HOME);
	KUNIT_EXPECT_GE(test, fake_count(f, FAKE_STOP), 1U);
	KUNIT_EXPECT_GE(test, fake_nth(f, FAKE_STOP, 0)->at_ns - stopped, 80 * NSEC_PER_MSEC);
	KUNIT_EXPECT_LE(test, fake_nth(f, FAKE_STOP, 0)->at_ns - stopped, 81 * NSEC_PER_MSEC);
}

/* Motion that nobody asked for: killed, and stopped in a way that is confirmed. */
static void kill_unexpected_motion(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	fake_tell_stroke(f, 0);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_KILL), 1U);
	KUNIT_EXPECT_TRUE(test, fake_status(f).faults & BIT_ULL(MN_FAULT_UNEXPECTED_MOTION));
	fake_settle(f);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_STOP), 1U);
}

/* ---- when it fails ---- */

/* Latched, the lease is renewed no more, and a worker stops it the long way. */
static void kill_fails(struct kunit *test)
{
	struct fake *f = fake_running(test);
	unsigned int leases;

	fake_forget(f);
	f->fail[FAKE_KILL] = -ENOMEM;
	f->fails[FAKE_KILL] = -1;
	KUNIT_EXPECT_EQ(test, mn_stop(f->mn), 0);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_TRANSPORT));
	KUNIT_EXPECT_EQ(test, fake_status(f).fault_detail[0], -ENOMEM);
	KUNIT_EXPECT_TRUE(test, f->running);
	leases = fake_count(f, FAKE_LEASE);
	fake_settle(f);
	KUNIT_ASSERT_EQ(test, fake_count(f, FAKE_STOP), 1U);
	KUNIT_EXPECT_EQ(test, fake_nth(f, FAKE_STOP, 0)->epoch, fake_status(f).epoch);
	KUNIT_EXPECT_FALSE(test, f->running);
	fake_sleep_ms(200);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_LEASE), leases);
}

/* Over-depth with a kill that fails: both causes are latched. */
static void kill_fails_over_depth(struct kunit *test)
{
	struct fake *f = fake_running(test);

	fake_forget(f);
	f->fail[FAKE_KILL] = -EBUSY;
	f->fails[FAKE_KILL] = -1;
	fake_tell_stroke(f, 600);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT,
		      BIT_ULL(MN_FAULT_OVER_DEPTH) | BIT_ULL(MN_FAULT_TRANSPORT));
	KUNIT_EXPECT_EQ(test, fake_status(f).fault, MN_FAULT_OVER_DEPTH);
	fake_settle(f);
	KUNIT_EXPECT_FALSE(test, f->running);
}

/* The long way fails a few times too: tried again each 25 ms, until it is confirmed. */
static void kill_and_stop_fail(struct kunit *test)
{
	struct fake *f = fake_running(test);
	unsigned int i;
	u64 apart;

	fake_forget(f);
	f->fail[FAKE_KILL] = -EIO;
	f->fails[FAKE_KILL] = -1;
	f->fail[FAKE_STOP] = -ETIMEDOUT;
	f->fails[FAKE_STOP] = 3;
	mn_stop(f->mn);
	fake_sleep_ms(300);
	KUNIT_ASSERT_GE(test, fake_count(f, FAKE_STOP), 4U);
	for (i = 1; i < 4; i++) {
		apart = fake_nth(f, FAKE_STOP, i)->at_ns - fake_nth(f, FAKE_STOP, i - 1)->at_ns;
		KUNIT_EXPECT_GE(test, apart, 20 * NSEC_PER_MSEC);
		KUNIT_EXPECT_LE(test, apart, 50 * NSEC_PER_MSEC);
	}
	KUNIT_EXPECT_FALSE(test, f->running);
	KUNIT_EXPECT_EQ(test, fake_status(f).state, MN_STATE_FAULT);
}

/* A handpiece that is gone is the bus's news: no fault unless it was moving. */
static void kill_without_device(struct kunit *test)
{
	static const int errors[] = { -ENODEV, -ESHUTDOWN };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		struct fake *f = fake_safe(test);

		f->fail[FAKE_KILL] = errors[i];
		f->fails[FAKE_KILL] = 1;
		KUNIT_EXPECT_EQ(test, mn_stop(f->mn), 0);
		EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_NONE, 0);

		f = fake_running(test);
		f->fail[FAKE_KILL] = errors[i];
		f->fails[FAKE_KILL] = 1;
		KUNIT_EXPECT_EQ(test, mn_stop(f->mn), 0);
		EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_UNPLUGGED));
	}
}

/* A lease that does not get out is a fault, and a fault kills, from where it was found. */
static void kill_when_lease_fails(struct kunit *test)
{
	struct fake *f = fake_running(test);
	const struct fake_call *lease, *kill;

	fake_forget(f);
	f->fail[FAKE_LEASE] = -EIO;
	f->fails[FAKE_LEASE] = 1;
	fake_live(f, 30);
	lease = fake_nth(f, FAKE_LEASE, 0);
	KUNIT_ASSERT_GE(test, fake_count(f, FAKE_KILL), 1U);
	kill = fake_nth(f, FAKE_KILL, 0);
	KUNIT_EXPECT_LE(test, kill->at_ns - lease->at_ns, AT_ONCE_NS);
	KUNIT_EXPECT_EQ(test, kill->epoch, fake_status(f).epoch);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_TRANSPORT));
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_LEASE), 1U);
}

/*
 * The first one, of an arming: nothing is armed then, and that is the answer. Found by the test
 * that lets each allocation of an arming fail.
 */
static void kill_when_first_lease_fails(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	f->fail[FAKE_LEASE] = -ENOMEM;
	f->fails[FAKE_LEASE] = 1;
	KUNIT_EXPECT_EQ(test, fake_arm(f), -ECANCELED);
	EXPECT_STATUS(f, MN_STATE_FAULT, MN_CAUSE_FAULT, BIT_ULL(MN_FAULT_TRANSPORT));
	KUNIT_EXPECT_GE(test, fake_count(f, FAKE_KILL), 1U);
}

/* Restarted, it is told to stop in a way that is confirmed, for it refuses START until then. */
static void kill_after_restart(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	restart(f);
	EXPECT_STATUS(f, MN_STATE_SAFE, MN_CAUSE_NONE, 0);
	fake_settle(f);
	KUNIT_EXPECT_EQ(test, fake_count(f, FAKE_STOP), 1U);
	KUNIT_EXPECT_EQ(test, fake_last(f, FAKE_STOP)->epoch, fake_status(f).epoch);
	KUNIT_EXPECT_GE(test, fake_count(f, FAKE_TAG), 1U);
	KUNIT_EXPECT_EQ(test, fake_arm(f), 0);
}

static struct kunit_case kill_cases[] = {
	KUNIT_CASE(kill_over_depth),
	KUNIT_CASE(kill_in_a_batch),
	KUNIT_CASE_PARAM(kill_when_told, told_gen_params),
	KUNIT_CASE(kill_stroke_silence),
	KUNIT_CASE(kill_status_silence),
	KUNIT_CASE(kill_not_home),
	KUNIT_CASE(kill_unexpected_motion),
	KUNIT_CASE(kill_fails),
	KUNIT_CASE(kill_fails_over_depth),
	KUNIT_CASE(kill_and_stop_fail),
	KUNIT_CASE(kill_without_device),
	KUNIT_CASE(kill_when_lease_fails),
	KUNIT_CASE(kill_when_first_lease_fails),
	KUNIT_CASE(kill_after_restart),
	{}
};

static struct kunit_suite kill_suite = {
	.name = "mn-core-kill",
	.test_cases = kill_cases,
};

kunit_test_suites(&kill_suite);
