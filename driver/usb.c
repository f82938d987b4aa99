// SPDX-License-Identifier: GPL-2.0-only
/*
 * USB handpieces: endpoints, requests, and the kill. The protocol is on the page usb_protocol.md.
 *
 * The kill and the lease each have an endpoint, a buffer and an URB of their own, made ready at
 * probe, so that nothing has to be had and nothing has to be waited for when they are needed.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/usb.h>
#include <linux/workqueue.h>

#include "microneedle.h"
#include "usb_parse.h"

#define MN_STROKE_URBS		4
#define MN_REQUEST_MS		50	/* a handpiece answers within 5 */
#define MN_DECIDE_MS		100	/* and decides within 50 */
#define MN_CONFIRM_MS		400	/* longest run-down and what is around it */
#define MN_POLL_US		2000
#define MN_RESUBMIT_MS		10
#define MN_KILL_TRIES		3
#define MN_DRIFT_PPM		200	/* two crystals, each at its worst */

/**
 * struct mn_out - An endpoint for one kind of small packet that must get out at once.
 * @urb: Made ready at probe.
 * @lock: Protects the rest. Inside the device's state_lock.
 * @busy: @urb is under way.
 * @again: What is under way is out of date: send anew when it completes.
 * @tries: Failed in a row.
 * @epoch: What the next packet says.
 * @number: Likewise.
 */
struct mn_out {
	struct urb *urb;
	spinlock_t lock;		/* this struct */
	bool busy;
	bool again;
	unsigned int tries;
	u32 epoch;
	u32 number;
};

/**
 * struct mn_usb - One handpiece on the bus.
 * @intf: Its interface.
 * @udev: Its device.
 * @mn: What the core knows of it.
 * @request_lock: One request on endpoint 0 and its result at a time.
 * @tag: Of the last OUT request.
 * @kill: Endpoint OUT A.
 * @lease: Endpoint OUT B.
 * @status: Interrupt IN.
 * @strokes: Bulk IN.
 * @resubmit: Submits again what failed, a little later.
 * @clock_lock: Protects the rest.
 * @clock_valid: @clock_us is set.
 * @clock_us: Our clock minus the handpiece's, the least seen: the most prompt packet.
 * @clock_at_us: When it was last brought up to date, our clock.
 * @status_number: Of the last status, valid with @clock_valid.
 * @boot_id: Of the power-on that it belongs to.
 */
struct mn_usb {
	struct usb_interface *intf;
	struct usb_device *udev;
	struct mn_device *mn;
	struct mutex request_lock;	/* endpoint 0 */
	u16 tag;
	struct mn_out kill;
	struct mn_out lease;
	struct urb *status;
	struct urb *strokes[MN_STROKE_URBS];
	struct delayed_work resubmit;
	spinlock_t clock_lock;		/* clock_* */
	bool clock_valid;
	s64 clock_us;
	s64 clock_at_us;
	u32 status_number;
	u32 boot_id;
};

static void bad_packet(struct mn_usb *usb, enum mnp_check check, u8 type)
{
	dev_warn_ratelimited(&usb->intf->dev, "packet of type %#x fails check %d\n", type, check);
	mn_report_failure(usb->mn, MN_FAULT_PROTOCOL, check, type);
}

/* ---- requests on endpoint 0 ---- */

/* What answers an IN request has the request's number for its type. */
static int request_in(struct mn_usb *usb, u8 request, void *answer, u16 size)
{
	u16 intf = usb->intf->cur_altsetting->desc.bInterfaceNumber;
	int err;

	err = usb_control_msg_recv(usb->udev, 0, request,
				   USB_DIR_IN | USB_TYPE_VENDOR | USB_RECIP_INTERFACE, 0, intf,
				   answer, size, MN_REQUEST_MS, GFP_NOIO);
	if (err != -EREMOTEIO)
		return err;
	/* usbcore's word for a short answer, which must not be taken for a refusal. */
	if (usb->mn)
		bad_packet(usb, MNP_CHECK_SHORT, request);
	return -EPROTO;
}

