// SPDX-License-Identifier: GPL-2.0-or-later
/* Command lines: what is understood, and what is said about the rest */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mnctl/args.h"

static const char *const fruits[] = { "apple", "pear", "plum", NULL };

static const struct arg_option eat_options[] = {
	{ "depth", ARG_DEPTH, "DEPTH", "How deep", NULL, false },
	{ "fruit", ARG_WORDS, "FRUITS", "Which", fruits, false },
	{ "one", ARG_WORD, "FRUIT", "Which one", fruits, false },
	{ "note", ARG_TEXT, "TEXT", "What to say", NULL, false },
	{ "slowly", ARG_FLAG, NULL, "Take time", NULL, false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

static const struct arg_option must_options[] = {
	{ "rate", ARG_RATE, "RATE", "How fast", NULL, true },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

static const struct arg_operand two[] = {
	{ "FIRST", ARG_TEXT, true },
	{ "SECOND", ARG_TEXT, false },
	{ NULL, ARG_FLAG, false },
};

static const struct verb below[] = {
	{ .name = "eat", .operands = two, .options = eat_options, .help = "Eat" },
	{ .name = NULL },
};

static const struct verb verbs[] = {
	{ .name = "look", .help = "Look" },
	{ .name = "must", .options = must_options, .help = "Must" },
	{ .name = "meal", .verbs = below, .help = "Meals" },
	{ .name = NULL },
};

static struct args args;
static char why[ARGS_WHY];

/* One string, split at blanks */
static int parse(const char *line)
{
	static char copy[1000];
	char *argv[40] = { (char *)"mnctl" };
	char *rest = NULL;
	int argc = 1;

	why[0] = '\0';
	strncpy(copy, line, sizeof(copy) - 1);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	return args_parse(&args, verbs, argc, argv, why);
}

static void accepts(const char *line)
{
	if (parse(line))
		fail_msg("\"%s\" was refused: %s", line, why);
}

static void refuses(const char *line, const char *because)
{
	if (!parse(line))
		fail_msg("\"%s\" was accepted", line);
	if (!strstr(why, because))
		fail_msg("\"%s\" was refused with: %s", line, why);
}

static void verbs_are_found(void **state)
{
	(void)state;
	accepts("look");
	assert_string_equal(args.verb->name, "look");
	assert_null(args.parent);
	accepts("meal eat x");
	assert_string_equal(args.verb->name, "eat");
	assert_string_equal(args.parent->name, "meal");
	refuses("", "Say what to do");
	refuses("meal", "Say what to do with the meal");
	refuses("lock", "no command \"lock\"");
	refuses("meal drink", "no command \"meal drink\"");
	refuses("eat x", "no command \"eat\"");
}

static void options_stand_anywhere_after_their_verb(void **state)
{
	uint32_t depth = 0;

	(void)state;
	accepts("meal eat --depth 0.5mm x");
	assert_true(args_number(&args, "depth", &depth));
	assert_int_equal(depth, 500);
	assert_string_equal(args_operand(&args, 0), "x");
	accepts("meal eat x --depth=700um y");
	assert_true(args_number(&args, "depth", &depth));
	assert_int_equal(depth, 700);
	assert_string_equal(args_operand(&args, 1), "y");
	assert_false(args_given(&args, "slowly"));
	assert_null(args_text(&args, "note"));
	refuses("--depth 1mm meal eat x", "no option --depth before the command");
	refuses("meal eat x --width 1mm", "no option --width for eat");
	refuses("meal eat x --dept 1mm", "no option --dept");
}

static void common_options_stand_everywhere(void **state)
{
	(void)state;
	accepts("--json look");
	assert_true(args_given(&args, "json"));
	accepts("look --json");
	assert_true(args_given(&args, "json"));
	accepts("meal --socket /s eat x --timeout 1s");
	assert_string_equal(args_text(&args, "socket"), "/s");
	accepts("look -h");
	assert_true(args_given(&args, "help"));
	refuses("look --json=yes", "takes no value");
	refuses("look --socket", "needs a value");
	refuses("look --socket --json", "needs a value");
	refuses("look --socket=", "is empty");
	refuses("look --timeout 5", "unit is missing");
}

static void operands_are_counted(void **state)
{
	(void)state;
	refuses("meal eat", "FIRST is missing");
	refuses("meal eat a b c", "\"c\" is one word too many");
	refuses("look x", "one word too many");
	accepts("meal eat -- --json --depth");
	assert_string_equal(args_operand(&args, 0), "--json");
	assert_string_equal(args_operand(&args, 1), "--depth");
	assert_false(args_given(&args, "json"));
	accepts("meal eat -");
	assert_string_equal(args_operand(&args, 0), "-");
}

static void what_is_required_is_asked_for(void **state)
{
	(void)state;
	refuses("must", "--rate is missing. Write --rate RATE");
	accepts("must --rate 100Hz");
	/* Help must be had without what is required */
	accepts("must --help");
	accepts("meal eat --help");
	accepts("meal --help");
	accepts("--version");
}

static void words_make_a_mask(void **state)
{
	uint32_t mask = 0;

	(void)state;
	accepts("meal eat x --fruit plum,apple");
	assert_true(args_number(&args, "fruit", &mask));
	assert_int_equal(mask, 5);
	accepts("meal eat x --fruit plum --fruit pear");
	assert_true(args_number(&args, "fruit", &mask));
	assert_int_equal(mask, 6);
	accepts("meal eat x --one pear");
	assert_string_equal(args_text(&args, "one"), "pear");
	refuses("meal eat x --one pear,plum", "does not know \"pear,plum\"");
	refuses("meal eat x --fruit apple,", "does not know \"\"");
	refuses("meal eat x --fruit app", "Choose from: apple, pear, plum.");
	refuses("meal eat x --fruit apples", "does not know \"apples\"");
}

static void nothing_is_said_twice(void **state)
{
	(void)state;
	refuses("meal eat x --depth 1mm --depth 2mm", "given twice");
	refuses("meal eat x --one pear --one plum", "given twice");
}

static void values_are_checked(void **state)
{
	(void)state;
	refuses("meal eat x --depth 500", "--depth: ");
	refuses("meal eat x --depth -1mm", "negative");
	refuses("meal eat x --depth", "Write --depth DEPTH");
}

static void text_must_be_utf8(void **state)
{
	(void)state;
	refuses("meal eat x\xff", "Word 3 of the command is not UTF-8");
	refuses("meal eat x --note \xc3", "Word 5");
	accepts("meal eat x --note M\xc3\xa4rz");
}

static void long_words_do_not_overflow(void **state)
{
	static char line[900];

	(void)state;
	strcpy(line, "meal eat x --");
	memset(line + strlen(line), 'y', 800);
	refuses(line, "no option --yyyy");
	strcpy(line, "");
	memset(line, 'z', 800);
	refuses(line, "no command \"zzz");
	strcpy(line, "meal eat x --fruit ");
	memset(line + strlen(line), 'y', 800);
	refuses(line, "Choose from");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_are_found),
		cmocka_unit_test(options_stand_anywhere_after_their_verb),
		cmocka_unit_test(common_options_stand_everywhere),
		cmocka_unit_test(operands_are_counted),
		cmocka_unit_test(what_is_required_is_asked_for),
		cmocka_unit_test(words_make_a_mask),
		cmocka_unit_test(nothing_is_said_twice),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(text_must_be_utf8),
		cmocka_unit_test(long_words_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
