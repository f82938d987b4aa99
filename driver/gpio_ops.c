// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core asks of a GPIO handpiece, and what it is told of it.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>

#include "compat.h"
#include "gpio.h"

#define STATUS_MS		50
#define MOVE_MS			180	/* of MN_START_BOUND_MS */
#define STOP_MS			450	/* of the half second that stop may take */
#define POLL_US			1000

/* ---- reports ---- */

/*
 * At rest at the switch: not on the way past it, and not at a depth so shallow that the play keeps
 * the switch closed. g->lock is held.
 */
static bool is_home(struct mn_gpio *g, u64 now)
{
	const struct mn_stepper *s = &g->stepper;

	return s->phase == MN_STEPPER_REST && !(s->homed && s->position) &&
	       mn_gpio_stands(g, now) && mn_gpio_switches(g).home;
}

/**
 * mn_gpio_tell_without() - Tell the core how it is, but for some inputs.
 * @g: The handpiece.
 * @inputs: MN_INPUT_ bits that were off a moment ago.
 *
 * Context: any.
 */
void mn_gpio_tell_without(struct mn_gpio *g, u32 inputs)
{
	struct mn_report report = { .boot_id = g->boot_id };
	unsigned long outer, flags;
	u64 now;

	spin_lock_irqsave(&g->report_lock, outer);
	raw_spin_lock_irqsave(&g->lock, flags);
	now = ktime_get_ns();
	report.inputs = mn_gpio_inputs(g) & ~inputs;
	if (is_home(g, now))
		report.inputs |= MN_INPUT_HOME;
	raw_spin_lock(&g->drive_lock);
	report.epoch = g->epoch;
	raw_spin_unlock(&g->drive_lock);
	report.insertions = g->insertions;
	report.strokes = g->strokes;
	report.idle = mn_gpio_stands(g, now);
	report.self_test = g->self_test;
	report.faults = g->faults;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	mn_report_status(g->mn, &report);
	spin_unlock_irqrestore(&g->report_lock, outer);
}

/**
 * mn_gpio_tell() - Tell the core how it is.
 * @g: The handpiece.
 *
 * Context: any.
 */
void mn_gpio_tell(struct mn_gpio *g)
{
	mn_gpio_tell_without(g, 0);
}

/**
 * mn_gpio_tell_soon() - The same from where the core must not be called.
 * @g: The handpiece.
 *
 * Context: any.
 */
void mn_gpio_tell_soon(struct mn_gpio *g)
{
	hrtimer_start(&g->status, 0, HRTIMER_MODE_REL_SOFT);
}

/* Every 50 ms, and when the motor has run down. */
static enum hrtimer_restart on_status(struct hrtimer *timer)
{
	struct mn_gpio *g = container_of(timer, struct mn_gpio, status);
	u64 now = ktime_get_ns(), down_ns, next_ns = now + STATUS_MS * NSEC_PER_MSEC;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	down_ns = g->cut_ns + (u64)g->board.run_down_ms * NSEC_PER_MSEC;
	if (!g->running && down_ns > now && down_ns < next_ns)
		next_ns = down_ns;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	/* Who wants it sooner from here on sets it anew. */
	hrtimer_start(timer, ns_to_ktime(next_ns), HRTIMER_MODE_ABS_SOFT);
	mn_gpio_tell(g);
	return HRTIMER_NORESTART;
}

/**
 * mn_gpio_status_init() - Make ready to report.
 * @g: The handpiece.
 */
