/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs' way to the daemon: what fails is printed here, and becomes an exit code */
#ifndef MNCTL_REMOTE_H
#define MNCTL_REMOTE_H

#include "mnctl.h"

/* Connect and say hello. Gives 0 or an exit code; then the error is printed. */
int remote_open(struct mnctl *ctl);

/* Connect without a hello, enough to stop; nothing is printed, @error says why it failed */
int remote_connect(struct mnctl *ctl, struct mn_client_error *error);

/**
 * remote_try() - Call a method, and leave what fails to the caller.
 * @ctl: mnctl.
 * @method: The method.
 * @params: Its parameters, taken over; or NULL.
 * @result: Where the result goes (a new reference); made harmless for a terminal.
 * @error: Why it failed, likewise.
 *
 * Return: 0 or a negative errno, as mn_client_call().
 */
int remote_try(struct mnctl *ctl, const char *method, json_t *params, json_t **result,
	       struct mn_client_error *error);

/* The same, but print the error and give the exit code */
int remote_call(struct mnctl *ctl, const char *method, json_t *params, json_t **result);

/**
 * remote_next() - The next notification of a subscription.
 * @ctl: mnctl.
 * @timeout_ms: How long to wait; -1 for ever.
 * @event: Where its parameters go (a new reference), made harmless for a terminal.
 * @error: Why it failed.
 *
 * Return: as mn_client_next().
 */
int remote_next(struct mnctl *ctl, int timeout_ms, json_t **event, struct mn_client_error *error);

/**
 * remote_session() - Find the session that an operand means.
 * @ctl: mnctl.
 * @operand: A session's id, or enough of its beginning to tell it from others.
 * @session: Where the whole id goes; room for 64 bytes.
 *
 * Return: 0 or an exit code; then the error is printed.
 */
int remote_session(struct mnctl *ctl, const char *operand, char session[64]);

/* Fields of a document; what is missing reads as "" or 0 */
const char *field_text(const json_t *object, const char *key);
json_int_t field_number(const json_t *object, const char *key);
/* Whether a text is among those of an array */
bool field_has(const json_t *object, const char *key, const char *text);

#endif
