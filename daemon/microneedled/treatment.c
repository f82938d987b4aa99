// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session's life: opening, owner, grace, end. What happens while it is armed is in
 * treatment_run.c.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

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

/* Sessions that ended of late, so that a call on one can be told why it is no more */
#define EPITAPHS 16
/* After a stop the last stroke still comes home and is reported */
#define SETTLE_MS 30

struct treatments {
	TAILQ_HEAD(, treatment) list;
	struct {
		char uuid[STORE_UUID];
		const char *reason;
	} epitaphs[EPITAPHS];
	unsigned int next_epitaph;
	void (*over)(struct mnd *mnd);
};

static void begin_release(struct treatment *treatment);

int treatments_start(struct mnd *mnd)
{
	mnd->treatments = calloc(1, sizeof(*mnd->treatments));
	if (!mnd->treatments)
		return -1;
	TAILQ_INIT(&mnd->treatments->list);
	return 0;
}

void treatments_free(struct mnd *mnd)
{
	free(mnd->treatments);
	mnd->treatments = NULL;
}

struct treatment *treatments_first(struct mnd *mnd)
{
	return TAILQ_FIRST(&mnd->treatments->list);
}

struct treatment *treatment_next(struct treatment *treatment)
{
	return TAILQ_NEXT(treatment, link);
}

struct treatment *treatment_find(struct mnd *mnd, const char *uuid)
{
	struct treatment *treatment;

	TAILQ_FOREACH(treatment, &mnd->treatments->list, link)
		if (treatment->is_open && !strcmp(treatment->uuid, uuid))
			return treatment;
	return NULL;
}

const char *treatment_epitaph(struct mnd *mnd, const char *uuid)
{
	for (unsigned int i = 0; i < EPITAPHS; i++)
		if (!strcmp(mnd->treatments->epitaphs[i].uuid, uuid))
			return mnd->treatments->epitaphs[i].reason;
	return NULL;
}

bool treatment_owned_by(struct mnd *mnd, uid_t uid)
{
	struct treatment *treatment;

	TAILQ_FOREACH(treatment, &mnd->treatments->list, link)
		if (treatment->plan.who.operator_uid == uid)
			return true;
	return false;
}

void treatment_put(struct treatment *treatment)
{
	if (--treatment->references)
		return;
	event_del(&treatment->grace);
	event_del(&treatment->flush);
	event_del(&treatment->settle);
	free(treatment);
}

/* Leave the list, with one of the caller's references. The memory stays until the last outcome came. */
static void bury(struct treatment *treatment)
{
	struct mnd *mnd = treatment->mnd;
	struct treatments *treatments = mnd->treatments;
	unsigned int slot = treatments->next_epitaph++ % EPITAPHS;

	if (treatment->is_open) {
		memcpy(treatments->epitaphs[slot].uuid, treatment->uuid, STORE_UUID);
		treatments->epitaphs[slot].reason = treatment->reason;
	}
	TAILQ_REMOVE(&treatments->list, treatment, link);
	treatment->references--;
	treatment_put(treatment);
	if (treatments->over && TAILQ_EMPTY(&treatments->list)) {
		void (*over)(struct mnd *) = treatments->over;

		treatments->over = NULL;
		over(mnd);
	}
}

void treatment_act(struct treatment *treatment, uint32_t actions)
{
	struct mnd *mnd = treatment->mnd;
	int64_t grace_ms = (actions & SESSION_DO_GRACE_SHORT) ? mnd->options.grace_ms
							      : mnd->options.idle_grace_ms;
	struct timeval grace = { .tv_sec = grace_ms / 1000, .tv_usec = grace_ms % 1000 * 1000 };

	/* Before everything else */
	if (actions & SESSION_DO_STOP && treatment->device) {
		int error = device_stop(treatment->device);

		if (error)
			log_error("%s: stop: %s", treatment->device_name, strerror(error));
	}
	if (actions & SESSION_DO_KEEP)
		event_del(&treatment->grace);
	if (actions & (SESSION_DO_GRACE_SHORT | SESSION_DO_GRACE_LONG))
		event_add(&treatment->grace, &grace);
	if (actions & SESSION_DO_TELL)
		telemetry_session(treatment);
	if (actions & SESSION_DO_CLOSE)
		begin_release(treatment);
}

void treatment_step(struct treatment *treatment, const struct session_event *event)
{
	struct session_answer answer = session_step(&treatment->session, event);

	treatment_act(treatment, answer.actions);
}

