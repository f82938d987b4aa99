// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A part of a waveform, of any bytes and any number of them, and any samples taken out of it.
 */
#include "proof_packet.h"

#define TAKEN 4

void prove(void)
{
	struct mn_sample samples[TAKEN];
	struct mnp_block block;
	const u8 *packet;
	const size_t size = any_packet(&packet);
	const u32 first = nondet_u32(), count = nondet_u32(), at = nondet_u32();
	const enum mnp_check check = mnp_parse_waveform(packet, size, &block);

	PROVE("one of the checks, or in order", check <= MNP_CHECK_VALUE);
	COVER("a length that is not its length", check == MNP_CHECK_LENGTH);
	if (check != MNP_CHECK_OK)
		return;
	PROVE("there is a sample, and no more than a block has",
	      block.count && block.count <= MNP_WAVEFORM_MAX);
	PROVE("it has the size of as many",
	      size == sizeof(struct mnp_waveform) + block.count * sizeof(struct mnp_sample));
	PROVE("it is within a capture", block.number + block.count <= MNP_CAPTURE_SAMPLES_MAX);
	PROVE("it is no faster than it may be", block.period_ns >= 50000);
	PROVE("its time does not overflow", block.time_ns <= (1ULL << 53) * 1000);
	ASSUME("up to 4 samples are taken, as the block has them",
	       first < block.count && count <= TAKEN && count <= block.count - first && at < count);
	mnp_take_samples(packet, &block, first, count, samples);
	PROVE("samples are numbered as they are", samples[at].number == block.number + first + at);
	PROVE("a sample is no earlier than its block", samples[at].mono_ns >= block.time_ns);
	COVER("the last of the largest block",
	      block.count == MNP_WAVEFORM_MAX && first + at == block.count - 1);
}
