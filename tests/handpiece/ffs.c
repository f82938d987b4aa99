// SPDX-License-Identifier: GPL-2.0-or-later
#include "ffs.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usb/functionfs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define DATA_MAX 512 /* of a control transfer: far above any request of the protocol */
#define REQUEST_IN 0xc1 /* vendor, interface */
#define REQUEST_OUT 0x41

#define STACK_BYTES 131072

/*
 * A controller with a FIFO takes an IN packet from us long before the host does; dummy_hcd has one
 * such FIFO for all endpoints. It is kept filled by a packet that nobody fetches, on an endpoint
 * of an alternate setting that no host selects: so "sent" means that the host has it, and a stale
 * packet can be taken back.
 */
#define PLUG_ALTERNATE 1

struct descriptors {
	struct usb_functionfs_descs_head_v2 head;
	__le32 fs_count, hs_count;
	struct speed {
		struct usb_interface_descriptor interface;
		struct usb_endpoint_descriptor_no_audio kill, lease, status, strokes;
		struct usb_interface_descriptor alternate;
		struct usb_endpoint_descriptor_no_audio plug;
	} __attribute__((packed)) fs, hs;
} __attribute__((packed));

#define INTERFACE_NAME "microneedling handpiece"

struct strings {
	struct usb_functionfs_strings_head head;
	__le16 language;
	char interface[sizeof(INTERFACE_NAME)];
} __attribute__((packed));

#define DESCRIPTORS_OF_A_SPEED 7

static bool is_out(enum hp_ep ep)
{
	return ep == HP_EP_KILL || ep == HP_EP_LEASE;
}

static struct usb_interface_descriptor interface(uint8_t alternate, uint8_t endpoints)
{
	return (struct usb_interface_descriptor){
		.bLength = USB_DT_INTERFACE_SIZE,
		.bDescriptorType = USB_DT_INTERFACE,
		.bAlternateSetting = alternate,
		.bNumEndpoints = endpoints,
		.bInterfaceClass = MNP_USB_CLASS,
		.bInterfaceSubClass = MNP_USB_SUBCLASS,
		.bInterfaceProtocol = MNP_USB_INTERFACE_PROTOCOL,
		.iInterface = 1,
	};
}

static struct usb_endpoint_descriptor_no_audio endpoint(uint8_t address, uint8_t type,
							uint16_t maxp)
{
	return (struct usb_endpoint_descriptor_no_audio){
		.bLength = USB_DT_ENDPOINT_SIZE,
		.bDescriptorType = USB_DT_ENDPOINT,
		.bEndpointAddress = address,
		.bmAttributes = type,
		.wMaxPacketSize = htole16(maxp),
		.bInterval = type == USB_ENDPOINT_XFER_INT ? 1 : 0,
	};
}

static struct speed speed(uint16_t bulk_maxp)
{
	return (struct speed){
		.interface = interface(0, 4),
		.kill = endpoint(USB_DIR_OUT | 1, USB_ENDPOINT_XFER_INT, MNP_KILL_MAXP),
		.lease = endpoint(USB_DIR_OUT | 2, USB_ENDPOINT_XFER_INT, MNP_LEASE_MAXP),
		.status = endpoint(USB_DIR_IN | 3, USB_ENDPOINT_XFER_INT, MNP_STATUS_MAXP),
		.strokes = endpoint(USB_DIR_IN | 4, USB_ENDPOINT_XFER_BULK, bulk_maxp),
		.alternate = interface(PLUG_ALTERNATE, 1),
		.plug = endpoint(USB_DIR_IN | 5, USB_ENDPOINT_XFER_BULK, bulk_maxp),
	};
}

static int write_descriptors(int ep0)
{
	struct descriptors d = {
		.head = { .magic = htole32(FUNCTIONFS_DESCRIPTORS_MAGIC_V2),
			  .length = htole32(sizeof(d)),
			  .flags = htole32(FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC) },
		.fs_count = htole32(DESCRIPTORS_OF_A_SPEED),
		.hs_count = htole32(DESCRIPTORS_OF_A_SPEED),
		.fs = speed(64),
		.hs = speed(MNP_STROKES_MAXP),
	};
	struct strings s = {
		.head = { .magic = htole32(FUNCTIONFS_STRINGS_MAGIC),
			  .length = htole32(sizeof(s)),
			  .str_count = htole32(1),
			  .lang_count = htole32(1) },
		.language = htole16(0x0409),
		.interface = INTERFACE_NAME,
	};

	if (write(ep0, &d, sizeof(d)) != sizeof(d) || write(ep0, &s, sizeof(s)) != sizeof(s))
		return -1;
	return 0;
}

