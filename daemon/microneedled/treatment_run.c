// SPDX-License-Identifier: GPL-2.0-or-later
/* Arming, starting, stopping and what the device reports while a session is open. */
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "device.h"
#include "json.h"
#include "log.h"
#include "mnd.h"
#include "rpc.h"
#include "store.h"
#include "telemetry.h"
#include "treatment.h"
#include "treatment_internal.h"

/* Strokes wait this long for company before they are written */
#define FLUSH_MS 200L
/* Room for run-up and for skin that slows the motor, in a run of a known number of strokes */
#define RUN_EXTRA_MS 2000

/* An arm or start on its way: first through the store, then through the kernel */
struct attempt {
	struct treatment *treatment;
	struct rpc_call *call;
	struct device_command *command;
	struct mn_set_point asked;
};

static void step(struct treatment *treatment, enum session_event_type type)
{
	const struct session_event event = { .type = type };

	treatment_step(treatment, &event);
}

/* Rows */

static struct store_write *batch(struct treatment *treatment)
{
	if (!treatment->batch)
		treatment->batch = store_write(treatment->uuid);
	return treatment->batch;
}

void treatment_flush_strokes(struct treatment *treatment)
{
	if (!treatment->stroke_count || !batch(treatment))
		return;
	store_write_strokes(treatment->batch, treatment->stroke_position, treatment->strokes,
			    treatment->stroke_count);
	treatment->stroke_position += treatment->stroke_count;
	treatment->stroke_count = 0;
	event_del(&treatment->flush);
}

static void note_at(struct treatment *treatment, const char *kind, int64_t mono_ns, json_t *data)
{
	treatment_flush_strokes(treatment);
	if (batch(treatment)) {
		store_write_event(treatment->batch, kind, mono_ns, data);
		return;
	}
	log_error("session %s: a row of its record is lost: no memory", treatment->uuid);
	json_decref(data);
}

void treatment_note(struct treatment *treatment, const char *kind, json_t *data)
{
	note_at(treatment, kind, clock_mono_ns(), data);
}

void treatment_submit(struct treatment *treatment, void (*done)(void *arg, const char *error))
{
	struct store_write *write = treatment->batch;

	treatment->batch = NULL;
	treatment->references++;
	store_submit(treatment->mnd, write, done, treatment);
}

static void written(void *arg, const char *error)
{
	struct treatment *treatment = arg;

	if (error && treatment->session.state != MN_SESSION_ENDED) {
		/* What cannot be recorded must not be done */
		treatment->reason = "store_failed";
		step(treatment, SESSION_RECORD_FAILED);
	}
	treatment_put(treatment);
}

void treatment_write(struct treatment *treatment)
{
	if (treatment->batch)
		treatment_submit(treatment, written);
}

void treatment_on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	treatment_flush_strokes(arg);
	treatment_write(arg);
}

/* Arm and start */

uint32_t treatment_run_ms(uint32_t strokes, uint32_t rate_mhz)
{
	uint64_t net_ms = (uint64_t)strokes * 1000000 / rate_mhz;
	uint64_t gross_ms = net_ms + net_ms / 4 + RUN_EXTRA_MS;

	return gross_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)gross_ms;
}

static void refuse_state(struct treatment *treatment, struct rpc_call *call,
			 enum session_refusal refusal)
{
	json_t *data = json_pack("{s:s}", "state", mn_name(&mn_sessions, treatment->session.state));

	if (refusal == SESSION_REFUSED_FAULTED) {
		json_object_set_new(data, "faults", json_faults(treatment->faults_latched));
		rpc_error(call, MN_ERROR_FAULT_LATCHED, data, "%s", session_refusal_text(refusal));
	} else {
		rpc_error(call, MN_ERROR_WRONG_STATE, data, "%s", session_refusal_text(refusal));
	}
}

static void attempt_over(struct attempt *attempt)
{
	struct treatment *treatment = attempt->treatment;

	free(attempt->command);
	free(attempt);
	step(treatment, SESSION_COMMAND_OVER);
	treatment_put(treatment);
}

/* The last row of an arm or start is durable: now it may be acknowledged */
static void acknowledged(void *arg, const char *error)
{
	struct attempt *attempt = arg;
	struct treatment *treatment = attempt->treatment;
	struct rpc_call *call = attempt->call;

	if (error) {
		treatment->reason = "store_failed";
		step(treatment, SESSION_RECORD_FAILED);
		rpc_error(
			call, MN_ERROR_STORE_FAILED, NULL,
			"It was stopped again because its record cannot be kept: %s. Make room on the disk.",
			error);
	} else {
		rpc_result(call, treatment_armed_json(treatment));
	}
	free(attempt->command);
	free(attempt);
	treatment_put(treatment);
}

