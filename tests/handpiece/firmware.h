/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handpiece's firmware: when it runs, when it stops, and what it tells.
 *
 * No I/O and no clock of its own. The caller passes the time into every call, asks hp_fw_next()
 * when to call hp_fw_advance() again, and is called back through struct hp_front. Not thread safe.
 */
#ifndef HP_FIRMWARE_H
#define HP_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cartridge.h"
#include "fault_table.h"
#include "link.h"
#include "model.h"
#include "stats.h"
#include "trace.h"
#include "usb_protocol.h"
#include "waveform.h"

/* What it is: the part of mnp_identify that no run of the program changes */
struct hp_identity {
	char serial[32];
	char model[32];
	char firmware[24];
	bool foot_switch;
	uint32_t max_depth_um, max_rate_mhz, min_rate_mhz, max_strokes, max_run_ms;
	uint32_t depth_step_um, rate_step_mhz, tolerance_um;
	uint32_t run_up_ms, run_down_ms, lease_ms;
	uint32_t max_current_ma;
	int32_t max_temp_mc;
	uint32_t calibration_age_days, calibration_valid_days;
	uint32_t capture_max_hz;
	uint32_t self_test; /* MNP_SELF_TEST_ at power-on */
};

/* In order of precedence: what stops comes before what starts when both are due */
enum hp_timer {
	HP_T_INPUT,
	HP_T_INJECTION,
	HP_T_LEASE,
	HP_T_RUN_END,
	HP_T_BACKLOG,
	HP_T_STALLED,
	HP_T_NOT_HOME,
	HP_T_MARK,
	HP_T_SELF_TEST,
	HP_T_REPORT,
	HP_T_HELD,
	HP_T_STROKE_END,
	HP_T_HOME,
	HP_T_WAVEFORM,
	HP_T_RECALL,
	HP_T_STATUS,
	HP_TIMERS
};

enum hp_motion {
	HP_REST,
	HP_TURNING,
	HP_RUN_DOWN,
};

enum hp_input {
	HP_FOOT_SWITCH,
	HP_EMERGENCY_STOP
};

#define HP_EDGES_MAX 64

struct hp_edge {
	uint64_t at_ns;
	enum hp_input input;
	bool value;
};

struct hp_store {
	void *ctx;
	void (*faults)(void *ctx, uint32_t faults); /* keep them without power */
};

struct hp_firmware {
	struct hp_identity id;
	struct hp_model model;
	struct hp_cartridges cartridges;
	struct hp_faults faults;
	struct hp_link link;
	struct hp_waveform waveform;
	struct hp_stats stats;
	struct hp_trace *trace;
	struct hp_store store;
	uint64_t now; /* of the call under way; events may be due before it */
	uint64_t due[HP_TIMERS];

	/* protocol */
	uint32_t boot_id;
	uint64_t power_on_ns;
	bool stop_seen;
	uint32_t epoch;
	uint32_t latched; /* MNP_FAULT_ */
	uint32_t status_number;
	struct mnp_status told; /* the last status, to see what changed */
	uint8_t refusal;
	uint32_t self_test;
	struct {
		uint8_t request, result;
		uint16_t tag;
		uint64_t not_before_ns; /* PENDING until then */
		uint32_t late_by; /* injection that made it so */
		bool stop_waits; /* and is looked at only then: */
		struct mnp_stop stop;
	} result;
	bool marking;
	struct mnp_mark mark;
	bool lease_known;
	uint32_t lease_number;
	uint64_t lease_until_ns;

	/* inputs */
	bool foot_switch, emergency_stop;
	uint16_t insertions;
	struct hp_edge edge[HP_EDGES_MAX];
	unsigned int edges;

	/* motion */
	enum hp_motion motion;
	bool by_itself; /* turns without a START: an injected fault */
	bool no_more; /* a STOP waits to be handled: begin no stroke */
	bool home;
	struct {
		uint32_t epoch, depth_um, rate_mhz, left;
		bool first; /* no stroke of this START has begun */
	} run;
	uint32_t stroke_number, stroke_epoch;
	bool stroke_first;
	bool reported;
	uint32_t stroke_set_um;
	uint64_t deepest_ns; /* of the stroke under way */
	uint64_t deepest_before_ns; /* of the stroke before */
	uint32_t frozen_um;
	uint32_t last_depth_um; /* as reported last */
	struct hp_stroke_plan plan;
	uint32_t tags[HP_TAGS]; /* injections in the stroke under way */
	unsigned int tag_count;
	bool own_depth_check, own_current_check;
};

/* requests.c answers these for endpoint 0 */
#define HP_EP0_STALL (-1)
#define HP_EP0_HANG (-2) /* it leaves the bus: no answer ever */

