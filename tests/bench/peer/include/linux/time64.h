/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the driver's parser takes from the kernel's own header of this name. */
#ifndef PEER_TIME64_H
#define PEER_TIME64_H

#define NSEC_PER_USEC 1000L
#define NSEC_PER_SEC 1000000000L

#endif
