/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session while it is open: the state machine of session.h with its device, its owner's
 * connection, its timers, and what it has yet to write into the record.
 */
#ifndef TREATMENT_H
#define TREATMENT_H

#include <event2/event_struct.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <linux/microneedle.h>

#include "chain.h"
#include "session.h"
#include "store_db.h"

struct conn;
struct device;
struct device_command;
struct mnd;
struct peer;
struct rpc_call;
struct store_write;

/* Columns of 10 um for the summary; the last one takes what is deeper */
#define TREATMENT_BIN_UM 10
#define TREATMENT_BINS 400
#define TREATMENT_BATCH 256

struct treatment_plan {
	struct store_session who; /* operator, patient, indication, area, device */
	char qualification[64];
	char protocol[41]; /* "" without one */
	char lot[33]; /* as the caller gave it, "" if not */
	uint32_t area_cm2;
	uint32_t density_per_cm2;
	uint32_t depth_um;
	uint32_t rate_mhz;
	uint32_t needles;
	uint32_t punctures;
	uint32_t strokes;
	uint32_t run_ms;
	uint32_t ceiling_um; /* of the operator */
	uint32_t limit_um; /* the session's: of the protocol if it has one, else the operator's */
	uint64_t cartridge_uid;
	bool declared; /* what the cartridge is was declared, not read */
	char cartridge_lot[25];
	uint32_t cartridge_needle_um;
	bool consent;
	bool contraindications;
	bool cartridge;
};

struct treatment_stats {
	uint32_t count;
	uint32_t lost; /* records that the kernel could not keep for us */
	uint32_t depth_min_um;
	uint32_t depth_max_um;
	uint32_t depth_last_um;
	uint64_t depth_sum_um;
	uint32_t rate_last_mhz;
	uint32_t current_max_ma;
	uint32_t bins[TREATMENT_BINS];
	uint64_t run_ns;
	uint64_t run_since_ns; /* 0 while not running */
	uint64_t run_until_ns; /* when it last left running */
	uint64_t last_stroke_ns;
	uint64_t faults; /* all that were latched in this session */
};

struct treatment {
	TAILQ_ENTRY(treatment) link;
	struct mnd *mnd;
	struct device *device; /* NULL once it is gone or given up */
	struct session session;
	struct treatment_plan plan;
	struct treatment_stats stats;
	uint8_t id[16];
	char uuid[STORE_UUID];
	char device_name[32];
	bool has_trigger;
	char opened[32];
	bool is_open; /* its row is durable and it was announced */
	uint64_t faults_latched;
	struct conn *owner;
	struct rpc_call *opening; /* session.open, until it is answered */
	struct rpc_call *ending; /* the session.end that waits for the record */
	uint32_t armed_depth_um; /* last acknowledged set point */
	uint32_t armed_rate_mhz;
	uint32_t armed_strokes;
	uint32_t armed_run_ms;
	const char *reason; /* of the last change, a name of mn_causes or our own */
	char outcome[24];
	char note[257];
	bool closing;
	bool releasing; /* the command is under way */
	struct event grace;
	struct event flush;
	struct event settle;
	struct store_write *batch; /* rows of the records being handled */
	struct chain_stroke strokes[TREATMENT_BATCH];
	unsigned int stroke_count;
	uint64_t stroke_position; /* of the first of these in the session */
	unsigned int references;
};

int treatments_start(struct mnd *mnd);
void treatments_free(struct mnd *mnd);
/* End all, then call over(mnd) when their records are closed */
void treatments_end(struct mnd *mnd, void (*over)(struct mnd *mnd));

struct treatment *treatments_first(struct mnd *mnd);
struct treatment *treatment_next(struct treatment *treatment);
struct treatment *treatment_find(struct mnd *mnd, const char *uuid);
/* Why a session of late is over, NULL if it is not known */
const char *treatment_epitaph(struct mnd *mnd, const char *uuid);
bool treatment_owned_by(struct mnd *mnd, uid_t uid);

/* Methods; each answers the call, now or later */
void treatment_open(struct rpc_call *call, struct device *device,
		    const struct treatment_plan *plan);
void treatment_arm(struct treatment *treatment, struct rpc_call *call);
void treatment_start(struct treatment *treatment, struct rpc_call *call);
void treatment_end(struct treatment *treatment, struct rpc_call *call, const char *outcome,
		   const char *note);
/* Take up a session from this connection, from whoever has it */
void treatment_attach(struct treatment *treatment, struct conn *conn);
void treatment_prechecks(struct treatment *treatment, bool consent, bool contraindications,
			 bool cartridge);

/* What happens to it */
/* Its device's cartridge was declared, as device->declared has it */
void treatment_declared(struct treatment *treatment);
void treatment_owner_gone(struct conn *conn);
void treatment_device_gone(struct treatment *treatment);
/* The device was told to stop by somebody; error is what the kernel said */
void treatment_stopped(struct treatment *treatment, const char *who, int error);
/* A heartbeat came too late; control was taken anew */
void treatment_lease_lost(struct treatment *treatment);
void treatment_record(struct treatment *treatment, const struct mn_record *record);
void treatment_records_end(struct treatment *treatment);

/* As session.status gives it; the patient only to who may know */
json_t *treatment_status(struct treatment *treatment, const struct peer *peer);
json_t *treatment_progress(const struct treatment *treatment);

#endif
