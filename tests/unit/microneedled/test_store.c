// SPDX-License-Identifier: GPL-2.0-or-later
/* The record: durable before it is told, chained, closed after a crash */
#include "unit.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "microneedled/chain.h"
#include "microneedled/mnd.h"
#include "microneedled/store.h"
#include "microneedled/store_db.h"

#define SESSION "01234567-89ab-cdef-0123-456789abcdef"
#define OTHER "11111111-2222-3333-4444-555555555555"

#define PUT(array, text) snprintf(array, sizeof(array), "%s", text)

struct box {
	char folder[64];
	char path[96];
};

static int set_up(void **state)
{
	struct box *box = calloc(1, sizeof(*box));

	*state = box;
	PUT(box->folder, "/tmp/unit-store-XXXXXX");
	if (!mkdtemp(box->folder))
		return -1;
	snprintf(box->path, sizeof(box->path), "%s/record.db", box->folder);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", ".lock", "-journal" };
	struct box *box = *state;
	char name[160];

	for (size_t i = 0; i < COUNT(suffixes); i++) {
		snprintf(name, sizeof(name), "%s%s", box->path, suffixes[i]);
		unlink(name);
	}
	if (rmdir(box->folder))
		return -1;
	free(box);
	return 0;
}

static struct store_session who(const char *session, uint32_t uid)
{
	struct store_session open = { .operator_uid = uid };

	PUT(open.session, session);
	PUT(open.operator, "mnop");
	PUT(open.patient, "MN-0042");
	PUT(open.indication, "forehead wrinkles");
	PUT(open.area, "forehead");
	PUT(open.device_serial, "MN-1");
	return open;
}

/* Straight into the database, without threads */

static struct store_op *op(enum store_op_type type, const char *session)
{
	struct store_op *new = calloc(1, sizeof(*new));

	new->type = type;
	new->real_ms = 1700000000123;
	new->mono_ns = 5;
	PUT(new->session, session);
	return new;
}

static struct store_op *op_event(const char *session, const char *kind, const char *data)
{
	struct store_op *new = op(STORE_EVENT, session);

	PUT(new->kind, kind);
	new->data = strdup(data);
	return new;
}

static struct store_op *op_open(const char *session, uint32_t uid)
{
	struct store_op *new = op(STORE_OPEN, session);
	struct store_session open = who(session, uid);

	new->open = malloc(sizeof(open));
	*new->open = open;
	return new;
}

static struct store_op *op_strokes(const char *session, uint64_t position, size_t count)
{
	struct store_op *new = op(STORE_STROKES, session);

	new->position = position;
	new->count = count;
	new->strokes = calloc(count, sizeof(*new->strokes));
	for (size_t i = 0; i < count; i++)
		new->strokes[i] = (struct chain_stroke){
			.number = (uint32_t)(1000 + position + i),
			.depth_um = (uint32_t)(480 + (position + i) % 20),
			.period_us = 10000,
			.current_ma = 300,
			.mono_ns = 1000000 * (position + i),
		};
	return new;
}

static bool apply(struct store_db *db, struct store_op *new)
{
	bool ok = store_db_apply(db, new);

	store_op_free(new);
	return ok;
}

static void must(struct store_db *db, struct store_op *new)
{
	if (!apply(db, new))
		fail_msg("%s", db->error);
}

static void fill(struct store_db *db)
{
	must(db, op_open(SESSION, 1000));
	must(db, op_event(SESSION, "open", "{\"operator_uid\":1000,\"patient\":\"MN-0042\"}"));
	must(db, op_strokes(SESSION, 0, 150));
	must(db, op_event(SESSION, "fault", "{\"fault\":\"over_depth\"}"));
	must(db, op_strokes(SESSION, 150, 50));
}

static const struct store_reader everybody = { .all = true };

