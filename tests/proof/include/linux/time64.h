/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parser and the motion code take from the kernel's own header of this name. */
#ifndef PROOF_LINUX_TIME64_H
#define PROOF_LINUX_TIME64_H

#define NSEC_PER_USEC 1000L
#define NSEC_PER_SEC 1000000000L

#endif
