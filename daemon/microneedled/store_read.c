// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the record: what session.list, session.show and session.strokes answer. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_db.h"

/* Width of a column of the histogram of depths */
#define BIN_UM 50

static json_t *text_or_null(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	return text ? json_string(text) : json_null();
}

static json_t *number_or_null(sqlite3_stmt *statement, int column)
{
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return json_null();
	return json_integer(sqlite3_column_int64(statement, column));
}

/* Ends a statement that gives rows; false if it did not come to its end */
static bool rows_over(struct store_db *db, sqlite3_stmt *statement, int result)
{
	if (result != SQLITE_DONE)
		store_db_fail(db, "the record cannot be read");
	sqlite3_finalize(statement);
	return result == SQLITE_DONE;
}

json_t *store_db_list(struct store_db *db, const struct store_reader *reader, int64_t limit)
{
	static const char *const names[] = { "session", "operator", "patient", "indication", "area",
					     "serial",	"opened",   "ended",   "outcome" };
	json_t *sessions = json_array();
	sqlite3_stmt *statement;
	int result;

	if (!store_db_prepare(
		    db, &statement,
		    "SELECT session, operator, patient, indication, area, device_serial, opened, ended,"
		    " outcome, strokes, operator_uid FROM session WHERE ?1 OR operator_uid = ?2"
		    " ORDER BY id DESC LIMIT ?3")) {
		json_decref(sessions);
		return NULL;
	}
	sqlite3_bind_int(statement, 1, reader->all);
	sqlite3_bind_int64(statement, 2, reader->uid);
	sqlite3_bind_int64(statement, 3, limit);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		json_t *session = json_object();

		for (int i = 0; i < 9; i++)
			json_object_set_new(session, names[i], text_or_null(statement, i));
		json_object_set_new(session, "strokes", number_or_null(statement, 9));
		if (reader->hide_patient && sqlite3_column_int64(statement, 10) != reader->uid)
			json_object_set_new(session, "patient", json_null());
		json_array_append_new(sessions, session);
	}
	if (!rows_over(db, statement, result)) {
		json_decref(sessions);
		return NULL;
	}
	return json_pack("{s:o}", "sessions", sessions);
}

/* The session's number in the database: 0 if there is none for this reader, -1 if it failed */
static int64_t find(struct store_db *db, const struct store_reader *reader, const char *session)
{
	sqlite3_stmt *statement;
	int64_t id = 0;
	int result;

	if (!store_db_prepare(
		    db, &statement,
		    "SELECT id FROM session WHERE session = ?1 AND (?2 OR operator_uid = ?3)"))
		return -1;
	sqlite3_bind_text(statement, 1, session, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 2, reader->all);
	sqlite3_bind_int64(statement, 3, reader->uid);
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		id = sqlite3_column_int64(statement, 0);
	} else if (result != SQLITE_DONE) {
		store_db_fail(db, "the record cannot be read");
		id = -1;
	}
	sqlite3_finalize(statement);
	return id;
}

static json_t *hash_text(sqlite3_stmt *statement, int column)
{
	char hex[CHAIN_HEX] = "";

	if (sqlite3_column_bytes(statement, column) == CHAIN_HASH)
		chain_hex(hex, sqlite3_column_blob(statement, column));
	return json_string(hex);
}

/* Events, and what the record says as a whole, which stands in the first and the last of them */
static bool show_events(struct store_db *db, int64_t id, const struct store_reader *reader,
			json_t *record)
{
	json_t *events = json_array();
	json_t *faults = json_array();
	sqlite3_stmt *statement;
	int result;

	json_object_set_new(record, "events", events);
	json_object_set_new(record, "faults", faults);
	json_object_set_new(record, "summary", json_null());
	if (!store_db_prepare(db, &statement,
			      "SELECT seq, time, mono_ns, kind, data, hash, prev FROM event"
			      " WHERE session_id = ? ORDER BY seq"))
		return false;
	sqlite3_bind_int64(statement, 1, id);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *kind = (const char *)sqlite3_column_text(statement, 3);
		json_t *data = json_loads((const char *)sqlite3_column_text(statement, 4), 0, NULL);

		if (!data)
			data = json_null();
		if (!json_array_size(events))
			json_object_set_new(record, "chain",
					    json_pack("{s:o}", "prev", hash_text(statement, 6)));
		json_object_set_new(json_object_get(record, "chain"), "hash",
				    hash_text(statement, 5));
		if (!strcmp(kind, "open")) {
			if (reader->hide_patient && json_integer_value(json_object_get(
							    data, "operator_uid")) != reader->uid)
				json_object_set_new(data, "patient", json_null());
			json_object_update_missing(record, data);
		} else if (!strcmp(kind, "end")) {
			json_object_set(record, "summary", data);
			json_object_set(record, "note", json_object_get(data, "note"));
		} else if (!strcmp(kind, "fault")) {
			json_array_append(faults, json_object_get(data, "fault"));
		}
		json_array_append_new(
			events, json_pack("{s:I, s:o, s:I, s:s, s:o, s:o}", "seq",
					  (json_int_t)sqlite3_column_int64(statement, 0), "time",
					  text_or_null(statement, 1), "mono_ns",
					  (json_int_t)sqlite3_column_int64(statement, 2), "kind",
					  kind, "data", data, "hash", hash_text(statement, 5)));
	}
	return rows_over(db, statement, result);
}

