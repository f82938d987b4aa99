// SPDX-License-Identifier: GPL-2.0-or-later
#include <event2/event.h>
#include <event2/event_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "clock.h"
#include "device.h"
#include "json.h"
#include "mnd.h"
#include "rpc.h"
#include "telemetry.h"
#include "treatment.h"

/* A peer that has not taken this much gets no merged events; they merge further */
#define SLOW_BYTES (64U << 10)
/* Beyond this, or slow for this long, its subscriptions are dropped */
#define STUCK_BYTES (256U << 10)
#define STUCK_NS (5 * 1000000000LL)
/* Subscriptions of one connection */
#define SUBSCRIPTIONS 16

/* Strokes of one device that were not told yet */
struct merged {
	LIST_ENTRY(merged) link;
	char device[DEVICE_NAME];
	struct mn_record last;
	uint32_t count;
	uint32_t lost;
	uint32_t depth_max_um;
};

struct subscription {
	LIST_ENTRY(subscription) link; /* of the connection */
	TAILQ_ENTRY(subscription) all;
	struct conn *conn;
	int64_t number;
	char device[DEVICE_NAME]; /* "": all */
	uint32_t events;
	uint32_t interval_ms;
	struct event timer;
	int64_t slow_since_ns;
	uint64_t untold; /* events merged away or not sent */
	LIST_HEAD(, merged) merged;
};

struct telemetry {
	TAILQ_HEAD(, subscription) all;
	int64_t last_number;
};

static void on_timer(evutil_socket_t fd, short what, void *arg);

int telemetry_start(struct mnd *mnd)
{
	mnd->telemetry = calloc(1, sizeof(*mnd->telemetry));
	if (!mnd->telemetry)
		return -1;
	TAILQ_INIT(&mnd->telemetry->all);
	return 0;
}

void telemetry_free(struct mnd *mnd)
{
	free(mnd->telemetry);
	mnd->telemetry = NULL;
}

static void subscription_free(struct subscription *subscription)
{
	struct merged *merged;

	LIST_REMOVE(subscription, link);
	TAILQ_REMOVE(&subscription->conn->mnd->telemetry->all, subscription, all);
	event_del(&subscription->timer);
	while ((merged = LIST_FIRST(&subscription->merged))) {
		LIST_REMOVE(merged, link);
		free(merged);
	}
	free(subscription);
}

int64_t telemetry_subscribe(struct conn *conn, const char *device, uint32_t events,
			    uint32_t interval_ms)
{
	struct telemetry *telemetry = conn->mnd->telemetry;
	struct subscription *subscription;
	unsigned int count = 0;

	LIST_FOREACH(subscription, &conn->subscriptions, link)
	count++;
	if (count >= SUBSCRIPTIONS)
		return 0;
	subscription = calloc(1, sizeof(*subscription));
	if (!subscription)
		return 0;
	subscription->conn = conn;
	subscription->number = ++telemetry->last_number;
	if (device)
		snprintf(subscription->device, sizeof(subscription->device), "%s", device);
	subscription->events = events;
	subscription->interval_ms = interval_ms;
	LIST_INIT(&subscription->merged);
	evtimer_assign(&subscription->timer, conn->mnd->base, on_timer, subscription);
	event_priority_set(&subscription->timer, PRIORITY_CLIENT);
	LIST_INSERT_HEAD(&conn->subscriptions, subscription, link);
	TAILQ_INSERT_TAIL(&telemetry->all, subscription, all);
	return subscription->number;
}

bool telemetry_unsubscribe(struct conn *conn, int64_t number)
{
	struct subscription *subscription;

	LIST_FOREACH(subscription, &conn->subscriptions, link)
	{
		if (subscription->number == number) {
			subscription_free(subscription);
			return true;
		}
	}
	return false;
}

void telemetry_drop(struct conn *conn)
{
	while (!LIST_EMPTY(&conn->subscriptions))
		subscription_free(LIST_FIRST(&conn->subscriptions));
}

