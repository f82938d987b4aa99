// SPDX-License-Identifier: GPL-2.0-or-later
/* The connection: a virtual machine comes and goes. */
#include "usbredir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirparser.h>

#include "clock.h"

static int on_read(void *priv, uint8_t *data, int count)
{
	struct hp_usbredir *r = priv;
	ssize_t n = recv(r->peer, data, (size_t)count, MSG_DONTWAIT);

	if (n > 0)
		return (int)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	r->gone = true;
	return -1;
}

static int on_write(void *priv, uint8_t *data, int count)
{
	struct hp_usbredir *r = priv;
	ssize_t n = send(r->peer, data, (size_t)count, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0)
		return (int)n;
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	r->gone = true;
	return -1;
}

static void on_log(void *priv, int level, const char *text)
{
	(void)priv;
	if (level <= usbredirparser_warning)
		fprintf(stderr, "usbredir: %s\n", text);
}

static int watch(struct hp_usbredir *r, int operation, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(r->bus.event, operation, fd, &event);
}

static struct usbredirparser *new_parser(struct hp_usbredir *r)
{
	struct usbredirparser *p = usbredirparser_create();
	uint32_t caps[USB_REDIR_CAPS_SIZE] = { 0 };

	if (!p)
		return NULL;
	p->priv = r;
	p->log_func = on_log;
	p->read_func = on_read;
	p->write_func = on_write;
	hp_redir_listen(p);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_connect_device_version);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_ep_info_max_packet_size);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_64bits_ids);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_32bits_bulk_length);
	usbredirparser_init(p, "mn-handpiece", caps, USB_REDIR_CAPS_SIZE,
			    usbredirparser_fl_usb_host);
	return p;
}

static void welcome(struct hp_usbredir *r)
{
	int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	r->parser = new_parser(r);
	if (!r->parser) {
		close(fd);
		return;
	}
	r->peer = fd;
	r->gone = false;
	r->hello = false;
	r->watches_out = false;
	watch(r, EPOLL_CTL_ADD, fd, EPOLLIN);
	/* one cable: the next one waits until this one is out */
	watch(r, EPOLL_CTL_DEL, r->listener, 0);
}

static void lose_peer(struct hp_usbredir *r)
{
	hp_trace(r->bus.fw->trace, hp_mono_ns(), "usb_peer_lost", "\"configured\":%s",
		 r->configured ? "true" : "false");
	usbredirparser_destroy(r->parser);
	r->parser = NULL;
	hp_redir_configure(r, false);
	close(r->peer);
	r->peer = -1;
	watch(r, EPOLL_CTL_ADD, r->listener, EPOLLIN);
}

static void flush(struct hp_usbredir *r)
{
	bool more;

	if (usbredirparser_has_data_to_write(r->parser))
		usbredirparser_do_write(r->parser);
	more = usbredirparser_has_data_to_write(r->parser) > 0;
	if (more != r->watches_out) {
		watch(r, EPOLL_CTL_MOD, r->peer, more ? EPOLLIN | EPOLLOUT : EPOLLIN);
		r->watches_out = more;
	}
}

static bool bus_ready(struct hp_bus *bus)
{
	struct hp_usbredir *r = (struct hp_usbredir *)bus;
	eventfd_t count;
	bool leave;

	eventfd_read(r->kick, &count);
	if (r->peer < 0)
		welcome(r);
	if (r->peer >= 0) {
		usbredirparser_do_read(r->parser);
		hp_redir_pump(r);
		flush(r);
		if (r->gone)
			lose_peer(r);
	}
	leave = r->leave;
	r->leave = false;
	return leave;
}

static int bus_plug(struct hp_bus *bus, bool on)
{
	struct hp_usbredir *r = (struct hp_usbredir *)bus;

	pthread_mutex_lock(bus->lock);
	r->plugged = on;
	if (!on)
		hp_redir_configure(r, false);
	if (r->peer >= 0 && r->hello) {
		if (on)
			hp_redir_connect(r);
		else
			usbredirparser_send_device_disconnect(r->parser);
		flush(r);
	}
	pthread_mutex_unlock(bus->lock);
	return 0;
}

static bool bus_plugged(const struct hp_bus *bus)
{
	return ((const struct hp_usbredir *)bus)->plugged;
}

static int bus_open(struct hp_bus *bus, const struct hp_options *o)
{
	struct hp_usbredir *r = (struct hp_usbredir *)bus;

	r->id = &o->id;
	r->high_speed = o->high_speed;
	r->address.sun_family = AF_UNIX;
	if (strlen(o->listen) >= sizeof(r->address.sun_path)) {
		fprintf(stderr, "the path to listen on is too long: choose a shorter --listen\n");
		return -1;
	}
	memcpy(r->address.sun_path, o->listen, strlen(o->listen) + 1);
	bus->event = epoll_create1(EPOLL_CLOEXEC);
	r->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(o->listen);
	if (bus->event < 0 || r->kick < 0 || r->listener < 0 ||
	    bind(r->listener, (struct sockaddr *)&r->address, sizeof(r->address)) ||
	    watch(r, EPOLL_CTL_ADD, r->kick, EPOLLIN)) {
		fprintf(stderr, "cannot listen on %s: %s\n", o->listen, strerror(errno));
		return -1;
	}
	return 0;
}

static int bus_start(struct hp_bus *bus)
{
	struct hp_usbredir *r = (struct hp_usbredir *)bus;

	r->plugged = true;
	if (listen(r->listener, 1) || watch(r, EPOLL_CTL_ADD, r->listener, EPOLLIN)) {
		fprintf(stderr, "cannot listen on %s: %s\n", r->address.sun_path, strerror(errno));
		return -1;
	}
	return 0;
}

static void bus_close(struct hp_bus *bus)
{
	struct hp_usbredir *r = (struct hp_usbredir *)bus;

	if (r->peer >= 0)
		lose_peer(r);
	if (r->listener >= 0) {
		close(r->listener);
		unlink(r->address.sun_path);
	}
	if (r->kick >= 0)
		close(r->kick);
	if (bus->event >= 0)
		close(bus->event);
}

void hp_usbredir_init(struct hp_usbredir *r)
{
	static const struct hp_bus_ops ops = {
		.open = bus_open,
		.start = bus_start,
		.plug = bus_plug,
		.plugged = bus_plugged,
		.ready = bus_ready,
		.close = bus_close,
	};

	memset(r, 0, sizeof(*r));
	r->bus.ops = &ops;
	r->bus.event = -1;
	r->listener = -1;
	r->kick = -1;
	r->peer = -1;
	hp_redir_init(r);
}
