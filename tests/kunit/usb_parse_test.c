// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parser: what a good packet becomes, and each check that a spoiled one fails.
 */
#include <linux/bits.h>

#include "usb_packets.h"

/* Whatever is parsed, and how: all packets go through the same checks of their frame. */
struct frame_case {
	const char *name;
	size_t size;
	void (*make)(void *packet);
	enum mnp_check (*parse)(const void *data, size_t size);
};

static void make_identify(void *packet)
{
	packet_identify(packet);
}

static void make_status(void *packet)
{
	packet_status(packet);
}

static void make_result(void *packet)
{
	packet_result(packet);
}

static void make_cartridge(void *packet)
{
	packet_cartridge(packet);
}

static void make_strokes(void *packet)
{
	packet_strokes(packet, 2);
}

static enum mnp_check parse_identify(const void *data, size_t size)
{
	struct mnp_identity identity;
	struct mn_caps caps;

	return mnp_parse_identify(data, size, &caps, &identity);
}

static enum mnp_check parse_status(const void *data, size_t size)
{
	struct mn_report report;
	u64 time_us;
	u32 number;

	return mnp_parse_status(data, size, &report, &number, &time_us);
}

static enum mnp_check parse_result(const void *data, size_t size)
{
	u8 request, result;
	u16 tag;

	return mnp_parse_result(data, size, &request, &tag, &result);
}

static enum mnp_check parse_cartridge(const void *data, size_t size)
{
	struct mn_tag tag;

	return mnp_parse_cartridge(data, size, &tag);
}

static enum mnp_check parse_strokes(const void *data, size_t size)
{
	struct mn_stroke strokes[MNP_STROKES_MAX];
	u64 times_us[MNP_STROKES_MAX], time_us;
	unsigned int count;

	return mnp_parse_strokes(data, size, strokes, times_us, &count, &time_us);
}

static const struct frame_case frame_cases[] = {
	{ "identify", sizeof(struct mnp_identify), make_identify, parse_identify },
	{ "status", sizeof(struct mnp_status), make_status, parse_status },
	{ "result", sizeof(struct mnp_result), make_result, parse_result },
	{ "cartridge", sizeof(struct mnp_cartridge), make_cartridge, parse_cartridge },
	{ "strokes", sizeof(struct mnp_strokes) + 2 * sizeof(struct mnp_stroke), make_strokes,
	  parse_strokes },
};

KUNIT_ARRAY_PARAM_DESC(frame, frame_cases, name);

/* In memory of exactly its size: reading beyond it is a splat. */
static void *packet_of(struct kunit *test, const struct frame_case *param, size_t size)
{
	void *packet, *whole;

	/* Room for the longest, of which the packet is a part. */
	whole = kunit_kzalloc(test, sizeof(struct packet_strokes), GFP_KERNEL);
	packet = kunit_kmalloc(test, size ?: 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, whole);
	KUNIT_ASSERT_NOT_NULL(test, packet);
	param->make(whole);
	memcpy(packet, whole, size);
	return packet;
}

static void parse_good(struct kunit *test)
{
	const struct frame_case *param = test->param_value;
	void *packet = packet_of(test, param, param->size);

	KUNIT_EXPECT_EQ(test, param->parse(packet, param->size), MNP_CHECK_OK);
}

/* Every size but its own: none is read beyond its end, none is taken. */
static void parse_sizes(struct kunit *test)
{
	const struct frame_case *param = test->param_value;
	size_t size;

	for (size = 0; size <= sizeof(struct packet_strokes); size++) {
		enum mnp_check check = param->parse(packet_of(test, param, size), size);

		if (size == param->size)
			KUNIT_EXPECT_EQ(test, check, MNP_CHECK_OK);
		else
			KUNIT_EXPECT_TRUE_MSG(test, check == MNP_CHECK_SHORT ||
					      check == MNP_CHECK_LENGTH, "size %zu: %u", size,
					      check);
	}
}

static void parse_frame(struct kunit *test)
{
	const struct frame_case *param = test->param_value;
	struct mnp_header *header = packet_of(test, param, param->size);
	unsigned int i;

	for (i = 0; i < 256; i++) {
		const struct mnp_header good = *header;

		header->type = i;
		if (header->type != good.type)
			KUNIT_EXPECT_EQ(test, param->parse(header, param->size), MNP_CHECK_TYPE);
		*header = good;
		header->version = i;
		if (header->version != good.version)
			KUNIT_EXPECT_EQ(test, param->parse(header, param->size),
					MNP_CHECK_VERSION);
		*header = good;
	}
}

