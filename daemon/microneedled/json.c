// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "device.h"
#include "json.h"
#include "treatment.h"

json_t *json_bits(const struct mn_names *names, uint32_t bits)
{
	json_t *array = json_array();

	for (size_t i = 0; i < names->count; i++)
		if (bits & names->entry[i].value)
			json_array_append_new(array, json_string(names->entry[i].name));
	return array;
}

json_t *json_faults(uint64_t mask)
{
	json_t *array = json_array();

	for (int64_t code = 1; code < 64; code++)
		if (mask & 1ULL << code)
			json_array_append_new(array, json_string(mn_name(&mn_faults, code)));
	return array;
}

uint64_t json_fault_mask(const json_t *names)
{
	uint64_t mask = 0;
	int64_t code;

	for (size_t i = 0; i < json_array_size(names); i++)
		if (mn_value_of(&mn_faults, json_string_value(json_array_get(names, i)), &code))
			mask |= 1ULL << code;
	return mask;
}

json_t *json_inputs(uint32_t inputs)
{
	json_t *object = json_object();

	for (size_t i = 0; i < mn_inputs.count; i++)
		json_object_set_new(object, mn_inputs.entry[i].name,
				    json_boolean(inputs & mn_inputs.entry[i].value));
	return object;
}

json_t *json_limits(const struct mn_limits *limits)
{
	json_t *object = json_object();

	for (uint32_t quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		json_t *sources = json_object();

		for (uint32_t source = 0; source < MN_SOURCE_NR; source++) {
			const char *name = mn_name(&mn_sources, source);

			if (limits->present[quantity] & 1U << source)
				json_object_set_new(sources, name,
						    json_integer(limits->value[quantity][source]));
			else if (limits->required[quantity] & 1U << source)
				json_object_set_new(sources, name, json_null());
		}
		json_object_set_new(object, mn_name(&mn_quantities, quantity),
				    json_pack("{s:I, s:s, s:o}", "effective",
					      (json_int_t)limits->effective[quantity], "binding",
					      mn_name(&mn_sources, limits->binding[quantity]),
					      "sources", sources));
	}
	return object;
}

void json_uuid(char text[JSON_UUID], const uint8_t id[16])
{
	size_t used = 0;

	for (int i = 0; i < 16; i++)
		used += (size_t)snprintf(text + used, JSON_UUID - used, "%s%02x",
					 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
}

json_t *json_device(struct device *device)
{
	const struct mn_info *info = &device->info;
	struct treatment *treatment = device->treatment;
	struct mn_status status;

	if (device->gone || device_status(device, &status))
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "device", device->name,
			 "serial", info->serial, "model", info->model, "state",
			 mn_name(&mn_states, status.state), "transport",
			 mn_name(&mn_transports, info->transport), "path", device->path, "control",
			 mn_name(&mn_controls, status.control), "session",
			 treatment ? json_string(treatment->uuid) : json_null());
}

static void date_text(char text[16], uint32_t days)
{
	time_t seconds = (time_t)days * 86400;
	struct tm date;

	*text = '\0';
	if (gmtime_r(&seconds, &date))
		strftime(text, 16, "%Y-%m-%d", &date);
}

json_t *json_declaration(const struct mn_declare_cartridge *declared, const char *by)
{
	char expiry[16];
	char uid[17];

	date_text(expiry, declared->expiry_days);
	snprintf(uid, sizeof(uid), "%016" PRIx64, (uint64_t)declared->uid);
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "by", by, "uid", uid, "lot",
			 declared->lot, "needles", (json_int_t)declared->needles, "needle_um",
			 (json_int_t)declared->needle_um, "max_rate_mhz",
			 (json_int_t)declared->max_rate_mhz, "max_strokes",
			 (json_int_t)declared->max_strokes, "expiry", expiry);
}

