// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cartridge's tag: its check, the used mark, and what an absent or unreadable one looks like.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <endian.h>
#include <string.h>

#include "rig.h"

#define UID 0xc0ffee

static int setup(void **state)
{
	*state = rig_new();
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static bool fits(const struct mnp_cartridge *c)
{
	return le32toh(c->crc) == hp_crc32(c, offsetof(struct mnp_cartridge, crc));
}

static void crc_is_the_one_of_ieee_802_3(void **state)
{
	(void)state;
	assert_int_equal(hp_crc32("123456789", 9), 0xcbf43926);
	assert_int_equal(hp_crc32("", 0), 0);
}

static void tag_is_read_with_insertions_and_a_good_check(void **state)
{
	struct mnp_cartridge c = rig_cartridge(*state);

	assert_true(fits(&c));
	assert_int_equal(c.present, 1);
	assert_int_equal(c.mark, MNP_MARK_NONE);
	assert_int_equal(le16toh(c.insertions), 1);
	assert_int_equal(le16toh(c.needles), 14);
	assert_int_equal(le32toh(c.needle_um), 1500);
	assert_int_equal(le64toh(c.uid), UID);
}

static void makers_check_is_over_the_tag_as_it_was_made(void **state)
{
	struct rig *r = *state;
	struct mnp_cartridge c = r->fw.cartridges.tag[0];

	assert_int_equal(c.insertions, 0);
	assert_int_equal(c.present, 1);
	assert_int_equal(c.header.type, MNP_TYPE_CARTRIDGE);
	assert_true(fits(&c));
}

static void corrupt_tag_is_sent_as_it_is(void **state)
{
	struct rig *r = *state;
	struct hp_cartridge_spec spec;
	struct mnp_cartridge c;

	hp_fw_remove(&r->fw, r->now);
	hp_cartridge_spec_default(&spec, 0xbad, 20000);
	spec.corrupt = true;
	assert_true(hp_fw_insert(&r->fw, &spec, r->now));
	c = rig_cartridge(r);
	assert_false(fits(&c));
	assert_int_equal(rig_mark(r, 0xbad, "one"), MNP_RESULT_MARK);
	/* and it does not run with it */
	rig_stop(r, 1);
	hp_fw_input(&r->fw, HP_FOOT_SWITCH, true, r->now);
	rig_lease(r);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_INTERLOCK);
}

static void absent_tag_is_empty(void **state)
{
	struct rig *r = *state;
	struct mnp_cartridge c, none;

	hp_fw_remove(&r->fw, r->now);
	c = rig_cartridge(r);
	assert_true(fits(&c));
	assert_int_equal(le16toh(c.insertions), 2);
	memset(&none, 0, sizeof(none));
	none.header = c.header;
	none.insertions = c.insertions;
	none.crc = c.crc;
	assert_memory_equal(&c, &none, sizeof(c));
	assert_int_equal(rig_mark(r, UID, "one"), MNP_RESULT_INTERLOCK);
}

static void unreadable_tag_says_so(void **state)
{
	struct rig *r = *state;
	struct mnp_cartridge c;

	r->fw.cartridges.read_error = true;
	c = rig_cartridge(r);
	assert_int_equal(c.present, 1);
	assert_true(c.mark != MNP_MARK_NONE && c.mark != MNP_MARK_USED);
	assert_int_equal(rig_mark(r, UID, "one"), MNP_RESULT_MARK);
}

static void mark_takes_time_and_is_read_back(void **state)
{
	struct rig *r = *state;
	uint64_t before = r->now;
	struct mnp_cartridge c;

	assert_int_equal(rig_mark(r, UID, "one"), MNP_RESULT_OK);
	assert_in_range(r->now - before, HP_MS, 50 * HP_MS);
	c = rig_cartridge(r);
	assert_true(fits(&c));
	assert_int_equal(c.mark, MNP_MARK_USED);
	assert_memory_equal(c.treatment, "one", 4);
	/* the same treatment again is no harm, another is refused, nobody's is nonsense */
	assert_int_equal(rig_mark(r, UID, "one"), MNP_RESULT_OK);
	assert_int_equal(rig_mark(r, UID, "two"), MNP_RESULT_MARK);
	assert_int_equal(rig_mark(r, UID, ""), MNP_RESULT_BAD_PACKET);
	assert_int_equal(rig_mark(r, UID + 1, "one"), MNP_RESULT_MARK);
}

static void used_cartridge_stays_used(void **state)
{
	struct rig *r = *state;
	struct hp_cartridge_spec spec;
	struct mnp_cartridge c;

	assert_int_equal(rig_mark(r, UID, "one"), MNP_RESULT_OK);
	hp_fw_remove(&r->fw, r->now);
	hp_cartridge_spec_default(&spec, 0xbeef, 20000);
	assert_true(hp_fw_insert(&r->fw, &spec, r->now));
	assert_false(hp_fw_insert(&r->fw, &spec, r->now));
	assert_int_equal(rig_cartridge(r).mark, MNP_MARK_NONE);
	hp_fw_remove(&r->fw, r->now);
	hp_fw_power_cycle(&r->fw, 2, r->now);
	hp_cartridge_spec_default(&spec, UID, 20000);
	assert_true(hp_fw_insert(&r->fw, &spec, r->now));
	c = rig_cartridge(r);
	assert_int_equal(c.mark, MNP_MARK_USED);
	assert_memory_equal(c.treatment, "one", 4);
	assert_true(fits(&c));
}

static void pulled_while_it_is_marked(void **state)
{
	struct rig *r = *state;
	struct mnp_mark m = {
		{ MNP_TYPE_MARK, MNP_VERSION, htole16(sizeof(m)) }, 0, htole64(UID), "one"
	};
	struct mnp_result result;

	assert_int_equal(hp_fw_request_out(&r->fw, MNP_REQ_MARK, 9, &m, sizeof(m), r->now), 0);
	hp_fw_remove(&r->fw, r->now);
	rig_run(r, 50 * HP_MS);
	hp_fw_request_in(&r->fw, MNP_REQ_RESULT, 0, sizeof(result), &result, r->now);
	assert_int_equal(result.result, MNP_RESULT_INTERLOCK);
}

static void no_start_while_it_is_marked(void **state)
{
	struct rig *r = *state;
	struct mnp_mark m = {
		{ MNP_TYPE_MARK, MNP_VERSION, htole16(sizeof(m)) }, 0, htole64(UID), "one"
	};

	rig_stop(r, 1);
	hp_fw_input(&r->fw, HP_FOOT_SWITCH, true, r->now);
	rig_lease(r);
	assert_int_equal(hp_fw_request_out(&r->fw, MNP_REQ_MARK, 9, &m, sizeof(m), r->now), 0);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_BUSY);
	rig_run(r, 10 * HP_MS);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_OK);
	assert_int_equal(rig_mark(r, UID, "one"), MNP_RESULT_BUSY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_the_one_of_ieee_802_3),
		TEST(tag_is_read_with_insertions_and_a_good_check),
		TEST(makers_check_is_over_the_tag_as_it_was_made),
		TEST(corrupt_tag_is_sent_as_it_is),
		TEST(absent_tag_is_empty),
		TEST(unreadable_tag_says_so),
		TEST(mark_takes_time_and_is_read_back),
		TEST(used_cartridge_stays_used),
		TEST(pulled_while_it_is_marked),
		TEST(no_start_while_it_is_marked),
	};

	return cmocka_run_group_tests_name("handpiece cartridge", tests, NULL, NULL);
}
