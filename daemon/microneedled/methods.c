// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "methods.h"
#include "mnd.h"
#include "telemetry.h"

#define READERS (ROLE_OPERATOR | ROLE_SERVICE | ROLE_AUDIT | ROLE_ROOT)

/* What a person could mean; the kernel decides what is allowed. A depth of 2 is millimetres. */
#define DEPTH_MIN_UM 10
#define DEPTH_MAX_UM 10000
#define RATE_MIN_MHZ 1000
#define RATE_MAX_MHZ 1000000

static const struct mn_name event_entries[] = {
	{ TELEMETRY_STATE, "state", "changes of state, limits and self-test" },
	{ TELEMETRY_STROKE, "stroke", "the latest stroke and how many there were" },
	{ TELEMETRY_INPUT, "input", "inputs and cartridge" },
	{ TELEMETRY_FAULT, "fault", "faults latched and cleared" },
	{ TELEMETRY_SESSION, "session", "changes of the session, and its progress" },
	{ TELEMETRY_DEVICE, "device", "handpieces that come and go" },
};

const struct mn_names methods_events = {
	.entry = event_entries,
	.count = sizeof(event_entries) / sizeof(*event_entries),
};

static const struct mn_name outcome_entries[] = {
	{ 0, "completed", "the treatment was done as planned" },
	{ 1, "aborted", "it was given up" },
	{ 2, "adverse", "something happened to the patient" },
};

static const struct mn_names outcomes = {
	.entry = outcome_entries,
	.count = sizeof(outcome_entries) / sizeof(*outcome_entries),
};

#define DEVICE_PARAM                                                                               \
	{                                                                                          \
		"device", PARAM_STRING, false, 1, 31,                                              \
			.format = &param_device,                                                   \
			.help = "the device's name; may be left out where there is only one",      \
	}

#define SESSION_PARAM                                                                              \
	{                                                                                          \
		"session", PARAM_STRING, true, 36, 36,                                             \
			.format = &param_uuid,                                                     \
			.help = "the session's id, as session.open gives it",                      \
	}

static const struct param no_params[] = { PARAM_END };
static const struct param device_params[] = { DEVICE_PARAM, PARAM_END };
static const struct param session_params[] = { SESSION_PARAM, PARAM_END };

static const struct param hello_params[] = {
	{ "client", PARAM_STRING, true, 1, 64, .format = &param_text,
	  .help = "name and version of the client, for the log" },
	{ "protocol_min", PARAM_INTEGER, true, 1, 1000, .help = "lowest protocol it speaks" },
	{ "protocol_max", PARAM_INTEGER, true, 1, 1000, .help = "highest protocol it speaks" },
	PARAM_END
};

static const struct param stop_params[] = {
	{ "device", PARAM_STRING, false, 1, 31, .format = &param_device,
	  .help = "the device's name; left out, every device is stopped" },
	PARAM_END
};

static const struct param clear_params[] = {
	DEVICE_PARAM,
	{ "faults", PARAM_NAMES, false, 1, .names = &mn_faults,
	  .help = "what the caller has seen; left out, what is latched now" },
	PARAM_END
};

static const struct param declare_params[] = {
	DEVICE_PARAM,
	{ "lot", PARAM_STRING, true, 1, 23, .format = &param_word,
	  .help = "the lot on the cartridge's package" },
	{ "needles", PARAM_INTEGER, true, 1, 1000, .help = "how many needles it has" },
	{ "needle_um", PARAM_INTEGER, true, DEPTH_MIN_UM, DEPTH_MAX_UM,
	  .help = "their length in micrometres" },
	{ "max_rate_mhz", PARAM_INTEGER, true, RATE_MIN_MHZ, RATE_MAX_MHZ,
	  .help = "the fastest stroke rate that it is made for, in millihertz" },
	{ "max_strokes", PARAM_INTEGER, true, 1, 10000000,
	  .help = "how many strokes it is made for" },
	{ "expiry", PARAM_STRING, true, 10, 10, .format = &param_date,
	  .help = "the last day of its use" },
	PARAM_END
};

