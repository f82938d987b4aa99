/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parser and the motion code take from the kernel's own header of this name. */
#ifndef PROOF_ASM_BYTEORDER_H
#define PROOF_ASM_BYTEORDER_H

#include_next <asm/byteorder.h>

#define le16_to_cpu __le16_to_cpu
#define le32_to_cpu __le32_to_cpu
#define le64_to_cpu __le64_to_cpu

#endif