static void evict(struct subscription *subscription, const char *reason)
{
	rpc_notify(subscription->conn, "telemetry.evicted",
		   json_pack("{s:I, s:s, s:I}", "subscription", (json_int_t)subscription->number,
			     "reason", reason, "dropped", (json_int_t)subscription->untold));
	subscription_free(subscription);
}

/* False if the subscription is gone */
static bool tell(struct subscription *subscription, const json_t *params)
{
	json_t *own;

	if (conn_backlog(subscription->conn) > STUCK_BYTES) {
		subscription->untold++;
		evict(subscription, "The subscriber did not read; subscribe again when it does.");
		return false;
	}
	own = json_copy((json_t *)params);
	json_object_set_new(own, "subscription", json_integer(subscription->number));
	rpc_notify(subscription->conn, "telemetry.event", own);
	return true;
}

static json_t *event_json(const char *event, const char *device, const char *session,
			  int64_t mono_ns)
{
	return json_pack("{s:s, s:s, s:s?, s:I}", "event", event, "device", device, "session",
			 session, "mono_ns", (json_int_t)mono_ns);
}

static json_t *device_event(const char *event, const struct device *device, int64_t mono_ns)
{
	return event_json(event, device->name,
			  device->treatment && device->treatment->is_open ? device->treatment->uuid
									  : NULL,
			  mono_ns);
}

static void tell_stroke(struct subscription *subscription, struct merged *merged,
			const struct device *device)
{
	const struct mn_record *last = &merged->last;
	uint32_t period_us = last->stroke.period_us;
	json_t *event = device_event("stroke", device, (int64_t)last->mono_ns);
	json_t *more = json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "number",
		(json_int_t)last->stroke.number, "depth_um", (json_int_t)last->stroke.depth_um,
		"period_us", (json_int_t)period_us, "rate_mhz",
		(json_int_t)(period_us ? 1000000000U / period_us : 0), "current_ma",
		(json_int_t)last->stroke.current_ma, "count", (json_int_t)merged->count,
		"depth_max_um", (json_int_t)merged->depth_max_um, "lost", (json_int_t)merged->lost);

	json_object_update(event, more);
	json_decref(more);
	tell(subscription, event);
	json_decref(event);
}

/* What is merged for a device; false if the subscription is gone */
static bool flush(struct subscription *subscription, struct merged *merged)
{
	struct mnd *mnd = subscription->conn->mnd;
	const struct device *device = device_find(mnd, merged->device);
	int64_t number = subscription->number;
	struct conn *conn = subscription->conn;

	if (!merged->count)
		return true;
	if (device && subscription->events & TELEMETRY_STROKE)
		tell_stroke(subscription, merged, device);
	/* Telling may have evicted it, and with it what was merged */
	LIST_FOREACH(subscription, &conn->subscriptions, link)
	if (subscription->number == number)
		break;
	if (!subscription)
		return false;
	if (device && device->treatment && device->treatment->is_open &&
	    subscription->events & TELEMETRY_SESSION) {
		json_t *event = device_event("progress", device, clock_mono_ns());
		json_t *progress = treatment_progress(device->treatment);

		json_object_update(event, progress);
		json_decref(progress);
		if (!tell(subscription, event)) {
			json_decref(event);
			return false;
		}
		json_decref(event);
	}
	merged->count = 0;
	merged->lost = 0;
	merged->depth_max_um = 0;
	return true;
}

static void start_timer(struct subscription *subscription)
{
	struct timeval interval = {
		.tv_sec = subscription->interval_ms / 1000,
		.tv_usec = subscription->interval_ms % 1000 * 1000L,
	};

	if (!event_pending(&subscription->timer, EV_TIMEOUT, NULL))
		event_add(&subscription->timer, &interval);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct subscription *subscription = arg;
	struct merged *merged;

	(void)fd;
	(void)what;
	if (conn_backlog(subscription->conn) > SLOW_BYTES) {
		int64_t now = clock_mono_ns();

		if (!subscription->slow_since_ns)
			subscription->slow_since_ns = now;
		subscription->untold++;
		if (now - subscription->slow_since_ns > STUCK_NS)
			evict(subscription,
			      "The subscriber read too slowly; subscribe again when it can follow.");
		else
			start_timer(subscription);
		return;
	}
	subscription->slow_since_ns = 0;
	LIST_FOREACH(merged, &subscription->merged, link)
	if (!flush(subscription, merged))
		return;
}

