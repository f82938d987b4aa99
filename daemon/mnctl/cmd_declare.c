// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "remote.h"
#include "units.h"

const struct arg_option declare_options[] = {
	{ "lot", ARG_TEXT, "LOT", "Lot, as printed on the package", NULL, true },
	{ "needles", ARG_COUNT, "NUMBER", "How many needles it has", NULL, true },
	{ "length", ARG_DEPTH, "LENGTH", "Length of the needles, for example 1.5mm", NULL, true },
	{ "max-rate", ARG_RATE, "RATE", "Fastest stroke rate that it is made for", NULL, true },
	{ "max-strokes", ARG_COUNT, "NUMBER", "How many strokes it is made for", NULL, true },
	{ "expiry", ARG_TEXT, "DATE", "Last day of its use, for example 2027-01-31", NULL, true },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

static json_t *build_params(const struct args *args)
{
	const char *device = args_operand(args, 0);
	uint32_t needles = 0, needle_um = 0, rate_mhz = 0, strokes = 0;
	json_t *params;

	args_number(args, "needles", &needles);
	args_number(args, "length", &needle_um);
	args_number(args, "max-rate", &rate_mhz);
	args_number(args, "max-strokes", &strokes);
	params = json_pack("{ss sI sI sI sI ss}", "lot", args_text(args, "lot"), "needles",
			   (json_int_t)needles, "needle_um", (json_int_t)needle_um, "max_rate_mhz",
			   (json_int_t)rate_mhz, "max_strokes", (json_int_t)strokes, "expiry",
			   args_text(args, "expiry"));
	if (device)
		json_object_set_new(params, "device", json_string(device));
	return params;
}

static void print_declared(const json_t *cartridge)
{
	char needles[UNITS_TEXT], length[UNITS_TEXT];

	printf("Declared: %s needles of %s, lot %s, use by %s. It holds until the cartridge is taken out.\n",
	       units_count(needles, field_number(cartridge, "needles")),
	       units_depth(length, field_number(cartridge, "needle_um")),
	       field_text(cartridge, "lot"), field_text(cartridge, "expiry"));
}

int cmd_declare(struct mnctl *ctl)
{
	json_t *result;
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = remote_call(ctl, "device.declare_cartridge", build_params(&ctl->args),
				   &result);
	if (code)
		return code;
	if (ctl->out.json)
		output_document(result);
	else
		print_declared(json_object_get(result, "cartridge"));
	json_decref(result);
	return EXIT_OK;
}
