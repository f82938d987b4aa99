// SPDX-License-Identifier: GPL-2.0-or-later
/* A session in JSON: for its owner, for subscribers, and for the record. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "clock.h"
#include "device.h"
#include "json.h"
#include "policy.h"
#include "rpc.h"
#include "treatment.h"
#include "treatment_internal.h"

static json_int_t punctures(const struct treatment *treatment, uint32_t strokes)
{
	const struct treatment_plan *plan = &treatment->plan;
	json_int_t made = (json_int_t)strokes * plan->needles;

	/*
	 * The last stroke of the plan may make more than were asked for; the plan is done with it.
	 * What a motor makes after it, as it runs down, was asked for by nobody, and counts.
	 */
	if (strokes >= plan->strokes)
		made -= (json_int_t)plan->strokes * plan->needles - (json_int_t)plan->punctures;
	return made;
}

json_t *treatment_progress(const struct treatment *treatment)
{
	const struct session *session = &treatment->session;
	const struct treatment_stats *stats = &treatment->stats;
	uint32_t rate = stats->rate_last_mhz ? stats->rate_last_mhz : treatment->plan.rate_mhz;
	json_int_t left = session->strokes_planned > session->strokes_done
				  ? session->strokes_planned - session->strokes_done
				  : 0;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "punctures_done",
			 punctures(treatment, session->strokes_done), "punctures_planned",
			 (json_int_t)treatment->plan.punctures, "strokes_done",
			 (json_int_t)session->strokes_done, "strokes_planned",
			 (json_int_t)session->strokes_planned, "depth_um",
			 (json_int_t)stats->depth_last_um, "rate_mhz",
			 (json_int_t)stats->rate_last_mhz, "eta_ms", left * 1000000 / rate);
}

static json_t *plan_json(const struct treatment_plan *plan)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "punctures", (json_int_t)plan->punctures,
			 "strokes", (json_int_t)plan->strokes, "run_ms", (json_int_t)plan->run_ms,
			 "depth_um", (json_int_t)plan->depth_um, "rate_mhz",
			 (json_int_t)plan->rate_mhz);
}

static json_t *prechecks_json(const struct treatment_plan *plan)
{
	return json_pack("{s:b, s:b, s:b}", "consent", plan->consent, "contraindications",
			 plan->contraindications, "cartridge", plan->cartridge);
}

static json_t *set_point_json(const struct treatment *treatment)
{
	if (treatment->session.device != MN_STATE_ARMED &&
	    treatment->session.device != MN_STATE_RUNNING)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:I}", "depth_um", (json_int_t)treatment->armed_depth_um,
			 "rate_mhz", (json_int_t)treatment->armed_rate_mhz, "strokes",
			 (json_int_t)treatment->armed_strokes, "run_ms",
			 (json_int_t)treatment->armed_run_ms);
}

static const char *trigger_name(const struct treatment *treatment)
{
	return treatment->has_trigger ? "foot_switch" : "start";
}

static bool may_see_patient(const struct treatment *treatment, const struct peer *peer)
{
	return peer->uid == treatment->plan.who.operator_uid ||
	       peer->roles & (ROLE_AUDIT | ROLE_ROOT);
}

