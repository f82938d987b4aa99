// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "store_db.h"

void store_op_free(struct store_op *op)
{
	free(op->open);
	free(op->data);
	free(op->strokes);
	free(op);
}

bool store_db_fail(struct store_db *db, const char *what)
{
	snprintf(db->error, sizeof(db->error), "%s: %s", what,
		 db->sql ? sqlite3_errmsg(db->sql) : "out of memory");
	return false;
}

bool store_db_run(struct store_db *db, const char *text)
{
	if (sqlite3_exec(db->sql, text, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return store_db_fail(db, "the database refused a statement");
}

bool store_db_prepare(struct store_db *db, sqlite3_stmt **statement, const char *text)
{
	if (sqlite3_prepare_v2(db->sql, text, -1, statement, NULL) == SQLITE_OK)
		return true;
	return store_db_fail(db, "the database refused a statement");
}

/* One number from a query without parameters */
static bool ask_number(struct store_db *db, const char *text, int64_t *value)
{
	sqlite3_stmt *statement;
	bool ok;

	if (!store_db_prepare(db, &statement, text))
		return false;
	ok = sqlite3_step(statement) == SQLITE_ROW;
	if (ok)
		*value = sqlite3_column_int64(statement, 0);
	else
		store_db_fail(db, text);
	sqlite3_finalize(statement);
	return ok;
}

static bool migrate(struct store_db *db)
{
	int64_t version;

	if (!ask_number(db, "PRAGMA user_version", &version))
		return false;
	if (version > STORE_VERSION) {
		snprintf(db->error, sizeof(db->error),
			 "the database has version %" PRId64
			 ", this program knows up to %d; install the newer release again",
			 version, STORE_VERSION);
		return false;
	}
	if (version == STORE_VERSION)
		return true;
	/* Version 0 is an empty file. A later step gets its own branch here. */
	if (!store_db_run(db, "BEGIN IMMEDIATE"))
		return false;
	if (!store_db_run(db, store_schema) || !store_db_run(db, "PRAGMA user_version = 1") ||
	    !store_db_run(db, "COMMIT")) {
		sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
		return false;
	}
	return true;
}

/* Where the chain ends */
static bool read_tail(struct store_db *db)
{
	sqlite3_stmt *statement;
	int result;

	db->seq = 0;
	memset(db->hash, 0, sizeof(db->hash));
	if (!store_db_prepare(db, &statement,
			      "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"))
		return false;
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		db->seq = sqlite3_column_int64(statement, 0);
		memcpy(db->hash, sqlite3_column_blob(statement, 1), sizeof(db->hash));
	} else if (result != SQLITE_DONE) {
		store_db_fail(db, "the last event cannot be read");
	}
	sqlite3_finalize(statement);
	return result == SQLITE_ROW || result == SQLITE_DONE;
}

bool store_db_open(struct store_db *db, const char *path, bool write)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	memset(db, 0, sizeof(*db));
	flags |= write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	if (sqlite3_open_v2(path, &db->sql, flags, NULL) != SQLITE_OK) {
		store_db_fail(db, path);
		store_db_close(db);
		return false;
	}
	sqlite3_busy_timeout(db->sql, 5000);
	sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (store_db_run(db, "PRAGMA foreign_keys = ON") &&
	    (!write ||
	     (store_db_run(db, "PRAGMA journal_mode = WAL") &&
	      store_db_run(db, "PRAGMA synchronous = FULL") && migrate(db) && read_tail(db))))
		return true;
	store_db_close(db);
	return false;
}

void store_db_close(struct store_db *db)
{
	sqlite3_close(db->sql);
	db->sql = NULL;
}

static bool step_done(struct store_db *db, sqlite3_stmt *statement, const char *what)
{
	bool ok = sqlite3_step(statement) == SQLITE_DONE;

	if (!ok)
		store_db_fail(db, what);
	sqlite3_finalize(statement);
	return ok;
}

static void bind_text(sqlite3_stmt *statement, int column, const char *text)
{
	sqlite3_bind_text(statement, column, text, -1, SQLITE_STATIC);
}

