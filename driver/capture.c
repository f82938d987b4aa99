// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waveforms for the service engineer: a file of its own for each capture, from which samples of
 * needle position and motor current are read. See &struct mn_capture in the uapi header.
 *
 * Nothing here has a part in what the needles do: neither the rules nor the state lock is touched,
 * and a reader that sleeps delays nobody.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kfifo.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "compat.h"
#include "core.h"

/* Samples that wait, and the fewest that a kfifo can hold. The first is told in the uapi header */
#define MN_CAPTURE_QUEUE	8192U	/* 0.4 s at 20 kHz */
#define MN_CAPTURE_QUEUE_MIN	2U

/**
 * struct mn_capture_file - One capture and the file that reads it.
 * @mn: Its device, referenced.
 * @fifo: Samples that wait. Written under the device's capture_lock, read under @read_lock.
 * @samples: How many were asked for. It is the last of them that ends the capture: those before it
 *	may be lost.
 * @ended: No sample will come any more.
 * @why: Then: 0 all came, or -errno.
 * @wait: Readers and pollers.
 * @read_lock: One reader at a time takes samples out. Nobody waits for samples while holding it.
 */
struct mn_capture_file {
	struct mn_device *mn;
	DECLARE_KFIFO_PTR(fifo, struct mn_sample);
	u32 samples;
	bool ended;
	int why;
	wait_queue_head_t wait;
	struct mutex read_lock;		/* one reader takes out */
};

/* Its last word; the device's capture_lock is held. The place is free for another from here on. */
static void end(struct mn_device *mn, int why)
{
	struct mn_capture_file *capture = mn->capture;

	mn->capture = NULL;
	capture->why = why;
	/* Who sees the end sees why, and every sample before it. */
	smp_store_release(&capture->ended, true);
	wake_up_interruptible_all(&capture->wait);
}

/**
 * mn_report_samples() - The handpiece sent a part of the waveform.
 * @mn: The device.
 * @samples: In the order in which they were taken.
 * @count: How many.
 *
 * Context: any.
 */
void mn_report_samples(struct mn_device *mn, const struct mn_sample *samples, unsigned int count)
{
	struct mn_capture_file *capture;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&mn->capture_lock, flags);
	capture = mn->capture;
	for (i = 0; capture && i < count && samples[i].number < capture->samples; i++)
		/* One that finds no room is lost, as the numbers will show. */
		kfifo_put(&capture->fifo, samples[i]);
	if (capture && count && samples[count - 1].number >= capture->samples - 1)
		end(mn, 0);
	else if (capture)
		wake_up_interruptible_poll(&capture->wait, EPOLLIN | EPOLLRDNORM);
	spin_unlock_irqrestore(&mn->capture_lock, flags);
}
EXPORT_SYMBOL_GPL(mn_report_samples);

/**
 * mn_report_capture_end() - The waveform that is under way, if there is one, will not be completed.
 * @mn: The device.
 * @why: -errno, what read() gives after the samples that came.
 *
 * Context: any.
 */
void mn_report_capture_end(struct mn_device *mn, int why)
{
	unsigned long flags;

	spin_lock_irqsave(&mn->capture_lock, flags);
	if (mn->capture)
		end(mn, why);
	spin_unlock_irqrestore(&mn->capture_lock, flags);
}
EXPORT_SYMBOL_GPL(mn_report_capture_end);

static bool has_ended(const struct mn_capture_file *capture)
{
	/* Pairs with the release in end(). */
	return smp_load_acquire(&capture->ended);
}

static bool readable(struct mn_capture_file *capture)
{
	return has_ended(capture) || !kfifo_is_empty(&capture->fifo);
}

static ssize_t capture_read(struct file *filp, char __user *buf, size_t size, loff_t *pos)
{
	struct mn_capture_file *capture = filp->private_data;
	unsigned int copied = 0;
	bool ended;
	int err;

	if (size < sizeof(struct mn_sample))
		return -EINVAL;
	do {
		if (!readable(capture)) {
			if (filp->f_flags & O_NONBLOCK)
				return -EAGAIN;
			err = wait_event_interruptible(capture->wait, readable(capture));
			if (err)
				return err;
		}
		if (mutex_lock_interruptible(&capture->read_lock))
			return -ERESTARTSYS;
		/* Before looking for the last: nothing comes after the end. */
		ended = has_ended(capture);
		err = kfifo_to_user(&capture->fifo, buf, size, &copied);
		mutex_unlock(&capture->read_lock);
		if (err)
			return err;
	} while (!copied && !ended);
	if (!copied)
		return capture->why;
	return copied;
}

