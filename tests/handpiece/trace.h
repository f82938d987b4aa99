/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace: one JSON object a line, {"mono_ns":N,"ev":NAME,...}. */
#ifndef HP_TRACE_H
#define HP_TRACE_H

#include <stdint.h>
#include <stdio.h>

struct hp_trace {
	FILE *file; /* NULL: nothing is written */
};

/* @fields: the further members as JSON text, e.g. "\"number\":%u", or "" */
void hp_trace(struct hp_trace *t, uint64_t now, const char *ev, const char *fields, ...)
	__attribute__((format(printf, 4, 5)));
/* 0 or -errno */
int hp_trace_open(struct hp_trace *t, const char *path);
void hp_trace_flush(struct hp_trace *t);
void hp_trace_close(struct hp_trace *t);

#endif /* HP_TRACE_H */
