// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines out of a stream, however the stream is cut */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/frame.h"

#define LIMIT 32

static void feed(struct mn_frame *frame, const char *bytes, size_t count)
{
	while (count) {
		size_t room;
		char *space = mn_frame_space(frame, &room);
		size_t now = count < room ? count : room;

		assert_non_null(space);
		assert_true(room > 0);
		memcpy(space, bytes, now);
		mn_frame_commit(frame, now);
		bytes += now;
		count -= now;
	}
}

#define OUT 512

static void add(char *out, const char *format, const char *text)
{
	size_t used = strlen(out);

	assert_true(snprintf(out + used, OUT - used, format, text) < (int)(OUT - used));
}

/* What comes out, as text: lines in <>, T for too long, N for NUL */
static void collect(struct mn_frame *frame, char *out)
{
	size_t length;
	char *line;

	for (;;) {
		switch (mn_frame_next(frame, &line, &length)) {
		case MN_FRAME_MORE:
			return;
		case MN_FRAME_LINE:
			assert_int_equal(strlen(line), length);
			add(out, "<%s>", line);
			break;
		case MN_FRAME_TOO_LONG:
			add(out, "%s", "T");
			break;
		case MN_FRAME_NUL:
			add(out, "%s", "N");
			break;
		}
	}
}

/*
 * Several messages, an empty one, one at the limit, one beyond it, one with a NUL, and half a line
 */
static const char stream[] =
	"one\n"
	"\n"
	"{\"two\": 2}\n"
	"0123456789abcdef0123456789abcdef\n"
	"0123456789abcdef0123456789abcdef0\n"
	"three\n"
	"fo\0ur\n"
	"five\n"
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789\n"
	"six\n"
	"hal";
static const char expected[] =
	"<one><><{\"two\": 2}><0123456789abcdef0123456789abcdef>T<three>N<five>T<six>";

static void cut_at_every_byte(void **state)
{
	size_t size = sizeof(stream) - 1;

	(void)state;
	for (size_t cut = 0; cut <= size; cut++) {
		char out[OUT] = "";
		struct mn_frame frame;

		mn_frame_init(&frame, LIMIT);
		feed(&frame, stream, cut);
		collect(&frame, out);
		feed(&frame, stream + cut, size - cut);
		collect(&frame, out);
		assert_string_equal(out, expected);
		assert_true(mn_frame_partial(&frame));
		feed(&frame, "f\n", 2);
		collect(&frame, out);
		assert_string_equal(out + sizeof(expected) - 1, "<half>");
		assert_false(mn_frame_partial(&frame));
		mn_frame_free(&frame);
	}
}

static void cut_at_every_two_bytes(void **state)
{
	size_t size = sizeof(stream) - 1;

	(void)state;
	for (size_t a = 0; a <= size; a++) {
		for (size_t b = a; b <= size; b++) {
			char out[OUT] = "";
			struct mn_frame frame;

			mn_frame_init(&frame, LIMIT);
			feed(&frame, stream, a);
			collect(&frame, out);
			feed(&frame, stream + a, b - a);
			collect(&frame, out);
			feed(&frame, stream + b, size - b);
			collect(&frame, out);
			assert_string_equal(out, expected);
			mn_frame_free(&frame);
		}
	}
}

static void byte_by_byte(void **state)
{
	struct mn_frame frame;
	char out[OUT] = "";

	(void)state;
	mn_frame_init(&frame, LIMIT);
	for (size_t i = 0; i < sizeof(stream) - 1; i++) {
		feed(&frame, stream + i, 1);
		collect(&frame, out);
	}
	assert_string_equal(out, expected);
	mn_frame_free(&frame);
}

static void all_at_once_then_collected(void **state)
{
	struct mn_frame frame;
	char out[OUT] = "";

	(void)state;
	mn_frame_init(&frame, LIMIT);
	feed(&frame, stream, sizeof(stream) - 1);
	collect(&frame, out);
	assert_string_equal(out, expected);
	mn_frame_free(&frame);
}

static void too_long_is_told_before_its_end(void **state)
{
	struct mn_frame frame;
	char out[OUT] = "";

	(void)state;
	mn_frame_init(&frame, 4);
	feed(&frame, "12345", 5);
	collect(&frame, out);
	assert_string_equal(out, "T");
	assert_true(mn_frame_partial(&frame));
	for (int i = 0; i < 1000; i++) {
		feed(&frame, "more and more", 13);
		collect(&frame, out);
	}
	assert_string_equal(out, "T");
	feed(&frame, "\nok\n", 4);
	collect(&frame, out);
	assert_string_equal(out, "T<ok>");
	assert_false(mn_frame_partial(&frame));
	mn_frame_free(&frame);
}

static void real_limit(void **state)
{
	char *line = malloc(MN_LINE_BYTES + 2);
	struct mn_frame frame;
	size_t length;
	char *text;

	(void)state;
	memset(line, 'x', MN_LINE_BYTES + 1);
	line[MN_LINE_BYTES] = '\n';
	mn_frame_init(&frame, MN_LINE_BYTES);
	feed(&frame, line, MN_LINE_BYTES + 1);
	assert_int_equal(mn_frame_next(&frame, &text, &length), MN_FRAME_LINE);
	assert_int_equal(length, MN_LINE_BYTES);
	line[MN_LINE_BYTES] = 'x';
	line[MN_LINE_BYTES + 1] = '\n';
	feed(&frame, line, MN_LINE_BYTES + 2);
	assert_int_equal(mn_frame_next(&frame, &text, &length), MN_FRAME_TOO_LONG);
	assert_int_equal(mn_frame_next(&frame, &text, &length), MN_FRAME_MORE);
	assert_false(mn_frame_partial(&frame));
	mn_frame_free(&frame);
	free(line);
}

static void memory_is_bounded_and_given_back(void **state)
{
	char block[1000];
	struct mn_frame frame;
	size_t length;
	char *line;

	(void)state;
	memset(block, 'y', sizeof(block));
	mn_frame_init(&frame, MN_LINE_BYTES);
	for (int i = 0; i < 1000; i++) {
		feed(&frame, block, sizeof(block));
		mn_frame_next(&frame, &line, &length);
		assert_true(frame.capacity <= (size_t)MN_LINE_BYTES * 4);
	}
	feed(&frame, "\n", 1);
	assert_int_equal(mn_frame_next(&frame, &line, &length), MN_FRAME_MORE);
	assert_true(frame.capacity <= 16384);
	mn_frame_free(&frame);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cut_at_every_byte),
		TEST(cut_at_every_two_bytes),
		TEST(byte_by_byte),
		TEST(all_at_once_then_collected),
		TEST(too_long_is_told_before_its_end),
		TEST(real_limit),
		TEST(memory_is_bounded_and_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
