/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mnctl prints: for people tables and lines, with --json exactly one document. Errors come
 * through here too, and become the exit code.
 */
#ifndef MNCTL_OUTPUT_H
#define MNCTL_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "client.h"

/* What mnctl ends with; documented in mnctl(1) */
enum exit_code {
	EXIT_OK = 0,
	EXIT_ERROR = 1,
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,
	EXIT_NOT_PERMITTED = 4,
	EXIT_LIMIT = 5,
	EXIT_INTERLOCK = 6,
	EXIT_FAULT = 7,
	EXIT_DEVICE_GONE = 8,
	EXIT_STOPPED = 130,
};

enum colour {
	COLOUR_NONE,
	COLOUR_RED,
	COLOUR_GREEN,
	COLOUR_YELLOW,
	COLOUR_BOLD,
	COLOUR_DIM,
};

/**
 * struct output - How to print.
 * @json: One document on standard output and nothing else.
 * @colour: Colours on standard output.
 * @colour_errors: Colours on standard error.
 * @terminal: Standard output is a terminal.
 * @width: Its columns.
 */
struct output {
	bool json;
	bool colour;
	bool colour_errors;
	bool terminal;
	int width;
};

/* Find out what the streams are; NO_COLOR and TERM=dumb turn colours off */
void output_init(struct output *out, bool json);

/* Columns of the terminal now; 80 where there is none */
int output_width(void);

/* Escape sequences around a text, empty where colours are off */
const char *output_colour(const struct output *out, enum colour colour);
const char *output_plain(const struct output *out);

/* Print one document on a line of its own, as it goes to a stream of documents */
void output_line(const json_t *document);
/* Print the document of --json */
void output_document(const json_t *document);

/**
 * output_error() - Say what went wrong.
 * @out: How.
 * @error: What; its data is shown with --json and explained otherwise.
 *
 * Return: the exit code that stands for it.
 */
int output_error(const struct output *out, const struct mn_client_error *error);

/* An error of mnctl's own: @name is stable, the rest makes a sentence. Gives its exit code. */
int output_failure(const struct output *out, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The document of an error: {"error": {...}}, a new reference */
json_t *output_error_document(const struct mn_client_error *error);

/* The exit code that an error's stable name stands for */
int output_exit_code(const char *name);

/* A text as JSON whatever its bytes are: what is not UTF-8 becomes '?' */
json_t *output_text(const char *text);

/*
 * Replace what would steer a terminal in every text of a document: names and notes come from
 * handpieces and from other people.
 */
void output_disarm(json_t *value);

/* A table: rows of as many texts as there are heads, in the order in which they are added */
struct table;
struct table *table_new(const char *const *heads, size_t columns);
void table_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Print it and free it */
void table_end(struct table *table, const struct output *out);

#endif
