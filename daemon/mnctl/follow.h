/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a session that is being run: the daemon's events go in, what a person must be told
 * comes out. Pure, so that it can be tested with written-down events.
 */
#ifndef MNCTL_FOLLOW_H
#define MNCTL_FOLLOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "event_text.h"

/**
 * struct follow - A session as far as the events told.
 * @session: Its id; events of other sessions are not ours.
 * @device: The handpiece it runs on.
 * @state: The session's state: "armed", "running", "paused", ...
 * @device_state: The handpiece's: "safe", "armed", "running", "fault".
 * @cause: Why the handpiece's state changed last.
 * @reason: Why the session's state changed last; a cause, or "device_gone", "owner_lost", ...
 * @fault: The fault that latched first, "" without one.
 * @fault_text: What it is and what to do, with the numbers that came with it.
 * @strokes_done: Made in this session.
 * @strokes_planned: To be made in it.
 * @punctures_done: Made in this session.
 * @depth_um: Measured depth of the latest stroke.
 * @depth_max_um: Deepest stroke since it is followed.
 * @gone: The handpiece was unplugged.
 */
struct follow {
	char session[64];
	char device[40];
	char state[16];
	char device_state[16];
	char cause[24];
	char reason[24];
	char fault[40];
	char fault_text[EVENT_TEXT];
	int64_t strokes_done;
	int64_t strokes_planned;
	int64_t punctures_done;
	int64_t depth_um;
	int64_t depth_max_um;
	bool gone;
};

/* What an event brought */
#define FOLLOW_STATE (1U << 0) /* the session's or the handpiece's state */
#define FOLLOW_NUMBERS (1U << 1)
#define FOLLOW_FAULT (1U << 2)
#define FOLLOW_GONE (1U << 3)

/* How a run stands */
enum follow_end {
	FOLLOW_GOES_ON,
	FOLLOW_COMPLETED, /* all strokes that it was armed for are made */
	FOLLOW_FAULTED,
	FOLLOW_DEVICE_GONE,
	FOLLOW_ENDED, /* somebody ended the session */
	FOLLOW_DISARMED, /* the handpiece is no longer armed, for follow.cause */
};

/* Take over a session.status */
void follow_status(struct follow *follow, const json_t *status);

/* Take in an event; gives FOLLOW_ bits of what it brought */
unsigned int follow_event(struct follow *follow, const json_t *event);

/* Whether the run is over; only asked once it was armed */
enum follow_end follow_end(const struct follow *follow);

#endif
