// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's words: requests on endpoint 0, the kill and the lease. */
#include "firmware.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "spoil.h"

#define MARK_NS (8 * HP_MS) /* what a write to the tag takes */
#define SELF_TEST_NS (250 * HP_MS)
#define RECALL_NS (2 * HP_MS) /* until the bus is asked again to give a block back */

static bool header_ok(const void *packet, size_t length, uint8_t type, size_t size)
{
	const struct mnp_header *h = packet;

	return length == size && h->type == type && h->version == MNP_VERSION &&
	       le16toh(h->length) == size;
}

static void bad_packet(struct hp_firmware *fw, const char *where, size_t length, uint64_t now)
{
	fw->stats.bad_packets++;
	hp_trace(fw->trace, now, "bad_packet", "\"where\":\"%s\",\"length\":%zu", where, length);
}

/* Stop */

static bool stop_packet(const void *data, size_t length, uint32_t *epoch)
{
	struct mnp_stop stop;

	if (!header_ok(data, length, MNP_TYPE_STOP, sizeof(stop)))
		return false;
	memcpy(&stop, data, sizeof(stop));
	*epoch = le32toh(stop.epoch);
	return !stop.reserved[0] && !stop.reserved[1];
}

/* MNP_RESULT_; the time of arrival is @now, whatever is still due before it */
static uint8_t stop(struct hp_firmware *fw, const void *data, size_t length, bool by_kill,
		    uint64_t now)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_IGNORE_STOP);
	enum hp_word where = by_kill ? HP_W_KILL : HP_W_EP0;
	struct hp_stop_stats s = { .received_ns = now, .by_kill = by_kill };
	bool newer;

	if (!stop_packet(data, length, &s.epoch)) {
		hp_fw_advance(fw, now);
		bad_packet(fw, by_kill ? "kill" : "stop", length, now);
		return MNP_RESULT_BAD_PACKET;
	}
	if (i && i->params.how == HP_W_IGNORE &&
	    (i->params.where == HP_W_ANY || i->params.where == where)) {
		hp_fw_advance(fw, now);
		hp_faults_effect(i, now, "STOP %u by %s ignored", s.epoch, hp_word_name(where));
		hp_faults_spend(i);
		return MNP_RESULT_OK;
	}
	s.obeyed = !fw->stop_seen || (int32_t)(s.epoch - fw->epoch) >= 0;
	/* between its arrival and now a stroke may end, but none begins */
	fw->no_more = s.obeyed;
	hp_fw_advance(fw, now);
	fw->no_more = false;

	fw->stats.stops++;
	fw->stats.kills += by_kill;
	s.strokes_at_arrival = fw->stroke_number;
	fw->stats.stop = s;
	if (by_kill)
		fw->stats.kill = s;
	hp_trace(fw->trace, now, by_kill ? "kill" : "stop",
		 "\"epoch\":%u,\"obeyed\":%s,\"strokes\":%u", s.epoch, s.obeyed ? "true" : "false",
		 fw->stroke_number);
	if (!s.obeyed)
		return MNP_RESULT_EPOCH;
	newer = !fw->stop_seen || s.epoch != fw->epoch;
	fw->stop_seen = true;
	fw->epoch = s.epoch;
	if (newer) {
		fw->lease_known = false;
		fw->lease_until_ns = 0;
		fw->due[HP_T_LEASE] = HP_NEVER;
	}
	hp_fw_break_off_test(fw);
	hp_fw_stop(fw, "stop", now);
	hp_fw_tell(fw, true);
	return MNP_RESULT_OK;
}

/* Lease */

