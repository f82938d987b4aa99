// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "device.h"
#include "log.h"
#include "methods.h"
#include "mnd.h"
#include "rpc.h"

/* How many answers are kept for repeated calls */
#define REQUESTS 256
#define ID_BYTES 64

/* A mutating call with a request_id, and its answer once it has one */
struct rpc_request {
	TAILQ_ENTRY(rpc_request) link;
	uid_t uid;
	char key[65];
	const struct rpc_method *method;
	json_t *params;
	const char *member; /* "result" or "error"; NULL: still under way */
	json_t *answer;
};

struct rpc {
	TAILQ_HEAD(, rpc_request) requests;
	unsigned int count;
	char line[65536]; /* most answers fit */
};

int rpc_start(struct mnd *mnd)
{
	mnd->rpc = calloc(1, sizeof(*mnd->rpc));
	if (!mnd->rpc)
		return -1;
	TAILQ_INIT(&mnd->rpc->requests);
	return 0;
}

static void request_free(struct rpc *rpc, struct rpc_request *request)
{
	TAILQ_REMOVE(&rpc->requests, request, link);
	rpc->count--;
	json_decref(request->params);
	json_decref(request->answer);
	free(request);
}

void rpc_free(struct mnd *mnd)
{
	while (!TAILQ_EMPTY(&mnd->rpc->requests))
		/* It leaves the list before it is freed, which the analyzer cannot see */
		request_free(mnd->rpc, /* NOLINT(clang-analyzer-unix.Malloc) */
			     TAILQ_FIRST(&mnd->rpc->requests));
	free(mnd->rpc);
	mnd->rpc = NULL;
}

static void send_json(struct conn *conn, json_t *message)
{
	struct rpc *rpc = conn->mnd->rpc;
	size_t length = json_dumpb(message, rpc->line, sizeof(rpc->line) - 1, JSON_COMPACT);

	if (length < sizeof(rpc->line) - 1) {
		rpc->line[length++] = '\n';
		conn_send(conn, rpc->line, length);
	} else {
		char *text = malloc(length + 1);

		if (text && json_dumpb(message, text, length, JSON_COMPACT) == length) {
			text[length++] = '\n';
			conn_send(conn, text, length);
		} else {
			log_error("an answer of %zu bytes was dropped: no memory", length);
		}
		free(text);
	}
	json_decref(message);
}

void rpc_notify(struct conn *conn, const char *method, json_t *params)
{
	send_json(conn, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params",
				  params));
}

static json_t *error_object(enum mn_error code, json_t *data, const char *message)
{
	if (!data)
		data = json_object();
	if (!json_object_get(data, "name"))
		json_object_set_new(data, "name", json_string(mn_name(&mn_errors, code)));
	return json_pack("{s:i, s:s, s:o}", "code", (int)code, "message", message, "data", data);
}

/* Takes over answer */
static void respond(struct conn *conn, json_t *id, const char *member, json_t *answer)
{
	send_json(conn, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id ? id : json_null(),
				  member, answer));
}

static void complain(struct conn *conn, json_t *id, enum mn_error code, json_t *data,
		     const char *message)
{
	respond(conn, id, "error", error_object(code, data, message));
}

void rpc_complain(struct conn *conn, enum mn_error code, const char *name, const char *message)
{
	complain(conn, NULL, code, name ? json_pack("{s:s}", "name", name) : NULL, message);
}

static void call_over(struct rpc_call *call, const char *member, json_t *answer)
{
	if (call->request) {
		call->request->member = member;
		call->request->answer = json_incref(answer);
	}
	if (call->conn) {
		struct conn *conn = call->conn;

		LIST_REMOVE(call, link);
		if (call->id)
			respond(conn, call->id, member, json_incref(answer));
		conn_call_over(conn);
	}
	json_decref(answer);
	json_decref(call->id);
	json_decref(call->params);
	free(call);
}

void rpc_result(struct rpc_call *call, json_t *result)
{
	call_over(call, "result", result);
}

static json_t *error_format(enum mn_error code, json_t *data, const char *format, va_list args)
{
	char message[512];

	vsnprintf(message, sizeof(message), format, args);
	return error_object(code, data, message);
}

void rpc_error(struct rpc_call *call, enum mn_error code, json_t *data, const char *format, ...)
{
	va_list args;
	json_t *error;

	va_start(args, format);
	error = error_format(code, data, format, args);
	va_end(args);
	call_over(call, "error", error);
}

void rpc_bad_param(struct rpc_call *call, const char *param, const char *format, ...)
{
	va_list args;
	json_t *error;

	va_start(args, format);
	error = error_format(MN_ERROR_INVALID_PARAMS, json_pack("{s:s}", "param", param), format,
			     args);
	va_end(args);
	call_over(call, "error", error);
}

