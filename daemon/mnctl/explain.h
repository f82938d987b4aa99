/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences for people, made from what the daemon says in numbers and stable names */
#ifndef MNCTL_EXPLAIN_H
#define MNCTL_EXPLAIN_H

#include <jansson.h>
#include <stddef.h>

#include "client.h"

#define EXPLAIN_TEXT 1024

/* Why something failed and what to do, on one line */
const char *explain_error(const struct mn_client_error *error, char text[EXPLAIN_TEXT]);

/* "1.80 mm", "100 Hz", "400 strokes", "30 s" for a value of a limited quantity */
const char *explain_quantity(const char *quantity, json_int_t value, char *text, size_t size);

/* What a limit's source is: "the cartridge's needle length" */
const char *explain_source(const char *source);

/* What a fault is and what to do; the daemon's own words where this version has none */
const char *explain_fault(const char *fault);

/* "Release the emergency stop. Insert a cartridge." for an array of interlocks' names */
const char *explain_interlocks(const json_t *interlocks, char *text, size_t size);

#endif