static void lease(struct hp_firmware *fw, const void *data, size_t length, uint64_t now)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_IGNORE_LEASE);
	struct mnp_lease l;
	uint32_t number;

	if (!header_ok(data, length, MNP_TYPE_LEASE, sizeof(l))) {
		bad_packet(fw, "lease", length, now);
		return;
	}
	memcpy(&l, data, sizeof(l));
	number = le32toh(l.number);
	if (l.reserved) {
		bad_packet(fw, "lease", length, now);
		return;
	}
	if (i && i->params.how == HP_W_RENEWALS) {
		hp_faults_effect(i, now, "lease %u ignored", number);
		return;
	}
	if (!fw->stop_seen || le32toh(l.epoch) != fw->epoch ||
	    (fw->lease_known && (int32_t)(number - fw->lease_number) <= 0)) {
		hp_trace(fw->trace, now, "lease_refused", "\"number\":%u,\"epoch\":%u", number,
			 le32toh(l.epoch));
		return;
	}
	if (!fw->lease_known || now >= fw->lease_until_ns)
		hp_trace(fw->trace, now, "lease", "\"number\":%u,\"epoch\":%u", number, fw->epoch);
	else if (now - fw->stats.lease_ns > fw->stats.lease_gap_ns)
		fw->stats.lease_gap_ns = now - fw->stats.lease_ns;
	fw->lease_known = true;
	fw->lease_number = number;
	fw->lease_until_ns = now + fw->id.lease_ms * HP_MS;
	fw->due[HP_T_LEASE] = fw->lease_until_ns;
	fw->stats.leases++;
	fw->stats.lease_ns = now;
	fw->stats.lease_number = number;
	fw->stats.lease_due_ns = fw->lease_until_ns;
}

void hp_fw_out(struct hp_firmware *fw, enum hp_ep ep, const void *data, size_t length, uint64_t now)
{
	if (ep == HP_EP_KILL) {
		if (hp_fw_disconnect_at(fw, HP_W_STOP, now))
			return;
		stop(fw, data, length, true, now);
		return;
	}
	hp_fw_advance(fw, now);
	lease(fw, data, length, now);
}

/* Start */

static uint8_t start_limits(const struct hp_firmware *fw, const struct mnp_start *s)
{
	const struct mnp_cartridge *tag = hp_cartridge_valid(&fw->cartridges);
	uint32_t depth = le32toh(s->depth_um), rate = le32toh(s->rate_mhz);
	uint32_t strokes = le32toh(s->strokes), run_ms = le32toh(s->run_ms);

	if (depth > fw->id.max_depth_um || depth < fw->id.depth_step_um ||
	    rate > fw->id.max_rate_mhz || rate < fw->id.min_rate_mhz ||
	    strokes > fw->id.max_strokes || run_ms > fw->id.max_run_ms)
		return MNP_RESULT_LIMIT;
	if (tag && (depth > le32toh(tag->needle_um) || rate > le32toh(tag->max_rate_mhz) ||
		    strokes > le32toh(tag->max_strokes)))
		return MNP_RESULT_LIMIT;
	return MNP_RESULT_OK;
}

static uint8_t start_allowed(struct hp_firmware *fw, const struct mnp_start *s, uint64_t now)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_REJECT_START);
	uint8_t result;

	if (i) {
		hp_faults_effect(i, now, "START refused with %u", i->params.result);
		hp_faults_spend(i);
		return (uint8_t)i->params.result;
	}
	if (!s->depth_um || !s->rate_mhz || !s->strokes || !s->run_ms || s->reserved[0] ||
	    s->reserved[1])
		return MNP_RESULT_BAD_PACKET;
	if (fw->self_test == MNP_SELF_TEST_BUSY)
		return MNP_RESULT_BUSY;
	if (!fw->stop_seen)
		return MNP_RESULT_NO_STOP_YET;
	if (le32toh(s->epoch) != fw->epoch)
		return MNP_RESULT_EPOCH;
	if (fw->latched)
		return MNP_RESULT_FAULT;
	if (fw->motion == HP_RUN_DOWN || fw->by_itself || fw->marking)
		return MNP_RESULT_BUSY;
	result = start_limits(fw, s);
	if (result != MNP_RESULT_OK)
		return result;
	if (!hp_fw_lease_fresh(fw, now))
		return MNP_RESULT_LEASE;
	if (fw->emergency_stop || !hp_cartridge_valid(&fw->cartridges) ||
	    (fw->id.foot_switch && !fw->foot_switch))
		return MNP_RESULT_INTERLOCK;
	return MNP_RESULT_OK;
}