static const struct param subscribe_params[] = {
	{ "device", PARAM_STRING, false, 1, 31, .format = &param_device,
	  .help = "the device's name; left out, every device, those to come too" },
	{ "events", PARAM_NAMES, false, 1, .names = &methods_events,
	  .help = "which events; left out, all" },
	{ "interval_ms", PARAM_INTEGER, false, 50, 10000,
	  .help = "strokes and progress are merged for this long; 100 by default" },
	PARAM_END
};

static const struct param unsubscribe_params[] = { { "subscription", PARAM_INTEGER, true, 1,
						     INT64_MAX,
						     .help = "as telemetry.subscribe gives it" },
						   PARAM_END };

static const struct param precheck_members[] = {
	{ "consent", PARAM_BOOLEAN, true, .help = "the patient's consent is there" },
	{ "contraindications", PARAM_BOOLEAN, true, .help = "contraindications were ruled out" },
	{ "cartridge", PARAM_BOOLEAN, true, .help = "the cartridge is new and the right one" },
	PARAM_END
};

static const struct param open_params[] = {
	DEVICE_PARAM,
	{ "patient", PARAM_STRING, true, 4, 32, .format = &param_text,
	  .help = "a pseudonym of A-Z, 0-9 and hyphen; no name, no date of birth" },
	{ "protocol", PARAM_STRING, false, 1, 40, .format = &param_token,
	  .help = "a preset that fills in what is left out, see session.protocols" },
	{ "indication", PARAM_STRING, false, 1, 64, .format = &param_text,
	  .help = "what is treated" },
	{ "area", PARAM_STRING, false, 1, 64, .format = &param_text, .help = "where" },
	{ "area_cm2", PARAM_INTEGER, true, 1, 2000, .help = "size of the area" },
	{ "density_per_cm2", PARAM_INTEGER, false, 1, 1000, .help = "target density of punctures" },
	{ "depth_um", PARAM_INTEGER, false, DEPTH_MIN_UM, DEPTH_MAX_UM,
	  .help = "the deepest that is planned, in micrometres" },
	{ "rate_mhz", PARAM_INTEGER, false, RATE_MIN_MHZ, RATE_MAX_MHZ,
	  .help = "the highest stroke rate that is planned, in millihertz" },
	{ "cartridge_lot", PARAM_STRING, false, 1, 32, .format = &param_text,
	  .help = "the lot on the cartridge's package; must be that of its tag, or the one declared" },
	{ "prechecks", PARAM_OBJECT, true, .members = precheck_members,
	  .help = "what was checked; all of it must be true before it is armed" },
	PARAM_END
};

static const struct param prechecks_params[] = {
	SESSION_PARAM,
	{ "consent", PARAM_BOOLEAN, false, .help = "true: the patient's consent is there" },
	{ "contraindications", PARAM_BOOLEAN, false,
	  .help = "true: contraindications were ruled out" },
	{ "cartridge", PARAM_BOOLEAN, false,
	  .help = "true: the cartridge is new and the right one" },
	PARAM_END
};

static const struct param arm_params[] = {
	SESSION_PARAM,
	{ "depth_um", PARAM_INTEGER, false, DEPTH_MIN_UM, DEPTH_MAX_UM,
	  .help = "penetration depth in micrometres; that of the plan if left out" },
	{ "rate_mhz", PARAM_INTEGER, false, RATE_MIN_MHZ, RATE_MAX_MHZ,
	  .help = "stroke rate in millihertz; that of the plan if left out" },
	{ "strokes", PARAM_INTEGER, false, 1, 10000000,
	  .help = "strokes of this arming; what is left of the plan if left out" },
	PARAM_END
};

static const struct param end_params[] = {
	SESSION_PARAM,
	{ "outcome", PARAM_STRING, false, 1, 16, .names = &outcomes,
	  .help = "completed if the plan is done and aborted if not, unless it is given" },
	{ "note", PARAM_STRING, false, 0, 256, .format = &param_text,
	  .help = "a remark for the record, without the patient's name" },
	PARAM_END
};

