// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parser: status, result, cartridge and strokes.
 */
#include "usb_packets.h"

/* ---- status ---- */

static enum mnp_check take_status(const struct mnp_status *p, struct mn_report *report)
{
	u64 time_us;
	u32 number;

	return mnp_parse_status(p, sizeof(*p), report, &number, &time_us);
}

static void status_becomes(struct kunit *test)
{
	struct mn_report report;
	struct mnp_status p;
	u64 time_us;
	u32 number;

	packet_status(&p);
	p.temp_mc = cpu_to_le32(-20000);
	KUNIT_ASSERT_EQ(test, mnp_parse_status(&p, sizeof(p), &report, &number, &time_us),
			MNP_CHECK_OK);
	KUNIT_EXPECT_EQ(test, report.inputs, MN_INPUT_CARTRIDGE | MN_INPUT_HOME);
	KUNIT_EXPECT_EQ(test, report.epoch, 42U);
	KUNIT_EXPECT_EQ(test, report.boot_id, 0x12345678U);
	KUNIT_EXPECT_EQ(test, report.insertions, 3U);
	KUNIT_EXPECT_EQ(test, report.strokes, 7U);
	KUNIT_EXPECT_TRUE(test, report.idle);
	KUNIT_EXPECT_EQ(test, report.self_test, MN_SELF_TEST_PASSED);
	KUNIT_EXPECT_EQ(test, report.temp_mc, -20000);
	KUNIT_EXPECT_EQ(test, report.faults, 0ULL);
	KUNIT_EXPECT_EQ(test, number, 99U);
	KUNIT_EXPECT_EQ(test, time_us, 0x1122334455667788ULL);
}

/* Each input is itself and no other. */
static void status_inputs(struct kunit *test)
{
	static const struct {
		u16 wire;
		u32 ours;
	} inputs[] = {
		{ MNP_INPUT_EMERGENCY_STOP, MN_INPUT_EMERGENCY_STOP },
		{ MNP_INPUT_TRIGGER, MN_INPUT_TRIGGER },
		{ MNP_INPUT_CARTRIDGE, MN_INPUT_CARTRIDGE },
		{ MNP_INPUT_HOME, MN_INPUT_HOME },
	};
	struct mn_report report;
	struct mnp_status p;
	unsigned int i;

	packet_status(&p);
	for (i = 0; i < ARRAY_SIZE(inputs); i++) {
		p.inputs = cpu_to_le16(inputs[i].wire);
		KUNIT_EXPECT_EQ(test, take_status(&p, &report), MNP_CHECK_OK);
		KUNIT_EXPECT_EQ(test, report.inputs, inputs[i].ours);
	}
	for (i = ARRAY_SIZE(inputs); i < 16; i++) {
		p.inputs = cpu_to_le16(1U << i);
		KUNIT_EXPECT_EQ(test, take_status(&p, &report), MNP_CHECK_VALUE);
	}
}

/* Only a motor that is off is idle; what nobody knows is refused. */
static void status_states(struct kunit *test)
{
	struct mn_report report;
	struct mnp_status p;
	unsigned int state;

	packet_status(&p);
	for (state = 0; state < 256; state++) {
		bool known = state <= MNP_STATE_FAULT;

		p.state = state;
		KUNIT_EXPECT_EQ(test, take_status(&p, &report),
				known ? MNP_CHECK_OK : MNP_CHECK_VALUE);
		if (known)
			KUNIT_EXPECT_EQ(test, report.idle, state == MNP_STATE_IDLE ||
					state == MNP_STATE_FAULT);
	}
}

static void status_self_tests(struct kunit *test)
{
	static const struct {
		u32 wire;
		enum mn_self_test ours;
	} tests[] = {
		{ MNP_SELF_TEST_NEVER, MN_SELF_TEST_NEVER },
		{ MNP_SELF_TEST_PASSED, MN_SELF_TEST_PASSED },
		{ MNP_SELF_TEST_FAILED, MN_SELF_TEST_FAILED },
		{ MNP_SELF_TEST_BUSY, MN_SELF_TEST_BUSY },
	};
	struct mn_report report;
	struct mnp_status p;
	unsigned int i;

	packet_status(&p);
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		p.self_test = cpu_to_le32(tests[i].wire);
		KUNIT_EXPECT_EQ(test, take_status(&p, &report), MNP_CHECK_OK);
		KUNIT_EXPECT_EQ(test, report.self_test, tests[i].ours);
	}
	p.self_test = cpu_to_le32(MNP_SELF_TEST_BUSY + 1);
	KUNIT_EXPECT_EQ(test, take_status(&p, &report), MNP_CHECK_VALUE);
	p.self_test = cpu_to_le32(0xffffffff);
	KUNIT_EXPECT_EQ(test, take_status(&p, &report), MNP_CHECK_VALUE);
}

