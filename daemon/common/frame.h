/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Line framing: bytes from a stream in, whole lines out.
 *
 * A line ends with LF; a CR before it is part of the line (JSON ignores it). A line longer than the
 * limit is reported once, as soon as the limit is passed, and discarded up to its LF, so that the
 * stream goes on with the next line. So is a line that holds a NUL.
 */
#ifndef MN_FRAME_H
#define MN_FRAME_H

#include <stdbool.h>
#include <stddef.h>

/* The longest request that the daemon takes, without its LF */
#define MN_LINE_BYTES 65536

enum mn_frame_result {
	MN_FRAME_MORE, /* no whole line is held, read more */
	MN_FRAME_LINE, /* a line, NUL terminated in place, valid until the next call */
	MN_FRAME_TOO_LONG, /* a line passed the limit */
	MN_FRAME_NUL, /* a line held a NUL */
};

struct mn_frame {
	char *data;
	size_t start; /* of what is not yet given out */
	size_t end;
	size_t scanned; /* no LF between start and here */
	size_t capacity;
	size_t limit;
	bool skipping; /* inside a line that was reported as too long */
};

void mn_frame_init(struct mn_frame *frame, size_t limit);
void mn_frame_free(struct mn_frame *frame);

/* Room for at least one byte; NULL without memory. Fill it and tell how many with commit. */
char *mn_frame_space(struct mn_frame *frame, size_t *room);
void mn_frame_commit(struct mn_frame *frame, size_t bytes);

enum mn_frame_result mn_frame_next(struct mn_frame *frame, char **line, size_t *length);

/* A line has begun and its end has not come */
bool mn_frame_partial(const struct mn_frame *frame);

#endif
