/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Microneedling handpieces: the interface of /dev/microneedleN.
 *
 * Units are in the names: _um micrometre, _mhz millihertz of strokes (100 Hz is 100000), _ms
 * millisecond, _ns nanosecond, _ma milliampere, _mc thousandth of a degree Celsius. One stroke is
 * one down-and-up of the cartridge.
 *
 * Opening. A file opened O_RDONLY observes: it may ask, read events, and stop. A file opened for
 * writing may become the controller with %MN_IOC_ACQUIRE, one at a time. Open with O_CLOEXEC: a
 * descriptor that was inherited or passed on keeps the file open after its owner died, so that the
 * close of the owner is not seen. This is why the lease, not close(), is the control against an
 * absent program.
 *
 * Stopping. %MN_IOC_STOP is accepted from every open file in every state and waits for nothing.
 *
 * Growing. Structures only ever grow at their end. A caller passes the size that it knows in the
 * ioctl number; what it does not know reads as absent, and what the kernel does not know must be
 * zero or the call gives -E2BIG. Reserved and pad fields must be zero, unknown flags are refused
 * with -EINVAL.
 *
 * Errors that every command can give: -ENODEV the handpiece is gone, -ENOTTY no such command,
 * -EFAULT bad address, -E2BIG a field this kernel does not know is set, -EINVAL a bad value. Those
 * that ask the handpiece can give the bus's own (-ETIMEDOUT, -EPROTO, -EPIPE): then nobody knows
 * whether it has done so.
 */
#ifndef _UAPI_LINUX_MICRONEEDLE_H
#define _UAPI_LINUX_MICRONEEDLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** define MN_ABI_VERSION - Version of this interface, see mn_info.abi_version. */
#define MN_ABI_VERSION		1

/**
 * enum mn_state - What the device is doing.
 * @MN_STATE_SAFE: No set point. Nothing moves and nothing can start it but a new ARM.
 * @MN_STATE_ARMED: A set point is held and the trigger starts the motor. Falls back to SAFE
 *	after 30 s without a start.
 * @MN_STATE_RUNNING: Needles move.
 * @MN_STATE_FAULT: Stopped for a cause that is latched. Left only by %MN_IOC_CLEAR_FAULT once the
 *	cause is gone, and then to SAFE.
 */
enum mn_state {
	MN_STATE_SAFE		= 0,
	MN_STATE_ARMED		= 1,
	MN_STATE_RUNNING	= 2,
	MN_STATE_FAULT		= 3,
};

/**
 * enum mn_quantity - What is limited.
 * @MN_QUANTITY_DEPTH: Penetration depth, micrometre.
 * @MN_QUANTITY_RATE: Stroke rate, millihertz.
 * @MN_QUANTITY_DOSE: Strokes in one treatment.
 * @MN_QUANTITY_RUN_TIME: Continuous running, millisecond.
 * @MN_QUANTITY_NR: How many there are.
 */
enum mn_quantity {
	MN_QUANTITY_DEPTH	= 0,
	MN_QUANTITY_RATE	= 1,
	MN_QUANTITY_DOSE	= 2,
	MN_QUANTITY_RUN_TIME	= 3,
	MN_QUANTITY_NR		= 4,
};

/**
 * enum mn_source - Where a limit comes from. The effective limit is the least over the sources.
 * @MN_SOURCE_ABSOLUTE: Compiled into the driver; no setting reaches beyond it.
 * @MN_SOURCE_CEILING: Chosen when the module is loaded (ceiling_um=, for depth).
 * @MN_SOURCE_DEVICE: Reported by a USB handpiece.
 * @MN_SOURCE_BOARD: Device tree of a GPIO handpiece.
 * @MN_SOURCE_CARTRIDGE: The cartridge's tag, or what was declared of it; the depth is its needle
 *	length.
 * @MN_SOURCE_ADMIN: sysfs, lower-only until the module is loaded again.
 * @MN_SOURCE_SESSION: %MN_IOC_SET_LIMITS, lower-only within a treatment.
 * @MN_SOURCE_NR: How many there are.
 */
enum mn_source {
	MN_SOURCE_ABSOLUTE	= 0,
	MN_SOURCE_CEILING	= 1,
	MN_SOURCE_DEVICE	= 2,
	MN_SOURCE_BOARD		= 3,
	MN_SOURCE_CARTRIDGE	= 4,
	MN_SOURCE_ADMIN		= 5,
	MN_SOURCE_SESSION	= 6,
	MN_SOURCE_NR		= 7,
};

