// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strokes, of any bytes and any number of them: one part of the proof for the size of each number of
 * strokes, STROKES, of which it looks at one, STROKE, and one part for all other sizes.
 */
#include <stdlib.h>

#include "proof_packet.h"

static bool is_whole(size_t size)
{
	return size > sizeof(struct mnp_strokes) &&
	       size <= sizeof(struct mnp_strokes) + MNP_STROKES_MAX * sizeof(struct mnp_stroke) &&
	       !((size - sizeof(struct mnp_strokes)) % sizeof(struct mnp_stroke));
}

static size_t any_strokes(const u8 **packet)
{
#ifdef STROKES
	const size_t size = sizeof(struct mnp_strokes) + STROKES * sizeof(struct mnp_stroke);

	*packet = malloc(size);
	ASSUME("of a packet's strokes the last is looked at, of the longest two more",
	       STROKE < STROKES);
#else
	const size_t size = any_packet(packet);

	ASSUME("sizes of so many strokes have parts of their own", !is_whole(size));
#endif
	return size;
}

void prove(void)
{
	struct mn_stroke strokes[MNP_STROKES_MAX];
	u64 times_us[MNP_STROKES_MAX], time_us;
	const u8 *packet;
	const size_t size = any_strokes(&packet);
	unsigned int count;
	const enum mnp_check check =
		mnp_parse_strokes(packet, size, strokes, times_us, &count, &time_us);

	PROVE("one of the checks, or in order", check <= MNP_CHECK_VALUE);
	PROVE("in order only with a size of so many strokes",
	      check != MNP_CHECK_OK || is_whole(size));
	COVER("too short, or another number than its size",
	      check == MNP_CHECK_SHORT || check == MNP_CHECK_LENGTH);
#ifdef STROKES
	COVER("a reserved field", check == MNP_CHECK_RESERVED);
	COVER("in order", check == MNP_CHECK_OK);
	if (check != MNP_CHECK_OK)
		return;
	PROVE("as many as its size says", count == STROKES);
	PROVE("no stroke is made after it is told", times_us[STROKE] <= time_us);
	PROVE("its age is left to the caller", !strokes[STROKE].age_us);
#endif
}
