// SPDX-License-Identifier: GPL-2.0-or-later
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

/* The longest line that we take: answers with a whole record are longer than any request */
#define ANSWER_BYTES (16U << 20)
/* How often to try again while the daemon's backlog is full */
#define RETRY_MS 10

struct mn_client {
	int fd;
	int cancel_fd;
	long long last_id;
	struct mn_frame frame;
	json_t *notifications; /* array, oldest first */
	json_t *answers; /* object by id: answers that nobody waited for yet */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

void mn_client_error_clear(struct mn_client_error *error)
{
	json_decref(error->data);
	memset(error, 0, sizeof(*error));
}

static int fail(struct mn_client_error *error, int result, const char *name, const char *format,
		...) __attribute__((format(printf, 4, 5)));

static int fail(struct mn_client_error *error, int result, const char *name, const char *format,
		...)
{
	va_list args;

	mn_client_error_clear(error);
	snprintf(error->name, sizeof(error->name), "%s", name);
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return result;
}

static int no_memory(struct mn_client_error *error)
{
	return fail(error, -ENOMEM, "no_memory", "Out of memory. Close other programs.");
}

static int lost(struct mn_client_error *error)
{
	return fail(
		error, -EPIPE, "connection_lost",
		"The connection to the daemon was lost; what it ran has been stopped. Look at: systemctl status microneedled.");
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A point in time, and -1 for never */
static int64_t deadline_of(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
}

/*
 * Wait until the socket is ready for @events.
 * Return: 1 ready, 0 the deadline has passed, -ECANCELED, or -EPIPE.
 */
static int wait_socket(struct mn_client *client, short events, int64_t deadline,
		       struct mn_client_error *error)
{
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = client->fd, .events = events },
			{ .fd = client->cancel_fd, .events = POLLIN },
		};
		int64_t left = deadline < 0 ? -1 : deadline - now_ms();
		int ready;

		if (deadline >= 0 && left < 0)
			left = 0;
		ready = poll(fds, 2, left > INT32_MAX ? INT32_MAX : (int)left);
		if (ready < 0 && errno != EINTR)
			return lost(error);
		if (ready > 0 && fds[1].revents)
			return fail(error, -ECANCELED, "interrupted",
				    "Interrupted before the daemon answered.");
		if (ready > 0)
			return 1;
		if (ready == 0 && left >= 0 && deadline <= now_ms())
			return 0;
	}
}

static int explain_connect(int code, const char *path, struct mn_client_error *error)
{
	switch (code) {
	case ENOENT:
		return fail(error, -code, "not_reachable",
			    "No daemon listens at %.108s. Start it: systemctl start microneedled.",
			    path);
	case ECONNREFUSED:
		return fail(
			error, -code, "not_reachable",
			"The daemon that listened at %.108s has ended. Start it: systemctl start microneedled.",
			path);
	case EACCES:
	case EPERM:
		return fail(
			error, -code, "not_permitted",
			"This user may not open %.108s. Ask the administrator of this computer.",
			path);
	case EAGAIN:
	case ETIMEDOUT:
		return fail(
			error, -ETIMEDOUT, "timeout",
			"The daemon at %.108s takes no connection. Look at: systemctl status microneedled.",
			path);
	default:
		return fail(error, -code, "not_reachable",
			    "%.108s cannot be connected to: %s. Check the path of the socket.",
			    path, strerror(code));
	}
}

int mn_client_connect(struct mn_client **client, const char *path, int timeout_ms,
		      struct mn_client_error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int64_t deadline = deadline_of(timeout_ms);
	struct mn_client *c;
	int code;

	*client = NULL;
	if (!path)
		path = secure_getenv("MN_SOCKET");
	if (!path || !*path)
		path = MN_CLIENT_SOCKET;
	if (strlen(path) >= sizeof(address.sun_path))
		return fail(error, -ENAMETOOLONG, "not_reachable",
			    "The path of the socket is longer than %zu bytes. Use a shorter one.",
			    sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);

	c = calloc(1, sizeof(*c));
	if (!c)
		return no_memory(error);
	c->fd = -1;
	c->cancel_fd = -1;
	memcpy(c->path, path, strlen(path) + 1);
	mn_frame_init(&c->frame, ANSWER_BYTES);
	c->notifications = json_array();
	c->answers = json_object();
	if (!c->notifications || !c->answers) {
		mn_client_close(c);
		return no_memory(error);
	}
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0) {
		code = errno;
		mn_client_close(c);
		return explain_connect(code, path, error);
	}
	/* A full backlog gives EAGAIN, and poll() does not tell when there is room */
	while (connect(c->fd, (struct sockaddr *)&address, sizeof(address))) {
		code = errno;
		if (code == EINTR)
			continue;
		if (code == EAGAIN && (deadline < 0 || now_ms() < deadline)) {
			poll(NULL, 0, RETRY_MS);
			continue;
		}
		mn_client_close(c);
		return explain_connect(code, path, error);
	}
	*client = c;
	return 0;
}

