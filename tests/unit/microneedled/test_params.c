// SPDX-License-Identifier: GPL-2.0-or-later
/* What a call may carry, and the description that is made of the same table */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "microneedled/methods.h"
#include "microneedled/params.h"
#include "microneedled/policy.h"
#include "microneedled/rpc.h"

static const struct param members[] = { { "yes", PARAM_BOOLEAN, true, .help = "a member" },
					PARAM_END };

static const struct param table[] = {
	{ "text", PARAM_STRING, true, 2, 5, .format = &param_text, .help = "a text" },
	{ "number", PARAM_INTEGER, false, -1, 10, .help = "a number" },
	{ "flag", PARAM_BOOLEAN, false, .help = "a flag" },
	{ "inner", PARAM_OBJECT, false, .members = members, .help = "an object" },
	{ "kinds", PARAM_NAMES, false, 1, .names = &mn_quantities, .help = "names" },
	{ "kind", PARAM_STRING, false, 1, 20, .names = &mn_quantities, .help = "a name" },
	{ "id", PARAM_STRING, false, 36, 36, .format = &param_uuid, .help = "an id" },
	{ "device", PARAM_STRING, false, 1, 31, .format = &param_device, .help = "a device" },
	PARAM_END
};

static bool check(const char *text, struct params_error *error)
{
	json_t *params = json_loads(text, JSON_DECODE_ANY, NULL);
	bool ok;

	assert_non_null(params);
	ok = params_check(table, params, error);
	json_decref(params);
	return ok;
}

static void good_ones(void **state)
{
	static const char *const good[] = {
		"{\"text\":\"ab\"}",
		"{\"text\":\"abcde\",\"number\":-1,\"flag\":false,\"inner\":{\"yes\":true}}",
		"{\"text\":\"ab\",\"number\":10,\"kinds\":[\"depth\",\"rate\"],\"kind\":\"dose\"}",
		"{\"text\":\"ab\",\"id\":\"01234567-89ab-cdef-0123-456789abcdef\"}",
		"{\"text\":\"ab\",\"device\":\"microneedle12\"}",
	};
	struct params_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!check(good[i], &error))
			fail_msg("%s: %s", good[i], error.message);
}

