/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of mn-bench.ko among themselves. */
#ifndef BENCH_H
#define BENCH_H

#include <linux/device.h>
#include <linux/gpio/driver.h>
#include <linux/hrtimer.h>
#include <linux/kfifo.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pwm.h>
#include <linux/spinlock.h>
#include <linux/timerqueue.h>
#include <linux/wait.h>

#include "mn_bench.h"

/**
 * struct bench_pwm - How one PWM stands.
 * @period: ns
 * @duty: ns
 * @state: MN_BENCH_PWM_ON, MN_BENCH_PWM_INVERSED
 */
struct bench_pwm {
	u32 period;
	u32 duty;
	u32 state;
};

/**
 * struct bench_reader - An open file.
 * @node: In bench.readers.
 * @bench: The board.
 * @read_lock: One read() at a time takes from @ring.
 * @ring: Filled under bench.lock.
 * @buffer: What @ring is made of.
 * @lost: Entries that found no room since the last one that did. Under bench.lock.
 * @quiet_line: The output whose edges wake nobody here, for as many as @quiet. Under bench.lock.
 * @quiet: See there.
 * @wanted: There is something that is worth waking for. Written under bench.lock.
 */
struct bench_reader {
	struct list_head node;
	struct bench *bench;
	struct mutex read_lock;		/* taking from @ring */
	DECLARE_KFIFO_PTR(ring, struct mn_bench_event);
	void *buffer;
	u32 lost;
	u32 quiet_line;
	u32 quiet;
	bool wanted;
};

/**
 * struct bench - The board.
 * @dev: Its place in the tree.
 * @gpio: Its lines.
 * @misc: Its node.
 * @panic: Says how its lines stand when the kernel gives up.
 * @panics: It has.
 * @lock: Protects all that follows but @wait. Taken in any context, with an interrupt's descriptor
 *	locked too; no interrupt is raised and nobody is woken while it is held.
 * @outputs: Lines that the board drives.
 * @out: The levels that it drives them to.
 * @in: The levels at the lines' other ends.
 * @rising: Lines whose interrupt asks for this edge. Likewise @falling.
 * @unmasked: Lines whose interrupt may be raised.
 * @latched: Lines that had their edge while masked, or whose interrupt is to be raised again.
 * @pwm: The PWMs.
 * @stimuli: Waiting, by time.
 * @waiting: How many.
 * @timer: At the first of them.
 * @readers: Open files.
 * @wanted: Something was recorded that one of them is to be woken for.
 * @wait: Their sleepers.
 */
struct bench {
	struct device *dev;
	struct gpio_chip gpio;
	struct miscdevice misc;
	struct notifier_block panic;
	bool panics;
	raw_spinlock_t lock;		/* see above */
	u32 outputs;
	u32 out;
	u32 in;
	u32 rising;
	u32 falling;
	u32 unmasked;
	u32 latched;
	struct bench_pwm pwm[MN_BENCH_PWMS];
	struct timerqueue_head stimuli;
	unsigned int waiting;
	struct hrtimer timer;
	struct list_head readers;
	bool wanted;
	wait_queue_head_t wait;
};

/* ring.c: with bench.lock held; bench_wake() after it was given back */
void bench_record(struct bench *bench, u32 what, u32 value);
void bench_wake(struct bench *bench);
int bench_add_node(struct bench *bench);

/* stimuli.c */
int bench_stimuli_init(struct bench *bench);
int bench_stimulus(struct bench *bench, const struct mn_bench_event *event, const void *by);
void bench_take_back(struct bench *bench, const void *by);
/* With bench.lock held: have @latched looked at from the timer */
void bench_kick(struct bench *bench);

/* lines.c */
int bench_add_lines(struct bench *bench);

/* pwm.c */
int bench_add_pwms(struct bench *bench);

#endif /* BENCH_H */
