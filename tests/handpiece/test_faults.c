// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every injector: what the host sees of it, and that it tells its effect, no earlier and no later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <endian.h>
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

static void effective(const struct hp_injection *i)
{
	assert_true(i->effects > 0);
	assert_true(i->effect_ns > 0);
	assert_true(strlen(i->detail) > 0);
}

static void running(struct rig *r)
{
	rig_go(r, 500, 100000);
	rig_run_leased(r, 500 * HP_MS);
}

static const struct mnp_stroke *last(const struct rig *r)
{
	return &r->stroke[r->strokes - 1];
}

static void overshoot(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_OVERSHOOT);
	struct hp_injection *i;
	unsigned int from, deep = 0;

	running(r);
	from = r->strokes;
	p.um = 250;
	p.strokes = 2;
	i = rig_inject(r, HP_OVERSHOOT, &p, 10);
	rig_run_leased(r, 50 * HP_MS);
	assert_int_equal(i->effects, 0);
	rig_run_leased(r, 200 * HP_MS);
	for (unsigned int n = from; n < r->strokes; n++) {
		if (le32toh(r->stroke[n].depth_um) > 500) {
			assert_int_equal(le32toh(r->stroke[n].depth_um), 750);
			assert_in_range(n - from, 10, 12);
			deep++;
		}
	}
	assert_int_equal(deep, 2);
	effective(i);
	assert_int_equal(i->state, HP_OVER);
	assert_int_equal(r->fw.stats.over_depth_um, 750);
	/* the host's to notice, unless the handpiece is told to */
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	p.own = true;
	p.strokes = 1;
	rig_inject(r, HP_OVERSHOOT, &p, 0);
	rig_run_leased(r, 100 * HP_MS);
	assert_int_equal(r->fw.latched, MNP_FAULT_OVER_DEPTH);
}

static void frozen_depth(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i;
	unsigned int from;

	running(r);
	i = rig_inject(r, HP_FROZEN_DEPTH, NULL, 0);
	rig_run_leased(r, 30 * HP_MS);
	from = r->strokes;
	rig_run_leased(r, 500 * HP_MS);
	assert_true(r->strokes > from + 40);
	for (unsigned int n = from; n < r->strokes; n++)
		assert_int_equal(r->stroke[n].depth_um, r->stroke[from - 1].depth_um);
	effective(i);
	hp_fw_clear_injections(&r->fw, r->now);
	rig_run_leased(r, 100 * HP_MS);
	assert_int_not_equal(last(r)->depth_um, r->stroke[from].depth_um);
}

static void stall(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_STALL);
	struct hp_injection *i;
	unsigned int from;

	running(r);
	rig_run_leased(r, 4 * HP_MS);
	from = r->strokes;
	i = rig_inject(r, HP_STALL, NULL, 0);
	rig_run_leased(r, 300 * HP_MS);
	assert_true(r->strokes <= from + 1);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	effective(i);
	/* the spring brings the needles home once it is stopped */
	rig_kill(r, r->epoch + 1);
	rig_run(r, 60 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
	assert_int_equal(hp_model_position_um(&r->fw.model, r->now), 0);
	hp_fw_clear_injections(&r->fw, r->now);
	running(r);
	p.own = true;
	rig_inject(r, HP_STALL, &p, 0);
	rig_run_leased(r, 150 * HP_MS);
	assert_int_equal(r->fw.latched, MNP_FAULT_STALL);
}

static void runaway_and_slow(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i;

	running(r);
	i = rig_inject(r, HP_RUNAWAY, NULL, 0);
	rig_run_leased(r, 200 * HP_MS);
	assert_in_range(le32toh(last(r)->period_us), 4000, 4100);
	effective(i);
	hp_fw_clear_injections(&r->fw, r->now);
	i = rig_inject(r, HP_SLOW, NULL, 0);
	rig_run_leased(r, 500 * HP_MS);
	assert_true(le32toh(last(r)->period_us) > 20000);
	effective(i);
}

