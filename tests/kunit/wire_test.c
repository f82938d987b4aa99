// SPDX-License-Identifier: GPL-2.0-only
/*
 * The wire to a USB handpiece: layout and numbers of usb_protocol.h.
 */
#include "usb_protocol.h"

#include "layout.h"

/* ---- structs ---- */

static const struct field mnp_header_fields[] = {
	FIELD(AT(mnp_header)->type, 0, 1),
	FIELD(AT(mnp_header)->version, 1, 1),
	FIELD(AT(mnp_header)->length, 2, 2),
};

static const struct field mnp_identify_fields[] = {
	FIELD(AT(mnp_identify)->header, 0, 4),
	FIELD(AT(mnp_identify)->magic, 4, 4),
	FIELD(AT(mnp_identify)->version_min, 8, 2),
	FIELD(AT(mnp_identify)->version_max, 10, 2),
	FIELD(AT(mnp_identify)->measures, 12, 4),
	FIELD(AT(mnp_identify)->features, 16, 4),
	FIELD(AT(mnp_identify)->max_depth_um, 20, 4),
	FIELD(AT(mnp_identify)->max_rate_mhz, 24, 4),
	FIELD(AT(mnp_identify)->max_strokes, 28, 4),
	FIELD(AT(mnp_identify)->max_run_ms, 32, 4),
	FIELD(AT(mnp_identify)->min_rate_mhz, 36, 4),
	FIELD(AT(mnp_identify)->depth_step_um, 40, 4),
	FIELD(AT(mnp_identify)->rate_step_mhz, 44, 4),
	FIELD(AT(mnp_identify)->tolerance_um, 48, 4),
	FIELD(AT(mnp_identify)->run_up_ms, 52, 4),
	FIELD(AT(mnp_identify)->run_down_ms, 56, 4),
	FIELD(AT(mnp_identify)->lease_ms, 60, 4),
	FIELD(AT(mnp_identify)->max_current_ma, 64, 4),
	FIELD(AT(mnp_identify)->max_temp_mc, 68, 4),
	FIELD(AT(mnp_identify)->last_epoch, 72, 4),
	FIELD(AT(mnp_identify)->boot_id, 76, 4),
	FIELD(AT(mnp_identify)->faults, 80, 4),
	FIELD(AT(mnp_identify)->calibration_age_days, 84, 4),
	FIELD(AT(mnp_identify)->calibration_valid_days, 88, 4),
	FIELD(AT(mnp_identify)->self_test, 92, 4),
	FIELD(AT(mnp_identify)->capture_max_hz, 96, 4),
	FIELD(AT(mnp_identify)->serial, 100, 32),
	FIELD(AT(mnp_identify)->model, 132, 32),
	FIELD(AT(mnp_identify)->firmware, 164, 24),
};

static const struct field mnp_status_fields[] = {
	FIELD(AT(mnp_status)->header, 0, 4),
	FIELD(AT(mnp_status)->number, 4, 4),
	FIELD(AT(mnp_status)->time_us, 8, 8),
	FIELD(AT(mnp_status)->epoch, 16, 4),
	FIELD(AT(mnp_status)->boot_id, 20, 4),
	FIELD(AT(mnp_status)->state, 24, 1),
	FIELD(AT(mnp_status)->reserved, 25, 1),
	FIELD(AT(mnp_status)->inputs, 26, 2),
	FIELD(AT(mnp_status)->insertions, 28, 2),
	FIELD(AT(mnp_status)->refusal, 30, 2),
	FIELD(AT(mnp_status)->temp_mc, 32, 4),
	FIELD(AT(mnp_status)->current_ma, 36, 4),
	FIELD(AT(mnp_status)->position_um, 40, 4),
	FIELD(AT(mnp_status)->faults, 44, 4),
	FIELD(AT(mnp_status)->strokes, 48, 4),
	FIELD(AT(mnp_status)->self_test, 52, 4),
};

static const struct field mnp_result_fields[] = {
	FIELD(AT(mnp_result)->header, 0, 4),
	FIELD(AT(mnp_result)->request, 4, 1),
	FIELD(AT(mnp_result)->result, 5, 1),
	FIELD(AT(mnp_result)->tag, 6, 2),
	FIELD(AT(mnp_result)->epoch, 8, 4),
};