/**
 * enum mn_fault - Why a device latched. Several can be latched at once, see mn_status.faults.
 * @MN_FAULT_NONE: None.
 * @MN_FAULT_EMERGENCY_STOP: The emergency stop was pressed, or its line is open.
 * @MN_FAULT_LEASE: The controller did not renew its lease in time.
 * @MN_FAULT_HANDPIECE_LEASE: The handpiece stopped because the kernel's renewals did not reach it.
 * @MN_FAULT_CONTROLLER_LOST: The controlling file was closed while RUNNING.
 * @MN_FAULT_OVER_DEPTH: A stroke went deeper than set, which is never above the limit, and the
 *	device's tolerance. Detail: depth, set depth (um).
 * @MN_FAULT_OVER_RATE: Strokes came faster than the limit. Detail: rate, limit (mHz).
 * @MN_FAULT_UNDER_RATE: Below half the set rate for 200 ms. Detail: rate, set rate (mHz).
 * @MN_FAULT_STROKE_SILENCE: No stroke report for 100 ms while RUNNING.
 * @MN_FAULT_STATUS_SILENCE: No status report for 300 ms while ARMED or RUNNING.
 * @MN_FAULT_DEPTH_FROZEN: Measured depth never varied. Detail: depth (um), strokes.
 * @MN_FAULT_OVER_TEMPERATURE: Detail: temperature, limit (mC).
 * @MN_FAULT_OVER_CURRENT: Detail: current, limit (mA).
 * @MN_FAULT_SEQUENCE: A stroke report is missing or repeated. Detail: got, expected.
 * @MN_FAULT_BACKLOG: A stroke report arrived more than 50 ms late. Detail: age (ms), 50.
 * @MN_FAULT_NOT_HOME: Needles not home within the run-down time after a stop.
 * @MN_FAULT_CARTRIDGE: The cartridge was removed or became unreadable while ARMED or RUNNING.
 * @MN_FAULT_MEASUREMENT: A measurement that the handpiece declares is missing or impossible.
 * @MN_FAULT_OVER_DOSE: More strokes than the set point or the treatment allows. Detail: strokes,
 *	limit.
 * @MN_FAULT_PROTOCOL: A packet that is malformed, short or impossible. Detail: which check.
 * @MN_FAULT_TRANSPORT: The handpiece could not be reached. Detail: errno.
 * @MN_FAULT_HANDPIECE: The handpiece latched a fault of its own that has no other name here.
 * @MN_FAULT_HANDPIECE_RESTART: The handpiece restarted while in use.
 * @MN_FAULT_SELF_TEST: A self-test failed. Can be cleared at once, so that it can be made again;
 *	the device is not armed before one has passed.
 * @MN_FAULT_RESTART: A GPIO handpiece after probe: what happened before is unknown.
 * @MN_FAULT_UNEXPECTED_MOTION: Strokes while not RUNNING and past the run-down time.
 * @MN_FAULT_UNPLUGGED: The handpiece was unplugged while RUNNING.
 * @MN_FAULT_NR: One more than the last; codes fit a 64-bit mask.
 */
enum mn_fault {
	MN_FAULT_NONE			= 0,
	MN_FAULT_EMERGENCY_STOP		= 1,
	MN_FAULT_LEASE			= 2,
	MN_FAULT_HANDPIECE_LEASE	= 3,
	MN_FAULT_CONTROLLER_LOST	= 4,
	MN_FAULT_OVER_DEPTH		= 5,
	MN_FAULT_OVER_RATE		= 6,
	MN_FAULT_UNDER_RATE		= 7,
	MN_FAULT_STROKE_SILENCE		= 8,
	MN_FAULT_STATUS_SILENCE		= 9,
	MN_FAULT_DEPTH_FROZEN		= 10,
	MN_FAULT_OVER_TEMPERATURE	= 11,
	MN_FAULT_OVER_CURRENT		= 12,
	MN_FAULT_SEQUENCE		= 13,
	MN_FAULT_BACKLOG		= 14,
	MN_FAULT_NOT_HOME		= 15,
	MN_FAULT_CARTRIDGE		= 16,
	MN_FAULT_MEASUREMENT		= 17,
	MN_FAULT_OVER_DOSE		= 18,
	MN_FAULT_PROTOCOL		= 19,
	MN_FAULT_TRANSPORT		= 20,
	MN_FAULT_HANDPIECE		= 21,
	MN_FAULT_HANDPIECE_RESTART	= 22,
	MN_FAULT_SELF_TEST		= 23,
	MN_FAULT_RESTART		= 24,
	MN_FAULT_UNEXPECTED_MOTION	= 25,
	MN_FAULT_UNPLUGGED		= 26,
	MN_FAULT_NR			= 27,
};

