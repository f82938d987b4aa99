// SPDX-License-Identifier: GPL-2.0-or-later
#include "units.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct suffix {
	enum units_kind kind;
	const char *text;
	uint32_t scale; /* how many of the kind's unit one of this is */
};

static const struct suffix suffixes[] = {
	/* Depth; the micro sign and the Greek mu look the same */
	{ UNITS_DEPTH, "mm", 1000 },
	{ UNITS_DEPTH, "um", 1 },
	{ UNITS_DEPTH, "\u00b5m", 1 },
	{ UNITS_DEPTH, "\u03bcm", 1 },
	/* Rate */
	{ UNITS_RATE, "Hz", 1000 },
	{ UNITS_RATE, "hz", 1000 },
	{ UNITS_RATE, "mHz", 1 },
	{ UNITS_RATE, "mhz", 1 },
	/* Time */
	{ UNITS_TIME, "ms", 1 },
	{ UNITS_TIME, "s", 1000 },
	{ UNITS_TIME, "min", 60000 },
	/* Area and density */
	{ UNITS_AREA, "cm2", 1 },
	{ UNITS_AREA, "cm\u00b2", 1 },
	{ UNITS_DENSITY, "/cm2", 1 },
	{ UNITS_DENSITY, "/cm\u00b2", 1 },
	/* Things */
	{ UNITS_COUNT, "", 1 },
};

static const struct {
	const char *name;
	const char *example;
	const char *finest; /* the unit that the value must be a whole number of */
} kinds[] = {
	[UNITS_DEPTH] = { "a depth", "0.5mm or 500um", "micrometres" },
	[UNITS_RATE] = { "a stroke rate", "100Hz or 100000mHz", "millihertz" },
	[UNITS_TIME] = { "a time", "500ms, 30s or 2min", "milliseconds" },
	[UNITS_AREA] = { "an area", "30cm2", "square centimetres" },
	[UNITS_DENSITY] = { "a density", "250/cm2", "punctures per cm2" },
	[UNITS_COUNT] = { "a number", "400", "ones" },
};

/* More digits than any quantity has; a longer number is out of range whatever it says */
#define MAX_DIGITS 12

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int refuse(char *why, size_t size, enum units_kind kind, const char *text,
		  const char *reason)
{
	snprintf(why, size, "\"%.40s\" is not %s that can be used: %s. Write for example %s.", text,
		 kinds[kind].name, reason, kinds[kind].example);
	return -1;
}

static const struct suffix *find_suffix(enum units_kind kind, const char *text)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (suffixes[i].kind == kind && strcmp(suffixes[i].text, text) == 0)
			return &suffixes[i];
	return NULL;
}

int units_parse(enum units_kind kind, const char *text, uint32_t *value, char *why, size_t size)
{
	const struct suffix *suffix;
	const char *p = text;
	uint64_t number = 0, fraction = 1;
	int digits = 0;

	if (*p == '-')
		return refuse(why, size, kind, text, "it is negative");
	for (; is_digit(*p) && digits < MAX_DIGITS; p++, digits++)
		number = number * 10 + (uint64_t)(*p - '0');
	if (!digits)
		return refuse(why, size, kind, text, "it does not begin with a number");
	if (*p == ',')
		return refuse(why, size, kind, text, "decimals are written with a point");
	if (*p == '.') {
		int before = digits;

		for (p++; is_digit(*p) && digits < MAX_DIGITS; p++, digits++) {
			number = number * 10 + (uint64_t)(*p - '0');
			fraction *= 10;
		}
		if (digits == before)
			return refuse(why, size, kind, text, "digits are missing after the point");
	}
	if (is_digit(*p))
		return refuse(why, size, kind, text, "it has too many digits");
	while (*p == ' ')
		p++;
	suffix = find_suffix(kind, p);
	if (!suffix && *p == '\0')
		return refuse(why, size, kind, text, "the unit is missing");
	if (!suffix)
		return refuse(why, size, kind, text,
			      kind == UNITS_COUNT ? "it takes no unit" : "its unit is not known");
	number *= suffix->scale;
	if (number % fraction) {
		char reason[80];

		snprintf(reason, sizeof(reason), "it is not a whole number of %s",
			 kinds[kind].finest);
		return refuse(why, size, kind, text, reason);
	}
	number /= fraction;
	if (number > UINT32_MAX)
		return refuse(why, size, kind, text, "it is too large");
	*value = (uint32_t)number;
	return 0;
}

/* Thousandths as decimals, with at least @keep of the three digits */
static void decimals(char text[UNITS_TEXT], int64_t thousandths, int keep, const char *unit)
{
	uint64_t magnitude = thousandths < 0 ? -(uint64_t)thousandths : (uint64_t)thousandths;
	char number[UNITS_TEXT];
	size_t len;

	snprintf(number, sizeof(number), "%s%" PRIu64 ".%03u", thousandths < 0 ? "-" : "",
		 magnitude / 1000, (unsigned int)(magnitude % 1000));
	len = strlen(number);
	for (int drop = 3 - keep; drop > 0 && number[len - 1] == '0'; drop--)
		number[--len] = '\0';
	if (number[len - 1] == '.')
		number[--len] = '\0';
	snprintf(text, UNITS_TEXT, "%.24s %s", number, unit);
}

const char *units_depth(char text[UNITS_TEXT], int64_t depth_um)
{
	decimals(text, depth_um, 2, "mm");
	return text;
}

const char *units_rate(char text[UNITS_TEXT], int64_t rate_mhz)
{
	decimals(text, rate_mhz, 0, "Hz");
	return text;
}

int64_t units_round(int64_t rate_mhz)
{
	return (rate_mhz + 50) / 100 * 100;
}

const char *units_time(char text[UNITS_TEXT], int64_t time_ms)
{
	/* Rounded up: a time that is left must not read as over while it is not */
	int64_t s = time_ms <= 0 ? 0 : time_ms / 1000 + (time_ms % 1000 != 0);

	if (s < 60)
		snprintf(text, UNITS_TEXT, "%" PRId64 " s", s);
	else if (s < 3600)
		snprintf(text, UNITS_TEXT, "%" PRId64 " min %02" PRId64 " s", s / 60, s % 60);
	else
		snprintf(text, UNITS_TEXT, "%" PRId64 " h %02" PRId64 " min", s / 3600,
			 s % 3600 / 60);
	return text;
}

const char *units_temperature(char text[UNITS_TEXT], int64_t temp_mc)
{
	int64_t tenths = (temp_mc + (temp_mc < 0 ? -50 : 50)) / 100;

	decimals(text, tenths * 100, 1, "\u00b0C");
	return text;
}

const char *units_count(char text[UNITS_TEXT], int64_t count)
{
	char digits[UNITS_TEXT];
	size_t len, out = 0;

	snprintf(digits, sizeof(digits), "%" PRId64, count);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		text[out++] = digits[i];
		if (is_digit(digits[i]) && i + 1 < len && (len - 1 - i) % 3 == 0)
			text[out++] = ',';
	}
	text[out] = '\0';
	return text;
}
