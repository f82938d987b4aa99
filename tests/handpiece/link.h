/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outbox: status packets, stroke reports and waveform blocks on their way to the host.
 *
 * One packet is with the front at a time on each endpoint; what waits here can still be merged,
 * dropped when nobody takes it, or spoilt by an injected fault.
 */
#ifndef HP_LINK_H
#define HP_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault_table.h"
#include "stats.h"
#include "trace.h"
#include "usb_protocol.h"
#include "waveform.h"

enum hp_ep {
	HP_EP_KILL,
	HP_EP_LEASE,
	HP_EP_STATUS,
	HP_EP_STROKES,
	HP_EPS
};

/* What a way to the host must offer: FunctionFS here, or a stand-in of a unit test */
struct hp_front {
	void *ctx;
	/* Hand a packet over; its end is told by hp_fw_sent(). The data is copied */
	void (*submit)(void *ctx, enum hp_ep ep, const void *data, size_t length);
	/* Take the packet back if the host has not had it: hp_fw_sent() comes all the same */
	void (*cancel)(void *ctx, enum hp_ep ep);
	/* Let the host's packets on this OUT endpoint wait */
	void (*nak)(void *ctx, enum hp_ep ep, bool on);
	/* Leave the bus, after return */
	void (*disconnect)(void *ctx);
};

#define HP_STATUS_QUEUE 16
#define HP_REPORT_QUEUE 64
#define HP_TAGS 4 /* injections that one report may carry */

struct hp_report {
	struct mnp_stroke stroke;
	uint64_t made_ns;
	bool over_depth; /* beyond the set depth and the tolerance */
	uint32_t injection[HP_TAGS];
	unsigned int injections;
};

struct hp_link {
	struct hp_front front;
	struct hp_faults *faults;
	struct hp_stats *stats;
	struct hp_trace *trace;
	uint64_t clock_zero_ns; /* the device clock's 0 */

	bool up;
	unsigned int strokes_max; /* in one packet */

	struct mnp_status status[HP_STATUS_QUEUE];
	unsigned int status_first, status_count;
	bool status_busy;
	uint64_t status_since_ns;

	struct hp_report report[HP_REPORT_QUEUE];
	unsigned int report_first, report_count;
	bool report_busy, report_cancelled;
	struct hp_report sent[MNP_STROKES_MAX]; /* with the front */
	unsigned int sent_count;
	uint64_t report_since_ns; /* the oldest that the host has not had */
	uint64_t held_until_ns, released_ns;
	uint32_t held_by, gap_by; /* injections whose effect is still to come */
	uint32_t gap_number;

	/* on the endpoint of the reports, which go first */
	struct hp_waveform *waveform;
	struct hp_block block; /* with the front */
	bool block_busy, block_cancelled;
};

void hp_link_init(struct hp_link *l, const struct hp_front *front, struct hp_faults *faults,
		  struct hp_stats *stats, struct hp_waveform *waveform, struct hp_trace *trace);
void hp_link_set(struct hp_link *l, bool up, bool high_speed, uint64_t now);
void hp_link_status(struct hp_link *l, const struct mnp_status *status, uint64_t now);
void hp_link_report(struct hp_link *l, const struct hp_report *report, uint64_t now);
void hp_link_sent(struct hp_link *l, enum hp_ep ep, bool ok, uint64_t now);
/* Sends what the delay of a "late" injection held back */
void hp_link_release(struct hp_link *l, uint64_t now);
/* Since when the host has not taken a report that it could have had; HP_NEVER: all is taken */
uint64_t hp_link_backlog(const struct hp_link *l);
void hp_link_drop_reports(struct hp_link *l, uint64_t now);
/* Blocks were made */
void hp_link_waveform(struct hp_link *l, uint64_t now);
/* Take back the block that is with the front. True: it is there yet, ask again */
bool hp_link_recall_block(struct hp_link *l);
/* Samples that one packet holds */
uint16_t hp_link_samples_max(const struct hp_link *l);

#endif /* HP_LINK_H */
