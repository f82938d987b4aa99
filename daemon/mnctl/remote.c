// SPDX-License-Identifier: GPL-2.0-or-later
#include "remote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "signals.h"

#define SESSION_ID_LENGTH 36
#define SESSION_PREFIX_MIN 4

const char *field_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_int_t field_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

int remote_connect(struct mnctl *ctl, struct mn_client_error *error)
{
	int failed = mn_client_connect(&ctl->client, args_text(&ctl->args, "socket"),
				       ctl->timeout_ms, error);

	if (!failed)
		mn_client_set_cancel(ctl->client, signals_fd());
	return failed;
}

int remote_open(struct mnctl *ctl)
{
	struct mn_client_error error = { 0 };
	int code;

	if (remote_connect(ctl, &error) == 0 &&
	    mn_client_hello(ctl->client, "mnctl", ctl->timeout_ms, NULL, &error) == 0)
		return EXIT_OK;
	code = output_error(&ctl->out, &error);
	mn_client_error_clear(&error);
	return code;
}

int remote_try(struct mnctl *ctl, const char *method, json_t *params, json_t **result,
	       struct mn_client_error *error)
{
	int failed = mn_client_call(ctl->client, method, params, ctl->timeout_ms, result, error);

	if (!failed && !ctl->out.json)
		output_disarm(*result);
	return failed;
}

int remote_call(struct mnctl *ctl, const char *method, json_t *params, json_t **result)
{
	struct mn_client_error error = { 0 };
	int code;

	if (remote_try(ctl, method, params, result, &error) == 0)
		return EXIT_OK;
	code = output_error(&ctl->out, &error);
	mn_client_error_clear(&error);
	return code;
}

int remote_next(struct mnctl *ctl, int timeout_ms, json_t **event, struct mn_client_error *error)
{
	json_t *method = NULL;
	int got = mn_client_next(ctl->client, timeout_ms, &method, event, error);
	bool evicted = got > 0 && strcmp(json_string_value(method), "telemetry.event") != 0;

	json_decref(method);
	if (evicted) {
		mn_client_error_clear(error);
		snprintf(error->name, sizeof(error->name), "connection_lost");
		snprintf(error->message, sizeof(error->message), "%s",
			 field_text(*event, "reason"));
		json_decref(*event);
		*event = NULL;
		return -EPIPE;
	}
	if (got > 0 && !ctl->out.json)
		output_disarm(*event);
	return got;
}

int remote_session(struct mnctl *ctl, const char *operand, char session[64])
{
	size_t len = strlen(operand), i, found = 0;
	json_t *result, *entry;
	int code;

	if (len == SESSION_ID_LENGTH) {
		memcpy(session, operand, len + 1);
		return EXIT_OK;
	}
	if (len < SESSION_PREFIX_MIN || len > SESSION_ID_LENGTH)
		return output_failure(
			&ctl->out, "usage",
			"\"%.40s\" is no session. Write its id, or the first %d letters of it or more; mnctl session list shows them.",
			operand, SESSION_PREFIX_MIN);
	code = remote_call(ctl, "session.list", NULL, &result);
	if (code)
		return code;
	json_array_foreach(json_object_get(result, "sessions"), i, entry) {
		const char *id = field_text(entry, "session");

		if (strncmp(id, operand, len) != 0)
			continue;
		found++;
		snprintf(session, 64, "%s", id);
	}
	json_decref(result);
	if (found == 1)
		return EXIT_OK;
	if (found)
		return output_failure(&ctl->out, "not_found",
				      "%zu sessions begin with \"%s\". Write more of the id.",
				      found, operand);
	return output_failure(
		&ctl->out, "not_found",
		"No session of yours begins with \"%s\". mnctl session list shows them.", operand);
}

bool field_has(const json_t *object, const char *key, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(object, key), i, item)
		if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
			return true;
	return false;
}
