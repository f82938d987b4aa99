/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What host and handpiece say to each other over USB; usb_protocol.md is the page that explains it.
 *
 * Everything is little-endian and of fixed size. Known to the driver's USB transport, to the
 * simulated handpiece and to the bench's peer of the driver in user space, to nobody else.
 */
#ifndef MN_USB_PROTOCOL_H
#define MN_USB_PROTOCOL_H

#include <linux/types.h>

#define MNP_VERSION		1

/* pid.codes' id for testing: the interface's class triple decides the match */
#define MNP_USB_VENDOR		0x1209
#define MNP_USB_PRODUCT		0x0001
#define MNP_USB_CLASS		0xff
#define MNP_USB_SUBCLASS	0x4d
#define MNP_USB_INTERFACE_PROTOCOL 0x4e

/* bRequest of vendor requests to the interface */
#define MNP_REQ_IDENTIFY	0x01	/* IN, struct mnp_identify */
#define MNP_REQ_STATUS		0x02	/* IN, struct mnp_status */
#define MNP_REQ_RESULT		0x03	/* IN, struct mnp_result: of the last OUT request */
#define MNP_REQ_CARTRIDGE	0x04	/* IN, struct mnp_cartridge */
#define MNP_REQ_START		0x10	/* OUT, struct mnp_start */
#define MNP_REQ_STOP		0x11	/* OUT, struct mnp_stop */
#define MNP_REQ_MARK		0x12	/* OUT, struct mnp_mark */
#define MNP_REQ_CLEAR		0x13	/* OUT, struct mnp_clear */
#define MNP_REQ_SELF_TEST	0x14	/* OUT, no data */
#define MNP_REQ_CAPTURE		0x15	/* OUT, struct mnp_capture */

/* mnp_header.type */
#define MNP_TYPE_IDENTIFY	0x01
#define MNP_TYPE_STATUS		0x02
#define MNP_TYPE_RESULT		0x03
#define MNP_TYPE_CARTRIDGE	0x04
#define MNP_TYPE_STROKES	0x05
#define MNP_TYPE_WAVEFORM	0x06
#define MNP_TYPE_START		0x10
#define MNP_TYPE_STOP		0x11
#define MNP_TYPE_MARK		0x12
#define MNP_TYPE_CLEAR		0x13
#define MNP_TYPE_LEASE		0x15
#define MNP_TYPE_CAPTURE	0x16

struct mnp_header {
	__u8 type;
	__u8 version;		/* MNP_VERSION */
	__le16 length;		/* of the whole packet, this header included */
};

#define MNP_MAGIC		0x4c444e4d	/* "MNDL" */

struct mnp_identify {
	struct mnp_header header;
	__le32 magic;
	__le16 version_min;	/* protocol versions that it speaks */
	__le16 version_max;
	__le32 measures;	/* MNP_MEASURES_ */
	__le32 features;	/* MNP_FEATURE_ */
	__le32 max_depth_um;
	__le32 max_rate_mhz;
	__le32 max_strokes;	/* in one treatment */
	__le32 max_run_ms;	/* continuous */
	__le32 min_rate_mhz;	/* at least 20000 */
	__le32 depth_step_um;	/* 1 to 3000 */
	__le32 rate_step_mhz;	/* 1 to 200000 */
	__le32 tolerance_um;	/* of the measured depth, at most 150 */
	__le32 run_up_ms;	/* 1 to 500, to half the set rate */
	__le32 run_down_ms;	/* 1 to 100, from STOP to home */
	__le32 lease_ms;	/* 26 to 100 */
	__le32 max_current_ma;
	__le32 max_temp_mc;	/* signed */
	__le32 last_epoch;	/* of the last STOP it obeyed, 0 after power-on */
	__le32 boot_id;		/* random, another after each power-on */
	__le32 faults;		/* MNP_FAULT_, kept without power */
	__le32 calibration_age_days;	/* 0xffffffff: never calibrated */
	__le32 calibration_valid_days;
	__le32 self_test;	/* MNP_SELF_TEST_ */
	__le32 capture_max_hz;	/* fastest waveform, at most 20000; 0: it has none */
	char serial[32];	/* as the device's serial number string; all three: see the page */
	char model[32];
	char firmware[24];
};

