// SPDX-License-Identifier: GPL-2.0-or-later
/* The device as the virtual machine meets it: its endpoints and what it answers. */
#include <linux/usb/ch9.h>
#include <string.h>
#include <sys/eventfd.h>
#include <usbredirparser.h>

#include "clock.h"
#include "descriptors.h"
#include "usbredir.h"

#define DATA_MAX 512 /* of a control transfer: far above any request of the protocol */
#define REQUEST_IN 0xc1 /* vendor, interface */
#define REQUEST_OUT 0x41

/* usbredir's tables know 32 endpoints: 16 OUT, then 16 IN */
#define TABLE_IN 16

static enum hp_ep by_address(uint8_t address)
{
	unsigned int ep;

	for (ep = 0; ep < HP_EPS; ep++) {
		if (hp_endpoint_facts[ep].address == address)
			break;
	}
	return (enum hp_ep)ep;
}

static void kick(struct hp_usbredir *r)
{
	eventfd_write(r->kick, 1);
}

/* From the firmware: done when it has returned */

static void front_submit(void *ctx, enum hp_ep ep, const void *data, size_t length)
{
	struct hp_usbredir *r = ctx;

	r->in[ep].length = length;
	memcpy(r->in[ep].data, data, length);
	r->in[ep].pending = true;
	r->in[ep].dropped = false;
	kick(r);
}

static void front_cancel(void *ctx, enum hp_ep ep)
{
	struct hp_usbredir *r = ctx;

	r->in[ep].dropped = r->in[ep].pending;
	kick(r);
}

static void front_nak(void *ctx, enum hp_ep ep, bool on)
{
	struct hp_usbredir *r = ctx;

	r->out[ep].held = on;
	kick(r);
}

static void front_disconnect(void *ctx)
{
	struct hp_usbredir *r = ctx;

	r->leave = true;
	kick(r);
}

/* Data endpoints */

static void answer_interrupt_out(struct hp_usbredir *r, enum hp_ep ep, uint64_t id)
{
	struct usb_redir_interrupt_packet_header h = {
		.endpoint = hp_endpoint_facts[ep].address,
		.status = usb_redir_success,
	};

	usbredirparser_send_interrupt_packet(r->parser, id, &h, NULL, 0);
}

static void answer_bulk(struct hp_usbredir *r, uint64_t id, uint8_t status, uint8_t *data,
			size_t length)
{
	struct usb_redir_bulk_packet_header h = {
		.endpoint = hp_endpoint_facts[HP_EP_STROKES].address,
		.status = status,
		.length = (uint16_t)length,
	};

	usbredirparser_send_bulk_packet(r->parser, id, &h, data, (int)length);
}

static void drop_token(struct hp_usbredir *r, unsigned int i)
{
	r->tokens--;
	memmove(&r->token[i], &r->token[i + 1], (r->tokens - i) * sizeof(r->token[0]));
	memmove(&r->token_length[i], &r->token_length[i + 1],
		(r->tokens - i) * sizeof(r->token_length[0]));
}

/* Whether the packet is with the host now */
static bool give(struct hp_usbredir *r, enum hp_ep ep)
{
	struct hp_redir_in *in = &r->in[ep];

	if (ep == HP_EP_STATUS) {
		struct usb_redir_interrupt_packet_header h = {
			.endpoint = hp_endpoint_facts[ep].address,
			.status = usb_redir_success,
			.length = (uint16_t)in->length,
		};

		if (!r->receiving)
			return false;
		usbredirparser_send_interrupt_packet(r->parser, r->status_id++, &h, in->data,
						     (int)in->length);
		return true;
	}
	while (r->tokens) {
		bool fits = r->token_length[0] >= in->length;

		answer_bulk(r, r->token[0], fits ? usb_redir_success : usb_redir_babble, in->data,
			    fits ? in->length : 0);
		drop_token(r, 0);
		if (fits)
			return true;
	}
	return false;
}

static void pump_in(struct hp_usbredir *r, enum hp_ep ep)
{
	bool ok;

	/* the end of one packet brings the next */
	while (r->configured && r->in[ep].pending) {
		ok = !r->in[ep].dropped && give(r, ep);
		if (!ok && !r->in[ep].dropped)
			return;
		r->in[ep].pending = false;
		hp_fw_sent(r->bus.fw, ep, ok, hp_mono_ns());
	}
}

