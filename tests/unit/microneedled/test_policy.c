// SPDX-License-Identifier: GPL-2.0-or-later
/* Roles, ceilings, pseudonyms, and the files that a clinic edits */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "microneedled/config.h"
#include "microneedled/policy.h"
#include "microneedled/presets.h"

static const struct policy_groups groups = { .operator= 10, .service = 20, .audit = 30 };

static void roles_come_from_groups(void **state)
{
	static const gid_t all[] = { 1, 10, 20, 30 };
	static const gid_t none[] = { 1, 2, 3 };
	static const gid_t service[] = { 20 };

	(void)state;
	assert_int_equal(policy_roles(&groups, 1000, all, 4),
			 ROLE_OPERATOR | ROLE_SERVICE | ROLE_AUDIT);
	assert_int_equal(policy_roles(&groups, 1000, none, 3), 0);
	assert_int_equal(policy_roles(&groups, 1000, service, 1), ROLE_SERVICE);
	assert_int_equal(policy_roles(&groups, 1000, NULL, 0), 0);
}

static void root_never_treats(void **state)
{
	static const gid_t all[] = { 0, 10, 20, 30 };

	(void)state;
	assert_int_equal(policy_roles(&groups, 0, all, 4), ROLE_ROOT | ROLE_SERVICE | ROLE_AUDIT);
	assert_int_equal(policy_roles(&groups, 0, all, 1), ROLE_ROOT);
}

static void a_group_that_is_not_there_has_no_members(void **state)
{
	static const struct policy_groups missing = { GROUP_NONE, GROUP_NONE, GROUP_NONE };
	static const gid_t odd[] = { (gid_t)-1 };

	(void)state;
	assert_int_equal(policy_roles(&missing, 1000, odd, 1), 0);
}

static void the_group_to_ask_for(void **state)
{
	(void)state;
	assert_string_equal(policy_group(ROLE_OPERATOR | ROLE_SERVICE), GROUP_OPERATOR);
	assert_string_equal(policy_group(ROLE_SERVICE | ROLE_AUDIT), GROUP_SERVICE);
	assert_string_equal(policy_group(ROLE_AUDIT), GROUP_AUDIT);
}

