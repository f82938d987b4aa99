// SPDX-License-Identifier: GPL-2.0-or-later
/* Strokes: their number, depth, rate and reports, and that nothing begins after a stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <endian.h>
#include <stdlib.h>

#include "rig.h"

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

static void each_stroke_is_reported_once_and_in_time(void **state)
{
	struct rig *r = *state;
	unsigned int distinct = 0;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 2000 * HP_MS);
	assert_in_range(r->strokes, 190, 200);
	assert_int_equal(r->strokes, r->packets);
	for (unsigned int i = 0; i < r->strokes; i++) {
		const struct mnp_stroke *s = &r->stroke[i];
		uint32_t period = le32toh(s->period_us);

		assert_int_equal(le32toh(s->number), i + 1);
		assert_int_equal(le32toh(s->epoch), r->epoch);
		assert_in_range(le32toh(s->depth_um), 440, 500);
		assert_in_range(le32toh(s->current_ma), 100, 2000);
		if (i == 0)
			assert_int_equal(period, 0);
		else
			assert_true(period >= 10000);
		if (i && s->depth_um != r->stroke[i - 1].depth_um)
			distinct++;
		/* queued before the next one begins: less than half a period after its deepest point */
		assert_true(r->packet_ns[i] - 1000 * HP_MS - le64toh(s->time_us) * 1000 <
			    5 * HP_MS);
	}
	assert_true(distinct > r->strokes / 2);
	/* the motor is up after its run-up time */
	assert_in_range(le32toh(r->stroke[60].period_us), 10000, 10300);
}

static void silence_and_rate_hold_at_both_ends(void **state)
{
	static const uint32_t rates[] = { 20000, 50000, 150000 };
	uint64_t last;

	(void)state;
	for (unsigned int n = 0; n < 3; n++) {
		struct rig *r = rig_new();

		rig_go(r, 1500, rates[n]);
		last = r->now;
		rig_run_leased(r, 1500 * HP_MS);
		for (unsigned int i = 0; i < r->strokes; i++) {
			uint32_t period = le32toh(r->stroke[i].period_us);

			/* no report for 100 ms is a fault of the host's, faster than set too */
			assert_true(r->packet_ns[i] - last < 90 * HP_MS);
			assert_true(!period || period >= 1000000000 / rates[n]);
			assert_true(le32toh(r->stroke[i].current_ma) < 2000);
			last = r->packet_ns[i];
		}
		rig_free(r);
	}
}

static void it_stops_by_itself_after_its_strokes(void **state)
{
	struct rig *r = *state;

	rig_stop(r, 1);
	hp_fw_input(&r->fw, HP_FOOT_SWITCH, true, r->now);
	rig_lease(r);
	assert_int_equal(rig_start(r, 500, 100000, 17, 60000), MNP_RESULT_OK);
	rig_run_leased(r, 1000 * HP_MS);
	assert_int_equal(r->strokes, 17);
	assert_int_equal(r->fw.stroke_number, 17);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
	assert_int_equal(r->fw.latched, 0);
}

static void it_stops_by_itself_after_its_time(void **state)
{
	struct rig *r = *state;

	rig_stop(r, 1);
	hp_fw_input(&r->fw, HP_FOOT_SWITCH, true, r->now);
	rig_lease(r);
	assert_int_equal(rig_start(r, 500, 100000, 1000, 400), MNP_RESULT_OK);
	rig_run_leased(r, 399 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	rig_run_leased(r, 61 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
	assert_int_equal(r->fw.latched, 0);
}

/* At any moment of run-up or run, at any rate: home in 60 ms, no stroke begun, all reported */
static void no_stroke_begins_after_a_kill(void **state)
{
	static const uint32_t rates[] = { 20000, 60000, 150000 };

	(void)state;
	for (uint64_t at_us = 50; at_us < 700000; at_us += 3331) {
		struct rig *r = rig_new();
		uint64_t killed;
		uint32_t begun;

		rig_go(r, 1000, rates[at_us % 3]);
		rig_run_leased(r, at_us * 1000);
		begun = r->fw.stroke_number;
		killed = r->now;
		rig_kill(r, r->epoch + 1);
		rig_run(r, 60 * HP_MS);
		assert_int_equal(r->fw.stroke_number, begun);
		assert_int_equal(r->strokes, begun);
		assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
		assert_true(r->fw.stats.home_ns - killed <= 60 * HP_MS);
		assert_true(le16toh(rig_last_status(r)->inputs) & MNP_INPUT_HOME);
		assert_int_equal(hp_model_position_um(&r->fw.model, r->now), 0);
		rig_free(r);
	}
}

/* The kill came while strokes were due: none of them begins any more */
static void a_kill_goes_before_what_is_due(void **state)
{
	struct rig *r = *state;
	const struct mnp_stop s = { { MNP_TYPE_STOP, MNP_VERSION, htole16(sizeof(s)) },
				    htole32(99),
				    { 0, 0 } };
	uint32_t begun;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 500 * HP_MS);
	begun = r->fw.stroke_number;
	r->now += 45 * HP_MS;
	hp_fw_out(&r->fw, HP_EP_KILL, &s, sizeof(s), r->now);
	assert_int_equal(r->fw.stroke_number, begun);
	rig_run(r, 60 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
}

static void release_of_the_foot_switch_stops(void **state)
{
	struct rig *r = *state;
	uint32_t begun;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 300 * HP_MS);
	begun = r->fw.stroke_number;
	hp_fw_input(&r->fw, HP_FOOT_SWITCH, false, r->now);
	rig_run_leased(r, 60 * HP_MS);
	assert_int_equal(r->fw.stroke_number, begun);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
	/* pressed again it does not go on by itself, but START of the same epoch serves */
	hp_fw_input(&r->fw, HP_FOOT_SWITCH, true, r->now);
	rig_run_leased(r, 300 * HP_MS);
	assert_int_equal(r->fw.stroke_number, begun);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_OK);
}

