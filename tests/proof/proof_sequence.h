/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens in a sequence.
 */
#ifndef PROOF_SEQUENCE_H
#define PROOF_SEQUENCE_H

#include "proof_state.h"
#include "safety_stop.h"

#define SEQUENCE_DEPTH_UM 2000

/* A millisecond each, but for one pause: longer than any lease, or than the silence of strokes. */
u64 sequence_time(unsigned int step, unsigned int pause_at, bool is_long);

/* What is next in a treatment, or with OTHER perhaps that in its place. Returns what it was. */
enum mn_happening sequence_happens(struct mn_safety *s, unsigned int step, u64 now, u32 *actions);

#endif