static void silences(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i;
	unsigned int strokes, statuses;

	running(r);
	strokes = r->strokes;
	i = rig_inject(r, HP_STROKE_SILENCE, NULL, 0);
	rig_run_leased(r, 300 * HP_MS);
	assert_int_equal(r->strokes, strokes);
	assert_true(r->fw.stroke_number > strokes + 20);
	effective(i);
	hp_fw_clear_injections(&r->fw, r->now);
	statuses = r->statuses;
	i = rig_inject(r, HP_STATUS_SILENCE, NULL, 0);
	rig_run_leased(r, 500 * HP_MS);
	assert_int_equal(r->statuses, statuses);
	assert_true(r->strokes > strokes + 40);
	effective(i);
}

static void report_gap(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i;
	unsigned int from, gaps = 0;

	running(r);
	from = r->strokes;
	i = rig_inject(r, HP_REPORT_GAP, NULL, 3);
	rig_run_leased(r, 200 * HP_MS);
	for (unsigned int n = from; n < r->strokes; n++)
		gaps += le32toh(r->stroke[n].number) != le32toh(r->stroke[n - 1].number) + 1;
	assert_int_equal(gaps, 1);
	effective(i);
}

static void report_repeat(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i;
	unsigned int from, repeats = 0;

	running(r);
	from = r->strokes;
	i = rig_inject(r, HP_REPORT_REPEAT, NULL, 3);
	rig_run_leased(r, 200 * HP_MS);
	for (unsigned int n = from; n < r->strokes; n++)
		repeats += r->stroke[n].number == r->stroke[n - 1].number;
	assert_int_equal(repeats, 1);
	effective(i);
}

static void report_late(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i;
	unsigned int from;
	uint64_t worst = 0;

	running(r);
	from = r->strokes;
	i = rig_inject(r, HP_REPORT_LATE, NULL, 0);
	rig_run_leased(r, 300 * HP_MS);
	for (unsigned int n = from; n < r->strokes; n++) {
		uint64_t late =
			r->packet_ns[n] - 1000 * HP_MS - le64toh(r->stroke[n].time_us) * 1000;

		assert_int_equal(le32toh(r->stroke[n].number),
				 le32toh(r->stroke[n - 1].number) + 1);
		worst = late > worst ? late : worst;
	}
	assert_in_range(worst, 60 * HP_MS, 61 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	effective(i);
}

static void over_current_and_temperature(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p;
	struct hp_injection *i;

	running(r);
	i = rig_inject(r, HP_OVER_CURRENT, NULL, 0);
	rig_run_leased(r, 150 * HP_MS);
	assert_int_equal(le32toh(last(r)->current_ma), 2600);
	assert_int_equal(le32toh(rig_last_status(r)->current_ma), 2600);
	effective(i);
	assert_int_equal(r->fw.latched, 0);
	hp_fw_clear_injections(&r->fw, r->now);
	i = rig_inject(r, HP_OVER_TEMPERATURE, NULL, 0);
	assert_int_equal(le32toh(rig_last_status(r)->temp_mc), 75000);
	effective(i);
	rig_run_leased(r, 200 * HP_MS);
	assert_int_equal(r->fw.latched, 0);
	hp_fw_clear_injections(&r->fw, r->now);

	p = rig_params(HP_OVER_CURRENT);
	p.own = true;
	rig_inject(r, HP_OVER_CURRENT, &p, 0);
	rig_run_leased(r, 100 * HP_MS);
	assert_int_equal(r->fw.latched, MNP_FAULT_OVER_CURRENT);
	p = rig_params(HP_OVER_TEMPERATURE);
	p.own = true;
	rig_inject(r, HP_OVER_TEMPERATURE, &p, 0);
	assert_true(r->fw.latched & MNP_FAULT_OVER_TEMPERATURE);
	assert_int_equal(rig_clear(r, MNP_FAULT_ALL), MNP_RESULT_FAULT);
	hp_fw_clear_injections(&r->fw, r->now);
	assert_int_equal(rig_clear(r, MNP_FAULT_ALL), MNP_RESULT_OK);
}

static void not_home(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_NOT_HOME);
	struct hp_injection *i;

	running(r);
	i = rig_inject(r, HP_NOT_HOME, NULL, 0);
	rig_kill(r, r->epoch + 1);
	rig_run(r, 500 * HP_MS);
	assert_int_equal(rig_last_status(r)->state, MNP_STATE_STOPPING);
	assert_false(le16toh(rig_last_status(r)->inputs) & MNP_INPUT_HOME);
	assert_int_equal(le32toh(rig_last_status(r)->position_um), 200);
	effective(i);
	hp_fw_clear_injections(&r->fw, r->now);
	rig_run(r, HP_MS);
	assert_int_equal(rig_last_status(r)->state, MNP_STATE_IDLE);
	assert_true(le16toh(rig_last_status(r)->inputs) & MNP_INPUT_HOME);
	running(r);
	p.own = true;
	rig_inject(r, HP_NOT_HOME, &p, 0);
	rig_kill(r, r->epoch + 1);
	rig_run(r, 500 * HP_MS);
	assert_int_equal(r->fw.latched, MNP_FAULT_NOT_HOME);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_FAULT);
	assert_int_equal(rig_clear(r, MNP_FAULT_ALL), MNP_RESULT_FAULT);
}

