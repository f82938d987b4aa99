// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules: state machine, leases, interlocks, the controller's requests. See safety.h.
 *
 * Everything that may not happen is refused here and in the files that this one asks, and nowhere
 * else, so that it can be read, tested and explored by itself: safety_reports.c judges what is
 * reported, safety_cartridge.c knows the cartridge, safety_limits.c the limits; safety_stop.c
 * stops.
 */
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "safety_cartridge.h"
#include "safety_limits.h"
#include "safety_reports.h"
#include "safety_stop.h"

#define COUNT_OF(array)		(sizeof(array) / sizeof((array)[0]))

static void no_controller(struct mn_safety *s)
{
	s->controlled = false;
	s->lease_deadline = 0;
	s->lease_warning = 0;
}

/* What was last heard of the handpiece and its cartridge says nothing any more. */
static void lose_touch(struct mn_safety *s)
{
	mn_cartridge_lose(s);
	s->status_deadline = 0;
}

/* ---- interlocks ---- */

/**
 * mn_safety_interlocks() - What keeps the device from being armed.
 * @s: The rules' state.
 *
 * Return: MN_INTERLOCK_ bits.
 */
u32 mn_safety_interlocks(const struct mn_safety *s)
{
	u32 open = 0;

	if (s->report.inputs & MN_INPUT_EMERGENCY_STOP)
		open |= MN_INTERLOCK_EMERGENCY_STOP;
	if (pressed(s))
		open |= MN_INTERLOCK_TRIGGER;
	if (!(s->report.inputs & MN_INPUT_CARTRIDGE)) {
		open |= MN_INTERLOCK_CARTRIDGE_ABSENT;
	} else if (!s->tag.present || !s->tag.readable) {
		open |= s->keep.declared ? MN_INTERLOCK_CARTRIDGE_SPENT :
					   MN_INTERLOCK_CARTRIDGE_UNREADABLE;
	} else {
		if (s->tag.expiry_days < s->today_days)
			open |= MN_INTERLOCK_CARTRIDGE_EXPIRED;
		if (mn_cartridge_spent(s))
			open |= MN_INTERLOCK_CARTRIDGE_SPENT;
	}
	if (!at_home(s) || s->home_deadline)
		open |= MN_INTERLOCK_NOT_HOME;
	if (s->report.self_test != MN_SELF_TEST_PASSED || s->testing)
		open |= MN_INTERLOCK_SELF_TEST;
	if (s->caps.calibration_age_days == MN_NEVER_CALIBRATED ||
	    s->caps.calibration_age_days > s->caps.calibration_valid_days)
		open |= MN_INTERLOCK_CALIBRATION;
	if (!s->lease_deadline)
		open |= MN_INTERLOCK_LEASE;
	if (!s->reported || !s->status_deadline || s->asleep || s->gone)
		open |= MN_INTERLOCK_STATUS;
	if (s->today_days < MN_CLOCK_SET_DAYS)
		open |= MN_INTERLOCK_CLOCK;
	return open;
}

/* ---- time ---- */

/* True once, when @deadline is reached. */
static bool due(u64 *deadline, u64 now)
{
	if (!*deadline || now < *deadline)
		return false;
	*deadline = 0;
	return true;
}

