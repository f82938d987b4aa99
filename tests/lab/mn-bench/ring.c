// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happened on the board, in the order in which it did, for each open file; and the device
 * node.
 */

#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "bench.h"

static void put(struct bench_reader *reader, u64 ns, u32 what, u32 value)
{
	struct mn_bench_event event = { .ns = ns, .what = what, .value = value };
	struct mn_bench_event lost = { .ns = ns, .what = MN_BENCH_LOST, .value = reader->lost };

	/* The gap is told in its place, so there must be room for both. */
	if (kfifo_avail(&reader->ring) < (reader->lost ? 2 : 1)) {
		reader->lost++;
		return;
	}
	if (reader->lost) {
		kfifo_put(&reader->ring, lost);
		reader->lost = 0;
	}
	kfifo_put(&reader->ring, event);
}

/* Whether who waits on this file is to be woken for it */
static bool wakes(struct bench_reader *reader, u32 what)
{
	if (!reader->quiet || what != (MN_BENCH_OUTPUT | reader->quiet_line))
		return true;
	reader->quiet--;
	return false;
}

void bench_record(struct bench *bench, u32 what, u32 value)
{
	struct bench_reader *reader;
	u64 now = ktime_get_ns();

	lockdep_assert_held(&bench->lock);
	list_for_each_entry(reader, &bench->readers, node) {
		put(reader, now, what, value);
		if (!wakes(reader, what))
			continue;
		reader->wanted = true;
		bench->wanted = true;
	}
}

void bench_wake(struct bench *bench)
{
	if (xchg(&bench->wanted, false))
		wake_up_interruptible(&bench->wait);
}

/* How everything stands, so that a reader needs not have been there from the start */
static void put_present(struct bench *bench, struct bench_reader *reader)
{
	u64 now = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < MN_BENCH_LINES; i++) {
		if (bench->outputs & BIT(i))
			put(reader, now, MN_BENCH_STANDS | MN_BENCH_OUTPUT | i,
			    !!(bench->out & BIT(i)));
		put(reader, now, MN_BENCH_STANDS | MN_BENCH_INPUT | i, !!(bench->in & BIT(i)));
	}
	for (i = 0; i < MN_BENCH_PWMS; i++) {
		const struct bench_pwm *pwm = &bench->pwm[i];

		put(reader, now, MN_BENCH_STANDS | MN_BENCH_PWM_PERIOD | i, pwm->period);
		put(reader, now, MN_BENCH_STANDS | MN_BENCH_PWM_DUTY | i, pwm->duty);
		put(reader, now, MN_BENCH_STANDS | MN_BENCH_PWM_STATE | i, pwm->state);
	}
}

static int bench_open(struct inode *inode, struct file *file)
{
	struct bench *bench = container_of(file->private_data, struct bench, misc);
	struct bench_reader *reader;
	unsigned long flags;
	int err;

	reader = kzalloc(sizeof(*reader), GFP_KERNEL);
	if (!reader)
		return -ENOMEM;
	reader->buffer = vzalloc(array_size(MN_BENCH_RING, sizeof(struct mn_bench_event)));
	if (!reader->buffer) {
		kfree(reader);
		return -ENOMEM;
	}
	err = kfifo_init(&reader->ring, reader->buffer,
			 MN_BENCH_RING * sizeof(struct mn_bench_event));
	if (err) {
		vfree(reader->buffer);
		kfree(reader);
		return err;
	}
	reader->bench = bench;
	mutex_init(&reader->read_lock);
	file->private_data = reader;

	raw_spin_lock_irqsave(&bench->lock, flags);
	put_present(bench, reader);
	reader->wanted = true;
	list_add_tail(&reader->node, &bench->readers);
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	return stream_open(inode, file);
}

static int bench_release(struct inode *inode, struct file *file)
{
	struct bench_reader *reader = file->private_data;
	struct bench *bench = reader->bench;
	unsigned long flags;

	bench_take_back(bench, reader);
	raw_spin_lock_irqsave(&bench->lock, flags);
	list_del(&reader->node);
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	mutex_destroy(&reader->read_lock);
	vfree(reader->buffer);
	kfree(reader);
	return 0;
}