static bool wants(const struct subscription *subscription, const char *device, uint32_t events)
{
	return subscription->events & events &&
	       (!*subscription->device || !strcmp(subscription->device, device));
}

static struct merged *get_merged(struct subscription *subscription, const char *device)
{
	struct merged *merged;

	LIST_FOREACH(merged, &subscription->merged, link)
	if (!strcmp(merged->device, device))
		return merged;
	merged = calloc(1, sizeof(*merged));
	if (!merged)
		return NULL;
	snprintf(merged->device, sizeof(merged->device), "%s", device);
	LIST_INSERT_HEAD(&subscription->merged, merged, link);
	return merged;
}

/* Tell one event to all who want it, after the strokes that came before it */
static void tell_all(struct mnd *mnd, const char *device, uint32_t kind, const json_t *event)
{
	struct subscription *subscription, *next;

	for (subscription = TAILQ_FIRST(&mnd->telemetry->all); subscription; subscription = next) {
		struct merged *merged;
		bool there = true;

		next = TAILQ_NEXT(subscription, all);
		if (!wants(subscription, device, kind))
			continue;
		LIST_FOREACH(merged, &subscription->merged, link)
		{
			if (!strcmp(merged->device, device)) {
				there = flush(subscription, merged);
				break;
			}
		}
		if (there)
			tell(subscription, event);
	}
}

static void merge(struct device *device, const struct mn_record *record)
{
	struct subscription *subscription;

	TAILQ_FOREACH(subscription, &device->mnd->telemetry->all, all) {
		struct merged *merged;

		if (!wants(subscription, device->name, TELEMETRY_STROKE | TELEMETRY_SESSION))
			continue;
		merged = get_merged(subscription, device->name);
		if (!merged)
			continue;
		if (record->type == MN_EVENT_OVERRUN) {
			merged->lost += record->overrun.lost;
		} else {
			merged->last = *record;
			merged->count++;
			if (record->stroke.depth_um > merged->depth_max_um)
				merged->depth_max_um = record->stroke.depth_um;
		}
		start_timer(subscription);
	}
}

void telemetry_device_added(struct device *device)
{
	json_t *event = device_event("device.added", device, clock_mono_ns());
	json_t *entry = json_device(device);

	if (entry)
		json_object_update(event, entry);
	json_decref(entry);
	tell_all(device->mnd, device->name, TELEMETRY_DEVICE, event);
	json_decref(event);
}

void telemetry_device_removed(struct device *device)
{
	json_t *event = device_event("device.removed", device, clock_mono_ns());

	json_object_set_new(event, "serial", json_string(device->info.serial));
	tell_all(device->mnd, device->name, TELEMETRY_DEVICE, event);
	json_decref(event);
}