static __poll_t capture_poll(struct file *filp, poll_table *table)
{
	struct mn_capture_file *capture = filp->private_data;

	poll_wait(filp, &capture->wait, table);
	return readable(capture) ? EPOLLIN | EPOLLRDNORM : 0;
}

static bool holds_place(struct mn_device *mn, const struct mn_capture_file *capture)
{
	bool holds;

	spin_lock_irq(&mn->capture_lock);
	holds = mn->capture == capture;
	spin_unlock_irq(&mn->capture_lock);
	return holds;
}

static void leave_place(struct mn_device *mn, const struct mn_capture_file *capture)
{
	spin_lock_irq(&mn->capture_lock);
	if (mn->capture == capture)
		mn->capture = NULL;
	spin_unlock_irq(&mn->capture_lock);
}

static void free_capture(struct mn_capture_file *capture)
{
	mn_device_put(capture->mn);
	kfifo_free(&capture->fifo);
	kfree(capture);
}

static int capture_release(struct inode *inode, struct file *filp)
{
	struct mn_capture_file *capture = filp->private_data;
	struct mn_device *mn = capture->mn;

	/*
	 * The place is left when the handpiece has ended it: the next does not meet its samples. It
	 * may have come to its end, and the place to another, while others talked.
	 */
	if (holds_place(mn, capture) && !mn_begin_talk(mn)) {
		if (holds_place(mn, capture))
			mn->ops->capture(mn, 0, 0);
		leave_place(mn, capture);
		mn_end_talk(mn);
	}
	leave_place(mn, capture);
	free_capture(capture);
	return 0;
}

static const struct file_operations capture_fops = {
	.owner = THIS_MODULE,
	.release = capture_release,
	.read = capture_read,
	.poll = capture_poll,
};

/* Take the place if it is free, and have the handpiece begin. */
static int begin(struct mn_capture_file *capture, u32 rate_hz)
{
	struct mn_device *mn = capture->mn;
	int err = mn_begin_talk(mn);

	if (err)
		return err;
	spin_lock_irq(&mn->capture_lock);
	if (mn->capture)
		err = -EBUSY;
	else
		mn->capture = capture;
	spin_unlock_irq(&mn->capture_lock);
	if (!err) {
		err = mn->ops->capture(mn, rate_hz, capture->samples);
		/* After another error it may be under way: it is ended when the file is closed. */
		if (err == -EREMOTEIO)
			leave_place(mn, capture);
	}
	mn_end_talk(mn);
	return err;
}

static struct mn_capture_file *new_capture(struct mn_device *mn, u32 samples)
{
	struct mn_capture_file *capture = kzalloc(sizeof(*capture), GFP_KERNEL_ACCOUNT);

	if (!capture)
		return NULL;
	if (kfifo_alloc(&capture->fifo, clamp(samples, MN_CAPTURE_QUEUE_MIN, MN_CAPTURE_QUEUE),
			GFP_KERNEL_ACCOUNT)) {
		kfree(capture);
		return NULL;
	}
	init_waitqueue_head(&capture->wait);
	mutex_init(&capture->read_lock);
	capture->samples = samples;
	get_device(&mn->dev);
	capture->mn = mn;
	return capture;
}

/**
 * mn_capture() - See &struct mn_capture.
 * @mn: The device.
 * @request: From user space.
 *
 * Return: the file to read from, or an ERR_PTR.
 */
struct file *mn_capture(struct mn_device *mn, const struct mn_capture *request)
{
	const u32 max_hz = mn->safety.caps.capture_max_hz;
	struct mn_capture_file *capture;
	struct file *file;
	int err;

	if (request->flags || request->fd)
		return ERR_PTR(-EINVAL);
	if (!max_hz)
		return ERR_PTR(-EOPNOTSUPP);
	if (!request->rate_hz || request->rate_hz > max_hz || !request->samples ||
	    request->samples > MN_CAPTURE_SAMPLES_MAX)
		return ERR_PTR(-EINVAL);
	capture = new_capture(mn, request->samples);
	if (!capture)
		return ERR_PTR(-ENOMEM);
	file = anon_inode_getfile("microneedle-capture", &capture_fops, capture,
				  O_RDONLY | O_CLOEXEC);
	if (IS_ERR(file)) {
		free_capture(capture);
		return file;
	}
	err = begin(capture, request->rate_hz);
	if (err) {
		fput(file);
		return ERR_PTR(err);
	}
	return file;
}
EXPORT_SYMBOL_MN_KUNIT(mn_capture);