/* Data endpoints */

static void interrupt(struct hp_endpoint *e)
{
	if (e->transfers)
		pthread_kill(e->thread, SIGUSR1);
}

static void front_submit(void *ctx, enum hp_ep ep, const void *data, size_t length)
{
	struct hp_endpoint *e = &((struct hp_ffs *)ctx)->endpoint[ep];

	e->length = length;
	memcpy(e->data, data, length);
	e->pending = true;
	e->dropped = false;
	pthread_cond_signal(&e->go);
}

/* Too early for the thread's system call it has no effect: the link asks again */
static void front_cancel(void *ctx, enum hp_ep ep)
{
	struct hp_endpoint *e = &((struct hp_ffs *)ctx)->endpoint[ep];

	if (e->pending) {
		e->dropped = true;
		pthread_cond_signal(&e->go);
	} else {
		interrupt(e);
	}
}

static void front_nak(void *ctx, enum hp_ep ep, bool on)
{
	struct hp_endpoint *e = &((struct hp_ffs *)ctx)->endpoint[ep];

	e->held = on;
	if (on)
		interrupt(e);
	else
		pthread_cond_signal(&e->go);
}

static void front_disconnect(void *ctx)
{
	struct hp_ffs *f = ctx;

	f->leave = true;
	eventfd_write(f->bus.event, 1);
}

static void *out_thread(void *ctx)
{
	struct hp_endpoint *e = ctx;
	struct hp_ffs *f = e->ffs;
	uint8_t data[MNP_KILL_MAXP];
	uint64_t now;
	ssize_t n;

	pthread_mutex_lock(f->bus.lock);
	while (!f->stopping) {
		if (e->held) {
			pthread_cond_wait(&e->go, f->bus.lock);
			continue;
		}
		e->transfers = true;
		pthread_mutex_unlock(f->bus.lock);
		/* returns when the bus goes, and then waits until it is back */
		n = read(e->fd, data, sizeof(data));
		now = hp_mono_ns();
		pthread_mutex_lock(f->bus.lock);
		e->transfers = false;
		if (n < 0)
			continue;
		hp_fw_out(f->bus.fw, e->ep, data, (size_t)n, now);
		f->bus.changed(f->bus.ctx);
	}
	pthread_mutex_unlock(f->bus.lock);
	return NULL;
}

static void *in_thread(void *ctx)
{
	struct hp_endpoint *e = ctx;
	struct hp_ffs *f = e->ffs;
	uint8_t data[MNP_STROKES_MAXP];
	uint32_t generation;
	size_t length;
	uint64_t now;
	ssize_t n;

	pthread_mutex_lock(f->bus.lock);
	while (!f->stopping) {
		if (!e->pending) {
			pthread_cond_wait(&e->go, f->bus.lock);
			continue;
		}
		length = e->length;
		memcpy(data, e->data, length);
		generation = f->generation;
		e->pending = false;
		n = -1;
		if (!e->dropped) {
			e->transfers = true;
			pthread_mutex_unlock(f->bus.lock);
			n = write(e->fd, data, length);
			pthread_mutex_lock(f->bus.lock);
			e->transfers = false;
		}
		now = hp_mono_ns();
		/* what a bus that went did not take is not of interest to the present one */
		if (generation == f->generation)
			hp_fw_sent(f->bus.fw, e->ep, n >= 0, now);
		f->bus.changed(f->bus.ctx);
	}
	pthread_mutex_unlock(f->bus.lock);
	return NULL;
}

/* Endpoint 0 */

static void enabled(struct hp_ffs *f)
{
	bool high_speed = hp_gadget_high_speed(&f->gadget);
	ssize_t n;

	/* before any other IN packet, and without the lock: it may have to wait */
	n = f->fifo ? 0 : write(f->plug, "", 1);
	(void)n;
	pthread_mutex_lock(f->bus.lock);
	f->generation++;
	f->up = true;
	hp_fw_link(f->bus.fw, true, high_speed, hp_mono_ns());
}

static void disabled(struct hp_ffs *f)
{
	if (!f->up)
		return;
	f->generation++;
	f->up = false;
	hp_fw_link(f->bus.fw, false, false, hp_mono_ns());
}

/* The host waits for an answer that never comes; what is read or written here would be one */
static void hang(struct hp_ffs *f)
{
	while (f->leave)
		pthread_cond_wait(&f->left, f->bus.lock);
}

static void refuse(struct hp_ffs *f, bool in)
{
	char nothing;
	ssize_t n;

	/* the wrong direction stalls */
	n = in ? read(f->ep0, &nothing, 0) : write(f->ep0, &nothing, 0);
	(void)n;
}

