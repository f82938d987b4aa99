/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From bytes that a USB handpiece sent to what the core understands. Pure and bounded: nothing
 * that a device sends is believed before it is checked.
 */
#ifndef MN_USB_PARSE_H
#define MN_USB_PARSE_H

#include "safety.h"
#include "usb_protocol.h"

/*
 * Detail of %MN_FAULT_PROTOCOL: which check failed (first number); the second is the packet's
 * type
 */
enum mnp_check {
	MNP_CHECK_OK,
	MNP_CHECK_SHORT,	/* fewer or more bytes than the packet has */
	MNP_CHECK_TYPE,
	MNP_CHECK_VERSION,
	MNP_CHECK_LENGTH,	/* its length field is not its length */
	MNP_CHECK_RESERVED,	/* a reserved field is not 0 */
	MNP_CHECK_VALUE,	/* an impossible value */
	MNP_CHECK_SERIAL,	/* serial number that is empty or has odd characters */
};

/**
 * struct mnp_identity - What identify says beyond the caps.
 * @last_epoch: Of the last stop it obeyed.
 * @boot_id: Of this power-on.
 * @faults: That it has latched, bit 1 << enum mn_fault.
 */
struct mnp_identity {
	u32 last_epoch;
	u32 boot_id;
	u64 faults;
};

/**
 * struct mnp_block - What a part of a waveform says beside its samples.
 * @number: Of its first sample.
 * @tag: Of the CAPTURE that it belongs to.
 * @count: How many samples.
 * @time_ns: Handpiece's clock at its first sample.
 * @period_ns: From one to the next.
 */
struct mnp_block {
	u32 number;
	u16 tag;
	unsigned int count;
	u64 time_ns;
	u32 period_ns;
};

enum mnp_check mnp_parse_identify(const void *data, size_t size, struct mn_caps *caps,
				  struct mnp_identity *identity);
enum mnp_check mnp_parse_status(const void *data, size_t size, struct mn_report *report,
				u32 *number, u64 *time_us);
enum mnp_check mnp_parse_result(const void *data, size_t size, u8 *request, u16 *tag, u8 *result);
enum mnp_check mnp_parse_cartridge(const void *data, size_t size, struct mn_tag *tag);
enum mnp_check mnp_parse_strokes(const void *data, size_t size, struct mn_stroke *strokes,
				 u64 *times_us, unsigned int *count, u64 *time_us);
enum mnp_check mnp_parse_waveform(const void *data, size_t size, struct mnp_block *block);
void mnp_take_samples(const void *data, const struct mnp_block *block, unsigned int first,
		      unsigned int count, struct mn_sample *samples);

u32 mnp_own_faults(u64 faults);

#endif /* MN_USB_PARSE_H */
