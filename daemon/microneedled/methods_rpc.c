// SPDX-License-Identifier: GPL-2.0-or-later
/* rpc.*: the connection itself. */
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "frame.h"
#include "log.h"
#include "methods.h"
#include "mnd.h"
#include "users.h"

#define PROTOCOL 1

static void greet(void *arg, const char *name)
{
	struct rpc_call *call = arg;
	uint32_t roles = call->peer.roles;

	rpc_result(
		call,
		json_pack(
			"{s:s, s:s, s:i, s:[s, s], s:{s:i, s:i, s:i}, s:{s:b, s:b, s:b, s:b}, s:s}",
			"server", "microneedled", "version", MND_VERSION, "protocol", PROTOCOL,
			"features", "telemetry", "sessions", "limits", "line_bytes", MN_LINE_BYTES,
			"depth", RPC_DEPTH, "in_flight", SERVER_IN_FLIGHT, "role", "operator",
			!!(roles & ROLE_OPERATOR), "service", !!(roles & ROLE_SERVICE), "audit",
			!!(roles & ROLE_AUDIT), "root", !!(roles & ROLE_ROOT), "user", name));
}

void method_hello(struct rpc_call *call)
{
	int64_t min = params_integer(call->params, "protocol_min");
	int64_t max = params_integer(call->params, "protocol_max");

	if (min > PROTOCOL || max < PROTOCOL) {
		rpc_error(
			call, MN_ERROR_VERSION_UNSUPPORTED,
			json_pack("{s:i, s:i}", "protocol_min", PROTOCOL, "protocol_max", PROTOCOL),
			"This daemon speaks protocol %d, the client %" PRId64 " to %" PRId64
			"; use a client and a daemon of the same release.",
			PROTOCOL, min, max);
		return;
	}
	/* From here on, although the answer may wait for the name of the user */
	conn_greeted(call->conn);
	users_lookup(call->mnd, call->peer.uid, greet, call);
}

void method_discover(struct rpc_call *call)
{
	static json_t *document;

	/* It is large, and a flood of these must not keep the heartbeat waiting */
	if (!document)
		document = methods_document();
	rpc_result(call, json_incref(document));
}

void method_ping(struct rpc_call *call)
{
	rpc_result(call, json_pack("{s:I}", "mono_ns", (json_int_t)clock_mono_ns()));
}
