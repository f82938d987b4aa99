// SPDX-License-Identifier: GPL-2.0-or-later
/* What a run looks like on a terminal and in a log */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mnctl/progress.h"

struct page {
	struct progress p;
	char *text;
	size_t size;
};

static int open_page(void **state)
{
	struct page *page = calloc(1, sizeof(*page));

	page->p.out = open_memstream(&page->text, &page->size);
	page->p.planned = 4000;
	page->p.rate_mhz = 100000;
	page->p.width = 80;
	*state = page;
	return page->p.out ? 0 : -1;
}

static int close_page(void **state)
{
	struct page *page = *state;

	fclose(page->p.out);
	free(page->text);
	free(page);
	return 0;
}

static int lines(const struct page *page)
{
	int n = 0;

	for (size_t i = 0; i < page->size; i++)
		n += page->text[i] == '\n';
	return n;
}

static void the_set_rate_tells_the_time_left_at_first(void **state)
{
	struct page *page = *state;

	progress_start(&page->p, 0);
	assert_int_equal(progress_left_ms(&page->p), 40000);
}

static void then_what_was_seen_does(void **state)
{
	struct page *page = *state;

	progress_start(&page->p, 0);
	progress_update(&page->p, 0, true, 0);
	/* 500 strokes in 10 s: half the set rate */
	progress_update(&page->p, 10000, true, 500);
	assert_int_equal(progress_left_ms(&page->p), 70000);
}

static void a_pause_does_not_count_as_time_at_work(void **state)
{
	struct page *page = *state;

	progress_start(&page->p, 0);
	progress_update(&page->p, 0, true, 0);
	progress_update(&page->p, 10000, false, 1000);
	progress_update(&page->p, 100000, true, 1000);
	progress_update(&page->p, 110000, true, 2000);
	assert_int_equal(progress_left_ms(&page->p), 20000);
}

static void strokes_of_earlier_runs_do_not_make_it_look_faster(void **state)
{
	struct page *page = *state;

	page->p.done = 2000;
	progress_start(&page->p, 0);
	progress_update(&page->p, 0, true, 2000);
	progress_update(&page->p, 10000, true, 3000);
	assert_int_equal(progress_left_ms(&page->p), 10000);
}

static void nothing_known_gives_no_time(void **state)
{
	struct page *page = *state;

	page->p.planned = 0;
	progress_start(&page->p, 0);
	assert_int_equal(progress_left_ms(&page->p), -1);
	page->p.planned = 10;
	page->p.rate_mhz = 0;
	assert_int_equal(progress_left_ms(&page->p), -1);
	page->p.done = 12;
	assert_int_equal(progress_left_ms(&page->p), 0);
}

static void a_log_gets_one_line_a_second_at_most(void **state)
{
	struct page *page = *state;

	progress_start(&page->p, 0);
	for (int ms = 0; ms <= 5000; ms += 10)
		progress_update(&page->p, ms, true, ms / 10);
	assert_int_equal(lines(page), 6);
	assert_null(strpbrk(page->text, "\r\033"));
	assert_non_null(strstr(page->text, " 12 %  500 of 4,000 strokes, 35 s left\n"));
}

static void a_log_gets_nothing_while_nothing_changes(void **state)
{
	struct page *page = *state;

	progress_start(&page->p, 0);
	for (int ms = 0; ms <= 60000; ms += 100)
		progress_update(&page->p, ms, false, 0);
	fflush(page->p.out);
	assert_int_equal(lines(page), 0);
}

static void plain_text(void **state)
{
	struct page *page = *state;
	char text[PROGRESS_TEXT];

	page->p.depth_um = 490;
	progress_start(&page->p, 0);
	page->p.running = true;
	page->p.done = 1000;
	progress_plain(&page->p, text);
	assert_string_equal(text, " 25 %  1,000 of 4,000 strokes, 0.49 mm, 30 s left");
	page->p.running = false;
	progress_plain(&page->p, text);
	assert_string_equal(text, " 25 %  1,000 of 4,000 strokes, 0.49 mm, paused");
	page->p.done = 3999;
	progress_plain(&page->p, text);
	/* Not 100 before it is done */
	assert_non_null(strstr(text, " 99 %"));
	page->p.done = 4000;
	progress_plain(&page->p, text);
	assert_string_equal(text, "100 %  4,000 of 4,000 strokes, 0.49 mm");
}

static void the_bar_fits_every_width(void **state)
{
	struct page *page = *state;
	char text[PROGRESS_TEXT];

	page->p.depth_um = 1505;
	page->p.running = true;
	for (int64_t done = 0; done <= 4000; done += 100)
		for (int width = 1; width < 400; width++) {
			page->p.done = done;
			page->p.width = width;
			progress_bar(&page->p, text);
			assert_true(strlen(text) < (size_t)width || width == 1);
			assert_true(strlen(text) < PROGRESS_TEXT);
		}
}

static void the_bar_fills(void **state)
{
	struct page *page = *state;
	char text[PROGRESS_TEXT];

	page->p.running = true;
	page->p.width = 100;
	page->p.done = 2000;
	progress_bar(&page->p, text);
	assert_string_equal(
		text,
		"[####################....................]  50 %  2,000 of 4,000 strokes, 20 s left");
	page->p.done = 4000;
	progress_bar(&page->p, text);
	assert_string_equal(
		text, "[########################################] 100 %  4,000 of 4,000 strokes");
}

static void a_terminal_is_redrawn_in_place(void **state)
{
	struct page *page = *state;

	page->p.terminal = true;
	progress_start(&page->p, 0);
	progress_update(&page->p, 0, true, 0);
	progress_update(&page->p, 100, true, 10);
	assert_int_equal(lines(page), 0);
	progress_line(&page->p, "Paused.");
	/* The bar is wiped, the line stands alone, the bar is drawn anew below it */
	assert_non_null(strstr(page->text, "\r\033[KPaused.\n\r["));
	progress_finish(&page->p);
	assert_int_equal(page->text[page->size - 1], '\n');
}

static void colours_only_where_they_are_wanted(void **state)
{
	struct page *page = *state;

	page->p.terminal = true;
	progress_start(&page->p, 0);
	progress_update(&page->p, 0, true, 0);
	assert_null(strstr(page->text, "\033[3"));
	page->p.colour = true;
	progress_update(&page->p, 100, true, 10);
	assert_non_null(strstr(page->text, "\033[32m"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_page, close_page)
	const struct CMUnitTest tests[] = {
		TEST(the_set_rate_tells_the_time_left_at_first),
		TEST(then_what_was_seen_does),
		TEST(a_pause_does_not_count_as_time_at_work),
		TEST(strokes_of_earlier_runs_do_not_make_it_look_faster),
		TEST(nothing_known_gives_no_time),
		TEST(a_log_gets_one_line_a_second_at_most),
		TEST(a_log_gets_nothing_while_nothing_changes),
		TEST(plain_text),
		TEST(the_bar_fits_every_width),
		TEST(the_bar_fills),
		TEST(a_terminal_is_redrawn_in_place),
		TEST(colours_only_where_they_are_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