static void parse_length(struct kunit *test)
{
	static const int off_by[] = { 1, -1, 4, -4, 256, -256, 0x8000 };
	const struct frame_case *param = test->param_value;
	struct mnp_header *header = packet_of(test, param, param->size);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(off_by); i++) {
		header->length = cpu_to_le16(param->size + off_by[i]);
		KUNIT_EXPECT_EQ(test, param->parse(header, param->size), MNP_CHECK_LENGTH);
	}
	header->length = 0;
	KUNIT_EXPECT_EQ(test, param->parse(header, param->size), MNP_CHECK_LENGTH);
}

/* ---- identify ---- */

static void identify_becomes(struct kunit *test)
{
	static const u32 limit[MN_QUANTITY_NR] = { 2500, 150000, 100000, 300000 };
	struct mnp_identity identity;
	struct mnp_identify p;
	struct mn_caps caps;

	packet_identify(&p);
	p.max_temp_mc = cpu_to_le32(-1000);
	KUNIT_ASSERT_EQ(test, mnp_parse_identify(&p, sizeof(p), &caps, &identity), MNP_CHECK_OK);
	KUNIT_EXPECT_EQ(test, caps.transport, MN_TRANSPORT_USB);
	KUNIT_EXPECT_TRUE(test, caps.has_trigger);
	KUNIT_EXPECT_EQ(test, caps.measures, 0x1f);
	KUNIT_EXPECT_EQ(test, caps.source, MN_SOURCE_DEVICE);
	KUNIT_EXPECT_MEMEQ(test, caps.limit, limit, sizeof(limit));
	KUNIT_EXPECT_EQ(test, caps.depth_step_um, 10U);
	KUNIT_EXPECT_EQ(test, caps.rate_step_mhz, 100U);
	KUNIT_EXPECT_EQ(test, caps.rate_min_mhz, 20000U);
	KUNIT_EXPECT_EQ(test, caps.tolerance_um, 50U);
	KUNIT_EXPECT_EQ(test, caps.run_up_ms, 300U);
	KUNIT_EXPECT_EQ(test, caps.run_down_ms, 60U);
	KUNIT_EXPECT_EQ(test, caps.lease_ms, 100U);
	KUNIT_EXPECT_EQ(test, caps.max_current_ma, 800U);
	KUNIT_EXPECT_EQ(test, caps.max_temp_mc, -1000);
	KUNIT_EXPECT_EQ(test, caps.calibration_age_days, 10U);
	KUNIT_EXPECT_EQ(test, caps.calibration_valid_days, 365U);
	KUNIT_EXPECT_STREQ(test, caps.serial, "MN-0001");
	KUNIT_EXPECT_STREQ(test, caps.model, "sim-14");
	KUNIT_EXPECT_STREQ(test, caps.firmware, "1.2.3");
	KUNIT_EXPECT_EQ(test, identity.last_epoch, 41U);
	KUNIT_EXPECT_EQ(test, identity.boot_id, 0x12345678U);
	KUNIT_EXPECT_EQ(test, identity.faults, 0ULL);
}

/* DESIGN's table: what is required of a USB handpiece, for each quantity. */
static void identify_required(struct kunit *test)
{
	static const u32 all = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			       BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			       BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION);
	struct mnp_identity identity;
	struct mnp_identify p;
	struct mn_caps caps;

	packet_identify(&p);
	KUNIT_ASSERT_EQ(test, mnp_parse_identify(&p, sizeof(p), &caps, &identity), MNP_CHECK_OK);
	KUNIT_EXPECT_EQ(test, caps.required[MN_QUANTITY_DEPTH], all);
	KUNIT_EXPECT_EQ(test, caps.required[MN_QUANTITY_RATE], all);
	KUNIT_EXPECT_EQ(test, caps.required[MN_QUANTITY_DOSE], all);
	/* A cartridge says nothing of time. */
	KUNIT_EXPECT_EQ(test, caps.required[MN_QUANTITY_RUN_TIME],
			all & ~BIT(MN_SOURCE_CARTRIDGE));
}

struct identify_case {
	const char *name;
	void (*spoil)(struct mnp_identify *p);
	enum mnp_check check;
};

static void spoil_magic(struct mnp_identify *p)
{
	p->magic ^= cpu_to_le32(1);
}

static void spoil_only_older(struct mnp_identify *p)
{
	p->version_min = 0;
	p->version_max = 0;
}

