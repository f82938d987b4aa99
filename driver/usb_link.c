// SPDX-License-Identifier: GPL-2.0-only
/*
 * The endpoints of a USB handpiece and what goes over them: kill, lease, and what it reports.
 *
 * The kill and the lease each have an endpoint, a buffer and an URB of their own, made ready at
 * probe, so that nothing has to be had and nothing has to be waited for when they are needed.
 */
#include <linux/bitmap.h>
#include <linux/slab.h>

#include "usb.h"

#define MN_RESUBMIT_MS		10
#define MN_KILL_TRIES		3
#define MN_DRIFT_PPM		200	/* two crystals, each at its worst */
#define MN_SAMPLE_BATCH		16	/* on the stack */

/**
 * mn_usb_bad_packet() - What it sent makes no sense: stop.
 * @usb: The handpiece.
 * @check: Which check it failed.
 * @type: MNP_TYPE_ of the packet.
 */
void mn_usb_bad_packet(struct mn_usb *usb, enum mnp_check check, u8 type)
{
	dev_warn_ratelimited(&usb->intf->dev, "packet of type %#x fails check %d\n", type, check);
	mn_report_failure(usb->mn, MN_FAULT_PROTOCOL, check, type);
}

/**
 * mn_usb_fill_header() - Begin a packet.
 * @header: Its header.
 * @type: MNP_TYPE_.
 * @size: Of the whole packet.
 */
void mn_usb_fill_header(struct mnp_header *header, u8 type, u16 size)
{
	header->type = type;
	header->version = MNP_VERSION;
	header->length = cpu_to_le16(size);
}

/* ---- the handpiece's clock ---- */

/*
 * The packet that was least under way shows best how far the clocks are apart. The estimate may
 * creep up again as fast as two crystals can drift, so that it follows them.
 */
static void clock_sample(struct mn_usb *usb, u64 now_us, u64 device_us)
{
	s64 sample = (s64)(now_us - device_us);
	unsigned long flags;
	s64 creep;

	spin_lock_irqsave(&usb->clock_lock, flags);
	creep = div_s64(((s64)now_us - usb->clock_at_us) * MN_DRIFT_PPM, USEC_PER_SEC);
	if (!usb->clock_valid || sample < usb->clock_us + creep)
		usb->clock_us = sample;
	else
		usb->clock_us += creep;
	usb->clock_at_us = (s64)now_us;
	usb->clock_valid = true;
	spin_unlock_irqrestore(&usb->clock_lock, flags);
}

static u32 clock_age_us(struct mn_usb *usb, u64 now_us, u64 device_us)
{
	unsigned long flags;
	s64 age;

	spin_lock_irqsave(&usb->clock_lock, flags);
	age = (s64)(now_us - device_us) - usb->clock_us;
	spin_unlock_irqrestore(&usb->clock_lock, flags);
	return (u32)clamp_t(s64, age, 0, U32_MAX);
}

/* Add the difference to the times of samples; false if nobody knows it yet. */
static bool clock_translate(struct mn_usb *usb, struct mn_sample *samples, unsigned int count)
{
	unsigned long flags;
	unsigned int i;
	s64 clock_us;
	bool valid;

	spin_lock_irqsave(&usb->clock_lock, flags);
	valid = usb->clock_valid;
	clock_us = usb->clock_us;
	spin_unlock_irqrestore(&usb->clock_lock, flags);
	for (i = 0; valid && i < count; i++)
		samples[i].mono_ns += (u64)clock_us * NSEC_PER_USEC;
	return valid;
}

static void clock_forget(struct mn_usb *usb)
{
	unsigned long flags;

	spin_lock_irqsave(&usb->clock_lock, flags);
	usb->clock_valid = false;
	spin_unlock_irqrestore(&usb->clock_lock, flags);
}

/*
 * Statuses come on two ways, and the longer way may bring an older one after a newer. What was then
 * is not so any more: true if @report is to be left alone.
 */
