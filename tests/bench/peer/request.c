// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests on endpoint 0. They are asynchronous, too: a thread that waited in libusb itself would at
 * times handle the events of all endpoints, with the priority of one that may wait.
 */
#include <asm/byteorder.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "peer.h"

#define REQUEST_MS 50
#define DECIDE_MS 100
#define CONFIRM_MS 400
#define POLL_NS 2000000
#define NS_PER_MS 1000000ULL
#define DATA_MAX 256
#define OUT_REQUEST 0x41
#define IN_REQUEST 0xc1

static void LIBUSB_CALL request_done(struct libusb_transfer *transfer)
{
	struct peer *p = transfer->user_data;

	sem_post(&p->request_done);
}

void peer_request_init(struct peer *p)
{
	u8 *buffer = calloc(1, LIBUSB_CONTROL_SETUP_SIZE + DATA_MAX);

	p->request = libusb_alloc_transfer(0);
	if (!p->request || !buffer || sem_init(&p->request_done, 0, 0))
		err(1, "requests");
	libusb_fill_control_transfer(p->request, p->device, buffer, request_done, p, REQUEST_MS);
}

static void rest(void)
{
	const struct timespec time = { .tv_nsec = POLL_NS };

	nanosleep(&time, NULL);
}

/* One transfer; the data's bytes, or -errno */
static int transfer(struct peer *p, u8 type, u8 request, u16 value, u16 size)
{
	struct libusb_transfer *t = p->request;

	libusb_fill_control_setup(t->buffer, type, request, value, 0, size);
	t->length = (int)LIBUSB_CONTROL_SETUP_SIZE + size;
	if (libusb_submit_transfer(t))
		return -EIO;
	while (sem_wait(&p->request_done) && errno == EINTR)
		;
	if (t->status == LIBUSB_TRANSFER_TIMED_OUT)
		return -ETIMEDOUT;
	return t->status == LIBUSB_TRANSFER_COMPLETED ? t->actual_length : -EIO;
}

static int request_in(struct peer *p, u8 request, void *answer, u16 size)
{
	int got = transfer(p, IN_REQUEST, request, 0, size);

	if (got < 0)
		return got;
	if (got != size)
		return -EPROTO;
	memcpy(answer, libusb_control_transfer_get_data(p->request), size);
	return 0;
}

static int ask_result(struct peer *p, u8 request, u8 *result)
{
	struct mnp_result answer;
	u16 tag;
	u8 of;
	int failed = request_in(p, MNP_REQ_RESULT, &answer, sizeof(answer));

	if (failed)
		return failed;
	if (mnp_parse_result(&answer, sizeof(answer), &of, &tag, result) ||
	    (*result != MNP_RESULT_PENDING && (of != request || tag != p->tag)))
		return -EPROTO;
	return 0;
}

static int request_out(struct peer *p, u8 request, const void *data, u16 size)
{
	u64 end = peer_now() + DECIDE_MS * NS_PER_MS;
	u8 result = MNP_RESULT_OK;
	int failed;

	if (!++p->tag)
		p->tag = 1;
	if (size)
		memcpy(libusb_control_transfer_get_data(p->request), data, size);
	failed = transfer(p, OUT_REQUEST, request, p->tag, size);
	if (failed < 0)
		return failed;
	for (;;) {
		failed = ask_result(p, request, &result);
		if (failed || result != MNP_RESULT_PENDING)
			break;
		if (peer_now() > end)
			return -ETIMEDOUT;
		rest();
	}
	if (!failed && result != MNP_RESULT_OK)
		failed = -EREMOTEIO;
	return failed;
}

static struct mnp_header header(u8 type, u16 size)
{
	return (struct mnp_header){ type, MNP_VERSION, cpu_to_le16(size) };
}

int peer_identify(struct peer *p, struct mn_caps *caps, u32 *last_epoch)
{
	struct mnp_identity identity;
	struct mnp_identify answer;
	const char *why;
	int failed = request_in(p, MNP_REQ_IDENTIFY, &answer, sizeof(answer));

	if (failed)
		return failed;
	if (mnp_parse_identify(&answer, sizeof(answer), caps, &identity) ||
	    mn_safety_check_caps(caps, &why))
		return -EPROTO;
	*last_epoch = identity.last_epoch;
	return 0;
}

int peer_start(struct peer *p, const struct mn_order *order)
{
	struct mnp_start packet = {
		.header = header(MNP_TYPE_START, sizeof(packet)),
		.epoch = cpu_to_le32(order->epoch),
		.depth_um = cpu_to_le32(order->depth.um),
		.rate_mhz = cpu_to_le32(order->rate.mhz),
		.strokes = cpu_to_le32(order->dose.strokes),
		.run_ms = cpu_to_le32(order->run.ms),
	};

	return request_out(p, MNP_REQ_START, &packet, sizeof(packet));
}

static int report_status(struct peer *p, struct mn_report *report)
{
	struct mnp_status answer;
	int failed = request_in(p, MNP_REQ_STATUS, &answer, sizeof(answer));

	if (failed)
		return failed;
	pthread_mutex_lock(&p->lock);
	peer_take_status(p, &answer, sizeof(answer), report);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

int peer_stop(struct peer *p, u32 epoch)
{
	struct mnp_stop packet = { .header = header(MNP_TYPE_STOP, sizeof(packet)),
				   .epoch = cpu_to_le32(epoch) };
	u64 end = peer_now() + CONFIRM_MS * NS_PER_MS;
	struct mn_report report = { .idle = false };
	int failed = request_out(p, MNP_REQ_STOP, &packet, sizeof(packet));

	while (!failed) {
		failed = report_status(p, &report);
		if (failed || (report.idle && (report.inputs & MN_INPUT_HOME) &&
			       (s32)(report.epoch - epoch) >= 0))
			break;
		if (peer_now() > end)
			return -ETIMEDOUT;
		rest();
	}
	return failed;
}

int peer_read_tag(struct peer *p, struct mn_tag *tag)
{
	struct mnp_cartridge answer;
	int failed = request_in(p, MNP_REQ_CARTRIDGE, &answer, sizeof(answer));

	if (failed)
		return failed;
	return mnp_parse_cartridge(&answer, sizeof(answer), tag) ? -EPROTO : 0;
}

int peer_mark(struct peer *p, u64 uid, const u8 *treatment)
{
	struct mnp_mark packet = { .header = header(MNP_TYPE_MARK, sizeof(packet)),
				   .uid = cpu_to_le64(uid) };

	memcpy(packet.treatment, treatment, sizeof(packet.treatment));
	return request_out(p, MNP_REQ_MARK, &packet, sizeof(packet));
}

int peer_clear(struct peer *p, u64 faults)
{
	struct mnp_clear packet = { .header = header(MNP_TYPE_CLEAR, sizeof(packet)),
				    .faults = cpu_to_le32(mnp_own_faults(faults)) };
	struct mn_report report;
	int failed = request_out(p, MNP_REQ_CLEAR, &packet, sizeof(packet));
	int unheard = report_status(p, &report);

	return unheard ? unheard : failed;
}

int peer_self_test(struct peer *p)
{
	struct mn_report report;
	int failed = request_out(p, MNP_REQ_SELF_TEST, NULL, 0);
	int unheard = report_status(p, &report);

	return unheard ? unheard : failed;
}
