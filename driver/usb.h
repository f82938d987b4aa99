/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside microneedle-usb.ko: what usb.c, usb_link.c and usb_request.c share.
 */
#ifndef MN_USB_H
#define MN_USB_H

#include <linux/usb.h>
#include <linux/workqueue.h>

#include "microneedle.h"
#include "usb_parse.h"

#define MN_STROKE_URBS		4
#define MN_IN_URBS		(1 + MN_STROKE_URBS)

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
 * @capture_tag: Of the last CAPTURE: blocks of an earlier one are of no use to anybody. Written
 *	under @request_lock, read without.
 * @kill: Endpoint OUT A.
 * @lease: Endpoint OUT B.
 * @status: Interrupt IN.
 * @strokes: Bulk IN.
 * @idle: Which of those are not under way: bit 0 is for @status, the next are for @strokes.
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
	u16 capture_tag;
	struct mn_out kill;
	struct mn_out lease;
	struct urb *status;
	struct urb *strokes[MN_STROKE_URBS];
	unsigned long idle;
	struct delayed_work resubmit;
	spinlock_t clock_lock;		/* clock_* */
	bool clock_valid;
	s64 clock_us;
	s64 clock_at_us;
	u32 status_number;
	u32 boot_id;
};

/**
 * struct mn_endpoints - The interface has exactly these four, the two OUT in this order.
 * @kill: OUT A.
 * @lease: OUT B.
 * @status: Interrupt IN.
 * @strokes: Bulk IN.
 */
struct mn_endpoints {
	const struct usb_endpoint_descriptor *kill;
	const struct usb_endpoint_descriptor *lease;
	const struct usb_endpoint_descriptor *status;
	const struct usb_endpoint_descriptor *strokes;
};

/* usb_link.c: endpoints, and what goes over them */
int mn_usb_find_endpoints(struct usb_interface *intf, struct mn_endpoints *eps);
int mn_usb_link_init(struct mn_usb *usb, const struct mn_endpoints *eps);
int mn_usb_link_listen(struct mn_usb *usb);
void mn_usb_link_listen_again(struct mn_usb *usb);
void mn_usb_link_poison(struct mn_usb *usb);
void mn_usb_link_unpoison(struct mn_usb *usb);
void mn_usb_link_free(struct mn_usb *usb);
int mn_usb_kill(struct mn_device *mn, u32 epoch);
int mn_usb_lease(struct mn_device *mn, u32 epoch);
int mn_usb_take_report(struct mn_usb *usb, const void *data, size_t size,
		       struct mn_report *report);
void mn_usb_bad_packet(struct mn_usb *usb, enum mnp_check check, u8 type);
void mn_usb_fill_header(struct mnp_header *header, u8 type, u16 size);

/* usb_request.c: requests on endpoint 0 */
extern const struct mn_transport_ops mn_usb_ops;
int mn_usb_identify(struct mn_usb *usb, struct mn_caps *caps, struct mnp_identity *identity);

#endif /* MN_USB_H */