static void bad_ones_name_the_parameter(void **state)
{
	static const struct {
		const char *text;
		const char *param;
	} bad[] = {
		{ "{}", "text" },
		{ "{\"text\":\"a\"}", "text" },
		{ "{\"text\":\"abcdef\"}", "text" },
		{ "{\"text\":\"a\\u0007b\"}", "text" },
		{ "{\"text\":5}", "text" },
		{ "{\"text\":null}", "text" },
		{ "{\"text\":\"ab\",\"more\":1}", "more" },
		{ "{\"text\":\"ab\",\"number\":-2}", "number" },
		{ "{\"text\":\"ab\",\"number\":11}", "number" },
		{ "{\"text\":\"ab\",\"number\":1.0}", "number" },
		{ "{\"text\":\"ab\",\"number\":\"1\"}", "number" },
		{ "{\"text\":\"ab\",\"number\":true}", "number" },
		{ "{\"text\":\"ab\",\"flag\":0}", "flag" },
		{ "{\"text\":\"ab\",\"inner\":[]}", "inner" },
		{ "{\"text\":\"ab\",\"inner\":{}}", "inner.yes" },
		{ "{\"text\":\"ab\",\"inner\":{\"yes\":true,\"no\":1}}", "inner.no" },
		{ "{\"text\":\"ab\",\"kinds\":[]}", "kinds" },
		{ "{\"text\":\"ab\",\"kinds\":\"depth\"}", "kinds" },
		{ "{\"text\":\"ab\",\"kinds\":[\"depth\",\"depth\"]}", "kinds" },
		{ "{\"text\":\"ab\",\"kinds\":[\"width\"]}", "kinds" },
		{ "{\"text\":\"ab\",\"kinds\":[5]}", "kinds" },
		{ "{\"text\":\"ab\",\"kind\":\"width\"}", "kind" },
		{ "{\"text\":\"ab\",\"id\":\"01234567-89AB-cdef-0123-456789abcdef\"}", "id" },
		{ "{\"text\":\"ab\",\"id\":\"0123456789ab-cdef-0123-456789abcdef0\"}", "id" },
		{ "{\"text\":\"ab\",\"device\":\"microneedle\"}", "device" },
		{ "{\"text\":\"ab\",\"device\":\"../microneedle0\"}", "device" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct params_error error = { "", "" };

		if (check(bad[i].text, &error))
			fail_msg("taken: %s", bad[i].text);
		assert_string_equal(error.param, bad[i].param);
		assert_true(strlen(error.message) > 10);
	}
}

static void a_date_is_one_of_the_calendar(void **state)
{
	static const char *const bad[] = {
		"",	      "2027-1-31",  "2027-02-29", "2027-13-01",	 "2027-00-10", "1969-12-31",
		"2027-01-32", "+027-01-01", "2027-01- 1", "2027-01-011", "27-01-31xx", "2027/01/31"
	};

	(void)state;
	assert_int_equal(params_days("1970-01-01"), 0);
	assert_int_equal(params_days("2026-03-01"), 20513);
	assert_int_equal(params_days("2028-02-29"), params_days("2028-03-01") - 1);
	assert_true(param_date.matches("9999-12-31"));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (param_date.matches(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

static void a_word_is_printable_and_one(void **state)
{
	(void)state;
	assert_true(param_word.matches("LOT-7/~!"));
	assert_false(param_word.matches("LOT 7"));
	assert_false(param_word.matches("LOT\t7"));
	assert_false(param_word.matches("L\xc3\x96T"));
	assert_false(param_word.matches("\x7f"));
}

static void none_at_all(void **state)
{
	static const struct param optional[] = { { "a", PARAM_BOOLEAN, .help = "a" }, PARAM_END };
	struct params_error error;

	(void)state;
	assert_true(params_check(optional, NULL, &error));
	assert_false(params_check(table, NULL, &error));
}

static void depth_of_nesting(void **state)
{
	static const struct {
		const char *text;
		unsigned int depth;
	} cases[] = {
		{ "", 0 },
		{ "5", 0 },
		{ "{}", 1 },
		{ "[[],[],[{}]]", 3 },
		{ "{\"a\":\"[[[[[[\"}", 1 },
		{ "{\"a\":\"\\\"[[[[\"}", 1 },
		{ "{\"a\\\\\":[\"x\\\\\"]}", 2 },
		{ "[[[[[[[[]]]]]]]]", 8 },
		{ "[[[[[[[[[", 9 },
		{ "]]]]]]]][[", 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(rpc_depth(cases[i].text, strlen(cases[i].text)), cases[i].depth);
}

static void table_of_methods(void **state)
{
	json_t *document = methods_document();
	json_t *list = json_object_get(document, "methods");
	json_t *method;
	size_t i, stops = 0;

	(void)state;
	assert_true(json_array_size(list) >= 20);
	json_array_foreach(list, i, method) {
		const char *name = json_string_value(json_object_get(method, "name"));
		const struct rpc_method *found = methods_find(name);

		assert_non_null(found);
		assert_non_null(found->handle);
		/* A stop needs nothing, and never has to wait for anything */
		if (found->flags & RPC_STOP) {
			stops++;
			assert_int_equal(found->roles, 0);
			assert_int_equal(found->flags, RPC_STOP);
		}
		/* What changes a treatment is an operator's; clearing may be service's too */
		if (found->flags & RPC_MUTATING)
			assert_true(found->roles & ROLE_OPERATOR && !(found->roles & ROLE_ROOT));
		assert_int_equal(found->help[strlen(found->help) - 1], '.');
		for (const struct param *param = found->params; param->name; param++)
			assert_non_null(param->help);
	}
	assert_int_equal(stops, 2);
	assert_null(methods_find("rpc.nothing"));
	json_decref(document);
}

static void description_in_the_tree_is_current(void **state)
{
	json_error_t error;
	json_t *kept = json_load_file("daemon/data/openrpc.json", 0, &error);
	json_t *made = methods_document();

	(void)state;
	if (!kept)
		fail_msg("daemon/data/openrpc.json: %s", error.text);
	if (!json_equal(kept, made))
		fail_msg("daemon/data/openrpc.json is not what the table says; run: make openrpc");
	json_decref(kept);
	json_decref(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_ones),
		TEST(bad_ones_name_the_parameter),
		TEST(a_date_is_one_of_the_calendar),
		TEST(a_word_is_printable_and_one),
		TEST(none_at_all),
		TEST(depth_of_nesting),
		TEST(table_of_methods),
		TEST(description_in_the_tree_is_current),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