static bool out_of_date(struct mn_usb *usb, const struct mn_report *report, u32 number)
{
	bool old, restarted;
	unsigned long flags;

	spin_lock_irqsave(&usb->clock_lock, flags);
	/* A handpiece that restarted counts, and tells the time, from the beginning. */
	restarted = usb->boot_id != report->boot_id;
	if (restarted)
		usb->clock_valid = false;
	old = usb->clock_valid && usb->boot_id == report->boot_id &&
	      (s32)(number - usb->status_number) < 0;
	if (!old) {
		usb->status_number = number;
		usb->boot_id = report->boot_id;
	}
	spin_unlock_irqrestore(&usb->clock_lock, flags);
	if (restarted)
		mn_report_capture_end(usb->mn, -ECANCELED);
	return old;
}

static u64 now_us(void)
{
	return div_u64(ktime_get_ns(), NSEC_PER_USEC);
}

/* ---- what the handpiece sends ---- */

/**
 * mn_usb_take_report() - A status came, on its endpoint or as an answer: tell the core.
 * @usb: The handpiece.
 * @data: What came.
 * @size: How much.
 * @report: Out: what it says.
 *
 * Return: 0, also for one that is older than the last; -EPROTO it makes no sense.
 */
int mn_usb_take_report(struct mn_usb *usb, const void *data, size_t size, struct mn_report *report)
{
	enum mnp_check check;
	u64 time_us;
	u32 number;

	check = mnp_parse_status(data, size, report, &number, &time_us);
	if (check) {
		mn_usb_bad_packet(usb, check, MNP_TYPE_STATUS);
		return -EPROTO;
	}
	if (out_of_date(usb, report, number))
		return 0;
	clock_sample(usb, now_us(), time_us);
	mn_report_status(usb->mn, report);
	return 0;
}

static void take_status(struct mn_usb *usb, const void *data, size_t size)
{
	struct mn_report report;

	mn_usb_take_report(usb, data, size, &report);
}

static void take_strokes(struct mn_usb *usb, const void *data, size_t size)
{
	struct mn_stroke strokes[MNP_STROKES_MAX];
	u64 times_us[MNP_STROKES_MAX], time_us, now = now_us();
	unsigned int i, count;
	enum mnp_check check;

	check = mnp_parse_strokes(data, size, strokes, times_us, &count, &time_us);
	if (check) {
		mn_usb_bad_packet(usb, check, MNP_TYPE_STROKES);
		return;
	}
	clock_sample(usb, now, time_us);
	for (i = 0; i < count; i++)
		strokes[i].age_us = clock_age_us(usb, now, times_us[i]);
	mn_report_strokes(usb->mn, strokes, count);
}

static void take_waveform(struct mn_usb *usb, const void *data, size_t size)
{
	struct mn_sample samples[MN_SAMPLE_BATCH];
	struct mnp_block block;
	enum mnp_check check;
	unsigned int i, n;

	check = mnp_parse_waveform(data, size, &block);
	if (check) {
		mn_usb_bad_packet(usb, check, MNP_TYPE_WAVEFORM);
		return;
	}
	if (block.tag != READ_ONCE(usb->capture_tag))
		return;
	for (i = 0; i < block.count; i += n) {
		n = min_t(unsigned int, block.count - i, MN_SAMPLE_BATCH);
		mnp_take_samples(data, &block, i, n, samples);
		if (clock_translate(usb, samples, n))
			mn_report_samples(usb->mn, samples, n);
	}
}

static void take_bulk(struct mn_usb *usb, const void *data, size_t size)
{
	const struct mnp_header *header = data;

	if (size >= sizeof(*header) && header->type == MNP_TYPE_WAVEFORM)
		take_waveform(usb, data, size);
	else
		take_strokes(usb, data, size);
}

static bool shut_down(int status)
{
	return status == -ENOENT || status == -ECONNRESET || status == -ESHUTDOWN ||
	       status == -ENODEV;
}

