// SPDX-License-Identifier: GPL-2.0-or-later
#include "rig.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define BOOT_ID 0x1234

static void block(struct rig *r, const void *data, size_t length)
{
	const size_t head = sizeof(struct mnp_waveform), one = sizeof(struct mnp_sample);

	assert_true(r->blocks < RIG_BLOCKS && length >= head);
	assert_true(r->samples + MNP_WAVEFORM_MAX <= RIG_SAMPLES);
	memcpy(&r->block[r->blocks], data, head);
	r->first_sample[r->blocks] = r->samples;
	r->block_ns[r->blocks] = r->fw.now;
	r->block_length[r->blocks++] = length;
	memcpy(&r->sample[r->samples], (const uint8_t *)data + head, length - head);
	r->samples += (unsigned int)((length - head) / one);
}

static void submit(void *ctx, enum hp_ep ep, const void *data, size_t length)
{
	struct rig *r = ctx;
	struct mnp_strokes head;

	assert_false(r->pending[ep]);
	r->pending[ep] = true;
	r->recalled[ep] = false;
	r->last_length = length;
	if (ep == HP_EP_STATUS) {
		assert_true(r->statuses < RIG_PACKETS);
		memcpy(&r->status[r->statuses], data, sizeof(struct mnp_status));
		r->status_length[r->statuses++] = length;
		return;
	}
	assert_int_equal(ep, HP_EP_STROKES);
	assert_true(length <= MNP_STROKES_MAXP);
	if (r->fw.link.block_busy) {
		block(r, data, length);
		return;
	}
	memcpy(&head, data, sizeof(head));
	r->packets++;
	for (unsigned int i = 0; i < le16toh(head.count) && i < MNP_STROKES_MAX; i++) {
		r->packet_ns[r->strokes] = r->fw.now;
		memcpy(&r->stroke[r->strokes++],
		       (const uint8_t *)data + sizeof(head) + i * sizeof(struct mnp_stroke),
		       sizeof(struct mnp_stroke));
	}
}

static void cancel(void *ctx, enum hp_ep ep)
{
	((struct rig *)ctx)->recalled[ep] = true;
}

static void nak(void *ctx, enum hp_ep ep, bool on)
{
	((struct rig *)ctx)->naks[ep] = on;
}

static void disconnect(void *ctx)
{
	((struct rig *)ctx)->disconnected = true;
}

static void store(void *ctx, uint32_t faults)
{
	struct rig *r = ctx;

	r->stored = faults;
	r->stores++;
}

static void take(struct rig *r)
{
	bool more = true;

	while (more) {
		more = false;
		for (enum hp_ep ep = HP_EP_STATUS; ep < HP_EPS; ep++) {
			if (!r->pending[ep] || (r->deaf && (!r->recalled[ep] || r->holds)))
				continue;
			r->pending[ep] = false;
			hp_fw_sent(&r->fw, ep, !r->deaf, r->now);
			more = true;
		}
	}
}

struct rig *rig_new_with(const struct hp_identity *id, uint64_t seed, uint32_t latched)
{
	struct rig *r = calloc(1, sizeof(*r));
	const struct hp_front front = { r, submit, cancel, nak, disconnect };
	const struct hp_store keep = { r, store };
	struct hp_cartridge_spec spec;

	assert_non_null(r);
	r->now = 1000 * HP_MS;
	hp_fw_init(&r->fw, id, &front, &keep, &r->trace, seed, BOOT_ID, latched, r->now);
	hp_cartridge_spec_default(&spec, 0xc0ffee, 20000);
	assert_true(hp_fw_insert(&r->fw, &spec, r->now));
	hp_fw_link(&r->fw, true, true, r->now);
	take(r);
	return r;
}

struct rig *rig_new(void)
{
	struct hp_identity id;

	hp_identity_default(&id);
	return rig_new_with(&id, 1, 0);
}

void rig_free(struct rig *r)
{
	free(r);
}

void rig_run(struct rig *r, uint64_t ns)
{
	uint64_t end = r->now + ns, next;

	while ((next = hp_fw_next(&r->fw)) <= end) {
		r->now = next > r->now ? next : r->now;
		r->wakes++;
		hp_fw_advance(&r->fw, r->now);
		take(r);
	}
	r->now = end;
	hp_fw_advance(&r->fw, r->now);
	take(r);
}

void rig_lease(struct rig *r)
{
	const struct mnp_lease l = { { MNP_TYPE_LEASE, MNP_VERSION, htole16(sizeof(l)) },
				     htole32(r->epoch),
				     htole32(++r->lease),
				     0 };

	hp_fw_out(&r->fw, HP_EP_LEASE, &l, sizeof(l), r->now);
	take(r);
}

void rig_run_leased(struct rig *r, uint64_t ns)
{
	while (ns) {
		uint64_t step = ns < 25 * HP_MS ? ns : 25 * HP_MS;

		rig_lease(r);
		rig_run(r, step);
		ns -= step;
	}
}

