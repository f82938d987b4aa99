// SPDX-License-Identifier: GPL-2.0-or-later
#include "args.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

const struct arg_option args_common[] = {
	{ "json", ARG_FLAG, NULL, "Print one JSON document, errors too", NULL, false },
	{ "socket", ARG_FILE, "PATH", "Where the daemon listens (or MN_SOCKET)", NULL, false },
	{ "timeout", ARG_TIME, "TIME", "How long to wait for an answer (default 5s)", NULL, false },
	{ "help", ARG_FLAG, NULL, "Print this help", NULL, false },
	{ "version", ARG_FLAG, NULL, "Print the version", NULL, false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

const struct arg_option *args_find_option(const struct arg_option *options, const char *name,
					  size_t len)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == len && memcmp(options->name, name, len) == 0)
			return options;
	return NULL;
}

const struct verb *args_find_verb(const struct verb *verbs, const char *name)
{
	for (; verbs->name; verbs++)
		if (strcmp(verbs->name, name) == 0)
			return verbs;
	return NULL;
}

static bool find_word(const char *const *words, const char *word, size_t len, uint32_t *index)
{
	for (*index = 0; words[*index]; ++*index)
		if (strlen(words[*index]) == len && memcmp(words[*index], word, len) == 0)
			return true;
	return false;
}

static void list_words(char *text, size_t size, const char *const *words)
{
	size_t used = 0;

	text[0] = '\0';
	for (; *words && used < size; words++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
					 *words);
}

static int parse_words(const struct arg_option *option, const char *text, struct arg_value *value,
		       char why[ARGS_WHY])
{
	uint32_t mask = value->given ? value->number : 0;
	char known[200];

	for (const char *word = text;; word++) {
		size_t len = option->kind == ARG_WORDS ? strcspn(word, ",") : strlen(word);
		uint32_t index;

		if (!find_word(option->words, word, len, &index)) {
			list_words(known, sizeof(known), option->words);
			snprintf(why, ARGS_WHY, "--%s does not know \"%.*s\". Choose from: %s.",
				 option->name, len > 40 ? 40 : (int)len, word, known);
			return -1;
		}
		mask |= UINT32_C(1) << index;
		word += len;
		if (*word == '\0')
			break;
	}
	value->number = mask;
	return 0;
}

static enum units_kind units_of(enum arg_kind kind)
{
	switch (kind) {
	case ARG_DEPTH:
		return UNITS_DEPTH;
	case ARG_RATE:
		return UNITS_RATE;
	case ARG_TIME:
		return UNITS_TIME;
	case ARG_AREA:
		return UNITS_AREA;
	case ARG_DENSITY:
		return UNITS_DENSITY;
	default:
		return UNITS_COUNT;
	}
}

static int parse_value(const struct arg_option *option, const char *text, struct arg_value *value,
		       char why[ARGS_WHY])
{
	char reason[UNITS_WHY];

	if (value->given && option->kind != ARG_WORDS) {
		snprintf(why, ARGS_WHY, "--%s is given twice. Leave one of them out.",
			 option->name);
		return -1;
	}
	switch (option->kind) {
	case ARG_FLAG:
		break;
	case ARG_TEXT:
	case ARG_FILE:
	case ARG_DEVICE:
	case ARG_SESSION:
	case ARG_METHOD:
		if (*text == '\0') {
			snprintf(why, ARGS_WHY, "--%s is empty. Write --%s %s.", option->name,
				 option->name, option->placeholder);
			return -1;
		}
		break;
	case ARG_WORDS:
	case ARG_WORD:
		if (parse_words(option, text, value, why))
			return -1;
		break;
	default:
		if (units_parse(units_of(option->kind), text, &value->number, reason,
				sizeof(reason))) {
			snprintf(why, ARGS_WHY, "--%s: %s", option->name, reason);
			return -1;
		}
	}
	value->text = text;
	value->given = true;
	return 0;
}

/* @word is argv[*at] without its dashes; moves *at to the last word that was used */
static int parse_option(struct args *args, const char *word, int argc, char *const argv[], int *at,
			char why[ARGS_WHY])
{
	const char *text = NULL;
	size_t len = strcspn(word, "=");
	const struct arg_option *list = args_common, *option;
	struct arg_value *values = args->common;

	option = args_find_option(list, word, len);
	if (!option && args->verb) {
		list = args->verb->options;
		values = args->own;
		option = args_find_option(list, word, len);
	}
	if (!option) {
		/* Options of a verb may only follow it: which they are is not known before */
		snprintf(why, ARGS_WHY, "There is no option --%.*s %s%s. Try mnctl %s%s--help.",
			 len > 40 ? 40 : (int)len, word, args->verb ? "for " : "before the command",
			 args->verb ? args->verb->name : "", args->verb ? args->verb->name : "",
			 args->verb ? " " : "");
		return -1;
	}
	if (option->kind == ARG_FLAG) {
		if (word[len] == '=') {
			snprintf(why, ARGS_WHY, "--%s takes no value.", option->name);
			return -1;
		}
	} else if (word[len] == '=') {
		text = word + len + 1;
	} else if (*at + 1 < argc && strncmp(argv[*at + 1], "--", 2) != 0) {
		text = argv[++*at];
	} else {
		snprintf(why, ARGS_WHY, "--%s needs a value. Write --%s %s.", option->name,
			 option->name, option->placeholder);
		return -1;
	}
	return parse_value(option, text, &values[option - list], why);
}

