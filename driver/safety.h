/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules that keep needles from going deeper, faster or longer than allowed.
 *
 * Pure: no I/O, no lock, no clock, no allocation. The caller holds its own lock, passes in what
 * happened and the time, and carries out the actions that come back. The same source is compiled
 * into the kernel module and into user-space programs that test and explore it.
 */
#ifndef MN_SAFETY_H
#define MN_SAFETY_H

#include <linux/types.h>
#include <linux/microneedle.h>

/* Units that the compiler tells apart: a depth is not a rate even by mistake. */
struct mn_depth {
	u32 um;
};

struct mn_rate {
	u32 mhz;
};

struct mn_dose {
	u32 strokes;
};

struct mn_span {
	u32 ms;
};

/*
 * Compiled limits. Depth and rate beyond these are no microneedling. A whole face in three passes
 * is about 40,000 strokes of 14 needles (600 cm2, 300 punctures/cm2): the dose leaves room for
 * cartridges of fewer needles and no more.
 */
#define MN_ABSOLUTE_DEPTH_UM		3000
#define MN_ABSOLUTE_RATE_MHZ		200000
#define MN_ABSOLUTE_DOSE_STROKES	200000
#define MN_ABSOLUTE_RUN_MS		600000

/*
 * Ceilings: 1.5 mm is the deepest needle for wrinkles and the deepest at which the first pen that
 * FDA classified was evaluated (DEN160029); 150 Hz is the fastest of the pens cleared since
 * (K180778).
 */
#define MN_CEILING_DEPTH_UM		1500
#define MN_CEILING_RATE_MHZ		150000
#define MN_CEILING_DOSE_STROKES		100000
#define MN_CEILING_RUN_MS		300000

/* No handpiece may claim more than these for itself */
#define MN_TOLERANCE_MAX_UM		150
#define MN_RUN_UP_MAX_MS		500
#define MN_RUN_DOWN_MAX_MS		100
#define MN_HANDPIECE_LEASE_MAX_MS	100
#define MN_RATE_LOWEST_MHZ		20000

#define MN_ARM_TIMEOUT_MS		30000
#define MN_TRIGGER_RELEASED_MS		100	/* released for so long before a press counts */
#define MN_TRIGGER_DEBOUNCE_MS		20	/* a press counts once it has lasted so long */
#define MN_STROKE_SILENCE_MS		100	/* two strokes at the lowest rate */
#define MN_STATUS_SILENCE_MS		300	/* three missed reports */
#define MN_UNDER_RATE_MS		200
#define MN_BACKLOG_MS			50
#define MN_START_BOUND_MS		200	/* longest that a transport's start may take */
#define MN_HOME_REPORT_MS		20	/* for the report of home to travel */
#define MN_LEASE_REFRESH_MS		25	/* a quarter of the longest handpiece lease */
#define MN_FROZEN_STROKES		32	/* equal depths in a row, as no skin gives them */
#define MN_RATE_TOLERANCE_DIV		20	/* a motor's regulation: 5 % */
#define MN_DEPTH_IMPLAUSIBLE_UM		10000	/* no cartridge is as long: the reading is odd */
#define MN_PAST_TREATMENTS		32	/* ids that are known to be over */
#define MN_NEVER_CALIBRATED		0xffffffffU
#define MN_CLOCK_SET_DAYS		20089	/* 2025-01-01: an earlier date was never set */

/**
 * struct mn_caps - What a transport says of its handpiece once, at registration.
 * @transport: enum mn_transport.
 * @has_trigger: Only the foot switch or a button starts it.
 * @restarts: It has no memory: what happened before it is registered is unknown, a fault.
 * @tagless: It reads no cartridge's tag: the controller declares what was inserted.
 * @measures: MN_MEASURES_ bits.
 * @required: For each quantity the sources that apply, a constant of the transport.
 * @source: The source that @limit belongs to, DEVICE or BOARD.
 * @limit: The handpiece's own limits.
 * @depth_step_um: Depths are multiples of this.
 * @rate_step_mhz: Rates likewise.
 * @rate_min_mhz: Lowest rate.
 * @tolerance_um: Error of its depth measurement.
 * @run_up_ms: From start to half the set rate.
 * @run_down_ms: From stop to needles home.
 * @coast_strokes: Strokes that its motor can make meanwhile, if it does not brake.
 * @lease_ms: Its own lease.
 * @max_current_ma: Motor current beyond which something is wrong.
 * @max_temp_mc: Motor temperature likewise.
 * @calibration_age_days: Age of its calibration.
 * @calibration_valid_days: Age beyond which it does not hold.
 * @capture_max_hz: Fastest waveform, 0 if it gives none.
 * @serial: NUL terminated. Likewise @model, @firmware.
 * @model: NUL terminated.
 * @firmware: NUL terminated.
 */