#define MNP_MEASURES_DEPTH	(1u << 0)
#define MNP_MEASURES_RATE	(1u << 1)
#define MNP_MEASURES_HOME	(1u << 2)
#define MNP_MEASURES_CURRENT	(1u << 3)
#define MNP_MEASURES_TEMPERATURE (1u << 4)
#define MNP_MEASURES_ALL	0x0000001fu

#define MNP_FEATURE_TRIGGER	(1u << 0)	/* only its foot switch or button starts it */

#define MNP_SELF_TEST_NEVER	0
#define MNP_SELF_TEST_PASSED	1
#define MNP_SELF_TEST_FAILED	2
#define MNP_SELF_TEST_BUSY	3

/* Latched by the handpiece itself, cleared by MNP_REQ_CLEAR once the cause is gone */
#define MNP_FAULT_EMERGENCY_STOP	(1u << 0)
#define MNP_FAULT_LEASE			(1u << 1)
#define MNP_FAULT_OVER_DEPTH		(1u << 2)
#define MNP_FAULT_STALL			(1u << 3)
#define MNP_FAULT_OVER_TEMPERATURE	(1u << 4)
#define MNP_FAULT_OVER_CURRENT		(1u << 5)
#define MNP_FAULT_BROWN_OUT		(1u << 6)
#define MNP_FAULT_NOT_HOME		(1u << 7)
#define MNP_FAULT_SENSOR		(1u << 8)
#define MNP_FAULT_INTERNAL		(1u << 9)
#define MNP_FAULT_ALL			0x000003ffu

#define MNP_STATE_IDLE		0
#define MNP_STATE_RUNNING	1
#define MNP_STATE_STOPPING	2	/* running down, not yet home */
#define MNP_STATE_FAULT		3

#define MNP_INPUT_EMERGENCY_STOP	(1u << 0)	/* pressed, open or unconnected */
#define MNP_INPUT_TRIGGER		(1u << 1)
#define MNP_INPUT_CARTRIDGE		(1u << 2)
#define MNP_INPUT_HOME			(1u << 3)

struct mnp_status {
	struct mnp_header header;
	__le32 number;		/* counts status packets */
	__le64 time_us;		/* device clock */
	__le32 epoch;		/* of the last STOP it obeyed */
	__le32 boot_id;
	__u8 state;		/* MNP_STATE_ */
	__u8 reserved;
	__le16 inputs;		/* MNP_INPUT_ */
	__le16 insertions;	/* counts cartridge insertions and removals */
	__le16 refusal;		/* MNP_RESULT_ of the last START */
	__le32 temp_mc;		/* signed */
	__le32 current_ma;
	__le32 position_um;
	__le32 faults;		/* MNP_FAULT_ */
	__le32 strokes;		/* begun since power-on */
	__le32 self_test;	/* MNP_SELF_TEST_ */
};

#define MNP_RESULT_OK			0
#define MNP_RESULT_PENDING		1	/* not yet decided: ask again */
#define MNP_RESULT_BAD_PACKET		2
#define MNP_RESULT_EPOCH		3	/* START with another epoch than the last STOP's */
#define MNP_RESULT_NO_STOP_YET		4	/* START after power-on before any STOP */
#define MNP_RESULT_LIMIT		5	/* beyond the handpiece's own ceiling */
#define MNP_RESULT_LEASE		6	/* no fresh lease */
#define MNP_RESULT_INTERLOCK		7	/* emergency stop, cartridge, trigger not pressed */
#define MNP_RESULT_FAULT		8	/* a fault is latched, or (CLEAR) its cause stays */
#define MNP_RESULT_BUSY			9
#define MNP_RESULT_MARK			10	/* marked for another treatment, or write failed */

struct mnp_result {
	struct mnp_header header;
	__u8 request;		/* bRequest of the last OUT request */
	__u8 result;		/* MNP_RESULT_ */
	__le16 tag;		/* wValue of the last OUT request */
	__le32 epoch;		/* of the last STOP it obeyed */
};