/**
 * enum mn_cause - Why the state changed.
 * @MN_CAUSE_NONE: No change yet.
 * @MN_CAUSE_ARM: %MN_IOC_ARM.
 * @MN_CAUSE_START: %MN_IOC_START.
 * @MN_CAUSE_TRIGGER: Foot switch or handpiece button pressed.
 * @MN_CAUSE_TRIGGER_RELEASED: Foot switch or handpiece button released.
 * @MN_CAUSE_STOP: %MN_IOC_STOP.
 * @MN_CAUSE_COMPLETE: All strokes of the set point were made.
 * @MN_CAUSE_ARM_TIMEOUT: ARMED for 30 s without a start.
 * @MN_CAUSE_RELEASE: %MN_IOC_RELEASE, or the controlling file was closed.
 * @MN_CAUSE_CLEAR: %MN_IOC_CLEAR_FAULT.
 * @MN_CAUSE_FAULT: A fault, see the fault record beside.
 * @MN_CAUSE_SUSPEND: The system suspends, shuts down or unbinds the driver.
 * @MN_CAUSE_START_FAILED: The handpiece refused to start.
 * @MN_CAUSE_RUN_TIME: The set run time was over.
 * @MN_CAUSE_LIMIT: A limit was lowered beneath the set point.
 */
enum mn_cause {
	MN_CAUSE_NONE			= 0,
	MN_CAUSE_ARM			= 1,
	MN_CAUSE_START			= 2,
	MN_CAUSE_TRIGGER		= 3,
	MN_CAUSE_TRIGGER_RELEASED	= 4,
	MN_CAUSE_STOP			= 5,
	MN_CAUSE_COMPLETE		= 6,
	MN_CAUSE_ARM_TIMEOUT		= 7,
	MN_CAUSE_RELEASE		= 8,
	MN_CAUSE_CLEAR			= 9,
	MN_CAUSE_FAULT			= 10,
	MN_CAUSE_SUSPEND		= 11,
	MN_CAUSE_START_FAILED		= 12,
	MN_CAUSE_RUN_TIME		= 13,
	MN_CAUSE_LIMIT			= 14,
};

/* mn_status.inputs: what the handpiece's lines say now */
#define MN_INPUT_EMERGENCY_STOP		(1U << 0)	/* pressed, open or unconnected */
#define MN_INPUT_TRIGGER		(1U << 1)	/* foot switch or button pressed */
#define MN_INPUT_CARTRIDGE		(1U << 2)	/* cartridge present */
#define MN_INPUT_HOME			(1U << 3)	/* needles home */

/* mn_status.interlocks, mn_set_point.interlocks: what keeps the device from being armed */
#define MN_INTERLOCK_EMERGENCY_STOP	(1U << 0)	/* release the emergency stop */
#define MN_INTERLOCK_TRIGGER		(1U << 1)	/* let go of the foot switch */
#define MN_INTERLOCK_CARTRIDGE_ABSENT	(1U << 2)	/* insert a cartridge */
#define MN_INTERLOCK_CARTRIDGE_UNREADABLE (1U << 3)	/* tag failed its check, or undeclared */
#define MN_INTERLOCK_CARTRIDGE_EXPIRED	(1U << 4)	/* past its expiry date */
#define MN_INTERLOCK_CARTRIDGE_SPENT	(1U << 5)	/* used in another treatment */
#define MN_INTERLOCK_NOT_HOME		(1U << 6)	/* needles are not home */
#define MN_INTERLOCK_SELF_TEST		(1U << 7)	/* run MN_IOC_SELF_TEST until it passes */
#define MN_INTERLOCK_CALIBRATION	(1U << 8)	/* calibration too old */
#define MN_INTERLOCK_LEASE		(1U << 9)	/* no fresh lease */
#define MN_INTERLOCK_STATUS		(1U << 10)	/* no fresh status, or it sleeps */
#define MN_INTERLOCK_CLOCK		(1U << 11)	/* the system's date is not set */

/**
 * enum mn_self_test - What became of the handpiece's last self-test.
 * @MN_SELF_TEST_NEVER: None was made since it was switched on, or it was broken off.
 * @MN_SELF_TEST_PASSED: It passed. Only then can the device be armed.
 * @MN_SELF_TEST_FAILED: It failed.
 * @MN_SELF_TEST_BUSY: One is being made.
 */
enum mn_self_test {
	MN_SELF_TEST_NEVER	= 0,
	MN_SELF_TEST_PASSED	= 1,
	MN_SELF_TEST_FAILED	= 2,
	MN_SELF_TEST_BUSY	= 3,
};

