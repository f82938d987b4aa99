// SPDX-License-Identifier: GPL-2.0-or-later
/* State, faults, leases, timers and status: what holds the parts of the firmware together. */
#include "firmware.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#define STATUS_PERIOD_NS (100 * HP_MS)
#define BACKLOG_NS (50 * HP_MS)

void hp_identity_default(struct hp_identity *id)
{
	*id = (struct hp_identity){
		.foot_switch = true,
		.max_depth_um = 2500,
		.max_rate_mhz = 150000,
		.min_rate_mhz = 20000,
		.max_strokes = 100000,
		.max_run_ms = 300000,
		.depth_step_um = 10,
		.rate_step_mhz = 1000,
		.tolerance_um = 100,
		.run_up_ms = 300,
		.run_down_ms = 80,
		.lease_ms = 100,
		.max_current_ma = 2000,
		.max_temp_mc = 60000,
		.calibration_age_days = 12,
		.calibration_valid_days = 365,
		.capture_max_hz = MNP_CAPTURE_HZ_MAX,
		.self_test = MNP_SELF_TEST_PASSED,
	};
	snprintf(id->serial, sizeof(id->serial), "MN-SIM-0001");
	snprintf(id->model, sizeof(id->model), "MN-SIM");
	snprintf(id->firmware, sizeof(id->firmware), "1.0.0-sim");
}

static void power_on(struct hp_firmware *fw, uint32_t boot_id, uint64_t now)
{
	fw->boot_id = boot_id;
	fw->power_on_ns = now;
	fw->link.clock_zero_ns = now;
	fw->self_test = fw->id.self_test;
	fw->home = true;
	fw->motion = HP_REST;
	fw->own_depth_check = true;
	fw->own_current_check = true;
	for (unsigned int i = 0; i < HP_TIMERS; i++)
		fw->due[i] = HP_NEVER;
}

void hp_fw_init(struct hp_firmware *fw, const struct hp_identity *id, const struct hp_front *front,
		const struct hp_store *store, struct hp_trace *trace, uint64_t seed,
		uint32_t boot_id, uint32_t latched, uint64_t now)
{
	memset(fw, 0, sizeof(*fw));
	fw->id = *id;
	fw->trace = trace;
	fw->store = *store;
	fw->latched = latched & MNP_FAULT_ALL;
	fw->now = now;
	hp_model_init(&fw->model, seed, now);
	hp_cartridges_init(&fw->cartridges);
	hp_faults_init(&fw->faults);
	hp_waveform_init(&fw->waveform, &fw->stats, trace);
	hp_link_init(&fw->link, front, &fw->faults, &fw->stats, &fw->waveform, trace);
	power_on(fw, boot_id, now);
}

void hp_fw_power_cycle(struct hp_firmware *fw, uint32_t boot_id, uint64_t now)
{
	struct hp_firmware *old;
	bool moving;

	hp_fw_advance(fw, now);
	moving = fw->motion != HP_REST;
	hp_trace(fw->trace, now, "power_cycle", "\"boot_id\":%u,\"moving\":%s", boot_id,
		 moving ? "true" : "false");
	if (moving)
		hp_fw_latch(fw, MNP_FAULT_BROWN_OUT, now);
	hp_waveform_end(&fw->waveform, "power", now);

	/* everything in the firmware's memory goes; the world around it and what is kept stay */
	old = &(struct hp_firmware){ 0 };
	*old = *fw;
	memset(fw, 0, sizeof(*fw));
	fw->id = old->id;
	fw->model = old->model;
	fw->cartridges = old->cartridges;
	fw->faults = old->faults;
	fw->link = old->link;
	fw->link.faults = &fw->faults;
	fw->link.stats = &fw->stats;
	fw->stats = old->stats;
	fw->trace = old->trace;
	hp_waveform_init(&fw->waveform, &fw->stats, fw->trace);
	fw->store = old->store;
	fw->now = now;
	fw->latched = old->latched;
	fw->foot_switch = old->foot_switch;
	fw->emergency_stop = old->emergency_stop;
	memcpy(fw->edge, old->edge, sizeof(fw->edge));
	fw->edges = old->edges;
	fw->stats.strokes_begun = 0;
	power_on(fw, boot_id, now);
	/* the spring takes the needles home without power */
	hp_model_rest(&fw->model, now, 0.0);
	hp_link_drop_reports(&fw->link, now);
	hp_fw_recall_due(fw, now);
	hp_fw_tell(fw, true);
}