void mn_client_close(struct mn_client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	mn_frame_free(&client->frame);
	json_decref(client->notifications);
	json_decref(client->answers);
	free(client);
}

void mn_client_set_cancel(struct mn_client *client, int fd)
{
	client->cancel_fd = fd;
}

int mn_client_fd(const struct mn_client *client)
{
	return client->fd;
}

const char *mn_client_path(const struct mn_client *client)
{
	return client->path;
}

/* Read what is there. 0 also when nothing is; -EPIPE at the end. */
static int fill(struct mn_client *client, struct mn_client_error *error)
{
	size_t room;
	char *space = mn_frame_space(&client->frame, &room);
	ssize_t got;

	if (!space)
		return no_memory(error);
	do {
		got = recv(client->fd, space, room, 0);
	} while (got < 0 && errno == EINTR);
	if (got > 0) {
		mn_frame_commit(&client->frame, (size_t)got);
		return 0;
	}
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	return lost(error);
}

static int sort_message(struct mn_client *client, json_t *message, struct mn_client_error *error)
{
	json_t *id = json_object_get(message, "id");
	char key[24];

	if (json_is_integer(id)) {
		snprintf(key, sizeof(key), "%lld", (long long)json_integer_value(id));
		json_object_set_new(client->answers, key, message);
		return 0;
	}
	if (json_is_string(json_object_get(message, "method"))) {
		json_array_append_new(client->notifications, message);
		return 0;
	}
	if (json_is_object(json_object_get(message, "error"))) {
		/* The daemon could not tell which call it is about: give it to whoever waits */
		json_object_set_new(client->answers, "null", message);
		return 0;
	}
	json_decref(message);
	return fail(
		error, -EPROTO, "bad_answer",
		"The daemon sent something that is no answer. Use mnctl and microneedled of the same release.");
}

/* Sort the lines that were read into answers and notifications */
static int take_lines(struct mn_client *client, struct mn_client_error *error)
{
	char *line;
	size_t length;

	for (;;) {
		json_t *message = NULL;
		int result;

		switch (mn_frame_next(&client->frame, &line, &length)) {
		case MN_FRAME_MORE:
			return 0;
		case MN_FRAME_LINE:
			message = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
			break;
		case MN_FRAME_TOO_LONG:
		case MN_FRAME_NUL:
			break;
		}
		if (!json_is_object(message)) {
			json_decref(message);
			return fail(
				error, -EPROTO, "bad_answer",
				"The daemon sent a line that is not JSON. Check that the socket is microneedled's.");
		}
		result = sort_message(client, message, error);
		if (result)
			return result;
	}
}

static int transmit(struct mn_client *client, const char *data, size_t size, int64_t deadline,
		    struct mn_client_error *error)
{
	const char *begin = data;