/* The event's name, what kind it is for subscribers, and what it says */
static json_t *record_json(const struct mn_record *record, const char **event, uint32_t *kind)
{
	switch (record->type) {
	case MN_EVENT_STATE:
		*event = "state";
		*kind = TELEMETRY_STATE;
		return json_pack("{s:s, s:s, s:s, s:s, s:I}", "from",
				 mn_name(&mn_states, record->state.from), "to",
				 mn_name(&mn_states, record->state.to), "cause",
				 mn_name(&mn_causes, record->state.cause), "text",
				 mn_text(&mn_causes, record->state.cause), "epoch",
				 (json_int_t)record->state.epoch);
	case MN_EVENT_FAULT:
		*event = "fault";
		*kind = TELEMETRY_FAULT;
		return json_pack("{s:s, s:[i, i], s:s, s:s}", "fault",
				 mn_name(&mn_faults, record->fault.code), "detail",
				 (int)record->fault.detail[0], (int)record->fault.detail[1],
				 "state", mn_name(&mn_states, record->fault.state), "text",
				 mn_text(&mn_faults, record->fault.code));
	case MN_EVENT_CLEARED:
		*event = "cleared";
		*kind = TELEMETRY_FAULT;
		return json_pack("{s:o, s:o}", "cleared", json_faults(record->cleared.faults),
				 "remaining", json_faults(record->cleared.remaining));
	case MN_EVENT_INPUT:
		*event = "input";
		*kind = TELEMETRY_INPUT;
		return json_pack("{s:o, s:o, s:o, s:I}", "inputs",
				 json_inputs(record->input.inputs), "changed",
				 json_bits(&mn_inputs, record->input.changed), "interlocks",
				 json_bits(&mn_interlocks, record->input.interlocks), "temp_mc",
				 (json_int_t)record->input.temp_mc);
	case MN_EVENT_CARTRIDGE: {
		uint32_t flags = record->cartridge.flags;
		char uid[17];

		*event = "cartridge";
		*kind = TELEMETRY_INPUT;
		snprintf(uid, sizeof(uid), "%016" PRIx64, (uint64_t)record->cartridge.uid);
		return json_pack("{s:b, s:b, s:b, s:b, s:b, s:I, s:s}", "present",
				 !!(flags & MN_CARTRIDGE_PRESENT), "readable",
				 !!(flags & MN_CARTRIDGE_READABLE), "marked",
				 !!(flags & MN_CARTRIDGE_MARKED), "spent",
				 !!(flags & MN_CARTRIDGE_SPENT), "undeclared",
				 !!(flags & MN_CARTRIDGE_UNDECLARED), "needle_um",
				 (json_int_t)record->cartridge.needle_um, "uid", uid);
	}
	case MN_EVENT_LIMIT:
		*event = "limit";
		*kind = TELEMETRY_STATE;
		return json_pack("{s:s, s:I, s:s}", "quantity",
				 mn_name(&mn_quantities, record->limit.quantity), "effective",
				 (json_int_t)record->limit.effective, "binding",
				 mn_name(&mn_sources, record->limit.binding));
	case MN_EVENT_SELF_TEST:
		*event = "self_test";
		*kind = TELEMETRY_STATE;
		return json_pack("{s:s, s:s}", "self_test",
				 mn_name(&mn_self_tests, record->self_test.result), "text",
				 mn_text(&mn_self_tests, record->self_test.result));
	default:
		return NULL;
	}
}

json_t *telemetry_record_json(const struct mn_record *record, const char **event)
{
	uint32_t kind;

	return record_json(record, event, &kind);
}

void telemetry_record(struct device *device, const struct mn_record *record)
{
	const char *name;
	json_t *event, *more;
	uint32_t kind;

	if (TAILQ_EMPTY(&device->mnd->telemetry->all))
		return;
	if (record->type == MN_EVENT_STROKE || record->type == MN_EVENT_OVERRUN) {
		merge(device, record);
		return;
	}
	more = record_json(record, &name, &kind);
	if (!more)
		return;
	event = device_event(name, device, (int64_t)record->mono_ns);
	json_object_update(event, more);
	json_decref(more);
	tell_all(device->mnd, device->name, kind, event);
	json_decref(event);
}

void telemetry_session(struct treatment *treatment)
{
	struct mnd *mnd = treatment->mnd;
	struct subscription *subscription, *next;

	for (subscription = TAILQ_FIRST(&mnd->telemetry->all); subscription; subscription = next) {
		json_t *event, *status;

		next = TAILQ_NEXT(subscription, all);
		if (!wants(subscription, treatment->device_name, TELEMETRY_SESSION))
			continue;
		event = event_json("session", treatment->device_name, treatment->uuid,
				   clock_mono_ns());
		status = treatment_status(treatment, &subscription->conn->peer);
		json_object_update(event, status);
		json_decref(status);
		tell(subscription, event);
		json_decref(event);
	}
}
