// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "params.h"

static bool is_uuid(const char *text)
{
	for (size_t i = 0; i < 36; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? text[i] != '-'
			   : !isxdigit((unsigned char)text[i]) || isupper((unsigned char)text[i]))
			return false;
	}
	return !text[36];
}

static bool is_device(const char *text)
{
	size_t prefix = strlen("microneedle");

	if (strncmp(text, "microneedle", prefix) || !text[prefix])
		return false;
	return strspn(text + prefix, "0123456789") == strlen(text + prefix);
}

static bool is_token(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static bool is_text(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool is_word(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

int64_t params_days(const char *date)
{
	struct tm given = { 0 }, made;
	const char *end;
	time_t seconds;

	/* strptime() skips spaces and takes shorter numbers */
	if (strspn(date, "0123456789-") != 10)
		return -1;
	end = strptime(date, "%Y-%m-%d", &given);
	if (end != date + 10 || *end)
		return -1;
	made = given;
	/* timegm() takes a 30th of February for a day in March */
	seconds = timegm(&made);
	if (seconds < 0 || made.tm_mday != given.tm_mday || made.tm_mon != given.tm_mon)
		return -1;
	return seconds / 86400;
}

static bool is_date(const char *text)
{
	return strspn(text, "0123456789-") == strlen(text) && params_days(text) >= 0;
}

const struct param_format param_uuid = {
	.pattern = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
	.text = "a session's id, as session.open gives it",
	.matches = is_uuid,
};

const struct param_format param_device = {
	.pattern = "^microneedle[0-9]+$",
	.text = "a device's name, as device.list gives it",
	.matches = is_device,
};

const struct param_format param_token = {
	.pattern = "^[a-z0-9-]+$",
	.text = "a name of a-z, 0-9 and hyphen",
	.matches = is_token,
};

const struct param_format param_text = {
	.pattern = "^[^\\u0000-\\u001f\\u007f]*$",
	.text = "text without control characters",
	.matches = is_text,
};

const struct param_format param_word = {
	.pattern = "^[!-~]*$",
	.text = "printable ASCII without spaces",
	.matches = is_word,
};

const struct param_format param_date = {
	.pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
	.text = "a date from 1970 on, as 2027-01-31",
	.matches = is_date,
};

static bool fail(struct params_error *error, const char *prefix, const char *name,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool fail(struct params_error *error, const char *prefix, const char *name,
		 const char *format, ...)
{
	va_list args;

	snprintf(error->param, sizeof(error->param), "%s%s%s", prefix, *prefix ? "." : "", name);
	va_start(args, format);
	vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	return false;
}

static void list_names(const struct mn_names *names, char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < names->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "",
					 names->entry[i].name);
}

static bool check_string(const struct param *param, const char *prefix, const json_t *value,
			 struct params_error *error)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);
	char list[160];

	if (!json_is_string(value))
		return fail(error, prefix, param->name, "%s must be a string.", param->name);
	if ((int64_t)length < param->min || (int64_t)length > param->max)
		return fail(error, prefix, param->name,
			    "%s must have %" PRId64 " to %" PRId64 " bytes.", param->name,
			    param->min, param->max);
	if (param->format && !param->format->matches(text))
		return fail(error, prefix, param->name, "%s must be %s.", param->name,
			    param->format->text);
	if (param->names && !mn_text_of(param->names, text)) {
		list_names(param->names, list, sizeof(list));
		return fail(error, prefix, param->name, "%s must be one of: %s.", param->name,
			    list);
	}
	return true;
}

static bool check_names(const struct param *param, const char *prefix, const json_t *value,
			struct params_error *error)
{
	size_t count = json_array_size(value);
	char list[160];

	if (!json_is_array(value))
		return fail(error, prefix, param->name, "%s must be an array of names.",
			    param->name);
	if ((int64_t)count < param->min || count > param->names->count)
		return fail(error, prefix, param->name,
			    "%s must have %" PRId64 " to %zu different names.", param->name,
			    param->min, param->names->count);
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(value, i));

		if (!text || !mn_text_of(param->names, text)) {
			list_names(param->names, list, sizeof(list));
			return fail(error, prefix, param->name, "%s takes only these: %s.",
				    param->name, list);
		}
		for (size_t j = 0; j < i; j++)
			if (!strcmp(text, json_string_value(json_array_get(value, j))))
				return fail(error, prefix, param->name, "%s names %s twice.",
					    param->name, text);
	}
	return true;
}

static bool check_scalar(const struct param *param, const char *prefix, const json_t *value,
			 struct params_error *error)
{
	json_int_t number;