static void status_spoiled(struct kunit *test)
{
	struct mn_report report;
	struct mnp_status p;

	packet_status(&p);
	p.reserved = 1;
	KUNIT_EXPECT_EQ(test, take_status(&p, &report), MNP_CHECK_RESERVED);
	packet_status(&p);
	p.refusal = cpu_to_le16(MNP_RESULT_MARK);
	KUNIT_EXPECT_EQ(test, take_status(&p, &report), MNP_CHECK_OK);
	p.refusal = cpu_to_le16(MNP_RESULT_MARK + 1);
	KUNIT_EXPECT_EQ(test, take_status(&p, &report), MNP_CHECK_VALUE);
}

/* ---- result ---- */

static void result_becomes(struct kunit *test)
{
	u8 request = 0, result = 0;
	struct mnp_result p;
	unsigned int i;
	u16 tag = 0;

	packet_result(&p);
	KUNIT_EXPECT_EQ(test, mnp_parse_result(&p, sizeof(p), &request, &tag, &result),
			MNP_CHECK_OK);
	KUNIT_EXPECT_EQ(test, request, MNP_REQ_START);
	KUNIT_EXPECT_EQ(test, tag, 0xabcd);
	KUNIT_EXPECT_EQ(test, result, MNP_RESULT_LIMIT);
	for (i = 0; i < 256; i++) {
		p.result = i;
		KUNIT_EXPECT_EQ(test, mnp_parse_result(&p, sizeof(p), &request, &tag, &result),
				i <= MNP_RESULT_MARK ? MNP_CHECK_OK : MNP_CHECK_VALUE);
	}
}

/* ---- cartridge ---- */

static void cartridge_becomes(struct kunit *test)
{
	struct mnp_cartridge p;
	struct mn_tag tag;

	packet_cartridge(&p);
	p.mark = MNP_MARK_USED;
	memset(p.treatment, 0xa5, sizeof(p.treatment));
	packet_cartridge_sign(&p);
	KUNIT_ASSERT_EQ(test, mnp_parse_cartridge(&p, sizeof(p), &tag), MNP_CHECK_OK);
	KUNIT_EXPECT_TRUE(test, tag.present);
	KUNIT_EXPECT_TRUE(test, tag.readable);
	KUNIT_EXPECT_TRUE(test, tag.marked);
	KUNIT_EXPECT_EQ(test, tag.insertions, 3U);
	KUNIT_EXPECT_EQ(test, tag.needles, 14U);
	KUNIT_EXPECT_EQ(test, tag.uid, 0xfedcba9876543210ULL);
	KUNIT_EXPECT_EQ(test, tag.limit[MN_QUANTITY_DEPTH], 1500U);
	KUNIT_EXPECT_EQ(test, tag.limit[MN_QUANTITY_RATE], 150000U);
	KUNIT_EXPECT_EQ(test, tag.limit[MN_QUANTITY_DOSE], 60000U);
	KUNIT_EXPECT_EQ(test, tag.limit[MN_QUANTITY_RUN_TIME], 0U);
	KUNIT_EXPECT_EQ(test, tag.expiry_days, 21000U);
	KUNIT_EXPECT_STREQ(test, tag.lot, "LOT-7");
	KUNIT_EXPECT_MEMEQ(test, tag.treatment, p.treatment, sizeof(p.treatment));
}

static void cartridge_absent(struct kunit *test)
{
	struct mnp_cartridge p, good;
	struct mn_tag tag;

	packet_cartridge(&good);
	memset(&p, 0, sizeof(p));
	p.header = good.header;
	p.insertions = good.insertions;
	packet_cartridge_sign(&p);
	KUNIT_EXPECT_EQ(test, mnp_parse_cartridge(&p, sizeof(p), &tag), MNP_CHECK_OK);
	KUNIT_EXPECT_FALSE(test, tag.present);
	KUNIT_EXPECT_FALSE(test, tag.readable);
	KUNIT_EXPECT_EQ(test, tag.insertions, 3U);
	KUNIT_EXPECT_EQ(test, tag.limit[MN_QUANTITY_DEPTH], 0U);
}

