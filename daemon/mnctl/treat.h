/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the verbs that arm share: take up a session, arm it, and stop it when a signal comes */
#ifndef MNCTL_TREAT_H
#define MNCTL_TREAT_H

#include "follow.h"
#include "mnctl.h"

/* Options that both take; a list of their own follows in each verb */
#define TREAT_OPTIONS                                                                              \
	{ "depth", ARG_DEPTH, "DEPTH", "Another depth than the plan's, for example 0.5mm",         \
	  NULL,	   false },                                                                        \
		{ "rate", ARG_RATE,                                                                \
		  "RATE", "Another stroke rate than the plan's, for example 100Hz",                \
		  NULL,	  false },                                                                 \
	{                                                                                          \
		"strokes", ARG_COUNT, "NUMBER", "Fewer strokes than the plan's", NULL, false       \
	}

/**
 * treat_begin() - Connect, find the session of the first operand and take it up.
 * @ctl: mnctl.
 * @follow: Filled in with what is known of the session.
 *
 * From here on a signal stops the session's needles.
 *
 * Return: 0 or an exit code; then the error is printed.
 */
int treat_begin(struct mnctl *ctl, struct follow *follow);

/* Subscribe to what happens to the session's handpiece. Gives 0 or an exit code. */
int treat_subscribe(struct mnctl *ctl, const struct follow *follow);

/**
 * treat_arm() - Arm with the options that were given.
 * @ctl: mnctl.
 * @follow: The session.
 * @armed: Where the result goes.
 *
 * Return: 0 or an exit code; then the error is printed.
 */
int treat_arm(struct mnctl *ctl, const struct follow *follow, json_t **armed);

/**
 * treat_stop() - Stop, and see that the needles are home.
 * @ctl: mnctl.
 * @follow: The session.
 *
 * Waits for two seconds at most.
 *
 * Return: true once the handpiece said that nothing moves and the needles are home.
 */
bool treat_stop(struct mnctl *ctl, const struct follow *follow);

/**
 * treat_call() - Call a method while needles may move.
 * @ctl: mnctl.
 * @follow: The session.
 * @method: The method.
 * @params: Its parameters, taken over.
 * @result: Where the result goes.
 *
 * Return: 0 or an exit code; then the error is printed, and a signal that came was heeded.
 */
int treat_call(struct mnctl *ctl, const struct follow *follow, const char *method, json_t *params,
	       json_t **result);

/* Say why a run is over, unless it is because all is done. Gives the exit code. */
int treat_over(struct mnctl *ctl, const struct follow *follow, enum follow_end end);

/* After a signal: stop and say so. Gives the exit code. */
int treat_interrupted(struct mnctl *ctl, const struct follow *follow);

#endif
