// SPDX-License-Identifier: GPL-2.0-or-later
/* device.* and telemetry.*: the handpieces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "device.h"
#include "json.h"
#include "methods.h"
#include "mnd.h"
#include "telemetry.h"
#include "treatment.h"

/* Names of all devices */
static json_t *names(struct mnd *mnd)
{
	json_t *array = json_array();

	for (struct device *device = devices_first(mnd); device; device = device_next(device))
		json_array_append_new(array, json_string(device->name));
	return array;
}

static void no_device(struct rpc_call *call, const char *name)
{
	rpc_error(call, MN_ERROR_NOT_FOUND, json_pack("{s:o}", "devices", names(call->mnd)),
		  "There is no device %s; device.list shows what is plugged in.", name);
}

struct device *methods_device(struct rpc_call *call)
{
	const char *name = params_string(call->params, "device");
	struct device *device = devices_first(call->mnd);

	if (name) {
		device = device_find(call->mnd, name);
		if (!device)
			no_device(call, name);
		return device;
	}
	if (!device) {
		rpc_error(call, MN_ERROR_NOT_FOUND, NULL,
			  "There is no handpiece; plug one in and switch it on.");
		return NULL;
	}
	if (device_next(device)) {
		rpc_error(call, MN_ERROR_INVALID_PARAMS,
			  json_pack("{s:s, s:o}", "param", "device", "devices", names(call->mnd)),
			  "There are several handpieces; name the device.");
		return NULL;
	}
	return device;
}

void method_device_list(struct rpc_call *call)
{
	json_t *devices = json_array();

	for (struct device *device = devices_first(call->mnd); device;
	     device = device_next(device)) {
		json_t *entry = json_device(device);

		if (entry)
			json_array_append_new(devices, entry);
	}
	rpc_result(call, json_pack("{s:o}", "devices", devices));
}

void method_device_status(struct rpc_call *call)
{
	struct device *device = methods_device(call);
	json_t *status;

	if (!device)
		return;
	status = json_device_status(device);
	if (status)
		rpc_result(call, status);
	else
		rpc_error(call, MN_ERROR_DEVICE_GONE, json_pack("{s:s}", "device", device->name),
			  "%s was unplugged just now; plug it in again.", device->name);
}

void method_device_stop(struct rpc_call *call)
{
	const char *name = params_string(call->params, "device");
	struct device *device = NULL, *next;
	json_t *stopped;
	char who[64];
	int error;

	rpc_peer_text(&call->peer, who, sizeof(who));
	if (!name) {
		stopped = devices_stop_all(call->mnd, who);
		for (device = devices_first(call->mnd); device; device = next) {
			next = device_next(device);
			device_drain(device);
		}
		rpc_result(call, json_pack("{s:o}", "stopped", stopped));
		return;
	}
	device = device_find(call->mnd, name);
	if (!device) {
		no_device(call, name);
		return;
	}
	error = device_stop_by(device, who);
	/* What the stop changed is told before the answer */
	device_drain(device);
	if (!error)
		rpc_result(call, json_pack("{s:[s]}", "stopped", name));
	else if (error == ENODEV)
		rpc_error(call, MN_ERROR_DEVICE_GONE, json_pack("{s:s}", "device", name),
			  "%s is unplugged; its own lease stops it.", name);
	else
		rpc_error(call, MN_ERROR_DEVICE_ERROR,
			  json_pack("{s:s, s:s}", "device", name, "errno", strerrorname_np(error)),
			  "%s could not be told to stop: use the emergency stop.", name);
}

static void cleared(struct device_command *command)
{
	struct rpc_call *call = command->arg;
	struct device *device = command->device;
	uint64_t asked = command->clear.faults;
	uint64_t remaining = command->clear.remaining;

	if (command->type == DEVICE_CLEAR_ALONE)
		device->borrowed = false;
	switch (command->error) {
	case 0:
	case EAGAIN:
		rpc_result(call, json_pack("{s:o, s:o}", "cleared", json_faults(asked & ~remaining),
					   "remaining", json_faults(remaining)));
		break;
	case EBADFD:
		rpc_error(call, MN_ERROR_WRONG_STATE,
			  json_pack("{s:s}", "state", mn_name(&mn_states, device->state)),
			  "No fault is latched; there is nothing to clear.");
		break;
	case EBUSY:
		rpc_error(call, MN_ERROR_BUSY, json_pack("{s:s}", "device", device->name),
			  "Another program controls %s; end it first.", device->name);
		break;
	case ENODEV:
		rpc_error(call, MN_ERROR_DEVICE_GONE, json_pack("{s:s}", "device", device->name),
			  "%s was unplugged; plug it in again.", device->name);
		break;
	default:
		rpc_error(call, MN_ERROR_DEVICE_ERROR,
			  json_pack("{s:s}", "errno", strerrorname_np(command->error)),
			  "%s did not clear it (%s); look at its status and try again.",
			  device->name, strerror(command->error));
	}
	free(command);
}

