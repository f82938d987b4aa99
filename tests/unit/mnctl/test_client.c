// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client library against peers that do not behave: what microneedled never does, a program that
 * sits on its socket might.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

/* One peer: waits for a line, then answers with @answer in pieces of @piece bytes, then closes or stays */
struct peer {
	char path[64];
	int listener;
	pthread_t thread;
	const char *answer;
	size_t size;
	size_t piece;
	bool stays;
	int stop[2];
	struct mn_client *client;
	struct mn_client_error error;
};

static void *serve(void *arg)
{
	struct peer *peer = arg;
	int fd = accept(peer->listener, NULL, NULL);
	char line[1000];

	if (fd < 0 || recv(fd, line, sizeof(line), 0) <= 0)
		return NULL;
	for (size_t i = 0; i < peer->size; i += peer->piece) {
		size_t n = peer->size - i < peer->piece ? peer->size - i : peer->piece;

		if (send(fd, peer->answer + i, n, MSG_NOSIGNAL) < 0)
			break;
	}
	if (peer->stays) {
		struct pollfd wait = { .fd = peer->stop[0], .events = POLLIN };

		poll(&wait, 1, 10000);
	}
	close(fd);
	return NULL;
}

static int open_peer(void **state)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(peer->path, sizeof(peer->path), "/tmp/mnclient-test-%d.sock", getpid());
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", peer->path);
	unlink(peer->path);
	peer->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(peer->listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(peer->listener, 1) || pipe(peer->stop)) {
		free(peer);
		return -1;
	}
	peer->piece = 1;
	*state = peer;
	return 0;
}

static int close_peer(void **state)
{
	struct peer *peer = *state;

	mn_client_close(peer->client);
	mn_client_error_clear(&peer->error);
	close(peer->stop[1]);
	if (peer->thread)
		pthread_join(peer->thread, NULL);
	close(peer->stop[0]);
	close(peer->listener);
	unlink(peer->path);
	free(peer);
	return 0;
}

static void begin(struct peer *peer, const char *answer, bool stays)
{
	peer->answer = answer;
	if (!peer->size)
		peer->size = strlen(answer);
	peer->stays = stays;
	assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
	assert_int_equal(mn_client_connect(&peer->client, peer->path, 1000, &peer->error), 0);
}

static void fails(struct peer *peer, int expected, const char *name)
{
	json_t *result = (json_t *)peer;
	int code = mn_client_call(peer->client, "rpc.ping", NULL, 300, &result, &peer->error);

	if (code != expected || strcmp(peer->error.name, name) != 0)
		fail_msg("got %d %s: %s", code, peer->error.name, peer->error.message);
	assert_null(result);
	assert_int_equal(peer->error.message[strlen(peer->error.message) - 1], '.');
}

static void an_answer_may_come_byte_by_byte(void **state)
{
	struct peer *peer = *state;
	json_t *result;

	begin(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"mono_ns\":5}}\n", true);
	assert_int_equal(
		mn_client_call(peer->client, "rpc.ping", NULL, 3000, &result, &peer->error), 0);
	assert_int_equal(json_integer_value(json_object_get(result, "mono_ns")), 5);
	json_decref(result);
}

static void notifications_in_between_are_kept_in_order(void **state)
{
	struct peer *peer = *state;
	json_t *result, *method, *params;

	peer->piece = 7;
	begin(peer,
	      "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":{\"n\":1}}\n"
	      "{\"jsonrpc\":\"2.0\",\"method\":\"b\",\"params\":{\"n\":2}}\n"
	      "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n"
	      "{\"jsonrpc\":\"2.0\",\"method\":\"c\"}\n",
	      true);
	assert_int_equal(
		mn_client_call(peer->client, "rpc.ping", NULL, 3000, &result, &peer->error), 0);
	json_decref(result);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "a", "b", "c" };

		assert_int_equal(mn_client_next(peer->client, 1000, &method, &params, &peer->error),
				 1);
		assert_string_equal(json_string_value(method), names[i]);
		/* One without parameters gives none */
		assert_int_equal(json_integer_value(json_object_get(params, "n")),
				 i < 2 ? i + 1 : 0);
		json_decref(method);
		json_decref(params);
	}
	assert_int_equal(mn_client_next(peer->client, 50, &method, &params, &peer->error), 0);
}

static void answers_may_come_in_another_order(void **state)
{
	struct peer *peer = *state;
	long long first, second;
	json_t *result;

	begin(peer,
	      "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"n\":2}}\n"
	      "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"n\":1}}\n",
	      true);
	assert_int_equal(
		mn_client_submit(peer->client, "a", json_object(), 1000, &first, &peer->error), 0);
	assert_int_equal(mn_client_submit(peer->client, "b", NULL, 1000, &second, &peer->error), 0);
	assert_int_equal(mn_client_wait(peer->client, first, 1000, &result, &peer->error), 0);
	assert_int_equal(json_integer_value(json_object_get(result, "n")), 1);
	json_decref(result);
	assert_int_equal(mn_client_wait(peer->client, second, 1000, &result, &peer->error), 0);
	assert_int_equal(json_integer_value(json_object_get(result, "n")), 2);
	json_decref(result);
}

static void a_refusal_keeps_its_details(void **state)
{
	struct peer *peer = *state;

	begin(peer,
	      "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32008,\"message\":\"Too deep.\","
	      "\"data\":{\"name\":\"limit_exceeded\",\"limit\":{\"value\":1500}}}}\n",
	      true);
	fails(peer, -EREMOTEIO, "limit_exceeded");
	assert_int_equal(peer->error.code, -32008);
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(peer->error.data, "limit"), "value")),
			 1500);
	assert_null(json_object_get(peer->error.data, "name"));
}