static void malformed_packets(void **state)
{
	static const enum hp_word hows[] = { HP_W_SHORT, HP_W_LENGTH, HP_W_VERSION, HP_W_TYPE,
					     HP_W_VALUE };
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_MALFORMED);

	running(r);
	for (unsigned int n = 0; n < 5; n++) {
		struct mnp_status good, *s;
		struct hp_injection *i;
		unsigned int at = r->statuses;

		p.which = HP_W_STATUS;
		p.how = hows[n];
		i = rig_inject(r, HP_MALFORMED, &p, 0);
		rig_run_leased(r, 300 * HP_MS);
		s = &r->status[at];
		good = r->status[at + 1];
		effective(i);
		assert_int_equal(i->state, HP_OVER);
		assert_int_equal(good.header.type, MNP_TYPE_STATUS);
		assert_int_equal(good.header.version, MNP_VERSION);
		assert_int_equal(r->status_length[at + 1], sizeof(good));
		if (p.how == HP_W_SHORT)
			assert_true(r->status_length[at] < sizeof(good));
		else if (p.how == HP_W_VALUE)
			assert_true(s->state > MNP_STATE_FAULT);
		else
			assert_memory_not_equal(&s->header, &good.header, sizeof(s->header));
	}
}

static void malformed_answers(void **state)
{
	static const struct {
		enum hp_word which;
		uint8_t request;
		uint16_t size;
	} answers[] = {
		{ HP_W_IDENTIFY, MNP_REQ_IDENTIFY, sizeof(struct mnp_identify) },
		{ HP_W_RESULT, MNP_REQ_RESULT, sizeof(struct mnp_result) },
		{ HP_W_CARTRIDGE, MNP_REQ_CARTRIDGE, sizeof(struct mnp_cartridge) },
	};
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_MALFORMED);
	uint8_t good[512], bad[512];

	for (unsigned int n = 0; n < 15; n++) {
		struct hp_injection *i;
		int length;

		p.which = answers[n % 3].which;
		p.how = (enum hp_word)(HP_W_SHORT + n / 3);
		hp_fw_request_in(&r->fw, answers[n % 3].request, 0, answers[n % 3].size, good,
				 r->now);
		i = rig_inject(r, HP_MALFORMED, &p, 0);
		length = hp_fw_request_in(&r->fw, answers[n % 3].request, 0, answers[n % 3].size,
					  bad, r->now);
		effective(i);
		if (p.how == HP_W_SHORT)
			assert_true(length < answers[n % 3].size);
		else
			assert_memory_not_equal(good, bad, answers[n % 3].size);
		length = hp_fw_request_in(&r->fw, answers[n % 3].request, 0, answers[n % 3].size,
					  bad, r->now);
		assert_int_equal(length, answers[n % 3].size);
		assert_memory_equal(good, bad, answers[n % 3].size);
	}
}

