// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/microneedleN: file operations, roles, and each open file's queues of records.
 *
 * The interface is described in include/uapi/linux/microneedle.h.
 */
#include <linux/cdev.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core.h"

/* Powers of two. Strokes: 1.7 s at the highest rate. */
#define MN_URGENT_RECORDS	64
#define MN_STROKE_RECORDS	256
#define MN_READ_BATCH		16

struct mn_queue {
	struct mn_record *records;
	unsigned int size;
	unsigned int head;	/* next to write; head - tail records wait */
	unsigned int tail;	/* next to read */
};

/**
 * struct mn_file - One open file.
 * @mn: Its device, referenced.
 * @listener: How records arrive.
 * @lock: Protects the queues, @seq, @lost and @gone. Inside the device's state_lock.
 * @urgent: Records that strokes cannot push out; read first.
 * @strokes: The others; the oldest give way.
 * @seq: Of the next record.
 * @lost: Records pushed out and not yet told by an OVERRUN record.
 * @gone: No record will come any more.
 * @wait: Readers and pollers.
 * @read_lock: One reader at a time takes records out. Nobody waits for records while holding it.
 */
struct mn_file {
	struct mn_device *mn;
	struct mn_listener listener;
	spinlock_t lock;		/* queues */
	struct mn_queue urgent;
	struct mn_queue strokes;
	u32 seq;
	u32 lost;
	bool gone;
	wait_queue_head_t wait;
	struct mutex read_lock;		/* one reader takes out */
};

static bool queue_empty(const struct mn_queue *queue)
{
	return queue->head == queue->tail;
}

static struct mn_record *queue_at(struct mn_queue *queue, unsigned int position)
{
	return &queue->records[position & (queue->size - 1)];
}

static void file_post(struct mn_listener *listener, const struct mn_record *record, bool urgent)
{
	struct mn_file *file = container_of(listener, struct mn_file, listener);
	struct mn_queue *queue = urgent ? &file->urgent : &file->strokes;
	unsigned long flags;

	spin_lock_irqsave(&file->lock, flags);
	if (queue->head - queue->tail == queue->size) {
		queue->tail++;
		file->lost++;
	}
	*queue_at(queue, queue->head) = *record;
	queue_at(queue, queue->head)->seq = file->seq++;
	queue->head++;
	spin_unlock_irqrestore(&file->lock, flags);
	wake_up_interruptible_poll(&file->wait, EPOLLIN | EPOLLRDNORM | (urgent ? EPOLLPRI : 0));
}

static void file_gone(struct mn_listener *listener)
{
	struct mn_file *file = container_of(listener, struct mn_file, listener);
	unsigned long flags;

	spin_lock_irqsave(&file->lock, flags);
	file->gone = true;
	spin_unlock_irqrestore(&file->lock, flags);
	wake_up_interruptible_all(&file->wait);
}

static bool file_readable(struct mn_file *file)
{
	bool readable;

	spin_lock_irq(&file->lock);
	readable = file->gone || file->lost || !queue_empty(&file->urgent) ||
		   !queue_empty(&file->strokes);
	spin_unlock_irq(&file->lock);
	return readable;
}

/* What lies in the queues next; file->lock is held. */
static bool peek(struct mn_file *file, struct mn_record *record, struct mn_queue **from)
{
	if (!queue_empty(&file->urgent)) {
		*from = &file->urgent;
	} else if (file->lost) {
		memset(record, 0, sizeof(*record));
		record->mono_ns = ktime_get_ns();
		record->seq = file->seq;
		record->type = MN_EVENT_OVERRUN;
		record->overrun.lost = file->lost;
		*from = NULL;
		return true;
	} else if (!queue_empty(&file->strokes)) {
		*from = &file->strokes;
	} else {
		return false;
	}
	*record = *queue_at(*from, (*from)->tail);
	return true;
}

