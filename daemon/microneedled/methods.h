/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of methods: it drives dispatch, checks, rpc.discover and the description in the tree.
 */
#ifndef METHODS_H
#define METHODS_H

#include <jansson.h>
#include <stddef.h>

#include "rpc.h"

struct device_command;
struct mn_status;

/* NULL if there is none */
const struct rpc_method *methods_find(const char *name);

/* The OpenRPC document */
json_t *methods_document(void);

/* rpc.c: what every mutating call may carry, as OpenRPC content descriptors */
json_t *rpc_common_params(const struct rpc_method *method);

/*
 * The device that a call names, or the only one there is. NULL: the call was answered.
 */
struct device *methods_device(struct rpc_call *call);

/*
 * Only the session's owner may, while there is one; what is the rest of a sentence on that. False:
 * the call was answered.
 */
bool methods_may_serve(struct rpc_call *call, const struct device *device, const char *what);

/*
 * Have a command take control for itself, where there is no session. False without random numbers.
 */
bool methods_borrow(struct device_command *command, const struct mn_status *status);

void method_hello(struct rpc_call *call);
void method_discover(struct rpc_call *call);
void method_ping(struct rpc_call *call);
void method_device_list(struct rpc_call *call);
void method_device_status(struct rpc_call *call);
void method_device_stop(struct rpc_call *call);
void method_device_clear_fault(struct rpc_call *call);
void method_device_self_test(struct rpc_call *call);
void method_device_declare_cartridge(struct rpc_call *call);
void method_telemetry_subscribe(struct rpc_call *call);
void method_telemetry_unsubscribe(struct rpc_call *call);
void method_session_protocols(struct rpc_call *call);
void method_session_open(struct rpc_call *call);
void method_session_prechecks(struct rpc_call *call);
void method_session_attach(struct rpc_call *call);
void method_session_arm(struct rpc_call *call);
void method_session_start(struct rpc_call *call);
void method_session_stop(struct rpc_call *call);
void method_session_end(struct rpc_call *call);
void method_session_status(struct rpc_call *call);
void method_session_show(struct rpc_call *call);
void method_session_strokes(struct rpc_call *call);
void method_session_list(struct rpc_call *call);

extern const struct mn_names methods_events; /* TELEMETRY_ bits */

#endif
