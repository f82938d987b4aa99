// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "mnd.h"
#include "store.h"
#include "worker.h"

struct store {
	struct mnd *mnd;
	char *path;
	int lock;
	struct worker *writer;
	struct worker *reader;
	struct store_db write; /* the writer's */
	struct store_db read; /* the reader's, opened with the first read */
	struct store_op *backlog; /* the writer's: what could not be written so far */
	struct store_op **backlog_end;
	void (*ended)(struct mnd *mnd);
};

struct store_write {
	struct job job;
	struct store *store;
	char session[STORE_UUID];
	struct store_op *first;
	struct store_op **last;
	bool opens;
	bool no_memory;
	bool failed;
	char error[STORE_ERROR];
	void (*done)(void *arg, const char *error);
	void *arg;
};

enum read_type {
	READ_LIST,
	READ_SHOW,
	READ_STROKES,
};

struct read_job {
	struct job job;
	struct store *store;
	enum read_type type;
	struct store_reader reader;
	char session[STORE_UUID];
	int64_t after;
	int64_t limit;
	bool found;
	json_t *answer;
	char error[STORE_ERROR];
	store_read_done done;
	void *arg;
};

/* Two daemons on one database would each believe to know where the chain ends */
static int take_lock(const char *path)
{
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_error("%s: %s; the database's folder must be the daemon's", name,
			  strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		log_error("%s: another microneedled uses this database", path);
		close(fd);
		return -1;
	}
	return fd;
}

int store_start(struct mnd *mnd)
{
	struct store *store = calloc(1, sizeof(*store));
	mode_t mask;
	bool open;
	int closed;

	if (!store)
		return -1;
	store->mnd = mnd;
	store->backlog_end = &store->backlog;
	store->path = strdup(mnd->options.database);
	store->lock = take_lock(mnd->options.database);
	if (!store->path || store->lock < 0)
		goto fail;
	/* Records of patients are nobody else's */
	mask = umask(0077);
	open = store_db_open(&store->write, store->path, true);
	umask(mask);
	if (!open) {
		log_error("%s: %s", store->path, store->write.error);
		goto fail;
	}
	closed = store_db_recover(&store->write, clock_real_ms(), clock_mono_ns());
	if (closed < 0) {
		log_error("%s: %s", store->path, store->write.error);
		goto fail;
	}
	if (closed)
		log_warning("%d unfinished session(s) of an earlier run closed as interrupted",
			    closed);
	store->writer = worker_start(mnd->base, PRIORITY_CLIENT);
	store->reader = store->writer ? worker_start(mnd->base, PRIORITY_REST) : NULL;
	if (!store->reader) {
		log_error("the store's threads cannot be started: %s", strerror(errno));
		goto fail;
	}
	mnd->store = store;
	return 0;
fail:
	if (store->lock >= 0)
		close(store->lock);
	free(store->path);
	free(store);
	return -1;
}

static void writer_ended(void *arg)
{
	struct store *store = arg;
	struct mnd *mnd = store->mnd;
	void (*ended)(struct mnd *) = store->ended;

	if (store->backlog)
		log_error("the record is incomplete: the last rows could not be written: %s",
			  store->write.error);
	while (store->backlog) {
		struct store_op *op = store->backlog;

		store->backlog = op->next;
		store_op_free(op);
	}
	store_db_close(&store->read);
	store_db_close(&store->write);
	close(store->lock);
	free(store->path);
	free(store);
	mnd->store = NULL;
	ended(mnd);
}

static void reader_ended(void *arg)
{
	struct store *store = arg;

	worker_finish(store->writer, writer_ended, store);
}

void store_end(struct mnd *mnd, void (*ended)(struct mnd *mnd))
{
	mnd->store->ended = ended;
	worker_finish(mnd->store->reader, reader_ended, mnd->store);
}

static void keep_for_later(struct store *store, struct store_write *write)
{
	if (write->first) {
		*store->backlog_end = write->first;
		store->backlog_end = write->last;
		write->first = NULL;
	}
}

static void free_list(struct store_op **list)
{
	while (*list) {
		struct store_op *op = *list;

		*list = op->next;
		store_op_free(op);
	}
}

static void run_write(struct job *job)
{
	struct store_write *write = (struct store_write *)job;
	struct store *store = write->store;

	if (store->backlog) {
		write->failed = !store_db_apply(&store->write, store->backlog);
		if (!write->failed) {
			free_list(&store->backlog);
			store->backlog_end = &store->backlog;
		}
	}
	if (!write->failed)
		write->failed = !store_db_apply(&store->write, write->first);
	if (!write->failed)
		return;
	memcpy(write->error, store->write.error, sizeof(write->error));
	if (!write->opens)
		keep_for_later(store, write);
}

static void write_done(struct job *job)
{
	struct store_write *write = (struct store_write *)job;

	if (write->failed)
		log_error("%s: %s", write->store->path, write->error);
	if (write->done)
		write->done(write->arg, write->failed ? write->error : NULL);
	free_list(&write->first);
	free(write);
}

struct store_write *store_write(const char *session)
{
	struct store_write *write = calloc(1, sizeof(*write));

	if (!write)
		return NULL;
	snprintf(write->session, sizeof(write->session), "%s", session);
	write->last = &write->first;
	write->job.run = run_write;
	write->job.done = write_done;
	return write;
}

