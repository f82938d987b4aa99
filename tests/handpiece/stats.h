/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the latency tests ask for: stamps (CLOCK_MONOTONIC, 0: never) and counts. */
#ifndef HP_STATS_H
#define HP_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct hp_stop_stats {
	uint64_t received_ns;
	uint32_t epoch;
	bool by_kill; /* on OUT A, else by endpoint 0 */
	bool obeyed;
	uint32_t strokes_at_arrival; /* begun until then */
};

/* Of the last waveform; in samples */
struct hp_waveform_stats {
	uint64_t begin_ns;
	uint64_t end_ns; /* 0: under way */
	uint32_t period_ns;
	uint32_t samples; /* asked for */
	uint32_t taken, sent;
	uint32_t dropped; /* found no room, or were lost with the bus */
	uint16_t tag;
};

struct hp_stats {
	uint32_t strokes_begun; /* since power-on */

	struct hp_stop_stats stop; /* the last STOP, whichever way */
	struct hp_stop_stats kill; /* the last on OUT A */
	uint64_t home_ns;

	uint32_t over_depth_number; /* of the last stroke reported too deep */
	uint32_t over_depth_um;
	uint64_t over_depth_queued_ns;
	uint64_t over_depth_completed_ns;
	uint32_t strokes_at_over_depth; /* begun when that report was queued */

	uint64_t start_ns;
	uint32_t start_epoch;
	uint8_t start_result;
	uint64_t first_stroke_ns; /* after that START */

	uint64_t lease_ns;
	uint64_t lease_due_ns;
	uint64_t lease_expired_ns;
	uint32_t lease_number;
	uint64_t lease_gap_ns; /* the longest between two renewals of one epoch */

	uint64_t stroke_completed_ns; /* the last stroke report that the host took */
	uint64_t identified_ns;
	uint64_t enabled_ns;

	struct hp_waveform_stats waveform;

	uint32_t kills, leases, stops, starts, requests, bad_packets;
	uint32_t statuses_sent, reports_sent, reports_dropped;
	uint32_t samples_sent, samples_dropped;
};

#endif /* HP_STATS_H */
