// SPDX-License-Identifier: GPL-2.0-or-later
/* Strokes: how each begins, what is measured at its deepest point, and how they end. */
#include "firmware.h"

#include <endian.h>
#include <string.h>

#define RUN_UP_US 80000 /* the motor's own time constant */
#define RUNAWAY_US 15000 /* and when it is driven beyond reason */
#define RUN_DOWN_NS (50 * HP_MS) /* for the stroke under way */
#define SETTLE_NS (2 * HP_MS) /* until the home sensor says so */
#define STALLED_NS (60 * HP_MS) /* until it notices a stall */

static void tag(struct hp_firmware *fw, const struct hp_injection *i)
{
	if (fw->tag_count < HP_TAGS)
		fw->tags[fw->tag_count++] = i->id;
}

/* Driven faster or slower than set: shown when the measured period says so, see report_due() */
static void drive(struct hp_firmware *fw)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_RUNAWAY);

	if (!i)
		i = hp_faults_active(&fw->faults, HP_SLOW);
	if (!i || fw->by_itself)
		return;
	fw->plan.rate_mhz = i->params.mhz;
	fw->plan.run_up_us = RUNAWAY_US;
}

/* When what is left of the stroke under way happens, at the motor's present course */
static void plan_events(struct hp_firmware *fw, uint64_t at)
{
	if (fw->deepest_ns > at)
		fw->deepest_ns = hp_model_when(&fw->model, HP_PHASE_DEEPEST);
	if (!fw->reported)
		fw->due[HP_T_REPORT] = hp_model_when(&fw->model, HP_PHASE_REPORT);
	fw->due[HP_T_STROKE_END] = hp_model_when(&fw->model, HP_PHASE_END);
}

static void begin_stroke(struct hp_firmware *fw, uint64_t at)
{
	struct hp_injection *i;

	hp_fw_injections_by_stroke(fw, at);
	/* an injection may have stopped it */
	if (fw->motion != HP_TURNING)
		return;
	fw->stroke_number++;
	fw->stats.strokes_begun = fw->stroke_number;
	fw->stroke_epoch = fw->run.epoch;
	fw->stroke_first = fw->run.first;
	fw->stroke_set_um = fw->run.depth_um;
	fw->run.first = false;
	fw->run.left--;
	fw->tag_count = 0;
	fw->plan = (struct hp_stroke_plan){
		.depth_um = fw->run.depth_um,
		.rate_mhz = fw->run.rate_mhz,
		.run_up_us = RUN_UP_US,
		.beyond_um = INT32_MIN,
	};
	drive(fw);
	fw->own_depth_check = true;
	i = hp_faults_active(&fw->faults, HP_OVERSHOOT);
	if (i) {
		fw->plan.beyond_um = i->params.um;
		fw->own_depth_check = i->params.own;
		tag(fw, i);
		hp_faults_spend(i);
	}
	hp_model_begin(&fw->model, &fw->plan, at);
	fw->deepest_before_ns = fw->deepest_ns;
	fw->deepest_ns = HP_NEVER;
	fw->reported = false;
	if (fw->stroke_first)
		fw->stats.first_stroke_ns = at;
	hp_trace(fw->trace, at, "stroke_begin", "\"number\":%u,\"set_um\":%u", fw->stroke_number,
		 fw->stroke_set_um);
	i = hp_faults_active(&fw->faults, HP_UNEXPECTED_MOTION);
	if (i && fw->by_itself) {
		hp_faults_effect(i, at, "stroke %u began without START", fw->stroke_number);
		hp_faults_spend(i);
	}
	plan_events(fw, at);
	i = hp_faults_active(&fw->faults, HP_STALL);
	if (i)
		hp_fw_stall(fw, i, at);
	hp_fw_disconnect_at(fw, HP_W_RUNNING, at);
}

void hp_fw_run(struct hp_firmware *fw, uint64_t now)
{
	if (fw->motion == HP_TURNING)
		return;
	fw->motion = HP_TURNING;
	fw->home = false;
	begin_stroke(fw, now);
}