static void step(struct treatment *treatment, enum session_event_type type)
{
	const struct session_event event = { .type = type };

	treatment_step(treatment, &event);
}

/* The end: its row written, whoever waits for it answered */

static void end_written(void *arg, const char *error)
{
	struct treatment *treatment = arg;
	struct rpc_call *call = treatment->ending;

	treatment->ending = NULL;
	if (call && error)
		rpc_error(
			call, MN_ERROR_STORE_FAILED, NULL,
			"The session is over, but its record could not be closed: %s. Make room on the disk.",
			error);
	else if (call)
		rpc_result(call,
			   json_pack("{s:s, s:s, s:o}", "session", treatment->uuid, "outcome",
				     treatment->outcome, "summary", treatment_summary(treatment)));
	bury(treatment);
}

static void write_end(struct treatment *treatment)
{
	json_t *summary = treatment_summary(treatment);

	event_del(&treatment->flush);
	event_del(&treatment->settle);
	if (treatment->device) {
		treatment->device->treatment = NULL;
		treatment->device = NULL;
	}
	json_object_set_new(summary, "reason", json_string(treatment->reason));
	if (*treatment->note)
		json_object_set_new(summary, "note", json_string(treatment->note));
	treatment_flush_strokes(treatment);
	treatment_note(treatment, "end", summary);
	if (!treatment->batch) {
		/* No memory for the row: recovery closes the record at the next start */
		treatment->references++;
		end_written(treatment, "out of memory");
		return;
	}
	store_write_end(treatment->batch, treatment->outcome, treatment->stats.count);
	treatment_submit(treatment, end_written);
}

static void released(struct device_command *command)
{
	struct treatment *treatment = command->arg;

	if (treatment->device)
		device_heartbeat_stop(treatment->device);
	free(command);
	write_end(treatment);
	/* The command's reference is not the one that write_end() may give up */
	treatment_put(treatment); /* NOLINT(clang-analyzer-unix.Malloc) */
}

static void release_now(struct treatment *treatment)
{
	struct device_command *command =
		device_command(treatment->device, DEVICE_RELEASE, released, treatment);

	treatment->releasing = true;
	if (!command) {
		/*
		 * Without the heartbeat the lease lapses and the kernel takes control away itself
		 */
		device_heartbeat_stop(treatment->device);
		write_end(treatment);
		return;
	}
	treatment->references++;
	device_submit(command);
}

static void on_settled(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	release_now(arg);
}

/* For how long strokes may still come in, 0 if none can */
static int64_t settle_ms(const struct treatment *treatment)
{
	const struct treatment_stats *stats = &treatment->stats;
	int64_t last_ns = (int64_t)(stats->last_stroke_ns > stats->run_until_ns
					    ? stats->last_stroke_ns
					    : stats->run_until_ns);
	int64_t quiet_ms = treatment->device->info.run_down_ms + SETTLE_MS;

	if (stats->run_since_ns || clock_mono_ns() - last_ns < quiet_ms * 1000000)
		return quiet_ms;
	return 0;
}

static void begin_release(struct treatment *treatment)
{
	struct timeval wait = { 0 };

	if (treatment->closing)
		return;
	treatment->closing = true;
	treatment->owner = NULL;
	if (!treatment->device) {
		write_end(treatment);
		return;
	}
	wait.tv_usec = settle_ms(treatment) * 1000;
	if (wait.tv_usec)
		event_add(&treatment->settle, &wait);
	else
		release_now(treatment);
}

void treatment_device_gone(struct treatment *treatment)
{
	treatment->device->treatment = NULL;
	treatment->device = NULL;
	/* Not open yet: whoever opens it finds the device gone */
	if (!treatment->is_open)
		return;
	if (treatment->closing) {
		/* A release under way comes back and goes on; a wait for it is over */
		if (!treatment->releasing)
			write_end(treatment);
		return;
	}
	treatment->reason = "device_gone";
	snprintf(treatment->outcome, sizeof(treatment->outcome), "interrupted");
	treatment_note(treatment, "device_gone", json_object());
	step(treatment, SESSION_DEVICE_GONE);
}

static const char *default_outcome(const struct treatment *treatment)
{
	return treatment->session.state == MN_SESSION_COMPLETED ? "completed" : "aborted";
}

void treatment_end(struct treatment *treatment, struct rpc_call *call, const char *outcome,
		   const char *note)
{
	treatment->ending = call;
	treatment->reason = "ended";
	snprintf(treatment->outcome, sizeof(treatment->outcome), "%s",
		 outcome ? outcome : default_outcome(treatment));
	if (note)
		snprintf(treatment->note, sizeof(treatment->note), "%s", note);
	step(treatment, SESSION_END);
}