struct mn_caps {
	u32 transport;
	bool has_trigger;
	bool restarts;
	bool tagless;
	u32 measures;
	const u32 *required;
	enum mn_source source;
	u32 limit[MN_QUANTITY_NR];
	u32 depth_step_um;
	u32 rate_step_mhz;
	u32 rate_min_mhz;
	u32 tolerance_um;
	u32 run_up_ms;
	u32 run_down_ms;
	u32 coast_strokes;
	u32 lease_ms;
	u32 max_current_ma;
	s32 max_temp_mc;
	u32 calibration_age_days;
	u32 calibration_valid_days;
	u32 capture_max_hz;
	char serial[32];
	char model[32];
	char firmware[24];
};

/**
 * struct mn_report - The handpiece's state, as it last told.
 * @inputs: MN_INPUT_ bits.
 * @epoch: Of the last stop it obeyed.
 * @boot_id: Changes when it restarts.
 * @insertions: Changes when a cartridge was inserted or removed.
 * @strokes: Strokes begun since it started.
 * @idle: The motor is off.
 * @self_test: Result of its last self-test.
 * @temp_mc: Motor temperature.
 * @faults: What it has latched itself, bit 1 << enum mn_fault.
 */
struct mn_report {
	u32 inputs;
	u32 epoch;
	u32 boot_id;
	u32 insertions;
	u32 strokes;
	bool idle;
	enum mn_self_test self_test;
	s32 temp_mc;
	u64 faults;
};

#define MN_NOT_MEASURED		0xffffffffU

/**
 * struct mn_stroke - One measured stroke.
 * @number: Counts strokes since the handpiece started.
 * @epoch: Of the start that it belongs to.
 * @depth_um: Measured depth, or %MN_NOT_MEASURED.
 * @period_us: Since the stroke before, 0 for the first after a start.
 * @current_ma: Peak current, or %MN_NOT_MEASURED.
 * @age_us: How long the report was under way.
 */
struct mn_stroke {
	u32 number;
	u32 epoch;
	u32 depth_um;
	u32 period_us;
	u32 current_ma;
	u32 age_us;
};

/**
 * struct mn_tag - What a cartridge says of itself.
 * @present: One is there.
 * @readable: Its tag was read and its check is right; else the rest is meaningless.
 * @marked: It carries a used mark, with @treatment.
 * @insertions: As mn_report.insertions when it was read.
 * @needles: Number of needles.
 * @uid: Identity.
 * @limit: Its limits by quantity; the depth is its needle length.
 * @expiry_days: Last day of use, days since 1970-01-01.
 * @lot: NUL terminated.
 * @treatment: Of the used mark.
 */
struct mn_tag {
	bool present;
	bool readable;
	bool marked;
	u32 insertions;
	u32 needles;
	u64 uid;
	u32 limit[MN_QUANTITY_NR];
	u32 expiry_days;
	char lot[24];
	u8 treatment[16];
};

/**
 * struct mn_order - What the transport's start is told. Built by mn_safety_step() alone: the
 * members are constant so that nothing alters it between check and use.
 * @epoch: Number of the last stop; the handpiece refuses if it has seen a later one.
 * @depth: Depth to go to.
 * @rate: Strokes per time.
 * @dose: Strokes to make, then stop.
 * @run: Longest run, then stop.
 */
struct mn_order {
	const u32 epoch;
	const struct mn_depth depth;
	const struct mn_rate rate;
	const struct mn_dose dose;
	const struct mn_span run;
};

struct mn_set {
	struct mn_depth depth;
	struct mn_rate rate;
	struct mn_dose dose;
	struct mn_span run;
};