static const struct field mnp_start_fields[] = {
	FIELD(AT(mnp_start)->header, 0, 4),
	FIELD(AT(mnp_start)->epoch, 4, 4),
	FIELD(AT(mnp_start)->depth_um, 8, 4),
	FIELD(AT(mnp_start)->rate_mhz, 12, 4),
	FIELD(AT(mnp_start)->strokes, 16, 4),
	FIELD(AT(mnp_start)->run_ms, 20, 4),
	FIELD(AT(mnp_start)->reserved, 24, 8),
};

static const struct field mnp_stop_fields[] = {
	FIELD(AT(mnp_stop)->header, 0, 4),
	FIELD(AT(mnp_stop)->epoch, 4, 4),
	FIELD(AT(mnp_stop)->reserved, 8, 8),
};

static const struct field mnp_lease_fields[] = {
	FIELD(AT(mnp_lease)->header, 0, 4),
	FIELD(AT(mnp_lease)->epoch, 4, 4),
	FIELD(AT(mnp_lease)->number, 8, 4),
	FIELD(AT(mnp_lease)->reserved, 12, 4),
};

static const struct field mnp_mark_fields[] = {
	FIELD(AT(mnp_mark)->header, 0, 4),
	FIELD(AT(mnp_mark)->reserved, 4, 4),
	FIELD(AT(mnp_mark)->uid, 8, 8),
	FIELD(AT(mnp_mark)->treatment, 16, 16),
};

static const struct field mnp_clear_fields[] = {
	FIELD(AT(mnp_clear)->header, 0, 4),
	FIELD(AT(mnp_clear)->faults, 4, 4),
	FIELD(AT(mnp_clear)->reserved, 8, 8),
};

static const struct field mnp_cartridge_fields[] = {
	FIELD(AT(mnp_cartridge)->header, 0, 4),
	FIELD(AT(mnp_cartridge)->insertions, 4, 2),
	FIELD(AT(mnp_cartridge)->needles, 6, 2),
	FIELD(AT(mnp_cartridge)->uid, 8, 8),
	FIELD(AT(mnp_cartridge)->needle_um, 16, 4),
	FIELD(AT(mnp_cartridge)->max_rate_mhz, 20, 4),
	FIELD(AT(mnp_cartridge)->max_strokes, 24, 4),
	FIELD(AT(mnp_cartridge)->expiry_days, 28, 4),
	FIELD(AT(mnp_cartridge)->lot, 32, 24),
	FIELD(AT(mnp_cartridge)->treatment, 56, 16),
	FIELD(AT(mnp_cartridge)->mark, 72, 1),
	FIELD(AT(mnp_cartridge)->present, 73, 1),
	FIELD(AT(mnp_cartridge)->reserved, 74, 2),
	FIELD(AT(mnp_cartridge)->crc, 76, 4),
};

static const struct field mnp_stroke_fields[] = {
	FIELD(AT(mnp_stroke)->number, 0, 4),
	FIELD(AT(mnp_stroke)->epoch, 4, 4),
	FIELD(AT(mnp_stroke)->time_us, 8, 8),
	FIELD(AT(mnp_stroke)->depth_um, 16, 4),
	FIELD(AT(mnp_stroke)->period_us, 20, 4),
	FIELD(AT(mnp_stroke)->current_ma, 24, 4),
	FIELD(AT(mnp_stroke)->reserved, 28, 4),
};

static const struct field mnp_strokes_fields[] = {
	FIELD(AT(mnp_strokes)->header, 0, 4),
	FIELD(AT(mnp_strokes)->count, 4, 2),
	FIELD(AT(mnp_strokes)->reserved, 6, 2),
	FIELD(AT(mnp_strokes)->time_us, 8, 8),
};

static const struct field mnp_capture_fields[] = {
	FIELD(AT(mnp_capture)->header, 0, 4),
	FIELD(AT(mnp_capture)->rate_hz, 4, 4),
	FIELD(AT(mnp_capture)->samples, 8, 4),
	FIELD(AT(mnp_capture)->reserved, 12, 4),
};

