/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database behind the store: what a thread does with it. Blocking; no thread and no loop in
 * here.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chain.h"

extern const char store_schema[];

#define STORE_VERSION 1
#define STORE_UUID 37
#define STORE_ERROR 256

struct store_db {
	sqlite3 *sql;
	int64_t seq; /* of the last event */
	uint8_t hash[CHAIN_HASH]; /* of the last event */
	char error[STORE_ERROR];
};

struct store_session {
	char session[STORE_UUID];
	char operator[64];
	uint32_t operator_uid;
	char patient[33];
	char indication[65];
	char area[65];
	char device_serial[32];
};

enum store_op_type {
	STORE_OPEN, /* the session's row */
	STORE_EVENT,
	STORE_STROKES,
	STORE_END, /* completes the session's row */
};

struct store_op {
	struct store_op *next;
	enum store_op_type type;
	char session[STORE_UUID];
	int64_t real_ms;
	int64_t mono_ns;
	struct store_session *open; /* STORE_OPEN */
	char kind[24]; /* STORE_EVENT */
	char *data;
	uint64_t position; /* STORE_STROKES */
	struct chain_stroke *strokes;
	size_t count;
	char outcome[24]; /* STORE_END */
	int64_t total; /* strokes in all */
};

void store_op_free(struct store_op *op);

/* False with error filled in. write: create, migrate and check it; else read only. */
bool store_db_open(struct store_db *db, const char *path, bool write);
void store_db_close(struct store_db *db);

/* Close the sessions that a daemon left open; how many, or -1 */
int store_db_recover(struct store_db *db, int64_t real_ms, int64_t mono_ns);

/* All of the list in one durable transaction, or none */
bool store_db_apply(struct store_db *db, const struct store_op *list);

/* Who asks: all records, or those of one user */
struct store_reader {
	bool all;
	uint32_t uid;
	bool hide_patient; /* in other users' records */
};

/* JSON, or NULL with error filled in; *found is false if there is no such record for this reader */
json_t *store_db_list(struct store_db *db, const struct store_reader *reader, int64_t limit);
json_t *store_db_show(struct store_db *db, const struct store_reader *reader, const char *session,
		      bool *found);
json_t *store_db_strokes(struct store_db *db, const struct store_reader *reader,
			 const char *session, int64_t after, int64_t limit, bool *found);

/* Hashes of the session's events and strokes are what they should be */
bool store_db_verify(struct store_db *db, int64_t session_id, bool *valid);

/* Shared by the files that read and write */
bool store_db_fail(struct store_db *db, const char *what);
bool store_db_prepare(struct store_db *db, sqlite3_stmt **statement, const char *text);
bool store_db_run(struct store_db *db, const char *text);

#endif