static bool put_open(struct store_db *db, const struct store_op *op)
{
	const struct store_session *open = op->open;
	char opened[CLOCK_ISO_SIZE];
	sqlite3_stmt *statement;

	if (!store_db_prepare(
		    db, &statement,
		    "INSERT INTO session (session, operator, operator_uid, patient, indication, area,"
		    " device_serial, opened) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"))
		return false;
	clock_iso(opened, op->real_ms);
	bind_text(statement, 1, open->session);
	bind_text(statement, 2, open->operator);
	sqlite3_bind_int64(statement, 3, open->operator_uid);
	bind_text(statement, 4, open->patient);
	bind_text(statement, 5, open->indication);
	bind_text(statement, 6, open->area);
	bind_text(statement, 7, open->device_serial);
	bind_text(statement, 8, opened);
	return step_done(db, statement, "the session cannot be kept");
}

static bool put_event(struct store_db *db, const char *session, const char *kind, int64_t real_ms,
		      int64_t mono_ns, const char *data)
{
	char time[CLOCK_ISO_SIZE];
	struct chain_event event = {
		.seq = db->seq + 1,
		.session = session,
		.kind = kind,
		.time = time,
		.mono_ns = mono_ns,
		.data = data,
	};
	uint8_t hash[CHAIN_HASH];
	sqlite3_stmt *statement;

	if (!store_db_prepare(
		    db, &statement,
		    "INSERT INTO event (seq, session_id, kind, time, mono_ns, data, prev, hash)"
		    " VALUES (?, (SELECT id FROM session WHERE session = ?), ?, ?, ?, ?, ?, ?)"))
		return false;
	clock_iso(time, real_ms);
	chain_hash(hash, db->hash, &event);
	sqlite3_bind_int64(statement, 1, event.seq);
	bind_text(statement, 2, session);
	bind_text(statement, 3, kind);
	bind_text(statement, 4, time);
	sqlite3_bind_int64(statement, 5, mono_ns);
	bind_text(statement, 6, data);
	sqlite3_bind_blob(statement, 7, db->hash, sizeof(db->hash), SQLITE_STATIC);
	sqlite3_bind_blob(statement, 8, hash, sizeof(hash), SQLITE_STATIC);
	if (!step_done(db, statement, "the event cannot be kept"))
		return false;
	db->seq = event.seq;
	memcpy(db->hash, hash, sizeof(hash));
	return true;
}

