// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interface to programs: layout, numbers, ioctls of <linux/microneedle.h>.
 */
#include <linux/microneedle.h>

#include "layout.h"

/* ---- structs ---- */

static const struct field mn_info_fields[] = {
	FIELD(AT(mn_info)->abi_version, 0, 4),
	FIELD(AT(mn_info)->transport, 4, 4),
	FIELD(AT(mn_info)->measures, 8, 4),
	FIELD(AT(mn_info)->has_trigger, 12, 4),
	FIELD(AT(mn_info)->absolute_um, 16, 4),
	FIELD(AT(mn_info)->ceiling_um, 20, 4),
	FIELD(AT(mn_info)->depth_step_um, 24, 4),
	FIELD(AT(mn_info)->tolerance_um, 28, 4),
	FIELD(AT(mn_info)->rate_min_mhz, 32, 4),
	FIELD(AT(mn_info)->run_up_ms, 36, 4),
	FIELD(AT(mn_info)->run_down_ms, 40, 4),
	FIELD(AT(mn_info)->handpiece_lease_ms, 44, 4),
	FIELD(AT(mn_info)->calibration_age_days, 48, 4),
	FIELD(AT(mn_info)->calibration_valid_days, 52, 4),
	FIELD(AT(mn_info)->capture_max_hz, 56, 4),
	FIELD(AT(mn_info)->serial, 60, 32),
	FIELD(AT(mn_info)->model, 92, 32),
	FIELD(AT(mn_info)->firmware, 124, 24),
};

static const struct field mn_status_fields[] = {
	FIELD(AT(mn_status)->mono_ns, 0, 8),
	FIELD(AT(mn_status)->faults, 8, 8),
	FIELD(AT(mn_status)->state, 16, 4),
	FIELD(AT(mn_status)->cause, 20, 4),
	FIELD(AT(mn_status)->fault, 24, 4),
	FIELD(AT(mn_status)->fault_detail, 28, 8),
	FIELD(AT(mn_status)->control, 36, 4),
	FIELD(AT(mn_status)->inputs, 40, 4),
	FIELD(AT(mn_status)->interlocks, 44, 4),
	FIELD(AT(mn_status)->epoch, 48, 4),
	FIELD(AT(mn_status)->depth_um, 52, 4),
	FIELD(AT(mn_status)->rate_mhz, 56, 4),
	FIELD(AT(mn_status)->strokes, 60, 4),
	FIELD(AT(mn_status)->run_ms, 64, 4),
	FIELD(AT(mn_status)->strokes_done, 68, 4),
	FIELD(AT(mn_status)->dose_strokes, 72, 4),
	FIELD(AT(mn_status)->run_done_ms, 76, 4),
	FIELD(AT(mn_status)->measured_depth_um, 80, 4),
	FIELD(AT(mn_status)->measured_rate_mhz, 84, 4),
	FIELD(AT(mn_status)->current_ma, 88, 4),
	FIELD(AT(mn_status)->temp_mc, 92, 4),
	FIELD(AT(mn_status)->lease_ms, 96, 4),
	FIELD(AT(mn_status)->lease_left_ms, 100, 4),
	FIELD(AT(mn_status)->strokes_total, 104, 4),
	FIELD(AT(mn_status)->cartridge_flags, 108, 4),
	FIELD(AT(mn_status)->cartridge_needles, 112, 4),
	FIELD(AT(mn_status)->cartridge_needle_um, 116, 4),
	FIELD(AT(mn_status)->cartridge_expiry_days, 120, 4),
	FIELD(AT(mn_status)->self_test, 124, 4),
	FIELD(AT(mn_status)->cartridge_uid, 128, 8),
	FIELD(AT(mn_status)->cartridge_lot, 136, 24),
	FIELD(AT(mn_status)->treatment, 160, 16),
};

static const struct field mn_limits_fields[] = {
	FIELD(AT(mn_limits)->required, 0, 16),
	FIELD(AT(mn_limits)->present, 16, 16),
	FIELD(AT(mn_limits)->effective, 32, 16),
	FIELD(AT(mn_limits)->binding, 48, 16),
	FIELD(AT(mn_limits)->value, 64, 128),
};