static int ask_result(struct mn_usb *usb, u8 request, u8 *result)
{
	struct mnp_result answer;
	enum mnp_check check;
	u8 of;
	u16 tag;
	int err;

	err = request_in(usb, MNP_REQ_RESULT, &answer, sizeof(answer));
	if (err)
		return err;
	check = mnp_parse_result(&answer, sizeof(answer), &of, &tag, result);
	if (!check && *result != MNP_RESULT_PENDING && (of != request || tag != usb->tag))
		check = MNP_CHECK_VALUE;
	if (check) {
		bad_packet(usb, check, MNP_TYPE_RESULT);
		return -EPROTO;
	}
	return 0;
}

/*
 * Ask for something and wait for what becomes of it. 0 if it was done, -EREMOTEIO if it was
 * refused, with the refusal in @result; after any other error nobody knows.
 */
static int request_out(struct mn_usb *usb, u8 request, const void *data, u16 size, u8 *result)
{
	u16 intf = usb->intf->cur_altsetting->desc.bInterfaceNumber;
	unsigned long end = jiffies + msecs_to_jiffies(MN_DECIDE_MS);
	int err;

	mutex_lock(&usb->request_lock);
	if (!++usb->tag)
		usb->tag = 1;
	err = usb_control_msg_send(usb->udev, 0, request,
				   USB_DIR_OUT | USB_TYPE_VENDOR | USB_RECIP_INTERFACE, usb->tag,
				   intf, data, size, MN_REQUEST_MS, GFP_NOIO);
	while (!err) {
		err = ask_result(usb, request, result);
		if (err || *result != MNP_RESULT_PENDING)
			break;
		if (time_after(jiffies, end))
			err = -ETIMEDOUT;
		else
			usleep_range(MN_POLL_US, 2 * MN_POLL_US);
	}
	mutex_unlock(&usb->request_lock);
	if (!err && *result != MNP_RESULT_OK)
		err = -EREMOTEIO;
	return err;
}

static void fill_header(struct mnp_header *header, u8 type, u16 size)
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
	unsigned long flags;
	bool old;

	spin_lock_irqsave(&usb->clock_lock, flags);
	/* A handpiece that restarted counts, and tells the time, from the beginning. */
	if (usb->boot_id != report->boot_id)
		usb->clock_valid = false;
	old = usb->clock_valid && usb->boot_id == report->boot_id &&
	      (s32)(number - usb->status_number) < 0;
	if (!old) {
		usb->status_number = number;
		usb->boot_id = report->boot_id;
	}
	spin_unlock_irqrestore(&usb->clock_lock, flags);
	return old;
}

static u64 now_us(void)
{
	return div_u64(ktime_get_ns(), NSEC_PER_USEC);
}

/* ---- what the handpiece sends ---- */

