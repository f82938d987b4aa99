// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The wire from the host's side, without the driver: libusb speaks usb_protocol.md to a handpiece
 * that runs in the same kernel, and its control socket is the world around it. Prints what it
 * measured; exit status 0 only if every step did what the protocol says.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <libusb-1.0/libusb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "usb_protocol.h"

#define TIMEOUT_MS 1000
#define IN_TRANSFERS 4
#define MS UINT64_C(1000000)

static libusb_context *usb;
static libusb_device_handle *device;
static uint8_t ep_kill, ep_lease, ep_status, ep_strokes;
static int control = -1;
static uint16_t tag;
static uint32_t epoch, lease_number;

static struct {
	struct libusb_transfer *in[2][IN_TRANSFERS];
	uint8_t buffer[2][IN_TRANSFERS][MNP_STROKES_MAXP];
	int in_flight;
	bool closing, gone;
	struct mnp_status status;
	unsigned int statuses, strokes, gaps;
	uint32_t samples; /* of the waveform: the number that comes next */
	uint32_t lost, highest_um;
	uint16_t tag;
	uint32_t last_stroke, deepest_um, shortest_us, kill_above_um;
	uint64_t report_ns, kill_ns;
} host;

static struct libusb_transfer *kill_transfer;
static struct mnp_stop kill_packet;

#define CHECK(condition) check(condition, #condition, __LINE__)

static void check(bool ok, const char *what, int line)
{
	if (ok)
		return;
	fprintf(stderr, "wire_test.c:%d: not so: %s\n", line, what);
	exit(1);
}