static void bad_crc(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i = rig_inject(r, HP_BAD_CRC, NULL, 0);
	struct mnp_cartridge c = rig_cartridge(r);

	assert_int_not_equal(le32toh(c.crc), hp_crc32(&c, offsetof(struct mnp_cartridge, crc)));
	effective(i);
}

static void ignore_lease(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_IGNORE_LEASE);
	struct hp_injection *i;

	running(r);
	i = rig_inject(r, HP_IGNORE_LEASE, NULL, 0);
	rig_run(r, 300 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	effective(i);
	hp_fw_clear_injections(&r->fw, r->now);
	p.how = HP_W_RENEWALS;
	rig_lease(r);
	i = rig_inject(r, HP_IGNORE_LEASE, &p, 0);
	rig_run_leased(r, 300 * HP_MS);
	assert_int_equal(r->fw.latched, MNP_FAULT_LEASE);
	effective(i);
}

static void ignore_stop(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_IGNORE_STOP);
	struct hp_injection *i;

	running(r);
	p.where = HP_W_KILL;
	i = rig_inject(r, HP_IGNORE_STOP, &p, 0);
	rig_kill(r, r->epoch + 1);
	rig_run_leased(r, 50 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	effective(i);
	assert_int_equal(rig_stop(r, r->epoch), MNP_RESULT_OK);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_STOPPING);
	hp_fw_clear_injections(&r->fw, r->now);
	p.how = HP_W_NAK;
	rig_inject(r, HP_IGNORE_STOP, &p, 0);
	assert_true(r->naks[HP_EP_KILL]);
	hp_fw_clear_injections(&r->fw, r->now);
	assert_false(r->naks[HP_EP_KILL]);
}

static void answers_about_itself(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_MISSING_MEASUREMENT);
	struct hp_injection *i[4];
	struct mnp_identify m;

	p.on = HP_W_IDENTIFY;
	p.which = HP_W_RATE;
	i[0] = rig_inject(r, HP_WRONG_VERSION, NULL, 0);
	i[1] = rig_inject(r, HP_CALIBRATION, NULL, 0);
	i[2] = rig_inject(r, HP_MISSING_MEASUREMENT, &p, 0);
	i[3] = rig_inject(r, HP_SELF_TEST_FAIL, NULL, 0);
	assert_int_equal(i[0]->effects, 0);
	hp_fw_request_in(&r->fw, MNP_REQ_IDENTIFY, 0, sizeof(m), &m, r->now);
	assert_int_equal(le16toh(m.version_min), 2);
	assert_int_equal(le32toh(m.calibration_age_days), 400);
	assert_int_equal(le32toh(m.measures) & 0x1f, 0x1f & ~MNP_MEASURES_RATE);
	assert_int_equal(le32toh(m.self_test), MNP_SELF_TEST_FAILED);
	for (unsigned int n = 0; n < 4; n++)
		effective(i[n]);
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
	rig_run(r, 300 * HP_MS);
	assert_int_equal(le32toh(rig_last_status(r)->self_test), MNP_SELF_TEST_FAILED);
}

static void reject_start_and_late_result(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_LATE_RESULT);
	struct hp_injection *i;
	uint64_t before;

	i = rig_inject(r, HP_REJECT_START, NULL, 0);
	rig_stop(r, 1);
	hp_fw_input(&r->fw, HP_FOOT_SWITCH, true, r->now);
	rig_lease(r);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_BUSY);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
	effective(i);
	p.ms = 30;
	p.request = HP_W_START;
	i = rig_inject(r, HP_LATE_RESULT, &p, 0);
	rig_stop(r, 2);
	assert_int_equal(i->effects, 0);
	rig_lease(r);
	before = r->now;
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_OK);
	assert_true(r->now - before >= 30 * HP_MS);
	effective(i);
}

