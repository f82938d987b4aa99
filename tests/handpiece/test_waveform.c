// SPDX-License-Identifier: GPL-2.0-or-later
/* The waveform: what CAPTURE answers, what the samples say, and what becomes of the blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <endian.h>
#include <stdlib.h>
#include <string.h>

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

static uint32_t number(const struct rig *r, unsigned int block)
{
	return le32toh(r->block[block].number);
}

static unsigned int count(const struct rig *r, unsigned int block)
{
	return le16toh(r->block[block].count);
}

static const struct hp_waveform_stats *stats(const struct rig *r)
{
	return &r->fw.stats.waveform;
}

static void blocks_follow_each_other(void **state)
{
	struct rig *r = *state;
	uint64_t begin;
	uint32_t next = 0;

	rig_run(r, 3 * HP_MS / 7);
	begin = r->now;
	assert_int_equal(rig_capture(r, 20000, 1000), MNP_RESULT_OK);
	rig_run(r, 49 * HP_MS);
	assert_true(r->fw.waveform.on);
	assert_int_equal(rig_capture(r, 20000, 1000), MNP_RESULT_BUSY);
	rig_run(r, HP_MS);
	assert_false(r->fw.waveform.on);
	assert_int_equal(r->blocks, 9);
	for (unsigned int i = 0; i < r->blocks; i++) {
		const struct mnp_waveform *w = &r->block[i];
		uint64_t first = begin + (uint64_t)next * 50000;

		assert_int_equal(w->header.type, MNP_TYPE_WAVEFORM);
		assert_int_equal(w->header.version, MNP_VERSION);
		assert_int_equal(le16toh(w->header.length), r->block_length[i]);
		assert_int_equal(r->block_length[i], sizeof(*w) + (size_t)4 * count(r, i));
		assert_int_equal(number(r, i), next);
		assert_int_equal(count(r, i), i < 8 ? MNP_WAVEFORM_MAX : 24);
		assert_int_equal(le32toh(w->period_ns), 50000);
		assert_int_equal(le64toh(w->time_us), (first - 1000 * HP_MS) / 1000);
		/* CAPTURE was the first request, the one that was refused the second */
		assert_int_equal(le16toh(w->tag), 1);
		/* it goes out when its last sample was taken */
		assert_int_equal(r->block_ns[i], first + (count(r, i) - 1) * UINT64_C(50000));
		next += count(r, i);
	}
	assert_int_equal(next, 1000);
	assert_int_equal(stats(r)->sent, 1000);
	assert_int_equal(r->fw.stats.samples_sent, 1000);
	assert_int_equal(stats(r)->dropped, 0);
}

static void answers(void **state)
{
	struct rig *r = *state;
	struct mnp_capture c = { { MNP_TYPE_CAPTURE, MNP_VERSION, htole16(sizeof(c)) },
				 htole32(1000),
				 htole32(10),
				 htole32(1) };
	struct hp_identity id;

	assert_int_equal(rig_tell(r, MNP_REQ_CAPTURE, &c, sizeof(c)), MNP_RESULT_BAD_PACKET);
	c.reserved = 0;
	assert_int_equal(rig_tell(r, MNP_REQ_CAPTURE, &c, sizeof(c) - 4), MNP_RESULT_BAD_PACKET);
	c.header.type = MNP_TYPE_LEASE;
	assert_int_equal(rig_tell(r, MNP_REQ_CAPTURE, &c, sizeof(c)), MNP_RESULT_BAD_PACKET);
	assert_int_equal(rig_capture(r, 0, 1), MNP_RESULT_BAD_PACKET);
	assert_int_equal(rig_capture(r, 20001, 10), MNP_RESULT_LIMIT);
	assert_int_equal(rig_capture(r, 1000, 0), MNP_RESULT_LIMIT);
	assert_int_equal(rig_capture(r, 1000, MNP_CAPTURE_SAMPLES_MAX + 1), MNP_RESULT_LIMIT);
	assert_int_equal(rig_capture(r, 0, 0), MNP_RESULT_OK);
	rig_run(r, 100 * HP_MS);
	assert_int_equal(r->blocks, 0);
	assert_int_equal(rig_capture(r, 1, MNP_CAPTURE_SAMPLES_MAX), MNP_RESULT_OK);
	assert_int_equal(rig_capture(r, 20001, 10), MNP_RESULT_LIMIT);
	assert_int_equal(rig_capture(r, 1, 1), MNP_RESULT_BUSY);

	hp_identity_default(&id);
	id.capture_max_hz = 0;
	rig_free(r);
	*state = r = rig_new_with(&id, 1, 0);
	assert_int_equal(rig_capture(r, 1, 1), MNP_RESULT_LIMIT);
	assert_int_equal(rig_capture(r, 0, 0), MNP_RESULT_OK);
}