static void expire(struct mn_safety *s, u64 now, u32 *actions)
{
	if (due(&s->lease_deadline, now)) {
		s->lease_warning = 0;
		if (active(s))
			mn_safety_latch(s, MN_FAULT_LEASE, (s32)s->lease_ms, 0, now, actions);
	}
	if (due(&s->lease_warning, now))
		*actions |= MN_ACT_LEASE_WARNING;
	if (due(&s->status_deadline, now) && active(s))
		mn_safety_latch(s, MN_FAULT_STATUS_SILENCE, MN_STATUS_SILENCE_MS, 0, now, actions);
	if (due(&s->stroke_deadline, now))
		mn_safety_latch(s, MN_FAULT_STROKE_SILENCE, MN_STROKE_SILENCE_MS, 0, now, actions);
	if (due(&s->slow_deadline, now))
		mn_safety_latch(s, MN_FAULT_UNDER_RATE, (s32)s->last_rate_mhz, (s32)s->set.rate.mhz,
				now, actions);
	/* One that is gone can't say that it is home; one that its driver just let go can. */
	if (due(&s->home_deadline, now) && s->reported) {
		/* What it said of home was before the stop, and must be said again. */
		s->report.inputs &= ~MN_INPUT_HOME;
		mn_safety_latch(s, MN_FAULT_NOT_HOME, (s32)s->caps.run_down_ms, 0, now, actions);
	}
	if (due(&s->run_deadline, now))
		mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_RUN_TIME, now, actions);
	if (due(&s->arm_deadline, now))
		mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_ARM_TIMEOUT, now, actions);
	if (due(&s->bound_until, now))
		s->bound.depth = s->set.depth;
	if (due(&s->press_deadline, now)) {
		s->start_wanted = true;
		s->start_cause = MN_CAUSE_TRIGGER;
		*actions |= MN_ACT_START;
	}
	if (due(&s->lease_refresh, now)) {
		s->lease_refresh = after_ms(now, MN_LEASE_REFRESH_MS);
		*actions |= MN_ACT_LEASE;
	}
}

/**
 * mn_safety_next_deadline() - When a %MN_HAPPENS_TICK is due.
 * @s: The rules' state.
 *
 * Return: CLOCK_MONOTONIC nanoseconds, 0 if nothing waits.
 */
u64 mn_safety_next_deadline(const struct mn_safety *s)
{
	const u64 deadlines[] = {
		s->lease_deadline, s->lease_warning,  s->lease_refresh, s->status_deadline,
		s->press_deadline, s->arm_deadline,   s->run_deadline,	s->stroke_deadline,
		s->slow_deadline,  s->home_deadline,  s->bound_until,
	};
	u64 next = 0;
	size_t i;

	for (i = 0; i < COUNT_OF(deadlines); i++)
		if (deadlines[i] && (!next || deadlines[i] < next))
			next = deadlines[i];
	return next;
}

/* ---- the controller's requests ---- */

static void renew_lease(struct mn_safety *s, u64 now)
{
	s->lease_deadline = after_ms(now, s->lease_ms);
	s->lease_warning = now + s->lease_ms * NSEC_PER_MS / 2;
}

static bool all_zero(const u8 *id)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		if (id[i])
			return false;
	return true;
}

static bool is_past(const struct mn_keep *keep, const u8 *treatment)
{
	unsigned int i;

	for (i = 0; i < MN_PAST_TREATMENTS; i++)
		if (!memcmp(keep->past[i], treatment, 16))
			return true;
	return false;
}

static int acquire(struct mn_safety *s, const struct mn_stimulus *what, u64 now)
{
	struct mn_keep *keep = &s->keep;
	u32 lease_ms = what->lease_ms ? what->lease_ms : MN_LEASE_DEFAULT_MS;

	if (all_zero(what->treatment) || lease_ms < MN_LEASE_MIN_MS || lease_ms > MN_LEASE_MAX_MS)
		return -EINVAL;
	if (active(s))
		return -EBADFD;
	if (!keep->treated || memcmp(keep->treatment, what->treatment, 16)) {
		/* A treatment that another has followed is over: its limits are forgotten. */
		if (is_past(keep, what->treatment))
			return -EINVAL;
		memcpy(keep->past[keep->past_next++ % MN_PAST_TREATMENTS], keep->treatment, 16);
		memcpy(keep->treatment, what->treatment, 16);
		keep->treated = true;
		keep->session_present = 0;
		/* Only another cartridge starts the count anew, and a used one is spent. */
		keep->dose_ends = keep->dose != 0;
		if (keep->dose_ends && s->tag.readable && s->tag.uid != keep->dose_uid) {
			keep->dose = 0;
			keep->dose_ends = false;
		}
		s->held = false;
	}
	s->controlled = true;
	s->lease_ms = lease_ms;
	renew_lease(s, now);
	return 0;
}

