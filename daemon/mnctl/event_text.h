/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line of text for an event, of a subscription or of a record; they share names and fields */
#ifndef MNCTL_EVENT_TEXT_H
#define MNCTL_EVENT_TEXT_H

#include <jansson.h>
#include <stddef.h>

#define EVENT_TEXT 512

/**
 * event_text() - Say in one line what happened.
 * @kind: The event's name.
 * @data: What it carries.
 * @text: Where the line goes.
 *
 * Return: @text, or NULL for an event that tells a person nothing.
 */
const char *event_text(const char *kind, const json_t *data, char text[EVENT_TEXT]);

#endif
