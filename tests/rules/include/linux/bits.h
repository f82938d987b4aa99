/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the rules take from the kernel's own header of this name. */
#ifndef RULES_BITS_H
#define RULES_BITS_H

#define BIT(nr) (1UL << (nr))
#define BIT_ULL(nr) (1ULL << (nr))

#endif