static uint8_t start(struct hp_firmware *fw, const void *data, size_t length, uint64_t now)
{
	struct mnp_start s;
	uint8_t result = MNP_RESULT_BAD_PACKET;
	uint32_t rate;

	if (header_ok(data, length, MNP_TYPE_START, sizeof(s))) {
		memcpy(&s, data, sizeof(s));
		result = start_allowed(fw, &s, now);
	}
	fw->refusal = result;
	fw->stats.starts++;
	fw->stats.start_ns = now;
	fw->stats.start_result = result;
	hp_trace(fw->trace, now, "start", "\"result\":%u,\"length\":%zu", result, length);
	if (result != MNP_RESULT_OK)
		return result;
	fw->stats.start_epoch = le32toh(s.epoch);
	fw->run.epoch = le32toh(s.epoch);
	/* downward, to what the motor and the depth stop can be set to */
	fw->run.depth_um = le32toh(s.depth_um) / fw->id.depth_step_um * fw->id.depth_step_um;
	rate = le32toh(s.rate_mhz) / fw->id.rate_step_mhz * fw->id.rate_step_mhz;
	fw->run.rate_mhz = rate < fw->id.min_rate_mhz ? fw->id.min_rate_mhz : rate;
	fw->run.left = le32toh(s.strokes);
	/* Turning already: its first stroke has one before it to be measured from */
	fw->run.first = fw->motion != HP_TURNING;
	fw->due[HP_T_RUN_END] = now + le32toh(s.run_ms) * HP_MS;
	hp_fw_run(fw, now);
	return result;
}

/* Mark, clear, self-test, capture */

static uint8_t mark(struct hp_firmware *fw, const void *data, size_t length, uint64_t now)
{
	static const uint8_t nobody[16];
	struct mnp_mark m;

	if (!header_ok(data, length, MNP_TYPE_MARK, sizeof(m)))
		return MNP_RESULT_BAD_PACKET;
	memcpy(&m, data, sizeof(m));
	if (m.reserved || !memcmp(m.treatment, nobody, sizeof(nobody)))
		return MNP_RESULT_BAD_PACKET;
	if (fw->motion != HP_REST || fw->marking || fw->self_test == MNP_SELF_TEST_BUSY)
		return MNP_RESULT_BUSY;
	fw->marking = true;
	fw->mark = m;
	fw->due[HP_T_MARK] = now + MARK_NS;
	return MNP_RESULT_PENDING;
}

void hp_fw_mark_due(struct hp_firmware *fw, uint64_t at)
{
	uint8_t result =
		hp_cartridge_mark(&fw->cartridges, le64toh(fw->mark.uid), fw->mark.treatment);

	fw->marking = false;
	/* another request may have taken the place of this one's outcome */
	if (fw->result.request == MNP_REQ_MARK && fw->result.result == MNP_RESULT_PENDING)
		fw->result.result = result;
	hp_trace(fw->trace, at, "mark", "\"result\":%u", result);
}

static uint32_t persisting(struct hp_firmware *fw, uint64_t now)
{
	uint32_t faults = 0;

	/* nothing is over before the needles rest */
	if (fw->motion != HP_REST)
		return MNP_FAULT_ALL;
	if (fw->emergency_stop)
		faults |= MNP_FAULT_EMERGENCY_STOP;
	if (hp_fw_temp_mc(fw, now) > fw->id.max_temp_mc)
		faults |= MNP_FAULT_OVER_TEMPERATURE;
	if (!fw->home)
		faults |= MNP_FAULT_NOT_HOME;
	return faults;
}

static uint8_t clear(struct hp_firmware *fw, const void *data, size_t length, uint64_t now)
{
	struct mnp_clear c;

	if (!header_ok(data, length, MNP_TYPE_CLEAR, sizeof(c)))
		return MNP_RESULT_BAD_PACKET;
	memcpy(&c, data, sizeof(c));
	if (c.reserved[0] || c.reserved[1] || le32toh(c.faults) & ~MNP_FAULT_ALL)
		return MNP_RESULT_BAD_PACKET;
	hp_fw_unlatch(fw, le32toh(c.faults) & ~persisting(fw, now), now);
	return fw->latched ? MNP_RESULT_FAULT : MNP_RESULT_OK;
}

