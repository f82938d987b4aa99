// SPDX-License-Identifier: GPL-2.0-or-later
#include "follow.h"

#include <stdio.h>
#include <string.h>

#include "remote.h"

/* Take over a text if it is there; true if it is another than before */
static bool take_text(char *text, size_t size, const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value || strcmp(text, value) == 0)
		return false;
	snprintf(text, size, "%s", value);
	return true;
}

static bool take_number(int64_t *number, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) == *number)
		return false;
	*number = json_integer_value(value);
	return true;
}

static unsigned int take_progress(struct follow *follow, const json_t *progress)
{
	bool news = take_number(&follow->strokes_done, progress, "strokes_done");

	news |= take_number(&follow->strokes_planned, progress, "strokes_planned");
	news |= take_number(&follow->punctures_done, progress, "punctures_done");
	return news ? FOLLOW_NUMBERS : 0;
}

static unsigned int take_session(struct follow *follow, const json_t *session)
{
	unsigned int news = take_progress(follow, json_object_get(session, "progress"));

	if (take_text(follow->state, sizeof(follow->state), session, "state"))
		news |= FOLLOW_STATE;
	take_text(follow->reason, sizeof(follow->reason), session, "reason");
	return news;
}

void follow_status(struct follow *follow, const json_t *status)
{
	take_text(follow->session, sizeof(follow->session), status, "session");
	take_text(follow->device, sizeof(follow->device), status, "device");
	take_session(follow, status);
}

static unsigned int take_device_state(struct follow *follow, const json_t *event)
{
	bool news = take_text(follow->device_state, sizeof(follow->device_state), event, "to");

	news |= take_text(follow->cause, sizeof(follow->cause), event, "cause");
	if (strcmp(follow->device_state, "fault") != 0)
		follow->fault[0] = '\0';
	return news ? FOLLOW_STATE : 0;
}

unsigned int follow_event(struct follow *follow, const json_t *event)
{
	const char *name = field_text(event, "event");
	const char *session = json_string_value(json_object_get(event, "session"));

	if (strcmp(field_text(event, "device"), follow->device) != 0)
		return 0;
	if (strcmp(name, "device.removed") == 0) {
		follow->gone = true;
		return FOLLOW_GONE;
	}
	if (session && strcmp(session, follow->session) != 0)
		return 0;
	if (strcmp(name, "session") == 0)
		return take_session(follow, event);
	if (strcmp(name, "progress") == 0)
		return take_progress(follow, event);
	if (strcmp(name, "state") == 0)
		return take_device_state(follow, event);
	if (strcmp(name, "stroke") == 0) {
		json_int_t deepest = field_number(event, "depth_max_um");

		if (deepest > follow->depth_max_um)
			follow->depth_max_um = deepest;
		return take_number(&follow->depth_um, event, "depth_um") ? FOLLOW_NUMBERS : 0;
	}
	if (strcmp(name, "fault") == 0) {
		/* The first one is why it stopped */
		if (follow->fault[0] == '\0') {
			take_text(follow->fault, sizeof(follow->fault), event, "fault");
			event_text(name, event, follow->fault_text);
		}
		return FOLLOW_FAULT;
	}
	return 0;
}

enum follow_end follow_end(const struct follow *follow)
{
	if (follow->gone)
		return FOLLOW_DEVICE_GONE;
	if (strcmp(follow->state, "completed") == 0)
		return FOLLOW_COMPLETED;
	if (strcmp(follow->state, "faulted") == 0)
		return strcmp(follow->fault, "unplugged") == 0 ? FOLLOW_DEVICE_GONE
							       : FOLLOW_FAULTED;
	if (strcmp(follow->state, "ended") == 0)
		return strcmp(follow->reason, "device_gone") == 0 ? FOLLOW_DEVICE_GONE
								  : FOLLOW_ENDED;
	/* Paused and still armed is the foot switch let go; paused and safe needs a new arm */
	if (strcmp(follow->state, "paused") == 0 && strcmp(follow->device_state, "safe") == 0)
		return strcmp(follow->cause, "complete") == 0 ? FOLLOW_COMPLETED : FOLLOW_DISARMED;
	return FOLLOW_GOES_ON;
}