static int parse_operand(struct args *args, const char *word, char why[ARGS_WHY])
{
	const struct arg_operand *operands = args->verb->operands;
	int known = 0;

	while (operands && operands[known].name)
		known++;
	if (args->operands_nr == known) {
		snprintf(why, ARGS_WHY,
			 "\"%.40s\" is one word too many for %s. Try mnctl %s%s%s --help.", word,
			 args->verb->name, args->parent ? args->parent->name : "",
			 args->parent ? " " : "", args->verb->name);
		return -1;
	}
	if (*word == '\0') {
		snprintf(why, ARGS_WHY, "%s is empty.", operands[args->operands_nr].name);
		return -1;
	}
	args->operands[args->operands_nr++] = word;
	return 0;
}

static int parse_verb(struct args *args, const struct verb *verbs, const char *word,
		      char why[ARGS_WHY])
{
	const struct verb *verb = args_find_verb(args->verb ? args->verb->verbs : verbs, word);

	if (!verb) {
		snprintf(why, ARGS_WHY, "There is no command \"%s%s%.40s\". Try mnctl --help.",
			 args->verb ? args->verb->name : "", args->verb ? " " : "", word);
		return -1;
	}
	args->parent = args->verb;
	args->verb = verb;
	return 0;
}

static int check_complete(const struct args *args, char why[ARGS_WHY])
{
	const struct verb *verb = args->verb;
	const struct arg_option *option;

	if (args_given(args, "help") || args_given(args, "version"))
		return 0;
	if (!verb) {
		snprintf(why, ARGS_WHY, "Say what to do. Try mnctl --help.");
		return -1;
	}
	if (verb->verbs) {
		snprintf(why, ARGS_WHY, "Say what to do with the %s. Try mnctl %s --help.",
			 verb->name, verb->name);
		return -1;
	}
	for (int i = 0; verb->operands && verb->operands[i].name; i++)
		if (verb->operands[i].required && !args->operands[i]) {
			snprintf(why, ARGS_WHY, "%s is missing. Try mnctl %s%s%s --help.",
				 verb->operands[i].name, args->parent ? args->parent->name : "",
				 args->parent ? " " : "", verb->name);
			return -1;
		}
	for (option = verb->options; option && option->name; option++)
		if (option->required && !args->own[option - verb->options].given) {
			snprintf(why, ARGS_WHY, "--%s is missing. Write --%s %s (%s).",
				 option->name, option->name, option->placeholder, option->help);
			return -1;
		}
	return 0;
}

int args_parse(struct args *args, const struct verb *verbs, int argc, char *const argv[],
	       char why[ARGS_WHY])
{
	bool only_operands = false;

	memset(args, 0, sizeof(*args));
	for (int i = 1; i < argc; i++) {
		json_t *text = json_string(argv[i]);

		/* What is not UTF-8 could not be passed on, nor quoted in an error */
		if (!text) {
			snprintf(why, ARGS_WHY, "Word %d of the command is not UTF-8 text.", i);
			return -1;
		}
		json_decref(text);
	}
	for (int i = 1; i < argc; i++) {
		int failed;

		if (!only_operands && strcmp(argv[i], "--") == 0) {
			only_operands = true;
			continue;
		}
		if (!only_operands && strcmp(argv[i], "-h") == 0)
			failed = parse_option(args, "help", argc, argv, &i, why);
		else if (!only_operands && strncmp(argv[i], "--", 2) == 0)
			failed = parse_option(args, argv[i] + 2, argc, argv, &i, why);
		else if (!args->verb || args->verb->verbs)
			failed = parse_verb(args, verbs, argv[i], why);
		else
			failed = parse_operand(args, argv[i], why);
		if (failed)
			return -1;
	}
	return check_complete(args, why);
}

static const struct arg_value *find_value(const struct args *args, const char *name)
{
	const struct arg_option *options = args->verb ? args->verb->options : NULL;
	const struct arg_option *option = args_find_option(options, name, strlen(name));

	if (option)
		return &args->own[option - options];
	option = args_find_option(args_common, name, strlen(name));
	if (!option)
		abort(); /* the verb asks for an option that its own table does not have */
	return &args->common[option - args_common];
}

const char *args_text(const struct args *args, const char *option)
{
	return find_value(args, option)->text;
}

bool args_number(const struct args *args, const char *option, uint32_t *number)
{
	const struct arg_value *value = find_value(args, option);

	if (value->given)
		*number = value->number;
	return value->given;
}

bool args_given(const struct args *args, const char *option)
{
	return find_value(args, option)->given;
}

const char *args_operand(const struct args *args, int index)
{
	return index < args->operands_nr ? args->operands[index] : NULL;
}