static bool is_valid(struct store_db *db, const char *session)
{
	bool found = false;
	json_t *record = store_db_show(db, &everybody, session, &found);
	bool valid;

	assert_true(found);
	assert_non_null(record);
	valid = json_is_true(json_object_get(json_object_get(record, "chain"), "valid"));
	json_decref(record);
	return valid;
}

static int64_t number(struct store_db *db, const char *query)
{
	sqlite3_stmt *statement;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(db->sql, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static void known_hash(void **state)
{
	/* As another implementation (Python's hashlib) hashes these fields */
	static const struct chain_event event = {
		.seq = 1,
		.session = SESSION,
		.kind = "open",
		.time = "2023-11-14T22:13:20.123Z",
		.mono_ns = 5,
		.data = "{}",
	};
	static const uint8_t genesis[CHAIN_HASH];
	uint8_t hash[CHAIN_HASH];
	char hex[CHAIN_HEX];

	(void)state;
	chain_hash(hash, genesis, &event);
	chain_hex(hex, hash);
	assert_string_equal(hex,
			    "c12d40158f00b44a25f271be6ceb3ee19846a7344ec18636762fe81020c2151b");
}

static void fields_cannot_run_into_each_other(void **state)
{
	struct chain_event a = { 1, "s", "ab", "c", 0, "d" };
	struct chain_event b = { 1, "s", "a", "bc", 0, "d" };
	static const uint8_t genesis[CHAIN_HASH];
	uint8_t x[CHAIN_HASH], y[CHAIN_HASH];

	(void)state;
	chain_hash(x, genesis, &a);
	chain_hash(y, genesis, &b);
	assert_memory_not_equal(x, y, CHAIN_HASH);
}

static void settings_are_those_for_durability(void **state)
{
	struct box *box = *state;
	struct store_db db;

	assert_true(store_db_open(&db, box->path, true));
	assert_int_equal(number(&db, "PRAGMA synchronous"), 2);
	assert_int_equal(number(&db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
	assert_int_equal(number(&db, "PRAGMA user_version"), STORE_VERSION);
	assert_int_equal(number(&db, "SELECT count(*) FROM pragma_table_list WHERE schema = 'main'"
				     " AND name IN ('session', 'event', 'stroke') AND strict"),
			 3);
	store_db_close(&db);
}

static void written_and_read_back(void **state)
{
	struct box *box = *state;
	struct store_db db;
	bool found;
	json_t *record, *page;

	assert_true(store_db_open(&db, box->path, true));
	fill(&db);
	record = store_db_show(&db, &everybody, SESSION, &found);
	assert_non_null(record);
	assert_int_equal(json_array_size(json_object_get(record, "events")), 4);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(record, "strokes"), "count")),
		200);
	assert_true(is_valid(&db, SESSION));
	json_decref(record);

	page = store_db_strokes(&db, &everybody, SESSION, 0, 150, &found);
	assert_int_equal(json_array_size(json_object_get(page, "strokes")), 150);
	assert_int_equal(json_integer_value(json_object_get(page, "next")), 150);
	json_decref(page);
	page = store_db_strokes(&db, &everybody, SESSION, 150, 150, &found);
	assert_int_equal(json_array_size(json_object_get(page, "strokes")), 50);
	assert_true(json_is_null(json_object_get(page, "next")));
	json_decref(page);
	store_db_close(&db);
}

static void a_change_is_found(void **state)
{
	static const char *const changes[] = {
		"UPDATE event SET data = '{}' WHERE kind = 'fault'",
		"UPDATE event SET time = '2020-01-01T00:00:00.000Z' WHERE seq = 2",
		"UPDATE event SET hash = zeroblob(32) WHERE seq = 3",
		"UPDATE event SET prev = zeroblob(32) WHERE seq = 3",
		"UPDATE event SET kind = 'note' WHERE kind = 'fault'",
		"UPDATE stroke SET depth_um = 400 WHERE position = 42",
		"DELETE FROM stroke WHERE position = 199",
		"DELETE FROM event WHERE seq = 2",
	};
	struct box *box = *state;
	struct store_db db;

	assert_true(store_db_open(&db, box->path, true));
	fill(&db);
	for (size_t i = 0; i < COUNT(changes); i++) {
		assert_true(is_valid(&db, SESSION));
		assert_true(store_db_run(&db, "BEGIN"));
		assert_true(store_db_run(&db, changes[i]));
		assert_int_equal(sqlite3_changes(db.sql), 1);
		{
			bool valid = true;

			assert_true(store_db_verify(&db, 1, &valid));
			if (valid)
				fail_msg("not found: %s", changes[i]);
		}
		assert_true(store_db_run(&db, "ROLLBACK"));
	}
	store_db_close(&db);
}

static void the_chain_goes_on_after_reopening(void **state)
{
	struct box *box = *state;
	struct store_db db;

	assert_true(store_db_open(&db, box->path, true));
	fill(&db);
	store_db_close(&db);
	assert_true(store_db_open(&db, box->path, true));
	assert_int_equal(db.seq, 4);
	must(&db, op_open(OTHER, 1001));
	must(&db, op_event(OTHER, "open", "{}"));
	must(&db, op_event(SESSION, "stop", "{}"));
	assert_true(is_valid(&db, SESSION));
	assert_true(is_valid(&db, OTHER));
	store_db_close(&db);
}

static void all_of_a_write_or_nothing(void **state)
{
	struct box *box = *state;
	struct store_op *list;
	struct store_db db;
	uint8_t hash[CHAIN_HASH];

	assert_true(store_db_open(&db, box->path, true));
	fill(&db);
	memcpy(hash, db.hash, sizeof(hash));
	list = op_event(SESSION, "note", "{}");
	list->next = op_event("no such session", "note", "{}");
	assert_false(store_db_apply(&db, list));
	assert_true(strlen(db.error) > 0);
	assert_int_equal(db.seq, 4);
	assert_memory_equal(hash, db.hash, sizeof(hash));
	assert_int_equal(number(&db, "SELECT count(*) FROM event"), 4);
	store_op_free(list->next);
	store_op_free(list);
	must(&db, op_event(SESSION, "note", "{}"));
	assert_true(is_valid(&db, SESSION));
	store_db_close(&db);
}

static void what_a_crash_left_open_is_closed(void **state)
{
	struct box *box = *state;
	struct store_db db;
	bool found;
	json_t *record;

	assert_true(store_db_open(&db, box->path, true));
	fill(&db);
	must(&db, op_open(OTHER, 1001));
	must(&db, op_event(OTHER, "open", "{}"));
	store_db_close(&db);

	assert_true(store_db_open(&db, box->path, true));
	assert_int_equal(store_db_recover(&db, 1700000009000, 7), 2);
	assert_int_equal(store_db_recover(&db, 1700000009000, 7), 0);
	record = store_db_show(&db, &everybody, SESSION, &found);
	assert_string_equal(json_string_value(json_object_get(record, "outcome")), "interrupted");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(record, "summary"), "strokes")),
		200);
	assert_true(json_is_true(json_object_get(json_object_get(record, "chain"), "valid")));
	json_decref(record);
	store_db_close(&db);
}

