// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Epochs, leases, refusals, ceilings, faults and packets: what usb_protocol.md promises of the
 * device.
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

static void press(struct rig *r, bool on)
{
	hp_fw_input(&r->fw, HP_FOOT_SWITCH, on, r->now);
}

static void identify_says_what_it_is(void **state)
{
	struct rig *r = *state;
	struct mnp_identify id;

	assert_int_equal(hp_fw_request_in(&r->fw, MNP_REQ_IDENTIFY, 0, sizeof(id), &id, r->now),
			 (int)sizeof(id));
	assert_int_equal(le32toh(id.magic), MNP_MAGIC);
	assert_int_equal(id.header.type, MNP_TYPE_IDENTIFY);
	assert_int_equal(le16toh(id.header.length), sizeof(id));
	assert_int_equal(le32toh(id.max_depth_um), 2500);
	assert_int_equal(le32toh(id.lease_ms), 100);
	assert_int_equal(le32toh(id.last_epoch), 0);
	assert_int_equal(le32toh(id.features), MNP_FEATURE_TRIGGER);
	assert_int_equal(le32toh(id.self_test), MNP_SELF_TEST_PASSED);
	assert_int_equal(le32toh(id.capture_max_hz), MNP_CAPTURE_HZ_MAX);
	assert_string_equal(id.serial, "MN-SIM-0001");
	rig_stop(r, 77);
	hp_fw_request_in(&r->fw, MNP_REQ_IDENTIFY, 0, sizeof(id), &id, r->now);
	assert_int_equal(le32toh(id.last_epoch), 77);
}

static void odd_requests_stall(void **state)
{
	struct rig *r = *state;
	uint8_t buffer[512];

	assert_int_equal(hp_fw_request_in(&r->fw, 0x7f, 0, 8, buffer, r->now), HP_EP0_STALL);
	assert_int_equal(hp_fw_request_in(&r->fw, MNP_REQ_STATUS, 1, sizeof(struct mnp_status),
					  buffer, r->now),
			 HP_EP0_STALL);
	assert_int_equal(hp_fw_request_in(&r->fw, MNP_REQ_STATUS, 0, 8, buffer, r->now),
			 HP_EP0_STALL);
	assert_int_equal(hp_fw_request_out_ok(0x16, 1), HP_EP0_STALL);
	assert_int_equal(hp_fw_request_out_ok(MNP_REQ_STOP, 0), HP_EP0_STALL);
}

static void epochs_compare_as_serial_numbers(void **state)
{
	struct rig *r = *state;

	/* after power-on any epoch is newer */
	assert_int_equal(rig_stop(r, 0xfffffff0), MNP_RESULT_OK);
	assert_int_equal(rig_stop(r, 0xffffffef), MNP_RESULT_EPOCH);
	assert_int_equal(r->fw.epoch, 0xfffffff0);
	assert_int_equal(rig_stop(r, 0xfffffff0), MNP_RESULT_OK);
	assert_int_equal(rig_stop(r, 5), MNP_RESULT_OK);
	assert_int_equal(r->fw.epoch, 5);
	assert_int_equal(rig_stop(r, 5 + 0x80000000U), MNP_RESULT_EPOCH);
	assert_int_equal(rig_stop(r, 5 + 0x7fffffffU), MNP_RESULT_OK);
}

static void an_old_stop_does_not_stop(void **state)
{
	struct rig *r = *state;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 100 * HP_MS);
	rig_kill(r, r->epoch - 1);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	assert_false(r->fw.stats.kill.obeyed);
	r->epoch++;
	/* equal: stops */
	rig_kill(r, r->epoch);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_STOPPING);
}

static void a_stop_at_rest_is_answered_with_a_status(void **state)
{
	struct rig *r = *state;
	unsigned int before;

	rig_kill(r, 9);
	before = r->statuses;
	rig_kill(r, 9);
	assert_int_equal(r->statuses, before + 1);
	assert_int_equal(le32toh(rig_last_status(r)->epoch), 9);
}