static unsigned int take_out(struct mn_file *file, struct mn_record *records, unsigned int most)
{
	struct mn_queue *from;
	unsigned int count = 0;

	spin_lock_irq(&file->lock);
	while (count < most && peek(file, &records[count], &from)) {
		if (from) {
			from->tail++;
		} else {
			file->seq++;
			file->lost = 0;
		}
		count++;
	}
	spin_unlock_irq(&file->lock);
	return count;
}

static ssize_t read_some(struct mn_file *file, char __user *buf, size_t room)
{
	struct mn_record records[MN_READ_BATCH];
	unsigned int count;
	ssize_t done = 0;

	while (room) {
		count = take_out(file, records, min_t(size_t, room, MN_READ_BATCH));
		if (!count)
			break;
		if (copy_to_user(buf + done, records, count * sizeof(records[0]))) {
			/* They are lost, and the reader will be told. */
			spin_lock_irq(&file->lock);
			file->lost += count;
			spin_unlock_irq(&file->lock);
			return done ?: -EFAULT;
		}
		done += count * sizeof(records[0]);
		room -= count;
	}
	return done;
}

static ssize_t mn_read(struct file *filp, char __user *buf, size_t size, loff_t *pos)
{
	struct mn_file *file = filp->private_data;
	size_t room = size / sizeof(struct mn_record);
	ssize_t done;
	bool gone;
	int err;

	if (!room)
		return -EINVAL;
	do {
		if (!file_readable(file)) {
			if (filp->f_flags & O_NONBLOCK)
				return -EAGAIN;
			err = wait_event_interruptible(file->wait, file_readable(file));
			if (err)
				return err;
		}
		if (mutex_lock_interruptible(&file->read_lock))
			return -ERESTARTSYS;
		gone = READ_ONCE(file->gone);
		done = read_some(file, buf, room);
		mutex_unlock(&file->read_lock);
	} while (!done && !gone);
	return done ?: -ENODEV;
}

static __poll_t mn_poll(struct file *filp, poll_table *table)
{
	struct mn_file *file = filp->private_data;
	__poll_t mask = 0;

	poll_wait(filp, &file->wait, table);
	if (file_readable(file))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(file->gone))
		return mask | EPOLLHUP | EPOLLERR;
	if (mn_is_faulty(file->mn))
		mask |= EPOLLPRI;
	return mask;
}

/* Call @request with a struct of the size that the caller knows, whatever ours is. */
#define TAKE(dst, cmd, arg)								\
	copy_struct_from_user(&(dst), sizeof(dst), (const void __user *)(arg), _IOC_SIZE(cmd))

/* Give back as much of a struct as the caller knows; what we do not know reads as zero. */
static int give(const void *src, size_t ours, unsigned int cmd, unsigned long arg)
{
	void __user *to = (void __user *)arg;
	size_t theirs = _IOC_SIZE(cmd);

	if (copy_to_user(to, src, min(ours, theirs)))
		return -EFAULT;
	if (theirs > ours && clear_user(to + ours, theirs - ours))
		return -EFAULT;
	return 0;
}

static long ask(struct mn_file *file, unsigned int cmd, unsigned long arg)
{
	union {
		struct mn_info info;
		struct mn_status status;
		struct mn_limits limits;
	} answer;
	size_t size;
	int err;

	switch (_IOC_NR(cmd)) {
	case _IOC_NR(MN_IOC_GET_INFO):
		size = sizeof(answer.info);
		err = mn_get_info(file->mn, &answer.info);
		break;
	case _IOC_NR(MN_IOC_GET_STATUS):
		size = sizeof(answer.status);
		err = mn_get_status(file->mn, file, &answer.status);
		break;
	default:
		size = sizeof(answer.limits);
		err = mn_get_limits(file->mn, &answer.limits);
		break;
	}
	return err ?: give(&answer, size, cmd, arg);
}

