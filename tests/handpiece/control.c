// SPDX-License-Identifier: GPL-2.0-or-later
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "moment.h"

#define OUT_MAX ((size_t)4 * HP_LINE_MAX) /* answers that a client may leave unread */

int hp_control_open(struct hp_control *c, const char *path, const struct hp_commander *commander,
		    int epoll)
{
	struct epoll_event event = { .events = EPOLLIN };

	memset(c, 0, sizeof(*c));
	c->commander = *commander;
	c->epoll = epoll;
	for (int i = 0; i < HP_CLIENTS_MAX; i++)
		c->client[i].fd = -1;
	c->address.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(c->address.sun_path)) {
		fprintf(stderr,
			"the control socket's path is too long: choose a shorter --control\n");
		return -1;
	}
	memcpy(c->address.sun_path, path, strlen(path) + 1);
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(path);
	if (c->listener < 0 ||
	    bind(c->listener, (struct sockaddr *)&c->address, sizeof(c->address)) ||
	    listen(c->listener, HP_CLIENTS_MAX)) {
		fprintf(stderr, "cannot listen on %s: %s\n", path, strerror(errno));
		return -1;
	}
	event.data.ptr = &c->listener;
	return epoll_ctl(epoll, EPOLL_CTL_ADD, c->listener, &event);
}

static void drop(struct hp_client *l)
{
	close(l->fd);
	free(l->in);
	free(l->out);
	memset(l, 0, sizeof(*l));
	l->fd = -1;
}

void hp_control_close(struct hp_control *c)
{
	for (int i = 0; i < HP_CLIENTS_MAX; i++) {
		if (c->client[i].fd >= 0)
			drop(&c->client[i]);
	}
	if (c->listener >= 0) {
		close(c->listener);
		unlink(c->address.sun_path);
	}
}

static void watch(struct hp_control *c, struct hp_client *l)
{
	struct epoll_event event = { .data.ptr = l };

	/* one that waits for an injection is not read: its requests are answered in their order */
	if (!l->wait.id && l->in_length < HP_LINE_MAX)
		event.events |= EPOLLIN;
	if (l->out_length)
		event.events |= EPOLLOUT;
	epoll_ctl(c->epoll, EPOLL_CTL_MOD, l->fd, &event);
}

static bool flush_out(struct hp_client *l)
{
	ssize_t n = send(l->fd, l->out, l->out_length, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	l->out_length -= (size_t)n;
	memmove(l->out, l->out + n, l->out_length);
	return true;
}

/* false: the client is gone, or does not read */
static bool answer(struct hp_client *l, json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT), *more;
	size_t length;
	bool ok = false;

	json_decref(object);
	if (!text)
		return false;
	length = strlen(text);
	more = l->out_length + length < OUT_MAX ? realloc(l->out, l->out_length + length + 1)
						: NULL;
	if (more) {
		l->out = more;
		memcpy(l->out + l->out_length, text, length);
		l->out[l->out_length + length] = '\n';
		l->out_length += length + 1;
		ok = flush_out(l);
	}
	free(text);
	return ok;
}

static bool serve(struct hp_control *c, struct hp_client *l, const char *line, size_t length,
		  uint64_t now)
{
	json_error_t error;
	json_t *request = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	json_t *reply;

	if (!json_is_object(request)) {
		json_decref(request);
		return answer(l, hp_answer_error(now, "send one JSON object a line: %s",
						 request ? "that was none" : error.text));
	}
	reply = hp_command_run(&c->commander, request, &l->wait, now);
	json_decref(request);
	return !reply || answer(l, reply);
}

/* Serves the whole lines; false: drop the client */
static bool lines(struct hp_control *c, struct hp_client *l, uint64_t now)
{
	char *end;

	while (!l->wait.id && (end = memchr(l->in, '\n', l->in_length))) {
		size_t length = (size_t)(end - l->in);

		if (!serve(c, l, l->in, length, now))
			return false;
		l->in_length -= length + 1;
		memmove(l->in, end + 1, l->in_length);
	}
	return l->in_length < HP_LINE_MAX;
}

static void accept_client(struct hp_control *c)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	for (int i = 0; i < HP_CLIENTS_MAX; i++) {
		struct hp_client *l = &c->client[i];

		if (l->fd >= 0)
			continue;
		l->in = malloc(HP_LINE_MAX);
		if (!l->in)
			break;
		l->fd = fd;
		event.data.ptr = l;
		epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &event);
		return;
	}
	close(fd);
}

static bool read_client(struct hp_control *c, struct hp_client *l, uint64_t now)
{
	ssize_t n = recv(l->fd, l->in + l->in_length, HP_LINE_MAX - l->in_length, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!n)
		return false;
	l->in_length += (size_t)n;
	return lines(c, l, now);
}

bool hp_control_event(struct hp_control *c, void *ptr, uint32_t events, uint64_t now)
{
	struct hp_client *l = ptr;
	bool ok = true;

	if (ptr == &c->listener) {
		accept_client(c);
		return true;
	}
	if (l < c->client || l >= c->client + HP_CLIENTS_MAX)
		return false;
	if (l->fd < 0)
		return true;
	if (events & EPOLLOUT)
		ok = flush_out(l);
	if (ok && events & EPOLLIN)
		ok = read_client(c, l, now);
	else if (events & (EPOLLHUP | EPOLLERR))
		ok = false;
	if (ok)
		watch(c, l);
	else
		drop(l);
	return true;
}

void hp_control_waits(struct hp_control *c, uint64_t now)
{
	for (int i = 0; i < HP_CLIENTS_MAX; i++) {
		struct hp_client *l = &c->client[i];
		json_t *reply;

		if (l->fd < 0 || !l->wait.id)
			continue;
		reply = hp_command_waited(&c->commander, &l->wait, now);
		if (!reply)
			continue;
		l->wait.id = 0;
		if (answer(l, reply) && lines(c, l, now))
			watch(c, l);
		else
			drop(l);
	}
}

uint64_t hp_control_next(const struct hp_control *c)
{
	uint64_t next = HP_NEVER;

	for (int i = 0; i < HP_CLIENTS_MAX; i++) {
		const struct hp_client *l = &c->client[i];

		if (l->fd >= 0 && l->wait.id && l->wait.until_ns < next)
			next = l->wait.until_ns;
	}
	return next;
}