/* By its bit in mn_usb.idle */
static struct urb *in_urb(const struct mn_usb *usb, unsigned int bit)
{
	return bit ? usb->strokes[bit - 1] : usb->status;
}

static void mark_idle(struct mn_usb *usb, const struct urb *urb)
{
	unsigned int bit;

	for (bit = 0; bit < MN_IN_URBS; bit++)
		if (in_urb(usb, bit) == urb)
			set_bit(bit, &usb->idle);
}

/*
 * An IN packet came or failed. After an error it is asked for again a little later and never
 * given up: if the handpiece stays silent the core notices, and if it is gone the bus says so.
 */
static void in_complete(struct mn_usb *usb, struct urb *urb,
			void (*take)(struct mn_usb *usb, const void *data, size_t size))
{
	if (shut_down(urb->status))
		return;
	if (!urb->status) {
		take(usb, urb->transfer_buffer, urb->actual_length);
		if (!usb_submit_urb(urb, GFP_ATOMIC))
			return;
	}
	mark_idle(usb, urb);
	schedule_delayed_work(&usb->resubmit, msecs_to_jiffies(MN_RESUBMIT_MS));
}

static void status_complete(struct urb *urb)
{
	in_complete(urb->context, urb, take_status);
}

static void strokes_complete(struct urb *urb)
{
	in_complete(urb->context, urb, take_bulk);
}

/**
 * mn_usb_link_listen() - Begin to take what it reports.
 * @usb: The handpiece.
 *
 * Context: may sleep.
 * Return: 0 or -errno.
 */
int mn_usb_link_listen(struct mn_usb *usb)
{
	unsigned int bit;
	int err, last = 0;

	for (bit = 0; bit < MN_IN_URBS; bit++) {
		/* One that is under way must not be submitted: usbcore takes it for a bug. */
		if (!test_and_clear_bit(bit, &usb->idle))
			continue;
		err = usb_submit_urb(in_urb(usb, bit), GFP_NOIO);
		if (err) {
			set_bit(bit, &usb->idle);
			last = err;
		}
	}
	return last;
}

/**
 * mn_usb_link_listen_again() - The same, and what cannot be had now is asked for a little later.
 * @usb: The handpiece.
 *
 * Nobody looks at a resume that failed: the handpiece would stay bound and not be heard any more.
 *
 * Context: may sleep.
 */
void mn_usb_link_listen_again(struct mn_usb *usb)
{
	int err = mn_usb_link_listen(usb);

	/* One that is shut down refuses with -EPERM or -ENODEV. */
	if (err && err != -EPERM && !shut_down(err))
		schedule_delayed_work(&usb->resubmit, msecs_to_jiffies(MN_RESUBMIT_MS));
}

static void resubmit_work(struct work_struct *work)
{
	mn_usb_link_listen_again(container_of(work, struct mn_usb, resubmit.work));
}

/* ---- kill and lease ---- */

static int kill_submit(struct mn_out *out)
{
	struct mnp_stop *packet = out->urb->transfer_buffer;
	int err;

	packet->epoch = cpu_to_le32(out->epoch);
	err = usb_submit_urb(out->urb, GFP_ATOMIC);
	out->busy = !err;
	out->again = false;
	return err;
}

int mn_usb_kill(struct mn_device *mn, u32 epoch)
{
	struct mn_usb *usb = mn_device_data(mn);
	struct mn_out *out = &usb->kill;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&out->lock, flags);
	out->epoch = epoch;
	out->tries = 0;
	if (out->busy)
		out->again = true;
	else
		err = kill_submit(out);
	spin_unlock_irqrestore(&out->lock, flags);
	/* Poisoned, it sleeps: it was stopped before, and is again when it wakes. */
	return err == -EPERM ? 0 : err;
}