static uint64_t mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The control socket; text search serves for the few answers that are looked at */
static const char *command(const char *text)
{
	static char answer[65536];
	size_t length = 0;
	ssize_t n;

	CHECK(write(control, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(write(control, "\n", 1) == 1);
	do {
		n = read(control, answer + length, sizeof(answer) - 1 - length);
		CHECK(n > 0);
		length += (size_t)n;
	} while (answer[length - 1] != '\n');
	answer[length] = '\0';
	if (!strstr(answer, "\"ok\":true"))
		fprintf(stderr, "%s -> %s", text, answer);
	CHECK(strstr(answer, "\"ok\":true") != NULL);
	return answer;
}

static uint64_t member(const char *answer, const char *object, const char *key)
{
	char name[64];
	const char *at = answer;

	if (object) {
		snprintf(name, sizeof(name), "\"%s\":{", object);
		at = strstr(answer, name);
		CHECK(at != NULL);
	}
	snprintf(name, sizeof(name), "\"%s\":", key);
	at = strstr(at, name);
	CHECK(at != NULL);
	return strtoull(at + strlen(name), NULL, 10);
}

static struct mnp_header header(uint8_t type, size_t size)
{
	return (struct mnp_header){ type, MNP_VERSION, htole16((uint16_t)size) };
}

static void LIBUSB_CALL kill_done(struct libusb_transfer *t)
{
	CHECK(t->status == LIBUSB_TRANSFER_COMPLETED || host.gone);
	host.kill_ns = mono_ns();
}

static void submit_kill(void)
{
	kill_packet = (struct mnp_stop){ .header = header(MNP_TYPE_STOP, sizeof(kill_packet)),
					 .epoch = htole32(++epoch) };
	libusb_fill_interrupt_transfer(kill_transfer, device, ep_kill, (uint8_t *)&kill_packet,
				       sizeof(kill_packet), kill_done, NULL, TIMEOUT_MS);
	CHECK(!libusb_submit_transfer(kill_transfer));
}

static void strokes(const uint8_t *data, int length)
{
	struct mnp_strokes head;
	struct mnp_stroke s;

	CHECK(length >= (int)sizeof(head));
	memcpy(&head, data, sizeof(head));
	CHECK(head.header.type == MNP_TYPE_STROKES && head.header.version == MNP_VERSION);
	CHECK(le16toh(head.header.length) == length);
	CHECK(length == (int)(sizeof(head) + le16toh(head.count) * sizeof(s)));
	for (int i = 0; i < le16toh(head.count); i++) {
		memcpy(&s, data + sizeof(head) + (size_t)i * sizeof(s), sizeof(s));
		if (host.strokes && le32toh(s.number) != host.last_stroke + 1)
			host.gaps++;
		host.last_stroke = le32toh(s.number);
		host.strokes++;
		if (le32toh(s.depth_um) > host.deepest_um)
			host.deepest_um = le32toh(s.depth_um);
		if (s.period_us && le32toh(s.period_us) < host.shortest_us)
			host.shortest_us = le32toh(s.period_us);
		if (host.kill_above_um && le32toh(s.depth_um) > host.kill_above_um) {
			host.kill_above_um = 0;
			host.report_ns = mono_ns();
			submit_kill();
		}
	}
}

static void waveform(const uint8_t *data, int length)
{
	struct mnp_waveform w;
	struct mnp_sample s;

	CHECK(length >= (int)sizeof(w));
	memcpy(&w, data, sizeof(w));
	CHECK(w.header.version == MNP_VERSION && le16toh(w.header.length) == length);
	CHECK(length == (int)(sizeof(w) + le16toh(w.count) * sizeof(s)));
	CHECK(le16toh(w.tag) == host.tag && le32toh(w.period_ns) == 50000);
	CHECK(le32toh(w.number) >= host.samples);
	host.lost += le32toh(w.number) - host.samples;
	host.samples = le32toh(w.number) + le16toh(w.count);
	for (size_t i = 0; i < le16toh(w.count); i++) {
		memcpy(&s, data + sizeof(w) + i * sizeof(s), sizeof(s));
		if (le16toh(s.position_um) > host.highest_um)
			host.highest_um = le16toh(s.position_um);
	}
}

static void LIBUSB_CALL in_done(struct libusb_transfer *t)
{
	if (t->status == LIBUSB_TRANSFER_NO_DEVICE || t->status == LIBUSB_TRANSFER_ERROR ||
	    t->status == LIBUSB_TRANSFER_STALL)
		host.gone = true;
	if (t->status == LIBUSB_TRANSFER_COMPLETED && t->endpoint == ep_status) {
		CHECK(t->actual_length == (int)sizeof(host.status));
		memcpy(&host.status, t->buffer, sizeof(host.status));
		CHECK(host.status.header.type == MNP_TYPE_STATUS);
		host.statuses++;
	} else if (t->status == LIBUSB_TRANSFER_COMPLETED && t->buffer[0] == MNP_TYPE_WAVEFORM) {
		waveform(t->buffer, t->actual_length);
	} else if (t->status == LIBUSB_TRANSFER_COMPLETED) {
		strokes(t->buffer, t->actual_length);
	}
	if (host.closing || host.gone || libusb_submit_transfer(t))
		host.in_flight--;
}

static void handle_for(uint64_t ns)
{
	uint64_t end = mono_ns() + ns, now;

	while ((now = mono_ns()) < end) {
		struct timeval left = { .tv_usec = (suseconds_t)((end - now) / 1000 + 1) };

		libusb_handle_events_timeout(usb, &left);
	}
}

static void renew(void)
{
	struct mnp_lease l = { .header = header(MNP_TYPE_LEASE, sizeof(l)),
			       .epoch = htole32(epoch),
			       .number = htole32(++lease_number) };
	int sent;

	CHECK(!libusb_interrupt_transfer(device, ep_lease, (uint8_t *)&l, sizeof(l), &sent,
					 TIMEOUT_MS));
	CHECK(sent == sizeof(l));
}

static void lease_for(unsigned int ms)
{
	for (unsigned int t = 0; t < ms; t += 25) {
		renew();
		handle_for(25 * MS);
	}
}

static bool wait_state(uint8_t state, unsigned int ms)
{
	for (unsigned int t = 0; t < ms; t++) {
		if (host.statuses && host.status.state == state)
			return true;
		handle_for(MS);
	}
	return false;
}

static void ask(uint8_t request, void *answer, uint16_t size)
{
	CHECK(libusb_control_transfer(device, 0xc1, request, 0, 0, answer, size, TIMEOUT_MS) ==
	      size);
}

static uint8_t tell(uint8_t request, const void *data, size_t size)
{
	struct mnp_result r;

	if (!++tag)
		tag = 1;
	CHECK(libusb_control_transfer(device, 0x41, request, tag, 0, (uint8_t *)data,
				      (uint16_t)size, TIMEOUT_MS) == (int)size);
	for (int i = 0; i < 60; i++) {
		ask(MNP_REQ_RESULT, &r, sizeof(r));
		CHECK(r.header.type == MNP_TYPE_RESULT && le16toh(r.tag) == tag &&
		      r.request == request);
		if (r.result != MNP_RESULT_PENDING)
			return r.result;
		handle_for(MS);
	}
	return MNP_RESULT_PENDING;
}

static uint8_t stop(void)
{
	struct mnp_stop s = { .header = header(MNP_TYPE_STOP, sizeof(s)),
			      .epoch = htole32(++epoch) };

	return tell(MNP_REQ_STOP, &s, sizeof(s));
}

static uint8_t start(uint32_t depth_um, uint32_t rate_mhz, uint32_t count)
{
	struct mnp_start s = { .header = header(MNP_TYPE_START, sizeof(s)),
			       .epoch = htole32(epoch),
			       .depth_um = htole32(depth_um),
			       .rate_mhz = htole32(rate_mhz),
			       .strokes = htole32(count),
			       .run_ms = htole32(60000) };

	return tell(MNP_REQ_START, &s, sizeof(s));
}

static uint8_t clear(uint32_t faults)
{
	struct mnp_clear c = { .header = header(MNP_TYPE_CLEAR, sizeof(c)),
			       .faults = htole32(faults) };

	return tell(MNP_REQ_CLEAR, &c, sizeof(c));
}

static uint8_t capture(uint32_t rate_hz, uint32_t samples)
{
	struct mnp_capture c = { .header = header(MNP_TYPE_CAPTURE, sizeof(c)),
				 .rate_hz = htole32(rate_hz),
				 .samples = htole32(samples) };

	return tell(MNP_REQ_CAPTURE, &c, sizeof(c));
}

static void begin_capture(uint32_t samples)
{
	host.samples = 0;
	host.lost = 0;
	host.highest_um = 0;
	/* its blocks may come before its outcome */
	host.tag = (uint16_t)(tag + 1);
	CHECK(capture(20000, samples) == MNP_RESULT_OK);
}

static void find_endpoints(void)
{
	struct libusb_config_descriptor *config;
	const struct libusb_interface_descriptor *i;
	uint8_t out[2] = { 0 };
	int outs = 0;

	CHECK(!libusb_get_active_config_descriptor(libusb_get_device(device), &config));
	i = &config->interface[0].altsetting[0];
	CHECK(i->bInterfaceClass == MNP_USB_CLASS && i->bInterfaceSubClass == MNP_USB_SUBCLASS &&
	      i->bInterfaceProtocol == MNP_USB_INTERFACE_PROTOCOL && i->bNumEndpoints == 4);
	for (int n = 0; n < i->bNumEndpoints; n++) {
		const struct libusb_endpoint_descriptor *e = &i->endpoint[n];
		int type = e->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK;

		if (type == LIBUSB_TRANSFER_TYPE_BULK) {
			CHECK(e->bEndpointAddress & LIBUSB_ENDPOINT_IN);
			ep_strokes = e->bEndpointAddress;
		} else if (e->bEndpointAddress & LIBUSB_ENDPOINT_IN) {
			CHECK(e->wMaxPacketSize == MNP_STATUS_MAXP && e->bInterval == 1);
			ep_status = e->bEndpointAddress;
		} else {
			CHECK(outs < 2 && e->wMaxPacketSize == 16 && e->bInterval == 1);
			out[outs++] = e->bEndpointAddress;
		}
	}
	CHECK(outs == 2 && ep_status && ep_strokes);
	ep_kill = out[0];
	ep_lease = out[1];
	libusb_free_config_descriptor(config);
}

static void attach(void)
{
	struct mnp_identify id;
	struct libusb_device_descriptor d;
	char serial[64];

	for (int t = 0; t < 5000 && !device; t += 20) {
		device = libusb_open_device_with_vid_pid(usb, MNP_USB_VENDOR, MNP_USB_PRODUCT);
		if (!device)
			handle_for(20 * MS);
	}
	CHECK(device != NULL);
	libusb_set_auto_detach_kernel_driver(device, 1);
	CHECK(!libusb_claim_interface(device, 0));
	find_endpoints();
	memset(&host, 0, sizeof(host));
	host.shortest_us = UINT32_MAX;

	ask(MNP_REQ_IDENTIFY, &id, sizeof(id));
	CHECK(id.header.type == MNP_TYPE_IDENTIFY && le16toh(id.header.length) == sizeof(id));
	CHECK(le32toh(id.magic) == MNP_MAGIC && le16toh(id.version_min) == MNP_VERSION);
	CHECK(!libusb_get_device_descriptor(libusb_get_device(device), &d));
	CHECK(libusb_get_string_descriptor_ascii(device, d.iSerialNumber, (uint8_t *)serial,
						 sizeof(serial)) > 0);
	CHECK(!strncmp(serial, id.serial, sizeof(id.serial)));
	epoch = le32toh(id.last_epoch);
	printf("identified %s, model %s, last epoch %u, faults %#x\n", serial, id.model, epoch,
	       le32toh(id.faults));

	for (int kind = 0; kind < 2; kind++) {
		for (int n = 0; n < IN_TRANSFERS; n++) {
			struct libusb_transfer *t = libusb_alloc_transfer(0);

			host.in[kind][n] = t;
			if (kind)
				libusb_fill_bulk_transfer(t, device, ep_strokes, host.buffer[1][n],
							  MNP_STROKES_MAXP, in_done, NULL, 0);
			else
				libusb_fill_interrupt_transfer(t, device, ep_status,
							       host.buffer[0][n], MNP_STATUS_MAXP,
							       in_done, NULL, 0);
			CHECK(!libusb_submit_transfer(t));
			host.in_flight++;
		}
	}
}

static void detach(void)
{
	host.closing = true;
	for (int i = 0; i < 2 * IN_TRANSFERS; i++)
		libusb_cancel_transfer(host.in[i / IN_TRANSFERS][i % IN_TRANSFERS]);
	for (int t = 0; t < 1000 && host.in_flight; t++)
		handle_for(MS);
	CHECK(!host.in_flight);
	for (int i = 0; i < 2 * IN_TRANSFERS; i++)
		libusb_free_transfer(host.in[i / IN_TRANSFERS][i % IN_TRANSFERS]);
	libusb_release_interface(device, 0);
	libusb_close(device);
	device = NULL;
}

static void test_refusals(void)
{
	CHECK(start(500, 100000, 1000) == MNP_RESULT_NO_STOP_YET);
	CHECK(stop() == MNP_RESULT_OK);
	CHECK(wait_state(MNP_STATE_IDLE, 100) && le32toh(host.status.epoch) == epoch);
	CHECK(start(500, 100000, 1000) == MNP_RESULT_LEASE);
	renew();
	CHECK(start(500, 100000, 1000) == MNP_RESULT_INTERLOCK);
	CHECK(start(1510, 100000, 1000) == MNP_RESULT_LIMIT);
	CHECK(start(500, 151000, 1000) == MNP_RESULT_LIMIT);
	epoch++;
	CHECK(start(500, 100000, 1000) == MNP_RESULT_EPOCH);
	epoch--;
	CHECK(libusb_control_transfer(device, 0xc1, 0x7f, 0, 0, host.buffer[0][0], 8, TIMEOUT_MS) ==
	      LIBUSB_ERROR_PIPE);
	CHECK(libusb_control_transfer(device, 0x41, MNP_REQ_SELF_TEST, 0, 0, NULL, 0, TIMEOUT_MS) ==
	      LIBUSB_ERROR_PIPE);
	CHECK(tell(MNP_REQ_SELF_TEST, NULL, 0) == MNP_RESULT_OK);
	CHECK(wait_state(MNP_STATE_IDLE, 100) &&
	      le32toh(host.status.self_test) == MNP_SELF_TEST_BUSY);
	handle_for(300 * MS);
	CHECK(le32toh(host.status.self_test) == MNP_SELF_TEST_PASSED);
	puts("refusals, stalls and the self-test as the protocol says");
}

static void test_mark(void)
{
	struct mnp_cartridge c;
	struct mnp_mark m = { .header = header(MNP_TYPE_MARK, sizeof(m)),
			      .treatment = "treatment 1" };

	ask(MNP_REQ_CARTRIDGE, &c, sizeof(c));
	CHECK(c.present == 1 && c.mark == MNP_MARK_NONE && le32toh(c.needle_um) == 1500);
	m.uid = c.uid;
	CHECK(tell(MNP_REQ_MARK, &m, sizeof(m)) == MNP_RESULT_OK);
	ask(MNP_REQ_CARTRIDGE, &c, sizeof(c));
	CHECK(c.mark == MNP_MARK_USED && !memcmp(c.treatment, m.treatment, sizeof(m.treatment)));
	m.treatment[0]++;
	CHECK(tell(MNP_REQ_MARK, &m, sizeof(m)) == MNP_RESULT_MARK);
	puts("cartridge marked, read back, and refused to another treatment");
}

static void press(bool on)
{
	command(on ? "{\"cmd\":\"set\",\"input\":\"foot_switch\",\"value\":true}"
		   : "{\"cmd\":\"set\",\"input\":\"foot_switch\",\"value\":false}");
}

static void begin(uint32_t depth_um, uint32_t rate_mhz)
{
	press(true);
	renew();
	CHECK(start(depth_um, rate_mhz, 10000) == MNP_RESULT_OK);
}

static void test_run_and_kill(void)
{
	const char *stats;
	uint64_t from = mono_ns();
	unsigned int most;

	begin(500, 100000);
	lease_for(1000);
	most = (unsigned int)((mono_ns() - from) / (10 * MS)) + 1;
	CHECK(host.status.state == MNP_STATE_RUNNING);
	printf("%u strokes in %u0 ms at 100 Hz, %u gaps, deepest %u um of 500, shortest period %u us\n",
	       host.strokes, most - 1, host.gaps, host.deepest_um, host.shortest_us);
	CHECK(host.strokes > 85 && host.strokes <= most && !host.gaps);
	CHECK(host.deepest_um > 420 && host.deepest_um <= 500 && host.shortest_us >= 10000);
	submit_kill();
	CHECK(wait_state(MNP_STATE_IDLE, 80));
	CHECK(le16toh(host.status.inputs) & MNP_INPUT_HOME && le32toh(host.status.epoch) == epoch);
	stats = command("{\"cmd\":\"stats\"}");
	CHECK(member(stats, "kill", "epoch") == epoch &&
	      member(stats, "kill", "strokes_after") == 0);
	printf("kill: home %" PRIu64 " us after it arrived, no stroke begun after\n",
	       (member(stats, NULL, "home_ns") - member(stats, "kill", "received_ns")) / 1000);
	CHECK(member(stats, NULL, "home_ns") - member(stats, "kill", "received_ns") <= 60 * MS);
}

static void test_trigger(void)
{
	begin(700, 50000);
	lease_for(300);
	press(false);
	CHECK(wait_state(MNP_STATE_IDLE, 80) && !host.status.faults);
	puts("released foot switch stops it");
	CHECK(stop() == MNP_RESULT_OK);
}

static void test_waveform(void)
{
	unsigned int before = host.strokes;

	host.deepest_um = 0;
	begin_capture(10000);
	begin(900, 100000);
	CHECK(capture(20000, 10000) == MNP_RESULT_BUSY);
	lease_for(600);
	CHECK(stop() == MNP_RESULT_OK && wait_state(MNP_STATE_IDLE, 80));
	printf("waveform: %u samples, %u lost, highest %u um of %u um in %u strokes\n",
	       host.samples, host.lost, host.highest_um, host.deepest_um, host.strokes - before);
	CHECK(host.samples == 10000 && !host.lost && !host.gaps && host.strokes > before + 45);
	CHECK(host.highest_um + 2 >= host.deepest_um && host.highest_um <= host.deepest_um);
	begin_capture(MNP_CAPTURE_SAMPLES_MAX);
	handle_for(100 * MS);
	CHECK(host.samples > 1500 && !host.highest_um);
	CHECK(capture(0, 0) == MNP_RESULT_OK);
	/* what it had sent before it answered is there by now */
	handle_for(2 * MS);
	before = host.samples;
	handle_for(200 * MS);
	CHECK(host.samples == before);
	puts("waveform ended: no block after the answer");
}

static void test_lease(void)
{
	const char *stats;

	begin(500, 100000);
	lease_for(300);
	handle_for(200 * MS);
	CHECK(host.status.state == MNP_STATE_FAULT &&
	      le32toh(host.status.faults) == MNP_FAULT_LEASE);
	stats = command("{\"cmd\":\"stats\"}");
	printf("lease: stopped %" PRIu64 " us after the last renewal\n",
	       (member(stats, "lease", "expired_ns") - member(stats, "lease", "renewed_ns")) /
		       1000);
	CHECK(stop() == MNP_RESULT_OK);
	renew();
	CHECK(start(500, 100000, 1000) == MNP_RESULT_FAULT);
	CHECK(clear(MNP_FAULT_LEASE) == MNP_RESULT_OK);
	CHECK(wait_state(MNP_STATE_IDLE, 50));
}

static void test_over_depth(void)
{
	const char *stats;
	uint64_t queued, killed;

	host.kill_above_um = 600;
	begin(500, 100000);
	command("{\"cmd\":\"inject\",\"fault\":\"overshoot\",\"um\":250,\"after_strokes\":20}");
	lease_for(500);
	CHECK(host.report_ns && wait_state(MNP_STATE_IDLE, 100));
	stats = command("{\"cmd\":\"stats\"}");
	queued = member(stats, "over_depth", "completed_ns");
	killed = member(stats, "kill", "received_ns");
	printf("over-depth: report taken -> kill received %" PRIu64 " us, %" PRIu64
	       " stroke(s) begun after the report\n",
	       (killed - queued) / 1000, member(stats, "over_depth", "strokes_after"));
	CHECK(member(stats, "over_depth", "depth_um") == 750);
	CHECK(member(stats, "over_depth", "strokes_after") <= 1);
	CHECK(member(stats, "kill", "strokes_after") == 0);
}

static void test_unplug(void)
{
	begin(500, 100000);
	lease_for(200);
	command("{\"cmd\":\"unplug\"}");
	for (int t = 0; t < 1000 && !host.gone; t++)
		handle_for(MS);
	CHECK(host.gone);
	detach();
	handle_for(200 * MS);
	CHECK(strstr(command("{\"cmd\":\"state\"}"), "\"faults\":[\"lease\"]") != NULL);
	command("{\"cmd\":\"plug\"}");
	attach();
	CHECK(stop() == MNP_RESULT_OK && clear(MNP_FAULT_ALL) == MNP_RESULT_OK);
	puts("unplugged while running: stopped by its lease, the fault is kept, and it is back");
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		 argc > 1 ? argv[1] : "/run/mn-handpiece.sock");
	control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (control < 0 || connect(control, (struct sockaddr *)&address, sizeof(address))) {
		fprintf(stderr, "no handpiece at %s: %s: start mn-handpiece\n", address.sun_path,
			strerror(errno));
		return 2;
	}
	CHECK(!libusb_init(&usb));
	kill_transfer = libusb_alloc_transfer(0);
	attach();
	test_refusals();
	test_mark();
	test_run_and_kill();
	test_trigger();
	test_waveform();
	test_lease();
	test_over_depth();
	test_unplug();
	detach();
	libusb_free_transfer(kill_transfer);
	libusb_exit(usb);
	puts("wire: all as the protocol says");
	return 0;
}
