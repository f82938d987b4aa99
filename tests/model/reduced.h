/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Constants that the rules hold something against, with small ones in their place: their sources
 * are compiled as they are, and what is below, at and above each bound is only a few steps away.
 */
#ifndef MODEL_REDUCED_H
#define MODEL_REDUCED_H

#include "safety.h"

#undef MN_ABSOLUTE_DOSE_STROKES
#define MN_ABSOLUTE_DOSE_STROKES 4
#undef MN_CEILING_DOSE_STROKES
#define MN_CEILING_DOSE_STROKES 3
#undef MN_CEILING_RATE_MHZ
#define MN_CEILING_RATE_MHZ 60000
#undef MN_CEILING_RUN_MS
#define MN_CEILING_RUN_MS 1500
#undef MN_FROZEN_STROKES
#define MN_FROZEN_STROKES 3

#endif