/**
 * struct mn_keep - What must outlive the connection: kept by serial number for as long as the
 * module is loaded, so that pulling the plug clears no fault, lifts no limit and forgets no dose.
 * @faults: Latched, bit 1 << enum mn_fault.
 * @first: The one that latched first.
 * @detail: Detail of each.
 * @treatment: Id of the last treatment.
 * @treated: @treatment is set.
 * @past: Ids of treatments before it, the oldest overwritten; zero where there was none.
 * @past_next: The next of them to be overwritten.
 * @dose: Strokes of it.
 * @dose_uid: Cartridge that @dose was counted with.
 * @dose_ends: The next other cartridge begins a new count.
 * @session: Limits of the treatment by quantity, valid where @session_present has the bit.
 * @session_present: Which quantities have one.
 * @admin: Limits set in sysfs by quantity.
 * @declared: The cartridge that is inserted was declared, for all that is known: nothing was seen
 *	of its being taken out since.
 */
struct mn_keep {
	u64 faults;
	u32 first;
	s32 detail[MN_FAULT_NR][2];
	u8 treatment[16];
	bool treated;
	u8 past[MN_PAST_TREATMENTS][16];
	u32 past_next;
	u32 dose;
	u64 dose_uid;
	bool dose_ends;
	u32 session[MN_QUANTITY_NR];
	u32 session_present;
	u32 admin[MN_QUANTITY_NR];
	bool declared;
};

/**
 * struct mn_refusal - Why a set point was refused.
 * @quantity: enum mn_quantity beyond its limit, with -ERANGE. Likewise @source, @limit.
 * @source: enum mn_source that binds.
 * @limit: The limit.
 * @interlocks: MN_INTERLOCK_ bits that are open, with -EAGAIN.
 */
struct mn_refusal {
	u32 quantity;
	u32 source;
	u32 limit;
	u32 interlocks;
};

/**
 * struct mn_safety - All that the rules know. Read it freely; only mn_safety_*() write it.
 *
 * Deadlines are CLOCK_MONOTONIC nanoseconds, 0 when off.
 *
 * @caps: What the handpiece says of itself.
 * @keep: What outlives the connection.
 * @ceiling_um: The module's depth ceiling.
 * @state: Where it is.
 * @cause: What brought it there.
 * @epoch: Of the last stop; travels with every order.
 * @controlled: Somebody holds control.
 * @lease_ms: Length of the software lease.
 * @lease_deadline: When it lapses.
 * @lease_warning: When half of it is over.
 * @lease_refresh: When the handpiece's lease is to be renewed next.
 * @report: The handpiece's last status.
 * @reported: @report is of this handpiece, not zeroes.
 * @gone: It was unplugged, or its driver unbound: what it still reports lets nothing be armed.
 * @asleep: The system sleeps, or is on its way there or down: nothing can be armed.
 * @awoken: It told nothing yet since: its cartridge has to be read again.
 * @status_deadline: When the next status is overdue.
 * @testing: A self-test was asked for, and the transport has not answered yet: until then reports
 *	tell of an earlier one.
 * @tag: The cartridge's tag, present as long as it is known to be this one.
 * @held: This cartridge was marked by us and never left since.
 * @mark_tried: A mark was sent: if it can't be read back, it counts as written.
 * @today_days: The date, in days since 1970-01-01.
 * @set: The set point that is armed or running, zeroes otherwise.
 * @bound: What strokes are measured against, taken over from the set point when the motor starts:
 *	the strokes of the run-down are still to be judged when the set point and the cartridge's
 *	limits are gone. The depth is the larger of two set points while an UPDATE is on its way;
 *	the strokes are as many more as may have been made before it came there.
 * @bound_until: When the larger depth of the two ends.
 * @strokes_done: Strokes made with @set.
 * @start_wanted: The trigger or a START asked for the motor, and the gate was not yet passed.
 * @start_cause: Which of them.
 * @starting: The gate was passed, and the transport has not answered yet.
 * @updating: Likewise, while it is running already.
 * @run_epoch: Epoch of the order that was given last.
 * @released_since: Since when the trigger is released.
 * @press_deadline: When the press has lasted long enough to count.
 * @arm_deadline: When ARMED falls back to SAFE.
 * @run_left: What is left of the run time at the last start or update.
 * @rate_since: When it began to run up to the set rate.
 * @run_since: When the motor was started.
 * @run_deadline: When the longest run is over.
 * @stroke_deadline: When the next stroke is overdue.
 * @slow_deadline: When the rate has been too low for too long.
 * @home_deadline: When the needles must be home after a stop.
 * @motion_until: Until when strokes that were under way at the stop may still be told.
 * @stroke_next: Number that the next stroke must have.
 * @stroke_synced: @stroke_next is known.
 * @strokes_total: Strokes reported since it was plugged in.
 * @same_depth: How many strokes in a row repeated the depth before.
 * @last: The last stroke.
 * @last_rate_mhz: Its rate.
 */