static void a_second_start_replaces_the_set_point(void **state)
{
	struct rig *r = *state;
	unsigned int before;

	rig_go(r, 1000, 100000);
	rig_run_leased(r, 500 * HP_MS);
	assert_int_equal(rig_start(r, 300, 100000, 20, 60000), MNP_RESULT_OK);
	before = r->strokes;
	rig_run_leased(r, 600 * HP_MS);
	/* one of the old depth may have been under way */
	for (unsigned int i = before + 1; i < r->strokes; i++)
		assert_true(le32toh(r->stroke[i].depth_um) <= 300);
	assert_in_range(r->strokes - before, 20, 21);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
	/* refused, it changes nothing */
	rig_go(r, 1000, 100000);
	assert_int_equal(rig_start(r, 5000, 100000, 20, 60000), MNP_RESULT_LIMIT);
	assert_int_equal(r->fw.run.depth_um, 1000);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
}

static void it_stops_when_nobody_takes_its_reports(void **state)
{
	struct rig *r = *state;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 300 * HP_MS);
	r->deaf = true;
	rig_run_leased(r, 45 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	rig_run_leased(r, 80 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
	assert_int_equal(r->fw.latched, 0);
}

static void late_reports_catch_up_in_one_packet(void **state)
{
	struct rig *r = *state;
	unsigned int packets, strokes;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 300 * HP_MS);
	r->deaf = true;
	rig_run_leased(r, 45 * HP_MS);
	packets = r->packets;
	strokes = r->strokes;
	r->deaf = false;
	rig_run_leased(r, HP_MS);
	assert_int_equal(r->packets, packets + 1);
	assert_in_range(r->strokes - strokes, 3, 4);
	for (unsigned int i = 1; i < r->strokes; i++)
		assert_int_equal(le32toh(r->stroke[i].number), i + 1);
}

static void at_full_speed_a_packet_holds_one(void **state)
{
	struct rig *r = *state;

	hp_fw_link(&r->fw, true, false, r->now);
	r->pending[HP_EP_STATUS] = false;
	rig_go(r, 500, 100000);
	r->deaf = true;
	rig_run_leased(r, 45 * HP_MS);
	r->deaf = false;
	rig_run_leased(r, HP_MS);
	assert_int_equal(r->packets, r->strokes);
}

static void pulled_cartridge_stops(void **state)
{
	struct rig *r = *state;
	uint16_t before = r->fw.insertions;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 300 * HP_MS);
	assert_true(hp_fw_remove(&r->fw, r->now));
	rig_run(r, 60 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
	assert_int_equal(le16toh(rig_last_status(r)->insertions), before + 1);
	assert_false(le16toh(rig_last_status(r)->inputs) & MNP_INPUT_CARTRIDGE);
}

static void the_same_seed_gives_the_same_strokes(void **state)
{
	struct hp_identity id;
	struct rig *r[3];
	unsigned int differ = 0;

	(void)state;
	hp_identity_default(&id);
	for (unsigned int n = 0; n < 3; n++) {
		r[n] = rig_new_with(&id, n < 2 ? 7 : 8, 0);
		rig_go(r[n], 500, 100000);
		rig_run_leased(r[n], 500 * HP_MS);
	}
	assert_int_equal(r[0]->strokes, r[1]->strokes);
	for (unsigned int i = 0; i < r[0]->strokes; i++) {
		assert_memory_equal(&r[0]->stroke[i], &r[1]->stroke[i], sizeof(struct mnp_stroke));
		differ += r[0]->stroke[i].depth_um != r[2]->stroke[i].depth_um;
	}
	assert_true(differ > 10);
	for (unsigned int n = 0; n < 3; n++)
		rig_free(r[n]);
}

static void skin_gives_way(void **state)
{
	struct rig *r = *state;
	uint64_t sum[2] = { 0 };

	for (unsigned int n = 0; n < 2; n++) {
		unsigned int from = r->strokes;

		assert_true(hp_model_skin(&r->fw.model, n ? "cheek" : "air"));
		r->fw.model.load = n ? 1000 : 0;
		rig_go(r, 1000, 100000);
		rig_run_leased(r, 1000 * HP_MS);
		rig_kill(r, r->epoch + 1);
		rig_run(r, 60 * HP_MS);
		for (unsigned int i = from; i < from + 50; i++)
			sum[n] += le32toh(r->stroke[i].depth_um);
	}
	assert_true(sum[0] / 50 > 980);
	assert_in_range(sum[1] / 50, 900, 945);
	assert_false(hp_model_skin(&r->fw.model, "tin"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_stroke_is_reported_once_and_in_time),
		cmocka_unit_test(silence_and_rate_hold_at_both_ends),
		TEST(it_stops_by_itself_after_its_strokes),
		TEST(it_stops_by_itself_after_its_time),
		cmocka_unit_test(no_stroke_begins_after_a_kill),
		TEST(a_kill_goes_before_what_is_due),
		TEST(release_of_the_foot_switch_stops),
		TEST(a_second_start_replaces_the_set_point),
		TEST(it_stops_when_nobody_takes_its_reports),
		TEST(late_reports_catch_up_in_one_packet),
		TEST(at_full_speed_a_packet_holds_one),
		TEST(pulled_cartridge_stops),
		cmocka_unit_test(the_same_seed_gives_the_same_strokes),
		TEST(skin_gives_way),
	};

	return cmocka_run_group_tests_name("handpiece strokes", tests, NULL, NULL);
}