static const struct param strokes_params[] = {
	SESSION_PARAM,
	{ "after", PARAM_INTEGER, false, 0, INT64_MAX,
	  .help = "position in the session to begin at, 0 for the first stroke" },
	{ "limit", PARAM_INTEGER, false, 1, 5000, .help = "how many at most; 1000 by default" },
	PARAM_END
};

static const struct param list_params[] = { { "limit", PARAM_INTEGER, false, 1, 1000,
					      .help = "how many at most; 100 by default" },
					    PARAM_END };

static const struct rpc_method methods[] = {
	{ "rpc.hello", 0, RPC_NO_HELLO, hello_params, method_hello,
	  "Begin: agree on the protocol, learn the limits and one's own roles.",
	  "server, version, protocol, features, limits, role, user" },
	{ "rpc.discover", 0, 0, no_params, method_discover, "Describe all methods.",
	  "an OpenRPC document" },
	{ "rpc.ping", 0, 0, no_params, method_ping, "Do nothing.", "mono_ns" },
	{ "device.list", 0, 0, no_params, method_device_list, "List the handpieces.",
	  "devices: device, serial, model, state, transport, path, control, session" },
	{ "device.status", 0, 0, device_params, method_device_status,
	  "Say what a device is, does, measures and allows.",
	  "state, cause, faults, inputs, interlocks, self_test, set_point, measured, cartridge, limits, ..." },
	{ "device.stop", 0, RPC_STOP, stop_params, method_device_stop,
	  "Stop the needles, now. Needs no hello, no id, no session and no role.",
	  "stopped: names of devices" },
	{ "device.clear_fault", ROLE_OPERATOR | ROLE_SERVICE, RPC_MUTATING, clear_params,
	  method_device_clear_fault,
	  "Clear latched faults whose cause is gone; by the session's owner while there is a session. Never arms.",
	  "cleared and remaining: names of faults" },
	{ "device.self_test", ROLE_OPERATOR | ROLE_SERVICE, RPC_MUTATING, device_params,
	  method_device_self_test,
	  "Have a handpiece test itself, at rest and with its needle motor off; by the session's owner while there is a session. A stop breaks it off.",
	  "device, self_test: busy as soon as it has begun; the self_test event tells how it ended" },
	{ "device.declare_cartridge", ROLE_OPERATOR, RPC_MUTATING, declare_params,
	  method_device_declare_cartridge,
	  "Say what cartridge was inserted, where the handpiece reads no tags: once for each insertion; by the session's owner while there is a session.",
	  "device, cartridge: as device.status has it" },
	{ "telemetry.subscribe", 0, 0, subscribe_params, method_telemetry_subscribe,
	  "Be told what happens, beginning with how things are.",
	  "subscription, snapshot: devices, sessions; then telemetry.event notifications" },
	{ "telemetry.unsubscribe", 0, 0, unsubscribe_params, method_telemetry_unsubscribe,
	  "Be told no more.", "subscription" },
	{ "session.protocols", 0, 0, no_params, method_session_protocols,
	  "List the treatment presets.", "protocols" },
	{ "session.open", ROLE_OPERATOR, RPC_MUTATING, open_params, method_session_open,
	  "Open a session: take control of a device, lower its limits to the plan, begin the record.",
	  "session, device, state, rev, plan, limits, trigger" },
	{ "session.prechecks", ROLE_OPERATOR, RPC_MUTATING | RPC_REV, prechecks_params,
	  method_session_prechecks, "Tick pre-checks that were still open.",
	  "session, rev, prechecks" },
	{ "session.attach", ROLE_OPERATOR, RPC_MUTATING | RPC_REV, session_params,
	  method_session_attach, "Make this connection the session's owner; by the same user only.",
	  "the session's status" },
	{ "session.arm", ROLE_OPERATOR, RPC_MUTATING | RPC_REV, arm_params, method_session_arm,
	  "Hand a set point to the kernel, which arms the device or refuses. Answered when the record is durable.",
	  "session, state, rev, set_point, trigger" },
	{ "session.start", ROLE_OPERATOR, RPC_MUTATING | RPC_REV, session_params,
	  method_session_start, "Start the needles of a device that has no foot switch.",
	  "session, state, rev, set_point, trigger" },
	{ "session.stop", 0, RPC_STOP, session_params, method_session_stop,
	  "Stop the session's needles, now. Needs no hello, no id and no role.", "session, state" },
	{ "session.end", ROLE_OPERATOR, RPC_MUTATING | RPC_REV, end_params, method_session_end,
	  "Stop, give up the device and close the record. Answered when that is durable.",
	  "session, outcome, summary" },
	{ "session.status", READERS, 0, session_params, method_session_status,
	  "Say how a session is.",
	  "state, reason, rev, attached, plan, prechecks, set_point, progress, faults, ..." },
	{ "session.show", READERS, 0, session_params, method_session_show,
	  "Read a session's whole record, checked against its hash chain.",
	  "the record: events, strokes, faults, summary, chain" },
	{ "session.strokes", READERS, 0, strokes_params, method_session_strokes,
	  "Read a session's strokes.",
	  "strokes: [number, mono_ns, depth_um, period_us, current_ma], next" },
	{ "session.list", READERS, 0, list_params, method_session_list,
	  "List records, the latest first: an operator's own; all for audit, service and root.",
	  "sessions" },
};