struct mn_safety {
	struct mn_caps caps;
	struct mn_keep keep;
	u32 ceiling_um;

	enum mn_state state;
	enum mn_cause cause;
	u32 epoch;

	bool controlled;
	u32 lease_ms;
	u64 lease_deadline;
	u64 lease_warning;
	u64 lease_refresh;

	struct mn_report report;
	bool reported;
	bool gone;
	bool asleep;
	bool awoken;
	u64 status_deadline;
	bool testing;
	struct mn_tag tag;
	bool held;
	bool mark_tried;
	u32 today_days;

	struct mn_set set;
	struct mn_set bound;
	u64 bound_until;
	u32 strokes_done;
	bool start_wanted;
	enum mn_cause start_cause;
	bool starting;
	bool updating;
	u32 run_epoch;
	u64 released_since;
	u64 press_deadline;
	u64 arm_deadline;
	u64 run_since;
	u64 rate_since;
	struct mn_span run_left;
	u64 run_deadline;
	u64 stroke_deadline;
	u64 slow_deadline;
	u64 home_deadline;
	u64 motion_until;

	u32 stroke_next;
	bool stroke_synced;
	u32 strokes_total;
	u32 same_depth;
	struct mn_stroke last;
	u32 last_rate_mhz;
};

/* What mn_safety_step() asks for. The order to carry them out is the order here. */
#define MN_ACT_KILL		(1U << 0)	/* stop the motor now, with the present epoch */
#define MN_ACT_LEASE		(1U << 1)	/* renew the handpiece's lease */
#define MN_ACT_START		(1U << 2)	/* the trigger: to the gate, where one may sleep */
#define MN_ACT_READ_TAG		(1U << 3)	/* read the cartridge's tag */
#define MN_ACT_LEASE_WARNING	(1U << 4)	/* half of the lease is over */
#define MN_ACT_MARK		(1U << 5)	/* mark the cartridge, read back, ARM_COMMIT */
#define MN_ACT_RESYNC		(1U << 6)	/* stop again, in a way that is confirmed */

/**
 * enum mn_happening - What can happen.
 * @MN_HAPPENS_TICK: Time went by.
 * @MN_HAPPENS_ACQUIRE: A controller comes. -EBADFD.
 * @MN_HAPPENS_RELEASE: The controller gives up control.
 * @MN_HAPPENS_CLOSE: The controller is gone.
 * @MN_HAPPENS_SET_LIMITS: Lower limits of the treatment. -EPERM a raise, -EINVAL.
 * @MN_HAPPENS_SET_ADMIN: Lower limits of the administrator. -EPERM a raise, -EINVAL.
 * @MN_HAPPENS_ARM: Check a set point. 0 and perhaps %MN_ACT_MARK. -ERANGE, -EAGAIN, -EINVAL,
 *	-EBADFD.
 * @MN_HAPPENS_ARM_COMMIT: Hold it. As ARM, and -ECANCELED if a stop came in between.
 * @MN_HAPPENS_UPDATE: Change it, and go to the gate next if RUNNING. As ARM.
 * @MN_HAPPENS_START: The controller starts, and goes to the gate next. -EOPNOTSUPP, -EBADFD.
 * @MN_HAPPENS_BEGIN: The gate asks for the order. -ECANCELED.
 * @MN_HAPPENS_STARTED: The transport answered.
 * @MN_HAPPENS_STOP: Somebody stops.
 * @MN_HAPPENS_HEARTBEAT: The controller is alive. -ETIME too late.
 * @MN_HAPPENS_CLEAR: Clear faults. -EBADFD, -EAGAIN some remain.
 * @MN_HAPPENS_SELF_TEST: The handpiece is asked to test itself. -EBADFD, -EBUSY, -EAGAIN.
 * @MN_HAPPENS_TESTED: The transport answered. -ECANCELED a stop came in between.
 * @MN_HAPPENS_STROKE: A stroke was measured.
 * @MN_HAPPENS_REPORT: The handpiece told its state.
 * @MN_HAPPENS_TAG: A cartridge was read.
 * @MN_HAPPENS_DECLARE: The controller says what cartridge was inserted. -EOPNOTSUPP its tag is
 *	read, -EBADFD, -EAGAIN there is none, -EEXIST it was declared before.
 * @MN_HAPPENS_MARKING: A mark is being sent.
 * @MN_HAPPENS_FAIL: The transport found something wrong.
 * @MN_HAPPENS_SUSPEND: The system suspends or shuts down. Nothing is armed until RESUME.
 * @MN_HAPPENS_RESUME: The system is awake again.
 * @MN_HAPPENS_UNPLUG: The handpiece is gone.
 */
