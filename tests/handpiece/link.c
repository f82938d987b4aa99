// SPDX-License-Identifier: GPL-2.0-or-later
#include "link.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "model.h"
#include "spoil.h"

/* A status that the host has not fetched for so long is stale: it is replaced by the present one */
#define STATUS_STALE_NS (50 * HP_MS)

/*
 * In one packet at full speed: one that is as long as the largest packet would not end the host's
 * transfer
 */
#define FULL_SPEED_STROKES 1
#define FULL_SPEED_SAMPLES 9

union strokes_packet {
	struct mnp_strokes head;
	uint8_t bytes[sizeof(struct mnp_strokes) + MNP_STROKES_MAX * sizeof(struct mnp_stroke)];
};

void hp_link_init(struct hp_link *l, const struct hp_front *front, struct hp_faults *faults,
		  struct hp_stats *stats, struct hp_waveform *waveform, struct hp_trace *trace)
{
	memset(l, 0, sizeof(*l));
	l->front = *front;
	l->faults = faults;
	l->stats = stats;
	l->waveform = waveform;
	l->trace = trace;
	l->strokes_max = MNP_STROKES_MAX;
	l->held_until_ns = HP_NEVER;
}

static void send_status(struct hp_link *l, uint64_t now)
{
	struct mnp_status packet;
	size_t length;

	if (!l->up || l->status_busy || !l->status_count)
		return;
	packet = l->status[l->status_first];
	l->status_first = (l->status_first + 1) % HP_STATUS_QUEUE;
	l->status_count--;
	length = hp_spoil(l->faults, HP_W_STATUS, &packet, sizeof(packet), now);
	l->status_busy = true;
	l->status_since_ns = now;
	hp_trace(l->trace, now, "status_queued", "\"number\":%u,\"state\":%u,\"epoch\":%u",
		 le32toh(packet.number), packet.state, le32toh(packet.epoch));
	l->front.submit(l->front.ctx, HP_EP_STATUS, &packet, length);
}

void hp_link_status(struct hp_link *l, const struct mnp_status *status, uint64_t now)
{
	struct hp_injection *silence = hp_faults_active(l->faults, HP_STATUS_SILENCE);

	if (!l->up)
		return;
	if (silence) {
		hp_faults_effect(silence, now, "status %u withheld", le32toh(status->number));
		hp_faults_spend(silence);
		return;
	}
	/* a cancel may come too early for the front: again with each status */
	if (l->report_cancelled)
		l->front.cancel(l->front.ctx, HP_EP_STROKES);
	if (l->status_busy && now - l->status_since_ns >= STATUS_STALE_NS) {
		l->status_count = 0;
		l->front.cancel(l->front.ctx, HP_EP_STATUS);
	}
	if (l->status_count == HP_STATUS_QUEUE) {
		l->status_first = (l->status_first + 1) % HP_STATUS_QUEUE;
		l->status_count--;
	}
	l->status[(l->status_first + l->status_count++) % HP_STATUS_QUEUE] = *status;
	send_status(l, now);
}

static void report_effects(struct hp_link *l, const struct hp_report *r, uint64_t now)
{
	struct hp_injection *i;

	for (unsigned int n = 0; n < r->injections; n++) {
		i = hp_faults_by_id(l->faults, r->injection[n]);
		if (i)
			hp_faults_effect(i, now, "stroke %u: %u um, %u us, %u mA handed to the bus",
					 le32toh(r->stroke.number), le32toh(r->stroke.depth_um),
					 le32toh(r->stroke.period_us),
					 le32toh(r->stroke.current_ma));
	}
	i = l->gap_by ? hp_faults_by_id(l->faults, l->gap_by) : NULL;
	if (i)
		hp_faults_effect(i, now, "stroke %u handed to the bus without %u before it",
				 le32toh(r->stroke.number), l->gap_number);
	l->gap_by = 0;
	i = l->held_by ? hp_faults_by_id(l->faults, l->held_by) : NULL;
	if (i)
		hp_faults_effect(i, now, "stroke %u handed to the bus %" PRIu64 " us late",
				 le32toh(r->stroke.number), (now - r->made_ns) / 1000);
	l->held_by = 0;
	if (r->over_depth) {
		l->stats->over_depth_number = le32toh(r->stroke.number);
		l->stats->over_depth_um = le32toh(r->stroke.depth_um);
		l->stats->over_depth_queued_ns = now;
		l->stats->over_depth_completed_ns = 0;
		l->stats->strokes_at_over_depth = l->stats->strokes_begun;
	}
}