static void late_stop(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i = rig_inject(r, HP_LATE_STOP, NULL, 0);
	const struct mnp_stop s = { { MNP_TYPE_STOP, MNP_VERSION, htole16(sizeof(s)) },
				    htole32(1),
				    { 0, 0 } };
	struct mnp_result result;

	assert_int_equal(hp_fw_request_out(&r->fw, MNP_REQ_STOP, 1, &s, sizeof(s), r->now), 0);
	rig_run(r, 5 * HP_MS);
	assert_false(r->fw.stop_seen);
	rig_kill(r, 2);
	assert_int_equal(r->fw.epoch, 2);
	for (int more = 2; more; more--) {
		rig_run(r, 8 * HP_MS);
		hp_fw_request_in(&r->fw, MNP_REQ_RESULT, 0, sizeof(result), &result, r->now);
		assert_int_equal(result.result, more == 2 ? MNP_RESULT_PENDING : MNP_RESULT_EPOCH);
	}
	assert_int_equal(r->fw.epoch, 2);
	effective(i);
	assert_int_equal(rig_stop(r, 3), MNP_RESULT_OK);
}

static void reject_self_test(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i = rig_inject(r, HP_REJECT_SELF_TEST, NULL, 0);

	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_BUSY);
	assert_int_equal(r->fw.self_test, MNP_SELF_TEST_PASSED);
	effective(i);
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
}

static void unexpected_motion(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_UNEXPECTED_MOTION);
	struct hp_injection *i = rig_inject(r, HP_UNEXPECTED_MOTION, NULL, 0);

	rig_run(r, 20 * HP_MS);
	assert_int_equal(rig_last_status(r)->state, MNP_STATE_IDLE);
	assert_false(le16toh(rig_last_status(r)->inputs) & MNP_INPUT_HOME);
	rig_run(r, 500 * HP_MS);
	assert_int_equal(r->strokes, 5);
	assert_true(le16toh(rig_last_status(r)->inputs) & MNP_INPUT_HOME);
	effective(i);
	/* a STOP ends it as it ends everything */
	p.strokes = 0;
	rig_inject(r, HP_UNEXPECTED_MOTION, &p, 0);
	rig_run(r, 200 * HP_MS);
	assert_true(r->fw.by_itself);
	rig_kill(r, 7);
	rig_run(r, 60 * HP_MS);
	assert_false(r->fw.by_itself);
	assert_true(r->fw.home);
}

static void disconnects(void **state)
{
	static const enum hp_word steps[] = { HP_W_IDENTIFY, HP_W_STOP, HP_W_START, HP_W_MARK,
					      HP_W_RUNNING };
	struct hp_fault_params p = rig_params(HP_DISCONNECT_AT);
	struct mnp_identify m;

	(void)state;
	for (unsigned int n = 0; n < 5; n++) {
		struct rig *r = rig_new();
		struct hp_injection *i;
		uint8_t request = steps[n] == HP_W_START  ? MNP_REQ_START
				  : steps[n] == HP_W_MARK ? MNP_REQ_MARK
							  : MNP_REQ_STOP;

		p.step = steps[n];
		i = rig_inject(r, HP_DISCONNECT_AT, &p, 0);
		assert_false(r->disconnected);
		if (steps[n] == HP_W_IDENTIFY)
			assert_int_equal(hp_fw_request_in(&r->fw, MNP_REQ_IDENTIFY, 0, sizeof(m),
							  &m, r->now),
					 HP_EP0_HANG);
		else if (steps[n] == HP_W_RUNNING)
			rig_go(r, 500, 100000);
		else
			assert_int_equal(hp_fw_request_out(&r->fw, request, 1, &m, 16, r->now),
					 HP_EP0_HANG);
		assert_true(r->disconnected);
		effective(i);
		rig_free(r);
	}
}

