// SPDX-License-Identifier: GPL-2.0-or-later
/* session.*: treatments while they go on. Their records are in methods_record.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "json.h"
#include "methods.h"
#include "mnd.h"
#include "policy.h"
#include "presets.h"
#include "treatment.h"
#include "users.h"

/* For a session that is not open: what became of it. Answers the call. */
static void no_session(struct rpc_call *call, const char *uuid)
{
	const char *reason = treatment_epitaph(call->mnd, uuid);

	if (reason)
		rpc_error(call, MN_ERROR_WRONG_STATE,
			  json_pack("{s:s, s:s}", "state", "ended", "reason", reason),
			  "The session has ended (%s); open a new one.", reason);
	else
		rpc_error(call, MN_ERROR_NOT_FOUND, json_pack("{s:s}", "session", uuid),
			  "There is no open session with this id; session.list shows the records.");
}

/* The session that a call names, if it is the caller's. NULL: the call was answered. */
static struct treatment *own_session(struct rpc_call *call)
{
	const char *uuid = params_string(call->params, "session");
	struct treatment *treatment = treatment_find(call->mnd, uuid);
	json_t *rev = json_object_get(call->params, "expected_rev");

	if (!treatment) {
		no_session(call, uuid);
		return NULL;
	}
	if (treatment->plan.who.operator_uid != call->peer.uid) {
		rpc_error(
			call, MN_ERROR_NOT_PERMITTED, json_pack("{s:s}", "session", uuid),
			"The session is another operator's; only that one may do this. Anyone may stop it.");
		return NULL;
	}
	if (treatment->session.state == MN_SESSION_ENDED) {
		rpc_error(call, MN_ERROR_WRONG_STATE,
			  json_pack("{s:s, s:s}", "state", "ended", "reason", treatment->reason),
			  "The session is being ended (%s); open a new one.", treatment->reason);
		return NULL;
	}
	if (rev && json_integer_value(rev) != treatment->session.rev) {
		rpc_error(
			call, MN_ERROR_REV_CONFLICT,
			json_pack("{s:I}", "rev", (json_int_t)treatment->session.rev),
			"The session changed in the meantime; read session.status and decide again.");
		return NULL;
	}
	return treatment;
}

/* Arm and start belong to the connection that owns the session; a deserted one is taken up */
static bool take_up(struct rpc_call *call, struct treatment *treatment)
{
	if (treatment->owner == call->conn)
		return true;
	if (treatment->owner) {
		rpc_error(
			call, MN_ERROR_BUSY, json_pack("{s:s}", "session", treatment->uuid),
			"Another connection of yours has the session; take it over with session.attach.");
		return false;
	}
	treatment_attach(treatment, call->conn);
	return true;
}

void method_session_protocols(struct rpc_call *call)
{
	rpc_result(call, json_pack("{s:O}", "protocols", presets_all(call->mnd->presets)));
}

/* session.open */

static void copy_text(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "");
}

static uint32_t number_of(struct rpc_call *call, const json_t *preset, const char *name)
{
	if (json_object_get(call->params, name))
		return (uint32_t)params_integer(call->params, name);
	return preset ? (uint32_t)params_integer(preset, name) : 0;
}

/* What is given may lie below the preset's value, not above it */
static bool within_preset(struct rpc_call *call, const json_t *preset, const char *name,
			  const char *quantity, const char *unit)
{
	int64_t asked = params_integer(call->params, name);
	int64_t limit = params_integer(preset, name);

	if (asked <= limit)
		return true;
	rpc_error(
		call, MN_ERROR_LIMIT_EXCEEDED,
		json_pack("{s:{s:s, s:s, s:I, s:I, s:s}}", "limit", "quantity", quantity, "source",
			  "protocol", "value", (json_int_t)limit, "requested", (json_int_t)asked,
			  "unit", unit),
		"%s of %lld %s is beyond the protocol's %lld %s; ask for no more, or open the session without a protocol.",
		name, (long long)asked, unit, (long long)limit, unit);
	return false;
}