static bool show_session(struct store_db *db, int64_t id, json_t *record)
{
	static const char *const names[] = { "session", "operator", "opened", "ended", "outcome" };
	sqlite3_stmt *statement;
	int result;

	if (!store_db_prepare(
		    db, &statement,
		    "SELECT session, operator, opened, ended, outcome FROM session WHERE id = ?"))
		return false;
	sqlite3_bind_int64(statement, 1, id);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		for (int i = 0; i < 5; i++)
			json_object_set_new(record, names[i], text_or_null(statement, i));
	return rows_over(db, statement, result);
}

static bool show_depths(struct store_db *db, int64_t id, json_t *record)
{
	json_t *depth = json_null();
	sqlite3_stmt *statement;
	int64_t count = 0;
	int result;

	if (!store_db_prepare(
		    db, &statement,
		    "SELECT count(*), min(depth_um), max(depth_um), avg(depth_um),"
		    " (SELECT depth_um FROM stroke WHERE session_id = ?1 ORDER BY depth_um LIMIT 1 OFFSET"
		    "  (SELECT count(*) * 99 / 100 FROM stroke WHERE session_id = ?1))"
		    " FROM stroke WHERE session_id = ?1"))
		return false;
	sqlite3_bind_int64(statement, 1, id);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		count = sqlite3_column_int64(statement, 0);
		if (count)
			depth = json_pack("{s:I, s:I, s:I, s:I}", "min",
					  (json_int_t)sqlite3_column_int64(statement, 1), "mean",
					  (json_int_t)(sqlite3_column_double(statement, 3) + 0.5),
					  "max", (json_int_t)sqlite3_column_int64(statement, 2),
					  "p99", (json_int_t)sqlite3_column_int64(statement, 4));
	}
	json_object_set_new(record, "strokes",
			    json_pack("{s:I, s:o}", "count", (json_int_t)count, "depth_um", depth));
	return rows_over(db, statement, result);
}

static bool show_histogram(struct store_db *db, int64_t id, json_t *record)
{
	json_t *counts = json_array();
	sqlite3_stmt *statement;
	int result;

	json_object_set_new(json_object_get(record, "strokes"), "histogram",
			    json_pack("{s:i, s:o}", "bin_um", BIN_UM, "counts", counts));
	if (!store_db_prepare(
		    db, &statement,
		    "SELECT depth_um / ?2 * ?2 AS bin, count(*) FROM stroke WHERE session_id = ?1"
		    " GROUP BY bin ORDER BY bin"))
		return false;
	sqlite3_bind_int64(statement, 1, id);
	sqlite3_bind_int64(statement, 2, BIN_UM);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		json_array_append_new(
			counts, json_pack("[I, I]", (json_int_t)sqlite3_column_int64(statement, 0),
					  (json_int_t)sqlite3_column_int64(statement, 1)));
	return rows_over(db, statement, result);
}

json_t *store_db_show(struct store_db *db, const struct store_reader *reader, const char *session,
		      bool *found)
{
	json_t *record = NULL;
	bool ok, valid = false;
	int64_t id;

	/* One picture, though the writer goes on */
	if (!store_db_run(db, "BEGIN"))
		return NULL;
	id = find(db, reader, session);
	*found = id > 0;
	ok = id > 0;
	if (ok) {
		record = json_object();
		ok = show_session(db, id, record) && show_events(db, id, reader, record) &&
		     show_depths(db, id, record) && show_histogram(db, id, record) &&
		     store_db_verify(db, id, &valid);
		json_object_set_new(json_object_get(record, "chain"), "valid", json_boolean(valid));
	}
	sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
	if (!ok) {
		json_decref(record);
		return NULL;
	}
	return record;
}