/* mn_info.measures: what the handpiece measures; stroke rate, home and depth are mandatory */
#define MN_MEASURES_DEPTH		(1U << 0)
#define MN_MEASURES_RATE		(1U << 1)
#define MN_MEASURES_HOME		(1U << 2)
#define MN_MEASURES_CURRENT		(1U << 3)
#define MN_MEASURES_TEMPERATURE		(1U << 4)
#define MN_MEASURES_COUNTED		(1U << 5)	/* depth is counted, so it never varies */

/**
 * enum mn_transport - How the handpiece is connected.
 * @MN_TRANSPORT_USB: USB.
 * @MN_TRANSPORT_GPIO: GPIO and PWM lines described by device tree.
 */
enum mn_transport {
	MN_TRANSPORT_USB	= 1,
	MN_TRANSPORT_GPIO	= 2,
};

/**
 * struct mn_info - What the device is; constant while it is plugged in.
 * @abi_version: %MN_ABI_VERSION.
 * @transport: enum mn_transport.
 * @measures: MN_MEASURES_ bits.
 * @has_trigger: 1 if a foot switch or button starts the motor; then %MN_IOC_START is refused.
 * @absolute_um: Compiled absolute depth limit.
 * @ceiling_um: Depth limit chosen when the module was loaded.
 * @depth_step_um: Depths are rounded down to a multiple of this.
 * @tolerance_um: Measured depth may be this much over the limit, at most 150.
 * @rate_min_mhz: Lowest stroke rate.
 * @run_up_ms: Time the motor may take to reach half the set rate, at most 500.
 * @run_down_ms: Time after which needles must be home after a stop, at most 100.
 * @handpiece_lease_ms: The handpiece stops by itself when not renewed for this long.
 * @calibration_age_days: Days since calibration.
 * @calibration_valid_days: Age beyond which it is not armed.
 * @capture_max_hz: Fastest %MN_IOC_CAPTURE, 0 if the handpiece gives no waveform.
 * @serial: Serial number, NUL terminated.
 * @model: Model, NUL terminated.
 * @firmware: Firmware version, NUL terminated.
 */
struct mn_info {
	__u32 abi_version;
	__u32 transport;
	__u32 measures;
	__u32 has_trigger;
	__u32 absolute_um;
	__u32 ceiling_um;
	__u32 depth_step_um;
	__u32 tolerance_um;
	__u32 rate_min_mhz;
	__u32 run_up_ms;
	__u32 run_down_ms;
	__u32 handpiece_lease_ms;
	__u32 calibration_age_days;
	__u32 calibration_valid_days;
	__u32 capture_max_hz;
	char serial[32];
	char model[32];
	char firmware[24];
};

/**
 * enum mn_control - Who controls the device, as seen from the asking file.
 * @MN_CONTROL_NONE: Nobody.
 * @MN_CONTROL_OTHER: Another file.
 * @MN_CONTROL_SELF: This file.
 */
enum mn_control {
	MN_CONTROL_NONE		= 0,
	MN_CONTROL_OTHER	= 1,
	MN_CONTROL_SELF		= 2,
};

/**
 * struct mn_status - One consistent picture of the device.
 * @mono_ns: CLOCK_MONOTONIC at which it was taken.
 * @faults: Mask of latched faults, bit 1 << enum mn_fault.
 * @state: enum mn_state.
 * @cause: enum mn_cause of the last change of state.
 * @fault: The fault that latched first since the last clear, or %MN_FAULT_NONE.
 * @fault_detail: Two numbers, see enum mn_fault; signed where the unit is.
 * @control: enum mn_control.
 * @inputs: MN_INPUT_ bits.
 * @interlocks: MN_INTERLOCK_ bits that are open. With none it can be armed, if it is SAFE and
 *	within its limits.
 * @epoch: Number of the last stop; a start that was under way when it moved is void.
 * @depth_um: Set depth, 0 unless ARMED or RUNNING. Likewise @rate_mhz, @strokes, @run_ms.
 * @rate_mhz: Set rate.
 * @strokes: Strokes set by the last ARM or UPDATE.
 * @run_ms: Longest continuous run set.
 * @strokes_done: Strokes made since then.
 * @dose_strokes: Strokes made in this treatment.
 * @run_done_ms: How long it has been running without a pause.
 * @measured_depth_um: Of the last stroke.
 * @measured_rate_mhz: Of the last stroke.
 * @current_ma: Peak motor current of the last stroke.
 * @temp_mc: Motor temperature.
 * @lease_ms: The controller's lease, 0 without one.
 * @lease_left_ms: What is left of it.
 * @strokes_total: Strokes reported since it was plugged in.
 * @cartridge_flags: MN_CARTRIDGE_ bits.
 * @cartridge_needles: Needles of the cartridge.
 * @cartridge_needle_um: Their length.
 * @cartridge_expiry_days: Last day of use, in days since 1970-01-01.
 * @self_test: enum mn_self_test.
 * @cartridge_uid: Identity of the cartridge.
 * @cartridge_lot: Lot, NUL terminated.
 * @treatment: Id of the treatment that dose and session limits belong to, all zero before the
 *	first.
 */