/* Present, not readable, and nothing of it is believed. */
static void expect_unreadable(struct kunit *test, const struct mnp_cartridge *p, const char *why)
{
	struct mn_tag tag;

	KUNIT_EXPECT_EQ_MSG(test, mnp_parse_cartridge(p, sizeof(*p), &tag), MNP_CHECK_OK, "%s",
			    why);
	KUNIT_EXPECT_TRUE_MSG(test, tag.present, "%s", why);
	KUNIT_EXPECT_FALSE_MSG(test, tag.readable, "%s", why);
	KUNIT_EXPECT_EQ_MSG(test, tag.limit[MN_QUANTITY_DEPTH], 0U, "%s", why);
}

/* Any bit that turned: of what it says, or of the check itself. */
static void cartridge_check(struct kunit *test)
{
	const size_t frame = sizeof(struct mnp_header);
	struct mnp_cartridge p;
	size_t at;

	for (at = frame * 8; at < sizeof(p) * 8; at++) {
		u8 *byte = (u8 *)&p + at / 8;

		/* What says whether there is one at all is not the tag's. */
		if (at / 8 == offsetof(struct mnp_cartridge, present))
			continue;
		packet_cartridge(&p);
		*byte ^= 1U << at % 8;
		expect_unreadable(test, &p, "a bit turned");
	}
}

static void cartridge_present(struct kunit *test)
{
	struct mnp_cartridge p;
	struct mn_tag tag;

	packet_cartridge(&p);
	p.present = 2;
	packet_cartridge_sign(&p);
	KUNIT_EXPECT_EQ(test, mnp_parse_cartridge(&p, sizeof(p), &tag), MNP_CHECK_VALUE);
	p.present = 0xff;
	KUNIT_EXPECT_EQ(test, mnp_parse_cartridge(&p, sizeof(p), &tag), MNP_CHECK_VALUE);
}

/* With a check that is right: what it says is impossible all the same. */
static void cartridge_impossible(struct kunit *test)
{
	struct mnp_cartridge p;
	struct mn_tag tag;
	unsigned int i;

	for (i = 0; i < 256; i++) {
		packet_cartridge(&p);
		p.mark = i;
		packet_cartridge_sign(&p);
		if (i != MNP_MARK_NONE && i != MNP_MARK_USED) {
			expect_unreadable(test, &p, "mark");
			continue;
		}
		KUNIT_EXPECT_EQ(test, mnp_parse_cartridge(&p, sizeof(p), &tag), MNP_CHECK_OK);
		KUNIT_EXPECT_TRUE(test, tag.readable);
		KUNIT_EXPECT_EQ(test, tag.marked, i == MNP_MARK_USED);
	}
	packet_cartridge(&p);
	p.reserved = cpu_to_le16(1);
	packet_cartridge_sign(&p);
	expect_unreadable(test, &p, "reserved");
	packet_cartridge(&p);
	p.lot[0] = 0;
	packet_cartridge_sign(&p);
	expect_unreadable(test, &p, "no lot");
	packet_cartridge(&p);
	memset(p.lot, 'L', sizeof(p.lot));
	packet_cartridge_sign(&p);
	expect_unreadable(test, &p, "lot without an end");
	packet_cartridge(&p);
	p.lot[1] = '\n';
	packet_cartridge_sign(&p);
	expect_unreadable(test, &p, "lot with a line feed");
}

/* ---- strokes ---- */

struct taken {
	struct mn_stroke strokes[MNP_STROKES_MAX];
	u64 times_us[MNP_STROKES_MAX];
	u64 time_us;
	unsigned int count;
};

static enum mnp_check take_strokes(const struct packet_strokes *p, size_t size, struct taken *t)
{
	return mnp_parse_strokes(p, size, t->strokes, t->times_us, &t->count, &t->time_us);
}

static void strokes_become(struct kunit *test)
{
	struct packet_strokes *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	struct taken *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int count, i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, t);
	for (count = 1; count <= MNP_STROKES_MAX; count++) {
		size_t size = packet_strokes(p, count);

		KUNIT_EXPECT_LE(test, size, MNP_STROKES_MAXP);
		KUNIT_EXPECT_EQ(test, take_strokes(p, size, t), MNP_CHECK_OK);
		KUNIT_EXPECT_EQ(test, t->count, count);
		KUNIT_EXPECT_EQ(test, t->time_us, 2000000ULL);
		for (i = 0; i < count; i++) {
			KUNIT_EXPECT_EQ(test, t->strokes[i].number, 100 + i);
			KUNIT_EXPECT_EQ(test, t->strokes[i].epoch, 42U);
			KUNIT_EXPECT_EQ(test, t->strokes[i].depth_um, 480 + i);
			KUNIT_EXPECT_EQ(test, t->strokes[i].period_us, 10000 + i);
			KUNIT_EXPECT_EQ(test, t->strokes[i].current_ma, 300 + i);
			KUNIT_EXPECT_EQ(test, t->strokes[i].age_us, 0U);
			KUNIT_EXPECT_EQ(test, t->times_us[i], 1000000ULL + 10000 * i);
		}
	}
}

