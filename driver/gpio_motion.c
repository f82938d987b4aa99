// SPDX-License-Identifier: GPL-2.0-only
/*
 * What moves in a GPIO handpiece: the depth stop, from a timer, and the needle motor.
 */
#include <linux/ktime.h>
#include <linux/math64.h>

#include "compat.h"
#include "gpio.h"

#define PULSE_LONGEST_MS	100	/* two periods of the lowest rate */

/* ---- the depth stop ---- */

/* Half of the shortest time between two steps */
static u64 step_high_ns(struct mn_gpio *g)
{
	return div_u64(NSEC_PER_SEC, 2 * g->board.stepper.speed);
}

/**
 * mn_gpio_follow() - Have the timer follow what the stepper is about.
 * @g: The handpiece, its lock held.
 *
 * The direction never changes while the step line is high: then the timer's next edge follows.
 */
void mn_gpio_follow(struct mn_gpio *g)
{
	struct mn_stepper *s = &g->stepper;

	lockdep_assert_held(&g->lock);
	if (g->step_high || s->phase == MN_STEPPER_REST)
		return;
	if (g->leg != s->legs) {
		g->leg = s->legs;
		g->leg_ns = ktime_get_ns();
		gpiod_set_value(g->dir, s->deeper);
	}
	hrtimer_start(&g->step_timer, ns_to_ktime(g->leg_ns + mn_stepper_next_ns(s)),
		      HRTIMER_MODE_ABS_HARD);
}

/* The count is void: nothing is started before a self-test has passed. g->lock is held. */
static void count_is_void(struct mn_gpio *g)
{
	if (g->self_test == MN_SELF_TEST_PASSED)
		g->self_test = MN_SELF_TEST_NEVER;
}

/* What came of a step, while g->lock is still held; true if the drive is to be cut. */
static bool note_news(struct mn_gpio *g, enum mn_stepper_news news)
{
	switch (news) {
	case MN_STEPPER_FOUND:
		g->faults &= ~BIT_ULL(MN_FAULT_NOT_HOME);
		return false;
	case MN_STEPPER_LOST:
		g->faults |= BIT_ULL(MN_FAULT_NOT_HOME);
		return false;
	case MN_STEPPER_PASSED:
		g->self_test = MN_SELF_TEST_PASSED;
		g->faults &= ~BIT_ULL(MN_FAULT_NOT_HOME);
		return false;
	case MN_STEPPER_FAILED:
		g->self_test = MN_SELF_TEST_FAILED;
		g->untold = true;
		queue_work(system_highpri_wq, &g->motor_work);
		return false;
	case MN_STEPPER_EARLY:
	case MN_STEPPER_LATE:
	case MN_STEPPER_STUCK:
	case MN_STEPPER_END:
		count_is_void(g);
		return true;
	default:
		return false;
	}
}

/* The same, for the core, with no lock held */
static void tell_news(struct mn_gpio *g, enum mn_stepper_news news, u32 depth_um)
{
	const struct mn_stepper_board *b = &g->board.stepper;

	switch (news) {
	case MN_STEPPER_NO_NEWS:
		return;
	case MN_STEPPER_EARLY:
	case MN_STEPPER_STUCK:
		mn_report_failure(g->mn, MN_FAULT_MEASUREMENT, MN_QUANTITY_DEPTH, (s32)depth_um);
		break;
	case MN_STEPPER_LATE:
		mn_report_failure(g->mn, MN_FAULT_NOT_HOME, (s32)(b->backlash * b->um_per_step), 0);
		break;
	case MN_STEPPER_END:
		mn_report_failure(g->mn, MN_FAULT_OVER_DEPTH, (s32)depth_um,
				  (s32)(b->limit * b->um_per_step));
		break;
	default:
		break;
	}
	mn_gpio_tell(g);
}

