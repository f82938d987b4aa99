/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that are not as the protocol has them: in a certain way, or at random */
#ifndef HP_SPOIL_H
#define HP_SPOIL_H

#include <stddef.h>
#include <stdint.h>

#include "faults.h"

/* What the injections "malformed" and "noise" make of a packet; its length on the wire */
size_t hp_spoil(struct hp_faults *faults, enum hp_word which, void *packet, size_t length,
		uint64_t now);

#endif /* HP_SPOIL_H */