static bool put_strokes(struct store_db *db, const struct store_op *op)
{
	sqlite3_stmt *statement;
	uint8_t digest[CHAIN_HASH];
	char hex[CHAIN_HEX];
	char data[192];
	bool ok = true;

	if (!store_db_prepare(
		    db, &statement,
		    "INSERT INTO stroke (session_id, position, number, mono_ns, depth_um, period_us,"
		    " current_ma) VALUES ((SELECT id FROM session WHERE session = ?), ?, ?, ?, ?, ?, ?)"))
		return false;
	bind_text(statement, 1, op->session);
	for (size_t i = 0; ok && i < op->count; i++) {
		const struct chain_stroke *stroke = &op->strokes[i];

		sqlite3_bind_int64(statement, 2, (int64_t)(op->position + i));
		sqlite3_bind_int64(statement, 3, stroke->number);
		sqlite3_bind_int64(statement, 4, (int64_t)stroke->mono_ns);
		sqlite3_bind_int64(statement, 5, stroke->depth_um);
		sqlite3_bind_int64(statement, 6, stroke->period_us);
		sqlite3_bind_int64(statement, 7, stroke->current_ma);
		ok = sqlite3_step(statement) == SQLITE_DONE;
		if (!ok)
			store_db_fail(db, "a stroke cannot be kept");
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	if (!ok)
		return false;
	chain_strokes(digest, op->position, op->strokes, op->count);
	chain_hex(hex, digest);
	snprintf(data, sizeof(data), "{\"position\":%" PRIu64 ",\"count\":%zu,\"sha256\":\"%s\"}",
		 op->position, op->count, hex);
	return put_event(db, op->session, "strokes", op->real_ms, op->mono_ns, data);
}

static bool put_end(struct store_db *db, const char *session, int64_t real_ms, const char *outcome,
		    int64_t strokes)
{
	char ended[CLOCK_ISO_SIZE];
	sqlite3_stmt *statement;

	if (!store_db_prepare(db, &statement,
			      "UPDATE session SET ended = ?, outcome = ?, strokes = ?"
			      " WHERE session = ? AND ended IS NULL"))
		return false;
	clock_iso(ended, real_ms);
	bind_text(statement, 1, ended);
	bind_text(statement, 2, outcome);
	sqlite3_bind_int64(statement, 3, strokes);
	bind_text(statement, 4, session);
	return step_done(db, statement, "the session's end cannot be kept");
}

static bool put(struct store_db *db, const struct store_op *op)
{
	switch (op->type) {
	case STORE_OPEN:
		return put_open(db, op);
	case STORE_EVENT:
		return put_event(db, op->session, op->kind, op->real_ms, op->mono_ns, op->data);
	case STORE_STROKES:
		return put_strokes(db, op);
	case STORE_END:
		return put_end(db, op->session, op->real_ms, op->outcome, op->total);
	}
	return false;
}

/* Where the chain was before a transaction, to go back to if it fails */
struct tail {
	int64_t seq;
	uint8_t hash[CHAIN_HASH];
};

static bool begin(struct store_db *db, struct tail *tail)
{
	tail->seq = db->seq;
	memcpy(tail->hash, db->hash, sizeof(tail->hash));
	return store_db_run(db, "BEGIN IMMEDIATE");
}

static bool finish(struct store_db *db, const struct tail *tail, bool ok)
{
	if (ok && store_db_run(db, "COMMIT"))
		return true;
	if (!sqlite3_get_autocommit(db->sql))
		sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	db->seq = tail->seq;
	memcpy(db->hash, tail->hash, sizeof(db->hash));
	return false;
}

bool store_db_apply(struct store_db *db, const struct store_op *list)
{
	struct tail tail;
	bool ok = true;

	if (!begin(db, &tail))
		return false;
	for (; ok && list; list = list->next)
		ok = put(db, list);
	return finish(db, &tail, ok);
}

struct orphan {
	char session[STORE_UUID];
	int64_t strokes;
};

static bool close_orphan(struct store_db *db, const struct orphan *orphan, int64_t real_ms,
			 int64_t mono_ns)
{
	char data[128];

	snprintf(data, sizeof(data),
		 "{\"outcome\":\"interrupted\",\"reason\":\"daemon_died\",\"strokes\":%" PRId64 "}",
		 orphan->strokes);
	return put_event(db, orphan->session, "end", real_ms, mono_ns, data) &&
	       put_end(db, orphan->session, real_ms, "interrupted", orphan->strokes);
}

int store_db_recover(struct store_db *db, int64_t real_ms, int64_t mono_ns)
{
	struct orphan *orphans = NULL, *more;
	sqlite3_stmt *statement;
	struct tail tail;
	bool ok = true;
	int count = 0;
	int result;

	if (!store_db_prepare(db, &statement,
			      "SELECT session, (SELECT count(*) FROM stroke WHERE session_id = id)"
			      " FROM session WHERE ended IS NULL ORDER BY id"))
		return -1;
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		more = realloc(orphans, ((size_t)count + 1) * sizeof(*orphans));
		if (!more)
			break;
		orphans = more;
		snprintf(orphans[count].session, STORE_UUID, "%s",
			 (const char *)sqlite3_column_text(statement, 0));
		orphans[count++].strokes = sqlite3_column_int64(statement, 1);
	}
	if (result != SQLITE_DONE)
		ok = store_db_fail(db, "unfinished sessions cannot be read");
	sqlite3_finalize(statement);

	if (ok && count) {
		ok = begin(db, &tail);
		if (ok) {
			for (int i = 0; ok && i < count; i++)
				ok = close_orphan(db, &orphans[i], real_ms, mono_ns);
			ok = finish(db, &tail, ok);
		}
	}
	free(orphans);
	return ok ? count : -1;
}