struct mn_status {
	__aligned_u64 mono_ns;
	__aligned_u64 faults;
	__u32 state;
	__u32 cause;
	__u32 fault;
	__s32 fault_detail[2];
	__u32 control;
	__u32 inputs;
	__u32 interlocks;
	__u32 epoch;
	__u32 depth_um;
	__u32 rate_mhz;
	__u32 strokes;
	__u32 run_ms;
	__u32 strokes_done;
	__u32 dose_strokes;
	__u32 run_done_ms;
	__u32 measured_depth_um;
	__u32 measured_rate_mhz;
	__u32 current_ma;
	__s32 temp_mc;
	__u32 lease_ms;
	__u32 lease_left_ms;
	__u32 strokes_total;
	__u32 cartridge_flags;
	__u32 cartridge_needles;
	__u32 cartridge_needle_um;
	__u32 cartridge_expiry_days;
	__u32 self_test;
	__aligned_u64 cartridge_uid;
	char cartridge_lot[24];
	__u8 treatment[16];
};

/* mn_status.cartridge_flags */
#define MN_CARTRIDGE_PRESENT		(1U << 0)
#define MN_CARTRIDGE_READABLE		(1U << 1)	/* the tag was read, its check is right */
#define MN_CARTRIDGE_MARKED		(1U << 2)	/* it carries a used mark */
#define MN_CARTRIDGE_SPENT		(1U << 3)	/* its mark cannot be honoured any more */
#define MN_CARTRIDGE_UNDECLARED		(1U << 4)	/* nobody has said yet what it is */
#define MN_CARTRIDGE_DECLARED		(1U << 5)	/* that was declared, not read */

/**
 * struct mn_limits - Every limit with its sources.
 * @required: For each quantity the sources that apply to this transport, bit 1 << enum mn_source.
 *	One that applies and is not present counts as 0.
 * @present: For each quantity the sources that have a value now.
 * @effective: For each quantity the least over what is required.
 * @binding: For each quantity the enum mn_source that gives @effective.
 * @value: Value by quantity and source, 0 where it is not present.
 */
struct mn_limits {
	__u32 required[MN_QUANTITY_NR];
	__u32 present[MN_QUANTITY_NR];
	__u32 effective[MN_QUANTITY_NR];
	__u32 binding[MN_QUANTITY_NR];
	__u32 value[MN_QUANTITY_NR][8];
};

/* Range of mn_acquire.lease_ms, and what 0 stands for */
#define MN_LEASE_MIN_MS			100
#define MN_LEASE_MAX_MS			500
#define MN_LEASE_DEFAULT_MS		300

/**
 * struct mn_acquire - Become the controller (%MN_IOC_ACQUIRE).
 * @treatment: Random id of the treatment, not all zero. The id of the last treatment goes on with
 *	it; its dose and session limits stay. Another id starts a new treatment, and the one
 *	before is over: its id is refused from then on (-EINVAL).
 * @lease_ms: Time after which the device stops unless %MN_IOC_HEARTBEAT renews it, 100 to 500;
 *	0 is 300.
 * @flags: 0.
 *
 * Errors: -EACCES the file is not open for writing; -EBUSY another file controls the device;
 * -EBADFD it is not SAFE or FAULT.
 */
struct mn_acquire {
	__u8 treatment[16];
	__u32 lease_ms;
	__u32 flags;
};

/**
 * struct mn_set_limits - Lower the limits of this treatment (%MN_IOC_SET_LIMITS).
 * @valid: Which of @value are given, bit 1 << enum mn_quantity.
 * @flags: 0.
 * @value: Limit by quantity.
 *
 * All four must have been given once before a treatment can be armed. Errors: -EPERM this file
 * does not control the device, or a value would raise a limit of this treatment.
 */
struct mn_set_limits {
	__u32 valid;
	__u32 flags;
	__u32 value[MN_QUANTITY_NR];
};

