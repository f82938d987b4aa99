// SPDX-License-Identifier: GPL-2.0-only
/*
 * See usb_packets.h.
 */
#include <linux/crc32.h>
#include <linux/string.h>

#include "usb_packets.h"

static void packet_header(struct mnp_header *header, u8 type, size_t size)
{
	header->type = type;
	header->version = 1;
	header->length = cpu_to_le16(size);
}

void packet_identify(struct mnp_identify *p)
{
	*p = (struct mnp_identify) {
		.magic = cpu_to_le32(0x4c444e4d),
		.version_min = cpu_to_le16(1),
		.version_max = cpu_to_le16(1),
		.measures = cpu_to_le32(0x1f),
		.features = cpu_to_le32(MNP_FEATURE_TRIGGER),
		.max_depth_um = cpu_to_le32(2500),
		.max_rate_mhz = cpu_to_le32(150000),
		.max_strokes = cpu_to_le32(100000),
		.max_run_ms = cpu_to_le32(300000),
		.min_rate_mhz = cpu_to_le32(20000),
		.depth_step_um = cpu_to_le32(10),
		.rate_step_mhz = cpu_to_le32(100),
		.tolerance_um = cpu_to_le32(50),
		.run_up_ms = cpu_to_le32(300),
		.run_down_ms = cpu_to_le32(60),
		.lease_ms = cpu_to_le32(100),
		.max_current_ma = cpu_to_le32(800),
		.max_temp_mc = cpu_to_le32(60000),
		.last_epoch = cpu_to_le32(41),
		.boot_id = cpu_to_le32(0x12345678),
		.calibration_age_days = cpu_to_le32(10),
		.calibration_valid_days = cpu_to_le32(365),
		.self_test = cpu_to_le32(MNP_SELF_TEST_PASSED),
		.capture_max_hz = cpu_to_le32(20000),
		.serial = "MN-0001",
		.model = "sim-14",
		.firmware = "1.2.3",
	};
	packet_header(&p->header, MNP_TYPE_IDENTIFY, sizeof(*p));
}

void packet_status(struct mnp_status *p)
{
	*p = (struct mnp_status) {
		.number = cpu_to_le32(99),
		.time_us = cpu_to_le64(0x1122334455667788),
		.epoch = cpu_to_le32(42),
		.boot_id = cpu_to_le32(0x12345678),
		.state = MNP_STATE_IDLE,
		.inputs = cpu_to_le16(MNP_INPUT_CARTRIDGE | MNP_INPUT_HOME),
		.insertions = cpu_to_le16(3),
		.temp_mc = cpu_to_le32(25000),
		.current_ma = cpu_to_le32(100),
		.strokes = cpu_to_le32(7),
		.self_test = cpu_to_le32(MNP_SELF_TEST_PASSED),
	};
	packet_header(&p->header, MNP_TYPE_STATUS, sizeof(*p));
}

void packet_result(struct mnp_result *p)
{
	*p = (struct mnp_result) {
		.request = MNP_REQ_START,
		.result = MNP_RESULT_LIMIT,
		.tag = cpu_to_le16(0xabcd),
		.epoch = cpu_to_le32(42),
	};
	packet_header(&p->header, MNP_TYPE_RESULT, sizeof(*p));
}

/* The check over all that goes before it, as the cartridge's maker and the handpiece compute it. */
void packet_cartridge_sign(struct mnp_cartridge *p)
{
	p->crc = cpu_to_le32(~crc32_le(~0U, (const u8 *)p, sizeof(*p) - sizeof(p->crc)));
}

void packet_cartridge(struct mnp_cartridge *p)
{
	*p = (struct mnp_cartridge) {
		.insertions = cpu_to_le16(3),
		.needles = cpu_to_le16(14),
		.uid = cpu_to_le64(0xfedcba9876543210),
		.needle_um = cpu_to_le32(1500),
		.max_rate_mhz = cpu_to_le32(150000),
		.max_strokes = cpu_to_le32(60000),
		.expiry_days = cpu_to_le32(21000),
		.lot = "LOT-7",
		.mark = MNP_MARK_NONE,
		.present = 1,
	};
	packet_header(&p->header, MNP_TYPE_CARTRIDGE, sizeof(*p));
	packet_cartridge_sign(p);
}

/* Returns the packet's size. */
size_t packet_strokes(struct packet_strokes *p, unsigned int count)
{
	size_t size = sizeof(p->head) + count * sizeof(p->stroke[0]);
	unsigned int i;

	memset(p, 0, sizeof(*p));
	packet_header(&p->head.header, MNP_TYPE_STROKES, size);
	p->head.count = cpu_to_le16(count);
	p->head.time_us = cpu_to_le64(2000000);
	for (i = 0; i < ARRAY_SIZE(p->stroke); i++) {
		p->stroke[i].number = cpu_to_le32(100 + i);
		p->stroke[i].epoch = cpu_to_le32(42);
		p->stroke[i].time_us = cpu_to_le64(1000000 + 10000 * i);
		p->stroke[i].depth_um = cpu_to_le32(480 + i);
		p->stroke[i].period_us = cpu_to_le32(10000 + i);
		p->stroke[i].current_ma = cpu_to_le32(300 + i);
	}
	return size;
}

/* Returns the packet's size. */
size_t packet_waveform(struct packet_waveform *p, unsigned int count)
{
	size_t size = sizeof(p->head) + count * sizeof(p->sample[0]);
	unsigned int i;

	memset(p, 0, sizeof(*p));
	packet_header(&p->head.header, MNP_TYPE_WAVEFORM, size);
	p->head.number = cpu_to_le32(244);
	p->head.time_us = cpu_to_le64(5000000);
	p->head.period_ns = cpu_to_le32(50000);
	p->head.count = cpu_to_le16(count);
	p->head.tag = cpu_to_le16(0xabcd);
	for (i = 0; i < ARRAY_SIZE(p->sample); i++) {
		p->sample[i].position_um = cpu_to_le16(100 + i);
		p->sample[i].current_ma = cpu_to_le16(300 + i);
	}
	return size;
}