static uint8_t self_test(struct hp_firmware *fw, size_t length, uint64_t now)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_REJECT_SELF_TEST);

	if (length)
		return MNP_RESULT_BAD_PACKET;
	if (i) {
		hp_faults_effect(i, now, "SELF_TEST refused with %u", i->params.result);
		hp_faults_spend(i);
		return (uint8_t)i->params.result;
	}
	if (hp_fw_state(fw) != MNP_STATE_IDLE || fw->motion != HP_REST || fw->marking ||
	    fw->self_test == MNP_SELF_TEST_BUSY)
		return MNP_RESULT_BUSY;
	fw->self_test = MNP_SELF_TEST_BUSY;
	fw->due[HP_T_SELF_TEST] = now + SELF_TEST_NS;
	return MNP_RESULT_OK;
}

static uint8_t capture(struct hp_firmware *fw, uint16_t tag, const void *data, size_t length,
		       uint64_t now)
{
	struct mnp_capture c;
	uint32_t rate, samples;

	if (!header_ok(data, length, MNP_TYPE_CAPTURE, sizeof(c)))
		return MNP_RESULT_BAD_PACKET;
	memcpy(&c, data, sizeof(c));
	rate = le32toh(c.rate_hz);
	samples = le32toh(c.samples);
	if (c.reserved || (!rate && samples))
		return MNP_RESULT_BAD_PACKET;
	if (!rate) {
		hp_waveform_end(&fw->waveform, "host", now);
		if (!hp_link_recall_block(&fw->link))
			return MNP_RESULT_OK;
		fw->due[HP_T_RECALL] = now + RECALL_NS;
		return MNP_RESULT_PENDING;
	}
	if (rate > fw->id.capture_max_hz)
		return MNP_RESULT_LIMIT;
	/* a block of the one before that has not come back yet */
	if (fw->link.block_busy && !fw->waveform.on)
		return MNP_RESULT_BUSY;
	return hp_waveform_begin(&fw->waveform, tag, rate, samples, hp_link_samples_max(&fw->link),
				 now);
}

void hp_fw_recall_due(struct hp_firmware *fw, uint64_t at)
{
	if (!fw->waveform.on && hp_link_recall_block(&fw->link))
		fw->due[HP_T_RECALL] = at + RECALL_NS;
}

void hp_fw_capture_over(struct hp_firmware *fw)
{
	if (fw->result.request == MNP_REQ_CAPTURE && fw->result.result == MNP_RESULT_PENDING &&
	    !fw->link.block_busy)
		fw->result.result = MNP_RESULT_OK;
}

int hp_fw_request_out_ok(uint8_t request, uint16_t value)
{
	if (!value || request < MNP_REQ_START || request > MNP_REQ_CAPTURE)
		return HP_EP0_STALL;
	return 0;
}

static enum hp_word request_word(uint8_t request)
{
	switch (request) {
	case MNP_REQ_START:
		return HP_W_START;
	case MNP_REQ_STOP:
		return HP_W_STOP;
	case MNP_REQ_MARK:
		return HP_W_MARK;
	case MNP_REQ_CLEAR:
		return HP_W_CLEAR;
	case MNP_REQ_SELF_TEST:
		return HP_W_SELF_TEST;
	default:
		return HP_W_CAPTURE;
	}
}

/* It came, and is not yet decided: a kill may be sooner. True if so. */
static bool put_off_stop(struct hp_firmware *fw, const void *data, size_t length, uint64_t now)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_LATE_STOP);

	fw->result.stop_waits = i && length == sizeof(fw->result.stop);
	if (!fw->result.stop_waits)
		return false;
	hp_fw_advance(fw, now);
	memcpy(&fw->result.stop, data, length);
	hp_faults_effect(i, now, "STOP put off by %u ms", i->params.ms);
	fw->result.not_before_ns = now + i->params.ms * HP_MS;
	hp_faults_spend(i);
	return true;
}