static void start_is_refused_for_each_reason(void **state)
{
	struct rig *r = *state;

	press(r, true);
	assert_int_equal(rig_start(r, 500, 100000, 1, 1), MNP_RESULT_NO_STOP_YET);
	rig_stop(r, 1);
	assert_int_equal(rig_start(r, 500, 100000, 1, 1), MNP_RESULT_LEASE);
	r->epoch = 2;
	rig_lease(r);
	assert_int_equal(rig_start(r, 500, 100000, 1, 1), MNP_RESULT_EPOCH);
	r->epoch = 1;
	assert_int_equal(rig_start(r, 500, 100000, 1, 1), MNP_RESULT_LEASE);
	rig_lease(r);
	press(r, false);
	assert_int_equal(rig_start(r, 500, 100000, 1, 1), MNP_RESULT_INTERLOCK);
	press(r, true);
	hp_fw_remove(&r->fw, r->now);
	assert_int_equal(rig_start(r, 500, 100000, 1, 1), MNP_RESULT_INTERLOCK);
	assert_int_equal(le16toh(rig_last_status(r)->refusal), MNP_RESULT_INTERLOCK);
	assert_int_equal(r->fw.stroke_number, 0);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
}

static void start_with_nonsense_is_a_bad_packet(void **state)
{
	struct rig *r = *state;
	struct mnp_start s = { { MNP_TYPE_START, MNP_VERSION, htole16(sizeof(s)) },
			       htole32(1),
			       htole32(500),
			       htole32(100000),
			       htole32(10),
			       htole32(1000),
			       { 0, 0 } };

	rig_stop(r, 1);
	press(r, true);
	rig_lease(r);
	s.reserved[1] = 1;
	assert_int_equal(rig_tell(r, MNP_REQ_START, &s, sizeof(s)), MNP_RESULT_BAD_PACKET);
	s.reserved[1] = 0;
	assert_int_equal(rig_tell(r, MNP_REQ_START, &s, sizeof(s) - 1), MNP_RESULT_BAD_PACKET);
	s.header.version = 2;
	assert_int_equal(rig_tell(r, MNP_REQ_START, &s, sizeof(s)), MNP_RESULT_BAD_PACKET);
	s.header.version = MNP_VERSION;
	s.header.length = 0;
	assert_int_equal(rig_tell(r, MNP_REQ_START, &s, sizeof(s)), MNP_RESULT_BAD_PACKET);
	s.header.length = htole16(sizeof(s));
	s.depth_um = 0;
	assert_int_equal(rig_tell(r, MNP_REQ_START, &s, sizeof(s)), MNP_RESULT_BAD_PACKET);
	s.depth_um = htole32(500);
	assert_int_equal(rig_tell(r, MNP_REQ_START, &s, sizeof(s)), MNP_RESULT_OK);
}

static void ceiling_is_its_own_and_the_needles(void **state)
{
	struct rig *r = *state;
	struct hp_cartridge_spec spec;

	rig_stop(r, 1);
	press(r, true);
	rig_lease(r);
	assert_int_equal(rig_start(r, 1510, 100000, 10, 1000), MNP_RESULT_LIMIT);
	assert_int_equal(rig_start(r, 500, 151000, 10, 1000), MNP_RESULT_LIMIT);
	assert_int_equal(rig_start(r, 500, 19000, 10, 1000), MNP_RESULT_LIMIT);
	assert_int_equal(rig_start(r, 500, 100000, 100001, 1000), MNP_RESULT_LIMIT);
	assert_int_equal(rig_start(r, 500, 100000, 10, 300001), MNP_RESULT_LIMIT);
	/* longer needles do not raise the handpiece's own */
	hp_fw_remove(&r->fw, r->now);
	hp_cartridge_spec_default(&spec, 0xbeef, 20000);
	spec.needle_um = 4000;
	hp_fw_insert(&r->fw, &spec, r->now);
	rig_lease(r);
	assert_int_equal(rig_start(r, 2510, 100000, 10, 1000), MNP_RESULT_LIMIT);
	assert_int_equal(rig_start(r, 2500, 100000, 10, 1000), MNP_RESULT_OK);
}