static void pump_out(struct hp_usbredir *r, enum hp_ep ep)
{
	struct hp_redir_out *out = &r->out[ep];

	while (out->waiting && !out->held) {
		answer_interrupt_out(r, ep, out->packet[0].id);
		hp_fw_out(r->bus.fw, ep, out->packet[0].data, out->packet[0].length, hp_mono_ns());
		out->waiting--;
		memmove(&out->packet[0], &out->packet[1], out->waiting * sizeof(out->packet[0]));
	}
}

void hp_redir_configure(struct hp_usbredir *r, bool on)
{
	if (r->configured) {
		r->configured = false;
		hp_fw_link(r->bus.fw, false, false, hp_mono_ns());
	}
	for (int ep = 0; ep < HP_EPS; ep++) {
		r->in[ep].pending = false;
		r->out[ep].waiting = 0;
	}
	/* of what was taken from the host it asks nothing more */
	while (r->tokens) {
		if (r->parser)
			answer_bulk(r, r->token[0], usb_redir_cancelled, NULL, 0);
		drop_token(r, 0);
	}
	r->receiving = false;
	if (on) {
		r->configured = true;
		hp_fw_link(r->bus.fw, true, r->high_speed, hp_mono_ns());
	}
}

/* Endpoint 0 */

static void answer_control(struct hp_usbredir *r, uint64_t id,
			   const struct usb_redir_control_packet_header *request, uint8_t status,
			   uint8_t *data, size_t length)
{
	struct usb_redir_control_packet_header h = *request;

	h.status = status;
	h.length = (uint16_t)length;
	usbredirparser_send_control_packet(r->parser, id, &h, data, data ? (int)length : 0);
}

static int standard_in(struct hp_usbredir *r, const struct usb_redir_control_packet_header *h,
		       uint8_t *answer)
{
	if (h->request == USB_REQ_GET_DESCRIPTOR && h->requesttype == USB_DIR_IN)
		return hp_descriptor(h->value, r->high_speed, r->id->serial, answer);
	if (h->request == USB_REQ_GET_STATUS) {
		/* powered by the bus, no remote wakeup, nothing halted */
		memset(answer, 0, 2);
		return 2;
	}
	return -1;
}

static void control_in(struct hp_usbredir *r, uint64_t id,
		       const struct usb_redir_control_packet_header *h)
{
	uint8_t answer[DATA_MAX] = { 0 };
	int length = -1;

	if (h->requesttype == REQUEST_IN) {
		length = hp_fw_request_in(r->bus.fw, h->request, h->value, h->length, answer,
					  hp_mono_ns());
		if (length == HP_EP0_HANG)
			return;
	} else if ((h->requesttype & USB_TYPE_MASK) == USB_TYPE_STANDARD) {
		length = standard_in(r, h, answer);
	}
	if (length < 0)
		answer_control(r, id, h, usb_redir_stall, NULL, 0);
	else
		answer_control(r, id, h, usb_redir_success, answer,
			       length < h->length ? (size_t)length : h->length);
}

static void control_out(struct hp_usbredir *r, uint64_t id,
			const struct usb_redir_control_packet_header *h, const uint8_t *data,
			size_t length)
{
	bool ok = false;

	if (h->requesttype == REQUEST_OUT) {
		ok = length <= DATA_MAX && !hp_fw_request_out_ok(h->request, h->value);
		if (ok && hp_fw_request_out(r->bus.fw, h->request, h->value, data, length,
					    hp_mono_ns()) == HP_EP0_HANG)
			return;
	} else if ((h->requesttype & USB_TYPE_MASK) == USB_TYPE_STANDARD) {
		/* nothing halts here, nothing wakes the host: said and done */
		ok = h->request == USB_REQ_CLEAR_FEATURE;
	}
	answer_control(r, id, h, ok ? usb_redir_success : usb_redir_stall, NULL, ok ? length : 0);
}

/* From the virtual machine */

static void on_control(void *priv, uint64_t id, struct usb_redir_control_packet_header *h,
		       uint8_t *data, int length)
{
	struct hp_usbredir *r = priv;

	if (h->endpoint & USB_DIR_IN)
		control_in(r, id, h);
	else
		control_out(r, id, h, data, (size_t)length);
	usbredirparser_free_packet_data(r->parser, data);
}

static void on_bulk(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *h, uint8_t *data,
		    int length)
{
	struct hp_usbredir *r = priv;

	(void)length;
	usbredirparser_free_packet_data(r->parser, data);
	if (!r->configured || by_address(h->endpoint) != HP_EP_STROKES ||
	    r->tokens == HP_TOKENS_MAX) {
		h->status = usb_redir_inval;
		h->length = 0;
		usbredirparser_send_bulk_packet(r->parser, id, h, NULL, 0);
		return;
	}
	r->token[r->tokens] = id;
	r->token_length[r->tokens++] = h->length_high ? UINT16_MAX : h->length;
}