static void spoil_only_newer(struct mnp_identify *p)
{
	p->version_min = cpu_to_le16(2);
	p->version_max = cpu_to_le16(3);
}

static void spoil_versions_swapped(struct mnp_identify *p)
{
	p->version_min = cpu_to_le16(1);
	p->version_max = 0;
}

static void spoil_also_newer(struct mnp_identify *p)
{
	p->version_min = 0;
	p->version_max = cpu_to_le16(0xffff);
}

static void spoil_feature(struct mnp_identify *p)
{
	p->features |= cpu_to_le32(2);
}

static void spoil_measures(struct mnp_identify *p)
{
	p->measures |= cpu_to_le32(0x20);
}

static void spoil_capture(struct mnp_identify *p)
{
	p->capture_max_hz = cpu_to_le32(20001);
}

static void spoil_self_test(struct mnp_identify *p)
{
	p->self_test = cpu_to_le32(MNP_SELF_TEST_BUSY + 1);
}

static void spoil_serial_empty(struct mnp_identify *p)
{
	memset(p->serial, 0, sizeof(p->serial));
}

static void spoil_serial_endless(struct mnp_identify *p)
{
	memset(p->serial, 'A', sizeof(p->serial));
}

static void spoil_serial_longest(struct mnp_identify *p)
{
	memset(p->serial, 'A', sizeof(p->serial) - 1);
}

static void spoil_serial_padding(struct mnp_identify *p)
{
	p->serial[31] = 'x';
}

static void spoil_model_empty(struct mnp_identify *p)
{
	p->model[0] = 0;
}

static void spoil_firmware_endless(struct mnp_identify *p)
{
	memset(p->firmware, '1', sizeof(p->firmware));
}

static const struct identify_case identify_cases[] = {
	{ "magic", spoil_magic, MNP_CHECK_VALUE },
	{ "speaks only older versions", spoil_only_older, MNP_CHECK_VERSION },
	{ "speaks only newer versions", spoil_only_newer, MNP_CHECK_VERSION },
	{ "versions the wrong way round", spoil_versions_swapped, MNP_CHECK_VALUE },
	{ "speaks newer versions as well", spoil_also_newer, MNP_CHECK_OK },
	{ "unknown feature", spoil_feature, MNP_CHECK_VALUE },
	{ "unknown measurement", spoil_measures, MNP_CHECK_VALUE },
	{ "unknown self-test", spoil_self_test, MNP_CHECK_VALUE },
	{ "faster than any waveform", spoil_capture, MNP_CHECK_VALUE },
	{ "empty serial number", spoil_serial_empty, MNP_CHECK_SERIAL },
	{ "serial number without an end", spoil_serial_endless, MNP_CHECK_SERIAL },
	{ "longest serial number", spoil_serial_longest, MNP_CHECK_OK },
	{ "something after the serial number", spoil_serial_padding, MNP_CHECK_SERIAL },
	{ "empty model", spoil_model_empty, MNP_CHECK_SERIAL },
	{ "firmware without an end", spoil_firmware_endless, MNP_CHECK_SERIAL },
};

KUNIT_ARRAY_PARAM_DESC(identify, identify_cases, name);

static void identify_spoiled(struct kunit *test)
{
	const struct identify_case *param = test->param_value;
	struct mnp_identify p;

	packet_identify(&p);
	param->spoil(&p);
	KUNIT_EXPECT_EQ(test, parse_identify(&p, sizeof(p)), param->check);
}

/* Names go into paths, rules and records: printable, no spaces, nothing that quotes or parts. */
static void identify_odd_names(struct kunit *test)
{
	unsigned int c, name;

	for (name = 0; name < 3; name++) {
		for (c = 1; c < 256; c++) {
			bool good = c > ' ' && c <= '~' && c != '/' && c != '\\' && c != '"';
			struct mnp_identify p;

			packet_identify(&p);
			*(name == 0 ? &p.serial[1] : name == 1 ? &p.model[1] : &p.firmware[1]) = c;
			KUNIT_EXPECT_EQ_MSG(test, parse_identify(&p, sizeof(p)),
					    good ? MNP_CHECK_OK : MNP_CHECK_SERIAL,
					    "name %u with character %u", name, c);
		}
	}
}

struct fault_case {
	const char *name;
	u32 own;
	enum mn_fault code;
};