static void who_sees_what(void **state)
{
	static const struct store_reader own = { .uid = 1000, .hide_patient = true };
	static const struct store_reader stranger = { .uid = 1001, .hide_patient = true };
	static const struct store_reader service = { .all = true,
						     .uid = 1002,
						     .hide_patient = true };
	struct box *box = *state;
	struct store_db db;
	json_t *record;
	bool found;

	assert_true(store_db_open(&db, box->path, true));
	fill(&db);
	record = store_db_show(&db, &own, SESSION, &found);
	assert_string_equal(json_string_value(json_object_get(record, "patient")), "MN-0042");
	json_decref(record);
	assert_null(store_db_show(&db, &stranger, SESSION, &found));
	assert_false(found);
	assert_null(store_db_strokes(&db, &stranger, SESSION, 0, 1, &found));
	assert_false(found);
	record = store_db_list(&db, &stranger, 10);
	assert_int_equal(json_array_size(json_object_get(record, "sessions")), 0);
	json_decref(record);
	record = store_db_show(&db, &service, SESSION, &found);
	assert_true(json_is_null(json_object_get(record, "patient")));
	assert_true(json_is_null(json_object_get(
		json_object_get(json_array_get(json_object_get(record, "events"), 0), "data"),
		"patient")));
	json_decref(record);
	record = store_db_list(&db, &service, 10);
	assert_true(json_is_null(json_object_get(
		json_array_get(json_object_get(record, "sessions"), 0), "patient")));
	json_decref(record);
	store_db_close(&db);
}