uint8_t hp_fw_state(const struct hp_firmware *fw)
{
	if (!fw->by_itself && fw->motion == HP_TURNING)
		return MNP_STATE_RUNNING;
	if (!fw->by_itself && fw->motion == HP_RUN_DOWN)
		return MNP_STATE_STOPPING;
	return fw->latched ? MNP_STATE_FAULT : MNP_STATE_IDLE;
}

uint16_t hp_fw_inputs(const struct hp_firmware *fw)
{
	uint16_t inputs = 0;

	if (fw->emergency_stop)
		inputs |= MNP_INPUT_EMERGENCY_STOP;
	if (fw->id.foot_switch && fw->foot_switch)
		inputs |= MNP_INPUT_TRIGGER;
	if (hp_cartridge_present(&fw->cartridges))
		inputs |= MNP_INPUT_CARTRIDGE;
	if (fw->home)
		inputs |= MNP_INPUT_HOME;
	return inputs;
}

bool hp_fw_lease_fresh(const struct hp_firmware *fw, uint64_t now)
{
	return fw->lease_known && now < fw->lease_until_ns;
}

int32_t hp_fw_temp_mc(struct hp_firmware *fw, uint64_t now)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_OVER_TEMPERATURE);

	return i ? i->params.mc : hp_model_temp_mc(&fw->model, now);
}

uint32_t hp_fw_current_ma(struct hp_firmware *fw)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_OVER_CURRENT);

	if (i && fw->motion == HP_TURNING)
		return i->params.ma;
	return hp_model_current_ma(&fw->model);
}

void hp_fw_status_packet(struct hp_firmware *fw, struct mnp_status *s)
{
	struct hp_injection *i;
	uint16_t inputs = hp_fw_inputs(fw);
	int32_t temp = hp_fw_temp_mc(fw, fw->now);
	uint32_t current = hp_fw_current_ma(fw);

	i = hp_faults_active(&fw->faults, HP_OVER_TEMPERATURE);
	if (i)
		hp_faults_effect(i, fw->now, "status %u says %d mC", fw->status_number + 1, temp);
	i = hp_faults_active(&fw->faults, HP_SELF_TEST_FAIL);
	if (i)
		hp_faults_effect(i, fw->now, "status %u says self-test failed",
				 fw->status_number + 1);
	i = hp_faults_active(&fw->faults, HP_MISSING_MEASUREMENT);
	if (i && i->params.on == HP_W_REPORTS) {
		if (i->params.which == HP_W_HOME && inputs & MNP_INPUT_HOME) {
			inputs &= (uint16_t)~MNP_INPUT_HOME;
			hp_faults_effect(i, fw->now, "status %u without home",
					 fw->status_number + 1);
		} else if (i->params.which == HP_W_TEMPERATURE) {
			temp = INT32_MAX;
			hp_faults_effect(i, fw->now, "status %u without temperature",
					 fw->status_number + 1);
		}
	}

	memset(s, 0, sizeof(*s));
	s->header.type = MNP_TYPE_STATUS;
	s->header.version = MNP_VERSION;
	s->header.length = htole16(sizeof(*s));
	s->number = htole32(++fw->status_number);
	s->time_us = htole64((fw->now - fw->power_on_ns) / 1000);
	s->epoch = htole32(fw->epoch);
	s->boot_id = htole32(fw->boot_id);
	s->state = hp_fw_state(fw);
	s->inputs = htole16(inputs);
	s->insertions = htole16(fw->insertions);
	s->refusal = htole16(fw->refusal);
	s->temp_mc = htole32((uint32_t)temp);
	s->current_ma = htole32(current);
	s->position_um = htole32(hp_model_position_um(&fw->model, fw->now));
	s->faults = htole32(fw->latched);
	s->strokes = htole32(fw->stroke_number);
	s->self_test = htole32(fw->self_test);
}