static void setup_in(struct hp_ffs *f, const struct usb_ctrlrequest *r)
{
	uint8_t answer[DATA_MAX];
	ssize_t n;
	int length;

	pthread_mutex_lock(f->bus.lock);
	length = hp_fw_request_in(f->bus.fw, r->bRequest, le16toh(r->wValue), le16toh(r->wLength),
				  answer, hp_mono_ns());
	if (length == HP_EP0_HANG)
		hang(f);
	f->bus.changed(f->bus.ctx);
	pthread_mutex_unlock(f->bus.lock);
	if (length == HP_EP0_STALL) {
		refuse(f, true);
	} else if (length >= 0) {
		n = write(f->ep0, answer, (size_t)length);
		(void)n;
	}
}

static void setup_out(struct hp_ffs *f, const struct usb_ctrlrequest *r)
{
	uint16_t length = le16toh(r->wLength);
	uint8_t data[DATA_MAX];
	uint64_t now;
	ssize_t n;

	if (length > sizeof(data) || hp_fw_request_out_ok(r->bRequest, le16toh(r->wValue))) {
		refuse(f, false);
		return;
	}
	n = read(f->ep0, data, length);
	now = hp_mono_ns();
	if (n < 0)
		return;
	pthread_mutex_lock(f->bus.lock);
	if (hp_fw_request_out(f->bus.fw, r->bRequest, le16toh(r->wValue), data, (size_t)n, now) ==
	    HP_EP0_HANG)
		hang(f);
	f->bus.changed(f->bus.ctx);
	pthread_mutex_unlock(f->bus.lock);
}

static void event(struct hp_ffs *f, const struct usb_functionfs_event *e)
{
	switch (e->type) {
	case FUNCTIONFS_SETUP:
		if (e->u.setup.bRequestType == REQUEST_IN)
			setup_in(f, &e->u.setup);
		else if (e->u.setup.bRequestType == REQUEST_OUT)
			setup_out(f, &e->u.setup);
		else
			refuse(f, e->u.setup.bRequestType & USB_DIR_IN);
		return;
	case FUNCTIONFS_ENABLE:
		enabled(f);
		break;
	case FUNCTIONFS_DISABLE:
	case FUNCTIONFS_UNBIND:
		pthread_mutex_lock(f->bus.lock);
		disabled(f);
		break;
	case FUNCTIONFS_SUSPEND:
	case FUNCTIONFS_RESUME:
		pthread_mutex_lock(f->bus.lock);
		hp_fw_bus(f->bus.fw, e->type == FUNCTIONFS_SUSPEND, hp_mono_ns());
		break;
	default:
		return;
	}
	f->bus.changed(f->bus.ctx);
	pthread_mutex_unlock(f->bus.lock);
}

