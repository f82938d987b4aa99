// SPDX-License-Identifier: GPL-2.0-or-later
#include "when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *format(char text[WHEN_TEXT], const char *iso, const char *how)
{
	struct tm tm = { 0 };
	time_t time;

	if (!strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm)) {
		snprintf(text, WHEN_TEXT, "%s", iso);
		return text;
	}
	time = timegm(&tm);
	if (!localtime_r(&time, &tm) || !strftime(text, WHEN_TEXT, how, &tm))
		snprintf(text, WHEN_TEXT, "%s", iso);
	return text;
}

const char *when_full(char text[WHEN_TEXT], const char *iso)
{
	return format(text, iso, "%Y-%m-%d %H:%M:%S");
}

const char *when_clock(char text[WHEN_TEXT], const char *iso)
{
	return format(text, iso, "%H:%M:%S");
}

const char *when_now(char text[WHEN_TEXT])
{
	struct timespec now;
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!localtime_r(&now.tv_sec, &tm))
		memset(&tm, 0, sizeof(tm));
	len = strftime(text, WHEN_TEXT, "%H:%M:%S", &tm);
	snprintf(text + len, WHEN_TEXT - len, ".%03ld", now.tv_nsec / 1000000);
	return text;
}