void hp_identity_default(struct hp_identity *id);
void hp_fw_init(struct hp_firmware *fw, const struct hp_identity *id, const struct hp_front *front,
		const struct hp_store *store, struct hp_trace *trace, uint64_t seed,
		uint32_t boot_id, uint32_t latched, uint64_t now);
void hp_fw_power_cycle(struct hp_firmware *fw, uint32_t boot_id, uint64_t now);

uint64_t hp_fw_next(const struct hp_firmware *fw);
void hp_fw_advance(struct hp_firmware *fw, uint64_t now);

/* The bus. "up": the host has configured us and the endpoints work */
void hp_fw_link(struct hp_firmware *fw, bool up, bool high_speed, uint64_t now);
void hp_fw_bus(struct hp_firmware *fw, bool sleeps, uint64_t now);
void hp_fw_out(struct hp_firmware *fw, enum hp_ep ep, const void *data, size_t length,
	       uint64_t now);
void hp_fw_sent(struct hp_firmware *fw, enum hp_ep ep, bool ok, uint64_t now);
/* Length of the answer in @buffer (512 bytes), HP_EP0_STALL or HP_EP0_HANG */
int hp_fw_request_in(struct hp_firmware *fw, uint8_t request, uint16_t value, uint16_t length,
		     void *buffer, uint64_t now);
/* 0 or HP_EP0_STALL: asked before the data stage, whose handshake cannot be refused later */
int hp_fw_request_out_ok(uint8_t request, uint16_t value);
/* 0 or HP_EP0_HANG */
int hp_fw_request_out(struct hp_firmware *fw, uint8_t request, uint16_t value, const void *data,
		      size_t length, uint64_t now);

/* The world */
void hp_fw_input(struct hp_firmware *fw, enum hp_input input, bool value, uint64_t now);
/* false: too many edges under way */
bool hp_fw_input_later(struct hp_firmware *fw, enum hp_input input, bool value, uint64_t at_ns);
bool hp_fw_insert(struct hp_firmware *fw, const struct hp_cartridge_spec *spec, uint64_t now);
bool hp_fw_remove(struct hp_firmware *fw, uint64_t now);
bool hp_fw_inject(struct hp_firmware *fw, enum hp_fault fault, const struct hp_fault_params *params,
		  uint64_t at_ns, bool by_strokes, uint32_t after_strokes, uint64_t now,
		  uint32_t *id);
void hp_fw_clear_injections(struct hp_firmware *fw, uint64_t now);

uint8_t hp_fw_state(const struct hp_firmware *fw); /* MNP_STATE_ */
uint16_t hp_fw_inputs(const struct hp_firmware *fw); /* MNP_INPUT_ */
bool hp_fw_lease_fresh(const struct hp_firmware *fw, uint64_t now);
int32_t hp_fw_temp_mc(struct hp_firmware *fw, uint64_t now);
uint32_t hp_fw_current_ma(struct hp_firmware *fw);

/* Between the parts of the firmware */

/* firmware.c */
void hp_fw_latch(struct hp_firmware *fw, uint32_t faults, uint64_t now);
void hp_fw_unlatch(struct hp_firmware *fw, uint32_t faults, uint64_t now);
void hp_fw_status_packet(struct hp_firmware *fw, struct mnp_status *s);
/* A status if something changed, or in any case */
void hp_fw_tell(struct hp_firmware *fw, bool always);

/* The test under way is broken off and counts as never made */
void hp_fw_break_off_test(struct hp_firmware *fw);

/* motion.c */
void hp_fw_run(struct hp_firmware *fw, uint64_t now);
void hp_fw_creep(struct hp_firmware *fw, uint64_t now);
void hp_fw_stop(struct hp_firmware *fw, const char *why, uint64_t now);
void hp_fw_stall(struct hp_firmware *fw, struct hp_injection *i, uint64_t now);
void hp_fw_report_due(struct hp_firmware *fw, uint64_t at);
void hp_fw_stroke_end(struct hp_firmware *fw, uint64_t at);
void hp_fw_home_due(struct hp_firmware *fw, uint64_t at);
void hp_fw_retract(struct hp_firmware *fw, uint64_t now);

/* world.c */
uint64_t hp_fw_injection_due(const struct hp_firmware *fw);
void hp_fw_injections_due(struct hp_firmware *fw, uint64_t at);
void hp_fw_injections_by_stroke(struct hp_firmware *fw, uint64_t at);
void hp_fw_edges_due(struct hp_firmware *fw, uint64_t at);
/* true: it left the bus */
bool hp_fw_disconnect_at(struct hp_firmware *fw, enum hp_word step, uint64_t now);

/* requests.c */
void hp_fw_mark_due(struct hp_firmware *fw, uint64_t at);
void hp_fw_recall_due(struct hp_firmware *fw, uint64_t at);
/* A CAPTURE that ends is decided once no block is with the bus */
void hp_fw_capture_over(struct hp_firmware *fw);

#endif /* HP_FIRMWARE_H */
