// SPDX-License-Identifier: GPL-2.0-or-later
#include "fault_table.h"

#include "usb_protocol.h"

const unsigned int hp_fault_kinds = HP_FAULTS;

const struct hp_fault_info hp_fault_infos[] = {
	[HP_OVERSHOOT] = {
		.name = "overshoot",
		.takes = HP_P_UM | HP_P_STROKES | HP_P_OWN,
		.defaults = { .um = 300, .strokes = 1 },
	},
	[HP_FROZEN_DEPTH] = {
		.name = "frozen_depth",
		.takes = HP_P_UM | HP_P_STROKES,
	},
	[HP_STALL] = {
		.name = "stall",
		.takes = HP_P_OWN,
	},
	[HP_RUNAWAY] = {
		.name = "runaway",
		.takes = HP_P_MHZ | HP_P_STROKES,
		.defaults = { .mhz = 250000 },
	},
	[HP_STROKE_SILENCE] = {
		.name = "stroke_silence",
		.takes = HP_P_STROKES,
	},
	[HP_STATUS_SILENCE] = {
		.name = "status_silence",
		.takes = HP_P_COUNT,
	},
	[HP_REPORT_GAP] = {
		.name = "report_gap",
		.takes = HP_P_COUNT,
		.defaults = { .count = 1 },
	},
	[HP_REPORT_REPEAT] = {
		.name = "report_repeat",
		.takes = HP_P_COUNT,
		.defaults = { .count = 1 },
	},
	[HP_REPORT_LATE] = {
		.name = "report_late",
		.takes = HP_P_MS | HP_P_COUNT,
		.defaults = { .ms = 60, .count = 1 },
	},
	[HP_SLOW] = {
		.name = "slow",
		.takes = HP_P_MHZ | HP_P_STROKES,
		.defaults = { .mhz = 22000 },
	},
	[HP_OVER_CURRENT] = {
		.name = "over_current",
		.takes = HP_P_MA | HP_P_STROKES | HP_P_OWN,
		.defaults = { .ma = 2600 },
	},
	[HP_OVER_TEMPERATURE] = {
		.name = "over_temperature",
		.takes = HP_P_MC | HP_P_OWN,
		.defaults = { .mc = 75000 },
	},
	[HP_NOT_HOME] = {
		.name = "not_home",
		.takes = HP_P_UM | HP_P_OWN,
		.defaults = { .um = 200 },
	},
	[HP_MALFORMED] = {
		.name = "malformed",
		.takes = HP_P_WHICH | HP_P_HOW | HP_P_COUNT,
		.defaults = { .count = 1, .which = HP_W_STATUS, .how = HP_W_SHORT },
		.which = { HP_W_STROKES, HP_W_STATUS, HP_W_RESULT, HP_W_IDENTIFY, HP_W_CARTRIDGE,
			   HP_W_WAVEFORM },
		.how = { HP_W_SHORT, HP_W_LENGTH, HP_W_VERSION, HP_W_TYPE, HP_W_VALUE },
	},
	[HP_NOISE] = {
		.name = "noise",
		.takes = HP_P_WHICH | HP_P_SEED | HP_P_COUNT,
		.defaults = { .which = HP_W_ANY, .seed = 1 },
		.which = { HP_W_ANY, HP_W_STROKES, HP_W_STATUS, HP_W_RESULT, HP_W_IDENTIFY,
			   HP_W_CARTRIDGE, HP_W_WAVEFORM },
	},
	[HP_BAD_CRC] = {
		.name = "bad_crc",
		.takes = HP_P_COUNT,
	},
	[HP_IGNORE_LEASE] = {
		.name = "ignore_lease",
		.takes = HP_P_HOW,
		.defaults = { .how = HP_W_EXPIRY },
		.how = { HP_W_EXPIRY, HP_W_RENEWALS },
	},
	[HP_IGNORE_STOP] = {
		.name = "ignore_stop",
		.takes = HP_P_HOW | HP_P_WHERE | HP_P_COUNT,
		.defaults = { .how = HP_W_IGNORE, .where = HP_W_ANY },
		.which = { HP_W_KILL, HP_W_EP0, HP_W_ANY },
		.how = { HP_W_IGNORE, HP_W_NAK },
	},
	[HP_WRONG_VERSION] = {
		.name = "wrong_version",
		.takes = HP_P_COUNT,
	},
	[HP_REJECT_START] = {
		.name = "reject_start",
		.takes = HP_P_RESULT | HP_P_COUNT,
		.defaults = { .result = MNP_RESULT_BUSY, .count = 1 },
	},
	[HP_REJECT_SELF_TEST] = {
		.name = "reject_self_test",
		.takes = HP_P_RESULT | HP_P_COUNT,
		.defaults = { .result = MNP_RESULT_BUSY, .count = 1 },
	},
	[HP_LATE_RESULT] = {
		.name = "late_result",
		.takes = HP_P_MS | HP_P_COUNT | HP_P_REQUEST,
		.defaults = { .ms = 200, .count = 1, .request = HP_W_ANY },
		.how = { HP_W_ANY, HP_W_START, HP_W_STOP, HP_W_MARK, HP_W_CLEAR, HP_W_SELF_TEST,
			 HP_W_CAPTURE },
	},
	[HP_LATE_STOP] = {
		.name = "late_stop",
		.takes = HP_P_MS | HP_P_COUNT,
		.defaults = { .ms = 20, .count = 1 },
	},
	[HP_UNEXPECTED_MOTION] = {
		.name = "unexpected_motion",
		.takes = HP_P_UM | HP_P_MHZ | HP_P_STROKES,
		.defaults = { .um = 300, .mhz = 25000, .strokes = 5 },
	},
	[HP_SELF_TEST_FAIL] = {
		.name = "self_test_fail",
	},
	[HP_CALIBRATION] = {
		.name = "calibration",
		.takes = HP_P_AGE_DAYS,
		.defaults = { .age_days = 400 },
	},
	[HP_DISCONNECT_AT] = {
		.name = "disconnect_at",
		.takes = HP_P_STEP,
		.defaults = { .step = HP_W_RUNNING },
		.which = { HP_W_IDENTIFY, HP_W_STOP, HP_W_START, HP_W_MARK, HP_W_RUNNING },
	},
	[HP_NV_FAULT] = {
		.name = "nv_fault",
		.takes = HP_P_MASK,
		.defaults = { .mask = MNP_FAULT_INTERNAL },
		.mask_max = MNP_FAULT_ALL,
	},
	[HP_MISSING_MEASUREMENT] = {
		.name = "missing_measurement",
		.takes = HP_P_WHICH | HP_P_ON | HP_P_COUNT,
		.defaults = { .which = HP_W_CURRENT, .on = HP_W_REPORTS },
		.which = { HP_W_DEPTH, HP_W_RATE, HP_W_HOME, HP_W_CURRENT, HP_W_TEMPERATURE },
		.how = { HP_W_REPORTS, HP_W_IDENTIFY },
	},
	[HP_WAVEFORM_DROP] = {
		.name = "waveform_drop",
		.takes = HP_P_COUNT,
		.defaults = { .count = 1 },
	},
};