static void set_point_is_rounded_down(void **state)
{
	struct rig *r = *state;

	rig_stop(r, 1);
	press(r, true);
	rig_lease(r);
	assert_int_equal(rig_start(r, 509, 99999, 10, 1000), MNP_RESULT_OK);
	assert_int_equal(r->fw.run.depth_um, 500);
	assert_int_equal(r->fw.run.rate_mhz, 99000);
}

static void lease_lapses_while_running(void **state)
{
	struct rig *r = *state;
	uint64_t renewed;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 500 * HP_MS);
	rig_lease(r);
	renewed = r->now;
	rig_run(r, 99 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	rig_run(r, 2 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_STOPPING);
	assert_int_equal(r->fw.stats.lease_expired_ns, renewed + 100 * HP_MS);
	assert_int_equal(r->stored, MNP_FAULT_LEASE);
	/* a late renewal does not undo it */
	rig_lease(r);
	rig_run(r, 60 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_FAULT);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_FAULT);
	assert_int_equal(rig_clear(r, MNP_FAULT_LEASE), MNP_RESULT_OK);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
	assert_int_equal(r->stored, 0);
}

static void lease_must_be_new_and_of_this_epoch(void **state)
{
	struct rig *r = *state;

	rig_lease(r);
	assert_false(hp_fw_lease_fresh(&r->fw, r->now));
	rig_stop(r, 3);
	rig_lease(r);
	assert_true(hp_fw_lease_fresh(&r->fw, r->now));
	/* the same number again does not renew */
	rig_run(r, 60 * HP_MS);
	r->lease--;
	rig_lease(r);
	rig_run(r, 41 * HP_MS);
	assert_false(hp_fw_lease_fresh(&r->fw, r->now));
	rig_lease(r);
	assert_true(hp_fw_lease_fresh(&r->fw, r->now));
	/* a newer epoch begins without one, the same epoch keeps it */
	rig_stop(r, 3);
	assert_true(hp_fw_lease_fresh(&r->fw, r->now));
	rig_stop(r, 4);
	assert_false(hp_fw_lease_fresh(&r->fw, r->now));
	r->lease = 0;
	rig_lease(r);
	assert_true(hp_fw_lease_fresh(&r->fw, r->now));
}

static void malformed_out_packets_are_ignored(void **state)
{
	struct rig *r = *state;
	struct mnp_stop s = { { MNP_TYPE_STOP, MNP_VERSION, htole16(sizeof(s)) }, 0, { 0, 0 } };

	rig_go(r, 500, 100000);
	s.epoch = htole32(r->epoch + 1);
	s.reserved[0] = 1;
	hp_fw_out(&r->fw, HP_EP_KILL, &s, sizeof(s), r->now);
	s.reserved[0] = 0;
	s.header.type = MNP_TYPE_LEASE;
	hp_fw_out(&r->fw, HP_EP_KILL, &s, sizeof(s), r->now);
	s.header.type = MNP_TYPE_STOP;
	hp_fw_out(&r->fw, HP_EP_KILL, &s, 12, r->now);
	hp_fw_out(&r->fw, HP_EP_LEASE, &s, sizeof(s), r->now);
	assert_int_equal(r->fw.stats.bad_packets, 4);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
	hp_fw_out(&r->fw, HP_EP_KILL, &s, sizeof(s), r->now);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_STOPPING);
}

static void emergency_stop_latches(void **state)
{
	struct rig *r = *state;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 300 * HP_MS);
	hp_fw_input(&r->fw, HP_EMERGENCY_STOP, true, r->now);
	rig_run(r, 60 * HP_MS);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_FAULT);
	assert_int_equal(rig_clear(r, MNP_FAULT_EMERGENCY_STOP), MNP_RESULT_FAULT);
	hp_fw_input(&r->fw, HP_EMERGENCY_STOP, false, r->now);
	assert_int_equal(r->fw.latched, MNP_FAULT_EMERGENCY_STOP);
	assert_int_equal(rig_clear(r, MNP_FAULT_EMERGENCY_STOP), MNP_RESULT_OK);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_IDLE);
}

