// SPDX-License-Identifier: GPL-2.0-or-later
#include "tell.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LINE 512

static int log_fd = STDERR_FILENO;

void tell_open(void)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		log_fd = fd;
}

/* One write is one record, which nothing comes between. */
static void put(const char *head, const char *format, va_list arguments)
{
	char text[LINE - 128], line[LINE];
	ssize_t size;
	int length;

	vsnprintf(text, sizeof(text), format, arguments);
	length = snprintf(line, sizeof(line), "arm64: %s%s\n", head, text);
	size = write(log_fd, line, (size_t)length);
	(void)size;
}

void tell(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put("", format, arguments);
	va_end(arguments);
}

bool check(bool ok, const char *what, const char *seen, ...)
{
	char head[128];
	va_list arguments;

	snprintf(head, sizeof(head), "%s: %s: ", ok ? "ok" : "not ok", what);
	va_start(arguments, seen);
	put(head, seen, arguments);
	va_end(arguments);
	return ok;
}