enum mn_happening {
	MN_HAPPENS_TICK,
	MN_HAPPENS_ACQUIRE,
	MN_HAPPENS_RELEASE,
	MN_HAPPENS_CLOSE,
	MN_HAPPENS_SET_LIMITS,
	MN_HAPPENS_SET_ADMIN,
	MN_HAPPENS_ARM,
	MN_HAPPENS_ARM_COMMIT,
	MN_HAPPENS_UPDATE,
	MN_HAPPENS_START,
	MN_HAPPENS_BEGIN,
	MN_HAPPENS_STARTED,
	MN_HAPPENS_STOP,
	MN_HAPPENS_HEARTBEAT,
	MN_HAPPENS_CLEAR,
	MN_HAPPENS_SELF_TEST,
	MN_HAPPENS_TESTED,
	MN_HAPPENS_STROKE,
	MN_HAPPENS_REPORT,
	MN_HAPPENS_TAG,
	MN_HAPPENS_DECLARE,
	MN_HAPPENS_MARKING,
	MN_HAPPENS_FAIL,
	MN_HAPPENS_SUSPEND,
	MN_HAPPENS_RESUME,
	MN_HAPPENS_UNPLUG,
};

/**
 * struct mn_stimulus - One happening and what belongs to it.
 * @type: What.
 * @treatment: ACQUIRE.
 * @lease_ms: ACQUIRE.
 * @valid: SET_LIMITS, SET_ADMIN: which of @value.
 * @value: SET_LIMITS, SET_ADMIN.
 * @set: ARM, ARM_COMMIT, UPDATE.
 * @epoch: ARM_COMMIT, STARTED, TESTED: the epoch when it began.
 * @error: STARTED, TESTED: 0 or -errno.
 * @faults: CLEAR: which.
 * @stroke: STROKE.
 * @report: REPORT.
 * @tag: TAG, DECLARE.
 * @code: FAIL: enum mn_fault.
 * @detail: FAIL.
 */
struct mn_stimulus {
	enum mn_happening type;
	union {
		struct {
			u8 treatment[16];
			u32 lease_ms;
		};
		struct {
			u32 valid;
			u32 value[MN_QUANTITY_NR];
		};
		struct {
			struct mn_set set;
			u32 epoch;
			int error;
		};
		u64 faults;
		struct mn_stroke stroke;
		struct mn_report report;
		struct mn_tag tag;
		struct {
			u32 code;
			s32 detail[2];
		};
	};
};

int mn_safety_check_caps(const struct mn_caps *caps, const char **why);
void mn_safety_init(struct mn_safety *s, const struct mn_caps *caps, const struct mn_keep *keep,
		    u32 ceiling_um, u32 epoch);
int mn_safety_step(struct mn_safety *s, const struct mn_stimulus *what, u64 now, u32 *actions,
		   struct mn_refusal *refusal);
u64 mn_safety_next_deadline(const struct mn_safety *s);

struct mn_order mn_safety_order(const struct mn_safety *s);
void mn_safety_today(struct mn_safety *s, u32 days);
void mn_keep_init(struct mn_keep *keep, u32 ceiling_um);

u32 mn_safety_limit(const struct mn_safety *s, enum mn_quantity quantity, enum mn_source *binding);
bool mn_safety_source(const struct mn_safety *s, enum mn_quantity quantity, enum mn_source source,
		      u32 *value);
u32 mn_safety_interlocks(const struct mn_safety *s);
u32 mn_safety_cartridge_flags(const struct mn_safety *s);

#endif /* MN_SAFETY_H */
