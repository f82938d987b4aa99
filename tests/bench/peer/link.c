// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The endpoints: kill, lease, and what the handpiece reports. Every transfer is made ready at the
 * start; a stop is sent from the callback of the transfer that brought the reason for it.
 */
#include <asm/byteorder.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../stuck.h"
#include "peer.h"

#define KILL_TRIES 3
#define US_PER_S 1000000
#define NS_PER_US 1000
#define DRIFT_PPM 200

/* ---- the handpiece's clock, as in the driver ---- */

static void clock_sample(struct peer *p, u64 now_us, u64 device_us)
{
	s64 sample = (s64)(now_us - device_us);
	s64 creep = ((s64)now_us - p->clock_at_us) * DRIFT_PPM / US_PER_S;

	if (!p->clock_valid || sample < p->clock_us + creep)
		p->clock_us = sample;
	else
		p->clock_us += creep;
	p->clock_at_us = (s64)now_us;
	p->clock_valid = true;
}

static u32 clock_age_us(const struct peer *p, u64 now_us, u64 device_us)
{
	s64 age = (s64)(now_us - device_us) - p->clock_us;

	if (age < 0)
		return 0;
	return age > UINT32_MAX ? UINT32_MAX : (u32)age;
}

static bool out_of_date(struct peer *p, const struct mn_report *report, u32 number)
{
	if (p->boot_id != report->boot_id)
		p->clock_valid = false;
	if (p->clock_valid && (s32)(number - p->status_number) < 0)
		return true;
	p->status_number = number;
	p->boot_id = report->boot_id;
	return false;
}

/* ---- what it sends ---- */

static void bad_packet(struct peer *p, enum mnp_check check, u8 type)
{
	struct mn_stimulus fail = { .type = MN_HAPPENS_FAIL, .code = MN_FAULT_PROTOCOL };

	fail.detail[0] = (s32)check;
	fail.detail[1] = type;
	peer_step(p, &fail, NULL);
}

void peer_take_status(struct peer *p, const void *data, size_t size, struct mn_report *report)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_REPORT };
	enum mnp_check check;
	u64 time_us;
	u32 number;

	check = mnp_parse_status(data, size, report, &number, &time_us);
	if (check) {
		bad_packet(p, check, MNP_TYPE_STATUS);
		return;
	}
	if (out_of_date(p, report, number))
		return;
	clock_sample(p, peer_now() / NS_PER_US, time_us);
	what.report = *report;
	peer_step(p, &what, NULL);
}

static void take_strokes(struct peer *p, const void *data, size_t size)
{
	u64 times_us[MNP_STROKES_MAX], time_us, now = peer_now() / NS_PER_US;
	struct mn_stimulus what = { .type = MN_HAPPENS_STROKE };
	struct mn_stroke strokes[MNP_STROKES_MAX];
	enum mnp_check check;
	unsigned int count;

	check = mnp_parse_strokes(data, size, strokes, times_us, &count, &time_us);
	if (check) {
		bad_packet(p, check, MNP_TYPE_STROKES);
		return;
	}
	clock_sample(p, now, time_us);
	for (unsigned int i = 0; i < count; i++) {
		what.stroke = strokes[i];
		what.stroke.age_us = clock_age_us(p, now, times_us[i]);
		peer_step(p, &what, NULL);
	}
}

static void LIBUSB_CALL in_done(struct libusb_transfer *transfer)
{
	struct peer *p = transfer->user_data;
	struct mn_report report;

	if (transfer->status == LIBUSB_TRANSFER_NO_DEVICE)
		errx(1, "the handpiece is gone");
	pthread_mutex_lock(&p->lock);
	stuck_if_asked();
	if (transfer->status != LIBUSB_TRANSFER_COMPLETED)
		bad_packet(p, MNP_CHECK_SHORT, transfer->endpoint);
	else if (transfer->endpoint == p->ep_status)
		peer_take_status(p, transfer->buffer, (size_t)transfer->actual_length, &report);
	else
		take_strokes(p, transfer->buffer, (size_t)transfer->actual_length);
	pthread_mutex_unlock(&p->lock);
	if (libusb_submit_transfer(transfer))
		errx(1, "the handpiece cannot be heard any more");
}

void peer_listen(struct peer *p)
{
	for (int i = 0; i < PEER_IN_TRANSFERS; i++)
		if (libusb_submit_transfer(p->status[i]) || libusb_submit_transfer(p->strokes[i]))
			errx(1, "the handpiece cannot be heard");
}

/* ---- kill and lease ---- */

static int kill_submit(struct peer *p)
{
	struct peer_out *out = &p->kill;
	struct mnp_stop *packet = (struct mnp_stop *)(void *)out->transfer->buffer;
	int failed;

	packet->epoch = cpu_to_le32(out->epoch);
	failed = libusb_submit_transfer(out->transfer);
	out->busy = !failed;
	out->again = false;
	return failed ? -EIO : 0;
}