/**
 * struct mn_declare_cartridge - Say what cartridge was inserted (%MN_IOC_DECLARE_CARTRIDGE).
 * @needle_um: Length of its needles, at least 1.
 * @needles: How many, at least 1.
 * @max_rate_mhz: Fastest rate that it is made for, at least 1.
 * @max_strokes: Strokes that it is made for, at least 1.
 * @expiry_days: Last day of use, days since 1970-01-01.
 * @flags: 0.
 * @lot: From its label: printable, without spaces, NUL padded, not empty.
 * @uid: Out: the identity that it has while it stays inserted. Must be 0 when calling.
 *
 * For a handpiece that reads no tag: mn_status.cartridge_flags has %MN_CARTRIDGE_UNDECLARED. Once
 * per insertion, and what is beyond the board's limits is lowered to them. Such a cartridge can't
 * carry the used mark, so the mark lasts while it stays inserted: after a removal, a sleep of the
 * system or a new probe it is spent, and declaring is refused until one is seen to be inserted.
 *
 * Errors: -EPERM this file does not control the device; -EOPNOTSUPP its tag is read; -EBADFD not
 * SAFE or FAULT; -EAGAIN no cartridge is inserted, or nobody knows; -EEXIST it was declared before.
 */
struct mn_declare_cartridge {
	__u32 needle_um;
	__u32 needles;
	__u32 max_rate_mhz;
	__u32 max_strokes;
	__u32 expiry_days;
	__u32 flags;
	char lot[24];
	__aligned_u64 uid;
};

/**
 * struct mn_set_point - What to do (%MN_IOC_ARM, and %MN_IOC_UPDATE while ARMED or RUNNING).
 * @depth_um: In: depth, at least 1. Out: depth after rounding down to the device's step.
 * @rate_mhz: In: stroke rate. Out: rate after rounding down.
 * @strokes: Number of strokes, at least 1; then it stops and is SAFE.
 * @run_ms: Longest continuous run, at least 1.
 * @flags: 0.
 * @refused_quantity: Out, with -ERANGE: enum mn_quantity that is beyond its limit.
 * @refused_source: Out, with -ERANGE: enum mn_source that binds.
 * @refused_limit: Out, with -ERANGE: the limit.
 * @interlocks: Out, with -EAGAIN: MN_INTERLOCK_ bits that are open.
 * @reserved: 0.
 *
 * Out fields are written with these errors too, and must be 0 when calling. Errors: -EPERM this
 * file does not control the device; -ERANGE beyond a limit; -EAGAIN an interlock is open; -EBADFD
 * not SAFE (for ARM), not ARMED or RUNNING (for UPDATE); -ECANCELED a stop came in between.
 */
struct mn_set_point {
	__u32 depth_um;
	__u32 rate_mhz;
	__u32 strokes;
	__u32 run_ms;
	__u32 flags;
	__u32 refused_quantity;
	__u32 refused_source;
	__u32 refused_limit;
	__u32 interlocks;
	__u32 reserved;
};

/**
 * struct mn_clear_fault - Clear what is latched (%MN_IOC_CLEAR_FAULT).
 * @faults: Mask that the caller has seen, from mn_status.faults. A fault that latched since is
 *	not cleared.
 * @remaining: Out: mask that is still latched, because its cause is there or it was not named. Must
 *	be 0 when calling.
 *
 * Never arms. Errors: -EPERM this file does not control the device; -EBADFD not in FAULT; -EAGAIN
 * some remain, see @remaining.
 */
struct mn_clear_fault {
	__aligned_u64 faults;
	__aligned_u64 remaining;
};

/**
 * enum mn_event - Type of a record from read().
 * @MN_EVENT_STATE: The state changed.
 * @MN_EVENT_FAULT: A fault was latched.
 * @MN_EVENT_STROKE: A stroke was made.
 * @MN_EVENT_INPUT: An input changed.
 * @MN_EVENT_LEASE: Half of the lease is over.
 * @MN_EVENT_CARTRIDGE: A cartridge was inserted, removed, read or marked.
 * @MN_EVENT_LIMIT: An effective limit changed.
 * @MN_EVENT_OVERRUN: Records were lost because the file was not read.
 * @MN_EVENT_CLEARED: Faults were cleared.
 * @MN_EVENT_SELF_TEST: A self-test began or ended.
 */
enum mn_event {
	MN_EVENT_STATE		= 1,
	MN_EVENT_FAULT		= 2,
	MN_EVENT_STROKE		= 3,
	MN_EVENT_INPUT		= 4,
	MN_EVENT_LEASE		= 5,
	MN_EVENT_CARTRIDGE	= 6,
	MN_EVENT_LIMIT		= 7,
	MN_EVENT_OVERRUN	= 8,
	MN_EVENT_CLEARED	= 9,
	MN_EVENT_SELF_TEST	= 10,
};