static void kill_complete(struct urb *urb)
{
	struct mn_usb *usb = urb->context;
	struct mn_out *out = &usb->kill;
	int err = urb->status;
	unsigned long flags;

	spin_lock_irqsave(&out->lock, flags);
	out->busy = false;
	if (err && !shut_down(err) && ++out->tries < MN_KILL_TRIES)
		out->again = true;
	if (out->again && !shut_down(err))
		err = kill_submit(out);
	spin_unlock_irqrestore(&out->lock, flags);
	if (err && !shut_down(err) && err != -EPERM)
		mn_report_failure(usb->mn, MN_FAULT_TRANSPORT, err, 0);
}

int mn_usb_lease(struct mn_device *mn, u32 epoch)
{
	struct mn_usb *usb = mn_device_data(mn);
	struct mn_out *out = &usb->lease;
	struct mnp_lease *packet = out->urb->transfer_buffer;
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&out->lock, flags);
	/*
	 * One that is still under way after 25 ms says that the handpiece does not listen: it
	 * will stop.
	 */
	if (!out->busy) {
		packet->epoch = cpu_to_le32(epoch);
		packet->number = cpu_to_le32(++out->number);
		err = usb_submit_urb(out->urb, GFP_ATOMIC);
		out->busy = !err;
	}
	spin_unlock_irqrestore(&out->lock, flags);
	return err;
}

static void lease_complete(struct urb *urb)
{
	struct mn_usb *usb = urb->context;
	unsigned long flags;

	spin_lock_irqsave(&usb->lease.lock, flags);
	usb->lease.busy = false;
	spin_unlock_irqrestore(&usb->lease.lock, flags);
}

/* ---- coming and going ---- */

static void free_urb_and_buffer(struct urb *urb)
{
	if (urb)
		kfree(urb->transfer_buffer);
	usb_free_urb(urb);
}

/* Each buffer is an allocation of its own: two that share a cache line cannot both be for DMA. */
static struct urb *new_urb(struct mn_usb *usb, const struct usb_endpoint_descriptor *ep,
			   size_t size, usb_complete_t complete)
{
	struct urb *urb = usb_alloc_urb(0, GFP_KERNEL);
	void *buffer;

	if (!urb)
		return NULL;
	buffer = kzalloc(size, GFP_KERNEL);
	if (!buffer) {
		usb_free_urb(urb);
		return NULL;
	}
	if (usb_endpoint_is_bulk_in(ep))
		usb_fill_bulk_urb(urb, usb->udev, usb_rcvbulkpipe(usb->udev, usb_endpoint_num(ep)),
				  buffer, size, complete, usb);
	else if (usb_endpoint_is_int_in(ep))
		usb_fill_int_urb(urb, usb->udev, usb_rcvintpipe(usb->udev, usb_endpoint_num(ep)),
				 buffer, size, complete, usb, ep->bInterval);
	else
		usb_fill_int_urb(urb, usb->udev, usb_sndintpipe(usb->udev, usb_endpoint_num(ep)),
				 buffer, size, complete, usb, ep->bInterval);
	return urb;
}

/**
 * mn_usb_find_endpoints() - The endpoints, if they are those of a handpiece.
 * @intf: Its interface.
 * @eps: Out.
 *
 * Return: 0 or -ENODEV.
 */
int mn_usb_find_endpoints(struct usb_interface *intf, struct mn_endpoints *eps)
{
	const struct usb_host_interface *alt = intf->cur_altsetting;
	unsigned int i;

	memset(eps, 0, sizeof(*eps));
	for (i = 0; i < alt->desc.bNumEndpoints; i++) {
		const struct usb_endpoint_descriptor *ep = &alt->endpoint[i].desc;

		if (usb_endpoint_is_int_out(ep) && !eps->kill)
			eps->kill = ep;
		else if (usb_endpoint_is_int_out(ep) && !eps->lease)
			eps->lease = ep;
		else if (usb_endpoint_is_int_in(ep) && !eps->status)
			eps->status = ep;
		else if (usb_endpoint_is_bulk_in(ep) && !eps->strokes)
			eps->strokes = ep;
		else
			return -ENODEV;
	}
	if (!eps->kill || !eps->lease || !eps->status || !eps->strokes)
		return -ENODEV;
	if (usb_endpoint_maxp(eps->kill) < sizeof(struct mnp_stop) ||
	    usb_endpoint_maxp(eps->lease) < sizeof(struct mnp_lease) ||
	    usb_endpoint_maxp(eps->status) < sizeof(struct mnp_status))
		return -ENODEV;
	return 0;
}

