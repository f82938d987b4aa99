/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds of the rules' state between any two happenings.
 */
#ifndef PROOF_STATE_H
#define PROOF_STATE_H

#include "proof.h"

/* CLOCK_MONOTONIC of a machine that has been up for less than a century: no deadline overflows. */
#define PROOF_TIME_MAX 3155760000000000000ULL

/* Any state of a handpiece whose caps were found to be in order. */
void any_caps(struct mn_caps *caps);
void any_state(struct mn_safety *s);

bool proof_active(const struct mn_safety *s);
bool keep_invariant(const struct mn_keep *keep);
bool invariant(const struct mn_safety *s, u64 now);

#endif
