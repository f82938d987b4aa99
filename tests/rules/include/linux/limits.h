/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rules take from the kernel's own header of this name. */
#ifndef RULES_LIMITS_H
#define RULES_LIMITS_H

#include <stdint.h>

#define U8_MAX UINT8_MAX
#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define S32_MAX INT32_MAX
#define S32_MIN INT32_MIN
#define S64_MAX INT64_MAX

#endif