/* Lower some of the limits of one source; all or none. */
static int lower(const struct mn_stimulus *what, u32 *limit, u32 present)
{
	unsigned int quantity;

	if (!what->valid || what->valid >> MN_QUANTITY_NR)
		return -EINVAL;
	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++)
		if ((what->valid & present & BIT_OF(quantity)) &&
		    what->value[quantity] > limit[quantity])
			return -EPERM;
	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++)
		if (what->valid & BIT_OF(quantity))
			limit[quantity] = what->value[quantity];
	return 0;
}

static int set_session(struct mn_safety *s, const struct mn_stimulus *what, u64 now, u32 *actions)
{
	int err;

	if (!s->controlled)
		return -EPERM;
	err = lower(what, s->keep.session, s->keep.session_present);
	if (err)
		return err;
	s->keep.session_present |= what->valid;
	mn_safety_enforce(s, now, actions);
	return 0;
}

static int set_admin(struct mn_safety *s, const struct mn_stimulus *what, u64 now, u32 *actions)
{
	int err = lower(what, s->keep.admin, BIT_OF(MN_QUANTITY_NR) - 1);

	if (!err)
		mn_safety_enforce(s, now, actions);
	return err;
}

/* What is open in the course of things while it is ARMED or RUNNING */
static const u32 while_active = MN_INTERLOCK_TRIGGER | MN_INTERLOCK_NOT_HOME;

static int check_arm(struct mn_safety *s, const struct mn_stimulus *what, struct mn_set *set,
		     struct mn_refusal *refusal)
{
	int err;

	if (!s->controlled)
		return -EPERM;
	if (s->state != MN_STATE_SAFE)
		return -EBADFD;
	err = mn_check_set(s, &what->set, set, refusal);
	if (err)
		return err;
	refusal->interlocks = mn_safety_interlocks(s);
	return refusal->interlocks ? -EAGAIN : 0;
}

static int arm(struct mn_safety *s, const struct mn_stimulus *what, u32 *actions,
	       struct mn_refusal *refusal)
{
	struct mn_set set;
	int err = check_arm(s, what, &set, refusal);

	if (!err && !s->held && !s->caps.tagless)
		*actions |= MN_ACT_MARK;
	return err;
}

static int arm_commit(struct mn_safety *s, const struct mn_stimulus *what, u64 now, u32 *actions,
		      struct mn_refusal *refusal)
{
	struct mn_set set;
	int err;

	if (what->epoch != s->epoch)
		return -ECANCELED;
	err = check_arm(s, what, &set, refusal);
	if (err)
		return err;
	if (!mn_cartridge_mark(s)) {
		/* The mark could not be read back. */
		refusal->interlocks = MN_INTERLOCK_CARTRIDGE_UNREADABLE;
		return -EAGAIN;
	}
	s->set = set;
	s->strokes_done = 0;
	s->released_since = now;
	s->arm_deadline = after_ms(now, MN_ARM_TIMEOUT_MS);
	s->lease_refresh = after_ms(now, MN_LEASE_REFRESH_MS);
	*actions |= MN_ACT_LEASE;
	mn_safety_change(s, MN_STATE_ARMED, MN_CAUSE_ARM);
	return 0;
}

static int update(struct mn_safety *s, const struct mn_stimulus *what, u64 now,
		  struct mn_refusal *refusal)
{
	struct mn_set set;
	int err;

	if (!s->controlled)
		return -EPERM;
	if (!active(s))
		return -EBADFD;
	err = mn_check_set(s, &what->set, &set, refusal);
	if (err)
		return err;
	refusal->interlocks = mn_safety_interlocks(s) & ~while_active;
	if (refusal->interlocks)
		return -EAGAIN;
	if (s->state == MN_STATE_RUNNING) {
		if (set.rate.mhz > s->set.rate.mhz)
			s->rate_since = now;
		/* Until the handpiece has answered, strokes of either depth are told. */
		s->bound_until = 0;
		s->start_wanted = true;
	}
	s->set = set;
	s->strokes_done = 0;
	return 0;
}

