/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session's state machine. Pure: no I/O, no clock, no memory of its own. What happened goes in,
 * the new state and what is to be done comes out, so that every state can be met with every event
 * in a test.
 *
 * Whether needles move is the kernel's to say: a session is armed, running or paused because the
 * device's state record said so, never because somebody asked for it.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/microneedle.h>

#include "names.h"

struct session {
	enum mn_session_state state;
	enum mn_state device; /* as of the last state record */
	bool attached; /* the owner's connection is there */
	bool commanding; /* an arm or start is on its way through store and kernel */
	bool was_armed;
	uint32_t strokes_planned;
	uint32_t strokes_done;
	uint32_t rev; /* moves with everything that a decision may rest on */
};

enum session_event_type {
	SESSION_ARM, /* the owner asks to arm */
	SESSION_START, /* the owner asks to start */
	SESSION_COMMAND_OVER, /* that arm or start succeeded, failed or was given up */
	SESSION_DEVICE, /* the device changed its state */
	SESSION_STROKES, /* strokes were made */
	SESSION_CHANGED, /* something else that a decision may rest on, a pre-check for one */
	SESSION_OWNER_LOST,
	SESSION_OWNER_BACK,
	SESSION_GRACE_OVER,
	SESSION_DEVICE_GONE,
	SESSION_RECORD_FAILED, /* the store cannot keep the record */
	SESSION_END, /* the owner ends it, or the daemon ends */
	SESSION_EVENTS
};

struct session_event {
	enum session_event_type type;
	enum mn_state to; /* SESSION_DEVICE */
	uint32_t strokes; /* SESSION_STROKES: made in this session so far */
};

enum session_refusal {
	SESSION_OK,
	SESSION_REFUSED_ENDED,
	SESSION_REFUSED_FAULTED,
	SESSION_REFUSED_COMPLETED,
	SESSION_REFUSED_COMMANDING,
	SESSION_REFUSED_ARMED,
	SESSION_REFUSED_RUNNING,
	SESSION_REFUSED_NOT_ARMED,
	SESSION_REFUSED_DETACHED,
	SESSION_REFUSALS
};

/* What is to be done */
#define SESSION_DO_STOP (1U << 0) /* stop the device now */
#define SESSION_DO_GRACE_SHORT (1U << 1) /* end it unless the owner is back soon */
#define SESSION_DO_GRACE_LONG (1U << 2) /* likewise, nothing was armed */
#define SESSION_DO_KEEP (1U << 3) /* forget the grace */
#define SESSION_DO_CLOSE (1U << 4) /* give up the device and close the record */
#define SESSION_DO_TELL (1U << 5) /* tell subscribers, the state or the owner changed */

struct session_answer {
	enum session_refusal refusal;
	uint32_t actions;
};

void session_init(struct session *session, uint32_t strokes_planned);
struct session_answer session_step(struct session *session, const struct session_event *event);

/* The needles could move, or could be made to without another word from the owner */
bool session_is_live(const struct session *session);

/* A sentence that says what to do */
const char *session_refusal_text(enum session_refusal refusal);

#endif