bool rpc_expired(struct rpc_call *call)
{
	json_t *deadline = json_object_get(call->params, "deadline_ms");
	int64_t late;

	if (!deadline)
		return false;
	late = clock_mono_ns() / 1000000 - json_integer_value(deadline);
	if (late < 0)
		return false;
	rpc_error(
		call, MN_ERROR_DEADLINE_PASSED, json_pack("{s:I}", "late_ms", (json_int_t)late),
		"The deadline passed before the call could run, and it was not run; deadline_ms is CLOCK_MONOTONIC in milliseconds.");
	return true;
}

void rpc_peer_text(const struct peer *peer, char *text, size_t size)
{
	snprintf(text, size, "uid:%u pid:%d", peer->uid, peer->pid);
}

unsigned int rpc_depth(const char *text, size_t length)
{
	unsigned int depth = 0, deepest = 0;
	bool string = false;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				string = false;
		} else if (c == '"') {
			string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > deepest)
				deepest = depth;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return deepest;
}

static bool id_is_valid(const json_t *id)
{
	return json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= ID_BYTES);
}

/* NULL if the members are those of a request, else what is wrong */
static const char *request_fault(const json_t *root)
{
	const char *version = json_string_value(json_object_get(root, "jsonrpc"));
	const char *name;
	json_t *value;

	if (!version || strcmp(version, "2.0"))
		return "Say \"jsonrpc\": \"2.0\" in each request.";
	if (!json_is_string(json_object_get(root, "method")))
		return "Name the method to call in \"method\", as a string.";
	json_object_foreach((json_t *)root, name, value) {
		if (strcmp(name, "jsonrpc") && strcmp(name, "method") && strcmp(name, "params") &&
		    strcmp(name, "id"))
			return "A request has jsonrpc, method, params and id, and nothing else.";
	}
	value = json_object_get(root, "id");
	if (value && !id_is_valid(value))
		return "An id is an integer or a string of at most 64 bytes.";
	return NULL;
}

/* Whatever a stop that cannot be understood meant, standing still is the safe reading of it */
static void stop_anyway(struct conn *conn, const struct rpc_method *method, json_t *data)
{
	char who[64];

	if (!(method->flags & RPC_STOP))
		return;
	rpc_peer_text(&conn->peer, who, sizeof(who));
	json_object_set_new(data, "stopped", devices_stop_all(conn->mnd, who));
}

/* Parameters that every mutating call may carry */
static const struct param mutating_params[] = {
	{ "deadline_ms", PARAM_INTEGER, false, 0, INT64_MAX,
	  .help = "CLOCK_MONOTONIC in milliseconds after which the call must not be run" },
	{ "request_id", PARAM_STRING, false, 1, 64, .format = &param_text,
	  .help = "makes it safe to repeat the call: it gets the first answer again" },
	{ "expected_rev", PARAM_INTEGER, false, 0, UINT32_MAX,
	  .help = "refuse unless the session's rev is this" },
	PARAM_END
};

json_t *rpc_common_params(const struct rpc_method *method)
{
	json_t *list = json_array();

	if (!(method->flags & RPC_MUTATING))
		return list;
	for (const struct param *param = mutating_params; param->name; param++) {
		if (!strcmp(param->name, "expected_rev") && !(method->flags & RPC_REV))
			continue;
		json_array_append_new(list,
				      json_pack("{s:s, s:b, s:o}", "name", param->name, "required",
						0, "schema", params_schema(param)));
	}
	return list;
}

static bool check_params(const struct rpc_method *method, json_t *params,
			 struct params_error *error)
{
	json_t *own, *common;
	bool ok;

	if (params && !json_is_object(params)) {
		snprintf(error->param, sizeof(error->param), "params");
		snprintf(error->message, sizeof(error->message),
			 "params must be an object of named parameters.");
		return false;
	}
	if (!(method->flags & RPC_MUTATING) || !params)
		return params_check(method->params, params, error);

	own = json_copy(params);
	common = json_object();
	for (const struct param *param = mutating_params; param->name; param++) {
		json_t *value = json_object_get(own, param->name);

		if (!value || (!strcmp(param->name, "expected_rev") && !(method->flags & RPC_REV)))
			continue;
		json_object_set(common, param->name, value);
		json_object_del(own, param->name);
	}
	ok = params_check(mutating_params, common, error) &&
	     params_check(method->params, own, error);
	json_decref(own);
	json_decref(common);
	return ok;
}

/* True if the call goes on; false if it was answered from what is known of the same request */
static bool remember(struct rpc_call *call)
{
	const char *key = params_string(call->params, "request_id");
	struct rpc *rpc = call->mnd->rpc;
	struct rpc_request *request;
	json_t *params;

	if (!key)
		return true;
	params = json_copy(call->params);
	json_object_del(params, "deadline_ms");
	TAILQ_FOREACH(request, &rpc->requests, link) {
		bool same;

		if (request->uid != call->peer.uid || strcmp(request->key, key))
			continue;
		same = request->method == call->method && json_equal(request->params, params);
		json_decref(params);
		if (!same)
			rpc_bad_param(call, "request_id",
				      "This request_id belongs to another call; use a new one.");
		else if (!request->member)
			rpc_error(call, MN_ERROR_BUSY, json_pack("{s:i}", "retry_ms", 100),
				  "The same request is still under way; ask again in a moment.");
		else
			call_over(call, request->member, json_incref(request->answer));
		return false;
	}
	request = calloc(1, sizeof(*request));
	if (!request) {
		json_decref(params);
		rpc_error(call, MN_ERROR_INTERNAL, NULL, "The daemon is out of memory.");
		return false;
	}
	request->uid = call->peer.uid;
	snprintf(request->key, sizeof(request->key), "%s", key);
	request->method = call->method;
	request->params = params;
	TAILQ_INSERT_TAIL(&rpc->requests, request, link);
	call->request = request;
	if (++rpc->count > REQUESTS) {
		/* The oldest that is answered; those under way are bounded by the connections */
		TAILQ_FOREACH(request, &rpc->requests, link) {
			if (request->member) {
				request_free(rpc, request);
				break;
			}
		}
	}
	return true;
}

