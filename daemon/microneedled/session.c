// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "session.h"

void session_init(struct session *session, uint32_t strokes_planned)
{
	memset(session, 0, sizeof(*session));
	session->state = MN_SESSION_OPENED;
	session->device = MN_STATE_SAFE;
	session->attached = true;
	session->strokes_planned = strokes_planned;
	session->rev = 1;
}

bool session_is_live(const struct session *session)
{
	return session->commanding || session->device == MN_STATE_ARMED ||
	       session->device == MN_STATE_RUNNING;
}

static enum session_refusal may_command(const struct session *session)
{
	if (!session->attached)
		return SESSION_REFUSED_DETACHED;
	if (session->commanding)
		return SESSION_REFUSED_COMMANDING;
	if (session->device == MN_STATE_FAULT)
		return SESSION_REFUSED_FAULTED;
	if (session->device == MN_STATE_RUNNING)
		return SESSION_REFUSED_RUNNING;
	return SESSION_OK;
}

static enum session_refusal may_arm(const struct session *session)
{
	enum session_refusal refusal = may_command(session);

	if (refusal)
		return refusal;
	if (session->device == MN_STATE_ARMED)
		return SESSION_REFUSED_ARMED;
	if (session->state == MN_SESSION_COMPLETED)
		return SESSION_REFUSED_COMPLETED;
	return SESSION_OK;
}

static enum session_refusal may_start(const struct session *session)
{
	enum session_refusal refusal = may_command(session);

	if (refusal)
		return refusal;
	return session->device == MN_STATE_ARMED ? SESSION_OK : SESSION_REFUSED_NOT_ARMED;
}

static enum mn_session_state state_at_rest(const struct session *session)
{
	if (session->strokes_done >= session->strokes_planned)
		return MN_SESSION_COMPLETED;
	return session->was_armed ? MN_SESSION_PAUSED : MN_SESSION_OPENED;
}

static void device_moved(struct session *session, enum mn_state to)
{
	enum mn_state from = session->device;

	session->device = to;
	switch (to) {
	case MN_STATE_ARMED:
		/*
		 * From RUNNING the trigger was let go: a press goes on, but for the owner it is a
		 * pause
		 */
		session->was_armed = true;
		session->state = from == MN_STATE_RUNNING ? MN_SESSION_PAUSED : MN_SESSION_ARMED;
		break;
	case MN_STATE_RUNNING:
		session->was_armed = true;
		session->state = MN_SESSION_RUNNING;
		break;
	case MN_STATE_FAULT:
		session->state = MN_SESSION_FAULTED;
		break;
	case MN_STATE_SAFE:
		session->state = state_at_rest(session);
		break;
	}
}

static uint32_t owner_lost(struct session *session)
{
	if (!session->attached)
		return 0;
	session->attached = false;
	if (session_is_live(session))
		return SESSION_DO_STOP | SESSION_DO_GRACE_SHORT;
	return SESSION_DO_GRACE_LONG;
}

static uint32_t end(struct session *session)
{
	uint32_t actions = SESSION_DO_CLOSE | SESSION_DO_KEEP;

	if (session_is_live(session))
		actions |= SESSION_DO_STOP;
	session->state = MN_SESSION_ENDED;
	return actions;
}

struct session_answer session_step(struct session *session, const struct session_event *event)
{
	struct session_answer answer = { SESSION_OK, 0 };
	struct session before = *session;

	if (session->state == MN_SESSION_ENDED) {
		if (event->type == SESSION_COMMAND_OVER)
			session->commanding = false;
		answer.refusal = SESSION_REFUSED_ENDED;
		return answer;
	}

	switch (event->type) {
	case SESSION_ARM:
		answer.refusal = may_arm(session);
		session->commanding |= !answer.refusal;
		break;
	case SESSION_START:
		answer.refusal = may_start(session);
		session->commanding |= !answer.refusal;
		break;
	case SESSION_COMMAND_OVER:
		session->commanding = false;
		break;
	case SESSION_DEVICE:
		device_moved(session, event->to);
		/* A device that got armed although its owner is gone must not stay so */
		if (!session->attached && session_is_live(session))
			answer.actions |= SESSION_DO_STOP;
		break;
	case SESSION_STROKES:
		if (event->strokes > session->strokes_done)
			session->strokes_done = event->strokes;
		if (session->device == MN_STATE_SAFE)
			session->state = state_at_rest(session);
		break;
	case SESSION_CHANGED:
		session->rev++;
		answer.actions |= SESSION_DO_TELL;
		break;
	case SESSION_OWNER_LOST:
		answer.actions |= owner_lost(session);
		break;
	case SESSION_OWNER_BACK:
		session->attached = true;
		answer.actions |= SESSION_DO_KEEP;
		break;
	case SESSION_RECORD_FAILED:
		if (session_is_live(session))
			answer.actions |= SESSION_DO_STOP;
		break;
	case SESSION_DEVICE_GONE:
		session->device = MN_STATE_SAFE;
		answer.actions |= end(session);
		answer.actions &= ~SESSION_DO_STOP;
		break;
	case SESSION_GRACE_OVER:
		if (!session->attached)
			answer.actions |= end(session);
		break;
	case SESSION_END:
		answer.actions |= end(session);
		break;
	case SESSION_EVENTS:
		break;
	}

	if (before.state != session->state || before.device != session->device ||
	    before.attached != session->attached) {
		session->rev++;
		answer.actions |= SESSION_DO_TELL;
	}
	return answer;
}

const char *session_refusal_text(enum session_refusal refusal)
{
	switch (refusal) {
	case SESSION_OK:
		return "Nothing is refused.";
	case SESSION_REFUSED_ENDED:
		return "The session has ended; open a new one.";
	case SESSION_REFUSED_FAULTED:
		return "A fault is latched; remove its cause, clear it with device.clear_fault, then arm again.";
	case SESSION_REFUSED_COMPLETED:
		return "All strokes of the plan are made; end the session.";
	case SESSION_REFUSED_COMMANDING:
		return "An arm or start is still under way; wait for its answer.";
	case SESSION_REFUSED_ARMED:
		return "It is armed already; press the foot switch to go on, or stop it first.";
	case SESSION_REFUSED_RUNNING:
		return "The needles move; stop them first.";
	case SESSION_REFUSED_NOT_ARMED:
		return "It is not armed; arm it first.";
	case SESSION_REFUSED_DETACHED:
		return "Nobody is attached to the session; call session.attach first.";
	case SESSION_REFUSALS:
		break;
	}
	return "Refused.";
}
