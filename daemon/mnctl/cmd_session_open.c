// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "checks.h"
#include "remote.h"
#include "units.h"

const struct arg_option session_open_options[] = {
	{ "patient", ARG_TEXT, "REF", "Pseudonym of the patient: 4 to 32 of A-Z, 0-9 and -", NULL,
	  true },
	{ "size", ARG_AREA, "AREA", "How large the area is, for example 30cm2", NULL, true },
	{ "protocol", ARG_TEXT, "NAME",
	  "A preset that fills in the five below where they are left out", NULL, false },
	{ "indication", ARG_TEXT, "TEXT", "What is treated", NULL, false },
	{ "area", ARG_TEXT, "TEXT", "Where", NULL, false },
	{ "density", ARG_DENSITY, "DENSITY", "Punctures wanted, for example 250/cm2", NULL, false },
	{ "depth", ARG_DEPTH, "DEPTH", "Penetration depth, for example 0.5mm", NULL, false },
	{ "rate", ARG_RATE, "RATE", "Stroke rate, for example 100Hz", NULL, false },
	{ "check", ARG_WORDS, "CHECKS",
	  "What you have checked: consent, contraindications, cartridge; all three before it is armed",
	  checks, false },
	{ "cartridge-lot", ARG_TEXT, "LOT", "Lot of the cartridge, as printed on it", NULL, false },
	{ "device", ARG_DEVICE, "DEVICE", "The handpiece, when there are several", NULL, false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

static void add_text(json_t *params, const struct args *args, const char *option, const char *key)
{
	const char *text = args_text(args, option);

	if (text)
		json_object_set_new(params, key, json_string(text));
}

static void add_number(json_t *params, const struct args *args, const char *option, const char *key)
{
	uint32_t number;

	if (args_number(args, option, &number))
		json_object_set_new(params, key, json_integer(number));
}

static json_t *build_params(const struct args *args, uint32_t checked)
{
	json_t *params = json_object(), *prechecks = json_object();

	add_text(params, args, "device", "device");
	add_text(params, args, "patient", "patient");
	add_text(params, args, "protocol", "protocol");
	add_text(params, args, "indication", "indication");
	add_text(params, args, "area", "area");
	add_number(params, args, "size", "area_cm2");
	add_number(params, args, "density", "density_per_cm2");
	add_number(params, args, "depth", "depth_um");
	add_number(params, args, "rate", "rate_mhz");
	add_text(params, args, "cartridge-lot", "cartridge_lot");
	for (uint32_t i = 0; checks[i]; i++)
		json_object_set_new(prechecks, checks[i], json_boolean(checked & UINT32_C(1) << i));
	json_object_set_new(params, "prechecks", prechecks);
	return params;
}

/* Without a preset all of it must be given; NULL if it is */
static const char *missing_option(const struct args *args)
{
	static const char *const needed[] = { "indication", "area", "density", "depth", "rate" };

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!args_given(args, "protocol") && !args_given(args, needed[i]))
			return needed[i];
	return NULL;
}

static void print_opened(const struct mnctl *ctl, const json_t *result, uint32_t checked)
{
	const json_t *plan = json_object_get(result, "plan");
	const char *session = field_text(result, "session");
	json_int_t strokes = field_number(plan, "strokes");
	json_int_t rate_mhz = field_number(plan, "rate_mhz");
	char punctures[UNITS_TEXT], count[UNITS_TEXT], time[UNITS_TEXT], depth[UNITS_TEXT],
		rate[UNITS_TEXT];

	printf("Session %s%s%s is open.\n", output_colour(&ctl->out, COLOUR_BOLD), session,
	       output_plain(&ctl->out));
	printf("  Plan: %s at %s, %s punctures in %s strokes, about %s.\n",
	       units_depth(depth, field_number(plan, "depth_um")), units_rate(rate, rate_mhz),
	       units_count(punctures, field_number(plan, "punctures")), units_count(count, strokes),
	       units_time(time, rate_mhz ? strokes * 1000000 / rate_mhz : 0));
	if (checks_print_open(&ctl->out, checked))
		printf("To tick off: mnctl session check %s --check ...\n", session);
	else
		printf("To treat: mnctl session run %s\n", session);
}

int cmd_session_open(struct mnctl *ctl)
{
	const char *missing = missing_option(&ctl->args);
	uint32_t checked = 0;
	json_t *result;
	int code;

	if (missing)
		return output_failure(
			&ctl->out, "usage",
			"--%s is missing. Write it, or name a preset with --protocol; mnctl session protocols shows them.",
			missing);
	code = remote_open(ctl);
	if (code)
		return code;
	args_number(&ctl->args, "check", &checked);
	code = remote_call(ctl, "session.open", build_params(&ctl->args, checked), &result);
	if (code)
		return code;
	if (ctl->out.json)
		output_document(result);
	else
		print_opened(ctl, result, checked);
	json_decref(result);
	return EXIT_OK;
}