#define METHODS (sizeof(methods) / sizeof(*methods))

const struct rpc_method *methods_find(const char *name)
{
	for (size_t i = 0; i < METHODS; i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

static json_t *role_names(uint32_t roles)
{
	json_t *names = json_array();

	if (roles & ROLE_OPERATOR)
		json_array_append_new(names, json_string(GROUP_OPERATOR));
	if (roles & ROLE_SERVICE)
		json_array_append_new(names, json_string(GROUP_SERVICE));
	if (roles & ROLE_AUDIT)
		json_array_append_new(names, json_string(GROUP_AUDIT));
	if (roles & ROLE_ROOT)
		json_array_append_new(names, json_string("root"));
	return names;
}

static json_t *describe(const struct rpc_method *method)
{
	json_t *params = json_array();
	json_t *common = rpc_common_params(method);

	for (const struct param *param = method->params; param->name; param++)
		json_array_append_new(params,
				      json_pack("{s:s, s:b, s:o}", "name", param->name, "required",
						param->required, "schema", params_schema(param)));
	json_array_extend(params, common);
	json_decref(common);
	return json_pack("{s:s, s:s, s:s, s:o, s:{s:s, s:{s:s, s:s}}, s:b, s:b, s:o}", "name",
			 method->name, "summary", method->help, "paramStructure", "by-name",
			 "params", params, "result", "name", "result", "schema", "type", "object",
			 "description", method->result, "x-mutating",
			 !!(method->flags & RPC_MUTATING), "x-stop", !!(method->flags & RPC_STOP),
			 "x-roles", role_names(method->roles));
}

static json_t *describe_errors(void)
{
	json_t *errors = json_array();

	for (size_t i = 0; i < mn_errors.count; i++)
		json_array_append_new(errors, json_pack("{s:I, s:s, s:s}", "code",
							(json_int_t)mn_errors.entry[i].value,
							"name", mn_errors.entry[i].name, "text",
							mn_errors.entry[i].text));
	return errors;
}

json_t *methods_document(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < METHODS; i++)
		json_array_append_new(list, describe(&methods[i]));
	return json_pack(
		"{s:s, s:{s:s, s:s, s:{s:s}, s:s}, s:o, s:o}", "openrpc", "1.2.6", "info", "title",
		"microneedled", "version", MND_VERSION, "license", "name", "GPL-2.0-or-later",
		"description",
		"Control of microneedling handpieces; one JSON object a line over a Unix socket.",
		"methods", list, "x-errors", describe_errors());
}
