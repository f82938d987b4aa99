/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon as a whole: what its parts find each other by. */
#ifndef MND_H
#define MND_H

#include <stdbool.h>
#include <stdint.h>

#include "policy.h"

/* Which events the loop serves first: a crowd of clients must not delay the heartbeat */
#define PRIORITY_DEVICE 0
#define PRIORITY_CLIENT 1
#define PRIORITY_REST 2
#define PRIORITIES 3

#define MND_VERSION "0.1.0"

struct event_base;
struct server;
struct hotplug;
struct devices;
struct store;
struct telemetry;
struct treatments;
struct users;
struct presets;
struct rpc;

struct mnd_options {
	const char *socket;
	const char *database;
	const char *config;
	const char *protocols;
	int64_t grace_ms;
	int64_t idle_grace_ms;
};

struct mnd {
	struct event_base *base;
	struct mnd_options options;
	struct policy policy;
	struct presets *presets;
	struct users *users;
	struct rpc *rpc;
	struct server *server;
	struct store *store;
	struct devices *devices;
	struct hotplug *hotplug;
	struct telemetry *telemetry;
	struct treatments *treatments;
	bool ending;
};

#endif