json_t *treatment_status(struct treatment *treatment, const struct peer *peer)
{
	const struct treatment_plan *plan = &treatment->plan;
	const struct session *session = &treatment->session;
	const char *patient = may_see_patient(treatment, peer) ? plan->who.patient : NULL;
	json_t *status, *more;

	status = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:s, s:s?, s:s, s:s}", "session",
			   treatment->uuid, "device", treatment->device_name, "state",
			   mn_name(&mn_sessions, session->state), "reason", treatment->reason,
			   "text", mn_text(&mn_sessions, session->state), "rev",
			   (json_int_t)session->rev, "attached", session->attached, "operator",
			   plan->who.operator, "patient", patient, "indication",
			   plan->who.indication, "area", plan->who.area);
	more = json_pack(
		"{s:I, s:I, s:s?, s:o, s:o, s:s, s:o}", "area_cm2", (json_int_t)plan->area_cm2,
		"density_per_cm2", (json_int_t)plan->density_per_cm2, "protocol",
		*plan->protocol ? plan->protocol : NULL, "plan", plan_json(plan), "prechecks",
		prechecks_json(plan), "device_state", mn_name(&mn_states, session->device),
		"set_point", set_point_json(treatment));
	json_object_update(status, more);
	json_decref(more);
	more = json_pack("{s:o, s:{s:I, s:I}, s:o, s:s, s:s, s:s?}", "progress",
			 treatment_progress(treatment), "depth", "last_um",
			 (json_int_t)treatment->stats.depth_last_um, "max_um",
			 (json_int_t)treatment->stats.depth_max_um, "faults",
			 json_faults(treatment->faults_latched), "opened", treatment->opened,
			 "trigger", trigger_name(treatment), "outcome",
			 *treatment->outcome ? treatment->outcome : NULL);
	json_object_update(status, more);
	json_decref(more);
	return status;
}

json_t *treatment_opened_json(struct treatment *treatment)
{
	struct mn_limits limits;
	json_t *opened = json_pack("{s:s, s:s, s:s, s:I, s:o, s:s}", "session", treatment->uuid,
				   "device", treatment->device_name, "state",
				   mn_name(&mn_sessions, treatment->session.state), "rev",
				   (json_int_t)treatment->session.rev, "plan",
				   plan_json(&treatment->plan), "trigger", trigger_name(treatment));

	if (treatment->device && !device_limits(treatment->device, &limits))
		json_object_set_new(opened, "limits", json_limits(&limits));
	return opened;
}

json_t *treatment_armed_json(struct treatment *treatment)
{
	return json_pack("{s:s, s:s, s:I, s:o, s:s}", "session", treatment->uuid, "state",
			 mn_name(&mn_sessions, treatment->session.state), "rev",
			 (json_int_t)treatment->session.rev, "set_point", set_point_json(treatment),
			 "trigger", trigger_name(treatment));
}

/*
 * How it is known what the cartridge is: null where its tag was read, else who said so; by is null
 * where that was before this program was started
 */
static json_t *declared_json(const struct treatment *treatment)
{
	const struct device *device = treatment->device;
	const char *by = device_declared_by(device, treatment->plan.cartridge_uid);

	if (!treatment->plan.declared)
		return json_null();
	return by ? json_declaration(&device->declared, by) : json_pack("{s:n}", "by");
}

/* All that the session was opened with; the first event of its record */
json_t *treatment_plan_json(const struct treatment *treatment)
{
	const struct treatment_plan *plan = &treatment->plan;
	const struct mn_info *info = &treatment->device->info;
	char boot[SD_ID128_STRING_MAX] = "";
	char uid[17];
	sd_id128_t id;
	json_t *data, *more;

	if (!sd_id128_get_boot(&id))
		sd_id128_to_string(id, boot);
	snprintf(uid, sizeof(uid), "%016" PRIx64, plan->cartridge_uid);
	data = json_pack("{s:s, s:I, s:s, s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:s?}", "operator",
			 plan->who.operator, "operator_uid", (json_int_t)plan->who.operator_uid,
			 "qualification", plan->qualification, "ceiling_um",
			 (json_int_t)plan->ceiling_um, "limit_um", (json_int_t)plan->limit_um,
			 "patient", plan->who.patient, "indication", plan->who.indication, "area",
			 plan->who.area, "area_cm2", (json_int_t)plan->area_cm2, "density_per_cm2",
			 (json_int_t)plan->density_per_cm2, "protocol",
			 *plan->protocol ? plan->protocol : NULL);
	more = json_pack(
		"{s:o, s:o, s:{s:s, s:s, s:I, s:I, s:s?, s:o}, s:{s:s, s:s, s:s, s:s, s:s, s:o}, s:s}",
		"plan", plan_json(plan), "prechecks", prechecks_json(plan), "cartridge", "uid", uid,
		"lot", plan->cartridge_lot, "needles", (json_int_t)plan->needles, "needle_um",
		(json_int_t)plan->cartridge_needle_um, "lot_given", *plan->lot ? plan->lot : NULL,
		"declared", declared_json(treatment), "device", "name", treatment->device_name,
		"serial", info->serial, "model", info->model, "firmware", info->firmware,
		"transport", mn_name(&mn_transports, info->transport), "measures",
		json_bits(&mn_measures, info->measures), "boot_id", boot);
	json_object_update(data, more);
	json_decref(more);
	return data;
}