static void a_newer_database_is_refused(void **state)
{
	struct box *box = *state;
	struct store_db db;

	assert_true(store_db_open(&db, box->path, true));
	assert_true(store_db_run(&db, "PRAGMA user_version = 99"));
	store_db_close(&db);
	assert_false(store_db_open(&db, box->path, true));
	assert_non_null(strstr(db.error, "newer release"));
}

/* With its threads, as the daemon has it */

struct run {
	struct mnd mnd;
	const char *path;
	char order[64];
	bool durable;
	json_t *answer;
};

static void tick(struct run *run, const char *what)
{
	size_t used = strlen(run->order);

	snprintf(run->order + used, sizeof(run->order) - used, "%s", what);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	fail_msg("nothing came back within 20 s");
}

static void start(struct run *run, const char *path)
{
	static const struct timeval patience = { .tv_sec = 20 };

	memset(run, 0, sizeof(*run));
	run->path = path;
	run->mnd.options.database = path;
	run->mnd.base = event_base_new();
	assert_int_equal(event_base_priority_init(run->mnd.base, PRIORITIES), 0);
	event_base_once(run->mnd.base, -1, EV_TIMEOUT, on_timeout, NULL, &patience);
	assert_int_equal(store_start(&run->mnd), 0);
}

static void leave(struct mnd *mnd)
{
	event_base_loopbreak(mnd->base);
}

static void finish(struct run *run)
{
	store_end(&run->mnd, leave);
	event_base_dispatch(run->mnd.base);
	event_base_free(run->mnd.base);
}

/* Another process would see the rows: they are committed, not only on their way */
static bool others_see(const char *path, int64_t events)
{
	struct store_db db;
	bool same;

	assert_true(store_db_open(&db, path, false));
	same = number(&db, "SELECT count(*) FROM event") >= events;
	store_db_close(&db);
	return same;
}

static void first_done(void *arg, const char *error)
{
	struct run *run = arg;

	assert_null(error);
	assert_true(others_see(run->path, 1));
	tick(run, "1");
}

static void second_done(void *arg, const char *error)
{
	struct run *run = arg;

	assert_null(error);
	assert_true(others_see(run->path, 2));
	tick(run, "2");
}

static void shown(void *arg, json_t *answer, const char *error)
{
	struct run *run = arg;

	assert_null(error);
	assert_non_null(answer);
	/* A read sees all that was written before it was asked */
	assert_int_equal(json_array_size(json_object_get(answer, "events")), 2);
	json_decref(answer);
	tick(run, "r");
	event_base_loopbreak(run->mnd.base);
}

static void durable_before_it_is_told_and_in_order(void **state)
{
	struct box *box = *state;
	struct store_session open = who(SESSION, 1000);
	struct store_write *write;
	struct run run;
	struct stat status;

	start(&run, box->path);
	write = store_write(SESSION);
	store_write_open(write, &open);
	store_write_event(write, "open", 1, json_object());
	store_submit(&run.mnd, write, first_done, &run);
	write = store_write(SESSION);
	store_write_event(write, "arm", 2, json_object());
	store_submit(&run.mnd, write, second_done, &run);
	store_show(&run.mnd, &everybody, SESSION, shown, &run);
	assert_string_equal(run.order, "");
	event_base_dispatch(run.mnd.base);
	assert_string_equal(run.order, "12r");
	/* Nobody else's */
	assert_int_equal(stat(box->path, &status), 0);
	assert_int_equal(status.st_mode & 077, 0);
	finish(&run);
}