static void on_grace(evutil_socket_t fd, short what, void *arg)
{
	struct treatment *treatment = arg;

	(void)fd;
	(void)what;
	if (treatment->session.attached)
		return;
	treatment->reason = "owner_lost";
	snprintf(treatment->outcome, sizeof(treatment->outcome), "%s",
		 treatment->session.state == MN_SESSION_COMPLETED ? "completed" : "interrupted");
	step(treatment, SESSION_GRACE_OVER);
}

static void end_all(struct mnd *mnd)
{
	struct treatment *treatment, *next;

	for (treatment = TAILQ_FIRST(&mnd->treatments->list); treatment; treatment = next) {
		next = TAILQ_NEXT(treatment, link);
		if (!treatment->is_open || treatment->closing)
			continue;
		treatment->reason = "daemon_ended";
		snprintf(treatment->outcome, sizeof(treatment->outcome), "%s",
			 treatment->session.state == MN_SESSION_COMPLETED ? "completed"
									  : "interrupted");
		step(treatment, SESSION_END);
	}
}

void treatments_end(struct mnd *mnd, void (*over)(struct mnd *mnd))
{
	mnd->treatments->over = over;
	if (TAILQ_EMPTY(&mnd->treatments->list)) {
		mnd->treatments->over = NULL;
		over(mnd);
		return;
	}
	end_all(mnd);
}

/* The owner */

void treatment_owner_gone(struct conn *conn)
{
	struct treatment *treatment, *next;

	for (treatment = treatments_first(conn->mnd); treatment; treatment = next) {
		next = TAILQ_NEXT(treatment, link);
		if (treatment->owner != conn)
			continue;
		treatment->owner = NULL;
		treatment->reason = "owner_lost";
		/* The stop first, the note of it after */
		step(treatment, SESSION_OWNER_LOST);
		treatment_note(treatment, "owner_lost", json_object());
		treatment_write(treatment);
	}
}

void treatment_attach(struct treatment *treatment, struct conn *conn)
{
	char who[64];

	if (treatment->owner == conn)
		return;
	treatment->owner = conn;
	treatment->reason = "attached";
	rpc_peer_text(&conn->peer, who, sizeof(who));
	treatment_note(treatment, "attached", json_pack("{s:s}", "by", who));
	treatment_write(treatment);
	step(treatment, treatment->session.attached ? SESSION_CHANGED : SESSION_OWNER_BACK);
}

void treatment_prechecks(struct treatment *treatment, bool consent, bool contraindications,
			 bool cartridge)
{
	treatment->plan.consent |= consent;
	treatment->plan.contraindications |= contraindications;
	treatment->plan.cartridge |= cartridge;
	treatment_note(treatment, "prechecks",
		       json_pack("{s:b, s:b, s:b}", "consent", treatment->plan.consent,
				 "contraindications", treatment->plan.contraindications,
				 "cartridge", treatment->plan.cartridge));
	treatment_write(treatment);
	step(treatment, SESSION_CHANGED);
}

void treatment_declared(struct treatment *treatment)
{
	const struct device *device = treatment->device;

	if (!treatment->is_open)
		return;
	treatment_note(treatment, "declared",
		       json_declaration(&device->declared, device->declared_by));
	treatment_write(treatment);
	if (!treatment->closing)
		step(treatment, SESSION_CHANGED);
}

/* Opening: control of the device, then the durable row, then the answer */

static void abandon(struct treatment *treatment)
{
	if (treatment->device) {
		device_heartbeat_stop(treatment->device);
		treatment->device->treatment = NULL;
		treatment->device = NULL;
	}
	bury(treatment);
}

static void abandoned(struct device_command *command)
{
	free(command);
}