static void on_interrupt(void *priv, uint64_t id, struct usb_redir_interrupt_packet_header *h,
			 uint8_t *data, int length)
{
	struct hp_usbredir *r = priv;
	enum hp_ep ep = by_address(h->endpoint);
	struct hp_redir_out *out;

	if (!r->configured || (ep != HP_EP_KILL && ep != HP_EP_LEASE) || length > MNP_KILL_MAXP ||
	    r->out[ep].waiting == HP_TOKENS_MAX) {
		h->status = usb_redir_inval;
		h->length = 0;
		usbredirparser_send_interrupt_packet(r->parser, id, h, NULL, 0);
	} else {
		out = &r->out[ep];
		out->packet[out->waiting].id = id;
		out->packet[out->waiting].length = (size_t)length;
		if (length)
			memcpy(out->packet[out->waiting].data, data, (size_t)length);
		out->waiting++;
		/* at once: the packet's stamp is of its arrival */
		pump_out(r, ep);
	}
	usbredirparser_free_packet_data(r->parser, data);
}

static void on_cancel(void *priv, uint64_t id)
{
	struct hp_usbredir *r = priv;

	/* one that is not there was answered before the cancel came */
	for (unsigned int i = 0; i < r->tokens; i++) {
		if (r->token[i] != id)
			continue;
		answer_bulk(r, id, usb_redir_cancelled, NULL, 0);
		drop_token(r, i);
		return;
	}
}

static void receiving(struct hp_usbredir *r, uint64_t id, uint8_t endpoint, bool on)
{
	struct usb_redir_interrupt_receiving_status_header h = {
		.endpoint = endpoint,
		.status = usb_redir_success,
	};

	if (by_address(endpoint) == HP_EP_STATUS && r->configured)
		r->receiving = on;
	else if (on)
		h.status = usb_redir_inval;
	usbredirparser_send_interrupt_receiving_status(r->parser, id, &h);
}

static void on_start_receiving(void *priv, uint64_t id,
			       struct usb_redir_start_interrupt_receiving_header *h)
{
	receiving(priv, id, h->endpoint, true);
}

static void on_stop_receiving(void *priv, uint64_t id,
			      struct usb_redir_stop_interrupt_receiving_header *h)
{
	receiving(priv, id, h->endpoint, false);
}

static void send_endpoints(struct hp_usbredir *r)
{
	struct usb_redir_ep_info_header h = { 0 };

	memset(h.type, usb_redir_type_invalid, sizeof(h.type));
	h.type[0] = usb_redir_type_control;
	h.type[TABLE_IN] = usb_redir_type_control;
	for (int i = 0; i < HP_EPS; i++) {
		const struct hp_endpoint_fact *e = &hp_endpoint_facts[i];
		unsigned int at = e->address & USB_ENDPOINT_NUMBER_MASK;

		if (e->address & USB_DIR_IN)
			at += TABLE_IN;
		h.type[at] = e->type;
		h.interval[at] = e->interval;
		h.max_packet_size[at] = hp_endpoint_maxp(e, r->high_speed);
	}
	usbredirparser_send_ep_info(r->parser, &h);
}

static void on_set_configuration(void *priv, uint64_t id,
				 struct usb_redir_set_configuration_header *set)
{
	struct hp_usbredir *r = priv;
	struct usb_redir_configuration_status_header h = {
		.status = usb_redir_success,
		.configuration = set->configuration,
	};

	if (set->configuration > HP_CONFIGURATION) {
		h.status = usb_redir_stall;
		h.configuration = r->configured ? HP_CONFIGURATION : 0;
	} else {
		hp_redir_configure(r, set->configuration);
		send_endpoints(r);
	}
	usbredirparser_send_configuration_status(r->parser, id, &h);
}

static void on_get_configuration(void *priv, uint64_t id)
{
	struct hp_usbredir *r = priv;
	struct usb_redir_configuration_status_header h = {
		.status = usb_redir_success,
		.configuration = r->configured ? HP_CONFIGURATION : 0,
	};

	usbredirparser_send_configuration_status(r->parser, id, &h);
}