static const struct fault_case fault_cases[] = {
	{ "emergency stop", MNP_FAULT_EMERGENCY_STOP, MN_FAULT_EMERGENCY_STOP },
	{ "lease", MNP_FAULT_LEASE, MN_FAULT_HANDPIECE_LEASE },
	{ "over-depth", MNP_FAULT_OVER_DEPTH, MN_FAULT_OVER_DEPTH },
	{ "stall", MNP_FAULT_STALL, MN_FAULT_UNDER_RATE },
	{ "temperature", MNP_FAULT_OVER_TEMPERATURE, MN_FAULT_OVER_TEMPERATURE },
	{ "current", MNP_FAULT_OVER_CURRENT, MN_FAULT_OVER_CURRENT },
	{ "brown-out", MNP_FAULT_BROWN_OUT, MN_FAULT_HANDPIECE_RESTART },
	{ "not home", MNP_FAULT_NOT_HOME, MN_FAULT_NOT_HOME },
	{ "sensor", MNP_FAULT_SENSOR, MN_FAULT_MEASUREMENT },
	{ "internal", MNP_FAULT_INTERNAL, MN_FAULT_HANDPIECE },
	{ "unknown", 1U << 10, MN_FAULT_HANDPIECE },
	{ "unknown, the last", 1U << 31, MN_FAULT_HANDPIECE },
};

KUNIT_ARRAY_PARAM_DESC(fault, fault_cases, name);

/* Each of its faults has a code of ours, and goes back as itself; none is lost. */
static void fault_translated(struct kunit *test)
{
	const struct fault_case *param = test->param_value;
	struct mnp_identity identity;
	struct mnp_identify p;
	struct mnp_status st;
	struct mn_report report;
	struct mn_caps caps;
	u64 time_us;
	u32 number;

	packet_identify(&p);
	p.faults = cpu_to_le32(param->own);
	KUNIT_ASSERT_EQ(test, mnp_parse_identify(&p, sizeof(p), &caps, &identity), MNP_CHECK_OK);
	KUNIT_EXPECT_EQ(test, identity.faults, BIT_ULL(param->code));
	packet_status(&st);
	st.faults = cpu_to_le32(param->own);
	KUNIT_ASSERT_EQ(test, mnp_parse_status(&st, sizeof(st), &report, &number, &time_us),
			MNP_CHECK_OK);
	KUNIT_EXPECT_EQ(test, report.faults, BIT_ULL(param->code));
	if (param->own & MNP_FAULT_ALL)
		KUNIT_EXPECT_EQ(test, mnp_own_faults(BIT_ULL(param->code)), param->own);
}

static void fault_all_at_once(struct kunit *test)
{
	struct mnp_status st;
	struct mn_report report;
	unsigned int i;
	u64 all = 0, time_us;
	u32 number;

	for (i = 0; i < ARRAY_SIZE(fault_cases); i++)
		all |= BIT_ULL(fault_cases[i].code);
	packet_status(&st);
	st.faults = cpu_to_le32(0xffffffff);
	KUNIT_ASSERT_EQ(test, mnp_parse_status(&st, sizeof(st), &report, &number, &time_us),
			MNP_CHECK_OK);
	KUNIT_EXPECT_EQ(test, report.faults, all);
	KUNIT_EXPECT_EQ(test, mnp_own_faults(all) & MNP_FAULT_ALL, MNP_FAULT_ALL);
	KUNIT_EXPECT_EQ(test, mnp_own_faults(0), 0U);
	/* Ours that it does not have are not its business. */
	KUNIT_EXPECT_EQ(test, mnp_own_faults(BIT_ULL(MN_FAULT_LEASE)), 0U);
}

static struct kunit_case parse_cases[] = {
	KUNIT_CASE_PARAM(parse_good, frame_gen_params),
	KUNIT_CASE_PARAM(parse_sizes, frame_gen_params),
	KUNIT_CASE_PARAM(parse_frame, frame_gen_params),
	KUNIT_CASE_PARAM(parse_length, frame_gen_params),
	KUNIT_CASE(identify_becomes),
	KUNIT_CASE(identify_required),
	KUNIT_CASE_PARAM(identify_spoiled, identify_gen_params),
	KUNIT_CASE(identify_odd_names),
	KUNIT_CASE_PARAM(fault_translated, fault_gen_params),
	KUNIT_CASE(fault_all_at_once),
	{}
};

static struct kunit_suite parse_suite = {
	.name = "mn-usb-parse",
	.test_cases = parse_cases,
};

kunit_test_suites(&parse_suite);
