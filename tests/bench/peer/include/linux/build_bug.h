/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the driver's parser takes from the kernel's own header of this name. */
#ifndef PEER_BUILD_BUG_H
#define PEER_BUILD_BUG_H

#define static_assert _Static_assert
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)

#endif
