// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "frame.h"

/* What is read at once; the buffer grows by this up to the limit */
#define CHUNK ((size_t)4096)

void mn_frame_init(struct mn_frame *frame, size_t limit)
{
	memset(frame, 0, sizeof(*frame));
	frame->limit = limit;
}

void mn_frame_free(struct mn_frame *frame)
{
	free(frame->data);
	mn_frame_init(frame, frame->limit);
}

char *mn_frame_space(struct mn_frame *frame, size_t *room)
{
	if (frame->start) {
		memmove(frame->data, frame->data + frame->start, frame->end - frame->start);
		frame->end -= frame->start;
		frame->scanned -= frame->start;
		frame->start = 0;
	}
	if (frame->capacity - frame->end < CHUNK) {
		size_t capacity = frame->capacity ? frame->capacity * 2 : CHUNK * 2;
		char *data = realloc(frame->data, capacity);

		if (!data)
			return NULL;
		frame->data = data;
		frame->capacity = capacity;
	}
	*room = frame->capacity - frame->end;
	return frame->data + frame->end;
}

void mn_frame_commit(struct mn_frame *frame, size_t bytes)
{
	frame->end += bytes;
}

static void consume(struct mn_frame *frame, size_t upto)
{
	frame->start = upto;
	frame->scanned = upto;
	if (frame->start == frame->end) {
		frame->start = 0;
		frame->end = 0;
		frame->scanned = 0;
		/* A peer that sent one long line must not keep that much of our memory */
		if (frame->capacity > CHUNK * 4) {
			free(frame->data);
			frame->data = NULL;
			frame->capacity = 0;
		}
	}
}

enum mn_frame_result mn_frame_next(struct mn_frame *frame, char **line, size_t *length)
{
	for (;;) {
		size_t begin = frame->start;
		size_t size;
		char *lf = NULL;

		if (frame->end > frame->scanned)
			lf = memchr(frame->data + frame->scanned, '\n',
				    frame->end - frame->scanned);
		frame->scanned = frame->end;

		if (!lf) {
			size = frame->end - begin;
			if (frame->skipping) {
				consume(frame, frame->end);
			} else if (size > frame->limit) {
				frame->skipping = true;
				consume(frame, frame->end);
				return MN_FRAME_TOO_LONG;
			}
			return MN_FRAME_MORE;
		}

		size = (size_t)(lf - (frame->data + begin));
		frame->start = begin + size + 1;
		frame->scanned = frame->start;
		if (frame->skipping) {
			frame->skipping = false;
			continue;
		}
		if (size > frame->limit)
			return MN_FRAME_TOO_LONG;
		*line = frame->data + begin;
		*length = size;
		(*line)[size] = '\0';
		if (memchr(*line, '\0', size))
			return MN_FRAME_NUL;
		return MN_FRAME_LINE;
	}
}

bool mn_frame_partial(const struct mn_frame *frame)
{
	return frame->skipping || frame->end > frame->start;
}
