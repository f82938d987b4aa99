// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a USB handpiece is asked on endpoint 0, and told there: all that may sleep.
 */
#include <linux/slab.h>

#include "usb.h"

#define MN_REQUEST_MS		50	/* a handpiece answers within 5 */
#define MN_DECIDE_MS		100	/* and decides within 50 */
#define MN_CONFIRM_MS		400	/* longest run-down and what is around it */
#define MN_POLL_US		2000

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
		mn_usb_bad_packet(usb, MNP_CHECK_SHORT, request);
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
		mn_usb_bad_packet(usb, check, MNP_TYPE_RESULT);
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
	if (request == MNP_REQ_CAPTURE)
		WRITE_ONCE(usb->capture_tag, usb->tag);
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

	mn_usb_fill_header(&packet.header, MNP_TYPE_START, sizeof(packet));
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
	return err ?: mn_usb_take_report(usb, &answer, sizeof(answer), report);
}

static int mn_usb_stop(struct mn_device *mn, u32 epoch)
{
	struct mn_usb *usb = mn_device_data(mn);
	unsigned long end = jiffies + msecs_to_jiffies(MN_CONFIRM_MS);
	struct mnp_stop packet = { .epoch = cpu_to_le32(epoch) };
	u8 result = MNP_RESULT_OK;
	struct mn_report report;
	int err;

	mn_usb_fill_header(&packet.header, MNP_TYPE_STOP, sizeof(packet));
	err = request_out(usb, MNP_REQ_STOP, &packet, sizeof(packet), &result);
	/* A kill with a newer epoch got there first: it stopped by that, which does as well. */
	if (err == -EREMOTEIO && result == MNP_RESULT_EPOCH)
		err = 0;
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
		mn_usb_bad_packet(usb, check, MNP_TYPE_CARTRIDGE);
		return -EPROTO;
	}
	return 0;
}

static int mn_usb_mark(struct mn_device *mn, u64 uid, const u8 *treatment)
{
	struct mnp_mark packet = { .uid = cpu_to_le64(uid) };
	u8 result;

	memcpy(packet.treatment, treatment, sizeof(packet.treatment));
	mn_usb_fill_header(&packet.header, MNP_TYPE_MARK, sizeof(packet));
	return request_out(mn_device_data(mn), MNP_REQ_MARK, &packet, sizeof(packet), &result);
}

static int mn_usb_clear(struct mn_device *mn, u64 faults)
{
	struct mn_usb *usb = mn_device_data(mn);
	struct mnp_clear packet = { .faults = cpu_to_le32(mnp_own_faults(faults)) };
	struct mn_report report;
	u8 result;
	int err;

	mn_usb_fill_header(&packet.header, MNP_TYPE_CLEAR, sizeof(packet));
	err = request_out(usb, MNP_REQ_CLEAR, &packet, sizeof(packet), &result);
	return report_status(usb, &report) ?: err;
}

static int mn_usb_self_test(struct mn_device *mn)
{
	struct mn_usb *usb = mn_device_data(mn);
	struct mn_report report;
	u8 result;
	int err;

	err = request_out(usb, MNP_REQ_SELF_TEST, NULL, 0, &result);
	return report_status(usb, &report) ?: err;
}

static int ask_capture(struct mn_device *mn, u32 rate_hz, u32 samples, u8 *result)
{
	struct mnp_capture packet = {
		.rate_hz = cpu_to_le32(rate_hz),
		.samples = cpu_to_le32(samples),
	};

	mn_usb_fill_header(&packet.header, MNP_TYPE_CAPTURE, sizeof(packet));
	return request_out(mn_device_data(mn), MNP_REQ_CAPTURE, &packet, sizeof(packet), result);
}

/* One that is under way was begun by a host before us, or before it was unplugged: it is ended. */
static int mn_usb_capture(struct mn_device *mn, u32 rate_hz, u32 samples)
{
	u8 result;
	int err;

	err = ask_capture(mn, rate_hz, samples, &result);
	if (err != -EREMOTEIO || result != MNP_RESULT_BUSY)
		return err;
	return ask_capture(mn, 0, 0, &result) ?: ask_capture(mn, rate_hz, samples, &result);
}

/**
 * mn_usb_identify() - Ask what it is.
 * @usb: The handpiece, which no core knows yet.
 * @caps: Out.
 * @identity: Out.
 *
 * Context: may sleep.
 * Return: 0; -EPROTO what it says makes no sense; or another -errno.
 */
int mn_usb_identify(struct mn_usb *usb, struct mn_caps *caps, struct mnp_identity *identity)
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

const struct mn_transport_ops mn_usb_ops = {
	.start = mn_usb_start,
	.stop = mn_usb_stop,
	.kill = mn_usb_kill,
	.lease = mn_usb_lease,
	.tag = mn_usb_tag,
	.mark = mn_usb_mark,
	.clear = mn_usb_clear,
	.self_test = mn_usb_self_test,
	.capture = mn_usb_capture,
};
