// SPDX-License-Identifier: GPL-2.0-only
/* Levels that the world puts on the board's inputs, each at its time. */

#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/irqdomain.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "../../../driver/compat.h"
#include "bench.h"

struct stimulus {
	struct timerqueue_node node;
	const void *by;
	u32 line;
	u32 value;
};

static struct stimulus *first(struct bench *bench)
{
	struct timerqueue_node *node = timerqueue_getnext(&bench->stimuli);

	return node ? container_of(node, struct stimulus, node) : NULL;
}

static void take(struct bench *bench, struct stimulus *stimulus)
{
	timerqueue_del(&bench->stimuli, &stimulus->node);
	bench->waiting--;
}

/* The timer is only ever started, here: also by its own function */
static void arm(struct bench *bench)
{
	struct stimulus *next = first(bench);

	if (bench->latched & bench->unmasked)
		hrtimer_start(&bench->timer, 0, HRTIMER_MODE_ABS_HARD);
	else if (next)
		hrtimer_start(&bench->timer, next->node.expires, HRTIMER_MODE_ABS_HARD);
}

void bench_kick(struct bench *bench)
{
	lockdep_assert_held(&bench->lock);
	arm(bench);
}

/* Does one thing that is due: the line whose interrupt it asks for, -1 none, -ENOENT nothing due */
static int one_due(struct bench *bench, struct stimulus **done)
{
	struct stimulus *stimulus = first(bench);
	u32 again = bench->latched & bench->unmasked;
	u32 bit, edge;

	*done = NULL;
	if (again) {
		bench->latched &= ~BIT(__ffs(again));
		return __ffs(again);
	}
	if (!stimulus || stimulus->node.expires > ktime_get())
		return -ENOENT;
	take(bench, stimulus);
	*done = stimulus;
	bit = BIT(stimulus->line);
	bench_record(bench, MN_BENCH_INPUT | stimulus->line, stimulus->value);
	if (!!(bench->in & bit) == stimulus->value)
		return -1;
	bench->in ^= bit;
	edge = stimulus->value ? bench->rising : bench->falling;
	if (!(edge & bit) || bench->outputs & bit)
		return -1;
	if (!(bench->unmasked & bit)) {
		bench->latched |= bit;
		return -1;
	}
	return stimulus->line;
}

static enum hrtimer_restart on_time(struct hrtimer *timer)
{
	struct bench *bench = container_of(timer, struct bench, timer);
	struct stimulus *done;
	unsigned long flags;
	int line;

	for (;;) {
		raw_spin_lock_irqsave(&bench->lock, flags);
		line = one_due(bench, &done);
		if (line == -ENOENT)
			arm(bench);
		raw_spin_unlock_irqrestore(&bench->lock, flags);
		if (line == -ENOENT)
			break;
		kfree(done);
		if (line >= 0)
			generic_handle_domain_irq(bench->gpio.irq.domain, line);
	}
	bench_wake(bench);
	return HRTIMER_NORESTART;
}

static void take_back(struct bench *bench, const void *by, u32 lines, ktime_t from)
{
	struct timerqueue_node *node, *next;
	unsigned long flags;

	raw_spin_lock_irqsave(&bench->lock, flags);
	for (node = timerqueue_getnext(&bench->stimuli); node; node = next) {
		struct stimulus *stimulus = container_of(node, struct stimulus, node);

		next = timerqueue_iterate_next(node);
		if (stimulus->by != by || !(lines & BIT(stimulus->line)) || node->expires < from)
			continue;
		take(bench, stimulus);
		kfree(stimulus);
	}
	raw_spin_unlock_irqrestore(&bench->lock, flags);
}

void bench_take_back(struct bench *bench, const void *by)
{
	take_back(bench, by, U32_MAX, 0);
}

int bench_stimulus(struct bench *bench, const struct mn_bench_event *event, const void *by)
{
	struct stimulus *stimulus;
	unsigned long flags;
	int err = 0;

	if (event->what >= MN_BENCH_LINES || event->value > MN_BENCH_CANCEL ||
	    event->ns > KTIME_MAX)
		return -EINVAL;
	if (event->value == MN_BENCH_CANCEL) {
		take_back(bench, by, BIT(event->what), event->ns);
		return 0;
	}
	stimulus = kzalloc(sizeof(*stimulus), GFP_KERNEL);
	if (!stimulus)
		return -ENOMEM;
	timerqueue_init(&stimulus->node);
	stimulus->node.expires = event->ns;
	stimulus->line = event->what;
	stimulus->value = event->value;
	stimulus->by = by;

	raw_spin_lock_irqsave(&bench->lock, flags);
	if (bench->waiting == MN_BENCH_STIMULI) {
		err = -ENOSPC;
	} else {
		bench->waiting++;
		/* True: it is now the first. */
		if (timerqueue_add(&bench->stimuli, &stimulus->node))
			arm(bench);
	}
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	if (err)
		kfree(stimulus);
	return err;
}

static void stop(void *data)
{
	struct bench *bench = data;

	hrtimer_cancel(&bench->timer);
}

int bench_stimuli_init(struct bench *bench)
{
	timerqueue_init_head(&bench->stimuli);
	mn_hrtimer_setup(&bench->timer, on_time, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	return devm_add_action_or_reset(bench->dev, stop, bench);
}
