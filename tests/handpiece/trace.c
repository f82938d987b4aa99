// SPDX-License-Identifier: GPL-2.0-or-later
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

/* Written out when idle: a write may wait for a disk or a host, a stroke may not */
#define BUFFER_BYTES (1 << 20)

void hp_trace(struct hp_trace *t, uint64_t now, const char *ev, const char *fields, ...)
{
	va_list ap;

	if (!t->file)
		return;
	fprintf(t->file, "{\"mono_ns\":%" PRIu64 ",\"ev\":\"%s\"", now, ev);
	if (*fields) {
		fputc(',', t->file);
		va_start(ap, fields);
		vfprintf(t->file, fields, ap);
		va_end(ap);
	}
	fputs("}\n", t->file);
}

int hp_trace_open(struct hp_trace *t, const char *path)
{
	t->file = fopen(path, "we");
	if (!t->file)
		return -errno;
	setvbuf(t->file, NULL, _IOFBF, BUFFER_BYTES);
	return 0;
}

void hp_trace_flush(struct hp_trace *t)
{
	if (t->file)
		fflush(t->file);
}

void hp_trace_close(struct hp_trace *t)
{
	if (t->file)
		fclose(t->file);
	t->file = NULL;
}