static void on_set_alternate(void *priv, uint64_t id, struct usb_redir_set_alt_setting_header *set)
{
	struct hp_usbredir *r = priv;
	struct usb_redir_alt_setting_status_header h = { .status = usb_redir_success };

	/* the only one; to select it starts the endpoints anew */
	if (set->interface || set->alt || !r->configured)
		h.status = usb_redir_stall;
	else
		hp_redir_configure(r, true);
	usbredirparser_send_alt_setting_status(r->parser, id, &h);
}

static void on_get_alternate(void *priv, uint64_t id, struct usb_redir_get_alt_setting_header *get)
{
	struct hp_usbredir *r = priv;
	struct usb_redir_alt_setting_status_header h = {
		.status = get->interface ? usb_redir_inval : usb_redir_success,
	};

	usbredirparser_send_alt_setting_status(r->parser, id, &h);
}

static void on_start_iso(void *priv, uint64_t id, struct usb_redir_start_iso_stream_header *start)
{
	struct hp_usbredir *r = priv;
	struct usb_redir_iso_stream_status_header h = {
		.status = usb_redir_inval,
		.endpoint = start->endpoint,
	};

	usbredirparser_send_iso_stream_status(r->parser, id, &h);
}

static void on_stop_iso(void *priv, uint64_t id, struct usb_redir_stop_iso_stream_header *stop)
{
	struct hp_usbredir *r = priv;
	struct usb_redir_iso_stream_status_header h = {
		.status = usb_redir_success,
		.endpoint = stop->endpoint,
	};

	usbredirparser_send_iso_stream_status(r->parser, id, &h);
}

static void on_iso(void *priv, uint64_t id, struct usb_redir_iso_packet_header *h, uint8_t *data,
		   int length)
{
	struct hp_usbredir *r = priv;

	(void)id;
	(void)h;
	(void)length;
	usbredirparser_free_packet_data(r->parser, data);
}

static void on_reset(void *priv)
{
	struct hp_usbredir *r = priv;

	hp_trace(r->bus.fw->trace, hp_mono_ns(), "usb_reset", "\"configured\":%s",
		 r->configured ? "true" : "false");
	hp_redir_configure(r, false);
}

void hp_redir_connect(struct hp_usbredir *r)
{
	struct usb_redir_interface_info_header interfaces = {
		.interface_count = 1,
		.interface_class = { MNP_USB_CLASS },
		.interface_subclass = { MNP_USB_SUBCLASS },
		.interface_protocol = { MNP_USB_INTERFACE_PROTOCOL },
	};
	struct usb_redir_device_connect_header device = {
		.speed = r->high_speed ? usb_redir_speed_high : usb_redir_speed_full,
		.vendor_id = MNP_USB_VENDOR,
		.product_id = MNP_USB_PRODUCT,
		.device_version_bcd = HP_DEVICE_RELEASE,
	};

	send_endpoints(r);
	usbredirparser_send_interface_info(r->parser, &interfaces);
	usbredirparser_send_device_connect(r->parser, &device);
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
	struct hp_usbredir *r = priv;

	hp_trace(r->bus.fw->trace, hp_mono_ns(), "usb_peer", "\"version\":\"%.63s\"",
		 hello->version);
	r->hello = true;
	if (r->plugged)
		hp_redir_connect(r);
}

void hp_redir_pump(struct hp_usbredir *r)
{
	for (int ep = 0; ep < HP_EPS; ep++) {
		pump_out(r, (enum hp_ep)ep);
		pump_in(r, (enum hp_ep)ep);
	}
}

void hp_redir_init(struct hp_usbredir *r)
{
	r->bus.front = (struct hp_front){
		.ctx = r,
		.submit = front_submit,
		.cancel = front_cancel,
		.nak = front_nak,
		.disconnect = front_disconnect,
	};
}

void hp_redir_listen(struct usbredirparser *p)
{
	p->hello_func = on_hello;
	p->reset_func = on_reset;
	p->set_configuration_func = on_set_configuration;
	p->get_configuration_func = on_get_configuration;
	p->set_alt_setting_func = on_set_alternate;
	p->get_alt_setting_func = on_get_alternate;
	p->start_iso_stream_func = on_start_iso;
	p->stop_iso_stream_func = on_stop_iso;
	p->start_interrupt_receiving_func = on_start_receiving;
	p->stop_interrupt_receiving_func = on_stop_receiving;
	p->cancel_data_packet_func = on_cancel;
	p->control_packet_func = on_control;
	p->bulk_packet_func = on_bulk;
	p->iso_packet_func = on_iso;
	p->interrupt_packet_func = on_interrupt;
}