static const struct field mnp_sample_fields[] = {
	FIELD(AT(mnp_sample)->position_um, 0, 2),
	FIELD(AT(mnp_sample)->current_ma, 2, 2),
};

static const struct field mnp_waveform_fields[] = {
	FIELD(AT(mnp_waveform)->header, 0, 4),
	FIELD(AT(mnp_waveform)->number, 4, 4),
	FIELD(AT(mnp_waveform)->time_us, 8, 8),
	FIELD(AT(mnp_waveform)->period_ns, 16, 4),
	FIELD(AT(mnp_waveform)->count, 20, 2),
	FIELD(AT(mnp_waveform)->tag, 22, 2),
};

static const struct layout wire_structs[] = {
	STRUCT(mnp_header, 4),
	STRUCT(mnp_identify, 188),
	STRUCT(mnp_status, 56),
	STRUCT(mnp_result, 12),
	STRUCT(mnp_start, 32),
	STRUCT(mnp_stop, 16),
	STRUCT(mnp_lease, 16),
	STRUCT(mnp_mark, 32),
	STRUCT(mnp_clear, 16),
	STRUCT(mnp_cartridge, 80),
	STRUCT(mnp_stroke, 32),
	STRUCT(mnp_strokes, 16),
	STRUCT(mnp_capture, 16),
	STRUCT(mnp_sample, 4),
	STRUCT(mnp_waveform, 24),
};

KUNIT_ARRAY_PARAM_DESC(wire_struct, wire_structs, name);

static void wire_struct(struct kunit *test)
{
	layout_expect(test, test->param_value);
}

/* ---- numbers ---- */