void hp_fw_tell(struct hp_firmware *fw, bool always)
{
	const struct mnp_status *told = &fw->told;
	struct mnp_status s;

	if (!fw->link.up)
		return;
	if (!always && told->state == hp_fw_state(fw) && le32toh(told->epoch) == fw->epoch &&
	    le32toh(told->faults) == fw->latched && le16toh(told->insertions) == fw->insertions &&
	    le32toh(told->self_test) == fw->self_test && le16toh(told->inputs) == hp_fw_inputs(fw))
		return;
	hp_fw_status_packet(fw, &s);
	fw->told = s;
	/* to compare with what is, not with what an injection makes of it */
	fw->told.inputs = htole16(hp_fw_inputs(fw));
	fw->due[HP_T_STATUS] = fw->now + STATUS_PERIOD_NS;
	hp_link_status(&fw->link, &s, fw->now);
}

void hp_fw_break_off_test(struct hp_firmware *fw)
{
	if (fw->self_test != MNP_SELF_TEST_BUSY)
		return;
	fw->due[HP_T_SELF_TEST] = HP_NEVER;
	fw->self_test = MNP_SELF_TEST_NEVER;
}

void hp_fw_latch(struct hp_firmware *fw, uint32_t faults, uint64_t now)
{
	uint32_t more = faults & MNP_FAULT_ALL & ~fw->latched;

	if (more) {
		fw->latched |= more;
		fw->store.faults(fw->store.ctx, fw->latched);
		hp_trace(fw->trace, now, "fault", "\"faults\":%u,\"new\":%u", fw->latched, more);
	}
	/* it must not go on where the state is no longer idle */
	hp_fw_break_off_test(fw);
	hp_fw_stop(fw, "fault", now);
}

void hp_fw_unlatch(struct hp_firmware *fw, uint32_t faults, uint64_t now)
{
	if (!(fw->latched & faults))
		return;
	fw->latched &= ~faults;
	fw->store.faults(fw->store.ctx, fw->latched);
	hp_trace(fw->trace, now, "clear", "\"faults\":%u", fw->latched);
}

static void lease_due(struct hp_firmware *fw, uint64_t at)
{
	struct hp_injection *ignore = hp_faults_active(&fw->faults, HP_IGNORE_LEASE);

	fw->stats.lease_expired_ns = at;
	hp_trace(fw->trace, at, "lease_expired", "\"number\":%u,\"state\":%u", fw->lease_number,
		 hp_fw_state(fw));
	if (hp_fw_state(fw) != MNP_STATE_RUNNING)
		return;
	if (ignore && ignore->params.how == HP_W_EXPIRY) {
		hp_faults_effect(ignore, at, "lease %u expired and was ignored", fw->lease_number);
		return;
	}
	hp_fw_latch(fw, MNP_FAULT_LEASE, at);
}

static void status_due(struct hp_firmware *fw)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_OVER_TEMPERATURE);

	if (hp_fw_temp_mc(fw, fw->now) > fw->id.max_temp_mc && (!i || i->params.own))
		hp_fw_latch(fw, MNP_FAULT_OVER_TEMPERATURE, fw->now);
	hp_fw_tell(fw, true);
}

/* Some are due because of what another part holds */
static uint64_t due(const struct hp_firmware *fw, unsigned int timer)
{
	uint64_t since;

	switch (timer) {
	case HP_T_INPUT:
		since = HP_NEVER;
		for (unsigned int i = 0; i < fw->edges; i++) {
			if (fw->edge[i].at_ns < since)
				since = fw->edge[i].at_ns;
		}
		return since;
	case HP_T_INJECTION:
		return hp_fw_injection_due(fw);
	case HP_T_BACKLOG:
		since = hp_link_backlog(&fw->link);
		if (since == HP_NEVER || fw->motion != HP_TURNING)
			return HP_NEVER;
		return since + BACKLOG_NS;
	case HP_T_HELD:
		return fw->link.held_until_ns;
	case HP_T_WAVEFORM:
		return hp_waveform_due(&fw->waveform);
	default:
		return fw->due[timer];
	}
}

static unsigned int first_due(const struct hp_firmware *fw, uint64_t *at)
{
	unsigned int first = HP_TIMERS;

	*at = HP_NEVER;
	for (unsigned int i = 0; i < HP_TIMERS; i++) {
		uint64_t when = due(fw, i);

		if (when < *at) {
			*at = when;
			first = i;
		}
	}
	return first;
}

uint64_t hp_fw_next(const struct hp_firmware *fw)
{
	uint64_t at;

	first_due(fw, &at);
	return at;
}