void mn_gpio_status_init(struct mn_gpio *g)
{
	mn_hrtimer_setup(&g->status, on_status, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
}

/**
 * mn_gpio_wait_rest() - Wait until the motor stands and the depth stop rests.
 * @g: The handpiece.
 * @ms: For how long.
 *
 * Context: may sleep.
 * Return: false if they still do not.
 */
bool mn_gpio_wait_rest(struct mn_gpio *g, u32 ms)
{
	const u64 end = ktime_get_ns() + (u64)ms * NSEC_PER_MSEC;
	unsigned long flags;
	bool rests;
	u64 now;

	for (;;) {
		now = ktime_get_ns();
		raw_spin_lock_irqsave(&g->lock, flags);
		rests = g->stepper.phase == MN_STEPPER_REST && mn_gpio_stands(g, now);
		raw_spin_unlock_irqrestore(&g->lock, flags);
		if (rests || now >= end)
			return rests;
		usleep_range(POLL_US, 2 * POLL_US);
	}
}

/* ---- stop ---- */

/* The line, and what no one has to wait for. What the core is to be told comes from a timer. */
static int mn_gpio_kill(struct mn_device *mn, u32 epoch)
{
	struct mn_gpio *g = mn_device_data(mn);

	mn_gpio_drop_for(g, epoch);
	mn_gpio_rest(g, true);
	mn_gpio_tell_soon(g);
	return 0;
}

/*
 * One whose count is void, and that was left where a switch said home that says so no more: it has
 * to look for it. Not where it gave up once: that is mn_gpio_clear()'s.
 */
static void find_home(struct mn_gpio *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (!g->stepper.homed && !(g->faults & BIT_ULL(MN_FAULT_NOT_HOME)) &&
	    mn_gpio_stands(g, ktime_get_ns())) {
		mn_stepper_seek(&g->stepper, mn_gpio_switches(g));
		mn_gpio_follow(g);
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
}

/*
 * A depth stop that gave up looking for home rests, too: then the report lacks home, and says that
 * it is a fault of its own.
 */
static int mn_gpio_stop(struct mn_device *mn, u32 epoch)
{
	struct mn_gpio *g = mn_device_data(mn);
	bool rests;

	mn_gpio_kill(mn, epoch);
	find_home(g);
	rests = mn_gpio_wait_rest(g, STOP_MS);
	mn_gpio_tell(g);
	return rests ? 0 : -ETIMEDOUT;
}

/* ---- start ---- */

/* Send the depth stop on its way, unless something has cut the drive since @seen. */
static bool send(struct mn_gpio *g, u32 epoch, u32 target, u32 *seen)
{
	unsigned long flags;
	bool sent;

	raw_spin_lock_irqsave(&g->lock, flags);
	reinit_completion(&g->moved);
	sent = mn_gpio_look(g, epoch, seen) && mn_gpio_may_run(g) &&
	       g->self_test == MN_SELF_TEST_PASSED && mn_stepper_go(&g->stepper, target);
	if (sent)
		mn_gpio_follow(g);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return sent;
}

static bool arrived(struct mn_gpio *g, u32 target)
{
	const struct mn_stepper *s = &g->stepper;
	unsigned long flags;
	bool there;

	raw_spin_lock_irqsave(&g->lock, flags);
	there = s->phase == MN_STEPPER_REST && s->homed && s->position == (s32)target;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return there;
}

static void toggle_watchdog(struct mn_gpio *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	g->watchdog_level = !g->watchdog_level;
	gpiod_set_value(g->watchdog, g->watchdog_level);
	raw_spin_unlock_irqrestore(&g->lock, flags);
}

static void set_speed(struct mn_gpio *g, u32 rate_mhz)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	g->duty = g->running ? mn_speed_change(&g->speed, rate_mhz) :
			       mn_speed_begin(&g->speed, g->board.motor_full_mhz, rate_mhz);
	raw_spin_unlock_irqrestore(&g->lock, flags);
}

static bool enable(struct mn_gpio *g, u32 epoch, u32 seen)
{
	unsigned long flags;
	bool enabled;

	raw_spin_lock_irqsave(&g->lock, flags);
	enabled = mn_gpio_enable(g, seen);
	if (enabled) {
		g->fresh |= !g->running;
		g->running = true;
		g->run_epoch = epoch;
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	return enabled;
}

/*
 * The depth stop goes first, and the motor gets power last. Whatever cuts the drive from the moment
 * in which the order was looked at calls it all off.
 */
static int mn_gpio_start(struct mn_device *mn, const struct mn_order *order)
{
	struct mn_gpio *g = mn_device_data(mn);
	u32 target = mn_stepper_steps(&g->board.stepper, order->depth.um), seen;
	int err = 0;

	if (!send(g, order->epoch, target, &seen)) {
		dev_notice(g->dev, "not ready to start: home, switches and lines must be right\n");
		return -EREMOTEIO;
	}
	/* Not home from here on, also where a shallow depth does not open the switch. */
	mn_gpio_tell(g);
	if (!wait_for_completion_timeout(&g->moved, msecs_to_jiffies(MOVE_MS)))
		err = -ETIMEDOUT;
	else if (!arrived(g, target))
		err = -ECANCELED;
	if (!err) {
		toggle_watchdog(g);
		set_speed(g, order->rate.mhz);
		err = mn_gpio_set_motor(g);
	}
	if (!err && !enable(g, order->epoch, seen))
		err = -ECANCELED;
	if (err) {
		mn_gpio_drop(g);
		mn_gpio_rest(g, false);
	}
	return err;
}

static int mn_gpio_lease(struct mn_device *mn, u32 epoch)
{
	toggle_watchdog(mn_device_data(mn));
	return 0;
}

/* ---- service ---- */

static int mn_gpio_self_test(struct mn_device *mn)
{
	struct mn_gpio *g = mn_device_data(mn);
	enum mn_stepper_news news;
	unsigned long flags;
	bool ready;

	raw_spin_lock_irqsave(&g->lock, flags);
	ready = g->stepper.phase == MN_STEPPER_REST && mn_gpio_stands(g, ktime_get_ns());
	if (ready) {
		mn_stepper_test(&g->stepper, mn_gpio_switches(g), &news);
		g->self_test = MN_SELF_TEST_BUSY;
		if (news == MN_STEPPER_FAILED) {
			g->self_test = MN_SELF_TEST_FAILED;
			g->untold = true;
			queue_work(system_highpri_wq, &g->motor_work);
		}
		mn_gpio_follow(g);
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	mn_gpio_tell(g);
	return ready ? 0 : -EAGAIN;
}

/* The one fault of its own is that it found no home: it looks for it once more. */
static int mn_gpio_clear(struct mn_device *mn, u64 faults)
{
	struct mn_gpio *g = mn_device_data(mn);
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (faults & g->faults & BIT_ULL(MN_FAULT_NOT_HOME)) {
		if (mn_gpio_switches(g).home)
			g->faults &= ~BIT_ULL(MN_FAULT_NOT_HOME);
		mn_stepper_seek(&g->stepper, mn_gpio_switches(g));
		mn_gpio_follow(g);
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	mn_gpio_tell(g);
	return 0;
}

const struct mn_transport_ops mn_gpio_ops = {
	.start = mn_gpio_start,
	.stop = mn_gpio_stop,
	.kill = mn_gpio_kill,
	.lease = mn_gpio_lease,
	.clear = mn_gpio_clear,
	.self_test = mn_gpio_self_test,
};