json_t *json_cartridge(const struct device *device, const struct mn_status *status)
{
	uint32_t flags = status->cartridge_flags;
	char expiry[16];
	char uid[17];

	if (!(flags & MN_CARTRIDGE_PRESENT))
		return json_null();
	date_text(expiry, status->cartridge_expiry_days);
	snprintf(uid, sizeof(uid), "%016" PRIx64, (uint64_t)status->cartridge_uid);
	return json_pack("{s:b, s:b, s:b, s:b, s:s?, s:I, s:I, s:s, s:s, s:s}", "readable",
			 !!(flags & MN_CARTRIDGE_READABLE), "marked",
			 !!(flags & MN_CARTRIDGE_MARKED), "spent", !!(flags & MN_CARTRIDGE_SPENT),
			 "undeclared", !!(flags & MN_CARTRIDGE_UNDECLARED), "declared_by",
			 device_declared_by(device, status->cartridge_uid), "needles",
			 (json_int_t)status->cartridge_needles, "needle_um",
			 (json_int_t)status->cartridge_needle_um, "expiry", expiry, "uid", uid,
			 "lot", status->cartridge_lot);
}

static json_t *set_point(const struct mn_status *status)
{
	if (status->state != MN_STATE_ARMED && status->state != MN_STATE_RUNNING)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "depth_um", (json_int_t)status->depth_um,
			 "rate_mhz", (json_int_t)status->rate_mhz, "strokes",
			 (json_int_t)status->strokes, "run_ms", (json_int_t)status->run_ms);
}

static json_t *treatment_id(const struct mn_status *status)
{
	static const uint8_t none[sizeof(status->treatment)];
	char uuid[JSON_UUID];

	if (!memcmp(status->treatment, none, sizeof(none)))
		return json_null();
	json_uuid(uuid, status->treatment);
	return json_string(uuid);
}

json_t *json_device_status(struct device *device)
{
	const struct mn_info *info = &device->info;
	struct treatment *treatment = device->treatment;
	struct mn_status status;
	struct mn_limits limits;
	json_t *object, *more;

	if (device->gone || device_status(device, &status) || device_limits(device, &limits))
		return NULL;
	object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o}", "device", device->name,
			   "serial", info->serial, "model", info->model, "firmware", info->firmware,
			   "transport", mn_name(&mn_transports, info->transport), "path",
			   device->path, "has_trigger", !!info->has_trigger, "measures",
			   json_bits(&mn_measures, info->measures));
	more = json_pack("{s:s, s:s, s:s, s:o, s:s, s:[i, i], s:o, s:o, s:o, s:s}", "state",
			 mn_name(&mn_states, status.state), "cause",
			 mn_name(&mn_causes, status.cause), "cause_text",
			 mn_text(&mn_causes, status.cause), "faults", json_faults(status.faults),
			 "fault", mn_name(&mn_faults, status.fault), "fault_detail",
			 (int)status.fault_detail[0], (int)status.fault_detail[1], "fault_text",
			 status.fault ? json_string(mn_text(&mn_faults, status.fault))
				      : json_null(),
			 "inputs", json_inputs(status.inputs), "interlocks",
			 json_bits(&mn_interlocks, status.interlocks), "self_test",
			 mn_name(&mn_self_tests, status.self_test));
	json_object_update(object, more);
	json_decref(more);
	more = json_pack(
		"{s:o, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:o, s:o}", "set_point",
		set_point(&status), "strokes_done", (json_int_t)status.strokes_done, "dose_strokes",
		(json_int_t)status.dose_strokes, "run_done_ms", (json_int_t)status.run_done_ms,
		"measured", "depth_um", (json_int_t)status.measured_depth_um, "rate_mhz",
		(json_int_t)status.measured_rate_mhz, "current_ma", (json_int_t)status.current_ma,
		"temp_mc", (json_int_t)status.temp_mc, "cartridge", json_cartridge(device, &status),
		"limits", json_limits(&limits));
	json_object_update(object, more);
	json_decref(more);
	more = json_pack("{s:s, s:o, s:o, s:I, s:I, s:I}", "control",
			 mn_name(&mn_controls, status.control), "session",
			 treatment ? json_string(treatment->uuid) : json_null(), "treatment",
			 treatment_id(&status), "strokes_total", (json_int_t)status.strokes_total,
			 "epoch", (json_int_t)status.epoch, "mono_ns", (json_int_t)status.mono_ns);
	json_object_update(object, more);
	json_decref(more);
	return object;
}