int peer_kill(struct peer *p, u32 epoch)
{
	p->kill.epoch = epoch;
	p->kill.tries = 0;
	if (!p->kill.busy)
		return kill_submit(p);
	p->kill.again = true;
	return 0;
}

static void LIBUSB_CALL kill_done(struct libusb_transfer *transfer)
{
	struct mn_stimulus fail = { .type = MN_HAPPENS_FAIL, .code = MN_FAULT_TRANSPORT };
	struct peer *p = transfer->user_data;
	bool failed = transfer->status != LIBUSB_TRANSFER_COMPLETED;

	pthread_mutex_lock(&p->lock);
	p->kill.busy = false;
	if (failed && ++p->kill.tries < KILL_TRIES)
		p->kill.again = true;
	if (p->kill.again)
		failed = kill_submit(p) != 0;
	if (failed)
		peer_step(p, &fail, NULL);
	pthread_mutex_unlock(&p->lock);
}

int peer_lease(struct peer *p, u32 epoch)
{
	struct mnp_lease *packet = (struct mnp_lease *)(void *)p->lease.transfer->buffer;

	if (p->lease.busy)
		return 0;
	packet->epoch = cpu_to_le32(epoch);
	packet->number = cpu_to_le32(++p->lease.number);
	if (libusb_submit_transfer(p->lease.transfer))
		return -EIO;
	p->lease.busy = true;
	return 0;
}

static void LIBUSB_CALL lease_done(struct libusb_transfer *transfer)
{
	struct peer *p = transfer->user_data;

	pthread_mutex_lock(&p->lock);
	p->lease.busy = false;
	pthread_mutex_unlock(&p->lock);
}

/* ---- making ready ---- */

static struct libusb_transfer *new_transfer(struct peer *p, u8 endpoint, u8 type, int size,
					    libusb_transfer_cb_fn done)
{
	struct libusb_transfer *transfer = libusb_alloc_transfer(0);
	u8 *buffer = calloc(1, (size_t)size);

	if (!transfer || !buffer)
		err(1, "transfers");
	libusb_fill_interrupt_transfer(transfer, p->device, endpoint, buffer, size, done, p, 0);
	transfer->type = type;
	return transfer;
}

static void begin_packet(struct libusb_transfer *transfer, u8 type, u16 size)
{
	struct mnp_header *header = (struct mnp_header *)(void *)transfer->buffer;

	header->type = type;
	header->version = MNP_VERSION;
	header->length = cpu_to_le16(size);
}

static void find_endpoints(struct peer *p)
{
	struct libusb_config_descriptor *config;
	const struct libusb_interface_descriptor *i;

	if (libusb_get_active_config_descriptor(libusb_get_device(p->device), &config))
		errx(1, "the handpiece has no configuration");
	i = &config->interface[0].altsetting[0];
	for (int n = 0; n < i->bNumEndpoints; n++) {
		u8 address = i->endpoint[n].bEndpointAddress;
		bool bulk = (i->endpoint[n].bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) ==
			    LIBUSB_TRANSFER_TYPE_BULK;

		if (bulk)
			p->ep_strokes = address;
		else if (address & LIBUSB_ENDPOINT_IN)
			p->ep_status = address;
		else if (!p->ep_kill)
			p->ep_kill = address;
		else
			p->ep_lease = address;
	}
	libusb_free_config_descriptor(config);
	if (!p->ep_kill || !p->ep_lease || !p->ep_status || !p->ep_strokes)
		errx(1, "its endpoints are not those of a handpiece");
}

void peer_link_init(struct peer *p)
{
	find_endpoints(p);
	for (int i = 0; i < PEER_IN_TRANSFERS; i++) {
		p->status[i] = new_transfer(p, p->ep_status, LIBUSB_TRANSFER_TYPE_INTERRUPT,
					    MNP_STATUS_MAXP, in_done);
		p->strokes[i] = new_transfer(p, p->ep_strokes, LIBUSB_TRANSFER_TYPE_BULK,
					     MNP_STROKES_MAXP, in_done);
	}
	p->kill.transfer = new_transfer(p, p->ep_kill, LIBUSB_TRANSFER_TYPE_INTERRUPT,
					sizeof(struct mnp_stop), kill_done);
	p->lease.transfer = new_transfer(p, p->ep_lease, LIBUSB_TRANSFER_TYPE_INTERRUPT,
					 sizeof(struct mnp_lease), lease_done);
	begin_packet(p->kill.transfer, MNP_TYPE_STOP, sizeof(struct mnp_stop));
	begin_packet(p->lease.transfer, MNP_TYPE_LEASE, sizeof(struct mnp_lease));
}