static struct store_op *add_op(struct store_write *write, enum store_op_type type, int64_t mono_ns)
{
	struct store_op *op = calloc(1, sizeof(*op));

	if (!op) {
		write->no_memory = true;
		return NULL;
	}
	op->type = type;
	op->real_ms = clock_real_ms();
	op->mono_ns = mono_ns;
	memcpy(op->session, write->session, sizeof(op->session));
	*write->last = op;
	write->last = &op->next;
	return op;
}

void store_write_open(struct store_write *write, const struct store_session *open)
{
	struct store_op *op = add_op(write, STORE_OPEN, 0);

	write->opens = true;
	if (!op)
		return;
	op->open = malloc(sizeof(*open));
	if (op->open)
		*op->open = *open;
	else
		write->no_memory = true;
}

void store_write_event(struct store_write *write, const char *kind, int64_t mono_ns, json_t *data)
{
	struct store_op *op = add_op(write, STORE_EVENT, mono_ns);

	if (op) {
		snprintf(op->kind, sizeof(op->kind), "%s", kind);
		op->data = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);
		write->no_memory |= !op->data;
	}
	json_decref(data);
}

void store_write_strokes(struct store_write *write, uint64_t position,
			 const struct chain_stroke *strokes, size_t count)
{
	struct store_op *op = add_op(write, STORE_STROKES, (int64_t)strokes[count - 1].mono_ns);

	if (!op)
		return;
	op->position = position;
	op->count = count;
	op->strokes = calloc(count, sizeof(*strokes));
	if (op->strokes)
		memcpy(op->strokes, strokes, count * sizeof(*strokes));
	else
		write->no_memory = true;
}

void store_write_end(struct store_write *write, const char *outcome, int64_t strokes)
{
	struct store_op *op = add_op(write, STORE_END, 0);

	if (!op)
		return;
	snprintf(op->outcome, sizeof(op->outcome), "%s", outcome);
	op->total = strokes;
}

static void run_nothing(struct job *job)
{
	struct store_write *write = (struct store_write *)job;

	write->failed = true;
	snprintf(write->error, sizeof(write->error), "out of memory");
}

void store_submit(struct mnd *mnd, struct store_write *write,
		  void (*done)(void *arg, const char *error), void *arg)
{
	write->store = mnd->store;
	write->done = done;
	write->arg = arg;
	if (write->no_memory)
		write->job.run = run_nothing;
	worker_submit(mnd->store->writer, &write->job);
}

static void run_read(struct job *job)
{
	struct read_job *read = (struct read_job *)job;
	struct store_db *db = &read->store->read;

	if (!db->sql && !store_db_open(db, read->store->path, false)) {
		memcpy(read->error, db->error, sizeof(read->error));
		return;
	}
	db->error[0] = '\0';
	switch (read->type) {
	case READ_LIST:
		read->found = true;
		read->answer = store_db_list(db, &read->reader, read->limit);
		break;
	case READ_SHOW:
		read->answer = store_db_show(db, &read->reader, read->session, &read->found);
		break;
	case READ_STROKES:
		read->answer = store_db_strokes(db, &read->reader, read->session, read->after,
						read->limit, &read->found);
		break;
	}
	memcpy(read->error, db->error, sizeof(read->error));
}

static void read_done(struct job *job)
{
	struct read_job *read = (struct read_job *)job;

	if (!read->answer && *read->error)
		log_error("%s: %s", read->store->path, read->error);
	read->done(read->arg, read->answer, !read->answer && *read->error ? read->error : NULL);
	free(read);
}

/* A read begins as a job of the writer, behind all that was written before it */
static void pass_writer(struct job *job)
{
	(void)job;
}

static void to_reader(struct job *job)
{
	struct read_job *read = (struct read_job *)job;

	if (read->store->ended) {
		/* The reader may be gone already */
		snprintf(read->error, sizeof(read->error), "the daemon is ending");
		read_done(job);
		return;
	}
	job->run = run_read;
	job->done = read_done;
	worker_submit(read->store->reader, job);
}

static void submit_read(struct mnd *mnd, enum read_type type, const struct store_reader *reader,
			const char *session, int64_t after, int64_t limit, store_read_done done,
			void *arg)
{
	struct read_job *read = calloc(1, sizeof(*read));

	if (!read) {
		done(arg, NULL, "out of memory");
		return;
	}
	read->job.run = pass_writer;
	read->job.done = to_reader;
	read->store = mnd->store;
	read->type = type;
	read->reader = *reader;
	snprintf(read->session, sizeof(read->session), "%s", session);
	read->after = after;
	read->limit = limit;
	read->done = done;
	read->arg = arg;
	worker_submit(mnd->store->writer, &read->job);
}

void store_list(struct mnd *mnd, const struct store_reader *reader, int64_t limit,
		store_read_done done, void *arg)
{
	submit_read(mnd, READ_LIST, reader, "", 0, limit, done, arg);
}

void store_show(struct mnd *mnd, const struct store_reader *reader, const char *session,
		store_read_done done, void *arg)
{
	submit_read(mnd, READ_SHOW, reader, session, 0, 0, done, arg);
}

void store_strokes(struct mnd *mnd, const struct store_reader *reader, const char *session,
		   int64_t after, int64_t limit, store_read_done done, void *arg)
{
	submit_read(mnd, READ_STROKES, reader, session, after, limit, done, arg);
}
