/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the proofs are written with. What is proved of which source is in harnesses.py. Under another
 * compiler than CBMC they are only read, never linked.
 */
#ifndef PROOF_H
#define PROOF_H

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/types.h>

#include "safety.h"

#ifdef __CPROVER__
#define proof_assert(holds, text) __CPROVER_assert(holds, text)
#define proof_assume(holds) __CPROVER_assume(holds)
#define proof_readable(from, length) __CPROVER_r_ok(from, length)
#else
void proof_assert(bool holds, const char *text);
void proof_assume(bool holds);
bool proof_readable(const void *from, size_t length);
#endif

/* What must hold, whatever comes. */
#define PROVE(text, holds) proof_assert(holds, "proved: " text)

#ifdef PROOF_CONTROL
/* With a seeded bug only what must hold is of interest. */
#define ASSUME(text, holds) proof_assume(holds)
#define COVER(text, happens)                                                                       \
	do {                                                                                       \
	} while (0)
#else
/* What is taken for granted; the run must get beyond it, so that it is no contradiction. */
#define ASSUME(text, holds)                                                                        \
	do {                                                                                       \
		proof_assume(holds);                                                               \
		proof_assert(false, "assumed: " text);                                             \
	} while (0)
/* What must be possible, so that nothing is proved of what never happens. */
#define COVER(text, happens) proof_assert(!(happens), "reached: " text)
#endif

/* What each proof is, run by CBMC. */
void prove(void);

/* Without a body: CBMC lets them return anything. */
bool nondet_bool(void);
u8 nondet_u8(void);
u32 nondet_u32(void);
u64 nondet_u64(void);
size_t nondet_size(void);
struct mn_safety nondet_safety(void);
struct mn_stimulus nondet_stimulus(void);
struct mn_caps nondet_caps(void);
struct mn_keep nondet_keep(void);
struct mn_set nondet_set(void);
struct mn_stroke nondet_stroke(void);
struct mn_report nondet_report(void);
struct mn_tag nondet_tag(void);

#endif