static void open_written(void *arg, const char *error)
{
	struct treatment *treatment = arg;
	struct rpc_call *call = treatment->opening;
	struct device *device = treatment->device;
	const struct session_event fault = { .type = SESSION_DEVICE, .to = MN_STATE_FAULT };
	struct mn_status status;

	treatment->opening = NULL;
	if (error) {
		struct device_command *release =
			device ? device_command(device, DEVICE_RELEASE, abandoned, NULL) : NULL;

		if (release)
			device_submit(release);
		abandon(treatment);
		rpc_error(
			call, MN_ERROR_STORE_FAILED, NULL,
			"The session was not opened because its record cannot be kept: %s. Make room on the disk.",
			error);
		return;
	}
	treatment->is_open = true;
	session_init(&treatment->session, treatment->plan.strokes);
	if (!device || treatment->mnd->ending) {
		treatment->reason = device ? "daemon_ended" : "device_gone";
		snprintf(treatment->outcome, sizeof(treatment->outcome), "interrupted");
		rpc_error(
			call, MN_ERROR_DEVICE_GONE, NULL,
			"The handpiece was unplugged while the session was opened; plug it in and open a new one.");
		step(treatment, SESSION_END);
		treatment_put(treatment);
		return;
	}
	treatment->owner = call->conn;
	treatment->reason = "opened";
	if (device->state == MN_STATE_FAULT) {
		if (!device_status(device, &status))
			treatment->faults_latched = status.faults;
		treatment_step(treatment, &fault);
	}
	telemetry_session(treatment);
	rpc_result(call, treatment_opened_json(treatment));
	/* Whoever opened it may have left already */
	if (!treatment->owner) {
		step(treatment, SESSION_OWNER_LOST);
		treatment_note(treatment, "owner_lost", json_object());
		treatment_write(treatment);
	}
	treatment_put(treatment);
}

static void acquired(struct device_command *command)
{
	struct treatment *treatment = command->arg;
	struct rpc_call *call = treatment->opening;
	struct store_write *write = NULL;

	if (!command->error) {
		device_heartbeat_start(treatment->device);
		write = store_write(treatment->uuid);
	}
	if (!write) {
		treatment->opening = NULL;
		abandon(treatment);
		if (command->error)
			treatment_refuse(call, command);
		else
			rpc_error(call, MN_ERROR_INTERNAL, NULL, "The daemon is out of memory.");
		free(command);
		return;
	}
	clock_iso(treatment->opened, clock_real_ms());
	store_write_open(write, &treatment->plan.who);
	store_write_event(write, "open", clock_mono_ns(), treatment_plan_json(treatment));
	treatment->batch = write;
	treatment_submit(treatment, open_written);
	free(command);
	treatment_put(treatment);
}

static uint32_t longest_run_ms(const struct treatment *treatment)
{
	uint32_t slowest = treatment->device->info.rate_min_mhz;

	return treatment_run_ms(treatment->plan.strokes, slowest ? slowest : 1000);
}

void treatment_open(struct rpc_call *call, struct device *device, const struct treatment_plan *plan)
{
	struct treatment *treatment = calloc(1, sizeof(*treatment));
	struct device_command *command = NULL;
	struct event_base *base = call->mnd->base;
	sd_id128_t id;

	if (treatment && !sd_id128_randomize(&id))
		command = device_command(device, DEVICE_ACQUIRE, acquired, treatment);
	if (!command) {
		free(treatment);
		rpc_error(call, MN_ERROR_INTERNAL, NULL, "The daemon is out of memory.");
		return;
	}
	treatment->mnd = call->mnd;
	treatment->device = device;
	treatment->plan = *plan;
	treatment->opening = call;
	treatment->has_trigger = device->info.has_trigger;
	treatment->references = 2; /* the list's and the command's */
	memcpy(treatment->id, id.bytes, sizeof(treatment->id));
	json_uuid(treatment->uuid, treatment->id);
	memcpy(treatment->plan.who.session, treatment->uuid, STORE_UUID);
	snprintf(treatment->device_name, sizeof(treatment->device_name), "%s", device->name);
	evtimer_assign(&treatment->grace, base, on_grace, treatment);
	evtimer_assign(&treatment->flush, base, treatment_on_flush, treatment);
	evtimer_assign(&treatment->settle, base, on_settled, treatment);
	device->treatment = treatment;
	TAILQ_INSERT_TAIL(&call->mnd->treatments->list, treatment, link);

	memcpy(command->acquire.treatment, treatment->id, sizeof(treatment->id));
	command->acquire.lease_ms = DEVICE_LEASE_MS;
	command->limits.valid = 1U << MN_QUANTITY_DEPTH | 1U << MN_QUANTITY_RATE |
				1U << MN_QUANTITY_DOSE | 1U << MN_QUANTITY_RUN_TIME;
	command->limits.value[MN_QUANTITY_DEPTH] = plan->limit_um;
	command->limits.value[MN_QUANTITY_RATE] = plan->rate_mhz;
	command->limits.value[MN_QUANTITY_DOSE] = plan->strokes;
	command->limits.value[MN_QUANTITY_RUN_TIME] = longest_run_ms(treatment);
	device_submit(command);
}