/**
 * struct mn_record - One event. read() gives whole records, as many as fit.
 * @mono_ns: CLOCK_MONOTONIC at which the kernel learned of it.
 * @seq: Counts the records posted to this open file; a gap is a loss.
 * @type: enum mn_event.
 * @flags: 0.
 * @state: For %MN_EVENT_STATE.
 * @state.from: enum mn_state.
 * @state.to: enum mn_state.
 * @state.cause: enum mn_cause.
 * @state.epoch: As mn_status.epoch.
 * @fault: For %MN_EVENT_FAULT.
 * @fault.code: enum mn_fault.
 * @fault.detail: As mn_status.fault_detail.
 * @fault.state: enum mn_state in which it was found.
 * @stroke: For %MN_EVENT_STROKE.
 * @stroke.number: The handpiece's count of strokes.
 * @stroke.depth_um: Measured depth.
 * @stroke.period_us: Time since the stroke before.
 * @stroke.current_ma: Peak motor current.
 * @input: For %MN_EVENT_INPUT.
 * @input.inputs: MN_INPUT_ bits.
 * @input.changed: Which of them changed.
 * @input.interlocks: MN_INTERLOCK_ bits after it.
 * @input.temp_mc: Motor temperature.
 * @lease: For %MN_EVENT_LEASE.
 * @lease.left_ms: Time left.
 * @cartridge: For %MN_EVENT_CARTRIDGE.
 * @cartridge.flags: MN_CARTRIDGE_ bits.
 * @cartridge.needle_um: Length of its needles.
 * @cartridge.uid: Its identity.
 * @limit: For %MN_EVENT_LIMIT.
 * @limit.quantity: enum mn_quantity.
 * @limit.effective: The limit now.
 * @limit.binding: enum mn_source.
 * @overrun: For %MN_EVENT_OVERRUN.
 * @overrun.lost: Records lost in a row.
 * @cleared: For %MN_EVENT_CLEARED.
 * @cleared.faults: Mask of what was cleared.
 * @cleared.remaining: Mask of what is still latched.
 * @self_test: For %MN_EVENT_SELF_TEST.
 * @self_test.result: enum mn_self_test.
 * @raw: All of the payload; unused bytes are 0.
 *
 * Fault, state, lease, cleared, cartridge and self-test records have a queue of their own, which
 * strokes cannot push out and which read() serves first; sort by @seq for the order in which things
 * happened.
 * poll(): EPOLLIN records wait, EPOLLPRI a fault is latched, EPOLLHUP the handpiece is gone.
 * After an unplug read() gives what is left and then -ENODEV.
 */
struct mn_record {
	__aligned_u64 mono_ns;
	__u32 seq;
	__u16 type;
	__u16 flags;
	union {
		struct {
			__u32 from;
			__u32 to;
			__u32 cause;
			__u32 epoch;
		} state;
		struct {
			__u32 code;
			__s32 detail[2];
			__u32 state;
		} fault;
		struct {
			__u32 number;
			__u32 depth_um;
			__u32 period_us;
			__u32 current_ma;
		} stroke;
		struct {
			__u32 inputs;
			__u32 changed;
			__u32 interlocks;
			__s32 temp_mc;
		} input;
		struct {
			__u32 left_ms;
		} lease;
		struct {
			__u32 flags;
			__u32 needle_um;
			__aligned_u64 uid;
		} cartridge;
		struct {
			__u32 quantity;
			__u32 effective;
			__u32 binding;
		} limit;
		struct {
			__u32 lost;
		} overrun;
		struct {
			__aligned_u64 faults;
			__aligned_u64 remaining;
		} cleared;
		struct {
			__u32 result;
		} self_test;
		__u8 raw[16];
	};
};

/* Range of mn_capture.samples: a minute at 20 kHz */
#define MN_CAPTURE_SAMPLES_MAX		1200000