static int start(struct mn_safety *s)
{
	if (!s->controlled)
		return -EPERM;
	if (s->caps.has_trigger)
		return -EOPNOTSUPP;
	if (s->state != MN_STATE_ARMED)
		return -EBADFD;
	s->start_wanted = true;
	s->start_cause = MN_CAUSE_START;
	return 0;
}

/*
 * The gate asks for the order. All is checked again: between the wish to start and this moment
 * anything may have happened. From here on it counts as running, whatever the transport will say:
 * a command whose outcome is unknown is taken as given.
 */
static int begin(struct mn_safety *s, u64 now, u32 *actions, struct mn_refusal *refusal)
{
	bool running = s->state == MN_STATE_RUNNING;

	if (!s->start_wanted || !active(s) || !s->controlled)
		return -ECANCELED;
	s->start_wanted = false;
	if (s->caps.has_trigger && !pressed(s))
		return -ECANCELED;
	refusal->interlocks = mn_safety_interlocks(s) &
			      ~(running ? while_active : MN_INTERLOCK_TRIGGER);
	if (running && now >= after_ms(s->run_since, s->set.run.ms)) {
		mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_RUN_TIME, now, actions);
		return -ECANCELED;
	}
	if (refusal->interlocks || !s->held || !mn_set_fits(s)) {
		/* It does not go on with a set point that was given up. */
		if (running)
			mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_START_FAILED, now, actions);
		return -EAGAIN;
	}

	if (!running) {
		s->run_since = now;
		s->rate_since = now;
		s->stroke_deadline = after_ms(now, MN_START_BOUND_MS + MN_STROKE_SILENCE_MS);
		s->bound = s->set;
		s->bound.rate.mhz = mn_safety_limit(s, MN_QUANTITY_RATE, NULL);
		mn_safety_change(s, MN_STATE_RUNNING, s->start_cause);
	} else {
		if (s->set.depth.um > s->bound.depth.um)
			s->bound.depth = s->set.depth;
		/* It counts from when it gets there, and a report may cross it on the way. */
		s->bound.dose.strokes = s->set.dose.strokes + 1;
	}
	s->starting = true;
	s->updating = running;
	s->run_epoch = s->epoch;
	s->arm_deadline = 0;
	s->run_deadline = after_ms(s->run_since, s->set.run.ms);
	/* The handpiece counts from this START; rounded down, and 0 is not a time. */
	s->run_left.ms = (u32)div_u64(s->run_deadline - now, NSEC_PER_MS);
	if (!s->run_left.ms)
		s->run_left.ms = 1;
	return 0;
}

static int started(struct mn_safety *s, const struct mn_stimulus *what, u64 now, u32 *actions)
{
	if (what->epoch != s->epoch || !s->starting)
		return -ECANCELED;
	s->starting = false;
	s->updating = false;
	if (what->error == -EREMOTEIO) {
		mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_START_FAILED, now, actions);
		return what->error;
	}
	if (what->error) {
		mn_safety_latch(s, MN_FAULT_TRANSPORT, what->error, 0, now, actions);
		return what->error;
	}
	/* Sooner than while its answer was awaited, never later: only a stroke moves it on. */
	if (s->stroke_deadline > after_ms(now, MN_STROKE_SILENCE_MS))
		s->stroke_deadline = after_ms(now, MN_STROKE_SILENCE_MS);
	/* Strokes that began with the depth before are told within the backlog's bound. */
	s->bound_until = after_ms(now, MN_BACKLOG_MS + 2 * USEC_MHZ / MN_RATE_LOWEST_MHZ / 1000);
	return 0;
}

static int heartbeat(struct mn_safety *s, u64 now)
{
	if (!s->controlled)
		return -EPERM;
	/*
	 * A lease that ran out is not revived, not even by a renewal that is late by a
	 * nanosecond.
	 */
	if (!s->lease_deadline)
		return -ETIME;
	renew_lease(s, now);
	return 0;
}