void hp_fw_creep(struct hp_firmware *fw, uint64_t now)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_UNEXPECTED_MOTION);

	if (fw->motion != HP_REST)
		return;
	fw->by_itself = true;
	fw->run.epoch = fw->epoch;
	fw->run.depth_um = (uint32_t)i->params.um;
	fw->run.rate_mhz = i->params.mhz;
	fw->run.left = i->params.strokes;
	fw->run.first = true;
	hp_fw_run(fw, now);
}

/* At the top of a stroke with none to follow */
static void run_out(struct hp_firmware *fw, uint64_t at)
{
	fw->motion = HP_RUN_DOWN;
	fw->due[HP_T_RUN_END] = HP_NEVER;
	fw->due[HP_T_STROKE_END] = HP_NEVER;
	fw->due[HP_T_HOME] = at + SETTLE_NS;
}

void hp_fw_stop(struct hp_firmware *fw, const char *why, uint64_t now)
{
	if (fw->motion != HP_TURNING)
		return;
	hp_trace(fw->trace, now, "stopping", "\"why\":\"%s\",\"strokes\":%u", why,
		 fw->stroke_number);
	fw->motion = HP_RUN_DOWN;
	fw->due[HP_T_RUN_END] = HP_NEVER;
	fw->due[HP_T_STALLED] = HP_NEVER;
	hp_model_release(&fw->model, now, RUN_DOWN_NS);
	hp_model_finish(&fw->model, now, RUN_DOWN_NS);
	plan_events(fw, now);
}

void hp_fw_stall(struct hp_firmware *fw, struct hp_injection *i, uint64_t now)
{
	if (fw->motion != HP_TURNING)
		return;
	hp_model_stall(&fw->model, now);
	fw->due[HP_T_REPORT] = HP_NEVER;
	fw->due[HP_T_STROKE_END] = HP_NEVER;
	if (i->params.own)
		fw->due[HP_T_STALLED] = now + STALLED_NS;
	hp_faults_effect(i, now, "stroke %u stalled at %u um", fw->stroke_number,
			 hp_model_position_um(&fw->model, now));
}

static void spoil_rate(struct hp_firmware *fw, uint32_t period_us)
{
	struct hp_injection *fast = hp_faults_active(&fw->faults, HP_RUNAWAY);
	struct hp_injection *slow = hp_faults_active(&fw->faults, HP_SLOW);
	uint64_t set_us = UINT64_C(1000000000) / fw->run.rate_mhz;

	if (!period_us || fw->by_itself)
		return;
	if (fast && period_us < set_us) {
		tag(fw, fast);
		hp_faults_spend(fast);
	} else if (slow && period_us > 2 * set_us) {
		tag(fw, slow);
		hp_faults_spend(slow);
	}
}

static void spoil_report(struct hp_firmware *fw, struct hp_report *r, uint64_t at)
{
	struct hp_injection *i;

	i = hp_faults_active(&fw->faults, HP_FROZEN_DEPTH);
	if (i) {
		if (!fw->frozen_um)
			fw->frozen_um = i->params.um ? (uint32_t)i->params.um
						     : le32toh(r->stroke.depth_um);
		r->stroke.depth_um = htole32(fw->frozen_um);
		tag(fw, i);
		hp_faults_spend(i);
	} else {
		fw->frozen_um = 0;
	}
	fw->own_current_check = true;
	i = hp_faults_active(&fw->faults, HP_OVER_CURRENT);
	if (i) {
		fw->own_current_check = i->params.own;
		r->stroke.current_ma = htole32(i->params.ma);
		tag(fw, i);
		hp_faults_spend(i);
	}
	i = hp_faults_active(&fw->faults, HP_MISSING_MEASUREMENT);
	if (!i || i->params.on != HP_W_REPORTS)
		return;
	if (i->params.which == HP_W_CURRENT)
		r->stroke.current_ma = htole32(UINT32_MAX);
	else if (i->params.which == HP_W_DEPTH)
		r->stroke.depth_um = htole32(UINT32_MAX);
	else if (i->params.which == HP_W_RATE)
		r->stroke.period_us = 0;
	else
		return;
	hp_trace(fw->trace, at, "missing", "\"which\":\"%s\"", hp_word_name(i->params.which));
	tag(fw, i);
	hp_faults_spend(i);
}