static struct mnp_stop stop_packet(uint32_t epoch)
{
	return (struct mnp_stop){ { MNP_TYPE_STOP, MNP_VERSION, htole16(sizeof(struct mnp_stop)) },
				  htole32(epoch),
				  { 0, 0 } };
}

void rig_kill(struct rig *r, uint32_t epoch)
{
	const struct mnp_stop s = stop_packet(epoch);

	r->epoch = epoch;
	hp_fw_out(&r->fw, HP_EP_KILL, &s, sizeof(s), r->now);
	take(r);
}

uint8_t rig_tell(struct rig *r, uint8_t request, const void *data, size_t size)
{
	struct mnp_result result;

	assert_int_equal(hp_fw_request_out_ok(request, ++r->tag), 0);
	assert_int_equal(hp_fw_request_out(&r->fw, request, r->tag, data, size, r->now), 0);
	take(r);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(hp_fw_request_in(&r->fw, MNP_REQ_RESULT, 0, sizeof(result),
						  &result, r->now),
				 (int)sizeof(result));
		assert_int_equal(le16toh(result.tag), r->tag);
		assert_int_equal(result.request, request);
		if (result.result != MNP_RESULT_PENDING)
			return result.result;
		rig_run(r, HP_MS);
	}
	return MNP_RESULT_PENDING;
}

uint8_t rig_stop(struct rig *r, uint32_t epoch)
{
	const struct mnp_stop s = stop_packet(epoch);

	r->epoch = epoch;
	return rig_tell(r, MNP_REQ_STOP, &s, sizeof(s));
}

uint8_t rig_start(struct rig *r, uint32_t depth_um, uint32_t rate_mhz, uint32_t strokes,
		  uint32_t run_ms)
{
	const struct mnp_start s = { { MNP_TYPE_START, MNP_VERSION, htole16(sizeof(s)) },
				     htole32(r->epoch),
				     htole32(depth_um),
				     htole32(rate_mhz),
				     htole32(strokes),
				     htole32(run_ms),
				     { 0, 0 } };

	return rig_tell(r, MNP_REQ_START, &s, sizeof(s));
}

uint8_t rig_clear(struct rig *r, uint32_t faults)
{
	const struct mnp_clear c = { { MNP_TYPE_CLEAR, MNP_VERSION, htole16(sizeof(c)) },
				     htole32(faults),
				     { 0, 0 } };

	return rig_tell(r, MNP_REQ_CLEAR, &c, sizeof(c));
}

uint8_t rig_mark(struct rig *r, uint64_t uid, const char *treatment)
{
	struct mnp_mark m = {
		{ MNP_TYPE_MARK, MNP_VERSION, htole16(sizeof(m)) }, 0, htole64(uid), { 0 }
	};

	memcpy(m.treatment, treatment, strnlen(treatment, sizeof(m.treatment)));
	return rig_tell(r, MNP_REQ_MARK, &m, sizeof(m));
}

uint8_t rig_capture(struct rig *r, uint32_t rate_hz, uint32_t samples)
{
	const struct mnp_capture c = { { MNP_TYPE_CAPTURE, MNP_VERSION, htole16(sizeof(c)) },
				       htole32(rate_hz),
				       htole32(samples),
				       0 };

	return rig_tell(r, MNP_REQ_CAPTURE, &c, sizeof(c));
}

struct mnp_cartridge rig_cartridge(struct rig *r)
{
	struct mnp_cartridge c;

	assert_int_equal(hp_fw_request_in(&r->fw, MNP_REQ_CARTRIDGE, 0, sizeof(c), &c, r->now),
			 (int)sizeof(c));
	return c;
}

void rig_go(struct rig *r, uint32_t depth_um, uint32_t rate_mhz)
{
	assert_int_equal(rig_stop(r, r->epoch + 1), MNP_RESULT_OK);
	hp_fw_input(&r->fw, HP_FOOT_SWITCH, true, r->now);
	rig_lease(r);
	assert_int_equal(rig_start(r, depth_um, rate_mhz, 100000, 300000), MNP_RESULT_OK);
	assert_int_equal(hp_fw_state(&r->fw), MNP_STATE_RUNNING);
}

struct hp_fault_params rig_params(enum hp_fault fault)
{
	return hp_fault_infos[fault].defaults;
}

struct hp_injection *rig_inject(struct rig *r, enum hp_fault fault,
				const struct hp_fault_params *params, uint32_t after_strokes)
{
	struct hp_fault_params defaults = rig_params(fault);
	uint32_t id;

	assert_true(hp_fw_inject(&r->fw, fault, params ? params : &defaults, r->now,
				 after_strokes > 0, after_strokes, r->now, &id));
	take(r);
	return hp_faults_by_id(&r->fw.faults, id);
}

const struct mnp_status *rig_last_status(const struct rig *r)
{
	return &r->status[r->statuses - 1];
}