/* Faults whose cause is still there. */
static u64 causes(const struct mn_safety *s)
{
	u64 still = s->report.faults;

	/* While needles may be out, or nobody knows, nothing is over. */
	if (!at_home(s) || s->home_deadline || !s->status_deadline)
		return ~0ULL;
	if (s->report.inputs & MN_INPUT_EMERGENCY_STOP)
		still |= FAULT_BIT(MN_FAULT_EMERGENCY_STOP);
	if (!s->lease_deadline)
		still |= FAULT_BIT(MN_FAULT_LEASE);
	if (s->report.temp_mc > s->caps.max_temp_mc)
		still |= FAULT_BIT(MN_FAULT_OVER_TEMPERATURE);
	return still;
}

/* From the wish on nothing is armed, until the handpiece has told of a test that passed. */
static int self_test(struct mn_safety *s)
{
	if (s->state != MN_STATE_SAFE)
		return -EBADFD;
	if (!s->reported || !s->status_deadline || s->asleep || s->gone || !s->report.idle ||
	    s->home_deadline)
		return -EAGAIN;
	if (s->report.self_test == MN_SELF_TEST_BUSY)
		return -EBUSY;
	s->testing = true;
	return 0;
}

/*
 * Refused, things are as they were. Else it is being made, or nobody knows: the next report tells.
 * A stop that overtook it on the way has not broken it off, so that it is sent again.
 */
static int tested(struct mn_safety *s, const struct mn_stimulus *what)
{
	if (!s->testing)
		return -ECANCELED;
	s->testing = false;
	if (what->error != -EREMOTEIO)
		s->report.self_test = MN_SELF_TEST_BUSY;
	if (what->epoch != s->epoch)
		return -ECANCELED;
	return what->error;
}

static int clear(struct mn_safety *s, u64 named)
{
	u64 remaining = s->keep.faults & (~named | causes(s));

	if (!s->controlled)
		return -EPERM;
	if (s->state != MN_STATE_FAULT)
		return -EBADFD;
	mn_safety_catch_up(s);
	s->same_depth = 0;
	s->keep.faults = remaining;
	if (!remaining) {
		s->keep.first = MN_FAULT_NONE;
		mn_safety_change(s, MN_STATE_SAFE, MN_CAUSE_CLEAR);
		return 0;
	}
	if (!(remaining & FAULT_BIT(s->keep.first)))
		s->keep.first = (u32)__builtin_ctzll(remaining);
	return -EAGAIN;
}

/* ---- the one function ---- */

/**
 * mn_safety_step() - Something happened.
 * @s: The rules' state.
 * @what: What happened.
 * @now: CLOCK_MONOTONIC nanoseconds, never earlier than at the last call.
 * @actions: Out: MN_ACT_ bits that the caller carries out before it releases its lock.
 * @refusal: Out: why, with -ERANGE and -EAGAIN.
 *
 * Deadlines that have passed come first, so that nothing that arrives late is in time.
 *
 * Return: 0 or -errno, see enum mn_happening; what cannot be refused gives 0.
 */
int mn_safety_step(struct mn_safety *s, const struct mn_stimulus *what, u64 now, u32 *actions,
		   struct mn_refusal *refusal)
{
	*actions = 0;
	memset(refusal, 0, sizeof(*refusal));
	expire(s, now, actions);

