// SPDX-License-Identifier: GPL-2.0-or-later
/* session.status, show, strokes, list: how a session is, and what the record says of it. */
#include "methods.h"
#include "mnd.h"
#include "policy.h"
#include "store.h"
#include "treatment.h"

#define LIST_DEFAULT 100
#define STROKES_DEFAULT 1000

static struct store_reader reader_of(const struct rpc_call *call)
{
	uint32_t roles = call->peer.roles;

	return (struct store_reader){
		.all = roles & (ROLE_AUDIT | ROLE_ROOT | ROLE_SERVICE),
		.uid = call->peer.uid,
		.hide_patient = !(roles & (ROLE_AUDIT | ROLE_ROOT)),
	};
}

/* Ends the call unless there is an answer */
static bool has_answer(struct rpc_call *call, const json_t *answer, const char *error)
{
	if (answer)
		return true;
	if (error)
		rpc_error(call, MN_ERROR_STORE_FAILED, NULL,
			  "The record cannot be read: %s. Look into the daemon's log.", error);
	else
		rpc_error(
			call, MN_ERROR_NOT_FOUND,
			json_pack("{s:O}", "session", json_object_get(call->params, "session")),
			"There is no record with this id that you may see; session.list shows those there are.");
	return false;
}

static void answer_read(void *arg, json_t *answer, const char *error)
{
	if (has_answer(arg, answer, error))
		rpc_result(arg, answer);
}

/* Of a session that is over, what its status was at the end */
static void answer_status(void *arg, json_t *record, const char *error)
{
	static const char *const names[] = { "session",		"operator", "patient",
					     "indication",	"area",	    "area_cm2",
					     "density_per_cm2", "protocol", "plan",
					     "prechecks",	"opened",   "ended",
					     "outcome",		"summary" };
	struct rpc_call *call = arg;
	json_t *status;

	if (!has_answer(call, record, error))
		return;
	status = json_pack("{s:s, s:b, s:s, s:O?}", "state",
			   json_is_null(json_object_get(record, "ended")) ? "closing" : "ended",
			   "attached", 0, "text", mn_text(&mn_sessions, MN_SESSION_ENDED), "reason",
			   json_object_get(json_object_get(record, "summary"), "reason"));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_object_get(record, names[i]))
			json_object_set(status, names[i], json_object_get(record, names[i]));
	json_decref(record);
	rpc_result(call, status);
}

void method_session_status(struct rpc_call *call)
{
	const char *uuid = params_string(call->params, "session");
	struct treatment *treatment = treatment_find(call->mnd, uuid);
	struct store_reader reader = reader_of(call);

	if (!treatment) {
		store_show(call->mnd, &reader, uuid, answer_status, call);
		return;
	}
	if (!reader.all && treatment->plan.who.operator_uid != call->peer.uid) {
		rpc_error(call, MN_ERROR_NOT_PERMITTED, json_pack("{s:s}", "group", GROUP_AUDIT),
			  "The session is another operator's; this needs the group %s.",
			  GROUP_AUDIT);
		return;
	}
	rpc_result(call, treatment_status(treatment, &call->peer));
}

void method_session_show(struct rpc_call *call)
{
	struct store_reader reader = reader_of(call);

	store_show(call->mnd, &reader, params_string(call->params, "session"), answer_read, call);
}

void method_session_strokes(struct rpc_call *call)
{
	struct store_reader reader = reader_of(call);
	int64_t limit = params_integer(call->params, "limit");

	store_strokes(call->mnd, &reader, params_string(call->params, "session"),
		      params_integer(call->params, "after"), limit ? limit : STROKES_DEFAULT,
		      answer_read, call);
}

void method_session_list(struct rpc_call *call)
{
	struct store_reader reader = reader_of(call);
	int64_t limit = params_integer(call->params, "limit");

	store_list(call->mnd, &reader, limit ? limit : LIST_DEFAULT, answer_read, call);
}