static void never_faster_than_asked(void **state)
{
	static const struct {
		uint32_t hz, period_ns;
	} rates[] = { { 3, 333333334 }, { 7000, 142858 }, { 19999, 50003 }, { 1, 1000000000 } };
	struct rig *r = *state;

	for (unsigned int n = 0; n < 4; n++) {
		assert_int_equal(rig_capture(r, rates[n].hz, 2), MNP_RESULT_OK);
		rig_run(r, 1001 * HP_MS);
		assert_int_equal(le32toh(r->block[r->blocks - 1].period_ns), rates[n].period_ns);
		assert_false(r->fw.waveform.on);
	}
}

static void no_sample_waits_long_for_its_block(void **state)
{
	static const uint32_t rates[] = { 1, 10, 55, 1000, 1220, 5000 };
	struct rig *r = *state;

	for (unsigned int n = 0; n < 6; n++) {
		unsigned int from = r->blocks;

		assert_int_equal(rig_capture(r, rates[n], rates[n] + 1), MNP_RESULT_OK);
		rig_run(r, 1001 * HP_MS);
		assert_int_equal(stats(r)->sent, rates[n] + 1);
		assert_int_equal(r->blocks - from, stats(r)->sent < 12 ? stats(r)->sent
						   : rates[n] == 55    ? 12
						   : rates[n] == 1000  ? 11
						   : rates[n] == 1220  ? 11
								       : 41);
	}
}

/* The samples of a stroke are those around its deepest point */
static void compare(const struct rig *r, const struct mnp_stroke *s)
{
	uint64_t deepest_us = le64toh(s->time_us), period_us = 10000;
	uint32_t depth = 0, current = 0;

	for (unsigned int b = 0; b < r->blocks; b++) {
		const struct mnp_waveform *w = &r->block[b];

		for (unsigned int i = 0; i < le16toh(w->count); i++) {
			const struct mnp_sample *one = &r->sample[r->first_sample[b] + i];
			uint64_t at_us = le64toh(w->time_us) + i * le32toh(w->period_ns) / 1000;

			if (at_us + period_us / 3 < deepest_us ||
			    at_us > deepest_us + period_us / 3)
				continue;
			if (le16toh(one->position_um) > depth)
				depth = le16toh(one->position_um);
			if (le16toh(one->current_ma) > current)
				current = le16toh(one->current_ma);
		}
	}
	assert_in_range(depth, le32toh(s->depth_um) - 2, le32toh(s->depth_um));
	assert_in_range(current, le32toh(s->current_ma) - 2, le32toh(s->current_ma));
}

static void says_what_the_strokes_say(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_OVER_CURRENT);
	unsigned int compared = 0;
	uint64_t end_us = (r->now - 1000 * HP_MS) / 1000 + 1000000;

	p.strokes = 10;
	assert_int_equal(rig_capture(r, 20000, 20000), MNP_RESULT_OK);
	rig_go(r, 1500, 80000);
	rig_run_leased(r, 300 * HP_MS);
	/* another depth from the next stroke on, one that is too deep, and a stop half-way */
	assert_int_equal(rig_start(r, 700, 100000, 1000, 10000), MNP_RESULT_OK);
	rig_inject(r, HP_OVERSHOOT, NULL, 5);
	rig_run_leased(r, 203 * HP_MS);
	rig_kill(r, r->epoch + 1);
	rig_run(r, 100 * HP_MS);
	rig_inject(r, HP_OVER_CURRENT, &p, 0);
	rig_go(r, 300, 60000);
	rig_run_leased(r, 500 * HP_MS);
	assert_false(r->fw.waveform.on);
	assert_int_equal(stats(r)->sent, 20000);
	for (unsigned int i = 0; i < r->strokes; i++) {
		if (le64toh(r->stroke[i].time_us) + 4000 > end_us)
			continue;
		compare(r, &r->stroke[i]);
		compared++;
	}
	assert_true(compared > 50);
	/* nor does it jump: 1 mm at 100 Hz is at most 16 um a sample */
	for (unsigned int i = 1; i < r->samples; i++)
		assert_in_range(le16toh(r->sample[i].position_um) + 25 -
					le16toh(r->sample[i - 1].position_um),
				0, 50);
}

