/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of any bytes.
 */
#ifndef PROOF_PACKET_H
#define PROOF_PACKET_H

#include "proof.h"
#include "usb_parse.h"

/* More than any packet has, so that those that are too long are among them. */
#define PACKET_MAX 1024

/* A packet that has as many bytes as it says and not one more. */
size_t any_packet(const u8 **packet);

#endif