/* A count that is not what lies there, however it is made to fit. */
static void strokes_count(struct kunit *test)
{
	static const u16 counts[] = { 0, 1, 3, 14, 15, 16, 0x7fff, 0x8000, 0xffff };
	struct packet_strokes *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	struct taken *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	unsigned int i;
	size_t size;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, t);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		size = packet_strokes(p, 2);
		p->head.count = cpu_to_le16(counts[i]);
		KUNIT_EXPECT_NE_MSG(test, take_strokes(p, size, t), MNP_CHECK_OK, "count %u",
				    counts[i]);
	}
	/* None is no report; one more than fits its buffer is not taken, though it all agrees. */
	size = packet_strokes(p, 0);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size, t), MNP_CHECK_VALUE);
	size = packet_strokes(p, MNP_STROKES_MAX + 1);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size, t), MNP_CHECK_VALUE);
}

static void strokes_spoiled(struct kunit *test)
{
	struct packet_strokes *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	struct taken *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	size_t size;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, t);
	size = packet_strokes(p, 3);
	p->head.reserved = cpu_to_le16(1);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size, t), MNP_CHECK_RESERVED);
	packet_strokes(p, 3);
	p->stroke[2].reserved = cpu_to_le32(0x80000000);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size, t), MNP_CHECK_RESERVED);
	/* Made after it was sent */
	packet_strokes(p, 3);
	p->stroke[2].time_us = cpu_to_le64(2000000);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size, t), MNP_CHECK_OK);
	p->stroke[2].time_us = cpu_to_le64(2000001);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size, t), MNP_CHECK_VALUE);
	/* Long by one, said and unsaid; short by one likewise */
	packet_strokes(p, 3);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size + 1, t), MNP_CHECK_LENGTH);
	p->head.header.length = cpu_to_le16(size + 1);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size + 1, t), MNP_CHECK_LENGTH);
	p->head.header.length = cpu_to_le16(size - 1);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size - 1, t), MNP_CHECK_LENGTH);
	KUNIT_EXPECT_EQ(test, take_strokes(p, sizeof(p->head) - 1, t), MNP_CHECK_SHORT);
	KUNIT_EXPECT_EQ(test, take_strokes(p, 0, t), MNP_CHECK_SHORT);
}

/* What is measured is the rules' to judge: all values come through. */
static void strokes_extremes(struct kunit *test)
{
	struct packet_strokes *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	struct taken *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	size_t size;

	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_ASSERT_NOT_NULL(test, t);
	size = packet_strokes(p, 1);
	p->stroke[0].depth_um = cpu_to_le32(0xffffffff);
	p->stroke[0].period_us = cpu_to_le32(0xffffffff);
	p->stroke[0].current_ma = cpu_to_le32(0xffffffff);
	KUNIT_EXPECT_EQ(test, take_strokes(p, size, t), MNP_CHECK_OK);
	KUNIT_EXPECT_EQ(test, t->strokes[0].depth_um, MN_NOT_MEASURED);
	KUNIT_EXPECT_EQ(test, t->strokes[0].period_us, MN_NOT_MEASURED);
	KUNIT_EXPECT_EQ(test, t->strokes[0].current_ma, MN_NOT_MEASURED);
}

static struct kunit_case reports_cases[] = {
	KUNIT_CASE(status_becomes),
	KUNIT_CASE(status_inputs),
	KUNIT_CASE(status_states),
	KUNIT_CASE(status_self_tests),
	KUNIT_CASE(status_spoiled),
	KUNIT_CASE(result_becomes),
	KUNIT_CASE(cartridge_becomes),
	KUNIT_CASE(cartridge_absent),
	KUNIT_CASE(cartridge_check),
	KUNIT_CASE(cartridge_present),
	KUNIT_CASE(cartridge_impossible),
	KUNIT_CASE(strokes_become),
	KUNIT_CASE(strokes_count),
	KUNIT_CASE(strokes_spoiled),
	KUNIT_CASE(strokes_extremes),
	{}
};

static struct kunit_suite reports_suite = {
	.name = "mn-usb-reports",
	.test_cases = reports_cases,
};

kunit_test_suites(&reports_suite);