static const struct field mn_acquire_fields[] = {
	FIELD(AT(mn_acquire)->treatment, 0, 16),
	FIELD(AT(mn_acquire)->lease_ms, 16, 4),
	FIELD(AT(mn_acquire)->flags, 20, 4),
};

static const struct field mn_set_limits_fields[] = {
	FIELD(AT(mn_set_limits)->valid, 0, 4),
	FIELD(AT(mn_set_limits)->flags, 4, 4),
	FIELD(AT(mn_set_limits)->value, 8, 16),
};

static const struct field mn_set_point_fields[] = {
	FIELD(AT(mn_set_point)->depth_um, 0, 4),
	FIELD(AT(mn_set_point)->rate_mhz, 4, 4),
	FIELD(AT(mn_set_point)->strokes, 8, 4),
	FIELD(AT(mn_set_point)->run_ms, 12, 4),
	FIELD(AT(mn_set_point)->flags, 16, 4),
	FIELD(AT(mn_set_point)->refused_quantity, 20, 4),
	FIELD(AT(mn_set_point)->refused_source, 24, 4),
	FIELD(AT(mn_set_point)->refused_limit, 28, 4),
	FIELD(AT(mn_set_point)->interlocks, 32, 4),
	FIELD(AT(mn_set_point)->reserved, 36, 4),
};

static const struct field mn_clear_fault_fields[] = {
	FIELD(AT(mn_clear_fault)->faults, 0, 8),
	FIELD(AT(mn_clear_fault)->remaining, 8, 8),
};

static const struct field mn_record_fields[] = {
	FIELD(AT(mn_record)->mono_ns, 0, 8),
	FIELD(AT(mn_record)->seq, 8, 4),
	FIELD(AT(mn_record)->type, 12, 2),
	FIELD(AT(mn_record)->flags, 14, 2),
	FIELD(AT(mn_record)->state.from, 16, 4),
	FIELD(AT(mn_record)->state.to, 20, 4),
	FIELD(AT(mn_record)->state.cause, 24, 4),
	FIELD(AT(mn_record)->state.epoch, 28, 4),
	FIELD(AT(mn_record)->fault.code, 16, 4),
	FIELD(AT(mn_record)->fault.detail, 20, 8),
	FIELD(AT(mn_record)->fault.state, 28, 4),
	FIELD(AT(mn_record)->stroke.number, 16, 4),
	FIELD(AT(mn_record)->stroke.depth_um, 20, 4),
	FIELD(AT(mn_record)->stroke.period_us, 24, 4),
	FIELD(AT(mn_record)->stroke.current_ma, 28, 4),
	FIELD(AT(mn_record)->input.inputs, 16, 4),
	FIELD(AT(mn_record)->input.changed, 20, 4),
	FIELD(AT(mn_record)->input.interlocks, 24, 4),
	FIELD(AT(mn_record)->input.temp_mc, 28, 4),
	FIELD(AT(mn_record)->lease.left_ms, 16, 4),
	FIELD(AT(mn_record)->cartridge.flags, 16, 4),
	FIELD(AT(mn_record)->cartridge.needle_um, 20, 4),
	FIELD(AT(mn_record)->cartridge.uid, 24, 8),
	FIELD(AT(mn_record)->limit.quantity, 16, 4),
	FIELD(AT(mn_record)->limit.effective, 20, 4),
	FIELD(AT(mn_record)->limit.binding, 24, 4),
	FIELD(AT(mn_record)->overrun.lost, 16, 4),
	FIELD(AT(mn_record)->cleared.faults, 16, 8),
	FIELD(AT(mn_record)->cleared.remaining, 24, 8),
	FIELD(AT(mn_record)->self_test.result, 16, 4),
	FIELD(AT(mn_record)->raw, 16, 16),
};

static const struct field mn_capture_fields[] = {
	FIELD(AT(mn_capture)->rate_hz, 0, 4),
	FIELD(AT(mn_capture)->samples, 4, 4),
	FIELD(AT(mn_capture)->flags, 8, 4),
	FIELD(AT(mn_capture)->fd, 12, 4),
};