static void a_late_wake_does_not_bend_it(void **state)
{
	struct rig *in_time = *state, *late = rig_new();

	for (unsigned int n = 0; n < 2; n++) {
		struct rig *r = n ? late : in_time;

		assert_int_equal(rig_capture(r, 20000, 12000), MNP_RESULT_OK);
		rig_go(r, 1200, 110000);
		for (unsigned int i = 0; i < 120; i++) {
			if (i == 100)
				rig_kill(r, r->epoch + 1);
			else if (i % 5 == 0)
				rig_lease(r);
			if (n)
				r->now += 5 * HP_MS;
			rig_run(r, n ? 0 : 5 * HP_MS);
		}
		assert_int_equal(r->samples, 12000);
	}
	assert_memory_equal(in_time->sample, late->sample, 12000 * sizeof(late->sample[0]));
	rig_free(late);
}

static void at_rest_nothing_moves(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_NOT_HOME);

	assert_int_equal(rig_capture(r, 1000, 100), MNP_RESULT_OK);
	rig_run(r, 100 * HP_MS);
	assert_int_equal(r->samples, 100);
	for (unsigned int i = 0; i < r->samples; i++) {
		assert_int_equal(r->sample[i].position_um, 0);
		assert_in_range(le16toh(r->sample[i].current_ma), 1, 50);
	}
	p.um = 250;
	rig_inject(r, HP_NOT_HOME, &p, 0);
	rig_go(r, 500, 100000);
	rig_kill(r, r->epoch + 1);
	rig_run(r, 100 * HP_MS);
	r->samples = 0;
	assert_int_equal(rig_capture(r, 1000, 10), MNP_RESULT_OK);
	rig_run(r, 100 * HP_MS);
	assert_int_equal(le16toh(r->sample[9].position_um), 250);
}

static void nothing_else_changes(void **state)
{
	struct rig *plain = *state, *r = rig_new();

	assert_int_equal(rig_capture(r, 20000, MNP_CAPTURE_SAMPLES_MAX), MNP_RESULT_OK);
	for (unsigned int n = 0; n < 2; n++) {
		struct rig *one = n ? r : plain;

		rig_go(one, 800, 90000);
		rig_run_leased(one, 1000 * HP_MS);
		rig_kill(one, one->epoch + 1);
		rig_run(one, 200 * HP_MS);
		assert_int_equal(rig_tell(one, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
		rig_run(one, 1000 * HP_MS);
	}
	assert_true(r->blocks > 300);
	assert_int_equal(r->strokes, plain->strokes);
	assert_memory_equal(r->stroke, plain->stroke, r->strokes * sizeof(r->stroke[0]));
	assert_memory_equal(r->packet_ns, plain->packet_ns, r->strokes * sizeof(r->packet_ns[0]));
	assert_int_equal(r->statuses, plain->statuses);
	assert_memory_equal(r->status, plain->status, r->statuses * sizeof(r->status[0]));
	/* and it wakes once a block */
	assert_int_equal(r->wakes - plain->wakes, r->blocks);
	rig_free(r);
}

/* One packet is taken, by hand */
static void take_one(struct rig *r)
{
	assert_true(r->pending[HP_EP_STROKES]);
	r->pending[HP_EP_STROKES] = false;
	hp_fw_sent(&r->fw, HP_EP_STROKES, true, r->now);
}

static void strokes_go_first(void **state)
{
	struct rig *r = *state;
	unsigned int blocks, packets;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 200 * HP_MS);
	assert_int_equal(rig_capture(r, 20000, 100000), MNP_RESULT_OK);
	rig_run_leased(r, 20 * HP_MS);
	r->deaf = true;
	rig_lease(r);
	rig_run(r, 40 * HP_MS);
	assert_true(r->fw.waveform.count > 1 && r->fw.link.report_count > 1);
	blocks = r->blocks;
	packets = r->packets;
	take_one(r);
	/* all strokes that wait, then a block */
	assert_int_equal(r->blocks, blocks);
	assert_int_equal(r->packets, packets + 1);
	take_one(r);
	assert_int_equal(r->blocks, blocks + 1);
	assert_int_equal(r->packets, packets + 1);
	assert_int_equal(r->fw.link.report_count, 0);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
}

static void a_block_that_is_not_taken_is_no_excuse(void **state)
{
	struct rig *r = *state;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 200 * HP_MS);
	assert_int_equal(rig_capture(r, 20000, 100000), MNP_RESULT_OK);
	rig_run_leased(r, 7 * HP_MS);
	while (r->fw.due[HP_T_REPORT] < hp_waveform_due(&r->fw.waveform))
		rig_run(r, HP_MS);
	r->deaf = true;
	rig_run_leased(r, 50 * HP_MS);
	assert_true(r->fw.link.block_busy);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	rig_run_leased(r, 25 * HP_MS);
	assert_int_not_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	assert_true(r->fw.waveform.on);
}

