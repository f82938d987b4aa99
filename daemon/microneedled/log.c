// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"

/* No more than a pipe takes in one piece, so that a writable stderr never blocks */
#define LINE 1024

static atomic_uint dropped;

static void put(const char *text, size_t length)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT) ||
	    write(STDERR_FILENO, text, length) < 0)
		atomic_fetch_add(&dropped, 1);
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LINE];
	unsigned int lost = atomic_exchange(&dropped, 0);
	bool journal = getenv("JOURNAL_STREAM");
	int used = 0;
	int length;
	va_list args;

	if (lost) {
		length = snprintf(line, sizeof(line), "%smicroneedled: %u log lines were dropped\n",
				  journal ? "<4>" : "", lost);
		put(line, (size_t)length);
	}
	if (journal)
		used = snprintf(line, sizeof(line), "<%d>", (int)level);
	else
		used = snprintf(line, sizeof(line), "microneedled: ");
	va_start(args, format);
	length = vsnprintf(line + used, sizeof(line) - 1 - (size_t)used, format, args);
	va_end(args);
	used += length;
	if (used > (int)sizeof(line) - 2)
		used = (int)sizeof(line) - 2;
	line[used++] = '\n';
	put(line, (size_t)used);
}
