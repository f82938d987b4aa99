// SPDX-License-Identifier: GPL-2.0-or-later
/* Names: complete, stable in form, each with its sentence */
#include "unit.h"

#include <string.h>

#include <linux/microneedle.h>

#include "common/names.h"

static const struct {
	const struct mn_names *names;
	int64_t first;
	int64_t end;
	bool sentences;
} counted[] = {
	{ &mn_states, MN_STATE_SAFE, MN_STATE_FAULT + 1, true },
	{ &mn_quantities, 0, MN_QUANTITY_NR, false },
	{ &mn_sources, 0, MN_SOURCE_NR, false },
	{ &mn_faults, 0, MN_FAULT_NR, true },
	{ &mn_causes, 0, MN_CAUSE_LIMIT + 1, true },
	{ &mn_self_tests, 0, MN_SELF_TEST_BUSY + 1, true },
	{ &mn_transports, MN_TRANSPORT_USB, MN_TRANSPORT_GPIO + 1, false },
	{ &mn_controls, 0, MN_CONTROL_SELF + 1, true },
	{ &mn_sessions, 0, MN_SESSION_STATES, true },
};

static const struct {
	const struct mn_names *names;
	uint32_t last_bit;
} bits[] = {
	{ &mn_inputs, MN_INPUT_HOME },
	{ &mn_interlocks, MN_INTERLOCK_CLOCK },
	{ &mn_measures, MN_MEASURES_COUNTED },
};

static void check_form(const struct mn_names *names, bool sentences)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct mn_name *entry = &names->entry[i];
		int64_t value;

		assert_true(strlen(entry->name) > 0);
		assert_int_equal(strspn(entry->name, "abcdefghijklmnopqrstuvwxyz_"),
				 strlen(entry->name));
		assert_true(strlen(entry->text) > 0);
		if (sentences)
			assert_int_equal(entry->text[strlen(entry->text) - 1], '.');
		assert_true(mn_value_of(names, entry->name, &value));
		assert_int_equal(value, entry->value);
		assert_ptr_equal(mn_text_of(names, entry->name), entry->text);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(entry->name, names->entry[j].name);
			assert_int_not_equal(entry->value, names->entry[j].value);
		}
	}
}

static void every_number_has_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(counted); i++) {
		check_form(counted[i].names, counted[i].sentences);
		assert_int_equal(counted[i].names->count, counted[i].end - counted[i].first);
		for (int64_t value = counted[i].first; value < counted[i].end; value++)
			assert_string_not_equal(mn_name(counted[i].names, value), "unknown");
	}
}

static void every_bit_has_a_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bits); i++) {
		check_form(bits[i].names, false);
		for (uint32_t bit = 1; bit <= bits[i].last_bit; bit <<= 1)
			assert_string_not_equal(mn_name(bits[i].names, bit), "unknown");
		assert_string_equal(mn_name(bits[i].names, bits[i].last_bit << 1), "unknown");
	}
}

static void errors_keep_their_numbers(void **state)
{
	(void)state;
	check_form(&mn_errors, true);
	assert_string_equal(mn_name(&mn_errors, -32700), "parse_error");
	assert_string_equal(mn_name(&mn_errors, -32008), "limit_exceeded");
	assert_string_equal(mn_name(&mn_errors, -32016), "rev_conflict");
}

static void the_unknown_is_called_so(void **state)
{
	int64_t value;

	(void)state;
	assert_string_equal(mn_name(&mn_faults, 63), "unknown");
	assert_non_null(mn_text(&mn_faults, 63));
	assert_null(mn_text_of(&mn_faults, "no_such_fault"));
	assert_false(mn_value_of(&mn_faults, "no_such_fault", &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_number_has_a_name),
		TEST(every_bit_has_a_name),
		TEST(errors_keep_their_numbers),
		TEST(the_unknown_is_called_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