static void without_room_blocks_are_dropped_but_not_the_last(void **state)
{
	struct rig *r = *state;
	unsigned int lost = 0;
	uint32_t next = 0;

	r->deaf = true;
	assert_int_equal(rig_capture(r, 20000, 5000), MNP_RESULT_OK);
	rig_run(r, 500 * HP_MS);
	assert_int_equal(r->blocks, 1);
	assert_int_equal(stats(r)->taken, 5000);
	assert_int_equal(rig_capture(r, 20000, 10), MNP_RESULT_BUSY);
	r->deaf = false;
	rig_run(r, HP_MS);
	assert_int_equal(r->blocks, 1 + HP_BLOCKS + 1);
	for (unsigned int i = 0; i < r->blocks; i++) {
		lost += number(r, i) - next;
		next = number(r, i) + count(r, i);
	}
	assert_int_equal(next, 5000);
	assert_true(lost > 0);
	assert_int_equal(stats(r)->dropped, lost);
	assert_int_equal(r->fw.stats.samples_dropped, lost);
	assert_int_equal(stats(r)->sent, 5000 - lost);
	assert_int_equal(rig_capture(r, 20000, 10), MNP_RESULT_OK);
}

static void the_host_ends_it(void **state)
{
	struct rig *r = *state;
	unsigned int blocks;

	assert_int_equal(rig_capture(r, 1000, 100000), MNP_RESULT_OK);
	rig_run(r, 250 * HP_MS);
	assert_int_equal(r->blocks, 2);
	assert_int_equal(rig_capture(r, 0, 0), MNP_RESULT_OK);
	rig_run(r, 1000 * HP_MS);
	assert_int_equal(r->blocks, 2);
	/* the next counts from 0 anew */
	assert_int_equal(rig_capture(r, 1000, 200), MNP_RESULT_OK);
	rig_run(r, 1000 * HP_MS);
	assert_int_equal(r->blocks, 4);
	assert_int_equal(number(r, 2), 0);
	assert_int_equal(le16toh(r->block[2].tag), r->tag);

	/* sampled to the end, but the last is not out: that is dropped as well */
	r->deaf = true;
	assert_int_equal(rig_capture(r, 1000, 200), MNP_RESULT_OK);
	rig_run(r, 300 * HP_MS);
	blocks = r->blocks;
	assert_int_equal(rig_capture(r, 0, 0), MNP_RESULT_OK);
	r->deaf = false;
	rig_run(r, 300 * HP_MS);
	assert_int_equal(r->blocks, blocks);
	assert_int_equal(rig_capture(r, 1000, 100), MNP_RESULT_OK);
}