void hp_fw_report_due(struct hp_firmware *fw, uint64_t at)
{
	uint64_t deepest = fw->deepest_ns;
	struct hp_report r = { .made_ns = fw->now };
	uint32_t period_us = 0, depth_um, current_ma;

	fw->reported = true;
	depth_um = (uint32_t)fw->model.reach_um;
	/* rounded up: a motor at exactly the limit must not look faster than it */
	if (!fw->stroke_first)
		period_us = (uint32_t)((deepest - fw->deepest_before_ns + 999) / 1000);
	spoil_rate(fw, period_us);

	r.stroke.number = htole32(fw->stroke_number);
	r.stroke.epoch = htole32(fw->stroke_epoch);
	r.stroke.time_us = htole64((deepest - fw->power_on_ns) / 1000);
	r.stroke.depth_um = htole32(depth_um);
	r.stroke.period_us = htole32(period_us);
	r.stroke.current_ma = htole32(hp_model_current_ma(&fw->model));
	spoil_report(fw, &r, at);
	current_ma = le32toh(r.stroke.current_ma);
	r.over_depth = le32toh(r.stroke.depth_um) > fw->stroke_set_um + fw->id.tolerance_um &&
		       le32toh(r.stroke.depth_um) != UINT32_MAX;
	memcpy(r.injection, fw->tags, sizeof(r.injection));
	r.injections = fw->tag_count;
	fw->last_depth_um = le32toh(r.stroke.depth_um);
	hp_trace(fw->trace, at, "stroke",
		 "\"number\":%u,\"depth_um\":%u,\"period_us\":%u,\"current_ma\":%u,\"epoch\":%u",
		 fw->stroke_number, le32toh(r.stroke.depth_um), le32toh(r.stroke.period_us),
		 current_ma, fw->stroke_epoch);
	hp_link_report(&fw->link, &r, fw->now);
	if (fw->own_depth_check && depth_um > fw->stroke_set_um + fw->id.tolerance_um)
		hp_fw_latch(fw, MNP_FAULT_OVER_DEPTH, at);
	if (fw->own_current_check && current_ma != UINT32_MAX && current_ma > fw->id.max_current_ma)
		hp_fw_latch(fw, MNP_FAULT_OVER_CURRENT, at);
}

void hp_fw_stroke_end(struct hp_firmware *fw, uint64_t at)
{
	if (fw->motion == HP_RUN_DOWN || fw->no_more || !fw->run.left)
		run_out(fw, at);
	else
		begin_stroke(fw, at);
}

void hp_fw_home_due(struct hp_firmware *fw, uint64_t at)
{
	struct hp_injection *i = hp_faults_active(&fw->faults, HP_NOT_HOME);

	if (i) {
		hp_model_rest(&fw->model, at, i->params.um);
		hp_faults_effect(i, at, "needles rest at %d um", i->params.um);
		if (i->params.own)
			fw->due[HP_T_NOT_HOME] = at + fw->id.run_down_ms * HP_MS;
		return;
	}
	hp_model_rest(&fw->model, at, 0.0);
	fw->motion = HP_REST;
	fw->by_itself = false;
	fw->home = true;
	fw->stats.home_ns = at;
	hp_trace(fw->trace, at, "home", "\"strokes\":%u", fw->stroke_number);
	hp_fw_tell(fw, true);
}

void hp_fw_retract(struct hp_firmware *fw, uint64_t now)
{
	if (fw->model.rest_um <= 0.0 || hp_faults_active(&fw->faults, HP_NOT_HOME))
		return;
	fw->due[HP_T_NOT_HOME] = HP_NEVER;
	hp_fw_home_due(fw, now);
}