/**
 * struct mn_capture - Sample needle position and motor current (%MN_IOC_CAPTURE).
 * @rate_hz: Samples a second, 1 to mn_info.capture_max_hz; the handpiece may take fewer.
 * @samples: How many, 1 to %MN_CAPTURE_SAMPLES_MAX.
 * @flags: 0.
 * @fd: Out: a file, open for reading and closed on exec, that gives the samples. Must be 0 when
 *	calling.
 *
 * read() from @fd gives whole samples, &struct mn_sample, as many as fit, and waits for one unless
 * O_NONBLOCK is set (fcntl()). After the last sample it gives 0; -ECANCELED where the capture ended
 * early, because the system slept, or the handpiece restarted or was reset; -ENODEV where it is
 * gone.
 * Samples wait in a queue of 8192; those that find it full are lost. poll() gives EPOLLIN when
 * read() would not wait. Closing @fd ends the capture.
 *
 * It moves nothing, so that every file that is open for writing may ask for it, in every state;
 * other commands wait while the handpiece decides, at most 50 ms. Errors: -EACCES the file is not
 * open for writing; -EOPNOTSUPP the handpiece gives no waveform; -EINVAL @rate_hz or @samples out
 * of range; -EBUSY somebody else captures; -EREMOTEIO the handpiece refused.
 */
struct mn_capture {
	__u32 rate_hz;
	__u32 samples;
	__u32 flags;
	__s32 fd;
};

/**
 * struct mn_sample - One sample of a capture.
 * @mono_ns: CLOCK_MONOTONIC at which it was taken, as exactly as the handpiece's clock is known,
 *	which is to about the time that a packet is under way.
 * @number: Counts the samples of this capture from 0; a gap is a loss.
 * @position_um: Of the needles' tips, from home toward the skin.
 * @current_ma: Of the motor; 65535 stands for that or more, or not measured.
 */
struct mn_sample {
	__aligned_u64 mono_ns;
	__u32 number;
	__u16 position_um;
	__u16 current_ma;
};

#define MN_IOC_TYPE		0xBD

/* From every open file */
#define MN_IOC_GET_INFO		_IOR(MN_IOC_TYPE, 0x00, struct mn_info)
#define MN_IOC_GET_STATUS	_IOR(MN_IOC_TYPE, 0x01, struct mn_status)
#define MN_IOC_GET_LIMITS	_IOR(MN_IOC_TYPE, 0x02, struct mn_limits)

/*
 * Stop the needles, from every open file, in every state: 0, also if nothing was moving. Waits for
 * nothing; the state record and MN_INPUT_HOME tell when the needles are home. ARMED and RUNNING
 * become SAFE.
 */
#define MN_IOC_STOP		_IO(MN_IOC_TYPE, 0x03)

/* From a file that is open for writing */
#define MN_IOC_CAPTURE		_IOWR(MN_IOC_TYPE, 0x04, struct mn_capture)
#define MN_IOC_ACQUIRE		_IOW(MN_IOC_TYPE, 0x10, struct mn_acquire)

/*
 * Have the handpiece test itself: with the needle motor off, and moving toward home only, but for
 * the steps away from home that show that its home switch opens. Returns
 * when it has begun; mn_status.self_test and the self-test record tell how it ended, within 5 s. A
 * stop breaks it off. -EBADFD not SAFE; -EBUSY another file controls the device, or a test is being
 * made; -EAGAIN the needles still run down, or the handpiece does not report; -EREMOTEIO the
 * handpiece refused; -ECANCELED a stop came in between.
 */
#define MN_IOC_SELF_TEST	_IO(MN_IOC_TYPE, 0x18)

/*
 * From the controller only, -EPERM for others.
 *
 * RELEASE stops if need be and gives up control. START begins to run: -EBADFD not ARMED,
 * -EOPNOTSUPP the device has a trigger and only that starts it, -ECANCELED a stop came in
 * between, -EREMOTEIO the handpiece refused. HEARTBEAT renews the lease: -ETIME too late;
 * nothing but ACQUIRE gives a new lease, and if it was ARMED or RUNNING the fault is latched.
 */
#define MN_IOC_RELEASE		_IO(MN_IOC_TYPE, 0x11)
#define MN_IOC_SET_LIMITS	_IOW(MN_IOC_TYPE, 0x12, struct mn_set_limits)
#define MN_IOC_ARM		_IOWR(MN_IOC_TYPE, 0x13, struct mn_set_point)
#define MN_IOC_UPDATE		_IOWR(MN_IOC_TYPE, 0x14, struct mn_set_point)
#define MN_IOC_START		_IO(MN_IOC_TYPE, 0x15)
#define MN_IOC_HEARTBEAT	_IO(MN_IOC_TYPE, 0x16)
#define MN_IOC_CLEAR_FAULT	_IOWR(MN_IOC_TYPE, 0x17, struct mn_clear_fault)
#define MN_IOC_DECLARE_CARTRIDGE _IOWR(MN_IOC_TYPE, 0x19, struct mn_declare_cartridge)

#endif /* _UAPI_LINUX_MICRONEEDLE_H */