static void a_refusal_that_names_no_call_is_ours(void **state)
{
	struct peer *peer = *state;

	begin(peer,
	      "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"Bad.\","
	      "\"data\":{\"name\":\"parse_error\"}}}\n",
	      true);
	fails(peer, -EREMOTEIO, "parse_error");
}

static void silence_ends_in_time(void **state)
{
	struct peer *peer = *state;
	struct timespec before, after;

	begin(peer, "{\"jsonrpc\":\"2.0\",\"id\":1,", true);
	clock_gettime(CLOCK_MONOTONIC, &before);
	fails(peer, -ETIMEDOUT, "timeout");
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 3);
}

static void an_end_in_the_middle_of_a_line_is_a_loss(void **state)
{
	begin(*state, "{\"jsonrpc\":\"2.0\",\"id\":1,", false);
	fails(*state, -EPIPE, "connection_lost");
}

static void what_is_not_json_is_refused(void **state)
{
	begin(*state, "HTTP/1.1 400 Bad Request\n", true);
	fails(*state, -EPROTO, "bad_answer");
}

static void what_is_no_object_is_refused(void **state)
{
	begin(*state, "[1,2]\n", true);
	fails(*state, -EPROTO, "bad_answer");
}

static void what_is_neither_answer_nor_event_is_refused(void **state)
{
	begin(*state, "{\"hello\":\"there\"}\n", true);
	fails(*state, -EPROTO, "bad_answer");
}

static void an_answer_without_a_result_is_refused(void **state)
{
	begin(*state, "{\"jsonrpc\":\"2.0\",\"id\":1}\n", true);
	fails(*state, -EPROTO, "bad_answer");
}

static void a_nul_is_refused(void **state)
{
	struct peer *peer = *state;

	peer->size = sizeof("{\"id\":\0 1}\n") - 1;
	begin(peer, "{\"id\":\0 1}\n", true);
	fails(peer, -EPROTO, "bad_answer");
}

static void a_long_answer_is_taken(void **state)
{
	static char answer[2 << 20];
	struct peer *peer = *state;
	json_t *result;
	int head = sprintf(answer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"text\":\"");

	memset(answer + head, 'x', sizeof(answer) - 100);
	strcpy(answer + sizeof(answer) - 100, "\"}}\n");
	peer->piece = 60000;
	begin(peer, answer, true);
	assert_int_equal(
		mn_client_call(peer->client, "rpc.ping", NULL, 5000, &result, &peer->error), 0);
	assert_true(json_string_length(json_object_get(result, "text")) > 2000000);
	json_decref(result);
}

static void a_signal_ends_the_waiting(void **state)
{
	struct peer *peer = *state;
	int cancel = eventfd(1, 0);

	begin(peer, "", true);
	mn_client_set_cancel(peer->client, cancel);
	fails(peer, -ECANCELED, "interrupted");
	/* And only the waiting: without it the connection goes on */
	mn_client_set_cancel(peer->client, -1);
	fails(peer, -ETIMEDOUT, "timeout");
	close(cancel);
}

static void nobody_there(void **state)
{
	struct mn_client_error error = { 0 };
	struct mn_client *client = (struct mn_client *)state;
	char path[300];

	assert_int_equal(mn_client_connect(&client, "/nowhere/at/all.sock", 100, &error), -ENOENT);
	assert_null(client);
	assert_string_equal(error.name, "not_reachable");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(mn_client_connect(&client, path, 100, &error), -ENAMETOOLONG);
	mn_client_error_clear(&error);
}

static void a_daemon_that_ended(void **state)
{
	struct peer *peer = *state;

	close(peer->listener);
	assert_int_equal(mn_client_connect(&peer->client, peer->path, 100, &peer->error),
			 -ECONNREFUSED);
	assert_string_equal(peer->error.name, "not_reachable");
	peer->listener = -1;
}

static void a_full_backlog_ends_in_time(void **state)
{
	struct peer *peer = *state;
	struct mn_client *clients[8] = { 0 };
	int result = 0;

	for (int i = 0; i < 8 && !result; i++)
		result = mn_client_connect(&clients[i], peer->path, 50, &peer->error);
	assert_int_equal(result, -ETIMEDOUT);
	assert_string_equal(peer->error.name, "timeout");
	for (int i = 0; i < 8; i++)
		mn_client_close(clients[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_peer, close_peer)
	const struct CMUnitTest tests[] = {
		TEST(an_answer_may_come_byte_by_byte),
		TEST(notifications_in_between_are_kept_in_order),
		TEST(answers_may_come_in_another_order),
		TEST(a_refusal_keeps_its_details),
		TEST(a_refusal_that_names_no_call_is_ours),
		TEST(silence_ends_in_time),
		TEST(an_end_in_the_middle_of_a_line_is_a_loss),
		TEST(what_is_not_json_is_refused),
		TEST(what_is_no_object_is_refused),
		TEST(what_is_neither_answer_nor_event_is_refused),
		TEST(an_answer_without_a_result_is_refused),
		TEST(a_nul_is_refused),
		TEST(a_long_answer_is_taken),
		TEST(a_signal_ends_the_waiting),
		cmocka_unit_test(nobody_there),
		TEST(a_daemon_that_ended),
		TEST(a_full_backlog_ends_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