static void pseudonyms(void **state)
{
	/* Eight digits are a date only if they can be one */
	static const char *const good[] = { "MN-0042", "A123",	      "P-01",
					    "1234",    "X-19999999-", "CLINIC-7-000123-A" };
	static const char *const bad[] = { "",
					   "AB1",
					   "ANNA",
					   "ANNA-MARIA",
					   "anna1",
					   "Anna1",
					   "MN 42",
					   "MN_42",
					   "M\xc3\x9cLLER1",
					   "19800203",
					   "1980-02-03",
					   "03-02-1980",
					   "02-28-1980",
					   "MN-1980-02-03",
					   "DOB19800203",
					   "0123456789012345678901234567890AB" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (policy_patient_refusal(good[i]))
			fail_msg("%s: %s", good[i], policy_patient_refusal(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (!policy_patient_refusal(bad[i]))
			fail_msg("%s was taken", bad[i]);
}

static char *write_file(const char *text)
{
	static char path[] = "/tmp/unit-policy-XXXXXX";
	char *name = strdup(path);
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return name;
}

static bool load(const char *text, struct policy *policy, char *error)
{
	char *path = write_file(text);
	bool ok = config_load(path, policy, error, 256);

	unlink(path);
	free(path);
	return ok;
}

static void ceilings_by_operator(void **state)
{
	struct policy policy = { 0 };
	const char *qualification;
	char error[256] = "";

	(void)state;
	assert_true(load("{\"default_ceiling_um\": 500, \"operators\": {\"mnop\":"
			 " {\"qualification\": \"esthetician\", \"ceiling_um\": 1200}}}",
			 &policy, error));
	assert_int_equal(policy_ceiling(&policy, "mnop", &qualification), 1200);
	assert_string_equal(qualification, "esthetician");
	assert_int_equal(policy_ceiling(&policy, "mnop2", &qualification), 500);
	assert_string_equal(qualification, "");
	config_free(&policy);
}

static void no_file_gives_the_default(void **state)
{
	struct policy policy = { 0 };
	const char *qualification;
	char error[256];

	(void)state;
	assert_true(config_load("/nonexistent/file", &policy, error, sizeof(error)));
	assert_int_equal(policy_ceiling(&policy, "x", &qualification), CONFIG_CEILING_UM);
	config_free(&policy);
}

static void a_wrong_file_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"default_ceiling_um\": 1.5}",
		"{\"default_ceiling_um\": 2}",
		"{\"default_ceiling_um\": 9000}",
		"{\"default_ceiling_um\": \"1500\"}",
		"{\"default_ceilling_um\": 1500}",
		"{\"default_ceiling_um\": 1500, \"default_ceiling_um\": 1400}",
		"{\"operators\": []}",
		"{\"operators\": {\"a\": 5}}",
		"{\"operators\": {\"a\": {\"ceiling_um\": 500}}}",
		"{\"operators\": {\"a\": {\"qualification\": \"x\", \"ceiling_um\": 0}}}",
		"{\"operators\": {\"a\": {\"qualification\": \"x\", \"ceiling_um\": 500, \"b\": 1}}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct policy policy = { 0 };
		char error[256] = "";

		if (load(bad[i], &policy, error))
			fail_msg("taken: %s", bad[i]);
		assert_true(strlen(error) > 0);
	}
}

static void shipped_configuration_loads(void **state)
{
	struct policy policy = { 0 };
	char error[256] = "";

	(void)state;
	if (!config_load("daemon/data/microneedled.conf", &policy, error, sizeof(error)))
		fail_msg("%s", error);
	assert_int_equal(policy.default_ceiling_um, 1500);
	config_free(&policy);
}

static void shipped_presets_are_conservative(void **state)
{
	struct presets *presets = presets_load("daemon/protocols");
	const json_t *all = presets_all(presets);
	json_t *preset;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(all), 7);
	json_array_foreach(all, i, preset) {
		char error[256] = "";

		assert_true(preset_check(preset, error, sizeof(error)));
		assert_true(json_integer_value(json_object_get(preset, "depth_um")) <= 1500);
		assert_true(json_is_false(json_object_get(preset, "approved")));
		assert_non_null(strstr(json_string_value(json_object_get(preset, "source")),
				       "needs the clinic's approval"));
	}
	assert_non_null(presets_find(presets, "forehead-wrinkles"));
	assert_null(presets_find(presets, "forehead"));
	presets_free(presets);
}

static void a_preset_beyond_the_cap_is_left_out(void **state)
{
	json_t *preset = json_load_file("daemon/protocols/forehead-wrinkles.json", 0, NULL);
	char error[256] = "";

	(void)state;
	assert_non_null(preset);
	assert_true(preset_check(preset, error, sizeof(error)));
	json_object_set_new(preset, "depth_um", json_integer(1501));
	assert_false(preset_check(preset, error, sizeof(error)));
	assert_non_null(strstr(error, "depth_um"));
	json_object_set_new(preset, "depth_um", json_integer(500));
	json_object_del(preset, "source");
	assert_false(preset_check(preset, error, sizeof(error)));
	json_decref(preset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(roles_come_from_groups),
		TEST(root_never_treats),
		TEST(a_group_that_is_not_there_has_no_members),
		TEST(the_group_to_ask_for),
		TEST(pseudonyms),
		TEST(ceilings_by_operator),
		TEST(no_file_gives_the_default),
		TEST(a_wrong_file_is_refused),
		TEST(shipped_configuration_loads),
		TEST(shipped_presets_are_conservative),
		TEST(a_preset_beyond_the_cap_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
