/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parser and the motion code take from the kernel's own header of this name. */
#ifndef PROOF_LINUX_BUILD_BUG_H
#define PROOF_LINUX_BUILD_BUG_H

#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)

#endif
