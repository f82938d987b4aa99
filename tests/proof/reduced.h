/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Treatments that are over: with a few of them all sequences of a few steps are the same ones.
 */
#ifndef PROOF_REDUCED_H
#define PROOF_REDUCED_H

#include "safety.h"

#undef MN_PAST_TREATMENTS
#define MN_PAST_TREATMENTS 2

#endif