static uint32_t percentile_99(const struct treatment_stats *stats)
{
	uint64_t rank = ((uint64_t)stats->count * 99 + 99) / 100;
	uint64_t seen = 0;

	for (uint32_t bin = 0; bin < TREATMENT_BINS; bin++) {
		seen += stats->bins[bin];
		if (seen >= rank) {
			uint32_t upper = bin * TREATMENT_BIN_UM + TREATMENT_BIN_UM - 1;

			return upper < stats->depth_max_um ? upper : stats->depth_max_um;
		}
	}
	return stats->depth_max_um;
}

json_t *treatment_summary(const struct treatment *treatment)
{
	const struct treatment_stats *stats = &treatment->stats;
	uint32_t strokes = treatment->session.strokes_done;
	json_t *depth = json_null();

	/* Those that came home after the end count too */
	if (stats->count > strokes)
		strokes = stats->count;
	if (stats->count)
		depth = json_pack("{s:I, s:I, s:I, s:I}", "min", (json_int_t)stats->depth_min_um,
				  "mean", (json_int_t)(stats->depth_sum_um / stats->count), "max",
				  (json_int_t)stats->depth_max_um, "p99",
				  (json_int_t)percentile_99(stats));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:o, s:s}", "strokes",
			 (json_int_t)strokes, "strokes_planned",
			 (json_int_t)treatment->plan.strokes, "strokes_recorded",
			 (json_int_t)stats->count, "punctures", punctures(treatment, strokes),
			 "punctures_planned", (json_int_t)treatment->plan.punctures, "depth_um",
			 depth, "current_max_ma", (json_int_t)stats->current_max_ma, "run_ms",
			 (json_int_t)(stats->run_ns / 1000000), "lost", (json_int_t)stats->lost,
			 "faults", json_faults(stats->faults), "outcome", treatment->outcome);
}

/* The sentence for a limit names what was asked, what is allowed, and whose limit it is */
static void refuse_limit(struct rpc_call *call, const struct mn_set_point *point)
{
	uint32_t quantity = point->refused_quantity;
	uint32_t limit = point->refused_limit;
	const char *source = mn_name(&mn_sources, point->refused_source);
	const char *whose = mn_text(&mn_sources, point->refused_source);
	const char *unit = "";
	uint32_t asked = 0;
	json_t *data;

	switch (quantity) {
	case MN_QUANTITY_DEPTH:
		asked = point->depth_um;
		unit = "um";
		break;
	case MN_QUANTITY_RATE:
		asked = point->rate_mhz;
		unit = "mHz";
		break;
	case MN_QUANTITY_DOSE:
		asked = point->strokes;
		unit = "strokes";
		break;
	case MN_QUANTITY_RUN_TIME:
		asked = point->run_ms;
		unit = "ms";
		break;
	}
	data = json_pack("{s:{s:s, s:s, s:I, s:I, s:s}}", "limit", "quantity",
			 mn_name(&mn_quantities, quantity), "source", source, "value",
			 (json_int_t)limit, "requested", (json_int_t)asked, "unit", unit);
	if (!limit)
		rpc_error(
			call, MN_ERROR_LIMIT_EXCEEDED, data,
			"No %s is allowed at all now: %s (%s) is missing or 0. %s",
			mn_text(&mn_quantities, quantity), whose, source,
			point->refused_source == MN_SOURCE_CARTRIDGE
				? "Insert a cartridge that can be read, or declare it where none is read."
				: "Look at the limits in the device's status.");
	else if (quantity == MN_QUANTITY_DEPTH)
		rpc_error(
			call, MN_ERROR_LIMIT_EXCEEDED, data,
			"A depth of %u.%03u mm is beyond the limit of %u.%03u mm, which is %s (%s); ask for no more than that.",
			asked / 1000, asked % 1000, limit / 1000, limit % 1000, whose, source);
	else
		rpc_error(
			call, MN_ERROR_LIMIT_EXCEEDED, data,
			"A %s of %u %s is beyond the limit of %u %s, which is %s (%s); ask for no more than that.",
			mn_text(&mn_quantities, quantity), asked, unit, limit, unit, whose, source);
}

