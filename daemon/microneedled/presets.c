// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "params.h"
#include "presets.h"

struct presets {
	json_t *all;
};

static const struct param preset_params[] = {
	{ "SPDX-License-Identifier", PARAM_STRING, false, 1, 64, .format = &param_text,
	  .help = "of the file" },
	{ "protocol", PARAM_STRING, true, 1, 40, .format = &param_token,
	  .help = "its name, that of the file" },
	{ "title", PARAM_STRING, true, 1, 80, .format = &param_text, .help = "for people" },
	{ "indication", PARAM_STRING, true, 1, 64, .format = &param_text,
	  .help = "what is treated" },
	{ "area", PARAM_STRING, true, 1, 64, .format = &param_text, .help = "where" },
	{ "depth_um", PARAM_INTEGER, true, 50, PRESETS_DEPTH_UM, .help = "penetration depth" },
	{ "rate_mhz", PARAM_INTEGER, true, 20000, 200000, .help = "stroke rate" },
	{ "density_per_cm2", PARAM_INTEGER, true, 1, 1000, .help = "target density of punctures" },
	{ "source", PARAM_STRING, true, 1, 400, .format = &param_text,
	  .help = "where the numbers come from" },
	{ "approved", PARAM_BOOLEAN, true, .help = "whether the clinic has approved it" },
	PARAM_END
};

bool preset_check(const json_t *preset, char *error, size_t size)
{
	struct params_error fault;

	if (!json_is_object(preset)) {
		snprintf(error, size, "a protocol is one JSON object");
		return false;
	}
	if (params_check(preset_params, preset, &fault))
		return true;
	snprintf(error, size, "%.255s", fault.message);
	return false;
}

static void load_file(struct presets *presets, const char *folder, const char *file)
{
	json_error_t fault;
	char path[4096];
	char error[256];
	const char *name;
	json_t *preset;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	preset = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);
	if (!preset) {
		log_warning("%s: line %d: %s; the protocol is left out", path, fault.line,
			    fault.text);
		return;
	}
	if (!preset_check(preset, error, sizeof(error))) {
		log_warning("%s: %s The protocol is left out.", path, error);
		json_decref(preset);
		return;
	}
	name = json_string_value(json_object_get(preset, "protocol"));
	if (strlen(file) != strlen(name) + strlen(".json") || strncmp(file, name, strlen(name))) {
		log_warning("%s: it names itself %s; the protocol is left out", path, name);
		json_decref(preset);
		return;
	}
	json_object_del(preset, "SPDX-License-Identifier");
	json_array_append_new(presets->all, preset);
}

static int is_preset(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".json");
}

struct presets *presets_load(const char *folder)
{
	struct presets *presets = calloc(1, sizeof(*presets));
	struct dirent **files;
	int count;

	if (!presets)
		return NULL;
	presets->all = json_array();
	count = scandir(folder, &files, is_preset, alphasort);
	if (count < 0) {
		log_warning("%s: %s; there are no protocols", folder, strerror(errno));
		return presets;
	}
	for (int i = 0; i < count; i++) {
		load_file(presets, folder, files[i]->d_name);
		free(files[i]);
	}
	free(files);
	return presets;
}

void presets_free(struct presets *presets)
{
	if (presets)
		json_decref(presets->all);
	free(presets);
}

const json_t *presets_all(const struct presets *presets)
{
	return presets->all;
}

const json_t *presets_find(const struct presets *presets, const char *name)
{
	json_t *preset;
	size_t i;

	json_array_foreach(presets->all, i, preset)
		if (!strcmp(json_string_value(json_object_get(preset, "protocol")), name))
			return preset;
	return NULL;
}
