// SPDX-License-Identifier: GPL-2.0-or-later
#include "record.h"

#include <stdbool.h>
#include <string.h>

#include "checks.h"
#include "event_text.h"
#include "explain.h"
#include "remote.h"
#include "units.h"
#include "when.h"

#define HISTOGRAM_WIDTH 40

static void label(FILE *f, const char *text)
{
	fprintf(f, "  %-11s ", text);
}

static void print_who(FILE *f, const json_t *record)
{
	const char *qualification = field_text(record, "qualification");
	const char *ended = field_text(record, "ended");
	const char *patient = field_text(record, "patient");
	char time[WHEN_TEXT];

	label(f, "Opened");
	fprintf(f, "%s by %s%s%s%s\n", when_full(time, field_text(record, "opened")),
		field_text(record, "operator"), *qualification ? " (" : "", qualification,
		*qualification ? ")" : "");
	label(f, "Ended");
	if (*ended)
		fprintf(f, "%s, %s\n", when_full(time, ended), field_text(record, "outcome"));
	else
		fputs("not yet\n", f);
	label(f, "Patient");
	fprintf(f, "%s\n", *patient ? patient : "not shown to you");
}

static void print_checks(FILE *f, const json_t *ticked)
{
	bool any = false;

	label(f, "Checked");
	for (size_t i = 0; checks[i]; i++)
		if (json_is_true(json_object_get(ticked, checks[i]))) {
			fprintf(f, "%s%s", any ? ", " : "", checks[i]);
			any = true;
		}
	fputs(any ? "\n" : "nothing\n", f);
}

/* The last word on the checks: they can be ticked off after opening */
static const json_t *last_checks(const json_t *record)
{
	const json_t *ticked = json_object_get(record, "prechecks");
	json_t *event;
	size_t i;

	json_array_foreach(json_object_get(record, "events"), i, event)
		if (strcmp(field_text(event, "kind"), "prechecks") == 0)
			ticked = json_object_get(event, "data");
	return ticked;
}

/* The record must not look as if the tag had been read where somebody's word was taken */
static void print_declared(FILE *f, const json_t *declared)
{
	const char *by = field_text(declared, "by");

	if (json_is_object(declared))
		fprintf(f, ", declared%s%s, not read from a tag", *by ? " by " : "", by);
	fputc('\n', f);
}

static void print_what(FILE *f, const json_t *record)
{
	const json_t *plan = json_object_get(record, "plan");
	const json_t *cartridge = json_object_get(record, "cartridge");
	const json_t *device = json_object_get(record, "device");
	char a[UNITS_TEXT], b[UNITS_TEXT], c[UNITS_TEXT], d[UNITS_TEXT];

	label(f, "Treated");
	fprintf(f, "%s, %s cm2, for %s\n", field_text(record, "area"),
		units_count(a, field_number(record, "area_cm2")), field_text(record, "indication"));
	label(f, "Handpiece");
	fprintf(f, "%s, serial %s, firmware %s\n", field_text(device, "model"),
		field_text(device, "serial"), field_text(device, "firmware"));
	label(f, "Cartridge");
	fprintf(f, "%s needles of %s, lot %s", units_count(a, field_number(cartridge, "needles")),
		units_depth(b, field_number(cartridge, "needle_um")),
		*field_text(cartridge, "lot_given") ? field_text(cartridge, "lot_given")
						    : field_text(cartridge, "lot"));
	print_declared(f, json_object_get(cartridge, "declared"));
	print_checks(f, last_checks(record));
	label(f, "Planned");
	fprintf(f, "%s at %s, %s punctures in %s strokes\n",
		units_depth(a, field_number(plan, "depth_um")),
		units_rate(b, field_number(plan, "rate_mhz")),
		units_count(c, field_number(plan, "punctures")),
		units_count(d, field_number(plan, "strokes")));
}