static void clear_takes_only_what_is_named(void **state)
{
	struct rig *r = *state;

	hp_fw_latch(&r->fw, MNP_FAULT_LEASE | MNP_FAULT_SENSOR, r->now);
	assert_int_equal(rig_clear(r, MNP_FAULT_LEASE), MNP_RESULT_FAULT);
	assert_int_equal(r->fw.latched, MNP_FAULT_SENSOR);
	assert_int_equal(rig_clear(r, 1U << 10), MNP_RESULT_BAD_PACKET);
	assert_int_equal(rig_clear(r, MNP_FAULT_SENSOR), MNP_RESULT_OK);
	assert_int_equal(r->stored, 0);
}

static void faults_survive_power(void **state)
{
	struct rig *r = *state;
	struct hp_identity id;
	struct mnp_identify m;

	rig_go(r, 500, 100000);
	rig_run_leased(r, 200 * HP_MS);
	hp_fw_power_cycle(&r->fw, 0x5678, r->now);
	rig_run(r, HP_MS);
	assert_int_equal(r->stored, MNP_FAULT_BROWN_OUT);
	assert_int_equal(le32toh(rig_last_status(r)->boot_id), 0x5678);
	assert_int_equal(le32toh(rig_last_status(r)->strokes), 0);
	assert_int_equal(le32toh(rig_last_status(r)->faults), MNP_FAULT_BROWN_OUT);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_NO_STOP_YET);

	/* another run of the program, from what was kept */
	hp_identity_default(&id);
	rig_free(r);
	*state = r = rig_new_with(&id, 1, MNP_FAULT_BROWN_OUT);
	hp_fw_request_in(&r->fw, MNP_REQ_IDENTIFY, 0, sizeof(m), &m, r->now);
	assert_int_equal(le32toh(m.faults), MNP_FAULT_BROWN_OUT);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_FAULT);
}

static void self_test_refuses_others_meanwhile(void **state)
{
	struct rig *r = *state;

	/* BUSY comes before whatever else START would be refused for */
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_BUSY);
	assert_int_equal(le16toh(r->fw.refusal), MNP_RESULT_BUSY);
	assert_int_equal(rig_mark(r, 0xc0ffee, "treatment"), MNP_RESULT_BUSY);
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_BUSY);
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, "?", 1), MNP_RESULT_BAD_PACKET);
	assert_int_equal(rig_last_status(r)->state, MNP_STATE_IDLE);
	assert_true(le16toh(rig_last_status(r)->inputs) & MNP_INPUT_HOME);
	rig_run(r, 300 * HP_MS);
	assert_int_equal(le32toh(rig_last_status(r)->self_test), MNP_SELF_TEST_PASSED);
	assert_int_equal(rig_mark(r, 0xc0ffee, "treatment"), MNP_RESULT_OK);
	assert_int_equal(r->fw.stroke_number, 0);
}

static void self_test_is_broken_off_by_stop_and_fault_only(void **state)
{
	struct rig *r = *state;
	struct hp_cartridge_spec spec;

	rig_stop(r, 10);
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
	press(r, true);
	press(r, false);
	hp_fw_remove(&r->fw, r->now);
	hp_cartridge_spec_default(&spec, 0xbeef, 20000);
	hp_fw_insert(&r->fw, &spec, r->now);
	rig_kill(r, 9);
	assert_int_equal(r->fw.self_test, MNP_SELF_TEST_BUSY);
	r->epoch = 10;
	rig_kill(r, 10);
	assert_int_equal(le32toh(rig_last_status(r)->self_test), MNP_SELF_TEST_NEVER);
	rig_run(r, 300 * HP_MS);
	assert_int_equal(le32toh(rig_last_status(r)->self_test), MNP_SELF_TEST_NEVER);

	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
	hp_fw_input(&r->fw, HP_EMERGENCY_STOP, true, r->now);
	assert_int_equal(rig_last_status(r)->state, MNP_STATE_FAULT);
	assert_int_equal(le32toh(rig_last_status(r)->self_test), MNP_SELF_TEST_NEVER);
	/* not idle */
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_BUSY);
	hp_fw_input(&r->fw, HP_EMERGENCY_STOP, false, r->now);
	assert_int_equal(rig_clear(r, MNP_FAULT_ALL), MNP_RESULT_OK);
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
	rig_run(r, 300 * HP_MS);
	assert_int_equal(r->fw.self_test, MNP_SELF_TEST_PASSED);
}

