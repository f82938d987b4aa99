/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record, seen from the loop: writes that are told when they are durable, reads that come back
 * as JSON. One thread writes; another reads, so that a long read does not keep an arm waiting.
 */
#ifndef STORE_H
#define STORE_H

#include <jansson.h>
#include <stdint.h>

#include "chain.h"
#include "store_db.h"

struct mnd;
struct store_write;

/* Opens, migrates, and closes sessions that were left open. 0, or -1 after a log line. Blocks. */
int store_start(struct mnd *mnd);

/* What was submitted is still written; then ended(mnd) */
void store_end(struct mnd *mnd, void (*ended)(struct mnd *mnd));

/*
 * A write is a list of operations that become durable together. NULL without memory; adding to a
 * write that lacks memory makes it fail when it is submitted. The data of an event is taken over.
 */
struct store_write *store_write(const char *session);
void store_write_open(struct store_write *write, const struct store_session *open);
void store_write_event(struct store_write *write, const char *kind, int64_t mono_ns, json_t *data);
void store_write_strokes(struct store_write *write, uint64_t position,
			 const struct chain_stroke *strokes, size_t count);
void store_write_end(struct store_write *write, const char *outcome, int64_t strokes);

/*
 * done() in the loop, with NULL once it is durable, else with why not. What failed is written
 * before whatever is written next, unless the write opens a session: then it is forgotten.
 */
void store_submit(struct mnd *mnd, struct store_write *write,
		  void (*done)(void *arg, const char *error), void *arg);

/*
 * Reads see all that was submitted before. done() gets the answer to keep, or NULL: with an error,
 * or with none if there is no such record for this reader.
 */
typedef void (*store_read_done)(void *arg, json_t *answer, const char *error);

void store_list(struct mnd *mnd, const struct store_reader *reader, int64_t limit,
		store_read_done done, void *arg);
void store_show(struct mnd *mnd, const struct store_reader *reader, const char *session,
		store_read_done done, void *arg);
void store_strokes(struct mnd *mnd, const struct store_reader *reader, const char *session,
		   int64_t after, int64_t limit, store_read_done done, void *arg);

#endif