/* What strokes are measured against: the deepest that was armed */
static json_int_t deepest_set(const json_t *record)
{
	json_int_t deepest = 0;
	json_t *event;
	size_t i;

	json_array_foreach(json_object_get(record, "events"), i, event) {
		json_int_t depth = field_number(json_object_get(event, "data"), "depth_um");

		if (strcmp(field_text(event, "kind"), "armed") == 0 && depth > deepest)
			deepest = depth;
	}
	return deepest;
}

static void print_set(FILE *f, const json_t *record)
{
	char depth[UNITS_TEXT], rate[UNITS_TEXT];
	json_int_t depth_um = 0, rate_mhz = 0;
	json_t *event;
	size_t i;

	json_array_foreach(json_object_get(record, "events"), i, event) {
		const json_t *data = json_object_get(event, "data");

		if (strcmp(field_text(event, "kind"), "armed") != 0 ||
		    (field_number(data, "depth_um") == depth_um &&
		     field_number(data, "rate_mhz") == rate_mhz))
			continue;
		if (depth_um)
			fputs("; then ", f);
		else
			label(f, "Set");
		depth_um = field_number(data, "depth_um");
		rate_mhz = field_number(data, "rate_mhz");
		fprintf(f, "%s at %s", units_depth(depth, depth_um), units_rate(rate, rate_mhz));
	}
	if (depth_um)
		fputc('\n', f);
}

static void print_measured(FILE *f, const json_t *record)
{
	const json_t *depth = json_object_get(json_object_get(record, "strokes"), "depth_um");
	json_int_t past = field_number(depth, "max") - deepest_set(record);
	char min[UNITS_TEXT], mean[UNITS_TEXT], max[UNITS_TEXT], by[UNITS_TEXT];

	if (!json_is_object(depth))
		return;
	/* Where the depth is that of the steps that were counted no sensor saw the needles */
	label(f, field_has(json_object_get(record, "device"), "measures", "counted") ? "Counted"
										     : "Measured");
	fprintf(f, "least %s, mean %s, most %s", units_depth(min, field_number(depth, "min")),
		units_depth(mean, field_number(depth, "mean")),
		units_depth(max, field_number(depth, "max")));
	if (past > 0)
		fprintf(f, ", %s deeper than set", units_depth(by, past));
	fputc('\n', f);
}

static int count_pauses(const json_t *events)
{
	json_t *event;
	int pauses = 0;
	size_t i;

	json_array_foreach(events, i, event)
		pauses += strcmp(field_text(event, "kind"), "state") == 0 &&
			  strcmp(field_text(json_object_get(event, "data"), "cause"),
				 "trigger_released") == 0;
	return pauses;
}

static void print_done(FILE *f, const json_t *record)
{
	const json_t *summary = json_object_get(record, "summary");
	const json_t *faults = json_object_get(record, "faults");
	const char *note = field_text(record, "note");
	char strokes[UNITS_TEXT], punctures[UNITS_TEXT], time[UNITS_TEXT];
	json_t *fault;
	size_t i;

	print_set(f, record);
	print_measured(f, record);
	label(f, "Made");
	if (json_is_integer(json_object_get(summary, "punctures")))
		fprintf(f, "%s strokes, %s punctures; the needles moved for %s\n",
			units_count(strokes, field_number(summary, "strokes")),
			units_count(punctures, field_number(summary, "punctures")),
			units_time(time, field_number(summary, "run_ms")));
	else
		fprintf(f, "%s strokes\n",
			units_count(strokes,
				    field_number(json_object_get(record, "strokes"), "count")));
	label(f, "Pauses");
	fprintf(f, "%d\n", count_pauses(json_object_get(record, "events")));
	label(f, "Faults");
	json_array_foreach(faults, i, fault)
		fprintf(f, "%s%s", i ? ", " : "", json_string_value(fault));
	fputs(json_array_size(faults) ? "\n" : "none\n", f);
	if (*note) {
		label(f, "Note");
		fprintf(f, "%s\n", note);
	}
}