	switch (param->type) {
	case PARAM_STRING:
		return check_string(param, prefix, value, error);
	case PARAM_NAMES:
		return check_names(param, prefix, value, error);
	case PARAM_BOOLEAN:
		if (json_is_boolean(value))
			return true;
		return fail(error, prefix, param->name, "%s must be true or false.", param->name);
	case PARAM_INTEGER:
		if (!json_is_integer(value))
			return fail(error, prefix, param->name, "%s must be an integer.",
				    param->name);
		number = json_integer_value(value);
		if (number >= param->min && number <= param->max)
			return true;
		return fail(error, prefix, param->name, "%s must be %" PRId64 " to %" PRId64 ".",
			    param->name, param->min, param->max);
	case PARAM_OBJECT:
		break;
	}
	return fail(error, prefix, param->name, "%s is not supported here.", param->name);
}

typedef bool check_fn(const struct param *param, const char *prefix, const json_t *value,
		      struct params_error *error);

static bool check_table(const struct param *table, const char *prefix, const json_t *object,
			struct params_error *error, check_fn *check)
{
	const struct param *param;
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value) {
		for (param = table; param->name; param++)
			if (!strcmp(param->name, name))
				break;
		if (!param->name)
			return fail(error, prefix, name,
				    "%.40s is not a parameter here; rpc.discover lists them.",
				    name);
		if (!check(param, prefix, value, error))
			return false;
	}
	for (param = table; param->name; param++)
		if (param->required && !json_object_get(object, param->name))
			return fail(error, prefix, param->name, "%s is missing: %s.", param->name,
				    param->help);
	return true;
}

/* An object among the parameters has no objects in it: nothing here is recursive */
static bool check_any(const struct param *param, const char *prefix, const json_t *value,
		      struct params_error *error)
{
	if (param->type != PARAM_OBJECT)
		return check_scalar(param, prefix, value, error);
	if (json_is_object(value))
		return check_table(param->members, param->name, value, error, check_scalar);
	return fail(error, prefix, param->name, "%s must be an object.", param->name);
}

bool params_check(const struct param *table, const json_t *params, struct params_error *error)
{
	json_t *empty = NULL;
	bool ok;

	if (!params)
		params = empty = json_object();
	ok = check_table(table, "", params, error, check_any);
	json_decref(empty);
	return ok;
}

const char *params_string(const json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

int64_t params_integer(const json_t *params, const char *name)
{
	return json_integer_value(json_object_get(params, name));
}

bool params_boolean(const json_t *params, const char *name)
{
	return json_is_true(json_object_get(params, name));
}

static json_t *names_array(const struct mn_names *names)
{
	json_t *array = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(array, json_string(names->entry[i].name));
	return array;
}

static json_t *scalar_schema(const struct param *param)
{
	json_t *schema = NULL;

	switch (param->type) {
	case PARAM_STRING:
		schema = json_pack("{s:s, s:I, s:I}", "type", "string", "minLength",
				   (json_int_t)param->min, "maxLength", (json_int_t)param->max);
		if (param->format)
			json_object_set_new(schema, "pattern", json_string(param->format->pattern));
		if (param->names)
			json_object_set_new(schema, "enum", names_array(param->names));
		break;
	case PARAM_INTEGER:
		schema = json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum",
				   (json_int_t)param->min, "maximum", (json_int_t)param->max);
		break;
	case PARAM_NAMES:
		schema = json_pack("{s:s, s:b, s:I, s:{s:s, s:o}}", "type", "array", "uniqueItems",
				   1, "minItems", (json_int_t)param->min, "items", "type", "string",
				   "enum", names_array(param->names));
		break;
	case PARAM_BOOLEAN:
		schema = json_pack("{s:s}", "type", "boolean");
		break;
	case PARAM_OBJECT:
		return NULL;
	}
	json_object_set_new(schema, "description", json_string(param->help));
	return schema;
}

json_t *params_schema(const struct param *param)
{
	json_t *properties, *required;

	if (param->type != PARAM_OBJECT)
		return scalar_schema(param);
	properties = json_object();
	required = json_array();
	for (const struct param *member = param->members; member->name; member++) {
		json_object_set_new(properties, member->name, scalar_schema(member));
		if (member->required)
			json_array_append_new(required, json_string(member->name));
	}
	return json_pack("{s:s, s:b, s:o, s:o, s:s}", "type", "object", "additionalProperties", 0,
			 "properties", properties, "required", required, "description",
			 param->help);
}