bool methods_may_serve(struct rpc_call *call, const struct device *device, const char *what)
{
	const struct treatment *treatment = device->treatment;

	if (device->borrowed || (treatment && !treatment->is_open)) {
		rpc_error(call, MN_ERROR_BUSY, json_pack("{s:i}", "retry_ms", 100),
			  "Somebody else takes control of %s just now; try again in a moment.",
			  device->name);
		return false;
	}
	if (treatment && treatment->plan.who.operator_uid != call->peer.uid) {
		rpc_error(call, MN_ERROR_NOT_PERMITTED,
			  json_pack("{s:s}", "session", treatment->uuid),
			  "%s has an open session; only its operator %s.", device->name, what);
		return false;
	}
	return true;
}

bool methods_borrow(struct device_command *command, const struct mn_status *status)
{
	static const uint8_t none[16];
	sd_id128_t id;

	if (sd_id128_randomize(&id))
		return false;
	/* Another id would begin a treatment, and with that spend the cartridge */
	memcpy(command->acquire.treatment, status->treatment, sizeof(status->treatment));
	if (!memcmp(status->treatment, none, sizeof(none)))
		memcpy(command->acquire.treatment, id.bytes, sizeof(id.bytes));
	command->acquire.lease_ms = MN_LEASE_MAX_MS;
	command->device->borrowed = true;
	return true;
}

void method_device_clear_fault(struct rpc_call *call)
{
	struct device *device = methods_device(call);
	json_t *faults = json_object_get(call->params, "faults");
	struct device_command *command;
	struct mn_status status;

	if (!device || !methods_may_serve(call, device, "clears its faults"))
		return;
	if (device_status(device, &status)) {
		rpc_error(call, MN_ERROR_DEVICE_GONE, json_pack("{s:s}", "device", device->name),
			  "%s was unplugged; plug it in again.", device->name);
		return;
	}
	command = device_command(device, device->treatment ? DEVICE_CLEAR : DEVICE_CLEAR_ALONE,
				 cleared, call);
	if (!command || (!device->treatment && !methods_borrow(command, &status))) {
		free(command);
		rpc_error(call, MN_ERROR_INTERNAL, NULL, "The daemon is out of memory.");
		return;
	}
	command->clear.faults = faults ? json_fault_mask(faults) : status.faults;
	device_submit(command);
}

/* It is not SAFE, or was not when the kernel was asked */
static void refuse_test_in_state(struct rpc_call *call, const struct device *device,
				 const struct mn_status *status)
{
	const char *state = mn_name(&mn_states, status->state);

	if (status->state == MN_STATE_FAULT)
		rpc_error(
			call, MN_ERROR_FAULT_LATCHED,
			json_pack("{s:o}", "faults", json_faults(status->faults)),
			"A fault is latched; clear it with device.clear_fault, then test the handpiece.");
	else if (status->state == MN_STATE_SAFE)
		rpc_error(call, MN_ERROR_WRONG_STATE, json_pack("{s:s}", "state", state),
			  "%s was in use until just now; try again.", device->name);
	else
		rpc_error(call, MN_ERROR_WRONG_STATE, json_pack("{s:s}", "state", state),
			  "%s is %s; stop it with device.stop, then test it.", device->name, state);
}

static void refuse_test_while_restless(struct rpc_call *call, const struct device *device,
				       const struct mn_status *status)
{
	uint32_t interlocks = status->interlocks & (MN_INTERLOCK_NOT_HOME | MN_INTERLOCK_STATUS);

	if (interlocks & MN_INTERLOCK_STATUS)
		rpc_error(call, MN_ERROR_INTERLOCK_OPEN,
			  json_pack("{s:o}", "interlocks", json_bits(&mn_interlocks, interlocks)),
			  "%s does not report its status; check its cable, then test it.",
			  device->name);
	else
		rpc_error(call, MN_ERROR_BUSY, json_pack("{s:i}", "retry_ms", 100),
			  "The needles of %s are still coming to rest; try again in a moment.",
			  device->name);
}

