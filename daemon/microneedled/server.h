/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket: who connects, how many, whole lines in, lines out, and what becomes of a peer that
 * does not behave. What a line means is rpc's.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

struct mnd;
struct server;
struct rpc_call;
struct subscription;

#define SERVER_CONNECTIONS 512 /* in all */
#define SERVER_RESERVE 8 /* of these for service, root and owners of sessions */
#define SERVER_PER_USER 32
#define SERVER_IN_FLIGHT 8 /* requests of one connection */
#define SERVER_HELLO_S 10
#define SERVER_LINE_S 2

struct peer {
	uid_t uid;
	pid_t pid;
	uint32_t roles;
};

struct conn {
	TAILQ_ENTRY(conn) link;
	struct mnd *mnd;
	struct peer peer;
	bool hello;
	unsigned int in_flight;
	LIST_HEAD(, rpc_call) calls;
	LIST_HEAD(, subscription) subscriptions;
	struct conn_io *io;
};

/* Listens on a socket that systemd passed, or on options.socket. 0, or -1 after a log line. */
int server_start(struct mnd *mnd);

/* No new connections */
void server_stop_listening(struct mnd *mnd);
void server_free(struct mnd *mnd);

/*
 * Queue one line. The connection is not freed in here. A line for a peer that has not read for
 * very long is counted and dropped.
 */
void conn_send(struct conn *conn, const char *line, size_t length);

/* Bytes that the peer has not taken */
size_t conn_backlog(const struct conn *conn);

/* The peer said hello: it may call, and is in no hurry any more */
void conn_greeted(struct conn *conn);

/* One of its calls was answered */
void conn_call_over(struct conn *conn);

#endif