	switch (what->type) {
	case MN_HAPPENS_TICK:
		return 0;
	case MN_HAPPENS_ACQUIRE:
		return acquire(s, what, now);
	case MN_HAPPENS_RELEASE:
		if (active(s))
			mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_RELEASE, now, actions);
		no_controller(s);
		return 0;
	case MN_HAPPENS_CLOSE:
		if (s->state == MN_STATE_RUNNING)
			mn_safety_latch(s, MN_FAULT_CONTROLLER_LOST, 0, 0, now, actions);
		else if (s->state == MN_STATE_ARMED)
			mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_RELEASE, now, actions);
		no_controller(s);
		return 0;
	case MN_HAPPENS_SET_LIMITS:
		return set_session(s, what, now, actions);
	case MN_HAPPENS_SET_ADMIN:
		return set_admin(s, what, now, actions);
	case MN_HAPPENS_ARM:
		return arm(s, what, actions, refusal);
	case MN_HAPPENS_ARM_COMMIT:
		return arm_commit(s, what, now, actions, refusal);
	case MN_HAPPENS_UPDATE:
		return update(s, what, now, refusal);
	case MN_HAPPENS_START:
		return start(s);
	case MN_HAPPENS_BEGIN:
		return begin(s, now, actions, refusal);
	case MN_HAPPENS_STARTED:
		return started(s, what, now, actions);
	case MN_HAPPENS_STOP:
		mn_safety_stop(s, MN_CAUSE_STOP, now, actions);
		return 0;
	case MN_HAPPENS_HEARTBEAT:
		return heartbeat(s, now);
	case MN_HAPPENS_CLEAR:
		return clear(s, what->faults);
	case MN_HAPPENS_SELF_TEST:
		return self_test(s);
	case MN_HAPPENS_TESTED:
		return tested(s, what);
	case MN_HAPPENS_STROKE:
		mn_safety_stroke(s, &what->stroke, now, actions);
		return 0;
	case MN_HAPPENS_REPORT:
		mn_safety_report(s, &what->report, now, actions);
		return 0;
	case MN_HAPPENS_TAG:
		mn_cartridge_read(s, &what->tag, now, actions);
		return 0;
	case MN_HAPPENS_DECLARE:
		return mn_cartridge_declare(s, &what->tag);
	case MN_HAPPENS_MARKING:
		s->mark_tried = true;
		return 0;
	case MN_HAPPENS_FAIL:
		mn_safety_latch(s, what->code, what->detail[0], what->detail[1], now, actions);
		return 0;
	case MN_HAPPENS_SUSPEND:
		mn_safety_stop(s, MN_CAUSE_SUSPEND, now, actions);
		lose_touch(s);
		s->asleep = true;
		return 0;
	case MN_HAPPENS_RESUME:
		/* What was told on the way to sleep is as old as the sleep is long. */
		mn_safety_stop(s, MN_CAUSE_STOP, now, actions);
		lose_touch(s);
		s->asleep = false;
		s->awoken = true;
		return 0;
	case MN_HAPPENS_UNPLUG:
		if (s->state == MN_STATE_RUNNING)
			mn_safety_latch(s, MN_FAULT_UNPLUGGED, 0, 0, now, actions);
		else
			mn_safety_stop(s, MN_CAUSE_SUSPEND, now, actions);
		no_controller(s);
		lose_touch(s);
		s->reported = false;
		s->gone = true;
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * mn_safety_order() - What the transport is to do, after %MN_HAPPENS_BEGIN gave 0.
 * @s: The rules' state.
 *
 * Return: the order; strokes and run time are what is left of them.
 */
struct mn_order mn_safety_order(const struct mn_safety *s)
{
	struct mn_order order = {
		.epoch = s->run_epoch,
		.depth = s->set.depth,
		.rate = s->set.rate,
		.dose = { .strokes = mn_strokes_left(s) },
		.run = s->run_left,
	};

	return order;
}

/**
 * mn_safety_today() - Tell the date, for the cartridge's expiry.
 * @s: The rules' state.
 * @days: Days since 1970-01-01.
 */
void mn_safety_today(struct mn_safety *s, u32 days)
{
	s->today_days = days;
}

/**
 * mn_safety_init() - Begin with a handpiece.
 * @s: State to fill in.
 * @caps: Checked by mn_safety_check_caps().
 * @keep: What is known of it from before.
 * @ceiling_um: The module's depth ceiling.
 * @epoch: Of the last stop that the handpiece obeyed.
 */
void mn_safety_init(struct mn_safety *s, const struct mn_caps *caps, const struct mn_keep *keep,
		    u32 ceiling_um, u32 epoch)
{
	memset(s, 0, sizeof(*s));
	s->caps = *caps;
	s->keep = *keep;
	s->ceiling_um = ceiling_um;
	s->epoch = epoch;
	if (caps->restarts) {
		if (!s->keep.faults)
			s->keep.first = MN_FAULT_RESTART;
		s->keep.faults |= FAULT_BIT(MN_FAULT_RESTART);
	}
	if (s->keep.faults)
		mn_safety_change(s, MN_STATE_FAULT, MN_CAUSE_FAULT);
}