/* False: the call was answered */
static bool fill_plan(struct rpc_call *call, struct treatment_plan *plan)
{
	static const char *const needed[] = { "indication", "area", "density_per_cm2", "depth_um",
					      "rate_mhz" };
	const char *protocol = params_string(call->params, "protocol");
	const char *patient = params_string(call->params, "patient");
	const char *refusal = policy_patient_refusal(patient);
	const json_t *prechecks = json_object_get(call->params, "prechecks");
	const json_t *preset = NULL;
	const char *text;

	if (refusal) {
		rpc_bad_param(call, "patient", "%s", refusal);
		return false;
	}
	if (protocol) {
		preset = presets_find(call->mnd->presets, protocol);
		if (!preset) {
			rpc_bad_param(call, "protocol",
				      "There is no protocol %s; session.protocols lists them.",
				      protocol);
			return false;
		}
		if (!within_preset(call, preset, "depth_um", "depth", "um") ||
		    !within_preset(call, preset, "rate_mhz", "rate", "mHz") ||
		    !within_preset(call, preset, "density_per_cm2", "density", "punctures/cm2"))
			return false;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		if (!preset && !json_object_get(call->params, needed[i])) {
			rpc_bad_param(call, needed[i],
				      "%s is missing: give it, or name a protocol that has it.",
				      needed[i]);
			return false;
		}
	}
	copy_text(plan->who.patient, sizeof(plan->who.patient), patient);
	text = params_string(call->params, "indication");
	copy_text(plan->who.indication, sizeof(plan->who.indication),
		  text ? text : params_string(preset, "indication"));
	text = params_string(call->params, "area");
	copy_text(plan->who.area, sizeof(plan->who.area),
		  text ? text : params_string(preset, "area"));
	copy_text(plan->protocol, sizeof(plan->protocol), protocol);
	copy_text(plan->lot, sizeof(plan->lot), params_string(call->params, "cartridge_lot"));
	plan->area_cm2 = (uint32_t)params_integer(call->params, "area_cm2");
	plan->density_per_cm2 = number_of(call, preset, "density_per_cm2");
	plan->depth_um = number_of(call, preset, "depth_um");
	plan->limit_um = preset ? (uint32_t)params_integer(preset, "depth_um") : UINT32_MAX;
	plan->rate_mhz = number_of(call, preset, "rate_mhz");
	plan->consent = params_boolean(prechecks, "consent");
	plan->contraindications = params_boolean(prechecks, "contraindications");
	plan->cartridge = params_boolean(prechecks, "cartridge");
	return true;
}

/* What only the device knows: the cartridge decides how many strokes the plan takes */
static bool fill_device(struct rpc_call *call, struct device *device, struct treatment_plan *plan)
{
	uint32_t interlocks = 0;
	struct mn_status status;

	if (device_status(device, &status)) {
		rpc_error(call, MN_ERROR_DEVICE_GONE, json_pack("{s:s}", "device", device->name),
			  "%s was unplugged; plug it in again.", device->name);
		return false;
	}
	if (!(status.cartridge_flags & MN_CARTRIDGE_PRESENT))
		interlocks = MN_INTERLOCK_CARTRIDGE_ABSENT;
	else if ((status.cartridge_flags & (MN_CARTRIDGE_READABLE | MN_CARTRIDGE_SPENT)) ==
		 MN_CARTRIDGE_SPENT)
		interlocks = MN_INTERLOCK_CARTRIDGE_SPENT;
	else if (!(status.cartridge_flags & MN_CARTRIDGE_READABLE) || !status.cartridge_needles)
		interlocks = MN_INTERLOCK_CARTRIDGE_UNREADABLE;
	if (interlocks) {
		rpc_error(call, MN_ERROR_INTERLOCK_OPEN,
			  json_pack("{s:o}", "interlocks", json_bits(&mn_interlocks, interlocks)),
			  "The plan needs the cartridge's number of needles. %s",
			  mn_text(&mn_interlocks, interlocks));
		return false;
	}
	if (*plan->lot && *status.cartridge_lot && strcmp(plan->lot, status.cartridge_lot)) {
		rpc_bad_param(
			call, "cartridge_lot",
			"The cartridge is of lot %s by its tag, or as it was declared; check that it is the one from the package.",
			status.cartridge_lot);
		return false;
	}
	plan->needles = status.cartridge_needles;
	plan->cartridge_uid = status.cartridge_uid;
	plan->declared = status.cartridge_flags & MN_CARTRIDGE_DECLARED;
	plan->cartridge_needle_um = status.cartridge_needle_um;
	copy_text(plan->cartridge_lot, sizeof(plan->cartridge_lot), status.cartridge_lot);
	copy_text(plan->who.device_serial, sizeof(plan->who.device_serial), device->info.serial);
	plan->punctures = plan->area_cm2 * plan->density_per_cm2;
	plan->strokes = (plan->punctures + plan->needles - 1) / plan->needles;
	plan->run_ms = (uint32_t)((uint64_t)plan->strokes * 1000000 / plan->rate_mhz);
	return true;
}

