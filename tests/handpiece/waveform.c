// SPDX-License-Identifier: GPL-2.0-or-later
#include "waveform.h"

#include <endian.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
/* However slow the rate, a sample waits no longer than this for its block to fill */
#define BLOCK_NS (100 * HP_MS)

void hp_waveform_init(struct hp_waveform *w, struct hp_stats *stats, struct hp_trace *trace)
{
	memset(w, 0, sizeof(*w));
	w->stats = stats;
	w->trace = trace;
}

static void next_block(struct hp_waveform *w)
{
	w->filling.number = w->taken;
	w->filling.at_ns = w->begin_ns + (uint64_t)w->taken * w->filling.period_ns;
	w->filling.count = 0;
}

uint8_t hp_waveform_begin(struct hp_waveform *w, uint16_t tag, uint32_t rate_hz, uint32_t samples,
			  uint16_t fits, uint64_t now)
{
	uint64_t in_time;

	if (!samples || samples > MNP_CAPTURE_SAMPLES_MAX)
		return MNP_RESULT_LIMIT;
	if (w->on)
		return MNP_RESULT_BUSY;
	w->on = true;
	w->begin_ns = now;
	w->samples = samples;
	w->taken = 0;
	w->count = 0;
	/* rounded up: slower than asked is allowed, faster is not */
	w->filling.period_ns = (uint32_t)((SECOND_NS + rate_hz - 1) / rate_hz);
	w->filling.tag = tag;
	in_time = BLOCK_NS / w->filling.period_ns;
	w->block_samples = in_time < fits ? (uint16_t)in_time : fits;
	if (!w->block_samples)
		w->block_samples = 1;
	next_block(w);
	w->stats->waveform = (struct hp_waveform_stats){
		.begin_ns = now,
		.period_ns = w->filling.period_ns,
		.samples = samples,
		.tag = tag,
	};
	hp_trace(w->trace, now, "waveform_begin", "\"tag\":%u,\"period_ns\":%u,\"samples\":%u", tag,
		 w->filling.period_ns, samples);
	return MNP_RESULT_OK;
}

void hp_waveform_end(struct hp_waveform *w, const char *why, uint64_t now)
{
	const struct hp_waveform_stats *s = &w->stats->waveform;

	if (!w->on)
		return;
	w->on = false;
	w->count = 0;
	w->stats->waveform.end_ns = now;
	hp_trace(w->trace, now, "waveform_end",
		 "\"tag\":%u,\"why\":\"%s\",\"taken\":%u,\"sent\":%u,\"dropped\":%u",
		 w->filling.tag, why, w->taken, s->sent, s->dropped);
}

static uint16_t block_size(const struct hp_waveform *w)
{
	uint32_t left = w->samples - w->filling.number;

	return left < w->block_samples ? (uint16_t)left : w->block_samples;
}

uint64_t hp_waveform_due(const struct hp_waveform *w)
{
	if (!w->on || w->taken == w->samples)
		return HP_NEVER;
	return w->filling.at_ns + (uint64_t)(block_size(w) - 1) * w->filling.period_ns;
}

static void drop(struct hp_waveform *w, const struct hp_block *block, uint64_t now)
{
	w->stats->waveform.dropped += block->count;
	w->stats->samples_dropped += block->count;
	hp_trace(w->trace, now, "waveform_dropped", "\"tag\":%u,\"number\":%u,\"count\":%u",
		 block->tag, block->number, block->count);
}

static void push(struct hp_waveform *w, uint64_t now)
{
	w->filling.last = w->taken == w->samples;
	if (w->count < HP_BLOCKS || w->filling.last)
		w->block[(w->first + w->count++) % (HP_BLOCKS + 1)] = w->filling;
	else
		drop(w, &w->filling, now);
	next_block(w);
}

static uint16_t saturated(uint32_t value)
{
	return value < UINT16_MAX ? (uint16_t)value : UINT16_MAX;
}

void hp_waveform_take(struct hp_waveform *w, const struct hp_model *m, uint32_t peak_ma,
		      uint64_t until)
{
	struct hp_block *b = &w->filling;
	uint32_t current_ma;
	uint64_t at;

	while (w->on && w->taken < w->samples) {
		at = b->at_ns + (uint64_t)b->count * b->period_ns;
		if (at > until)
			break;
		current_ma = peak_ma;
		if (peak_ma != UINT32_MAX)
			current_ma = hp_model_current_at_ma(m, at, peak_ma);
		b->sample[b->count++] = (struct mnp_sample){
			.position_um = htole16(saturated(hp_model_position_um(m, at))),
			.current_ma = htole16(saturated(current_ma)),
		};
		w->taken++;
		w->stats->waveform.taken++;
		if (b->count == block_size(w))
			push(w, at);
	}
}

bool hp_waveform_next(struct hp_waveform *w, struct hp_block *block)
{
	if (!w->count)
		return false;
	*block = w->block[w->first];
	w->first = (w->first + 1) % (HP_BLOCKS + 1);
	w->count--;
	return true;
}

void hp_waveform_sent(struct hp_waveform *w, const struct hp_block *block, bool had, uint64_t now)
{
	if (had) {
		w->stats->waveform.sent += block->count;
		w->stats->samples_sent += block->count;
		if (w->on && block->last)
			hp_waveform_end(w, "all", now);
	} else if (w->on && block->last) {
		/* the host learns from it that there is no more: it goes again */
		w->block[w->first] = *block;
		w->count = 1;
	} else {
		drop(w, block, now);
	}
}

size_t hp_waveform_packet(const struct hp_block *block, uint64_t clock_zero_ns,
			  union hp_waveform_packet *packet)
{
	size_t samples = block->count * sizeof(struct mnp_sample);
	size_t length = sizeof(packet->head) + samples;

	packet->head = (struct mnp_waveform){
		.header = { MNP_TYPE_WAVEFORM, MNP_VERSION, htole16((uint16_t)length) },
		.number = htole32(block->number),
		.time_us = htole64((block->at_ns - clock_zero_ns) / 1000),
		.period_ns = htole32(block->period_ns),
		.count = htole16(block->count),
		.tag = htole16(block->tag),
	};
	memcpy(packet->bytes + sizeof(packet->head), block->sample, samples);
	return length;
}