json_t *store_db_strokes(struct store_db *db, const struct store_reader *reader,
			 const char *session, int64_t after, int64_t limit, bool *found)
{
	json_t *strokes = json_array();
	json_t *next = json_null();
	sqlite3_stmt *statement;
	int64_t id = find(db, reader, session);
	int64_t count = 0;
	int result;

	*found = id > 0;
	if (id <= 0 ||
	    !store_db_prepare(db, &statement,
			      "SELECT number, mono_ns, depth_um, period_us, current_ma, position"
			      " FROM stroke WHERE session_id = ? AND position >= ?"
			      " ORDER BY position LIMIT ?")) {
		json_decref(strokes);
		return NULL;
	}
	sqlite3_bind_int64(statement, 1, id);
	sqlite3_bind_int64(statement, 2, after);
	sqlite3_bind_int64(statement, 3, limit + 1);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		json_t *row;

		/* One more than asked for: there is a next page, and this is where it begins */
		if (count++ == limit) {
			next = json_integer(sqlite3_column_int64(statement, 5));
			continue;
		}
		row = json_array();
		for (int i = 0; i < 5; i++)
			json_array_append_new(row,
					      json_integer(sqlite3_column_int64(statement, i)));
		json_array_append_new(strokes, row);
	}
	if (!rows_over(db, statement, result)) {
		json_decref(strokes);
		json_decref(next);
		return NULL;
	}
	return json_pack("{s:o, s:o}", "strokes", strokes, "next", next);
}

/* The strokes that an event's data describes have the digest that it says */
static bool strokes_match(struct store_db *db, int64_t id, const char *text, bool *match)
{
	json_t *data = json_loads(text, 0, NULL);
	int64_t position = json_integer_value(json_object_get(data, "position"));
	int64_t count = json_integer_value(json_object_get(data, "count"));
	const char *expected = json_string_value(json_object_get(data, "sha256"));
	struct chain_stroke *strokes = NULL;
	uint8_t digest[CHAIN_HASH];
	char hex[CHAIN_HEX];
	sqlite3_stmt *statement;
	int64_t got = 0;
	int result;

	*match = false;
	if (!expected || count <= 0 || count > UINT16_MAX) {
		json_decref(data);
		return true;
	}
	strokes = calloc((size_t)count, sizeof(*strokes));
	if (!strokes ||
	    !store_db_prepare(db, &statement,
			      "SELECT number, mono_ns, depth_um, period_us, current_ma FROM stroke"
			      " WHERE session_id = ? AND position >= ? AND position < ?"
			      " ORDER BY position")) {
		free(strokes);
		json_decref(data);
		return false;
	}
	sqlite3_bind_int64(statement, 1, id);
	sqlite3_bind_int64(statement, 2, position);
	sqlite3_bind_int64(statement, 3, position + count);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW && got < count) {
		struct chain_stroke *stroke = &strokes[got++];

		stroke->number = (uint32_t)sqlite3_column_int64(statement, 0);
		stroke->mono_ns = (uint64_t)sqlite3_column_int64(statement, 1);
		stroke->depth_um = (uint32_t)sqlite3_column_int64(statement, 2);
		stroke->period_us = (uint32_t)sqlite3_column_int64(statement, 3);
		stroke->current_ma = (uint32_t)sqlite3_column_int64(statement, 4);
	}
	chain_strokes(digest, (uint64_t)position, strokes, (size_t)got);
	chain_hex(hex, digest);
	*match = got == count && !strcmp(hex, expected);
	free(strokes);
	json_decref(data);
	return rows_over(db, statement, result);
}

bool store_db_verify(struct store_db *db, int64_t session_id, bool *valid)
{
	sqlite3_stmt *statement;
	bool ok = true;
	int result;

	*valid = true;
	if (!store_db_prepare(db, &statement,
			      "SELECT event.seq, session, kind, time, mono_ns, data, prev, hash,"
			      " (SELECT hash FROM event AS before WHERE before.seq = event.seq - 1)"
			      " FROM event JOIN session ON id = session_id WHERE session_id = ?"
			      " ORDER BY event.seq"))
		return false;
	sqlite3_bind_int64(statement, 1, session_id);
	while (ok && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		static const uint8_t genesis[CHAIN_HASH];
		struct chain_event event = {
			.seq = sqlite3_column_int64(statement, 0),
			.session = (const char *)sqlite3_column_text(statement, 1),
			.kind = (const char *)sqlite3_column_text(statement, 2),
			.time = (const char *)sqlite3_column_text(statement, 3),
			.mono_ns = sqlite3_column_int64(statement, 4),
			.data = (const char *)sqlite3_column_text(statement, 5),
		};
		const void *prev = sqlite3_column_blob(statement, 6);
		const void *before = event.seq == 1 ? genesis : sqlite3_column_blob(statement, 8);
		uint8_t hash[CHAIN_HASH];
		bool match = true;

		chain_hash(hash, prev, &event);
		if (!before || memcmp(before, prev, CHAIN_HASH) ||
		    memcmp(hash, sqlite3_column_blob(statement, 7), CHAIN_HASH))
			*valid = false;
		if (!strcmp(event.kind, "strokes")) {
			ok = strokes_match(db, session_id, event.data, &match);
			*valid &= match;
		}
	}
	if (!ok) {
		sqlite3_finalize(statement);
		return false;
	}
	return rows_over(db, statement, result);
}
