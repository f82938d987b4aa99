// SPDX-License-Identifier: GPL-2.0-or-later
/* Quantities as people write and read them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mnctl/units.h"

static void accepts(enum units_kind kind, const char *text, uint32_t expected)
{
	char why[UNITS_WHY] = "";
	uint32_t value = 0;

	if (units_parse(kind, text, &value, why, sizeof(why)))
		fail_msg("\"%s\" was refused: %s", text, why);
	assert_int_equal(value, expected);
}

static void refuses(enum units_kind kind, const char *text, const char *because)
{
	char why[UNITS_WHY] = "";
	uint32_t value = 4711;

	if (!units_parse(kind, text, &value, why, sizeof(why)))
		fail_msg("\"%s\" was taken for %u", text, value);
	if (!strstr(why, because))
		fail_msg("\"%s\" was refused with: %s", text, why);
	/* A sentence that says what to write */
	assert_non_null(strstr(why, "Write for example"));
	assert_int_equal(why[strlen(why) - 1], '.');
	assert_int_equal(value, 4711);
}

static void depths_are_exact(void **state)
{
	(void)state;
	accepts(UNITS_DEPTH, "0.5mm", 500);
	accepts(UNITS_DEPTH, "500um", 500);
	accepts(UNITS_DEPTH, "500\u00b5m", 500);
	accepts(UNITS_DEPTH, "500\u03bcm", 500);
	accepts(UNITS_DEPTH, "1.5 mm", 1500);
	accepts(UNITS_DEPTH, "0.001mm", 1);
	accepts(UNITS_DEPTH, "1.500000mm", 1500);
	accepts(UNITS_DEPTH, "0500um", 500);
	accepts(UNITS_DEPTH, "0mm", 0);
	/* What floating point gets wrong */
	accepts(UNITS_DEPTH, "0.29mm", 290);
	accepts(UNITS_DEPTH, "1.005mm", 1005);
}

static void a_unit_is_never_guessed(void **state)
{
	(void)state;
	refuses(UNITS_DEPTH, "500", "unit is missing");
	refuses(UNITS_DEPTH, "0.5", "unit is missing");
	refuses(UNITS_RATE, "100", "unit is missing");
	refuses(UNITS_AREA, "30", "unit is missing");
	refuses(UNITS_DENSITY, "250", "unit is missing");
	refuses(UNITS_TIME, "10", "unit is missing");
	refuses(UNITS_DEPTH, "0.5cm", "unit is not known");
	refuses(UNITS_DEPTH, "0.5m", "unit is not known");
	refuses(UNITS_DEPTH, "0.5MM", "unit is not known");
	refuses(UNITS_DEPTH, "5mm ", "unit is not known");
	refuses(UNITS_DEPTH, "0.5mm1", "unit is not known");
	refuses(UNITS_RATE, "100MHz", "unit is not known");
	refuses(UNITS_RATE, "100mm", "unit is not known");
	refuses(UNITS_DEPTH, "100Hz", "unit is not known");
	refuses(UNITS_COUNT, "100x", "no unit");
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	refuses(UNITS_DEPTH, "", "begin with a number");
	refuses(UNITS_DEPTH, "mm", "begin with a number");
	refuses(UNITS_DEPTH, ".5mm", "begin with a number");
	refuses(UNITS_DEPTH, " 1mm", "begin with a number");
	refuses(UNITS_DEPTH, "+1mm", "begin with a number");
	refuses(UNITS_DEPTH, "0x10um", "unit is not known");
	refuses(UNITS_DEPTH, "1e3um", "unit is not known");
	refuses(UNITS_DEPTH, "nan", "begin with a number");
	refuses(UNITS_DEPTH, "-0.5mm", "negative");
	refuses(UNITS_DEPTH, "0,5mm", "point");
	refuses(UNITS_DEPTH, "1.mm", "after the point");
	refuses(UNITS_DEPTH, "0.5um", "whole number of micrometres");
	refuses(UNITS_DEPTH, "0.0005mm", "whole number of micrometres");
	refuses(UNITS_RATE, "0.0001Hz", "whole number of millihertz");
	refuses(UNITS_COUNT, "1.5", "whole number");
}