	while (size) {
		ssize_t sent = send(client->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		int result;

		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			return lost(error);
		/* Read meanwhile: the daemon may wait for us to */
		result = wait_socket(client, POLLOUT | POLLIN, deadline, error);
		if (result == 0)
			result = fail(
				error, -ETIMEDOUT, "timeout",
				"The daemon does not read. Look at: systemctl status microneedled.");
		else if (result > 0)
			result = fill(client, error);
		if (result) {
			/* Half a line is out: nothing that follows could be understood */
			if (data != begin)
				shutdown(client->fd, SHUT_RDWR);
			return result;
		}
	}
	return 0;
}

int mn_client_submit(struct mn_client *client, const char *method, json_t *params, int timeout_ms,
		     long long *id, struct mn_client_error *error)
{
	json_t *request = json_pack("{ss sI ss}", "jsonrpc", "2.0", "id",
				    (json_int_t)(client->last_id + 1), "method", method);
	char *text;
	size_t size;
	int result;

	if (params && request)
		json_object_set(request, "params", params);
	json_decref(params);
	if (!request)
		return fail(error, -EINVAL, "bad_text", "The method's name is not UTF-8 text.");
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (!text)
		return no_memory(error);
	/* The terminator makes room for the LF */
	size = strlen(text);
	text[size] = '\n';
	result = transmit(client, text, size + 1, deadline_of(timeout_ms), error);
	free(text);
	if (result)
		return result;
	*id = ++client->last_id;
	return 0;
}

static int daemon_error(json_t *body, struct mn_client_error *error)
{
	json_t *data = json_object_get(body, "data");
	const char *name = json_string_value(json_object_get(data, "name"));
	const char *message = json_string_value(json_object_get(body, "message"));

	fail(error, 0, name ? name : "device_error", "%s", message ? message : "It was refused.");
	error->code = (int)json_integer_value(json_object_get(body, "code"));
	if (json_is_object(data)) {
		error->data = json_copy(data);
		json_object_del(error->data, "name");
	}
	return -EREMOTEIO;
}

static int take_answer(json_t *answer, json_t **result, struct mn_client_error *error)
{
	json_t *body = json_object_get(answer, "error");
	json_t *value = json_object_get(answer, "result");
	int code = 0;

	if (body)
		code = daemon_error(body, error);
	else if (!value)
		code = fail(
			error, -EPROTO, "bad_answer",
			"The daemon answered without a result. Use mnctl and microneedled of the same release.");
	else if (result)
		*result = json_incref(value);
	json_decref(answer);
	return code;
}

int mn_client_wait(struct mn_client *client, long long id, int timeout_ms, json_t **result,
		   struct mn_client_error *error)
{
	int64_t deadline = deadline_of(timeout_ms);
	char key[24];

	if (result)
		*result = NULL;
	snprintf(key, sizeof(key), "%lld", id);
	for (;;) {
		json_t *answer;
		int ready;

		ready = take_lines(client, error);
		if (ready)
			return ready;
		answer = json_incref(json_object_get(client->answers, key));
		json_object_del(client->answers, key);
		if (!answer) {
			answer = json_incref(json_object_get(client->answers, "null"));
			json_object_del(client->answers, "null");
		}
		if (answer)
			return take_answer(answer, result, error);
		ready = wait_socket(client, POLLIN, deadline, error);
		if (ready < 0)
			return ready;
		if (ready == 0)
			return fail(
				error, -ETIMEDOUT, "timeout",
				"The daemon does not answer. Look at: systemctl status microneedled.");
		ready = fill(client, error);
		if (ready)
			return ready;
	}
}

int mn_client_call(struct mn_client *client, const char *method, json_t *params, int timeout_ms,
		   json_t **result, struct mn_client_error *error)
{
	int64_t deadline = deadline_of(timeout_ms);
	long long id = 0;
	int failed;

	if (result)
		*result = NULL;
	failed = mn_client_submit(client, method, params, timeout_ms, &id, error);
	if (failed)
		return failed;
	if (deadline >= 0) {
		int64_t left = deadline - now_ms();

		timeout_ms = left < 0 ? 0 : (int)left;
	}
	return mn_client_wait(client, id, timeout_ms, result, error);
}

int mn_client_hello(struct mn_client *client, const char *name, int timeout_ms, json_t **info,
		    struct mn_client_error *error)
{
	json_t *params = json_pack("{ss si si}", "client", name, "protocol_min", MN_CLIENT_PROTOCOL,
				   "protocol_max", MN_CLIENT_PROTOCOL);

	if (!params)
		return fail(error, -EINVAL, "bad_text", "The client's name is not UTF-8 text.");
	return mn_client_call(client, "rpc.hello", params, timeout_ms, info, error);
}

int mn_client_next(struct mn_client *client, int timeout_ms, json_t **method, json_t **params,
		   struct mn_client_error *error)
{
	int64_t deadline = deadline_of(timeout_ms);

	*params = NULL;
	if (method)
		*method = NULL;
	for (;;) {
		json_t *message;
		int ready;

		ready = take_lines(client, error);
		if (ready)
			return ready;
		message = json_array_get(client->notifications, 0);
		if (message) {
			*params = json_incref(json_object_get(message, "params"));
			if (method)
				*method = json_incref(json_object_get(message, "method"));
			json_array_remove(client->notifications, 0);
			return 1;
		}
		ready = wait_socket(client, POLLIN, deadline, error);
		if (ready <= 0)
			return ready;
		ready = fill(client, error);
		if (ready)
			return ready;
	}
}