static void fire(struct hp_firmware *fw, unsigned int timer, uint64_t at)
{
	fw->due[timer] = HP_NEVER;
	switch (timer) {
	case HP_T_INPUT:
		hp_fw_edges_due(fw, at);
		break;
	case HP_T_INJECTION:
		hp_fw_injections_due(fw, at);
		break;
	case HP_T_LEASE:
		lease_due(fw, at);
		break;
	case HP_T_RUN_END:
		hp_fw_stop(fw, "run_ms", at);
		break;
	case HP_T_BACKLOG:
		hp_fw_stop(fw, "reports not taken", at);
		hp_link_drop_reports(&fw->link, fw->now);
		break;
	case HP_T_STALLED:
		hp_fw_latch(fw, MNP_FAULT_STALL, at);
		break;
	case HP_T_NOT_HOME:
		fw->motion = HP_REST;
		hp_fw_latch(fw, MNP_FAULT_NOT_HOME, at);
		break;
	case HP_T_MARK:
		hp_fw_mark_due(fw, at);
		break;
	case HP_T_SELF_TEST:
		fw->self_test = hp_faults_active(&fw->faults, HP_SELF_TEST_FAIL)
					? MNP_SELF_TEST_FAILED
					: MNP_SELF_TEST_PASSED;
		hp_trace(fw->trace, at, "self_test", "\"result\":%u", fw->self_test);
		hp_fw_retract(fw, at);
		break;
	case HP_T_REPORT:
		hp_fw_report_due(fw, at);
		break;
	case HP_T_HELD:
		hp_link_release(&fw->link, fw->now);
		break;
	case HP_T_STROKE_END:
		hp_fw_stroke_end(fw, at);
		break;
	case HP_T_HOME:
		hp_fw_home_due(fw, at);
		break;
	case HP_T_WAVEFORM:
		/* sample() did it: this only woke us */
		break;
	case HP_T_RECALL:
		hp_fw_recall_due(fw, at);
		break;
	case HP_T_STATUS:
		status_due(fw);
		break;
	}
}

/* Before the course of the needles changes at @at */
static void sample(struct hp_firmware *fw, uint64_t at)
{
	struct hp_injection *i;
	uint32_t peak_ma;

	if (!fw->waveform.on)
		return;
	peak_ma = hp_fw_current_ma(fw);
	i = hp_faults_active(&fw->faults, HP_MISSING_MEASUREMENT);
	if (i && i->params.on == HP_W_REPORTS && i->params.which == HP_W_CURRENT)
		peak_ma = UINT32_MAX;
	hp_waveform_take(&fw->waveform, &fw->model, peak_ma, at);
	hp_link_waveform(&fw->link, fw->now);
}

void hp_fw_advance(struct hp_firmware *fw, uint64_t now)
{
	unsigned int timer;
	uint64_t at;

	/* two threads take their stamps before they come here one after the other */
	if (now > fw->now)
		fw->now = now;
	while ((timer = first_due(fw, &at)) != HP_TIMERS && at <= fw->now) {
		sample(fw, at);
		fire(fw, timer, at);
		hp_fw_tell(fw, false);
	}
	sample(fw, fw->now);
}

void hp_fw_link(struct hp_firmware *fw, bool up, bool high_speed, uint64_t now)
{
	hp_fw_advance(fw, now);
	hp_trace(fw->trace, now, up ? "usb_enable" : "usb_disable", "\"high_speed\":%s",
		 high_speed ? "true" : "false");
	hp_link_set(&fw->link, up, high_speed, fw->now);
	hp_fw_capture_over(fw);
	if (up) {
		fw->stats.enabled_ns = now;
		hp_fw_tell(fw, true);
	} else {
		fw->due[HP_T_STATUS] = HP_NEVER;
	}
}

/* A bus that sleeps: what is going on goes on, and nothing that is told gets anywhere */
void hp_fw_bus(struct hp_firmware *fw, bool sleeps, uint64_t now)
{
	hp_fw_advance(fw, now);
	hp_trace(fw->trace, now, sleeps ? "usb_suspend" : "usb_resume",
		 "\"home\":%s,\"strokes\":%u,\"epoch\":%u", fw->home ? "true" : "false",
		 fw->stroke_number, fw->epoch);
}

void hp_fw_sent(struct hp_firmware *fw, enum hp_ep ep, bool ok, uint64_t now)
{
	hp_fw_advance(fw, now);
	hp_link_sent(&fw->link, ep, ok, fw->now);
	hp_fw_capture_over(fw);
}
