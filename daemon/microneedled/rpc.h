/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON-RPC 2.0: from a line to a call that was checked in every way that the table of methods can
 * tell, and from its outcome to a line. A call may be answered later; its connection may be gone by
 * then.
 */
#ifndef RPC_H
#define RPC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "names.h"
#include "params.h"
#include "server.h"

#define RPC_DEPTH 8

/* A call that changes something: needs an id, may carry deadline_ms and request_id */
#define RPC_MUTATING (1U << 0)
/* Runs without hello, id or free slots, and stops everything if it cannot be understood */
#define RPC_STOP (1U << 1)
#define RPC_NO_HELLO (1U << 2)
/* Takes expected_rev too */
#define RPC_REV (1U << 3)

struct rpc_method {
	const char *name;
	uint32_t roles; /* one of these is needed; 0: none */
	uint32_t flags;
	const struct param *params;
	void (*handle)(struct rpc_call *call);
	const char *help; /* one sentence */
	const char *result; /* what comes back, one sentence */
};

struct rpc_call {
	struct mnd *mnd;
	struct conn *conn; /* NULL once the peer is gone */
	struct peer peer;
	const struct rpc_method *method;
	json_t *id; /* NULL: nobody waits for an answer */
	json_t *params; /* an object, never NULL */
	struct rpc_request *request;
	LIST_ENTRY(rpc_call) link;
};

int rpc_start(struct mnd *mnd);
void rpc_free(struct mnd *mnd);

/* One line from a peer; it is changed */
void rpc_line(struct conn *conn, char *line, size_t length);

/* An error that belongs to no call; name may be NULL for that of the code */
void rpc_complain(struct conn *conn, enum mn_error code, const char *name, const char *message);

/*
 * Exactly one of these ends a call, and with it the call's memory. They take over the reference to
 * result or data; data may be NULL and gets the error's name.
 */
void rpc_result(struct rpc_call *call, json_t *result);
void rpc_error(struct rpc_call *call, enum mn_error code, json_t *data, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* True if its deadline has passed; then it was answered */
bool rpc_expired(struct rpc_call *call);

/* A notification to one peer */
void rpc_notify(struct conn *conn, const char *method, json_t *params);

/* For a refused parameter that the table cannot check */
void rpc_bad_param(struct rpc_call *call, const char *param, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The deepest nesting of a JSON text; strings are skipped. Never recurses. */
unsigned int rpc_depth(const char *text, size_t length);

/* "uid:1000 pid:4242" for the record */
void rpc_peer_text(const struct peer *peer, char *text, size_t size);

#endif
