/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Quantities as people write and read them: "0.5mm" in, "0.50 mm" out. Everything inside is an
 * integer with its unit in the name. A number without a unit is never guessed at: taking
 * millimetres for micrometres is how somebody gets hurt.
 */
#ifndef MNCTL_UNITS_H
#define MNCTL_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* Room for any text that the functions below write */
#define UNITS_TEXT 32
/* Room for the sentence that says why a text was refused */
#define UNITS_WHY 200

/**
 * enum units_kind - What a text on the command line stands for.
 * @UNITS_DEPTH: "0.5mm", "500um"; the value is in micrometres.
 * @UNITS_RATE: "100Hz", "99500mHz"; the value is in millihertz.
 * @UNITS_TIME: "500ms", "1.5s", "2min"; the value is in milliseconds.
 * @UNITS_AREA: "30cm2"; the value is in whole square centimetres.
 * @UNITS_DENSITY: "250/cm2"; the value is in punctures per square centimetre.
 * @UNITS_COUNT: "400"; a plain number of things, the only kind without a unit.
 */
enum units_kind {
	UNITS_DEPTH,
	UNITS_RATE,
	UNITS_TIME,
	UNITS_AREA,
	UNITS_DENSITY,
	UNITS_COUNT,
};

/**
 * units_parse() - Read a quantity.
 * @kind: What is expected.
 * @text: What was written.
 * @value: Where the value goes, in the unit of @kind; at most UINT32_MAX.
 * @why: Where the reason for a refusal goes: one sentence that says what to write.
 * @size: Room at @why.
 *
 * Decimals are exact: a value that is not a whole number of the unit is refused, not rounded.
 *
 * Return: 0, or -1 with @why filled in.
 */
int units_parse(enum units_kind kind, const char *text, uint32_t *value, char *why, size_t size);

/* 500 -> "0.50 mm", 1505 -> "1.505 mm" */
const char *units_depth(char text[UNITS_TEXT], int64_t depth_um);
/* 100000 -> "100 Hz", 99500 -> "99.5 Hz" */
const char *units_rate(char text[UNITS_TEXT], int64_t rate_mhz);
/* A measured rate, to a tenth of a hertz: more is noise */
int64_t units_round(int64_t rate_mhz);
/* 0..59 s -> "42 s", up to an hour "3 min 05 s", beyond "1 h 02 min" */
const char *units_time(char text[UNITS_TEXT], int64_t time_ms);
/* 31250 -> "31.3 °C" */
const char *units_temperature(char text[UNITS_TEXT], int64_t temp_mc);
/* 12345678 -> "12,345,678" */
const char *units_count(char text[UNITS_TEXT], int64_t count);

#endif
