// SPDX-License-Identifier: GPL-2.0-or-later
#include "progress.h"

#include <string.h>

#include "units.h"

/* Seen for less than this, the set rate tells more about the time left than what was counted */
#define TRUST_MS 1000
#define PLAIN_EVERY_MS 1000
#define BAR_MIN 10
#define BAR_MAX 40

static int percent(const struct progress *p)
{
	if (p->planned <= 0)
		return 0;
	if (p->done >= p->planned)
		return 100;
	return (int)(p->done * 100 / p->planned);
}

int64_t progress_left_ms(const struct progress *p)
{
	int64_t made = p->done - p->started_done;
	int64_t left = p->planned - p->done;

	if (p->planned <= 0)
		return -1;
	if (left <= 0)
		return 0;
	if (p->ran_ms >= TRUST_MS && made > 0)
		return left * p->ran_ms / made;
	if (p->rate_mhz > 0)
		return left * 1000000 / p->rate_mhz;
	return -1;
}

/* What stands behind the percentage; both shapes share it */
static void details(const struct progress *p, char text[PROGRESS_TEXT])
{
	char done[UNITS_TEXT], planned[UNITS_TEXT], depth[UNITS_TEXT], left[UNITS_TEXT];
	int64_t left_ms = progress_left_ms(p);
	int n;

	n = snprintf(text, PROGRESS_TEXT, "%s of %s strokes", units_count(done, p->done),
		     units_count(planned, p->planned));
	if (p->depth_um > 0)
		n += snprintf(text + n, PROGRESS_TEXT - (size_t)n, ", %s",
			      units_depth(depth, p->depth_um));
	if (!p->running && p->done < p->planned)
		snprintf(text + n, PROGRESS_TEXT - (size_t)n, ", paused");
	else if (left_ms >= 0 && p->done < p->planned)
		snprintf(text + n, PROGRESS_TEXT - (size_t)n, ", %s left",
			 units_time(left, left_ms));
}

void progress_plain(const struct progress *p, char text[PROGRESS_TEXT])
{
	char tail[PROGRESS_TEXT];

	details(p, tail);
	snprintf(text, PROGRESS_TEXT, "%3d %%  %.200s", percent(p), tail);
}

void progress_bar(const struct progress *p, char text[PROGRESS_TEXT])
{
	char tail[PROGRESS_TEXT], bar[BAR_MAX + 1];
	int room, filled, width = p->width;

	details(p, tail);
	if (width > PROGRESS_TEXT - 1)
		width = PROGRESS_TEXT - 1;
	/* "[bar] 100 %  tail", and the last column stays free: some terminals wrap when it is hit */
	room = width - 1 - (int)strlen(tail) - (int)strlen("[] 100 %  ");
	if (room > BAR_MAX)
		room = BAR_MAX;
	if (room < BAR_MIN) {
		snprintf(text, PROGRESS_TEXT, "%3d %%  %.200s", percent(p), tail);
		if (width > 0 && strlen(text) > (size_t)width - 1)
			text[width - 1] = '\0';
		return;
	}
	filled = percent(p) * room / 100;
	for (int i = 0; i < room; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[room] = '\0';
	snprintf(text, PROGRESS_TEXT, "[%s] %3d %%  %.180s", bar, percent(p), tail);
}

static void draw(struct progress *p)
{
	char text[PROGRESS_TEXT];

	progress_bar(p, text);
	fprintf(p->out, "\r%s%s%s\033[K", p->colour ? (p->running ? "\033[32m" : "\033[33m") : "",
		text, p->colour ? "\033[0m" : "");
	fflush(p->out);
	p->drawn = true;
}

void progress_start(struct progress *p, int64_t now_ms)
{
	p->started_done = p->done;
	p->ran_ms = 0;
	p->seen_ms = now_ms;
	p->printed_ms = -1;
	p->drawn = false;
}

void progress_update(struct progress *p, int64_t now_ms, bool running, int64_t done)
{
	char text[PROGRESS_TEXT];
	bool changed = done != p->done || running != p->running;

	if (p->running)
		p->ran_ms += now_ms - p->seen_ms;
	p->seen_ms = now_ms;
	p->running = running;
	if (done > p->done)
		p->done = done;
	if (p->terminal) {
		draw(p);
		return;
	}
	if (!changed || (p->printed_ms >= 0 && now_ms - p->printed_ms < PLAIN_EVERY_MS))
		return;
	p->printed_ms = now_ms;
	progress_plain(p, text);
	fprintf(p->out, "%s\n", text);
	fflush(p->out);
}

void progress_line(struct progress *p, const char *text)
{
	if (p->drawn)
		fputs("\r\033[K", p->out);
	fprintf(p->out, "%s\n", text);
	if (p->drawn)
		draw(p);
	fflush(p->out);
}

void progress_finish(struct progress *p)
{
	if (p->drawn)
		fputc('\n', p->out);
	fflush(p->out);
	p->drawn = false;
}
