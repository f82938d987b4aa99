// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include <linux/microneedle.h>

#include "names.h"

#define TABLE(name, ...)                                                                           \
	static const struct mn_name name##_entries[] = { __VA_ARGS__ };                            \
	const struct mn_names name = { .entry = name##_entries,                                    \
				       .count = sizeof(name##_entries) / sizeof(*name##_entries) }

TABLE(mn_states, { MN_STATE_SAFE, "safe", "Nothing moves and only a new arm can start it." },
      { MN_STATE_ARMED, "armed", "A set point is held; the trigger starts the needles." },
      { MN_STATE_RUNNING, "running", "The needles move." },
      { MN_STATE_FAULT, "fault", "Stopped for a latched cause; remove it, then clear the fault." });

TABLE(mn_quantities, { MN_QUANTITY_DEPTH, "depth", "penetration depth" },
      { MN_QUANTITY_RATE, "rate", "stroke rate" },
      { MN_QUANTITY_DOSE, "dose", "strokes in one treatment" },
      { MN_QUANTITY_RUN_TIME, "run_time", "continuous running time" });

TABLE(mn_sources, { MN_SOURCE_ABSOLUTE, "absolute", "the driver's absolute limit" },
      { MN_SOURCE_CEILING, "ceiling", "the ceiling that the driver was loaded with" },
      { MN_SOURCE_DEVICE, "device", "the handpiece's own limit" },
      { MN_SOURCE_BOARD, "board", "the limit in the board's device tree" },
      { MN_SOURCE_CARTRIDGE, "cartridge", "the cartridge's needle length" },
      { MN_SOURCE_ADMIN, "admin", "the limit set by the administrator" },
      { MN_SOURCE_SESSION, "session", "the limit of this session" });

TABLE(mn_faults, { MN_FAULT_NONE, "none", "No fault." },
      { MN_FAULT_EMERGENCY_STOP, "emergency_stop",
	"The emergency stop was pressed or its line is open. Release it, then clear the fault." },
      { MN_FAULT_LEASE, "lease",
	"The program in control did not renew its lease in time. Check the load of this computer, then clear the fault." },
      { MN_FAULT_HANDPIECE_LEASE, "handpiece_lease",
	"The handpiece stopped because nothing renewed its lease. Check the cable, then clear the fault." },
      { MN_FAULT_CONTROLLER_LOST, "controller_lost",
	"The program in control ended while the needles moved. Clear the fault and open a new session." },
      { MN_FAULT_OVER_DEPTH, "over_depth",
	"A stroke went deeper than set. Inspect the skin and the cartridge, then clear the fault; if it comes again, take the handpiece out of use." },
      { MN_FAULT_OVER_RATE, "over_rate",
	"Strokes came faster than the limit. Clear the fault; if it comes again, take the handpiece out of use." },
      { MN_FAULT_UNDER_RATE, "under_rate",
	"The needles moved at less than half the set rate. Lighten the pressure on the skin, check the cartridge, then clear the fault." },
      { MN_FAULT_STROKE_SILENCE, "stroke_silence",
	"The handpiece reported no strokes while running. Check the cable and the cartridge, then clear the fault." },
      { MN_FAULT_STATUS_SILENCE, "status_silence",
	"The handpiece stopped reporting its status. Check the cable, then clear the fault." },
      { MN_FAULT_DEPTH_FROZEN, "depth_frozen",
	"The measured depth never varied, so the sensor cannot be trusted. Take the handpiece out of use." },
      { MN_FAULT_OVER_TEMPERATURE, "over_temperature",
	"The motor is too hot. Let it cool down, then clear the fault." },
      { MN_FAULT_OVER_CURRENT, "over_current",
	"The motor drew too much current. Change the cartridge, then clear the fault." },
      { MN_FAULT_SEQUENCE, "sequence",
	"A stroke report was lost or repeated. Check the cable, then clear the fault." },
      { MN_FAULT_BACKLOG, "backlog",
	"A stroke report came too late. Check the load of this computer and its USB bus, then clear the fault." },
      { MN_FAULT_NOT_HOME, "not_home",
	"The needles did not come home after a stop. Lift the handpiece from the skin, inspect the cartridge, then clear the fault." },
      { MN_FAULT_CARTRIDGE, "cartridge",
	"The cartridge was removed or became unreadable during use. Insert a new cartridge, then clear the fault." },
      { MN_FAULT_MEASUREMENT, "measurement",
	"A measurement is missing or impossible. Take the handpiece out of use if it comes again." },
      { MN_FAULT_OVER_DOSE, "over_dose",
	"More strokes were made than were set. Inspect the skin, then clear the fault." },
      { MN_FAULT_PROTOCOL, "protocol",
	"The handpiece sent something that its protocol does not allow. Plug it in again; have its firmware checked." },
      { MN_FAULT_TRANSPORT, "transport",
	"The handpiece could not be reached. Check the cable, then clear the fault." },
      { MN_FAULT_HANDPIECE, "handpiece",
	"The handpiece latched a fault of its own. Remove its cause, then clear the fault." },
      { MN_FAULT_HANDPIECE_RESTART, "handpiece_restart",
	"The handpiece restarted while in use. Check its power and cable, then clear the fault." },
      { MN_FAULT_SELF_TEST, "self_test",
	"The self-test failed. Clear the fault, then repeat the test with mnctl self-test; if it fails again, take the handpiece out of use." },
      { MN_FAULT_RESTART, "restart",
	"What happened before the driver started is unknown. Check that the needles are home, then clear the fault." },
      { MN_FAULT_UNEXPECTED_MOTION, "unexpected_motion",
	"The needles moved without being started. Cut the power and take the handpiece out of use." },
      { MN_FAULT_UNPLUGGED, "unplugged",
	"The handpiece was unplugged while the needles moved. Check it and the cartridge, then clear the fault." });

TABLE(mn_causes, { MN_CAUSE_NONE, "none", "Nothing changed yet." },
      { MN_CAUSE_ARM, "arm", "It was armed." }, { MN_CAUSE_START, "start", "It was started." },
      { MN_CAUSE_TRIGGER, "trigger", "The foot switch was pressed." },
      { MN_CAUSE_TRIGGER_RELEASED, "trigger_released",
	"The foot switch was released; press it to go on." },
      { MN_CAUSE_STOP, "stop", "It was stopped; arm it again to go on." },
      { MN_CAUSE_COMPLETE, "complete", "All strokes that were set are made." },
      { MN_CAUSE_ARM_TIMEOUT, "arm_timeout",
	"It was armed for 30 s without a start; arm it again to go on." },
      { MN_CAUSE_RELEASE, "release", "Control was given up." },
      { MN_CAUSE_CLEAR, "clear", "Faults were cleared; arm it again to go on." },
      { MN_CAUSE_FAULT, "fault", "A fault stopped it." },
      { MN_CAUSE_SUSPEND, "suspend",
	"The computer suspends or shuts down; arm it again after it is back." },
      { MN_CAUSE_START_FAILED, "start_failed",
	"The handpiece refused to start; look at its status and arm it again." },
      { MN_CAUSE_RUN_TIME, "run_time", "The set run time was over; arm it again to go on." },
      { MN_CAUSE_LIMIT, "limit",
	"A limit was lowered beneath the set point; arm it again within the limit." });

TABLE(mn_inputs, { MN_INPUT_EMERGENCY_STOP, "emergency_stop", "emergency stop pressed" },
      { MN_INPUT_TRIGGER, "trigger", "foot switch pressed" },
      { MN_INPUT_CARTRIDGE, "cartridge", "cartridge present" },
      { MN_INPUT_HOME, "home", "needles home" });

TABLE(mn_interlocks,
      { MN_INTERLOCK_EMERGENCY_STOP, "emergency_stop", "Release the emergency stop." },
      { MN_INTERLOCK_TRIGGER, "trigger", "Let go of the foot switch." },
      { MN_INTERLOCK_CARTRIDGE_ABSENT, "cartridge_absent", "Insert a cartridge." },
      { MN_INTERLOCK_CARTRIDGE_UNREADABLE, "cartridge_unreadable",
	"It is not known what the cartridge is. Where tags are read, insert another; where none is, declare it: mnctl declare." },
      { MN_INTERLOCK_CARTRIDGE_EXPIRED, "cartridge_expired",
	"The cartridge is past its date; insert another cartridge." },
      { MN_INTERLOCK_CARTRIDGE_SPENT, "cartridge_spent",
	"The cartridge was used before, or may have been; insert a new cartridge." },
      { MN_INTERLOCK_NOT_HOME, "not_home", "Wait until the needles are home." },
      { MN_INTERLOCK_SELF_TEST, "self_test",
	"Have the handpiece pass a self-test: mnctl self-test." },
      { MN_INTERLOCK_CALIBRATION, "calibration",
	"The calibration is too old; have the handpiece calibrated." },
      { MN_INTERLOCK_LEASE, "lease", "Open a session; control of the device is not fresh." },
      { MN_INTERLOCK_STATUS, "status",
	"The handpiece does not report its status; check the cable." },
      { MN_INTERLOCK_CLOCK, "clock", "Set the date of this computer." });

TABLE(mn_self_tests,
      { MN_SELF_TEST_NEVER, "never",
	"No self-test was made since the handpiece was switched on, or it was broken off. To make one: mnctl self-test." },
      { MN_SELF_TEST_PASSED, "passed", "The handpiece passed its self-test." },
      { MN_SELF_TEST_FAILED, "failed",
	"The handpiece failed its self-test, and is not armed before one has passed. To repeat it: mnctl self-test." },
      { MN_SELF_TEST_BUSY, "busy", "The handpiece tests itself, with its needle motor off." });

TABLE(mn_measures, { MN_MEASURES_DEPTH, "depth", "penetration depth" },
      { MN_MEASURES_RATE, "rate", "stroke rate" }, { MN_MEASURES_HOME, "home", "needles home" },
      { MN_MEASURES_CURRENT, "current", "motor current" },
      { MN_MEASURES_TEMPERATURE, "temperature", "motor temperature" },
      { MN_MEASURES_COUNTED, "counted", "penetration depth as steps counted" });

TABLE(mn_transports, { MN_TRANSPORT_USB, "usb", "USB" },
      { MN_TRANSPORT_GPIO, "gpio", "GPIO and PWM lines" });

TABLE(mn_controls, { MN_CONTROL_NONE, "none", "Nobody controls the device." },
      { MN_CONTROL_OTHER, "other", "Another program controls the device." },
      { MN_CONTROL_SELF, "self", "A session controls the device." });

TABLE(mn_sessions, { MN_SESSION_OPENED, "opened", "Arm it to begin." },
      { MN_SESSION_ARMED, "armed", "Press the foot switch to begin." },
      { MN_SESSION_RUNNING, "running", "The needles move." },
      { MN_SESSION_PAUSED, "paused", "Stopped; the plan is not done." },
      { MN_SESSION_FAULTED, "faulted", "Stopped for a fault; remove its cause and clear it." },
      { MN_SESSION_COMPLETED, "completed", "All strokes of the plan are made; end the session." },
      { MN_SESSION_ENDED, "ended", "The session is over and its record closed." });

TABLE(mn_errors, { MN_ERROR_PARSE, "parse_error", "Send one JSON object a line." },
      { MN_ERROR_INVALID_REQUEST, "invalid_request", "Send a JSON-RPC 2.0 request." },
      { MN_ERROR_METHOD_NOT_FOUND, "method_not_found", "Ask rpc.discover for the methods." },
      { MN_ERROR_INVALID_PARAMS, "invalid_params", "Correct the parameter that is named." },
      { MN_ERROR_INTERNAL, "internal_error", "Look into the daemon's log." },
      { MN_ERROR_HELLO_REQUIRED, "hello_required", "Call rpc.hello first." },
      { MN_ERROR_VERSION_UNSUPPORTED, "version_unsupported",
	"Use a client and a daemon of the same release." },
      { MN_ERROR_NOT_PERMITTED, "not_permitted", "Ask to be added to the group that is named." },
      { MN_ERROR_NOT_FOUND, "not_found", "List what there is." },
      { MN_ERROR_DEVICE_GONE, "device_gone", "Plug the handpiece in again." },
      { MN_ERROR_BUSY, "busy", "Wait until the other is done." },
      { MN_ERROR_WRONG_STATE, "wrong_state", "Bring the session into the state that is named." },
      { MN_ERROR_LIMIT_EXCEEDED, "limit_exceeded",
	"Ask for no more than the limit that is named." },
      { MN_ERROR_INTERLOCK_OPEN, "interlock_open", "Close the interlocks that are named." },
      { MN_ERROR_FAULT_LATCHED, "fault_latched", "Remove the cause, then clear the fault." },
      { MN_ERROR_STORE_FAILED, "store_failed", "Make room on the disk and look into the log." },
      { MN_ERROR_DEADLINE_PASSED, "deadline_passed", "Call again with a later deadline." },
      { MN_ERROR_TOO_MANY, "too_many", "Wait for answers, or close connections." },
      { MN_ERROR_DEVICE_ERROR, "device_error", "Look at the device's status." },
      { MN_ERROR_STOPPED, "stopped", "A stop came in between; call again if it is safe." },
      { MN_ERROR_REV_CONFLICT, "rev_conflict", "Read the session's status and decide again." },
      { MN_ERROR_UNSUPPORTED, "unsupported", "The device or the daemon cannot do this." });

static const struct mn_name *find(const struct mn_names *names, int64_t value)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->entry[i].value == value)
			return &names->entry[i];
	return NULL;
}

static const struct mn_name *find_name(const struct mn_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->entry[i].name, name))
			return &names->entry[i];
	return NULL;
}

const char *mn_name(const struct mn_names *names, int64_t value)
{
	const struct mn_name *entry = find(names, value);

	return entry ? entry->name : "unknown";
}

const char *mn_text(const struct mn_names *names, int64_t value)
{
	const struct mn_name *entry = find(names, value);

	return entry ? entry->text : "This version does not know it; update it.";
}

const char *mn_text_of(const struct mn_names *names, const char *name)
{
	const struct mn_name *entry = find_name(names, name);

	return entry ? entry->text : NULL;
}

bool mn_value_of(const struct mn_names *names, const char *name, int64_t *value)
{
	const struct mn_name *entry = find_name(names, name);

	if (entry)
		*value = entry->value;
	return entry;
}