/* A set point goes in, and what was granted or why not comes out, with the error too. */
static long set(struct mn_file *file, unsigned int cmd, unsigned long arg,
		int (*request)(struct mn_device *mn, const void *who, struct mn_set_point *point))
{
	struct mn_set_point point;
	int err, fault;

	err = TAKE(point, cmd, arg);
	if (err)
		return err;
	err = request(file->mn, file, &point);
	fault = give(&point, sizeof(point), cmd, arg);
	return err ?: fault;
}

static long clear_fault(struct mn_file *file, unsigned int cmd, unsigned long arg)
{
	struct mn_clear_fault request;
	int err, fault;

	err = TAKE(request, cmd, arg);
	if (err)
		return err;
	err = mn_clear_fault(file->mn, file, &request);
	fault = give(&request, sizeof(request), cmd, arg);
	return err ?: fault;
}

static long declare_cartridge(struct mn_file *file, unsigned int cmd, unsigned long arg)
{
	struct mn_declare_cartridge request;
	int err;

	err = TAKE(request, cmd, arg);
	if (err)
		return err;
	err = mn_declare_cartridge(file->mn, file, &request);
	return err ?: give(&request, sizeof(request), cmd, arg);
}

/* The file that gives the samples is there for nobody before the caller has its number. */
static long capture(struct mn_file *file, unsigned int cmd, unsigned long arg)
{
	struct mn_capture request;
	struct file *samples;
	int err, fd;

	if (_IOC_SIZE(cmd) < offsetofend(struct mn_capture, fd))
		return -EINVAL;
	err = TAKE(request, cmd, arg);
	if (err)
		return err;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	samples = mn_capture(file->mn, &request);
	err = PTR_ERR_OR_ZERO(samples);
	if (!err) {
		request.fd = fd;
		err = give(&request, sizeof(request), cmd, arg);
		if (err)
			fput(samples);
	}
	if (err) {
		put_unused_fd(fd);
		return err;
	}
	fd_install(fd, samples);
	return 0;
}

static long control(struct mn_file *file, unsigned int cmd, unsigned long arg)
{
	union {
		struct mn_acquire acquire;
		struct mn_set_limits limits;
	} request;
	int err;

	switch (_IOC_NR(cmd)) {
	case _IOC_NR(MN_IOC_ACQUIRE):
		err = TAKE(request.acquire, cmd, arg);
		return err ?: mn_acquire(file->mn, file, &request.acquire);
	case _IOC_NR(MN_IOC_RELEASE):
		return mn_release(file->mn, file);
	case _IOC_NR(MN_IOC_SET_LIMITS):
		err = TAKE(request.limits, cmd, arg);
		return err ?: mn_set_limits(file->mn, file, &request.limits);
	case _IOC_NR(MN_IOC_DECLARE_CARTRIDGE):
		return declare_cartridge(file, cmd, arg);
	case _IOC_NR(MN_IOC_ARM):
		return set(file, cmd, arg, mn_arm);
	case _IOC_NR(MN_IOC_UPDATE):
		return set(file, cmd, arg, mn_update);
	case _IOC_NR(MN_IOC_START):
		return mn_start(file->mn, file);
	case _IOC_NR(MN_IOC_HEARTBEAT):
		return mn_heartbeat(file->mn, file);
	case _IOC_NR(MN_IOC_CLEAR_FAULT):
		return clear_fault(file, cmd, arg);
	case _IOC_NR(MN_IOC_SELF_TEST):
		return mn_self_test(file->mn, file);
	case _IOC_NR(MN_IOC_CAPTURE):
		return capture(file, cmd, arg);
	default:
		return -ENOTTY;
	}
}

/*
 * The commands as they are known here, by number: direction must agree, size may be another
 * version's.
 */