static void submit_attempt(struct attempt *attempt, void (*done)(void *arg, const char *error))
{
	struct treatment *treatment = attempt->treatment;
	struct store_write *write = treatment->batch;

	treatment->batch = NULL;
	if (!write) {
		done(attempt, "out of memory");
		return;
	}
	store_submit(treatment->mnd, write, done, attempt);
}

/* What the kernel was asked for stands in the command only where it is refused for it */
static json_t *refusal_json(const struct attempt *attempt)
{
	const struct device_command *command = attempt->command;
	const struct mn_set_point *point = &command->set_point;
	json_t *data = json_pack("{s:s}", "error", strerrorname_np(command->error));

	if (command->type == DEVICE_ARM && command->error == ERANGE)
		json_object_update_new(
			data, json_pack("{s:s, s:s, s:I}", "quantity",
					mn_name(&mn_quantities, point->refused_quantity), "source",
					mn_name(&mn_sources, point->refused_source), "value",
					(json_int_t)point->refused_limit));
	else if (command->type == DEVICE_ARM && command->error == EAGAIN)
		json_object_set_new(data, "interlocks",
				    json_bits(&mn_interlocks, point->interlocks));
	return data;
}

static void commanded(struct device_command *command)
{
	struct attempt *attempt = command->arg;
	struct treatment *treatment = attempt->treatment;
	const struct mn_set_point *point = &command->set_point;
	bool arm = command->type == DEVICE_ARM;

	step(treatment, SESSION_COMMAND_OVER);
	if (command->error) {
		treatment_note(treatment, arm ? "arm_refused" : "start_refused",
			       refusal_json(attempt));
		treatment_write(treatment);
		command->set_point.depth_um = attempt->asked.depth_um;
		command->set_point.rate_mhz = attempt->asked.rate_mhz;
		command->set_point.strokes = attempt->asked.strokes;
		command->set_point.run_ms = attempt->asked.run_ms;
		treatment_refuse(attempt->call, command);
		free(command);
		free(attempt);
		treatment_put(treatment);
		return;
	}
	if (arm) {
		treatment->armed_depth_um = point->depth_um;
		treatment->armed_rate_mhz = point->rate_mhz;
		treatment->armed_strokes = point->strokes;
		treatment->armed_run_ms = point->run_ms;
		treatment_note(
			treatment, "armed",
			json_pack("{s:I, s:I, s:I, s:I}", "depth_um", (json_int_t)point->depth_um,
				  "rate_mhz", (json_int_t)point->rate_mhz, "strokes",
				  (json_int_t)point->strokes, "run_ms", (json_int_t)point->run_ms));
	} else {
		treatment_note(treatment, "started", json_object());
	}
	submit_attempt(attempt, acknowledged);
}

/* The row that says what is about to be asked of the kernel is durable */
static void attempt_written(void *arg, const char *error)
{
	struct attempt *attempt = arg;
	struct treatment *treatment = attempt->treatment;
	struct device_command *command = attempt->command;
	struct rpc_call *call = attempt->call;

	if (error) {
		rpc_error(
			call, MN_ERROR_STORE_FAILED, NULL,
			"Nothing was armed because its record cannot be kept: %s. Make room on the disk.",
			error);
	} else if (!treatment->device) {
		rpc_error(call, MN_ERROR_DEVICE_GONE, NULL,
			  "The handpiece was unplugged; plug it in and open a new session.");
	} else if (treatment->session.state == MN_SESSION_ENDED ||
		   atomic_load(&treatment->device->stops) != command->stops) {
		rpc_error(call, MN_ERROR_STOPPED, NULL,
			  "A stop came in between; call again if it is safe.");
	} else if (!rpc_expired(call)) {
		device_submit(command);
		return;
	}
	attempt_over(attempt);
}

static void try_command(struct treatment *treatment, struct rpc_call *call,
			enum device_command_type type, const struct mn_set_point *point,
			json_t *row)
{
	const struct session_event event = {
		.type = type == DEVICE_ARM ? SESSION_ARM : SESSION_START,
	};
	struct session_answer answer = session_step(&treatment->session, &event);
	struct attempt *attempt;

	if (answer.refusal) {
		json_decref(row);
		refuse_state(treatment, call, answer.refusal);
		return;
	}
	treatment_act(treatment, answer.actions);
	attempt = calloc(1, sizeof(*attempt));
	if (attempt)
		attempt->command = device_command(treatment->device, type, commanded, attempt);
	if (!attempt || !attempt->command) {
		free(attempt);
		json_decref(row);
		step(treatment, SESSION_COMMAND_OVER);
		rpc_error(call, MN_ERROR_INTERNAL, NULL, "The daemon is out of memory.");
		return;
	}
	attempt->treatment = treatment;
	attempt->call = call;
	attempt->asked = *point;
	attempt->command->set_point = *point;
	treatment->references++;
	treatment_note(treatment, type == DEVICE_ARM ? "arm" : "start", row);
	submit_attempt(attempt, attempt_written);
}