static void the_end_is_answered_when_no_block_is_on_its_way(void **state)
{
	const struct mnp_capture end = {
		{ MNP_TYPE_CAPTURE, MNP_VERSION, htole16(sizeof(end)) }, 0, 0, 0
	};
	struct rig *r = *state;
	struct mnp_result result;

	r->deaf = true;
	r->holds = true;
	assert_int_equal(rig_capture(r, 20000, 100000), MNP_RESULT_OK);
	rig_run(r, 20 * HP_MS);
	assert_int_equal(
		hp_fw_request_out(&r->fw, MNP_REQ_CAPTURE, ++r->tag, &end, sizeof(end), r->now), 0);
	hp_fw_request_in(&r->fw, MNP_REQ_RESULT, 0, sizeof(result), &result, r->now);
	assert_int_equal(result.result, MNP_RESULT_PENDING);
	/* it asks again until it has the block back */
	r->recalled[HP_EP_STROKES] = false;
	rig_run(r, 5 * HP_MS);
	assert_true(r->recalled[HP_EP_STROKES]);
	r->holds = false;
	rig_run(r, 5 * HP_MS);
	hp_fw_request_in(&r->fw, MNP_REQ_RESULT, 0, sizeof(result), &result, r->now);
	assert_int_equal(result.result, MNP_RESULT_OK);
	assert_int_equal(le16toh(result.tag), r->tag);
	assert_int_equal(r->blocks, 1);
	/* one that asks for the next too early is told so */
	r->holds = true;
	assert_int_equal(rig_capture(r, 20000, 100000), MNP_RESULT_OK);
	rig_run(r, 20 * HP_MS);
	hp_fw_request_out(&r->fw, MNP_REQ_CAPTURE, ++r->tag, &end, sizeof(end), r->now);
	assert_int_equal(rig_capture(r, 20000, 1), MNP_RESULT_BUSY);
	r->holds = false;
	rig_run(r, 5 * HP_MS);
	assert_int_equal(rig_capture(r, 20000, 1), MNP_RESULT_OK);
}

static void it_goes_on_without_a_bus_but_not_without_power(void **state)
{
	struct rig *r = *state;
	unsigned int blocks;

	assert_int_equal(rig_capture(r, 20000, 10000), MNP_RESULT_OK);
	rig_run(r, 100 * HP_MS);
	r->deaf = true;
	rig_run(r, 10 * HP_MS);
	hp_fw_link(&r->fw, false, false, r->now);
	memset(r->pending, 0, sizeof(r->pending));
	rig_run(r, 1000 * HP_MS);
	assert_true(r->fw.waveform.on);
	assert_int_equal(stats(r)->taken, 10000);
	assert_int_equal(stats(r)->end_ns, 0);
	r->deaf = false;
	hp_fw_link(&r->fw, true, true, r->now);
	rig_run(r, 100 * HP_MS);
	assert_false(r->fw.waveform.on);
	assert_int_equal(number(r, r->blocks - 1) + count(r, r->blocks - 1), 10000);
	assert_int_equal(stats(r)->sent + stats(r)->dropped, 10000);

	assert_int_equal(rig_capture(r, 20000, 10000), MNP_RESULT_OK);
	rig_run(r, 100 * HP_MS);
	hp_fw_power_cycle(&r->fw, 77, r->now);
	blocks = r->blocks;
	rig_run(r, 1000 * HP_MS);
	assert_int_equal(r->blocks, blocks);
	assert_int_equal(rig_capture(r, 20000, 10), MNP_RESULT_OK);
}

static void the_last_goes_again_if_it_is_lost_with_the_bus(void **state)
{
	struct rig *r = *state;

	r->deaf = true;
	assert_int_equal(rig_capture(r, 1000, 50), MNP_RESULT_OK);
	rig_run(r, 100 * HP_MS);
	assert_int_equal(r->blocks, 1);
	hp_fw_link(&r->fw, false, false, r->now);
	memset(r->pending, 0, sizeof(r->pending));
	r->deaf = false;
	rig_run(r, 100 * HP_MS);
	hp_fw_link(&r->fw, true, true, r->now);
	rig_run(r, HP_MS);
	assert_int_equal(r->blocks, 2);
	assert_memory_equal(&r->block[0], &r->block[1], sizeof(r->block[0]));
	assert_false(r->fw.waveform.on);
	assert_int_equal(stats(r)->sent, 50);
}

static void at_full_speed_a_block_ends_its_transfer(void **state)
{
	struct rig *r = *state;

	hp_fw_link(&r->fw, false, false, r->now);
	memset(r->pending, 0, sizeof(r->pending));
	hp_fw_link(&r->fw, true, false, r->now);
	assert_int_equal(rig_capture(r, 2000, 100), MNP_RESULT_OK);
	rig_run(r, 100 * HP_MS);
	assert_int_equal(r->blocks, 12);
	assert_int_equal(r->samples, 100);
	for (unsigned int i = 0; i < r->blocks; i++)
		assert_true(r->block_length[i] < 64);
}

