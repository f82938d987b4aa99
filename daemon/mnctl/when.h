/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times of the record (ISO 8601 UTC) in the time of the place where they are read */
#ifndef MNCTL_WHEN_H
#define MNCTL_WHEN_H

#define WHEN_TEXT 40

/* "2026-03-01 14:05:09", or the text as it is where it is no such time */
const char *when_full(char text[WHEN_TEXT], const char *iso);
/* "14:05:09" */
const char *when_clock(char text[WHEN_TEXT], const char *iso);
/* The time now, with milliseconds: "14:05:09.123" */
const char *when_now(char text[WHEN_TEXT]);

#endif
