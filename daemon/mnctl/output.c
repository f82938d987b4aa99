// SPDX-License-Identifier: GPL-2.0-or-later
#include "output.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "explain.h"

#define WIDTH_DEFAULT 80

static const struct {
	const char *name;
	int code;
} exit_codes[] = {
	{ "usage", EXIT_USAGE },
	{ "not_reachable", EXIT_UNREACHABLE },
	{ "connection_lost", EXIT_UNREACHABLE },
	{ "timeout", EXIT_UNREACHABLE },
	{ "not_permitted", EXIT_NOT_PERMITTED },
	{ "limit_exceeded", EXIT_LIMIT },
	{ "interlock_open", EXIT_INTERLOCK },
	{ "fault_latched", EXIT_FAULT },
	{ "device_gone", EXIT_DEVICE_GONE },
	{ "interrupted", EXIT_STOPPED },
};

int output_exit_code(const char *name)
{
	for (size_t i = 0; i < sizeof(exit_codes) / sizeof(exit_codes[0]); i++)
		if (strcmp(exit_codes[i].name, name) == 0)
			return exit_codes[i].code;
	return EXIT_ERROR;
}

void output_init(struct output *out, bool json)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool wanted = !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;

	out->json = json;
	out->terminal = isatty(STDOUT_FILENO) == 1;
	out->colour = wanted && out->terminal && !json;
	out->colour_errors = wanted && isatty(STDERR_FILENO) == 1;
	out->width = output_width();
}

int output_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return WIDTH_DEFAULT;
}

static const char *escape(enum colour colour)
{
	switch (colour) {
	case COLOUR_RED:
		return "\033[31m";
	case COLOUR_GREEN:
		return "\033[32m";
	case COLOUR_YELLOW:
		return "\033[33m";
	case COLOUR_BOLD:
		return "\033[1m";
	case COLOUR_DIM:
		return "\033[2m";
	case COLOUR_NONE:
		break;
	}
	return "";
}

const char *output_colour(const struct output *out, enum colour colour)
{
	return out->colour ? escape(colour) : "";
}

const char *output_plain(const struct output *out)
{
	return out->colour ? "\033[0m" : "";
}

void output_line(const json_t *document)
{
	json_dumpf(document, stdout, JSON_COMPACT);
	fputc('\n', stdout);
	fflush(stdout);
}

void output_document(const json_t *document)
{
	json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	fputc('\n', stdout);
	fflush(stdout);
}

json_t *output_text(const char *text)
{
	json_t *value = json_string(text);
	char *copy;

	if (value)
		return value;
	copy = strdup(text);
	if (!copy)
		abort();
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

json_t *output_error_document(const struct mn_client_error *error)
{
	json_t *body = json_object();

	json_object_set_new(body, "code", json_integer(error->code));
	json_object_set_new(body, "name", output_text(error->name));
	json_object_set_new(body, "message", output_text(error->message));
	json_object_set_new(body, "exit_code", json_integer(output_exit_code(error->name)));
	if (error->data)
		json_object_update_missing(body, error->data);
	return json_pack("{so}", "error", body);
}

int output_error(const struct output *out, const struct mn_client_error *error)
{
	if (out->json) {
		json_t *document = output_error_document(error);

		output_document(document);
		json_decref(document);
	} else {
		char text[EXPLAIN_TEXT];
		json_t *shown = output_text(explain_error(error, text));

		output_disarm(shown);
		fflush(stdout);
		fprintf(stderr, "mnctl: %s%s%s\n", out->colour_errors ? escape(COLOUR_RED) : "",
			json_string_value(shown), out->colour_errors ? "\033[0m" : "");
		json_decref(shown);
	}
	return output_exit_code(error->name);
}

int output_failure(const struct output *out, const char *name, const char *format, ...)
{
	struct mn_client_error error = { 0 };
	va_list args;

	va_start(args, format);
	vsnprintf(error.message, sizeof(error.message), format, args);
	va_end(args);
	snprintf(error.name, sizeof(error.name), "%s", name);
	return output_error(out, &error);
}

/* Length of what must not reach a terminal at @s, 0 for what may */
static size_t steering(const unsigned char *s, size_t left)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	if (left >= 2 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return 2; /* C1 controls */
	if (left >= 3 && s[0] == 0xe2 &&
	    ((s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae) ||
	     (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)))
		return 3; /* reorders what stands around it */
	return 0;
}

static void disarm_text(json_t *value)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value), out = 0;
	char *copy = malloc(len + 1);

	if (!copy)
		abort();
	for (size_t in = 0; in < len;) {
		size_t bad = steering((const unsigned char *)text + in, len - in);

		if (bad)
			copy[out++] = '?';
		else
			copy[out++] = text[in];
		in += bad ? bad : 1;
	}
	json_string_setn(value, copy, out);
	free(copy);
}

/* As deep as the parser, which bounds it: NOLINTNEXTLINE(misc-no-recursion) */
void output_disarm(json_t *value)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_string(value))
		disarm_text(value);
	json_array_foreach(value, i, item)
		output_disarm(item);
	json_object_foreach(value, key, item)
		output_disarm(item);
}

struct table {
	const char *const *heads;
	size_t columns;
	size_t cells;
	char **texts;
};

struct table *table_new(const char *const *heads, size_t columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		abort();
	table->heads = heads;
	table->columns = columns;
	return table;
}

void table_cell(struct table *table, const char *format, ...)
{
	char **texts = reallocarray(table->texts, table->cells + 1, sizeof(*texts));
	va_list args;

	if (!texts)
		abort();
	table->texts = texts;
	va_start(args, format);
	if (vasprintf(&texts[table->cells++], format, args) < 0)
		abort();
	va_end(args);
}

/* Columns that a text takes: one for each character of UTF-8 */
static int columns_of(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

static int column_width(const struct table *table, size_t column)
{
	int width = columns_of(table->heads[column]);

	for (size_t i = column; i < table->cells; i += table->columns) {
		int this_one = columns_of(table->texts[i]);

		if (this_one > width)
			width = this_one;
	}
	return width;
}

static void print_cell(const struct table *table, size_t column, const char *text)
{
	if (column + 1 == table->columns)
		printf("%s\n", text);
	else
		printf("%s%*s  ", text, column_width(table, column) - columns_of(text), "");
}

void table_end(struct table *table, const struct output *out)
{
	fputs(output_colour(out, COLOUR_BOLD), stdout);
	for (size_t i = 0; i < table->columns; i++) {
		if (i + 1 == table->columns) {
			printf("%s%s\n", table->heads[i], output_plain(out));
			break;
		}
		print_cell(table, i, table->heads[i]);
	}
	for (size_t i = 0, column = 0; i < table->cells; i++) {
		print_cell(table, column, table->texts[i]);
		column = column + 1 < table->columns ? column + 1 : 0;
	}
	for (size_t i = 0; i < table->cells; i++)
		free(table->texts[i]);
	free(table->texts);
	free(table);
}