static void malformed_blocks(void **state)
{
	static const enum hp_word hows[] = { HP_W_SHORT, HP_W_LENGTH, HP_W_VERSION, HP_W_TYPE,
					     HP_W_VALUE };
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_MALFORMED);

	p.which = HP_W_WAVEFORM;
	rig_go(r, 500, 100000);
	for (unsigned int n = 0; n < 5; n++) {
		unsigned int at = r->blocks;
		const struct mnp_waveform *bad = &r->block[at];
		struct hp_injection *i;

		p.how = hows[n];
		i = rig_inject(r, HP_MALFORMED, &p, 0);
		/* a stroke's packet is not the one that is meant */
		rig_run_leased(r, 100 * HP_MS);
		assert_int_equal(i->effects, 0);
		assert_int_equal(rig_capture(r, 20000, 244), MNP_RESULT_OK);
		rig_run_leased(r, 100 * HP_MS);
		assert_int_equal(i->effects, 1);
		assert_int_equal(i->state, HP_OVER);
		assert_int_equal(r->blocks, at + 2);
		assert_int_equal(r->block[at + 1].header.type, MNP_TYPE_WAVEFORM);
		assert_int_equal(r->block_length[at + 1], 512);
		assert_int_equal(r->block_length[at], p.how == HP_W_SHORT ? 507 : 512);
		assert_int_equal(bad->header.type != MNP_TYPE_WAVEFORM, p.how == HP_W_TYPE);
		assert_int_equal(bad->header.version != MNP_VERSION, p.how == HP_W_VERSION);
		assert_int_equal(le16toh(bad->header.length) != 512, p.how == HP_W_LENGTH);
		assert_int_equal(le16toh(bad->count) > MNP_WAVEFORM_MAX, p.how == HP_W_VALUE);
	}
}

static void blocks_lost_on_their_way(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_WAVEFORM_DROP);
	struct hp_injection *i;

	p.count = 3;
	i = rig_inject(r, HP_WAVEFORM_DROP, &p, 0);
	assert_int_equal(rig_capture(r, 20000, 1220), MNP_RESULT_OK);
	rig_run(r, 100 * HP_MS);
	assert_int_equal(i->effects, 3);
	assert_int_equal(r->blocks, 7);
	assert_int_equal(number(r, 0), 3 * MNP_WAVEFORM_MAX);
	/* the last as well: that it ended is then seen by nobody */
	p.count = 0;
	rig_inject(r, HP_WAVEFORM_DROP, &p, 0);
	assert_int_equal(rig_capture(r, 20000, 1220), MNP_RESULT_OK);
	rig_run(r, 100 * HP_MS);
	assert_int_equal(r->blocks, 7);
	assert_false(r->fw.waveform.on);
}

static void current_that_is_not_measured(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_MISSING_MEASUREMENT);

	p.count = 0;
	rig_inject(r, HP_MISSING_MEASUREMENT, &p, 0);
	assert_int_equal(rig_capture(r, 1000, 10), MNP_RESULT_OK);
	rig_run(r, 20 * HP_MS);
	assert_int_equal(le16toh(r->sample[3].current_ma), 65535);
	assert_int_equal(le16toh(r->sample[3].position_um), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(blocks_follow_each_other),
		TEST(answers),
		TEST(never_faster_than_asked),
		TEST(no_sample_waits_long_for_its_block),
		TEST(says_what_the_strokes_say),
		TEST(a_late_wake_does_not_bend_it),
		TEST(at_rest_nothing_moves),
		TEST(nothing_else_changes),
		TEST(strokes_go_first),
		TEST(a_block_that_is_not_taken_is_no_excuse),
		TEST(without_room_blocks_are_dropped_but_not_the_last),
		TEST(the_host_ends_it),
		TEST(the_end_is_answered_when_no_block_is_on_its_way),
		TEST(it_goes_on_without_a_bus_but_not_without_power),
		TEST(the_last_goes_again_if_it_is_lost_with_the_bus),
		TEST(at_full_speed_a_block_ends_its_transfer),
		TEST(malformed_blocks),
		TEST(blocks_lost_on_their_way),
		TEST(current_that_is_not_measured),
	};

	return cmocka_run_group_tests_name("handpiece waveform", tests, NULL, NULL);
}
