// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "remote.h"

static void print_devices(const struct output *out, const json_t *devices)
{
	static const char *const heads[] = { "DEVICE", "MODEL", "SERIAL", "STATE", "CONNECTED BY" };
	struct table *table;
	json_t *device;
	size_t i;

	if (json_array_size(devices) == 0) {
		puts("No handpiece is connected. Plug one in; mnctl monitor shows when it is seen.");
		return;
	}
	table = table_new(heads, sizeof(heads) / sizeof(heads[0]));
	json_array_foreach(devices, i, device) {
		table_cell(table, "%s", field_text(device, "device"));
		table_cell(table, "%s", field_text(device, "model"));
		table_cell(table, "%s", field_text(device, "serial"));
		table_cell(table, "%s", field_text(device, "state"));
		table_cell(table, "%s", field_text(device, "transport"));
	}
	table_end(table, out);
}

int cmd_list(struct mnctl *ctl)
{
	json_t *result;
	int code = remote_open(ctl);

	if (code == EXIT_OK)
		code = remote_call(ctl, "device.list", NULL, &result);
	if (code)
		return code;
	if (ctl->out.json)
		output_document(result);
	else
		print_devices(&ctl->out, json_object_get(result, "devices"));
	json_decref(result);
	return EXIT_OK;
}