static const struct field mn_sample_fields[] = {
	FIELD(AT(mn_sample)->mono_ns, 0, 8),
	FIELD(AT(mn_sample)->number, 8, 4),
	FIELD(AT(mn_sample)->position_um, 12, 2),
	FIELD(AT(mn_sample)->current_ma, 14, 2),
};

static const struct field mn_declare_cartridge_fields[] = {
	FIELD(AT(mn_declare_cartridge)->needle_um, 0, 4),
	FIELD(AT(mn_declare_cartridge)->needles, 4, 4),
	FIELD(AT(mn_declare_cartridge)->max_rate_mhz, 8, 4),
	FIELD(AT(mn_declare_cartridge)->max_strokes, 12, 4),
	FIELD(AT(mn_declare_cartridge)->expiry_days, 16, 4),
	FIELD(AT(mn_declare_cartridge)->flags, 20, 4),
	FIELD(AT(mn_declare_cartridge)->lot, 24, 24),
	FIELD(AT(mn_declare_cartridge)->uid, 48, 8),
};

static const struct layout uapi_structs[] = {
	STRUCT(mn_info, 148),
	STRUCT(mn_status, 176),
	STRUCT(mn_limits, 192),
	STRUCT(mn_acquire, 24),
	STRUCT(mn_set_limits, 24),
	STRUCT(mn_set_point, 40),
	STRUCT(mn_clear_fault, 16),
	STRUCT(mn_record, 32),
	STRUCT(mn_capture, 16),
	STRUCT(mn_sample, 16),
	STRUCT(mn_declare_cartridge, 56),
};

KUNIT_ARRAY_PARAM_DESC(uapi_struct, uapi_structs, name);

static void uapi_struct(struct kunit *test)
{
	layout_expect(test, test->param_value);
}

/* ---- numbers ---- */

