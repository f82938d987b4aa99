/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libmnclient: talk to microneedled from a program of the clinic's workstation.
 *
 *	struct mn_client_error error = { 0 };
 *	struct mn_client *client;
 *	json_t *status;
 *
 *	if (mn_client_connect(&client, NULL, 2000, &error) ||
 *	    mn_client_hello(client, "chart-writer", 2000, NULL, &error) ||
 *	    mn_client_call(client, "device.status", NULL, 2000, &status, &error))
 *		errx(1, "%s", error.message);
 *
 * One connection is one object; it is not for two threads at once. Nothing here blocks for longer
 * than the given time. Functions return 0 or a negative errno, and then @error says in one sentence
 * what to do. The methods, their parameters and results are the daemon's: `mnctl call rpc.discover`
 * prints them.
 *
 * Closing the connection stops the needles of a session that it runs. So does the end of the
 * program, whatever ends it: keep the connection open for as long as somebody watches, not longer.
 */
#ifndef MN_COMMON_CLIENT_H
#define MN_COMMON_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Where the daemon listens unless the environment's MN_SOCKET says otherwise */
#define MN_CLIENT_SOCKET "/run/microneedle/control.sock"
/* Version of the protocol that this library speaks */
#define MN_CLIENT_PROTOCOL 1

struct mn_client;

/**
 * struct mn_client_error - Why a function failed.
 * @code: The daemon's code, negative, where the daemon refused; 0 where the library failed.
 * @name: Stable name. The daemon's, or one of the library's own: "not_reachable",
 *	"not_permitted", "timeout", "connection_lost", "interrupted", "bad_answer", "bad_text",
 *	"no_memory".
 * @message: A sentence for a person, which says what to do.
 * @data: What the daemon gave beside it (limit, interlocks, group, ...), or NULL.
 *
 * Start with all zero. Filled in anew by each function that fails, untouched by one that does not.
 */
struct mn_client_error {
	int code;
	char name[40];
	char message[512];
	json_t *data;
};

/* Give back what @error holds, and make it all zero */
void mn_client_error_clear(struct mn_client_error *error);

/**
 * mn_client_connect() - Connect to the daemon.
 * @client: Where the connection goes; NULL goes there on failure.
 * @path: The socket, or NULL for MN_SOCKET or else %MN_CLIENT_SOCKET.
 * @timeout_ms: How long to try while the daemon is busy.
 * @error: Why it failed.
 *
 * Stop methods may be called at once; everything else only after mn_client_hello().
 *
 * Return: 0; -ENOENT or -ECONNREFUSED no daemon there, -EACCES, -ETIMEDOUT, -ENAMETOOLONG, ...
 */
int mn_client_connect(struct mn_client **client, const char *path, int timeout_ms,
		      struct mn_client_error *error);

/**
 * mn_client_hello() - Say who we are and agree on the protocol.
 * @client: The connection.
 * @name: Name of the program, for the daemon's log.
 * @timeout_ms: How long to wait for the answer.
 * @info: Where the daemon's version, limits and our role go (a new reference), or NULL.
 * @error: Why it failed.
 *
 * Return: as mn_client_call().
 */
int mn_client_hello(struct mn_client *client, const char *name, int timeout_ms, json_t **info,
		    struct mn_client_error *error);

/**
 * mn_client_call() - Call a method and wait for its result.
 * @client: The connection.
 * @method: The method.
 * @params: The parameters, an object; its reference is taken over. NULL for none.
 * @timeout_ms: How long to wait for the answer.
 * @result: Where the result goes (a new reference), or NULL.
 * @error: Why it failed.
 *
 * Notifications that come in between are kept for mn_client_next(). After -ETIMEDOUT or -ECANCELED
 * it is not known whether the method ran: count it as run.
 *
 * Return: 0; -EREMOTEIO the daemon refused, see @error; -ETIMEDOUT; -EPIPE the connection is lost;
 * -ECANCELED see mn_client_set_cancel(); -EPROTO the daemon's answer makes no sense.
 */
int mn_client_call(struct mn_client *client, const char *method, json_t *params, int timeout_ms,
		   json_t **result, struct mn_client_error *error);

/**
 * mn_client_submit() - Send a call without waiting for its result.
 * @client: The connection.
 * @method: The method.
 * @params: As for mn_client_call().
 * @timeout_ms: How long to wait until the socket takes it.
 * @id: Where the number for mn_client_wait() goes.
 * @error: Why it failed.
 *
 * Return: as mn_client_call(), without -EREMOTEIO.
 */
int mn_client_submit(struct mn_client *client, const char *method, json_t *params, int timeout_ms,
		     long long *id, struct mn_client_error *error);

/* Wait for the result of a call that was submitted; the parameters are mn_client_call()'s */
int mn_client_wait(struct mn_client *client, long long id, int timeout_ms, json_t **result,
		   struct mn_client_error *error);

/**
 * mn_client_next() - The next notification.
 * @client: The connection.
 * @timeout_ms: How long to wait for one; 0 to take only what is there, -1 for ever.
 * @method: Where its method goes (a new reference to a string), or NULL.
 * @params: Where its parameters go (a new reference).
 * @error: Why it failed.
 *
 * Return: 1 with a notification, 0 when none came in time, or a negative errno as
 * mn_client_call().
 */
int mn_client_next(struct mn_client *client, int timeout_ms, json_t **method, json_t **params,
		   struct mn_client_error *error);

/**
 * mn_client_set_cancel() - Let a file descriptor end every wait.
 * @client: The connection.
 * @fd: Waits end with -ECANCELED as soon as this can be read (a signalfd, an eventfd, a pipe). It
 *	is not read from. -1 for none.
 */
void mn_client_set_cancel(struct mn_client *client, int fd);

/**
 * mn_client_fd() - For a program with a poll loop of its own.
 * @client: The connection.
 *
 * Call mn_client_next() with a time of 0 until it gives 0 before sleeping on this, and again when
 * it can be read.
 *
 * Return: the socket.
 */
int mn_client_fd(const struct mn_client *client);

/* The socket's path, for a second connection to the same daemon */
const char *mn_client_path(const struct mn_client *client);

/* Close the connection; NULL is fine */
void mn_client_close(struct mn_client *client);

#endif