static void refuse_interlocks(struct rpc_call *call, uint32_t interlocks)
{
	char text[400] = "";
	size_t used = 0;

	for (size_t i = 0; i < mn_interlocks.count && used < sizeof(text); i++)
		if (interlocks & mn_interlocks.entry[i].value)
			used += (size_t)snprintf(text + used, sizeof(text) - used, " %s",
						 mn_interlocks.entry[i].text);
	rpc_error(call, MN_ERROR_INTERLOCK_OPEN,
		  json_pack("{s:o}", "interlocks", json_bits(&mn_interlocks, interlocks)),
		  "It cannot be armed now.%s", text);
}

static void refuse_for_state(struct rpc_call *call, struct device *device)
{
	struct mn_status status;

	if (!device->gone && !device_status(device, &status) && status.state == MN_STATE_FAULT)
		rpc_error(call, MN_ERROR_FAULT_LATCHED,
			  json_pack("{s:o}", "faults", json_faults(status.faults)), "%s",
			  mn_text(&mn_faults, status.fault));
	else
		rpc_error(call, MN_ERROR_WRONG_STATE,
			  json_pack("{s:s}", "state", mn_name(&mn_states, device->state)),
			  "The device is %s, and that does not allow it; stop it first.",
			  mn_name(&mn_states, device->state));
}

void treatment_refuse(struct rpc_call *call, const struct device_command *command)
{
	struct device *device = command->device;
	bool arm = command->type == DEVICE_ARM;

	switch (command->error) {
	case ERANGE:
		if (arm) {
			refuse_limit(call, &command->set_point);
			return;
		}
		break;
	case EAGAIN:
		if (arm) {
			refuse_interlocks(call, command->set_point.interlocks);
			return;
		}
		break;
	case EBUSY:
		rpc_error(call, MN_ERROR_BUSY, json_pack("{s:s}", "device", device->name),
			  "Another program controls %s; end it first.", device->name);
		return;
	case EBADFD:
		refuse_for_state(call, device);
		return;
	case ECANCELED:
		rpc_error(call, MN_ERROR_STOPPED, NULL,
			  "A stop came in between; call again if it is safe.");
		return;
	case ENODEV:
		rpc_error(call, MN_ERROR_DEVICE_GONE, json_pack("{s:s}", "device", device->name),
			  "%s was unplugged; plug it in and open a new session.", device->name);
		return;
	case EOPNOTSUPP:
		rpc_error(call, MN_ERROR_UNSUPPORTED, NULL,
			  "This device has a foot switch, and only that starts it; press it.");
		return;
	case EACCES:
	case EPERM:
		rpc_error(
			call, MN_ERROR_DEVICE_ERROR, NULL,
			"The daemon does not control %s any more; end the session and open a new one.",
			device->name);
		return;
	}
	rpc_error(call, MN_ERROR_DEVICE_ERROR,
		  json_pack("{s:s}", "errno", strerrorname_np(command->error)),
		  "%s did not do it (%s); look at its status and try again.", device->name,
		  strerror(command->error));
}