/* Nothing came after what was lost, so that no entry has told it yet */
static void tell_lost(struct bench_reader *reader)
{
	struct bench *bench = reader->bench;
	struct mn_bench_event lost = { .what = MN_BENCH_LOST };
	unsigned long flags;

	raw_spin_lock_irqsave(&bench->lock, flags);
	if (reader->lost && kfifo_is_empty(&reader->ring)) {
		lost.ns = ktime_get_ns();
		lost.value = reader->lost;
		kfifo_put(&reader->ring, lost);
		reader->lost = 0;
	}
	raw_spin_unlock_irqrestore(&bench->lock, flags);
}

static bool holds(struct bench_reader *reader)
{
	return !kfifo_is_empty(&reader->ring) || READ_ONCE(reader->lost);
}

static bool readable(struct bench_reader *reader)
{
	return READ_ONCE(reader->wanted) && holds(reader);
}

/* All was read: what comes from here on is to be judged anew. */
static void wants_no_more(struct bench_reader *reader)
{
	struct bench *bench = reader->bench;
	unsigned long flags;

	raw_spin_lock_irqsave(&bench->lock, flags);
	if (!holds(reader))
		reader->wanted = false;
	raw_spin_unlock_irqrestore(&bench->lock, flags);
}

static int be_quiet(struct bench_reader *reader, const struct mn_bench_event *event)
{
	struct bench *bench = reader->bench;
	unsigned long flags;

	if ((event->what & MN_BENCH_INDEX) >= MN_BENCH_LINES)
		return -EINVAL;
	raw_spin_lock_irqsave(&bench->lock, flags);
	reader->quiet_line = event->what & MN_BENCH_INDEX;
	reader->quiet = event->value;
	/* How many are still quiet was worked out without these. */
	reader->wanted |= holds(reader);
	bench->wanted |= reader->wanted;
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	bench_wake(bench);
	return 0;
}

static ssize_t bench_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	struct bench_reader *reader = file->private_data;
	unsigned int copied;
	int err;

	if (size < sizeof(struct mn_bench_event))
		return -EINVAL;
	do {
		if (!holds(reader)) {
			if (file->f_flags & O_NONBLOCK)
				return -EAGAIN;
			err = wait_event_interruptible(reader->bench->wait, readable(reader));
			if (err)
				return err;
		}
		if (mutex_lock_interruptible(&reader->read_lock))
			return -ERESTARTSYS;
		tell_lost(reader);
		err = kfifo_to_user(&reader->ring, buffer, size, &copied);
		wants_no_more(reader);
		mutex_unlock(&reader->read_lock);
		if (err)
			return err;
		/* Another thread of the same file may have been faster. */
	} while (!copied);
	return copied;
}

static ssize_t bench_write(struct file *file, const char __user *buffer, size_t size,
			   loff_t *offset)
{
	struct bench_reader *reader = file->private_data;
	struct mn_bench_event event;
	size_t done;
	int err;

	if (!size || size % sizeof(event))
		return -EINVAL;
	for (done = 0; done < size; done += sizeof(event)) {
		if (copy_from_user(&event, buffer + done, sizeof(event)))
			err = -EFAULT;
		else if ((event.what & ~MN_BENCH_INDEX) == MN_BENCH_QUIET)
			err = be_quiet(reader, &event);
		else
			err = bench_stimulus(reader->bench, &event, reader);
		if (err)
			return done ? done : err;
	}
	return done;
}

static __poll_t bench_poll(struct file *file, poll_table *wait)
{
	struct bench_reader *reader = file->private_data;

	poll_wait(file, &reader->bench->wait, wait);
	return EPOLLOUT | EPOLLWRNORM | (readable(reader) ? EPOLLIN | EPOLLRDNORM : 0);
}

static const struct file_operations bench_fops = {
	.owner = THIS_MODULE,
	.open = bench_open,
	.release = bench_release,
	.read = bench_read,
	.write = bench_write,
	.poll = bench_poll,
};

static void remove_node(void *data)
{
	struct bench *bench = data;

	misc_deregister(&bench->misc);
}

int bench_add_node(struct bench *bench)
{
	int err;

	bench->misc.minor = MISC_DYNAMIC_MINOR;
	bench->misc.name = MN_BENCH_NODE;
	bench->misc.fops = &bench_fops;
	bench->misc.parent = bench->dev;
	bench->misc.mode = 0600;
	err = misc_register(&bench->misc);
	if (err)
		return dev_err_probe(bench->dev, err, "no node: is there a second bench?\n");
	return devm_add_action_or_reset(bench->dev, remove_node, bench);
}
