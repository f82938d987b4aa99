/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stable names of everything that is numbered, with a sentence for a person: what it is, and
 * what to do where something is to be done. The daemon writes the names into JSON and the record,
 * mnctl finds the sentence by name.
 */
#ifndef MN_NAMES_H
#define MN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a session is doing, as its owner sees it */
enum mn_session_state {
	MN_SESSION_OPENED, /* never armed */
	MN_SESSION_ARMED, /* waits for the foot switch or session.start */
	MN_SESSION_RUNNING, /* needles move */
	MN_SESSION_PAUSED, /* foot switch released, stopped, or armed state timed out */
	MN_SESSION_FAULTED, /* a fault is latched */
	MN_SESSION_COMPLETED, /* all strokes of the plan are made */
	MN_SESSION_ENDED,
	MN_SESSION_STATES
};

/* JSON-RPC error codes, see daemon/PROTOCOL.md */
enum mn_error {
	MN_ERROR_PARSE = -32700,
	MN_ERROR_INVALID_REQUEST = -32600,
	MN_ERROR_METHOD_NOT_FOUND = -32601,
	MN_ERROR_INVALID_PARAMS = -32602,
	MN_ERROR_INTERNAL = -32603,
	MN_ERROR_HELLO_REQUIRED = -32001,
	MN_ERROR_VERSION_UNSUPPORTED = -32002,
	MN_ERROR_NOT_PERMITTED = -32003,
	MN_ERROR_NOT_FOUND = -32004,
	MN_ERROR_DEVICE_GONE = -32005,
	MN_ERROR_BUSY = -32006,
	MN_ERROR_WRONG_STATE = -32007,
	MN_ERROR_LIMIT_EXCEEDED = -32008,
	MN_ERROR_INTERLOCK_OPEN = -32009,
	MN_ERROR_FAULT_LATCHED = -32010,
	MN_ERROR_STORE_FAILED = -32011,
	MN_ERROR_DEADLINE_PASSED = -32012,
	MN_ERROR_TOO_MANY = -32013,
	MN_ERROR_DEVICE_ERROR = -32014,
	MN_ERROR_STOPPED = -32015,
	MN_ERROR_REV_CONFLICT = -32016,
	MN_ERROR_UNSUPPORTED = -32017,
};

struct mn_name {
	int64_t value;
	const char *name;
	const char *text;
};

struct mn_names {
	const struct mn_name *entry;
	size_t count;
};

extern const struct mn_names mn_states; /* enum mn_state */
extern const struct mn_names mn_quantities; /* enum mn_quantity */
extern const struct mn_names mn_sources; /* enum mn_source */
extern const struct mn_names mn_faults; /* enum mn_fault */
extern const struct mn_names mn_causes; /* enum mn_cause */
extern const struct mn_names mn_inputs; /* MN_INPUT_ bits */
extern const struct mn_names mn_interlocks; /* MN_INTERLOCK_ bits */
extern const struct mn_names mn_self_tests; /* enum mn_self_test */
extern const struct mn_names mn_measures; /* MN_MEASURES_ bits */
extern const struct mn_names mn_transports; /* enum mn_transport */
extern const struct mn_names mn_controls; /* enum mn_control */
extern const struct mn_names mn_sessions; /* enum mn_session_state */
extern const struct mn_names mn_errors; /* enum mn_error */

/* "unknown" and a sentence that says so for a number that this version does not know */
const char *mn_name(const struct mn_names *names, int64_t value);
const char *mn_text(const struct mn_names *names, int64_t value);

/* By name; NULL or false if there is none */
const char *mn_text_of(const struct mn_names *names, const char *name);
bool mn_value_of(const struct mn_names *names, const char *name, int64_t *value);

#endif
