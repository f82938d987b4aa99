/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The waveform: needle position and motor current at a steady rate, in blocks for the host.
 *
 * No I/O and no clock. Samples are computed from the model a block at a time: hp_waveform_take()
 * before the model changes its course, and when a block is due.
 */
#ifndef HP_WAVEFORM_H
#define HP_WAVEFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"
#include "stats.h"
#include "trace.h"
#include "usb_protocol.h"

/* Blocks that may wait for the bus, 100 ms at 20 kHz; the last block has a place of its own */
#define HP_BLOCKS 16

struct hp_block {
	uint32_t number; /* of its first sample */
	uint64_t at_ns; /* when that was taken */
	uint32_t period_ns;
	uint16_t tag;
	uint16_t count;
	bool last;
	struct mnp_sample sample[MNP_WAVEFORM_MAX];
};

union hp_waveform_packet {
	struct mnp_waveform head;
	uint8_t bytes[MNP_STROKES_MAXP];
};

struct hp_waveform {
	struct hp_stats *stats;
	struct hp_trace *trace;
	bool on; /* until the last block is out */
	uint64_t begin_ns;
	uint32_t samples; /* how many are asked for */
	uint32_t taken;
	uint16_t block_samples;
	struct hp_block filling;
	struct hp_block block[HP_BLOCKS + 1];
	unsigned int first, count;
};

void hp_waveform_init(struct hp_waveform *w, struct hp_stats *stats, struct hp_trace *trace);
/* MNP_RESULT_; @fits: samples that one packet of this bus holds */
uint8_t hp_waveform_begin(struct hp_waveform *w, uint16_t tag, uint32_t rate_hz, uint32_t samples,
			  uint16_t fits, uint64_t now);
/* What was sampled and is not with the bus is forgotten */
void hp_waveform_end(struct hp_waveform *w, const char *why, uint64_t now);
/* When the block under way is full; HP_NEVER: there is none */
uint64_t hp_waveform_due(const struct hp_waveform *w);
/* The samples until @until; @peak_ma: of the stroke under way, UINT32_MAX: not measured */
void hp_waveform_take(struct hp_waveform *w, const struct hp_model *m, uint32_t peak_ma,
		      uint64_t until);

/* The outbox's side. False: no block waits */
bool hp_waveform_next(struct hp_waveform *w, struct hp_block *block);
/* @had: the host has it */
void hp_waveform_sent(struct hp_waveform *w, const struct hp_block *block, bool had, uint64_t now);
/* Its length */
size_t hp_waveform_packet(const struct hp_block *block, uint64_t clock_zero_ns,
			  union hp_waveform_packet *packet);

#endif /* HP_WAVEFORM_H */