static void print_chain(FILE *f, const json_t *chain)
{
	label(f, "Record");
	if (json_is_false(json_object_get(chain, "valid")))
		fputs("DAMAGED: it was changed after it was written; tell who is in charge of the records\n",
		      f);
	else
		fprintf(f, "unchanged since it was written (%.16s)\n", field_text(chain, "hash"));
}

/*
 * Some rows say what their neighbours say: a request and what came of it, a stop and the state that
 * it led to. And programs come and go while nothing is armed, as mnctl itself does.
 */
static bool worth_a_line(const json_t *event, const char *before, bool live)
{
	static const char *const said_by_another[] = { "arm", "fault", "clear" };
	const char *kind = field_text(event, "kind");
	const char *cause = field_text(json_object_get(event, "data"), "cause");

	if (strcmp(kind, "arm") == 0 || strcmp(kind, "start") == 0 || strcmp(kind, "attached") == 0)
		return false;
	if (strcmp(kind, "owner_lost") == 0)
		return live;
	if (strcmp(kind, "state") != 0)
		return true;
	for (size_t i = 0; i < sizeof(said_by_another) / sizeof(said_by_another[0]); i++)
		if (strcmp(cause, said_by_another[i]) == 0)
			return false;
	return strcmp(cause, "stop") != 0 || strcmp(before, "stop") != 0;
}

static void print_events(FILE *f, const json_t *events)
{
	char time[WHEN_TEXT], text[EVENT_TEXT];
	const char *before = "";
	bool live = false;
	json_t *event;
	size_t i;

	fputs("\nWhat happened\n", f);
	json_array_foreach(events, i, event) {
		const json_t *data = json_object_get(event, "data");
		const char *kind = field_text(event, "kind");
		const char *line = NULL;

		if (worth_a_line(event, before, live))
			line = event_text(kind, data, text);
		if (line)
			fprintf(f, "  %s  %s\n", when_clock(time, field_text(event, "time")), line);
		if (strcmp(kind, "state") == 0)
			live = strcmp(field_text(data, "to"), "armed") == 0 ||
			       strcmp(field_text(data, "to"), "running") == 0;
		before = kind;
	}
}

static void print_histogram(FILE *f, const json_t *histogram, json_int_t set)
{
	const json_t *counts = json_object_get(histogram, "counts");
	json_int_t bin_um = field_number(histogram, "bin_um"), most = 0;
	char from_text[UNITS_TEXT], to_text[UNITS_TEXT], number[UNITS_TEXT];
	json_t *row;
	size_t i;

	json_array_foreach(counts, i, row)
		if (json_integer_value(json_array_get(row, 1)) > most)
			most = json_integer_value(json_array_get(row, 1));
	if (!most)
		return;
	fputs("\nDepth of the strokes\n", f);
	json_array_foreach(counts, i, row) {
		json_int_t from = json_integer_value(json_array_get(row, 0));
		json_int_t count = json_integer_value(json_array_get(row, 1));
		/* Rounded up: a single stroke that was too deep must be seen */
		int width = (int)((count * HISTOGRAM_WIDTH + most - 1) / most);

		/* The unit once: "0.45 to 0.50 mm" */
		fprintf(f, "  %.4s to %s %10s  %.*s%s\n", units_depth(from_text, from),
			units_depth(to_text, from + bin_um), units_count(number, count), width,
			"########################################",
			from > set ? "  deeper than set" : "");
	}
}

void record_print(FILE *f, const json_t *record)
{
	fprintf(f, "Session %s\n", field_text(record, "session"));
	print_who(f, record);
	print_what(f, record);
	print_done(f, record);
	print_chain(f, json_object_get(record, "chain"));
	print_events(f, json_object_get(record, "events"));
	print_histogram(f, json_object_get(json_object_get(record, "strokes"), "histogram"),
			deepest_set(record));
}