static const struct number uapi_numbers[] = {
	NUMBER(MN_STATE_SAFE, 0),
	NUMBER(MN_STATE_ARMED, 1),
	NUMBER(MN_STATE_RUNNING, 2),
	NUMBER(MN_STATE_FAULT, 3),
	NUMBER(MN_QUANTITY_DEPTH, 0),
	NUMBER(MN_QUANTITY_RATE, 1),
	NUMBER(MN_QUANTITY_DOSE, 2),
	NUMBER(MN_QUANTITY_RUN_TIME, 3),
	NUMBER(MN_QUANTITY_NR, 4),
	NUMBER(MN_SOURCE_ABSOLUTE, 0),
	NUMBER(MN_SOURCE_CEILING, 1),
	NUMBER(MN_SOURCE_DEVICE, 2),
	NUMBER(MN_SOURCE_BOARD, 3),
	NUMBER(MN_SOURCE_CARTRIDGE, 4),
	NUMBER(MN_SOURCE_ADMIN, 5),
	NUMBER(MN_SOURCE_SESSION, 6),
	NUMBER(MN_SOURCE_NR, 7),
	NUMBER(MN_FAULT_NONE, 0),
	NUMBER(MN_FAULT_EMERGENCY_STOP, 1),
	NUMBER(MN_FAULT_LEASE, 2),
	NUMBER(MN_FAULT_HANDPIECE_LEASE, 3),
	NUMBER(MN_FAULT_CONTROLLER_LOST, 4),
	NUMBER(MN_FAULT_OVER_DEPTH, 5),
	NUMBER(MN_FAULT_OVER_RATE, 6),
	NUMBER(MN_FAULT_UNDER_RATE, 7),
	NUMBER(MN_FAULT_STROKE_SILENCE, 8),
	NUMBER(MN_FAULT_STATUS_SILENCE, 9),
	NUMBER(MN_FAULT_DEPTH_FROZEN, 10),
	NUMBER(MN_FAULT_OVER_TEMPERATURE, 11),
	NUMBER(MN_FAULT_OVER_CURRENT, 12),
	NUMBER(MN_FAULT_SEQUENCE, 13),
	NUMBER(MN_FAULT_BACKLOG, 14),
	NUMBER(MN_FAULT_NOT_HOME, 15),
	NUMBER(MN_FAULT_CARTRIDGE, 16),
	NUMBER(MN_FAULT_MEASUREMENT, 17),
	NUMBER(MN_FAULT_OVER_DOSE, 18),
	NUMBER(MN_FAULT_PROTOCOL, 19),
	NUMBER(MN_FAULT_TRANSPORT, 20),
	NUMBER(MN_FAULT_HANDPIECE, 21),
	NUMBER(MN_FAULT_HANDPIECE_RESTART, 22),
	NUMBER(MN_FAULT_SELF_TEST, 23),
	NUMBER(MN_FAULT_RESTART, 24),
	NUMBER(MN_FAULT_UNEXPECTED_MOTION, 25),
	NUMBER(MN_FAULT_UNPLUGGED, 26),
	NUMBER(MN_FAULT_NR, 27),
	NUMBER(MN_CAUSE_NONE, 0),
	NUMBER(MN_CAUSE_ARM, 1),
	NUMBER(MN_CAUSE_START, 2),
	NUMBER(MN_CAUSE_TRIGGER, 3),
	NUMBER(MN_CAUSE_TRIGGER_RELEASED, 4),
	NUMBER(MN_CAUSE_STOP, 5),
	NUMBER(MN_CAUSE_COMPLETE, 6),
	NUMBER(MN_CAUSE_ARM_TIMEOUT, 7),
	NUMBER(MN_CAUSE_RELEASE, 8),
	NUMBER(MN_CAUSE_CLEAR, 9),
	NUMBER(MN_CAUSE_FAULT, 10),
	NUMBER(MN_CAUSE_SUSPEND, 11),
	NUMBER(MN_CAUSE_START_FAILED, 12),
	NUMBER(MN_CAUSE_RUN_TIME, 13),
	NUMBER(MN_CAUSE_LIMIT, 14),
	NUMBER(MN_TRANSPORT_USB, 1),
	NUMBER(MN_TRANSPORT_GPIO, 2),
	NUMBER(MN_CONTROL_NONE, 0),
	NUMBER(MN_CONTROL_OTHER, 1),
	NUMBER(MN_CONTROL_SELF, 2),
	NUMBER(MN_EVENT_STATE, 1),
	NUMBER(MN_EVENT_FAULT, 2),
	NUMBER(MN_EVENT_STROKE, 3),
	NUMBER(MN_EVENT_INPUT, 4),
	NUMBER(MN_EVENT_LEASE, 5),
	NUMBER(MN_EVENT_CARTRIDGE, 6),
	NUMBER(MN_EVENT_LIMIT, 7),
	NUMBER(MN_EVENT_OVERRUN, 8),
	NUMBER(MN_EVENT_CLEARED, 9),
	NUMBER(MN_EVENT_SELF_TEST, 10),
	NUMBER(MN_SELF_TEST_NEVER, 0),
	NUMBER(MN_SELF_TEST_PASSED, 1),
	NUMBER(MN_SELF_TEST_FAILED, 2),
	NUMBER(MN_SELF_TEST_BUSY, 3),
	NUMBER(MN_ABI_VERSION, 1),
	NUMBER(MN_INPUT_EMERGENCY_STOP, 1),
	NUMBER(MN_INPUT_TRIGGER, 2),
	NUMBER(MN_INPUT_CARTRIDGE, 4),
	NUMBER(MN_INPUT_HOME, 8),
	NUMBER(MN_INTERLOCK_EMERGENCY_STOP, 1),
	NUMBER(MN_INTERLOCK_TRIGGER, 2),
	NUMBER(MN_INTERLOCK_CARTRIDGE_ABSENT, 4),
	NUMBER(MN_INTERLOCK_CARTRIDGE_UNREADABLE, 8),
	NUMBER(MN_INTERLOCK_CARTRIDGE_EXPIRED, 16),
	NUMBER(MN_INTERLOCK_CARTRIDGE_SPENT, 32),
	NUMBER(MN_INTERLOCK_NOT_HOME, 64),
	NUMBER(MN_INTERLOCK_SELF_TEST, 128),
	NUMBER(MN_INTERLOCK_CALIBRATION, 256),
	NUMBER(MN_INTERLOCK_LEASE, 512),
	NUMBER(MN_INTERLOCK_STATUS, 1024),
	NUMBER(MN_INTERLOCK_CLOCK, 2048),
	NUMBER(MN_MEASURES_DEPTH, 1),
	NUMBER(MN_MEASURES_RATE, 2),
	NUMBER(MN_MEASURES_HOME, 4),
	NUMBER(MN_MEASURES_CURRENT, 8),
	NUMBER(MN_MEASURES_TEMPERATURE, 16),
	NUMBER(MN_MEASURES_COUNTED, 32),
	NUMBER(MN_CARTRIDGE_PRESENT, 1),
	NUMBER(MN_CARTRIDGE_READABLE, 2),
	NUMBER(MN_CARTRIDGE_MARKED, 4),
	NUMBER(MN_CARTRIDGE_SPENT, 8),
	NUMBER(MN_CARTRIDGE_UNDECLARED, 16),
	NUMBER(MN_CARTRIDGE_DECLARED, 32),
	NUMBER(MN_LEASE_MIN_MS, 100),
	NUMBER(MN_LEASE_MAX_MS, 500),
	NUMBER(MN_LEASE_DEFAULT_MS, 300),
	NUMBER(MN_CAPTURE_SAMPLES_MAX, 1200000),
	NUMBER(MN_IOC_TYPE, 0xbd),
};

