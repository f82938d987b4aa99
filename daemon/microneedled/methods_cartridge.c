// SPDX-License-Identifier: GPL-2.0-or-later
/* device.declare_cartridge: what was inserted into a handpiece that reads no tags. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "json.h"
#include "log.h"
#include "methods.h"
#include "treatment.h"
#include "users.h"

/* One that is known already, or that cannot be told from the one that was there before */
static void refuse_again(struct rpc_call *call, struct device *device,
			 const struct mn_status *status)
{
	const char *by = device_declared_by(device, status->cartridge_uid);
	json_t *data = json_pack("{s:s, s:o}", "device", device->name, "cartridge",
				 json_cartridge(device, status));

	if (status->cartridge_flags & MN_CARTRIDGE_READABLE)
		rpc_error(
			call, MN_ERROR_WRONG_STATE, data,
			"The cartridge that is inserted was declared already, as lot %s%s%s; take it out, insert the new one, and declare that.",
			status->cartridge_lot, by ? " by " : "", by ? by : "");
	else
		rpc_error(
			call, MN_ERROR_WRONG_STATE, data,
			"This cartridge may have been used: it was there before the computer slept or its driver was started. Take it out, insert a new one, and declare that.");
}

/* No cartridge, or nobody knows */
static void refuse_absent(struct rpc_call *call, const struct device *device,
			  const struct mn_status *status)
{
	if (status->interlocks & MN_INTERLOCK_STATUS)
		rpc_error(
			call, MN_ERROR_INTERLOCK_OPEN,
			json_pack("{s:[s]}", "interlocks",
				  mn_name(&mn_interlocks, MN_INTERLOCK_STATUS)),
			"%s does not report its status; check its cable, then declare the cartridge.",
			device->name);
	else
		rpc_error(call, MN_ERROR_INTERLOCK_OPEN,
			  json_pack("{s:[s]}", "interlocks",
				    mn_name(&mn_interlocks, MN_INTERLOCK_CARTRIDGE_ABSENT)),
			  "No cartridge is inserted; insert one, then declare it.");
}

/* Why the kernel did not take it, as its status shows right after */
static void refuse(struct rpc_call *call, struct device *device, int error)
{
	struct mn_status status;
	const char *state;

	if (error != ENODEV && device_status(device, &status))
		error = ENODEV;
	switch (error) {
	case EEXIST:
		refuse_again(call, device, &status);
		return;
	case EAGAIN:
		refuse_absent(call, device, &status);
		return;
	case EOPNOTSUPP:
		rpc_error(call, MN_ERROR_UNSUPPORTED, json_pack("{s:s}", "device", device->name),
			  "%s reads the tag of its cartridge; there is nothing to declare.",
			  device->name);
		return;
	case EBADFD:
		state = mn_name(&mn_states, status.state);
		rpc_error(
			call, MN_ERROR_WRONG_STATE, json_pack("{s:s}", "state", state),
			"A cartridge is not declared while the handpiece is armed or running; stop it with device.stop, then declare it.");
		return;
	case EINVAL:
		rpc_error(
			call, MN_ERROR_INVALID_PARAMS, NULL,
			"The driver takes no such cartridge; compare lot, needles and limits with the package.");
		return;
	case EBUSY:
		rpc_error(call, MN_ERROR_BUSY, json_pack("{s:s}", "device", device->name),
			  "Another program controls %s; end it first.", device->name);
		return;
	case ENODEV:
		rpc_error(call, MN_ERROR_DEVICE_GONE, json_pack("{s:s}", "device", device->name),
			  "%s was unplugged; plug it in again.", device->name);
		return;
	}
	rpc_error(call, MN_ERROR_DEVICE_ERROR, json_pack("{s:s}", "errno", strerrorname_np(error)),
		  "%s did not take it (%s); look at its status and try again.", device->name,
		  strerror(error));
}

/* From the name of who declares to the answer */
struct declaring {
	struct rpc_call *call;
	char by[DEVICE_WHO];
};

static void declared(struct device_command *command)
{
	struct declaring *declaring = command->arg;
	struct rpc_call *call = declaring->call;
	struct device *device = command->device;
	struct mn_status status;

	if (command->type == DEVICE_DECLARE_ALONE)
		device->borrowed = false;
	if (!command->error) {
		device->declared = command->declare;
		memcpy(device->declared_by, declaring->by, sizeof(device->declared_by));
		log_info("%s: cartridge declared by %s: lot %s, %u needles of %u um", device->name,
			 device->declared_by, device->declared.lot, device->declared.needles,
			 device->declared.needle_um);
		if (device->treatment)
			treatment_declared(device->treatment);
		if (device_status(device, &status))
			command->error = ENODEV;
	}
	if (command->error)
		refuse(call, device, command->error);
	else
		rpc_result(call, json_pack("{s:s, s:o}", "device", device->name, "cartridge",
					   json_cartridge(device, &status)));
	free(declaring);
	free(command);
}

static void fill(struct mn_declare_cartridge *declare, const json_t *params)
{
	snprintf(declare->lot, sizeof(declare->lot), "%s", params_string(params, "lot"));
	declare->needles = (uint32_t)params_integer(params, "needles");
	declare->needle_um = (uint32_t)params_integer(params, "needle_um");
	declare->max_rate_mhz = (uint32_t)params_integer(params, "max_rate_mhz");
	declare->max_strokes = (uint32_t)params_integer(params, "max_strokes");
	declare->expiry_days = (uint32_t)params_days(params_string(params, "expiry"));
}

static void declare_named(void *arg, const char *name)
{
	struct rpc_call *call = arg;
	struct device *device = methods_device(call);
	struct device_command *command = NULL;
	struct declaring *declaring;
	struct mn_status status;

	if (!device || !methods_may_serve(call, device, "declares its cartridge"))
		return;
	if (device_status(device, &status)) {
		refuse(call, device, ENODEV);
		return;
	}
	declaring = calloc(1, sizeof(*declaring));
	if (declaring)
		command = device_command(device,
					 device->treatment ? DEVICE_DECLARE : DEVICE_DECLARE_ALONE,
					 declared, declaring);
	if (!command || (!device->treatment && !methods_borrow(command, &status))) {
		free(command);
		free(declaring);
		rpc_error(call, MN_ERROR_INTERNAL, NULL, "The daemon is out of memory.");
		return;
	}
	declaring->call = call;
	snprintf(declaring->by, sizeof(declaring->by), "%s", name);
	fill(&command->declare, call->params);
	device_submit(command);
}

void method_device_declare_cartridge(struct rpc_call *call)
{
	users_lookup(call->mnd, call->peer.uid, declare_named, call);
}
