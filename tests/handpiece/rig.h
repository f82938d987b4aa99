/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bench for the firmware without a bus: a host that takes every packet at once, and a clock that
 * is a number.
 */
#ifndef HP_RIG_H
#define HP_RIG_H

#include "firmware.h"

#define RIG_PACKETS 4096
#define RIG_STROKES 65536
#define RIG_SAMPLES 131072
#define RIG_BLOCKS 4096

struct rig {
	struct hp_firmware fw;
	struct hp_trace trace;
	uint64_t now;
	bool deaf; /* the host takes no packet */
	bool pending[HP_EPS];
	bool naks[HP_EPS];
	bool recalled[HP_EPS]; /* the handpiece asked for its packet back */
	bool holds; /* the bus gives none back */
	bool disconnected;
	uint32_t stored; /* faults kept without power */
	unsigned int stores;
	struct mnp_status status[RIG_PACKETS];
	size_t status_length[RIG_PACKETS];
	unsigned int statuses;
	struct mnp_stroke stroke[RIG_STROKES];
	unsigned int strokes, packets;
	uint64_t packet_ns[RIG_STROKES]; /* of each stroke */
	size_t last_length;
	struct mnp_waveform block[RIG_BLOCKS]; /* without its samples */
	unsigned int first_sample[RIG_BLOCKS]; /* where they are */
	uint64_t block_ns[RIG_BLOCKS];
	size_t block_length[RIG_BLOCKS];
	unsigned int blocks;
	struct mnp_sample sample[RIG_SAMPLES];
	unsigned int samples;
	unsigned int wakes; /* timers that were due */
	uint16_t tag;
	uint32_t epoch, lease;
};

/* A handpiece on the bus with a cartridge, foot switch released */
struct rig *rig_new(void);
/* The same from another start */
struct rig *rig_new_with(const struct hp_identity *id, uint64_t seed, uint32_t latched);
void rig_free(struct rig *r);

/* Time goes on; what the host is sent it takes */
void rig_run(struct rig *r, uint64_t ns);
/* With a lease every 25 ms */
void rig_run_leased(struct rig *r, uint64_t ns);
void rig_lease(struct rig *r);
void rig_kill(struct rig *r, uint32_t epoch);
/* MNP_RESULT_, asked for until it is decided */
uint8_t rig_stop(struct rig *r, uint32_t epoch);
uint8_t rig_start(struct rig *r, uint32_t depth_um, uint32_t rate_mhz, uint32_t strokes,
		  uint32_t run_ms);
uint8_t rig_clear(struct rig *r, uint32_t faults);
uint8_t rig_mark(struct rig *r, uint64_t uid, const char *treatment);
uint8_t rig_capture(struct rig *r, uint32_t rate_hz, uint32_t samples);
uint8_t rig_tell(struct rig *r, uint8_t request, const void *data, size_t size);
struct mnp_cartridge rig_cartridge(struct rig *r);
/* STOP, foot switch pressed, lease, START: it runs */
void rig_go(struct rig *r, uint32_t depth_um, uint32_t rate_mhz);
struct hp_injection *rig_inject(struct rig *r, enum hp_fault fault,
				const struct hp_fault_params *params, uint32_t after_strokes);
struct hp_fault_params rig_params(enum hp_fault fault);
const struct mnp_status *rig_last_status(const struct rig *r);

#endif /* HP_RIG_H */
