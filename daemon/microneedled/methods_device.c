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
		device->clearing = false;
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

/* Only the session's owner may, while there is one */
static bool may_clear(struct rpc_call *call, const struct device *device)
{
	const struct treatment *treatment = device->treatment;

	if (device->clearing || (treatment && !treatment->is_open)) {
		rpc_error(call, MN_ERROR_BUSY, json_pack("{s:i}", "retry_ms", 100),
			  "Somebody else takes control of %s just now; try again in a moment.",
			  device->name);
		return false;
	}
	if (treatment && treatment->plan.who.operator_uid != call->peer.uid) {
		rpc_error(call, MN_ERROR_NOT_PERMITTED,
			  json_pack("{s:s}", "session", treatment->uuid),
			  "%s has an open session; only its operator clears its faults.",
			  device->name);
		return false;
	}
	return true;
}

void method_device_clear_fault(struct rpc_call *call)
{
	static const uint8_t none[16];
	struct device *device = methods_device(call);
	json_t *faults = json_object_get(call->params, "faults");
	struct device_command *command;
	struct mn_status status;
	sd_id128_t id;

	if (!device || !may_clear(call, device))
		return;
	if (device_status(device, &status)) {
		rpc_error(call, MN_ERROR_DEVICE_GONE, json_pack("{s:s}", "device", device->name),
			  "%s was unplugged; plug it in again.", device->name);
		return;
	}
	command = device_command(device, device->treatment ? DEVICE_CLEAR : DEVICE_CLEAR_ALONE,
				 cleared, call);
	if (!command || sd_id128_randomize(&id)) {
		free(command);
		rpc_error(call, MN_ERROR_INTERNAL, NULL, "The daemon is out of memory.");
		return;
	}
	command->clear.faults = faults ? json_fault_mask(faults) : status.faults;
	if (!device->treatment) {
		/* Another id would begin a treatment, and with that spend the cartridge */
		memcpy(command->acquire.treatment, status.treatment, sizeof(status.treatment));
		if (!memcmp(status.treatment, none, sizeof(none)))
			memcpy(command->acquire.treatment, id.bytes, sizeof(id.bytes));
		command->acquire.lease_ms = MN_LEASE_MAX_MS;
		device->clearing = true;
	}
	device_submit(command);
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