static void self_test_at_power_on(void **state)
{
	struct rig *r = *state;
	struct hp_identity id;
	struct mnp_identify m;

	hp_identity_default(&id);
	id.self_test = MNP_SELF_TEST_NEVER;
	rig_free(r);
	*state = r = rig_new_with(&id, 1, 0);
	assert_int_equal(le32toh(rig_last_status(r)->self_test), MNP_SELF_TEST_NEVER);
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
	hp_fw_request_in(&r->fw, MNP_REQ_IDENTIFY, 0, sizeof(m), &m, r->now);
	assert_int_equal(le32toh(m.self_test), MNP_SELF_TEST_BUSY);
	rig_run(r, 300 * HP_MS);
	assert_int_equal(le32toh(rig_last_status(r)->self_test), MNP_SELF_TEST_PASSED);
	hp_fw_power_cycle(&r->fw, 2, r->now);
	assert_int_equal(r->fw.self_test, MNP_SELF_TEST_NEVER);
}

static void self_test_runs_at_rest_only(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
	assert_int_equal(le32toh(rig_last_status(r)->self_test), MNP_SELF_TEST_BUSY);
	rig_stop(r, 1);
	assert_int_equal(r->fw.self_test, MNP_SELF_TEST_NEVER);
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_OK);
	press(r, true);
	rig_lease(r);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_BUSY);
	rig_run(r, 300 * HP_MS);
	assert_int_equal(le32toh(rig_last_status(r)->self_test), MNP_SELF_TEST_PASSED);
	rig_go(r, 500, 100000);
	assert_int_equal(rig_tell(r, MNP_REQ_SELF_TEST, NULL, 0), MNP_RESULT_BUSY);
}

static void status_every_100_ms_and_at_once(void **state)
{
	struct rig *r = *state;
	unsigned int before = r->statuses;

	rig_run(r, 1000 * HP_MS);
	assert_int_equal(r->statuses, before + 10);
	for (unsigned int i = 1; i < r->statuses; i++)
		assert_int_equal(le32toh(r->status[i].number),
				 le32toh(r->status[i - 1].number) + 1);
	before = r->statuses;
	press(r, true);
	press(r, true);
	press(r, false);
	rig_run(r, HP_MS);
	assert_int_equal(r->statuses, before + 2);
	assert_true(le16toh(r->status[before].inputs) & MNP_INPUT_TRIGGER);
}

static void without_a_foot_switch_start_is_enough(void **state)
{
	struct hp_identity id;
	struct rig *r;

	(void)state;
	hp_identity_default(&id);
	id.foot_switch = false;
	r = rig_new_with(&id, 1, 0);
	rig_stop(r, 1);
	rig_lease(r);
	assert_int_equal(rig_start(r, 500, 100000, 10, 1000), MNP_RESULT_OK);
	rig_free(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(identify_says_what_it_is),
		TEST(odd_requests_stall),
		TEST(epochs_compare_as_serial_numbers),
		TEST(an_old_stop_does_not_stop),
		TEST(a_stop_at_rest_is_answered_with_a_status),
		TEST(start_is_refused_for_each_reason),
		TEST(start_with_nonsense_is_a_bad_packet),
		TEST(ceiling_is_its_own_and_the_needles),
		TEST(set_point_is_rounded_down),
		TEST(lease_lapses_while_running),
		TEST(lease_must_be_new_and_of_this_epoch),
		TEST(malformed_out_packets_are_ignored),
		TEST(emergency_stop_latches),
		TEST(clear_takes_only_what_is_named),
		TEST(faults_survive_power),
		TEST(self_test_runs_at_rest_only),
		TEST(self_test_refuses_others_meanwhile),
		TEST(self_test_is_broken_off_by_stop_and_fault_only),
		TEST(self_test_at_power_on),
		TEST(status_every_100_ms_and_at_once),
		cmocka_unit_test(without_a_foot_switch_start_is_enough),
	};

	return cmocka_run_group_tests_name("handpiece protocol", tests, NULL, NULL);
}