static enum hrtimer_restart on_step(struct hrtimer *timer)
{
	struct mn_gpio *g = container_of(timer, struct mn_gpio, step_timer);
	enum mn_stepper_news news = MN_STEPPER_NO_NEWS;
	u32 depth_um = 0;
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (g->step_high) {
		gpiod_set_value(g->step, 0);
		g->step_high = false;
		mn_gpio_follow(g);
	} else {
		depth_um = mn_stepper_depth_um(&g->stepper);
		if (mn_stepper_due(&g->stepper, mn_gpio_switches(g), &news)) {
			gpiod_set_value(g->step, 1);
			g->step_high = true;
			hrtimer_start(timer,
				      ktime_add_ns(hrtimer_get_expires(timer), step_high_ns(g)),
				      HRTIMER_MODE_ABS_HARD);
		} else {
			if (note_news(g, news))
				mn_gpio_drop(g);
			mn_gpio_follow(g);
			if (g->stepper.phase == MN_STEPPER_REST || news)
				complete(&g->moved);
		}
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);

	switch (news) {
	case MN_STEPPER_EARLY:
	case MN_STEPPER_LATE:
	case MN_STEPPER_STUCK:
	case MN_STEPPER_END:
		mn_gpio_rest(g, false);
		break;
	default:
		break;
	}
	tell_news(g, news, depth_um);
	return HRTIMER_NORESTART;	/* it was set anew where there is more to do */
}

/**
 * mn_gpio_at_end() - The depth-end switch was pressed, and the drive is cut: home, and tell.
 * @g: The handpiece.
 *
 * Context: any.
 */
void mn_gpio_at_end(struct mn_gpio *g)
{
	struct mn_stepper *s = &g->stepper;
	unsigned long flags;
	bool leaving;
	u32 depth_um;

	raw_spin_lock_irqsave(&g->lock, flags);
	/* A switch that bounces as it is let go of, on the way home */
	leaving = !g->running && s->phase != MN_STEPPER_REST && !s->deeper;
	if (leaving) {
		raw_spin_unlock_irqrestore(&g->lock, flags);
		return;
	}
	depth_um = mn_stepper_depth_um(s);
	mn_stepper_end(s);
	if (g->self_test == MN_SELF_TEST_BUSY)
		g->self_test = MN_SELF_TEST_NEVER;
	count_is_void(g);
	mn_gpio_follow(g);
	complete(&g->moved);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	mn_gpio_rest(g, false);
	tell_news(g, MN_STEPPER_END, depth_um);
}

/**
 * mn_gpio_at_home() - The home switch closed. While the motor runs that can't be.
 * @g: The handpiece.
 *
 * Context: any.
 */
void mn_gpio_at_home(struct mn_gpio *g)
{
	const struct mn_stepper_board *b = &g->board.stepper;
	unsigned long flags;
	bool wrong;
	u32 depth_um;

	raw_spin_lock_irqsave(&g->lock, flags);
	wrong = g->running && g->stepper.position > (s32)(b->backlash + b->release);
	if (wrong) {
		mn_gpio_drop(g);
		count_is_void(g);
	}
	depth_um = mn_stepper_depth_um(&g->stepper);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	if (wrong) {
		mn_gpio_rest(g, false);
		tell_news(g, MN_STEPPER_STUCK, depth_um);
	}
}

/* ---- the needle motor ---- */

/**
 * mn_gpio_set_motor() - Set the PWM to what it is to be set to.
 * @g: The handpiece.
 *
 * Context: may sleep.
 * Return: 0 or -errno.
 */
int mn_gpio_set_motor(struct mn_gpio *g)
{
	struct pwm_state state;
	unsigned long flags;
	u32 duty;
	int err;

	mutex_lock(&g->pwm_lock);
	raw_spin_lock_irqsave(&g->lock, flags);
	duty = g->duty;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	pwm_init_state(g->pwm, &state);
	err = pwm_set_relative_duty_cycle(&state, duty, MN_DUTY_FULL);
	state.enabled = duty;
	if (!err)
		err = mn_pwm_apply(g->pwm, &state);
	mutex_unlock(&g->pwm_lock);
	return err;
}

static void on_motor_work(struct work_struct *work)
{
	struct mn_gpio *g = container_of(work, struct mn_gpio, motor_work);
	const char *why = NULL;
	unsigned long flags;
	int err;

	err = mn_gpio_set_motor(g);
	if (err) {
		mn_gpio_drop(g);
		mn_gpio_rest(g, false);
		mn_report_failure(g->mn, MN_FAULT_TRANSPORT, err, 0);
	}
	raw_spin_lock_irqsave(&g->lock, flags);
	if (g->untold)
		why = g->stepper.why;
	g->untold = false;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	if (why)
		dev_warn(g->dev, "self-test failed: %s\n", why);
}

