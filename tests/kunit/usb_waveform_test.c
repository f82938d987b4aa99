// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waveform blocks: what comes of a good one, and that no other is taken.
 */
#include "usb_packets.h"

static struct packet_waveform *new_packet(struct kunit *test)
{
	struct packet_waveform *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	return p;
}

static void waveform_becomes(struct kunit *test)
{
	struct packet_waveform *p = new_packet(test);
	size_t size = packet_waveform(p, MNP_WAVEFORM_MAX);
	struct mn_sample samples[2];
	struct mnp_block block;

	KUNIT_EXPECT_EQ(test, size, 512UL);
	KUNIT_ASSERT_EQ(test, mnp_parse_waveform(p, size, &block), MNP_CHECK_OK);
	KUNIT_EXPECT_EQ(test, block.number, 244U);
	KUNIT_EXPECT_EQ(test, block.tag, 0xabcd);
	KUNIT_EXPECT_EQ(test, block.count, 122U);
	mnp_take_samples(p, &block, 0, 1, samples);
	KUNIT_EXPECT_EQ(test, samples[0].mono_ns, 5000000000ULL);
	KUNIT_EXPECT_EQ(test, samples[0].number, 244U);
	KUNIT_EXPECT_EQ(test, samples[0].position_um, 100);
	KUNIT_EXPECT_EQ(test, samples[0].current_ma, 300);
	mnp_take_samples(p, &block, 120, 2, samples);
	KUNIT_EXPECT_EQ(test, samples[1].mono_ns, 5000000000ULL + 121 * 50000);
	KUNIT_EXPECT_EQ(test, samples[1].number, 365U);
	KUNIT_EXPECT_EQ(test, samples[1].position_um, 221);
	KUNIT_EXPECT_EQ(test, samples[1].current_ma, 421);
}

static void waveform_count(struct kunit *test)
{
	struct packet_waveform *p = new_packet(test);
	struct mnp_block block;
	unsigned int count;
	size_t size;

	for (count = 0; count <= MNP_WAVEFORM_MAX + 1; count++) {
		size = packet_waveform(p, count);
		KUNIT_EXPECT_EQ_MSG(test, mnp_parse_waveform(p, size, &block),
				    count && count <= MNP_WAVEFORM_MAX ? MNP_CHECK_OK :
				    MNP_CHECK_VALUE, "%u samples", count);
	}
}

static void spoil_type(struct packet_waveform *p)
{
	p->head.header.type = MNP_TYPE_STROKES;
}

static void spoil_version(struct packet_waveform *p)
{
	p->head.header.version = MNP_VERSION + 1;
}

static void spoil_length(struct packet_waveform *p)
{
	p->head.header.length = cpu_to_le16(le16_to_cpu(p->head.header.length) + 4);
}

static void spoil_count(struct packet_waveform *p)
{
	p->head.count = cpu_to_le16(4);
}

static void spoil_number(struct packet_waveform *p)
{
	p->head.number = cpu_to_le32(MNP_CAPTURE_SAMPLES_MAX - 2);
}

static void spoil_number_wildly(struct packet_waveform *p)
{
	p->head.number = cpu_to_le32(0xffffffff);
}

static void spoil_period(struct packet_waveform *p)
{
	p->head.period_ns = cpu_to_le32(49999);
}

static void spoil_time(struct packet_waveform *p)
{
	p->head.time_us = cpu_to_le64((1ULL << 53) + 1);
}

static void last_number(struct packet_waveform *p)
{
	p->head.number = cpu_to_le32(MNP_CAPTURE_SAMPLES_MAX - 3);
}

static void longest_period(struct packet_waveform *p)
{
	p->head.period_ns = cpu_to_le32(0xffffffff);
}

static void last_time(struct packet_waveform *p)
{
	p->head.time_us = cpu_to_le64(1ULL << 53);
}

static const struct waveform_case {
	const char *name;
	void (*spoil)(struct packet_waveform *p);
	enum mnp_check check;
} waveform_cases[] = {
	{ "another type", spoil_type, MNP_CHECK_TYPE },
	{ "another version", spoil_version, MNP_CHECK_VERSION },
	{ "length that is not its length", spoil_length, MNP_CHECK_LENGTH },
	{ "count that is not its count", spoil_count, MNP_CHECK_LENGTH },
	{ "number just beyond", spoil_number, MNP_CHECK_VALUE },
	{ "number wildly beyond", spoil_number_wildly, MNP_CHECK_VALUE },
	{ "faster than any", spoil_period, MNP_CHECK_VALUE },
	{ "time that would overflow", spoil_time, MNP_CHECK_VALUE },
	{ "last number", last_number, MNP_CHECK_OK },
	{ "longest period", longest_period, MNP_CHECK_OK },
	{ "last time", last_time, MNP_CHECK_OK },
};

KUNIT_ARRAY_PARAM_DESC(waveform, waveform_cases, name);

static void waveform_spoiled(struct kunit *test)
{
	const struct waveform_case *param = test->param_value;
	struct packet_waveform *p = new_packet(test);
	size_t size = packet_waveform(p, 3);
	struct mnp_block block;

	param->spoil(p);
	KUNIT_EXPECT_EQ(test, mnp_parse_waveform(p, size, &block), param->check);
}

static void waveform_short(struct kunit *test)
{
	struct packet_waveform *p = new_packet(test);
	size_t size = packet_waveform(p, 3);
	struct mnp_block block;

	KUNIT_EXPECT_EQ(test, mnp_parse_waveform(p, size - 1, &block), MNP_CHECK_LENGTH);
	KUNIT_EXPECT_EQ(test, mnp_parse_waveform(p, sizeof(p->head) - 1, &block), MNP_CHECK_SHORT);
	KUNIT_EXPECT_EQ(test, mnp_parse_waveform(p, 0, &block), MNP_CHECK_SHORT);
}

static struct kunit_case waveform_kunit_cases[] = {
	KUNIT_CASE(waveform_becomes),
	KUNIT_CASE(waveform_count),
	KUNIT_CASE_PARAM(waveform_spoiled, waveform_gen_params),
	KUNIT_CASE(waveform_short),
	{}
};

static struct kunit_suite waveform_suite = {
	.name = "mn-usb-waveform",
	.test_cases = waveform_kunit_cases,
};

kunit_test_suites(&waveform_suite);
