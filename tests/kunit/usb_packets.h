/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets as a good handpiece sends them, for the parser's tests to spoil.
 */
#ifndef USB_PACKETS_H
#define USB_PACKETS_H

#include <kunit/test.h>

#include "usb_parse.h"

/* Strokes' packet with room for one more than may be in it */
struct packet_strokes {
	struct mnp_strokes head;
	struct mnp_stroke stroke[MNP_STROKES_MAX + 1];
};

/* Likewise */
struct packet_waveform {
	struct mnp_waveform head;
	struct mnp_sample sample[MNP_WAVEFORM_MAX + 1];
};

void packet_identify(struct mnp_identify *p);
void packet_status(struct mnp_status *p);
void packet_result(struct mnp_result *p);
void packet_cartridge(struct mnp_cartridge *p);
void packet_cartridge_sign(struct mnp_cartridge *p);
size_t packet_strokes(struct packet_strokes *p, unsigned int count);
size_t packet_waveform(struct packet_waveform *p, unsigned int count);

#endif /* USB_PACKETS_H */