static void nv_fault(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i = rig_inject(r, HP_NV_FAULT, NULL, 0);

	assert_int_equal(r->stored, MNP_FAULT_INTERNAL);
	assert_int_equal(rig_last_status(r)->state, MNP_STATE_FAULT);
	effective(i);
}

static void missing_measurement(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_MISSING_MEASUREMENT);
	struct hp_injection *i;

	for (enum hp_word which = HP_W_DEPTH; which <= HP_W_TEMPERATURE; which++) {
		running(r);
		p.which = which;
		i = rig_inject(r, HP_MISSING_MEASUREMENT, &p, 0);
		rig_run_leased(r, 150 * HP_MS);
		if (which == HP_W_HOME) {
			assert_int_equal(i->effects, 0);
			rig_kill(r, r->epoch + 1);
			rig_run(r, 200 * HP_MS);
			assert_int_equal(rig_last_status(r)->state, MNP_STATE_IDLE);
			assert_false(le16toh(rig_last_status(r)->inputs) & MNP_INPUT_HOME);
		}
		effective(i);
		if (which == HP_W_DEPTH)
			assert_int_equal(last(r)->depth_um, UINT32_MAX);
		if (which == HP_W_RATE)
			assert_int_equal(last(r)->period_us, 0);
		if (which == HP_W_CURRENT)
			assert_int_equal(last(r)->current_ma, UINT32_MAX);
		if (which == HP_W_TEMPERATURE)
			assert_int_equal((int32_t)le32toh(rig_last_status(r)->temp_mc), INT32_MAX);
		hp_fw_clear_injections(&r->fw, r->now);
		rig_kill(r, r->epoch + 1);
		rig_run(r, 60 * HP_MS);
	}
}

static void waits_for_its_time(void **state)
{
	struct rig *r = *state;
	struct hp_fault_params p = rig_params(HP_NV_FAULT);
	struct hp_injection *i;
	uint64_t at = r->now + 70 * HP_MS;
	uint32_t id;

	assert_true(hp_fw_inject(&r->fw, HP_NV_FAULT, &p, at, false, 0, r->now, &id));
	i = hp_faults_by_id(&r->fw.faults, id);
	rig_run(r, 69 * HP_MS);
	assert_int_equal(i->state, HP_WAITING);
	rig_run(r, HP_MS);
	assert_int_equal(i->effect_ns, at);
	assert_null(hp_faults_by_id(&r->fw.faults, id + 1));
}

static void cleared_it_does_nothing(void **state)
{
	struct rig *r = *state;
	struct hp_injection *i = rig_inject(r, HP_OVERSHOOT, NULL, 5);

	hp_fw_clear_injections(&r->fw, r->now);
	running(r);
	assert_int_equal(i->effects, 0);
	assert_int_equal(r->fw.stats.over_depth_number, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(overshoot),
		TEST(frozen_depth),
		TEST(stall),
		TEST(runaway_and_slow),
		TEST(silences),
		TEST(report_gap),
		TEST(report_repeat),
		TEST(report_late),
		TEST(over_current_and_temperature),
		TEST(not_home),
		TEST(malformed_packets),
		TEST(malformed_answers),
		TEST(bad_crc),
		TEST(ignore_lease),
		TEST(ignore_stop),
		TEST(answers_about_itself),
		TEST(reject_start_and_late_result),
		TEST(late_stop),
		TEST(reject_self_test),
		TEST(unexpected_motion),
		cmocka_unit_test(disconnects),
		TEST(nv_fault),
		TEST(missing_measurement),
		TEST(waits_for_its_time),
		TEST(cleared_it_does_nothing),
	};

	return cmocka_run_group_tests_name("handpiece faults", tests, NULL, NULL);
}