static void *ep0_thread(void *ctx)
{
	struct hp_ffs *f = ctx;
	struct usb_functionfs_event e;
	struct pollfd fds[2] = {
		{ .fd = f->ep0, .events = POLLIN },
		{ .fd = f->stop, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			break;
		if (fds[0].revents & POLLIN && read(f->ep0, &e, sizeof(e)) == sizeof(e))
			event(f, &e);
	}
	return NULL;
}

static int open_file(const struct hp_gadget *g, const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", g->mount, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
	return fd;
}

static int open_endpoints(struct hp_ffs *f)
{
	static const char *const names[HP_EPS] = { "ep1", "ep2", "ep3", "ep4" };

	f->ep0 = open_file(&f->gadget, "ep0", O_RDWR);
	if (f->ep0 < 0)
		return -1;
	if (write_descriptors(f->ep0)) {
		fprintf(stderr, "FunctionFS refuses the descriptors: %s\n", strerror(errno));
		return -1;
	}
	f->plug = open_file(&f->gadget, "ep5", O_RDWR);
	for (int i = 0; i < HP_EPS; i++) {
		struct hp_endpoint *e = &f->endpoint[i];

		e->ffs = f;
		e->ep = (enum hp_ep)i;
		/* a read waits for the bus to be back; a packet for a bus that went is stale */
		e->fd = open_file(&f->gadget, names[i],
				  is_out(e->ep) ? O_RDWR : O_RDWR | O_NONBLOCK);
		if (e->fd < 0)
			return -1;
		pthread_cond_init(&e->go, NULL);
	}
	return f->plug < 0 ? -1 : 0;
}

static int bus_open(struct hp_bus *bus, const struct hp_options *o)
{
	struct hp_ffs *f = (struct hp_ffs *)bus;

	f->fifo = o->fifo;
	if (hp_gadget_make(&f->gadget, o->id.serial, o->udc, o->high_speed))
		return -1;
	if (open_endpoints(f))
		return -1;
	pthread_cond_init(&f->left, NULL);
	f->stop = eventfd(0, EFD_CLOEXEC);
	f->bus.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->stop < 0 || f->bus.event < 0) {
		fprintf(stderr, "no eventfd: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

static void wake(int signal)
{
	(void)signal;
}

static int start(pthread_t *thread, void *(*run)(void *ctx), void *ctx)
{
	pthread_attr_t attributes;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	error = pthread_create(thread, &attributes, run, ctx);
	pthread_attr_destroy(&attributes);
	if (error)
		fprintf(stderr, "cannot start an endpoint's thread: %s\n", strerror(error));
	return error ? -1 : 0;
}

static int start_threads(struct hp_ffs *f)
{
	/* without SA_RESTART: it makes a transfer come back */
	const struct sigaction action = { .sa_handler = wake };

	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < HP_EPS; i++) {
		struct hp_endpoint *e = &f->endpoint[i];

		if (start(&e->thread, is_out(e->ep) ? out_thread : in_thread, e))
			return -1;
		e->runs = true;
	}
	if (start(&f->thread, ep0_thread, f))
		return -1;
	f->runs = true;
	return 0;
}

static int bus_start(struct hp_bus *bus)
{
	struct hp_ffs *f = (struct hp_ffs *)bus;
	int error;

	if (start_threads(f))
		return -1;
	error = hp_gadget_bind(&f->gadget);
	if (error) {
		fprintf(stderr, "cannot bind to %s: %s: is another handpiece there? see --udc\n",
			f->gadget.udc, strerror(-error));
		return -1;
	}
	return 0;
}

static int bus_plug(struct hp_bus *bus, bool on)
{
	struct hp_ffs *f = (struct hp_ffs *)bus;
	eventfd_t count;
	int error = on ? hp_gadget_bind(&f->gadget) : hp_gadget_unbind(&f->gadget);

	if (on)
		return error;
	/* if the firmware had asked for it, somebody waits in hang() */
	eventfd_read(f->bus.event, &count);
	pthread_mutex_lock(f->bus.lock);
	f->leave = false;
	pthread_cond_broadcast(&f->left);
	pthread_mutex_unlock(f->bus.lock);
	return error;
}

static bool bus_plugged(const struct hp_bus *bus)
{
	return ((const struct hp_ffs *)bus)->gadget.bound;
}

static bool bus_ready(struct hp_bus *bus)
{
	(void)bus;
	return true;
}

static void join(struct hp_endpoint *e)
{
	struct timespec until;

	/* a signal just before its system call is lost on it: again, then */
	do {
		pthread_cond_broadcast(&e->go);
		pthread_kill(e->thread, SIGUSR1);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 10000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
	} while (pthread_timedjoin_np(e->thread, NULL, &until));
}

static void bus_close(struct hp_bus *bus)
{
	struct hp_ffs *f = (struct hp_ffs *)bus;

	if (f->gadget.bound)
		hp_gadget_unbind(&f->gadget);
	pthread_mutex_lock(f->bus.lock);
	f->stopping = true;
	pthread_mutex_unlock(f->bus.lock);
	if (f->runs) {
		eventfd_write(f->stop, 1);
		pthread_join(f->thread, NULL);
	}
	for (int i = 0; i < HP_EPS; i++) {
		if (f->endpoint[i].runs)
			join(&f->endpoint[i]);
		if (f->endpoint[i].fd >= 0)
			close(f->endpoint[i].fd);
	}
	if (f->plug >= 0)
		close(f->plug);
	if (f->ep0 >= 0)
		close(f->ep0);
	if (f->gadget.path[0])
		hp_gadget_remove(&f->gadget);
}

void hp_ffs_init(struct hp_ffs *f)
{
	static const struct hp_bus_ops ops = {
		.open = bus_open,
		.start = bus_start,
		.plug = bus_plug,
		.plugged = bus_plugged,
		.ready = bus_ready,
		.close = bus_close,
	};

	memset(f, 0, sizeof(*f));
	f->bus.ops = &ops;
	f->bus.event = -1;
	f->ep0 = -1;
	f->plug = -1;
	f->stop = -1;
	for (int i = 0; i < HP_EPS; i++)
		f->endpoint[i].fd = -1;
	f->bus.front = (struct hp_front){
		.ctx = f,
		.submit = front_submit,
		.cancel = front_cancel,
		.nak = front_nak,
		.disconnect = front_disconnect,
	};
}