static void send_reports(struct hp_link *l, uint64_t now)
{
	union strokes_packet packet;
	unsigned int count;
	size_t length;

	count = l->report_count < l->strokes_max ? l->report_count : l->strokes_max;
	length = sizeof(packet.head) + count * sizeof(struct mnp_stroke);
	memset(&packet.head, 0, sizeof(packet.head));
	packet.head.header.type = MNP_TYPE_STROKES;
	packet.head.header.version = MNP_VERSION;
	packet.head.header.length = htole16((uint16_t)length);
	packet.head.count = htole16((uint16_t)count);
	packet.head.time_us = htole64((now - l->clock_zero_ns) / 1000);
	l->report_since_ns = l->report[l->report_first].made_ns;
	/* what an injection held back the host could not have had */
	if (l->report_since_ns < l->released_ns)
		l->report_since_ns = l->released_ns;
	for (unsigned int n = 0; n < count; n++) {
		struct hp_report *r = &l->report[l->report_first];

		memcpy(packet.bytes + sizeof(packet.head) + n * sizeof(struct mnp_stroke),
		       &r->stroke, sizeof(r->stroke));
		report_effects(l, r, now);
		l->sent[n] = *r;
		l->report_first = (l->report_first + 1) % HP_REPORT_QUEUE;
		l->report_count--;
	}
	l->sent_count = count;
	length = hp_spoil(l->faults, HP_W_STROKES, &packet, length, now);
	l->report_busy = true;
	hp_trace(l->trace, now, "report_queued", "\"number\":%u,\"count\":%u",
		 le32toh(l->sent[0].stroke.number), count);
	l->front.submit(l->front.ctx, HP_EP_STROKES, &packet, length);
}

static void send_block(struct hp_link *l, uint64_t now)
{
	union hp_waveform_packet packet;
	struct hp_injection *i;
	size_t length;

	while (hp_waveform_next(l->waveform, &l->block)) {
		i = hp_faults_active(l->faults, HP_WAVEFORM_DROP);
		if (!i) {
			length = hp_waveform_packet(&l->block, l->clock_zero_ns, &packet);
			length = hp_spoil(l->faults, HP_W_WAVEFORM, &packet, length, now);
			l->block_busy = true;
			l->block_cancelled = false;
			l->front.submit(l->front.ctx, HP_EP_STROKES, &packet, length);
			return;
		}
		hp_faults_effect(i, now, "block of %u samples from %u on lost on its way",
				 l->block.count, l->block.number);
		hp_faults_spend(i);
		/* it does not know */
		hp_waveform_sent(l->waveform, &l->block, true, now);
	}
}

static bool reports_wait(const struct hp_link *l)
{
	return l->report_count && l->held_until_ns == HP_NEVER;
}

static void send_bulk(struct hp_link *l, uint64_t now)
{
	if (!l->up || l->report_busy || l->block_busy)
		return;
	if (reports_wait(l))
		send_reports(l, now);
	else
		send_block(l, now);
}

void hp_link_waveform(struct hp_link *l, uint64_t now)
{
	send_bulk(l, now);
}

uint16_t hp_link_samples_max(const struct hp_link *l)
{
	return l->strokes_max == FULL_SPEED_STROKES ? FULL_SPEED_SAMPLES : MNP_WAVEFORM_MAX;
}

bool hp_link_recall_block(struct hp_link *l)
{
	if (!l->block_busy)
		return false;
	l->block_cancelled = true;
	l->front.cancel(l->front.ctx, HP_EP_STROKES);
	return true;
}

static void block_gone(struct hp_link *l, bool had, uint64_t now)
{
	if (!l->block_busy)
		return;
	l->block_busy = false;
	/* one that was taken back is not missed by anybody */
	if (had || !l->block_cancelled)
		hp_waveform_sent(l->waveform, &l->block, had, now);
}

static void push_report(struct hp_link *l, const struct hp_report *report)
{
	if (l->report_count == HP_REPORT_QUEUE) {
		l->report_first = (l->report_first + 1) % HP_REPORT_QUEUE;
		l->report_count--;
		l->stats->reports_dropped++;
	}
	l->report[(l->report_first + l->report_count++) % HP_REPORT_QUEUE] = *report;
}