static void uapi_number(struct kunit *test)
{
	number_expect(test, uapi_numbers, ARRAY_SIZE(uapi_numbers));
}

static const struct number uapi_ioctls[] = {
	NUMBER(MN_IOC_GET_INFO, 0x8094bd00),
	NUMBER(MN_IOC_GET_STATUS, 0x80b0bd01),
	NUMBER(MN_IOC_GET_LIMITS, 0x80c0bd02),
	NUMBER(MN_IOC_STOP, 0x0000bd03),
	NUMBER(MN_IOC_CAPTURE, 0xc010bd04),
	NUMBER(MN_IOC_ACQUIRE, 0x4018bd10),
	NUMBER(MN_IOC_RELEASE, 0x0000bd11),
	NUMBER(MN_IOC_SET_LIMITS, 0x4018bd12),
	NUMBER(MN_IOC_ARM, 0xc028bd13),
	NUMBER(MN_IOC_UPDATE, 0xc028bd14),
	NUMBER(MN_IOC_START, 0x0000bd15),
	NUMBER(MN_IOC_HEARTBEAT, 0x0000bd16),
	NUMBER(MN_IOC_CLEAR_FAULT, 0xc010bd17),
	NUMBER(MN_IOC_SELF_TEST, 0x0000bd18),
	NUMBER(MN_IOC_DECLARE_CARTRIDGE, 0xc038bd19),
};

/* Direction, size, type and number, as a program's compiler puts them together. */
static void uapi_ioctl(struct kunit *test)
{
	number_expect(test, uapi_ioctls, ARRAY_SIZE(uapi_ioctls));
}

/* Fault codes are bits of a 64-bit mask, and sources of a 32-bit one. */
static void uapi_masks(struct kunit *test)
{
	KUNIT_EXPECT_LE(test, MN_FAULT_NR, 64);
	KUNIT_EXPECT_LE(test, MN_SOURCE_NR, ARRAY_SIZE(((struct mn_limits *)NULL)->value[0]));
}

static struct kunit_case uapi_cases[] = {
	KUNIT_CASE_PARAM(uapi_struct, uapi_struct_gen_params),
	KUNIT_CASE(uapi_number),
	KUNIT_CASE(uapi_ioctl),
	KUNIT_CASE(uapi_masks),
	{}
};

static struct kunit_suite uapi_suite = {
	.name = "mn-uapi",
	.test_cases = uapi_cases,
};

kunit_test_suites(&uapi_suite);