static int take_report(struct mn_usb *usb, const void *data, size_t size, struct mn_report *report)
{
	enum mnp_check check;
	u64 time_us;
	u32 number;

	check = mnp_parse_status(data, size, report, &number, &time_us);
	if (check) {
		bad_packet(usb, check, MNP_TYPE_STATUS);
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

	take_report(usb, data, size, &report);
}

static void take_strokes(struct mn_usb *usb, const void *data, size_t size)
{
	struct mn_stroke strokes[MNP_STROKES_MAX];
	u64 times_us[MNP_STROKES_MAX], time_us, now = now_us();
	unsigned int i, count;
	enum mnp_check check;

	check = mnp_parse_strokes(data, size, strokes, times_us, &count, &time_us);
	if (check) {
		bad_packet(usb, check, MNP_TYPE_STROKES);
		return;
	}
	clock_sample(usb, now, time_us);
	for (i = 0; i < count; i++)
		strokes[i].age_us = clock_age_us(usb, now, times_us[i]);
	mn_report_strokes(usb->mn, strokes, count);
}

static bool shut_down(int status)
{
	return status == -ENOENT || status == -ECONNRESET || status == -ESHUTDOWN ||
	       status == -ENODEV;
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
	schedule_delayed_work(&usb->resubmit, msecs_to_jiffies(MN_RESUBMIT_MS));
}

static void status_complete(struct urb *urb)
{
	in_complete(urb->context, urb, take_status);
}

static void strokes_complete(struct urb *urb)
{
	in_complete(urb->context, urb, take_strokes);
}

static int submit_in(struct mn_usb *usb)
{
	unsigned int i;
	int err;

	err = usb_submit_urb(usb->status, GFP_NOIO);
	for (i = 0; !err && i < MN_STROKE_URBS; i++)
		err = usb_submit_urb(usb->strokes[i], GFP_NOIO);
	return err;
}

static void resubmit_work(struct work_struct *work)
{
	struct mn_usb *usb = container_of(work, struct mn_usb, resubmit.work);
	bool failed = false;
	unsigned int i;
	int err;

	/*
	 * One that is under way refuses with -EBUSY, one that is shut down with -EPERM or
	 * -ENODEV.
	 */
	err = usb_submit_urb(usb->status, GFP_NOIO);
	failed |= err && err != -EBUSY && err != -EPERM && !shut_down(err);
	for (i = 0; i < MN_STROKE_URBS; i++) {
		err = usb_submit_urb(usb->strokes[i], GFP_NOIO);
		failed |= err && err != -EBUSY && err != -EPERM && !shut_down(err);
	}
	if (failed)
		schedule_delayed_work(&usb->resubmit, msecs_to_jiffies(MN_RESUBMIT_MS));
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

static int mn_usb_kill(struct mn_device *mn, u32 epoch)
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
	return err;
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

static int mn_usb_lease(struct mn_device *mn, u32 epoch)
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

/* ---- what may sleep ---- */

static int mn_usb_start(struct mn_device *mn, const struct mn_order *order)
{
	struct mn_usb *usb = mn_device_data(mn);
	struct mnp_start packet = {
		.epoch = cpu_to_le32(order->epoch),
		.depth_um = cpu_to_le32(order->depth.um),
		.rate_mhz = cpu_to_le32(order->rate.mhz),
		.strokes = cpu_to_le32(order->dose.strokes),
		.run_ms = cpu_to_le32(order->run.ms),
	};
	u8 result = MNP_RESULT_OK;
	int err;

	fill_header(&packet.header, MNP_TYPE_START, sizeof(packet));
	err = request_out(usb, MNP_REQ_START, &packet, sizeof(packet), &result);
	if (err == -EREMOTEIO)
		dev_notice(&usb->intf->dev, "the handpiece refused to start (%u)\n", result);
	return err;
}

static int report_status(struct mn_usb *usb, struct mn_report *report)
{
	struct mnp_status answer;
	int err;

	err = request_in(usb, MNP_REQ_STATUS, &answer, sizeof(answer));
	return err ?: take_report(usb, &answer, sizeof(answer), report);
}

static int mn_usb_stop(struct mn_device *mn, u32 epoch)
{
	struct mn_usb *usb = mn_device_data(mn);
	unsigned long end = jiffies + msecs_to_jiffies(MN_CONFIRM_MS);
	struct mnp_stop packet = { .epoch = cpu_to_le32(epoch) };
	struct mn_report report;
	u8 result;
	int err;

	fill_header(&packet.header, MNP_TYPE_STOP, sizeof(packet));
	err = request_out(usb, MNP_REQ_STOP, &packet, sizeof(packet), &result);
	while (!err) {
		err = report_status(usb, &report);
		if (err || (report.idle && (report.inputs & MN_INPUT_HOME) &&
			    (s32)(report.epoch - epoch) >= 0))
			break;
		if (time_after(jiffies, end))
			err = -ETIMEDOUT;
		else
			usleep_range(MN_POLL_US, 2 * MN_POLL_US);
	}
	return err;
}

static int mn_usb_tag(struct mn_device *mn, struct mn_tag *tag)
{
	struct mn_usb *usb = mn_device_data(mn);
	struct mnp_cartridge answer;
	enum mnp_check check;
	int err;

	err = request_in(usb, MNP_REQ_CARTRIDGE, &answer, sizeof(answer));
	if (err)
		return err;
	check = mnp_parse_cartridge(&answer, sizeof(answer), tag);
	if (check) {
		bad_packet(usb, check, MNP_TYPE_CARTRIDGE);
		return -EPROTO;
	}
	return 0;
}

static int mn_usb_mark(struct mn_device *mn, u64 uid, const u8 *treatment)
{
	struct mnp_mark packet = { .uid = cpu_to_le64(uid) };
	u8 result;

	memcpy(packet.treatment, treatment, sizeof(packet.treatment));
	fill_header(&packet.header, MNP_TYPE_MARK, sizeof(packet));
	return request_out(mn_device_data(mn), MNP_REQ_MARK, &packet, sizeof(packet), &result);
}

static int mn_usb_clear(struct mn_device *mn, u64 faults)
{
	struct mn_usb *usb = mn_device_data(mn);
	struct mnp_clear packet = { .faults = cpu_to_le32(mnp_own_faults(faults)) };
	struct mn_report report;
	u8 result;
	int err;

	fill_header(&packet.header, MNP_TYPE_CLEAR, sizeof(packet));
	err = request_out(usb, MNP_REQ_CLEAR, &packet, sizeof(packet), &result);
	return report_status(usb, &report) ?: err;
}

static const struct mn_transport_ops mn_usb_ops = {
	.start = mn_usb_start,
	.stop = mn_usb_stop,
	.kill = mn_usb_kill,
	.lease = mn_usb_lease,
	.tag = mn_usb_tag,
	.mark = mn_usb_mark,
	.clear = mn_usb_clear,
};

/* ---- coming and going ---- */

static void poison(struct mn_usb *usb)
{
	unsigned int i;

	usb_poison_urb(usb->kill.urb);
	usb_poison_urb(usb->lease.urb);
	usb_poison_urb(usb->status);
	for (i = 0; i < MN_STROKE_URBS; i++)
		usb_poison_urb(usb->strokes[i]);
	cancel_delayed_work_sync(&usb->resubmit);
}

static void unpoison(struct mn_usb *usb)
{
	unsigned int i;

	usb_unpoison_urb(usb->kill.urb);
	usb_unpoison_urb(usb->lease.urb);
	usb_unpoison_urb(usb->status);
	for (i = 0; i < MN_STROKE_URBS; i++)
		usb_unpoison_urb(usb->strokes[i]);
}

static void free_urb_and_buffer(struct urb *urb)
{
	if (urb)
		kfree(urb->transfer_buffer);
	usb_free_urb(urb);
}

static void free_usb(struct mn_usb *usb)
{
	unsigned int i;

	free_urb_and_buffer(usb->kill.urb);
	free_urb_and_buffer(usb->lease.urb);
	free_urb_and_buffer(usb->status);
	for (i = 0; i < MN_STROKE_URBS; i++)
		free_urb_and_buffer(usb->strokes[i]);
	usb_put_dev(usb->udev);
	kfree(usb);
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

/* The interface has exactly these four, the two OUT in this order. */
struct mn_endpoints {
	const struct usb_endpoint_descriptor *kill;
	const struct usb_endpoint_descriptor *lease;
	const struct usb_endpoint_descriptor *status;
	const struct usb_endpoint_descriptor *strokes;
};

static int find_endpoints(struct usb_interface *intf, struct mn_endpoints *eps)
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

static int make_urbs(struct mn_usb *usb, const struct mn_endpoints *eps)
{
	unsigned int i;

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
	fill_header(usb->kill.urb->transfer_buffer, MNP_TYPE_STOP, sizeof(struct mnp_stop));
	fill_header(usb->lease.urb->transfer_buffer, MNP_TYPE_LEASE, sizeof(struct mnp_lease));
	return 0;
}

static int identify(struct mn_usb *usb, struct mn_caps *caps, struct mnp_identity *identity)
{
	struct mnp_identify *answer;
	enum mnp_check check;
	int err;

	answer = kzalloc(sizeof(*answer), GFP_KERNEL);
	if (!answer)
		return -ENOMEM;
	err = request_in(usb, MNP_REQ_IDENTIFY, answer, sizeof(*answer));
	if (err) {
		dev_err(&usb->intf->dev, "the handpiece does not identify itself (%d)\n", err);
		goto out;
	}
	check = mnp_parse_identify(answer, sizeof(*answer), caps, identity);
	if (!check && usb->udev->serial && strcmp(usb->udev->serial, caps->serial))
		check = MNP_CHECK_SERIAL;
	if (check) {
		dev_err(&usb->intf->dev, "identification fails check %d\n", check);
		err = -EPROTO;
	}
out:
	kfree(answer);
	return err;
}

static int mn_usb_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	struct mnp_identity identity;
	struct mn_endpoints eps;
	struct mn_caps *caps;
	struct mn_usb *usb;
	int err;

	if (find_endpoints(intf, &eps)) {
		dev_err(&intf->dev, "endpoints are not those of a handpiece\n");
		return -ENODEV;
	}
	usb = kzalloc(sizeof(*usb), GFP_KERNEL);
	caps = kzalloc(sizeof(*caps), GFP_KERNEL);
	if (!usb || !caps) {
		kfree(usb);
		kfree(caps);
		return -ENOMEM;
	}
	usb->intf = intf;
	usb->udev = usb_get_dev(interface_to_usbdev(intf));
	mutex_init(&usb->request_lock);
	spin_lock_init(&usb->kill.lock);
	spin_lock_init(&usb->lease.lock);
	spin_lock_init(&usb->clock_lock);
	INIT_DELAYED_WORK(&usb->resubmit, resubmit_work);

	err = make_urbs(usb, &eps) ?: identify(usb, caps, &identity);
	if (err)
		goto fail;
	usb->mn = mn_device_alloc(&intf->dev, &mn_usb_ops, usb, caps, identity.last_epoch);
	if (IS_ERR(usb->mn)) {
		err = PTR_ERR(usb->mn);
		goto fail;
	}
	usb_set_intfdata(intf, usb);
	err = submit_in(usb);
	if (err)
		mn_device_discard(usb->mn);
	else
		err = mn_device_register(usb->mn);
	if (err)
		goto fail_device;
	kfree(caps);
	return 0;

fail_device:
	poison(usb);
	mn_device_put(usb->mn);
	usb_set_intfdata(intf, NULL);
fail:
	kfree(caps);
	free_usb(usb);
	return err;
}

static void mn_usb_disconnect(struct usb_interface *intf)
{
	struct mn_usb *usb = usb_get_intfdata(intf);

	mn_device_unregister(usb->mn);
	poison(usb);
	mn_device_put(usb->mn);
	usb_set_intfdata(intf, NULL);
	free_usb(usb);
}

static int mn_usb_suspend(struct usb_interface *intf, pm_message_t message)
{
	struct mn_usb *usb = usb_get_intfdata(intf);

	mn_device_suspend(usb->mn);
	poison(usb);
	return 0;
}

static int mn_usb_resume(struct usb_interface *intf)
{
	struct mn_usb *usb = usb_get_intfdata(intf);
	int err;

	unpoison(usb);
	clock_forget(usb);
	err = submit_in(usb);
	mn_device_resume(usb->mn);
	return err;
}

static int mn_usb_pre_reset(struct usb_interface *intf)
{
	return mn_usb_suspend(intf, PMSG_SUSPEND);
}

static const struct usb_device_id mn_usb_ids[] = {
	{ USB_DEVICE_AND_INTERFACE_INFO(MNP_USB_VENDOR, MNP_USB_PRODUCT, MNP_USB_CLASS,
					MNP_USB_SUBCLASS, MNP_USB_INTERFACE_PROTOCOL) },
	{}
};
MODULE_DEVICE_TABLE(usb, mn_usb_ids);

static struct usb_driver mn_usb_driver = {
	.name = "microneedle-usb",
	.probe = mn_usb_probe,
	.disconnect = mn_usb_disconnect,
	.suspend = mn_usb_suspend,
	.resume = mn_usb_resume,
	.reset_resume = mn_usb_resume,
	.pre_reset = mn_usb_pre_reset,
	.post_reset = mn_usb_resume,
	.id_table = mn_usb_ids,
	.soft_unbind = 1,	/* so that unbinding can still send STOP */
	/* A handpiece that is asleep cannot tell of its emergency stop. */
	.supports_autosuspend = 0,
};
module_usb_driver(mn_usb_driver);

MODULE_DESCRIPTION("Microneedling handpieces on USB");
MODULE_AUTHOR("The microneedle authors");
MODULE_LICENSE("GPL");