/* Why the kernel did not have it tested, as its status shows right after */
static void refuse_test(struct rpc_call *call, struct device *device, int error)
{
	struct mn_status status;

	if (error != ENODEV && device_status(device, &status))
		error = ENODEV;
	switch (error) {
	case EBADFD:
		refuse_test_in_state(call, device, &status);
		return;
	case EAGAIN:
		refuse_test_while_restless(call, device, &status);
		return;
	case EBUSY:
		if (status.self_test == MN_SELF_TEST_BUSY)
			rpc_error(call, MN_ERROR_BUSY,
				  json_pack("{s:s, s:i}", "self_test", "busy", "retry_ms", 1000),
				  "%s tests itself already; wait until that is over.",
				  device->name);
		else
			rpc_error(call, MN_ERROR_BUSY, json_pack("{s:s}", "device", device->name),
				  "Another program controls %s; end it first.", device->name);
		return;
	case ECANCELED:
		rpc_error(call, MN_ERROR_STOPPED, NULL,
			  "A stop came in between; test the handpiece again if it is safe.");
		return;
	case ENODEV:
		rpc_error(call, MN_ERROR_DEVICE_GONE, json_pack("{s:s}", "device", device->name),
			  "%s was unplugged; plug it in again.", device->name);
		return;
	case EREMOTEIO:
		rpc_error(
			call, MN_ERROR_DEVICE_ERROR, json_pack("{s:s}", "errno", "EREMOTEIO"),
			"%s refused to test itself; switch it off and on, and try again. If it refuses again, take it out of use.",
			device->name);
		return;
	}
	rpc_error(
		call, MN_ERROR_DEVICE_ERROR, json_pack("{s:s}", "errno", strerrorname_np(error)),
		"It is not known whether %s began to test itself (%s); look at its status and try again.",
		device->name, strerror(error));
}

static void testing(struct device_command *command)
{
	struct rpc_call *call = command->arg;
	struct device *device = command->device;
	struct mn_status status;

	if (!command->error && device_status(device, &status))
		command->error = ENODEV;
	if (command->error)
		refuse_test(call, device, command->error);
	else
		rpc_result(call, json_pack("{s:s, s:s}", "device", device->name, "self_test",
					   mn_name(&mn_self_tests, status.self_test)));
	free(command);
}

void method_device_self_test(struct rpc_call *call)
{
	struct device *device = methods_device(call);
	struct device_command *command;

	if (!device || !methods_may_serve(call, device, "has it tested until the session is over"))
		return;
	command = device_command(device, DEVICE_SELF_TEST, testing, call);
	if (command)
		device_submit(command);
	else
		rpc_error(call, MN_ERROR_INTERNAL, NULL, "The daemon is out of memory.");
}

static json_t *snapshot(struct rpc_call *call, const char *name)
{
	json_t *devices = json_array();
	json_t *sessions = json_array();

	for (struct device *device = devices_first(call->mnd); device;
	     device = device_next(device)) {
		json_t *status;

		if (name && strcmp(name, device->name))
			continue;
		status = json_device_status(device);
		if (status)
			json_array_append_new(devices, status);
		if (device->treatment && device->treatment->is_open)
			json_array_append_new(sessions,
					      treatment_status(device->treatment, &call->peer));
	}
	return json_pack("{s:o, s:o}", "devices", devices, "sessions", sessions);
}

void method_telemetry_subscribe(struct rpc_call *call)
{
	const char *name = params_string(call->params, "device");
	json_t *events = json_object_get(call->params, "events");
	json_t *interval = json_object_get(call->params, "interval_ms");
	struct device *device, *next;
	uint32_t kinds = events ? 0 : TELEMETRY_ALL;
	int64_t number;

	if (name && !device_find(call->mnd, name)) {
		no_device(call, name);
		return;
	}
	for (size_t i = 0; i < json_array_size(events); i++) {
		int64_t kind = 0;

		mn_value_of(&methods_events, json_string_value(json_array_get(events, i)), &kind);
		kinds |= (uint32_t)kind;
	}
	/* What happened before the snapshot must not be told after it */
	for (device = devices_first(call->mnd); device; device = next) {
		next = device_next(device);
		device_drain(device);
	}
	number = telemetry_subscribe(call->conn, name, kinds,
				     interval ? (uint32_t)json_integer_value(interval)
					      : TELEMETRY_INTERVAL_MS);
	if (!number) {
		rpc_error(call, MN_ERROR_TOO_MANY, NULL,
			  "This connection has 16 subscriptions already; end one.");
		return;
	}
	rpc_result(call, json_pack("{s:I, s:o}", "subscription", (json_int_t)number, "snapshot",
				   snapshot(call, name)));
}

void method_telemetry_unsubscribe(struct rpc_call *call)
{
	int64_t number = params_integer(call->params, "subscription");

	if (telemetry_unsubscribe(call->conn, number))
		rpc_result(call, json_pack("{s:I}", "subscription", (json_int_t)number));
	else
		rpc_error(call, MN_ERROR_NOT_FOUND, NULL,
			  "This connection has no such subscription.");
}