int hp_fw_request_out(struct hp_firmware *fw, uint8_t request, uint16_t value, const void *data,
		      size_t length, uint64_t now)
{
	uint8_t result = MNP_RESULT_PENDING;
	struct hp_injection *late;

	fw->stats.requests++;
	if (hp_fw_disconnect_at(fw, request_word(request), now))
		return HP_EP0_HANG;
	fw->result.not_before_ns = 0;
	fw->result.stop_waits = false;
	if (request != MNP_REQ_STOP)
		hp_fw_advance(fw, now);
	else if (!put_off_stop(fw, data, length, now))
		result = stop(fw, data, length, false, now);
	switch (request) {
	case MNP_REQ_STOP:
		break;
	case MNP_REQ_START:
		result = start(fw, data, length, now);
		break;
	case MNP_REQ_MARK:
		result = mark(fw, data, length, now);
		break;
	case MNP_REQ_CLEAR:
		result = clear(fw, data, length, now);
		break;
	case MNP_REQ_SELF_TEST:
		result = self_test(fw, length, now);
		break;
	default:
		result = capture(fw, value, data, length, now);
		break;
	}
	if (result == MNP_RESULT_BAD_PACKET && request != MNP_REQ_STOP)
		bad_packet(fw, "ep0", length, now);
	fw->result.request = request;
	fw->result.tag = value;
	fw->result.result = result;
	late = hp_faults_active(&fw->faults, HP_LATE_RESULT);
	if (late &&
	    (late->params.request == HP_W_ANY || late->params.request == request_word(request))) {
		fw->result.not_before_ns = now + late->params.ms * HP_MS;
		fw->result.late_by = late->id;
		hp_faults_spend(late);
	}
	hp_trace(fw->trace, now, "request", "\"request\":%u,\"tag\":%u,\"result\":%u", request,
		 value, result);
	hp_fw_tell(fw, false);
	return 0;
}

/* Answers */

static size_t identify(struct hp_firmware *fw, struct mnp_identify *m)
{
	struct hp_injection *version = hp_faults_active(&fw->faults, HP_WRONG_VERSION);
	struct hp_injection *calibration = hp_faults_active(&fw->faults, HP_CALIBRATION);
	struct hp_injection *missing = hp_faults_active(&fw->faults, HP_MISSING_MEASUREMENT);
	uint32_t measures = MNP_MEASURES_DEPTH | MNP_MEASURES_RATE | MNP_MEASURES_HOME |
			    MNP_MEASURES_CURRENT | MNP_MEASURES_TEMPERATURE;
	uint16_t speaks = MNP_VERSION;
	uint32_t age = fw->id.calibration_age_days;

	if (version) {
		speaks = MNP_VERSION + 1;
		hp_faults_effect(version, fw->now, "IDENTIFY says version %u only", speaks);
		hp_faults_spend(version);
	}
	if (calibration) {
		age = calibration->params.age_days;
		hp_faults_effect(calibration, fw->now, "IDENTIFY says %u days", age);
	}
	if (missing && missing->params.on == HP_W_IDENTIFY) {
		measures &= ~(1U << (missing->params.which - HP_W_DEPTH));
		hp_faults_effect(missing, fw->now, "IDENTIFY declares %#x", measures);
		hp_faults_spend(missing);
	}
	*m = (struct mnp_identify){
		.header = { MNP_TYPE_IDENTIFY, MNP_VERSION, htole16(sizeof(*m)) },
		.magic = htole32(MNP_MAGIC),
		.version_min = htole16(speaks),
		.version_max = htole16(speaks),
		.measures = htole32(measures),
		.features = htole32(fw->id.foot_switch ? MNP_FEATURE_TRIGGER : 0),
		.max_depth_um = htole32(fw->id.max_depth_um),
		.max_rate_mhz = htole32(fw->id.max_rate_mhz),
		.max_strokes = htole32(fw->id.max_strokes),
		.max_run_ms = htole32(fw->id.max_run_ms),
		.min_rate_mhz = htole32(fw->id.min_rate_mhz),
		.depth_step_um = htole32(fw->id.depth_step_um),
		.rate_step_mhz = htole32(fw->id.rate_step_mhz),
		.tolerance_um = htole32(fw->id.tolerance_um),
		.run_up_ms = htole32(fw->id.run_up_ms),
		.run_down_ms = htole32(fw->id.run_down_ms),
		.lease_ms = htole32(fw->id.lease_ms),
		.max_current_ma = htole32(fw->id.max_current_ma),
		.max_temp_mc = htole32((uint32_t)fw->id.max_temp_mc),
		.last_epoch = htole32(fw->epoch),
		.boot_id = htole32(fw->boot_id),
		.faults = htole32(fw->latched),
		.calibration_age_days = htole32(age),
		.calibration_valid_days = htole32(fw->id.calibration_valid_days),
		.self_test = htole32(fw->self_test),
		.capture_max_hz = htole32(fw->id.capture_max_hz),
	};
	memcpy(m->serial, fw->id.serial, sizeof(m->serial));
	memcpy(m->model, fw->id.model, sizeof(m->model));
	memcpy(m->firmware, fw->id.firmware, sizeof(m->firmware));
	fw->stats.identified_ns = fw->now;
	return sizeof(*m);
}