/**
 * mn_usb_link_init() - Make everything ready that will be needed.
 * @usb: The handpiece, zeroed but for its interface and device.
 * @eps: From mn_usb_find_endpoints().
 *
 * Return: 0, or -ENOMEM and mn_usb_link_free() is due.
 */
int mn_usb_link_init(struct mn_usb *usb, const struct mn_endpoints *eps)
{
	unsigned int i;

	spin_lock_init(&usb->kill.lock);
	spin_lock_init(&usb->lease.lock);
	spin_lock_init(&usb->clock_lock);
	INIT_DELAYED_WORK(&usb->resubmit, resubmit_work);
	bitmap_fill(&usb->idle, MN_IN_URBS);

	usb->kill.urb = new_urb(usb, eps->kill, sizeof(struct mnp_stop), kill_complete);
	usb->lease.urb = new_urb(usb, eps->lease, sizeof(struct mnp_lease), lease_complete);
	/* Room for a whole packet: one that is longer than it should be is then seen to be. */
	usb->status = new_urb(usb, eps->status, usb_endpoint_maxp(eps->status), status_complete);
	if (!usb->kill.urb || !usb->lease.urb || !usb->status)
		return -ENOMEM;
	for (i = 0; i < MN_STROKE_URBS; i++) {
		usb->strokes[i] = new_urb(usb, eps->strokes, MNP_STROKES_MAXP, strokes_complete);
		if (!usb->strokes[i])
			return -ENOMEM;
	}
	mn_usb_fill_header(usb->kill.urb->transfer_buffer, MNP_TYPE_STOP, sizeof(struct mnp_stop));
	mn_usb_fill_header(usb->lease.urb->transfer_buffer, MNP_TYPE_LEASE,
			   sizeof(struct mnp_lease));
	return 0;
}

/**
 * mn_usb_link_free() - Free what mn_usb_link_init() made; it is poisoned, or was never used.
 * @usb: The handpiece.
 */
void mn_usb_link_free(struct mn_usb *usb)
{
	unsigned int i;

	free_urb_and_buffer(usb->kill.urb);
	free_urb_and_buffer(usb->lease.urb);
	free_urb_and_buffer(usb->status);
	for (i = 0; i < MN_STROKE_URBS; i++)
		free_urb_and_buffer(usb->strokes[i]);
}

/**
 * mn_usb_link_poison() - Nothing is under way when this returns, and nothing will be.
 * @usb: The handpiece.
 *
 * Context: may sleep.
 */
void mn_usb_link_poison(struct mn_usb *usb)
{
	unsigned int i;

	usb_poison_urb(usb->kill.urb);
	usb_poison_urb(usb->lease.urb);
	usb_poison_urb(usb->status);
	for (i = 0; i < MN_STROKE_URBS; i++)
		usb_poison_urb(usb->strokes[i]);
	cancel_delayed_work_sync(&usb->resubmit);
}

/**
 * mn_usb_link_unpoison() - Undo it.
 * @usb: The handpiece, whose clock may have stood still meanwhile.
 */
void mn_usb_link_unpoison(struct mn_usb *usb)
{
	unsigned int i;

	usb_unpoison_urb(usb->kill.urb);
	usb_unpoison_urb(usb->lease.urb);
	usb_unpoison_urb(usb->status);
	for (i = 0; i < MN_STROKE_URBS; i++)
		usb_unpoison_urb(usb->strokes[i]);
	bitmap_fill(&usb->idle, MN_IN_URBS);
	clock_forget(usb);
	/* What still comes of an earlier waveform is nobody's. */
	WRITE_ONCE(usb->capture_tag, 0);
}