static void sizes_are_bounded(void **state)
{
	(void)state;
	accepts(UNITS_DEPTH, "4294967295um", UINT32_MAX);
	refuses(UNITS_DEPTH, "4294967296um", "too large");
	refuses(UNITS_DEPTH, "4294968mm", "too large");
	refuses(UNITS_DEPTH, "18446744073709551617um", "too many digits");
	refuses(UNITS_DEPTH, "0.0000000000000000000000001mm", "too many digits");
	/* The largest number of digits times the largest scale stays inside 64 bits */
	refuses(UNITS_TIME, "999999999999min", "too large");
}

static void a_long_text_is_cut_in_the_reason(void **state)
{
	char text[5000], why[UNITS_WHY];
	uint32_t value;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(units_parse(UNITS_DEPTH, text, &value, why, sizeof(why)), -1);
	assert_non_null(strstr(why, "Write for example 0.5mm"));
}

static void other_kinds(void **state)
{
	(void)state;
	accepts(UNITS_RATE, "100Hz", 100000);
	accepts(UNITS_RATE, "100hz", 100000);
	accepts(UNITS_RATE, "99.5Hz", 99500);
	accepts(UNITS_RATE, "100000mHz", 100000);
	accepts(UNITS_TIME, "500ms", 500);
	accepts(UNITS_TIME, "1.5s", 1500);
	accepts(UNITS_TIME, "2min", 120000);
	accepts(UNITS_TIME, "0.5min", 30000);
	accepts(UNITS_AREA, "30cm2", 30);
	accepts(UNITS_AREA, "30cm\u00b2", 30);
	accepts(UNITS_DENSITY, "250/cm2", 250);
	accepts(UNITS_COUNT, "400", 400);
}

static void texts_for_people(void **state)
{
	char t[UNITS_TEXT];

	(void)state;
	assert_string_equal(units_depth(t, 0), "0.00 mm");
	assert_string_equal(units_depth(t, 500), "0.50 mm");
	assert_string_equal(units_depth(t, 1505), "1.505 mm");
	assert_string_equal(units_depth(t, 10), "0.01 mm");
	assert_string_equal(units_depth(t, -120), "-0.12 mm");
	assert_string_equal(units_rate(t, 100000), "100 Hz");
	assert_string_equal(units_rate(t, 99500), "99.5 Hz");
	assert_string_equal(units_rate(t, 1), "0.001 Hz");
	assert_string_equal(units_time(t, 0), "0 s");
	assert_string_equal(units_time(t, 1), "1 s");
	assert_string_equal(units_time(t, 59001), "1 min 00 s");
	assert_string_equal(units_time(t, 185000), "3 min 05 s");
	assert_string_equal(units_time(t, 3720000), "1 h 02 min");
	assert_string_equal(units_time(t, -5), "0 s");
	assert_string_equal(units_temperature(t, 31250), "31.3 \u00b0C");
	assert_string_equal(units_temperature(t, -40), "0.0 \u00b0C");
	assert_string_equal(units_temperature(t, -1250), "-1.3 \u00b0C");
	assert_string_equal(units_count(t, 0), "0");
	assert_string_equal(units_count(t, 999), "999");
	assert_string_equal(units_count(t, 1000), "1,000");
	assert_string_equal(units_count(t, 12345678), "12,345,678");
	assert_string_equal(units_count(t, -1234), "-1,234");
	/* The longest there is fits */
	assert_string_equal(units_count(t, INT64_MIN), "-9,223,372,036,854,775,808");
	assert_non_null(units_depth(t, INT64_MIN));
	assert_non_null(units_time(t, INT64_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(depths_are_exact),
		cmocka_unit_test(a_unit_is_never_guessed),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(sizes_are_bounded),
		cmocka_unit_test(a_long_text_is_cut_in_the_reason),
		cmocka_unit_test(other_kinds),
		cmocka_unit_test(texts_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