static size_t result(struct hp_firmware *fw, struct mnp_result *m)
{
	struct hp_injection *late;
	uint8_t outcome;

	if (fw->result.stop_waits && fw->now >= fw->result.not_before_ns) {
		fw->result.stop_waits = false;
		fw->result.result =
			stop(fw, &fw->result.stop, sizeof(fw->result.stop), false, fw->now);
	}
	outcome = fw->result.result;
	if (!fw->result.stop_waits && fw->now < fw->result.not_before_ns) {
		outcome = MNP_RESULT_PENDING;
		late = hp_faults_by_id(&fw->faults, fw->result.late_by);
		if (late)
			hp_faults_effect(late, fw->now, "RESULT of tag %u withheld",
					 fw->result.tag);
	}
	*m = (struct mnp_result){
		.header = { MNP_TYPE_RESULT, MNP_VERSION, htole16(sizeof(*m)) },
		.request = fw->result.request,
		.result = outcome,
		.tag = htole16(fw->result.tag),
		.epoch = htole32(fw->epoch),
	};
	return sizeof(*m);
}

static size_t cartridge(struct hp_firmware *fw, struct mnp_cartridge *m)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_BAD_CRC);

	hp_cartridge_read(&fw->cartridges, fw->insertions, m);
	if (i) {
		m->crc ^= htole32(1);
		hp_faults_effect(i, fw->now, "CARTRIDGE answered with a wrong crc");
		hp_faults_spend(i);
	}
	return sizeof(*m);
}

int hp_fw_request_in(struct hp_firmware *fw, uint8_t request, uint16_t value, uint16_t length,
		     void *buffer, uint64_t now)
{
	union {
		struct mnp_identify identify;
		struct mnp_status status;
		struct mnp_result result;
		struct mnp_cartridge cartridge;
	} answer;
	enum hp_word which;
	size_t size;

	hp_fw_advance(fw, now);
	fw->stats.requests++;
	switch (request) {
	case MNP_REQ_IDENTIFY:
		if (hp_fw_disconnect_at(fw, HP_W_IDENTIFY, now))
			return HP_EP0_HANG;
		size = identify(fw, &answer.identify);
		which = HP_W_IDENTIFY;
		break;
	case MNP_REQ_STATUS:
		hp_fw_status_packet(fw, &answer.status);
		size = sizeof(answer.status);
		which = HP_W_ANY;
		break;
	case MNP_REQ_RESULT:
		size = result(fw, &answer.result);
		which = HP_W_RESULT;
		break;
	case MNP_REQ_CARTRIDGE:
		size = cartridge(fw, &answer.cartridge);
		which = HP_W_CARTRIDGE;
		break;
	default:
		return HP_EP0_STALL;
	}
	if (value || length != size)
		return HP_EP0_STALL;
	hp_trace(fw->trace, now, "answer", "\"request\":%u", request);
	size = hp_spoil(&fw->faults, which, &answer, size, fw->now);
	memcpy(buffer, &answer, size);
	return (int)size;
}
