/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parser and the motion code take from the kernel's own header of this name. */
#ifndef PROOF_LINUX_BITS_H
#define PROOF_LINUX_BITS_H

#define BIT(nr) (1UL << (nr))
#define BIT_ULL(nr) (1ULL << (nr))

#endif