/* The plan counts punctures by the needles of its cartridge; one with others makes it wrong */
static bool has_its_needles(const struct treatment *treatment, struct rpc_call *call,
			    const struct mn_status *status)
{
	uint32_t planned = treatment->plan.needles;

	if (!(status->cartridge_flags & MN_CARTRIDGE_READABLE) ||
	    status->cartridge_needles == planned)
		return true;
	rpc_error(
		call, MN_ERROR_WRONG_STATE,
		json_pack("{s:s, s:I, s:I}", "state",
			  mn_name(&mn_sessions, treatment->session.state), "needles",
			  (json_int_t)status->cartridge_needles, "needles_planned",
			  (json_int_t)planned),
		"The cartridge has %u needles and the plan is for %u; insert one with %u, or end the session and open a new one.",
		status->cartridge_needles, planned, planned);
	return false;
}

void treatment_arm(struct treatment *treatment, struct rpc_call *call)
{
	const struct treatment_plan *plan = &treatment->plan;
	const struct session *session = &treatment->session;
	struct mn_set_point point = {
		.depth_um = plan->depth_um,
		.rate_mhz = plan->rate_mhz,
	};
	struct mn_status status = { 0 };
	struct mn_limits limits;
	uint32_t done = session->strokes_done;
	char uid[17];
	char who[64];

	if (treatment->device && !device_status(treatment->device, &status) &&
	    !has_its_needles(treatment, call, &status))
		return;
	/* The last stroke before a stop may be counted by the kernel and not yet read here */
	if (status.dose_strokes > done)
		done = status.dose_strokes;
	if (json_object_get(call->params, "depth_um"))
		point.depth_um = (uint32_t)params_integer(call->params, "depth_um");
	if (json_object_get(call->params, "rate_mhz"))
		point.rate_mhz = (uint32_t)params_integer(call->params, "rate_mhz");
	if (json_object_get(call->params, "strokes"))
		point.strokes = (uint32_t)params_integer(call->params, "strokes");
	else if (session->strokes_planned > done)
		point.strokes = session->strokes_planned - done;
	/*
	 * How long it may run is ours to choose: long enough for these strokes, no longer than is
	 * allowed. Depth, rate and strokes go to the kernel as they were asked for.
	 */
	point.run_ms = treatment_run_ms(point.strokes, point.rate_mhz);
	if (treatment->device && !device_limits(treatment->device, &limits) &&
	    limits.effective[MN_QUANTITY_RUN_TIME] &&
	    limits.effective[MN_QUANTITY_RUN_TIME] < point.run_ms)
		point.run_ms = limits.effective[MN_QUANTITY_RUN_TIME];
	rpc_peer_text(&call->peer, who, sizeof(who));
	snprintf(uid, sizeof(uid), "%016" PRIx64, (uint64_t)status.cartridge_uid);
	try_command(treatment, call, DEVICE_ARM, &point,
		    json_pack("{s:I, s:I, s:I, s:I, s:s, s:s}", "depth_um",
			      (json_int_t)point.depth_um, "rate_mhz", (json_int_t)point.rate_mhz,
			      "strokes", (json_int_t)point.strokes, "run_ms",
			      (json_int_t)point.run_ms, "cartridge_uid", uid, "by", who));
}

void treatment_start(struct treatment *treatment, struct rpc_call *call)
{
	const struct mn_set_point none = { 0 };
	char who[64];

	rpc_peer_text(&call->peer, who, sizeof(who));
	try_command(treatment, call, DEVICE_START, &none, json_pack("{s:s}", "by", who));
}

void treatment_stopped(struct treatment *treatment, const char *who, int error)
{
	if (!treatment->is_open)
		return;
	if (!treatment->closing)
		treatment->reason = "stop";
	treatment_note(treatment, "stop",
		       error ? json_pack("{s:s, s:s}", "by", who, "error", strerrorname_np(error))
			     : json_pack("{s:s}", "by", who));
	treatment_write(treatment);
}

void treatment_lease_lost(struct treatment *treatment)
{
	log_warning("%s: the lease ran out; is this computer overloaded?", treatment->device_name);
	if (!treatment->is_open)
		return;
	treatment_note(treatment, "lease_lost", json_object());
	treatment_write(treatment);
}

/* Records */