static void failed_done(void *arg, const char *error)
{
	struct run *run = arg;

	assert_non_null(error);
	assert_non_null(strstr(error, "no room"));
	tick(run, "f");
	event_base_loopbreak(run->mnd.base);
}

static void plain_done(void *arg, const char *error)
{
	struct run *run = arg;

	assert_null(error);
	tick(run, "d");
	event_base_loopbreak(run->mnd.base);
}

static void execute(const char *path, const char *text)
{
	sqlite3 *sql;

	assert_int_equal(sqlite3_open(path, &sql), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sql, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(sql);
}

static void note(struct run *run, const char *session, const char *kind,
		 void (*done)(void *arg, const char *error))
{
	struct store_write *write = store_write(session);

	store_write_event(write, kind, 1, json_object());
	store_submit(&run->mnd, write, done, run);
	event_base_dispatch(run->mnd.base);
}

static void what_failed_is_written_with_the_next(void **state)
{
	struct box *box = *state;
	struct store_session open = who(SESSION, 1000);
	struct store_session other = who(OTHER, 1000);
	struct store_write *write;
	struct store_db db;
	struct run run;

	start(&run, box->path);
	write = store_write(SESSION);
	store_write_open(write, &open);
	store_write_event(write, "open", 1, json_object());
	store_submit(&run.mnd, write, plain_done, &run);
	event_base_dispatch(run.mnd.base);

	execute(box->path, "CREATE TRIGGER full BEFORE INSERT ON event"
			   " BEGIN SELECT RAISE(FAIL, 'no room'); END");
	note(&run, SESSION, "fault", failed_done);
	note(&run, SESSION, "state", failed_done);
	/* A session that could not be opened leaves nothing behind */
	write = store_write(OTHER);
	store_write_open(write, &other);
	store_write_event(write, "open", 1, json_object());
	store_submit(&run.mnd, write, failed_done, &run);
	event_base_dispatch(run.mnd.base);
	execute(box->path, "DROP TRIGGER full");
	note(&run, SESSION, "end", plain_done);
	assert_string_equal(run.order, "dfffd");
	finish(&run);

	assert_true(store_db_open(&db, box->path, false));
	assert_int_equal(number(&db, "SELECT group_concat(kind, ' ') = 'open fault state end'"
				     " FROM (SELECT kind FROM event ORDER BY seq)"),
			 1);
	assert_int_equal(number(&db, "SELECT count(*) FROM session"), 1);
	assert_true(is_valid(&db, SESSION));
	store_db_close(&db);
}

static void one_daemon_a_database(void **state)
{
	struct box *box = *state;
	struct run run;
	struct mnd second = { .options.database = box->path };

	start(&run, box->path);
	second.base = run.mnd.base;
	assert_int_equal(store_start(&second), -1);
	finish(&run);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(known_hash),
		TEST(fields_cannot_run_into_each_other),
		STORE_TEST(settings_are_those_for_durability),
		STORE_TEST(written_and_read_back),
		STORE_TEST(a_change_is_found),
		STORE_TEST(the_chain_goes_on_after_reopening),
		STORE_TEST(all_of_a_write_or_nothing),
		STORE_TEST(what_a_crash_left_open_is_closed),
		STORE_TEST(who_sees_what),
		STORE_TEST(a_newer_database_is_refused),
		STORE_TEST(durable_before_it_is_told_and_in_order),
		STORE_TEST(what_failed_is_written_with_the_next),
		STORE_TEST(one_daemon_a_database),
	};

	chain_init();
	json_object_seed(0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