static const struct number wire_numbers[] = {
	NUMBER(MNP_VERSION, 1),
	NUMBER(MNP_USB_VENDOR, 0x1209),
	NUMBER(MNP_USB_PRODUCT, 0x1),
	NUMBER(MNP_USB_CLASS, 0xff),
	NUMBER(MNP_USB_SUBCLASS, 0x4d),
	NUMBER(MNP_USB_INTERFACE_PROTOCOL, 0x4e),
	NUMBER(MNP_REQ_IDENTIFY, 0x1),
	NUMBER(MNP_REQ_STATUS, 0x2),
	NUMBER(MNP_REQ_RESULT, 0x3),
	NUMBER(MNP_REQ_CARTRIDGE, 0x4),
	NUMBER(MNP_REQ_START, 0x10),
	NUMBER(MNP_REQ_STOP, 0x11),
	NUMBER(MNP_REQ_MARK, 0x12),
	NUMBER(MNP_REQ_CLEAR, 0x13),
	NUMBER(MNP_REQ_SELF_TEST, 0x14),
	NUMBER(MNP_REQ_CAPTURE, 0x15),
	NUMBER(MNP_TYPE_IDENTIFY, 0x1),
	NUMBER(MNP_TYPE_STATUS, 0x2),
	NUMBER(MNP_TYPE_RESULT, 0x3),
	NUMBER(MNP_TYPE_CARTRIDGE, 0x4),
	NUMBER(MNP_TYPE_STROKES, 0x5),
	NUMBER(MNP_TYPE_WAVEFORM, 0x6),
	NUMBER(MNP_TYPE_START, 0x10),
	NUMBER(MNP_TYPE_STOP, 0x11),
	NUMBER(MNP_TYPE_MARK, 0x12),
	NUMBER(MNP_TYPE_CLEAR, 0x13),
	NUMBER(MNP_TYPE_LEASE, 0x15),
	NUMBER(MNP_TYPE_CAPTURE, 0x16),
	NUMBER(MNP_CAPTURE_HZ_MAX, 20000),
	NUMBER(MNP_CAPTURE_SAMPLES_MAX, 1200000),
	NUMBER(MNP_WAVEFORM_MAX, 122),
	NUMBER(MNP_MAGIC, 0x4c444e4d),
	NUMBER(MNP_MEASURES_DEPTH, 1),
	NUMBER(MNP_MEASURES_RATE, 2),
	NUMBER(MNP_MEASURES_HOME, 4),
	NUMBER(MNP_MEASURES_CURRENT, 8),
	NUMBER(MNP_MEASURES_TEMPERATURE, 16),
	NUMBER(MNP_MEASURES_ALL, 31),
	NUMBER(MNP_FEATURE_TRIGGER, 1),
	NUMBER(MNP_SELF_TEST_NEVER, 0),
	NUMBER(MNP_SELF_TEST_PASSED, 1),
	NUMBER(MNP_SELF_TEST_FAILED, 2),
	NUMBER(MNP_SELF_TEST_BUSY, 3),
	NUMBER(MNP_FAULT_EMERGENCY_STOP, 1),
	NUMBER(MNP_FAULT_LEASE, 2),
	NUMBER(MNP_FAULT_OVER_DEPTH, 4),
	NUMBER(MNP_FAULT_STALL, 8),
	NUMBER(MNP_FAULT_OVER_TEMPERATURE, 16),
	NUMBER(MNP_FAULT_OVER_CURRENT, 32),
	NUMBER(MNP_FAULT_BROWN_OUT, 64),
	NUMBER(MNP_FAULT_NOT_HOME, 128),
	NUMBER(MNP_FAULT_SENSOR, 256),
	NUMBER(MNP_FAULT_INTERNAL, 512),
	NUMBER(MNP_FAULT_ALL, 1023),
	NUMBER(MNP_STATE_IDLE, 0),
	NUMBER(MNP_STATE_RUNNING, 1),
	NUMBER(MNP_STATE_STOPPING, 2),
	NUMBER(MNP_STATE_FAULT, 3),
	NUMBER(MNP_INPUT_EMERGENCY_STOP, 1),
	NUMBER(MNP_INPUT_TRIGGER, 2),
	NUMBER(MNP_INPUT_CARTRIDGE, 4),
	NUMBER(MNP_INPUT_HOME, 8),
	NUMBER(MNP_RESULT_OK, 0),
	NUMBER(MNP_RESULT_PENDING, 1),
	NUMBER(MNP_RESULT_BAD_PACKET, 2),
	NUMBER(MNP_RESULT_EPOCH, 3),
	NUMBER(MNP_RESULT_NO_STOP_YET, 4),
	NUMBER(MNP_RESULT_LIMIT, 5),
	NUMBER(MNP_RESULT_LEASE, 6),
	NUMBER(MNP_RESULT_INTERLOCK, 7),
	NUMBER(MNP_RESULT_FAULT, 8),
	NUMBER(MNP_RESULT_BUSY, 9),
	NUMBER(MNP_RESULT_MARK, 10),
	NUMBER(MNP_MARK_NONE, 0),
	NUMBER(MNP_MARK_USED, 165),
	NUMBER(MNP_STROKES_MAX, 15),
	NUMBER(MNP_KILL_MAXP, 16),
	NUMBER(MNP_LEASE_MAXP, 16),
	NUMBER(MNP_STATUS_MAXP, 64),
	NUMBER(MNP_STROKES_MAXP, 512),
};

static void wire_number(struct kunit *test)
{
	number_expect(test, wire_numbers, ARRAY_SIZE(wire_numbers));
}

/* Each packet fits its endpoint: one transfer is one packet. */
static void wire_fits(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, offsetof(struct mnp_strokes, stroke), sizeof(struct mnp_strokes));
	KUNIT_EXPECT_LE(test, sizeof(struct mnp_stop), MNP_KILL_MAXP);
	KUNIT_EXPECT_LE(test, sizeof(struct mnp_lease), MNP_LEASE_MAXP);
	KUNIT_EXPECT_LE(test, sizeof(struct mnp_status), MNP_STATUS_MAXP);
	KUNIT_EXPECT_LE(test, sizeof(struct mnp_strokes) +
			MNP_STROKES_MAX * sizeof(struct mnp_stroke), MNP_STROKES_MAXP);
}

static struct kunit_case wire_cases[] = {
	KUNIT_CASE_PARAM(wire_struct, wire_struct_gen_params),
	KUNIT_CASE(wire_number),
	KUNIT_CASE(wire_fits),
	{}
};

static struct kunit_suite wire_suite = {
	.name = "mn-wire",
	.test_cases = wire_cases,
};

kunit_test_suites(&wire_suite);
