// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The least that a server on libevent can do: for each line that comes, the same bytes go back.
 *
 *   echo ADDRESS FILE	FILE has the answer
 */
#include <err.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "address.h"

#define SIZE_MAX_BYTES (64U << 10)

static char answer[SIZE_MAX_BYTES];
static size_t answer_size;

static void load_answer(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		err(1, "%s", path);
	answer_size = fread(answer, 1, sizeof(answer), file);
	if (ferror(file) || !answer_size || fgetc(file) != EOF)
		errx(1, "%s: wants 1 to %u bytes", path, SIZE_MAX_BYTES);
	fclose(file);
}

static void on_readable(evutil_socket_t fd, short what, void *event)
{
	char request[4096];
	ssize_t got = recv(fd, request, sizeof(request), 0);

	(void)what;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		event_free(*(struct event **)event);
		free(event);
		close(fd);
		return;
	}
	for (const char *at = request, *end = request + got;
	     (at = memchr(at, '\n', (size_t)(end - at))); at++) {
		if (send(fd, answer, answer_size, MSG_NOSIGNAL) != (ssize_t)answer_size)
			err(1, "a client that does not read");
	}
}

static void on_connection(evutil_socket_t fd, short what, void *base)
{
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct event **event;

	(void)what;
	if (client < 0)
		return;
	event = malloc(sizeof(struct event *));
	if (!event)
		err(1, "a client");
	*event = event_new(base, client, EV_READ | EV_PERSIST, on_readable, event);
	if (!*event || event_add(*event, NULL))
		errx(1, "libevent takes no client");
}

int main(int argc, char **argv)
{
	struct address address;
	struct event_base *base;
	struct event *listener;

	if (argc != 3)
		errx(2, "usage: echo ADDRESS FILE");
	address = address_of(argv[1]);
	load_answer(argv[2]);
	base = event_base_new();
	if (!base)
		errx(1, "libevent does not start");
	listener = event_new(base, address_listen(&address), EV_READ | EV_PERSIST, on_connection,
			     base);
	if (!listener || event_add(listener, NULL))
		errx(1, "libevent does not start");
	return event_base_dispatch(base) < 0;
}