/**
 * mn_gpio_stroke() - The stroke sensor pulsed.
 * @g: The handpiece.
 * @now: When.
 *
 * Context: any.
 */
void mn_gpio_stroke(struct mn_gpio *g, u64 now)
{
	struct mn_stroke stroke = { .current_ma = MN_NOT_MEASURED };
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	stroke.number = ++g->strokes;
	stroke.epoch = g->run_epoch;
	stroke.depth_um = mn_stepper_depth_um(&g->stepper);
	if (!g->fresh)
		stroke.period_us = (u32)clamp_t(u64, div_u64(now - g->pulse_ns, NSEC_PER_USEC), 1,
						MN_NOT_MEASURED - 1);
	g->fresh = false;
	g->pulse_ns = now;
	if (g->running && stroke.period_us) {
		g->duty = mn_speed_stroke(&g->speed, stroke.period_us);
		queue_work(system_highpri_wq, &g->motor_work);
	}
	raw_spin_unlock_irqrestore(&g->lock, flags);
	mn_report_strokes(g->mn, &stroke, 1);
}

/**
 * mn_gpio_stands() - Does the needle motor stand?
 * @g: The handpiece, its lock held.
 * @now: CLOCK_MONOTONIC nanoseconds.
 *
 * It does when the time that it takes to run down is over. If it made a stroke after that, nothing
 * is known of it but its strokes.
 *
 * Return: true if so.
 */
bool mn_gpio_stands(struct mn_gpio *g, u64 now)
{
	const u64 down_ns = g->cut_ns + (u64)g->board.run_down_ms * NSEC_PER_MSEC;

	return !g->running && now >= down_ns &&
	       (g->pulse_ns <= down_ns || now >= g->pulse_ns + PULSE_LONGEST_MS * NSEC_PER_MSEC);
}

/**
 * mn_gpio_rest() - The drive was cut: motor off, depth stop home.
 * @g: The handpiece.
 * @all: Break off a self-test as well.
 *
 * Context: any.
 */
void mn_gpio_rest(struct mn_gpio *g, bool all)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	if (g->running) {
		g->running = false;
		g->cut_ns = ktime_get_ns();
		mn_gpio_tell_soon(g);
	}
	if (g->duty) {
		g->duty = 0;
		queue_work(system_highpri_wq, &g->motor_work);
	}
	if (all && g->self_test == MN_SELF_TEST_BUSY)
		g->self_test = MN_SELF_TEST_NEVER;
	if (all || g->self_test != MN_SELF_TEST_BUSY)
		mn_stepper_home(&g->stepper, mn_gpio_switches(g));
	mn_gpio_follow(g);
	complete(&g->moved);
	raw_spin_unlock_irqrestore(&g->lock, flags);
}

/**
 * mn_gpio_motion_init() - Begin with a motor that may have run, and a stop that may be anywhere.
 * @g: The handpiece.
 */
void mn_gpio_motion_init(struct mn_gpio *g)
{
	mn_stepper_init(&g->stepper, &g->board.stepper);
	init_completion(&g->moved);
	g->cut_ns = ktime_get_ns();
	g->fresh = true;
	mutex_init(&g->pwm_lock);
	INIT_WORK(&g->motor_work, on_motor_work);
	mn_hrtimer_setup(&g->step_timer, on_step, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
}

/**
 * mn_gpio_motion_end() - Nothing moves any more when this returns, wherever it is.
 * @g: The handpiece. Nobody asks anything of it any more.
 *
 * Context: may sleep.
 */
void mn_gpio_motion_end(struct mn_gpio *g)
{
	unsigned long flags;

	mn_gpio_drop(g);
	raw_spin_lock_irqsave(&g->lock, flags);
	if (g->running)
		g->cut_ns = ktime_get_ns();
	g->running = false;
	g->duty = 0;
	mn_stepper_forget(&g->stepper);
	if (g->self_test != MN_SELF_TEST_FAILED)
		g->self_test = MN_SELF_TEST_NEVER;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	/* What it is about is nothing: the timer is not set again. */
	hrtimer_cancel(&g->step_timer);
	raw_spin_lock_irqsave(&g->lock, flags);
	gpiod_set_value(g->step, 0);
	g->step_high = false;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	cancel_work_sync(&g->motor_work);
	mn_gpio_set_motor(g);
}
