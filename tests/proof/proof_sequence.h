/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens in a sequence.
 */
#ifndef PROOF_SEQUENCE_H
#define PROOF_SEQUENCE_H

#include "proof_state.h"
#include "safety_stop.h"

#define SEQUENCE_DEPTH_UM 2000

enum kind {
	KIND_REPORT,
	KIND_DECLARE,
	KIND_ACQUIRE,
	KIND_LIMITS,
	KIND_COMMIT,
	KIND_START,
	KIND_BEGIN,
	KIND_STARTED,
	KIND_STROKE,
	KIND_STOP,
	KIND_CLEAR,
	KIND_CLOSE,
	KIND_NR,
};

/* A millisecond each, but for one pause: longer than any lease, or than the silence of strokes. */
u64 sequence_time(unsigned int step, unsigned int pause_at, bool is_long);

/* One happening of any kind, or with SCRIPT of the one that is next in it. */
u32 sequence_happens(struct mn_safety *s, unsigned int step, u64 now, u32 *actions);

#endif
