// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program's side of core_fake.h: what it asks for, how it waits, what it heard.
 */
#include <linux/bits.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "core_fake.h"

const char * const fake_one = "one", * const fake_other = "other";

/* ---- where a test begins ---- */

struct fake *fake_plugged(struct kunit *test)
{
	struct fake *f = fake_new(test);

	KUNIT_ASSERT_EQ(test, fake_register(f), 0);
	fake_forget(f);
	return f;
}

struct fake *fake_safe(struct kunit *test)
{
	struct fake *f = fake_plugged(test);

	KUNIT_ASSERT_EQ(test, fake_acquire(f, fake_one, FAKE_TREATMENT, 0), 0);
	KUNIT_ASSERT_EQ(test, fake_limits(f, fake_one), 0);
	fake_listen(f);
	fake_forget(f);
	return f;
}

struct fake *fake_armed(struct kunit *test)
{
	struct fake *f = fake_safe(test);

	KUNIT_ASSERT_EQ(test, fake_arm(f), 0);
	return f;
}

struct fake *fake_running(struct kunit *test)
{
	struct fake *f = fake_armed(test);

	KUNIT_ASSERT_EQ(test, mn_start(f->mn, fake_one), 0);
	fake_live(f, 50);
	KUNIT_ASSERT_EQ(test, fake_status(f).state, MN_STATE_RUNNING);
	return f;
}

/* ---- what a program asks for ---- */

int fake_acquire(struct fake *f, const void *who, u8 treatment, u32 lease_ms)
{
	struct mn_acquire request = { .lease_ms = lease_ms };

	memset(request.treatment, treatment, sizeof(request.treatment));
	return mn_acquire(f->mn, who, &request);
}

int fake_limits(struct fake *f, const void *who)
{
	struct mn_set_limits request = {
		.valid = BIT(MN_QUANTITY_NR) - 1,
		.value = { 1000, 120000, 50000, 120000 },
	};

	return mn_set_limits(f->mn, who, &request);
}

struct mn_set_point fake_set_point(void)
{
	return (struct mn_set_point) {
		.depth_um = FAKE_DEPTH_UM,
		.rate_mhz = FAKE_RATE_MHZ,
		.strokes = FAKE_STROKES,
		.run_ms = FAKE_RUN_MS,
	};
}

int fake_arm(struct fake *f)
{
	struct mn_set_point point = fake_set_point();

	return mn_arm(f->mn, fake_one, &point);
}

int fake_clear(struct fake *f, u64 faults, u64 *remaining)
{
	struct mn_clear_fault request = { .faults = faults };
	int ret = mn_clear_fault(f->mn, fake_one, &request);

	if (remaining)
		*remaining = request.remaining;
	return ret;
}

struct mn_status fake_status(struct fake *f)
{
	struct mn_status status;

	KUNIT_EXPECT_EQ(f->test, mn_get_status(f->mn, fake_one, &status), 0);
	return status;
}

/* ---- time ---- */

void fake_sleep_us(u64 us)
{
	ktime_t time = ns_to_ktime(us * NSEC_PER_USEC);

	if (!us)
		return;
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_hrtimeout(&time, HRTIMER_MODE_REL);
}

void fake_sleep_ms(u32 ms)
{
	fake_sleep_us(ms * 1000ULL);
}

void fake_live(struct fake *f, u32 ms)
{
	for (; ms > 50; ms -= 50) {
		fake_sleep_ms(50);
		mn_heartbeat(f->mn, fake_one);
	}
	fake_sleep_ms(ms);
	mn_heartbeat(f->mn, fake_one);
}

/* Until what was queued has been done, and a stop that was obeyed has been told. */
void fake_settle(struct fake *f)
{
	fake_sleep_ms(2 * FAKE_RUN_DOWN_MS);
}

/* ---- what it was called for, what it heard ---- */

unsigned int fake_count(struct fake *f, enum fake_op op)
{
	unsigned int i, count = 0;

	for (i = 0; i < f->call_count; i++)
		count += f->calls[i].op == op;
	return count;
}

/* The nth call, from 0; a call that is not there fails the test and reads as zeroes. */
const struct fake_call *fake_nth(struct fake *f, enum fake_op op, unsigned int nth)
{
	static const struct fake_call none;
	unsigned int i;

	for (i = 0; i < f->call_count; i++)
		if (f->calls[i].op == op && !nth--)
			return &f->calls[i];
	KUNIT_FAIL(f->test, "operation %u was called %u times only", op, fake_count(f, op));
	return &none;
}

const struct fake_call *fake_last(struct fake *f, enum fake_op op)
{
	unsigned int count = fake_count(f, op);

	return fake_nth(f, op, count ? count - 1 : 0);
}

void fake_forget(struct fake *f)
{
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	f->call_count = 0;
	f->record_count = 0;
	spin_unlock_irqrestore(&f->lock, flags);
}

static void fake_post(struct mn_listener *listener, const struct mn_record *record, bool urgent)
{
	struct fake *f = container_of(listener, struct fake, listener);
	unsigned long flags;

	spin_lock_irqsave(&f->lock, flags);
	if (f->record_count < FAKE_RECORDS) {
		f->urgent[f->record_count] = urgent;
		f->records[f->record_count++] = *record;
	}
	spin_unlock_irqrestore(&f->lock, flags);
}

static void fake_gone(struct mn_listener *listener)
{
	container_of(listener, struct fake, listener)->gone++;
}

static void fake_unlisten(void *data)
{
	struct fake *f = data;

	mn_unlisten(f->mn, &f->listener);
}

/* Until the test ends, and the handpiece with it. */
void fake_listen(struct fake *f)
{
	f->listener.post = fake_post;
	f->listener.gone = fake_gone;
	KUNIT_ASSERT_EQ(f->test, mn_listen(f->mn, &f->listener), 0);
	KUNIT_ASSERT_EQ(f->test, kunit_add_action_or_reset(f->test, fake_unlisten, f), 0);
}

unsigned int fake_heard(struct fake *f, enum mn_event type)
{
	unsigned int i, count = 0;

	for (i = 0; i < f->record_count; i++)
		count += f->records[i].type == type;
	return count;
}

const struct mn_record *fake_record(struct fake *f, enum mn_event type, unsigned int nth)
{
	static const struct mn_record none;
	unsigned int i;

	for (i = 0; i < f->record_count; i++)
		if (f->records[i].type == type && !nth--)
			return &f->records[i];
	KUNIT_FAIL(f->test, "there were %u records of type %u only", fake_heard(f, type), type);
	return &none;
}