static void count_stroke(struct treatment_stats *stats, const struct mn_record *record)
{
	uint32_t depth_um = record->stroke.depth_um;
	uint32_t bin = depth_um / TREATMENT_BIN_UM;

	if (!stats->count || depth_um < stats->depth_min_um)
		stats->depth_min_um = depth_um;
	if (depth_um > stats->depth_max_um)
		stats->depth_max_um = depth_um;
	if (record->stroke.current_ma > stats->current_max_ma)
		stats->current_max_ma = record->stroke.current_ma;
	if (record->stroke.period_us)
		stats->rate_last_mhz = 1000000000U / record->stroke.period_us;
	stats->depth_last_um = depth_um;
	stats->depth_sum_um += depth_um;
	stats->bins[bin < TREATMENT_BINS ? bin : TREATMENT_BINS - 1]++;
	stats->last_stroke_ns = record->mono_ns;
	stats->count++;
}

static void on_stroke(struct treatment *treatment, const struct mn_record *record)
{
	static const struct timeval flush = { .tv_usec = FLUSH_MS * 1000 };
	struct chain_stroke *stroke;

	count_stroke(&treatment->stats, record);
	if (treatment->stroke_count == TREATMENT_BATCH)
		treatment_flush_strokes(treatment);
	if (treatment->stroke_count == TREATMENT_BATCH) {
		log_error("session %s: a stroke of its record is lost: no memory", treatment->uuid);
		return;
	}
	stroke = &treatment->strokes[treatment->stroke_count++];
	stroke->number = record->stroke.number;
	stroke->depth_um = record->stroke.depth_um;
	stroke->period_us = record->stroke.period_us;
	stroke->current_ma = record->stroke.current_ma;
	stroke->mono_ns = record->mono_ns;
	if (!event_pending(&treatment->flush, EV_TIMEOUT, NULL))
		event_add(&treatment->flush, &flush);
}

static void sync_strokes(struct treatment *treatment, uint32_t strokes)
{
	const struct session_event event = { .type = SESSION_STROKES, .strokes = strokes };

	treatment_step(treatment, &event);
}

/* The kernel only knows that somebody stopped it; why is known here */
static bool stopped_by_us(const struct treatment *treatment, const struct mn_record *record)
{
	return record->state.cause == MN_CAUSE_STOP &&
	       (!strcmp(treatment->reason, "store_failed") ||
		!strcmp(treatment->reason, "owner_lost"));
}

static void on_state(struct treatment *treatment, const struct mn_record *record)
{
	const struct session_event event = {
		.type = SESSION_DEVICE,
		.to = (enum mn_state)record->state.to,
	};
	struct treatment_stats *stats = &treatment->stats;
	struct mn_status status;

	if (record->state.to == MN_STATE_RUNNING) {
		stats->run_since_ns = record->mono_ns;
	} else if (stats->run_since_ns) {
		stats->run_ns += record->mono_ns - stats->run_since_ns;
		stats->run_since_ns = 0;
		stats->run_until_ns = record->mono_ns;
	}
	/* The kernel's count holds although we may have lost records */
	sync_strokes(treatment, stats->count);
	if (treatment->device && !device_status(treatment->device, &status))
		sync_strokes(treatment, status.dose_strokes);
	if (!treatment->closing && !stopped_by_us(treatment, record))
		treatment->reason = mn_name(&mn_causes, record->state.cause);
	treatment_step(treatment, &event);
}

void treatment_record(struct treatment *treatment, const struct mn_record *record)
{
	const char *kind;
	json_t *data;

	if (!treatment->is_open)
		return;
	switch (record->type) {
	case MN_EVENT_STROKE:
		on_stroke(treatment, record);
		return;
	case MN_EVENT_OVERRUN:
		treatment->stats.lost += record->overrun.lost;
		note_at(treatment, "lost", (int64_t)record->mono_ns,
			json_pack("{s:I}", "records", (json_int_t)record->overrun.lost));
		return;
	case MN_EVENT_STATE:
		on_state(treatment, record);
		break;
	case MN_EVENT_FAULT:
		treatment->stats.faults |= 1ULL << record->fault.code;
		treatment->faults_latched |= 1ULL << record->fault.code;
		break;
	case MN_EVENT_CLEARED:
		treatment->faults_latched = record->cleared.remaining;
		break;
	case MN_EVENT_INPUT:
		/* The needles come home with every stop; that alone is no event of the treatment */
		if (!(record->input.changed & ~MN_INPUT_HOME))
			return;
		break;
	}
	data = telemetry_record_json(record, &kind);
	if (data) {
		/* Sentences are for people and may change; the record keeps names and numbers */
		json_object_del(data, "text");
		note_at(treatment, kind, (int64_t)record->mono_ns, data);
	}
}

void treatment_records_end(struct treatment *treatment)
{
	if (!treatment->is_open)
		return;
	if (treatment->stats.count > treatment->session.strokes_done)
		sync_strokes(treatment, treatment->stats.count);
	treatment_write(treatment);
}