static const unsigned int mn_commands[] = {
	[_IOC_NR(MN_IOC_GET_INFO)] = MN_IOC_GET_INFO,
	[_IOC_NR(MN_IOC_GET_STATUS)] = MN_IOC_GET_STATUS,
	[_IOC_NR(MN_IOC_GET_LIMITS)] = MN_IOC_GET_LIMITS,
	[_IOC_NR(MN_IOC_STOP)] = MN_IOC_STOP,
	[_IOC_NR(MN_IOC_CAPTURE)] = MN_IOC_CAPTURE,
	[_IOC_NR(MN_IOC_ACQUIRE)] = MN_IOC_ACQUIRE,
	[_IOC_NR(MN_IOC_RELEASE)] = MN_IOC_RELEASE,
	[_IOC_NR(MN_IOC_SET_LIMITS)] = MN_IOC_SET_LIMITS,
	[_IOC_NR(MN_IOC_ARM)] = MN_IOC_ARM,
	[_IOC_NR(MN_IOC_UPDATE)] = MN_IOC_UPDATE,
	[_IOC_NR(MN_IOC_START)] = MN_IOC_START,
	[_IOC_NR(MN_IOC_HEARTBEAT)] = MN_IOC_HEARTBEAT,
	[_IOC_NR(MN_IOC_CLEAR_FAULT)] = MN_IOC_CLEAR_FAULT,
	[_IOC_NR(MN_IOC_SELF_TEST)] = MN_IOC_SELF_TEST,
	[_IOC_NR(MN_IOC_DECLARE_CARTRIDGE)] = MN_IOC_DECLARE_CARTRIDGE,
};

static bool known(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	return nr < ARRAY_SIZE(mn_commands) && mn_commands[nr] &&
	       _IOC_TYPE(cmd) == MN_IOC_TYPE && _IOC_DIR(cmd) == _IOC_DIR(mn_commands[nr]) &&
	       !_IOC_SIZE(cmd) == !_IOC_SIZE(mn_commands[nr]);
}

static long mn_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	struct mn_file *file = filp->private_data;

	if (!known(cmd))
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(MN_IOC_STOP):
		return mn_stop(file->mn);
	case _IOC_NR(MN_IOC_GET_INFO):
	case _IOC_NR(MN_IOC_GET_STATUS):
	case _IOC_NR(MN_IOC_GET_LIMITS):
		return ask(file, cmd, arg);
	default:
		if (!(filp->f_mode & FMODE_WRITE))
			return -EACCES;
		return control(file, cmd, arg);
	}
}

static void free_file(struct mn_file *file)
{
	kfree(file->urgent.records);
	kfree(file->strokes.records);
	kfree(file);
}

static int queue_init(struct mn_queue *queue, unsigned int size)
{
	queue->size = size;
	queue->records = kcalloc(size, sizeof(*queue->records), GFP_KERNEL);
	return queue->records ? 0 : -ENOMEM;
}

static int mn_open(struct inode *inode, struct file *filp)
{
	struct mn_device *mn = container_of(inode->i_cdev, struct mn_device, cdev);
	struct mn_file *file;
	int err;

	file = kzalloc(sizeof(*file), GFP_KERNEL);
	if (!file)
		return -ENOMEM;
	spin_lock_init(&file->lock);
	init_waitqueue_head(&file->wait);
	mutex_init(&file->read_lock);
	file->listener.post = file_post;
	file->listener.gone = file_gone;
	err = queue_init(&file->urgent, MN_URGENT_RECORDS) ?:
	      queue_init(&file->strokes, MN_STROKE_RECORDS);
	if (err) {
		free_file(file);
		return err;
	}
	file->mn = mn;
	err = mn_listen(mn, &file->listener);
	if (err) {
		free_file(file);
		return err;
	}
	get_device(&mn->dev);
	filp->private_data = file;
	return stream_open(inode, filp);
}

static int mn_release_file(struct inode *inode, struct file *filp)
{
	struct mn_file *file = filp->private_data;
	struct mn_device *mn = file->mn;

	mn_close(mn, file);
	mn_unlisten(mn, &file->listener);
	free_file(file);
	put_device(&mn->dev);
	return 0;
}

const struct file_operations mn_fops = {
	.owner = THIS_MODULE,
	.open = mn_open,
	.release = mn_release_file,
	.read = mn_read,
	.poll = mn_poll,
	.unlocked_ioctl = mn_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