static void dispatch(struct conn *conn, const struct rpc_method *method, json_t *id, json_t *params)
{
	struct rpc_call *call = calloc(1, sizeof(*call));

	if (!call) {
		if (method->flags & RPC_STOP)
			devices_stop_all(conn->mnd, "out of memory");
		complain(conn, id, MN_ERROR_INTERNAL, NULL, "The daemon is out of memory.");
		return;
	}
	call->mnd = conn->mnd;
	call->conn = conn;
	call->peer = conn->peer;
	call->method = method;
	call->id = json_incref(id);
	call->params = params ? json_incref(params) : json_object();
	LIST_INSERT_HEAD(&conn->calls, call, link);
	conn->in_flight++;
	if (method->flags & RPC_MUTATING && (rpc_expired(call) || !remember(call)))
		return;
	method->handle(call);
}

static void request(struct conn *conn, json_t *root)
{
	const char *fault = request_fault(root);
	json_t *id = json_object_get(root, "id");
	json_t *params = json_object_get(root, "params");
	const struct rpc_method *method;
	struct params_error error;
	char message[256];

	if (fault) {
		complain(conn, id_is_valid(id) ? id : NULL, MN_ERROR_INVALID_REQUEST, NULL, fault);
		return;
	}
	method = methods_find(json_string_value(json_object_get(root, "method")));
	if (!method) {
		snprintf(message, sizeof(message),
			 "There is no method %.80s; rpc.discover lists those there are.",
			 json_string_value(json_object_get(root, "method")));
		complain(conn, id, MN_ERROR_METHOD_NOT_FOUND, NULL, message);
		return;
	}
	if (!(method->flags & RPC_STOP)) {
		if (!conn->hello && !(method->flags & RPC_NO_HELLO)) {
			complain(conn, id, MN_ERROR_HELLO_REQUIRED, NULL,
				 "Call rpc.hello first on each connection.");
			return;
		}
		if (conn->in_flight >= SERVER_IN_FLIGHT) {
			complain(
				conn, id, MN_ERROR_TOO_MANY,
				json_pack("{s:i}", "limit", SERVER_IN_FLIGHT),
				"Too many calls wait for an answer on this connection; wait for some.");
			return;
		}
		if (method->flags & RPC_MUTATING && !id) {
			complain(conn, NULL, MN_ERROR_INVALID_REQUEST, NULL,
				 "This method changes something; give the call an id.");
			return;
		}
	}
	if (!check_params(method, params, &error)) {
		json_t *data = json_pack("{s:s}", "param", error.param);

		stop_anyway(conn, method, data);
		complain(conn, id, MN_ERROR_INVALID_PARAMS, data, error.message);
		return;
	}
	if (method->roles && !(method->roles & conn->peer.roles)) {
		const char *group = policy_group(method->roles);

		if (conn->peer.roles & ROLE_ROOT)
			snprintf(
				message, sizeof(message),
				"root may stop and diagnose, but this needs a named person in the group %s.",
				group);
		else
			snprintf(
				message, sizeof(message),
				"This needs the group %s; ask the administrator to add you and log in again.",
				group);
		complain(conn, id, MN_ERROR_NOT_PERMITTED, json_pack("{s:s}", "group", group),
			 message);
		return;
	}
	dispatch(conn, method, id, params);
}

void rpc_line(struct conn *conn, char *line, size_t length)
{
	char message[256];
	json_error_t error;
	json_t *root;

	if (rpc_depth(line, length) > RPC_DEPTH) {
		rpc_complain(conn, MN_ERROR_PARSE, NULL,
			     "The request is nested deeper than 8 levels.");
		return;
	}
	root = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!root) {
		snprintf(message, sizeof(message), "The line is not valid JSON: %.150s.",
			 error.text);
		rpc_complain(conn, MN_ERROR_PARSE, NULL, message);
		return;
	}
	if (json_is_array(root))
		rpc_complain(conn, MN_ERROR_INVALID_REQUEST, NULL,
			     "Batches are not supported; send one object a line.");
	else if (!json_is_object(root))
		rpc_complain(conn, MN_ERROR_INVALID_REQUEST, NULL, "A request is a JSON object.");
	else
		request(conn, root);
	json_decref(root);
}
