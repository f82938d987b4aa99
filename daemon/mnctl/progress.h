/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a run is: a bar that is redrawn in place on a terminal, whole lines at most one a second
 * elsewhere. The text is made by a pure function of numbers and time.
 */
#ifndef MNCTL_PROGRESS_H
#define MNCTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Room for one line of progress; the bar takes what is left of the terminal's width up to this */
#define PROGRESS_TEXT 256

/**
 * struct progress - What is shown.
 * @out: Where lines go.
 * @terminal: Redraw in place.
 * @colour: Use colours.
 * @width: Columns of the terminal.
 * @done: Strokes made.
 * @planned: Strokes planned; 0 when not known.
 * @punctures_done: Punctures made.
 * @depth_um: Measured depth of the last stroke; 0 when not known.
 * @rate_mhz: Set stroke rate, from which the time left is told until enough was seen.
 * @running: Needles move now; the time left stands still while they do not.
 * @started_done: Value of @done at which this run began.
 * @ran_ms: Time that needles moved in this run.
 * @seen_ms: Time of the last update.
 * @printed_ms: Time at which a line was printed last; -1 never.
 * @drawn: A bar is on the terminal's last line.
 */
struct progress {
	FILE *out;
	bool terminal;
	bool colour;
	int width;
	int64_t done;
	int64_t planned;
	int64_t punctures_done;
	int64_t depth_um;
	int64_t rate_mhz;
	bool running;
	int64_t started_done;
	int64_t ran_ms;
	int64_t seen_ms;
	int64_t printed_ms;
	bool drawn;
};

/**
 * progress_start() - Begin to show a run.
 * @p: Set to what is known; @p->out, @p->planned, @p->done and @p->rate_mhz must be set by the
 *	caller.
 * @now_ms: The time, of any clock that only goes forward.
 */
void progress_start(struct progress *p, int64_t now_ms);

/**
 * progress_update() - Take note of new numbers, and show them if it is time to.
 * @p: The run.
 * @now_ms: The time.
 * @running: Needles move now.
 * @done: Strokes made.
 */
void progress_update(struct progress *p, int64_t now_ms, bool running, int64_t done);

/**
 * progress_line() - Print a line of its own, above the bar if there is one.
 * @p: The run.
 * @text: The line, without its end.
 */
void progress_line(struct progress *p, const char *text);

/* Leave the bar as it is and go to a new line */
void progress_finish(struct progress *p);

/* Milliseconds left, -1 when that cannot be told */
int64_t progress_left_ms(const struct progress *p);

/* The line for a log: "  25 %  1,000 of 4,000 strokes, 0.49 mm, 31 s left" */
void progress_plain(const struct progress *p, char text[PROGRESS_TEXT]);

/* The line for a terminal of @p->width columns, never longer than that */
void progress_bar(const struct progress *p, char text[PROGRESS_TEXT]);

#endif