void hp_link_report(struct hp_link *l, const struct hp_report *report, uint64_t now)
{
	struct hp_injection *i;

	if (!l->up) {
		l->stats->reports_dropped++;
		return;
	}
	i = hp_faults_active(l->faults, HP_STROKE_SILENCE);
	if (i) {
		hp_faults_effect(i, now, "report of stroke %u withheld",
				 le32toh(report->stroke.number));
		hp_faults_spend(i);
		return;
	}
	i = hp_faults_active(l->faults, HP_REPORT_GAP);
	if (i) {
		l->gap_by = i->id;
		l->gap_number = le32toh(report->stroke.number);
		hp_faults_spend(i);
		return;
	}
	push_report(l, report);
	i = hp_faults_active(l->faults, HP_REPORT_REPEAT);
	if (i) {
		struct hp_report again = *report;

		if (again.injections < HP_TAGS)
			again.injection[again.injections++] = i->id;
		push_report(l, &again);
		hp_faults_spend(i);
	}
	i = hp_faults_active(l->faults, HP_REPORT_LATE);
	if (i && l->held_until_ns == HP_NEVER) {
		l->held_until_ns = now + i->params.ms * HP_MS;
		l->held_by = i->id;
		hp_faults_spend(i);
	}
	send_bulk(l, now);
}

void hp_link_release(struct hp_link *l, uint64_t now)
{
	l->held_until_ns = HP_NEVER;
	l->released_ns = now;
	send_bulk(l, now);
}

void hp_link_sent(struct hp_link *l, enum hp_ep ep, bool ok, uint64_t now)
{
	if (ep == HP_EP_STATUS) {
		l->status_busy = false;
		l->stats->statuses_sent += ok;
		send_status(l, now);
		return;
	}
	if (ep != HP_EP_STROKES)
		return;
	if (l->block_busy) {
		block_gone(l, ok, now);
		/* a bus that refuses the last block is not asked again at once */
		if (ok || reports_wait(l))
			send_bulk(l, now);
		return;
	}
	l->report_busy = false;
	l->report_cancelled = false;
	for (unsigned int n = 0; ok && n < l->sent_count; n++) {
		l->stats->reports_sent++;
		l->stats->stroke_completed_ns = now;
		if (l->sent[n].over_depth)
			l->stats->over_depth_completed_ns = now;
	}
	if (ok)
		hp_trace(l->trace, now, "report_completed", "\"number\":%u,\"count\":%u",
			 le32toh(l->sent[0].stroke.number), l->sent_count);
	else
		l->stats->reports_dropped += l->sent_count;
	l->sent_count = 0;
	send_bulk(l, now);
}

uint64_t hp_link_backlog(const struct hp_link *l)
{
	uint64_t since;

	if (!l->up || l->held_until_ns != HP_NEVER)
		return HP_NEVER;
	if (l->report_busy)
		return l->report_since_ns;
	if (!l->block_busy || !l->report_count)
		return HP_NEVER;
	/* behind a block that the host does not take it waits as well */
	since = l->report[l->report_first].made_ns;
	return since < l->released_ns ? l->released_ns : since;
}

void hp_link_drop_reports(struct hp_link *l, uint64_t now)
{
	hp_trace(l->trace, now, "reports_dropped", "\"count\":%u", l->report_count + l->sent_count);
	l->stats->reports_dropped += l->report_count;
	l->report_count = 0;
	if (l->report_busy && !l->report_cancelled) {
		l->report_cancelled = true;
		l->front.cancel(l->front.ctx, HP_EP_STROKES);
	}
}

void hp_link_set(struct hp_link *l, bool up, bool high_speed, uint64_t now)
{
	/* what an endpoint held when the bus went is gone with it */
	l->up = up;
	l->strokes_max = high_speed ? MNP_STROKES_MAX : FULL_SPEED_STROKES;
	l->status_count = 0;
	l->status_busy = false;
	l->report_count = 0;
	l->report_busy = false;
	l->report_cancelled = false;
	l->sent_count = 0;
	l->held_until_ns = HP_NEVER;
	l->held_by = 0;
	l->gap_by = 0;
	block_gone(l, false, now);
	send_bulk(l, now);
}
