/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subscriptions: what happens, told to who asked. States and faults are told one by one; strokes
 * and progress are merged to the latest at each subscriber's pace. A subscriber that does not read
 * is dropped and told so; its connection goes on.
 */
#ifndef TELEMETRY_H
#define TELEMETRY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/microneedle.h>

struct conn;
struct device;
struct mnd;
struct rpc_call;
struct treatment;

#define TELEMETRY_STATE (1U << 0)
#define TELEMETRY_STROKE (1U << 1)
#define TELEMETRY_INPUT (1U << 2)
#define TELEMETRY_FAULT (1U << 3)
#define TELEMETRY_SESSION (1U << 4)
#define TELEMETRY_DEVICE (1U << 5)
#define TELEMETRY_ALL 0x3fU

#define TELEMETRY_INTERVAL_MS 100

int telemetry_start(struct mnd *mnd);
void telemetry_free(struct mnd *mnd);

/*
 * Returns the subscription's number, 0 without memory or with too many. device is NULL for all,
 * later ones included. Nothing is told before the caller has sent its answer with the snapshot.
 */
int64_t telemetry_subscribe(struct conn *conn, const char *device, uint32_t events,
			    uint32_t interval_ms);
bool telemetry_unsubscribe(struct conn *conn, int64_t number);
void telemetry_drop(struct conn *conn);

/* What happens */
void telemetry_device_added(struct device *device);
void telemetry_device_removed(struct device *device);
void telemetry_record(struct device *device, const struct mn_record *record);
void telemetry_session(struct treatment *treatment);

/* The event name of a record and what it says, for the treatment record too; NULL for strokes */
json_t *telemetry_record_json(const struct mn_record *record, const char **event);

#endif