struct mnp_start {
	struct mnp_header header;
	__le32 epoch;
	__le32 depth_um;
	__le32 rate_mhz;
	__le32 strokes;		/* it stops by itself after so many, at least 1 */
	__le32 run_ms;		/* and after so long, at least 1 */
	__le32 reserved[2];
};

/* By MNP_REQ_STOP on endpoint 0, and alone on the kill endpoint */
struct mnp_stop {
	struct mnp_header header;
	__le32 epoch;
	__le32 reserved[2];
};

/* On the lease endpoint */
struct mnp_lease {
	struct mnp_header header;
	__le32 epoch;
	__le32 number;		/* counts renewals */
	__le32 reserved;
};

struct mnp_mark {
	struct mnp_header header;
	__le32 reserved;
	__le64 uid;		/* of the cartridge that is meant */
	__u8 treatment[16];
};

struct mnp_clear {
	struct mnp_header header;
	__le32 faults;		/* MNP_FAULT_ */
	__le32 reserved[2];
};

#define MNP_MARK_NONE		0x00
#define MNP_MARK_USED		0xa5

struct mnp_cartridge {
	struct mnp_header header;
	__le16 insertions;	/* as mnp_status.insertions when it was read */
	__le16 needles;
	__le64 uid;
	__le32 needle_um;
	__le32 max_rate_mhz;
	__le32 max_strokes;
	__le32 expiry_days;	/* last day of use, days since 1970-01-01 */
	char lot[24];		/* NUL padded */
	__u8 treatment[16];	/* of the used mark */
	__u8 mark;		/* MNP_MARK_, all other values are an unreadable tag */
	__u8 present;
	__le16 reserved;
	__le32 crc;		/* CRC-32 (IEEE 802.3) of all before it */
};

struct mnp_stroke {
	__le32 number;		/* counts strokes since power-on from 1, as mnp_status.strokes */
	__le32 epoch;		/* of the START that it belongs to */
	__le64 time_us;		/* device clock at its deepest point */
	__le32 depth_um;	/* measured */
	__le32 period_us;	/* since the stroke before; 0 for the first after a standstill */
	__le32 current_ma;	/* peak; 0xffffffff: not measured */
	__le32 reserved;
};

/* Begin to sample, or with rate_hz 0 (and samples 0) end it */
struct mnp_capture {
	struct mnp_header header;
	__le32 rate_hz;		/* the handpiece may sample slower, not faster */
	__le32 samples;		/* 1 to MNP_CAPTURE_SAMPLES_MAX; it ends by itself after so many */
	__le32 reserved;
};

#define MNP_CAPTURE_HZ_MAX	20000
#define MNP_CAPTURE_SAMPLES_MAX	1200000		/* a minute */

struct mnp_sample {
	__le16 position_um;	/* of the needles' tips, from home toward the skin */
	__le16 current_ma;	/* of the motor; 65535: that or more, or not measured */
};

#define MNP_WAVEFORM_MAX	122	/* samples in one block of at most 512 bytes */

struct mnp_waveform {
	struct mnp_header header;
	__le32 number;		/* of the first sample; counts from 0 in each capture */
	__le64 time_us;		/* device clock at the first sample */
	__le32 period_ns;	/* from one sample to the next */
	__le16 count;
	__le16 tag;		/* wValue of the CAPTURE that it belongs to */
	struct mnp_sample sample[];
};

#define MNP_STROKES_MAX		15	/* in one packet of at most 512 bytes */

struct mnp_strokes {
	struct mnp_header header;
	__le16 count;
	__le16 reserved;
	__le64 time_us;		/* device clock when it was queued */
	struct mnp_stroke stroke[];
};

/* Endpoint packets fit one max-packet each: 16, 16, 64 and 512 bytes (64 at full speed) */
#define MNP_KILL_MAXP		16
#define MNP_LEASE_MAXP		16
#define MNP_STATUS_MAXP		64
#define MNP_STROKES_MAXP	512

#endif /* MN_USB_PROTOCOL_H */