static void open_named(void *arg, const char *name)
{
	struct rpc_call *call = arg;
	struct treatment_plan plan = { 0 };
	const char *qualification;
	struct device *device;

	if (call->mnd->ending) {
		rpc_error(call, MN_ERROR_BUSY, NULL,
			  "The daemon is ending; call again when it is back.");
		return;
	}
	if (!fill_plan(call, &plan))
		return;
	device = methods_device(call);
	if (!device)
		return;
	if (device->treatment || device->borrowed) {
		rpc_error(call, MN_ERROR_BUSY,
			  device->treatment && device->treatment->is_open
				  ? json_pack("{s:s}", "session", device->treatment->uuid)
				  : json_pack("{s:i}", "retry_ms", 100),
			  "%s is taken by another session; end that one first.", device->name);
		return;
	}
	if (!fill_device(call, device, &plan))
		return;
	copy_text(plan.who.operator, sizeof(plan.who.operator), name);
	plan.who.operator_uid = call->peer.uid;
	plan.ceiling_um = policy_ceiling(&call->mnd->policy, name, &qualification);
	if (plan.limit_um > plan.ceiling_um)
		plan.limit_um = plan.ceiling_um;
	copy_text(plan.qualification, sizeof(plan.qualification), qualification);
	treatment_open(call, device, &plan);
}

void method_session_open(struct rpc_call *call)
{
	users_lookup(call->mnd, call->peer.uid, open_named, call);
}

/* The others */

void method_session_prechecks(struct rpc_call *call)
{
	static const char *const checks[] = { "consent", "contraindications", "cartridge" };
	struct treatment *treatment;

	for (size_t i = 0; i < 3; i++) {
		if (json_is_false(json_object_get(call->params, checks[i]))) {
			rpc_bad_param(
				call, checks[i],
				"A pre-check can be ticked, not taken back; stop and end the session instead.");
			return;
		}
	}
	treatment = own_session(call);
	if (!treatment)
		return;
	treatment_prechecks(treatment, params_boolean(call->params, "consent"),
			    params_boolean(call->params, "contraindications"),
			    params_boolean(call->params, "cartridge"));
	rpc_result(call, json_pack("{s:s, s:I, s:{s:b, s:b, s:b}}", "session", treatment->uuid,
				   "rev", (json_int_t)treatment->session.rev, "prechecks",
				   "consent", treatment->plan.consent, "contraindications",
				   treatment->plan.contraindications, "cartridge",
				   treatment->plan.cartridge));
}

void method_session_attach(struct rpc_call *call)
{
	struct treatment *treatment = own_session(call);

	if (!treatment)
		return;
	treatment_attach(treatment, call->conn);
	rpc_result(call, treatment_status(treatment, &call->peer));
}

static bool prechecks_done(struct rpc_call *call, const struct treatment *treatment)
{
	const struct treatment_plan *plan = &treatment->plan;
	json_t *missing;

	if (plan->consent && plan->contraindications && plan->cartridge)
		return true;
	missing = json_array();
	if (!plan->consent)
		json_array_append_new(missing, json_string("consent"));
	if (!plan->contraindications)
		json_array_append_new(missing, json_string("contraindications"));
	if (!plan->cartridge)
		json_array_append_new(missing, json_string("cartridge"));
	rpc_error(call, MN_ERROR_WRONG_STATE,
		  json_pack("{s:s, s:o}", "state", mn_name(&mn_sessions, treatment->session.state),
			    "prechecks", missing),
		  "Pre-checks are still open; do them and tick them with session.prechecks.");
	return false;
}

void method_session_arm(struct rpc_call *call)
{
	struct treatment *treatment = own_session(call);

	if (treatment && prechecks_done(call, treatment) && take_up(call, treatment))
		treatment_arm(treatment, call);
}

void method_session_start(struct rpc_call *call)
{
	struct treatment *treatment = own_session(call);

	if (!treatment)
		return;
	if (treatment->has_trigger) {
		rpc_error(call, MN_ERROR_UNSUPPORTED, NULL,
			  "This device has a foot switch, and only that starts it; press it.");
		return;
	}
	if (take_up(call, treatment))
		treatment_start(treatment, call);
}

void method_session_stop(struct rpc_call *call)
{
	const char *uuid = params_string(call->params, "session");
	struct treatment *treatment = treatment_find(call->mnd, uuid);
	struct device *device = treatment ? treatment->device : NULL;
	char who[64];
	int error = 0;

	if (!treatment && !treatment_epitaph(call->mnd, uuid)) {
		no_session(call, uuid);
		return;
	}
	if (device) {
		rpc_peer_text(&call->peer, who, sizeof(who));
		error = device_stop_by(device, who);
		device_drain(device);
		treatment = treatment_find(call->mnd, uuid);
	}
	if (error && error != ENODEV) {
		rpc_error(call, MN_ERROR_DEVICE_ERROR,
			  json_pack("{s:s}", "errno", strerrorname_np(error)),
			  "The device could not be told to stop: use the emergency stop.");
		return;
	}
	rpc_result(call, json_pack("{s:s, s:s}", "session", uuid, "state",
				   treatment ? mn_name(&mn_sessions, treatment->session.state)
					     : "ended"));
}

void method_session_end(struct rpc_call *call)
{
	struct treatment *treatment = own_session(call);

	if (treatment)
		treatment_end(treatment, call, params_string(call->params, "outcome"),
			      params_string(call->params, "note"));
}
