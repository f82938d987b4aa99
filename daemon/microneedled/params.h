/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parameters as a table: what a method takes. The same table checks a call and becomes the JSON
 * Schema in rpc.discover. What the table does not name is refused.
 */
#ifndef PARAMS_H
#define PARAMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "names.h"

enum param_type {
	PARAM_STRING,
	PARAM_INTEGER,
	PARAM_BOOLEAN,
	PARAM_OBJECT,
	PARAM_NAMES, /* an array of different strings out of names */
};

struct param_format {
	const char *pattern; /* as in JSON Schema */
	const char *text; /* "a session's id" */
	bool (*matches)(const char *text);
};

struct param {
	const char *name;
	enum param_type type;
	bool required;
	int64_t min; /* value, length in bytes, or number of names */
	int64_t max;
	const struct param_format *format;
	const struct mn_names *names; /* what a string or the elements of an array may be */
	const struct param *members;
	const char *help;
};

#define PARAM_END                                                                                  \
	{                                                                                          \
		.name = NULL                                                                       \
	}

struct params_error {
	char param[64];
	char message[256];
};

extern const struct param_format param_uuid;
extern const struct param_format param_device;
extern const struct param_format param_token; /* [a-z0-9-]+ */
extern const struct param_format param_text; /* no control characters */
extern const struct param_format param_word; /* printable ASCII without spaces */
extern const struct param_format param_date; /* YYYY-MM-DD, from 1970 on */

/* params may be NULL, which is an empty object */
bool params_check(const struct param *table, const json_t *params, struct params_error *error);

/* Of a checked object: what is not given reads as 0, NULL or false */
const char *params_string(const json_t *params, const char *name);
int64_t params_integer(const json_t *params, const char *name);
bool params_boolean(const json_t *params, const char *name);

/* A param_date in days since 1970-01-01; -1 if it is none */
int64_t params_days(const char *date);

/* JSON Schema of one parameter */
json_t *params_schema(const struct param *param);

#endif
