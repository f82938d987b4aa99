/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line as tables: a verb lists its options and operands once, and parsing, help and
 * completion all read that list.
 */
#ifndef MNCTL_ARGS_H
#define MNCTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mnctl;

#define ARGS_MAX_OPTIONS 16
#define ARGS_MAX_OPERANDS 3
/* Room for the sentence that says what is wrong with a command line */
#define ARGS_WHY 320

/**
 * enum arg_kind - What a value is; for parsing and for completion.
 * @ARG_FLAG: Without a value.
 * @ARG_TEXT: Any text.
 * @ARG_FILE: A path.
 * @ARG_DEVICE: A handpiece, "microneedle0".
 * @ARG_SESSION: A session's id.
 * @ARG_METHOD: A method of the daemon.
 * @ARG_WORDS: One or more of a set of words with commas between them; may be given again.
 * @ARG_WORD: One of a set of words.
 * @ARG_DEPTH: units.h, as the following.
 * @ARG_RATE: Hz.
 * @ARG_TIME: Seconds.
 * @ARG_AREA: Square centimetres.
 * @ARG_DENSITY: Punctures per square centimetre.
 * @ARG_COUNT: A plain number.
 */
enum arg_kind {
	ARG_FLAG,
	ARG_TEXT,
	ARG_FILE,
	ARG_DEVICE,
	ARG_SESSION,
	ARG_METHOD,
	ARG_WORDS,
	ARG_WORD,
	ARG_DEPTH,
	ARG_RATE,
	ARG_TIME,
	ARG_AREA,
	ARG_DENSITY,
	ARG_COUNT,
};

/**
 * struct arg_option - One option of a verb.
 * @name: Without its dashes. A list of options ends with one that has no name.
 * @kind: What its value is.
 * @placeholder: How help calls the value.
 * @help: What it does, for one line of help.
 * @words: For %ARG_WORDS and %ARG_WORD: the words, NULL at the end; at most 32.
 * @required: The verb cannot do without it.
 */
struct arg_option {
	const char *name;
	enum arg_kind kind;
	const char *placeholder;
	const char *help;
	const char *const *words;
	bool required;
};

/**
 * struct arg_operand - One operand of a verb.
 * @name: How help calls it. A list of operands ends with one that has no name.
 * @kind: What it is.
 * @required: The verb cannot do without it.
 */
struct arg_operand {
	const char *name;
	enum arg_kind kind;
	bool required;
};

/**
 * struct verb - One thing that mnctl can do.
 * @name: What is written. A table ends with a verb that has no name.
 * @operands: What follows it, or NULL.
 * @options: What it can be given beside the common options, or NULL.
 * @verbs: The verbs below this one, or NULL; then there is no handler.
 * @run: Does it; gives the exit code.
 * @help: What it does, in a few words.
 * @details: More to say in its own help, or NULL.
 */
struct verb {
	const char *name;
	const struct arg_operand *operands;
	const struct arg_option *options;
	const struct verb *verbs;
	int (*run)(struct mnctl *ctl);
	const char *help;
	const char *details;
};

/**
 * struct args - What was given.
 * @verb: The verb, NULL when none was written.
 * @parent: The verb above it, or NULL.
 * @common: Values of the common options, in their order.
 * @own: Values of the verb's options, in their order.
 * @operands: Operands, NULL where there is none.
 * @operands_nr: How many.
 */
struct args {
	const struct verb *verb;
	const struct verb *parent;
	struct arg_value {
		const char *text;
		uint32_t number;
		bool given;
	} common[ARGS_MAX_OPTIONS], own[ARGS_MAX_OPTIONS];
	const char *operands[ARGS_MAX_OPERANDS];
	int operands_nr;
};

/* Options that every verb takes: json, socket, timeout, help, version */
extern const struct arg_option args_common[];

/**
 * args_parse() - Read a command line.
 * @args: Where it goes; filled in as far as it could be read, also on failure.
 * @verbs: What can be asked for.
 * @argc: As main()'s.
 * @argv: As main()'s.
 * @why: What is wrong and what to write, as a sentence.
 *
 * Operands and options that are missing are an error unless help or the version is asked for.
 *
 * Return: 0 or -1.
 */
int args_parse(struct args *args, const struct verb *verbs, int argc, char *const argv[],
	       char why[ARGS_WHY]);

/* An option's text, NULL when it was not given. The option must be one of the verb's or common. */
const char *args_text(const struct args *args, const char *option);
/* An option's number or mask of words; false when it was not given */
bool args_number(const struct args *args, const char *option, uint32_t *number);
/* Whether an option was given */
bool args_given(const struct args *args, const char *option);
/* Operand number @index, NULL when it was not given */
const char *args_operand(const struct args *args, int index);

/* The option of that name in a list, or NULL; a NULL list has none */
const struct arg_option *args_find_option(const struct arg_option *options, const char *name,
					  size_t len);
/* The verb of that name in a table, or NULL */
const struct verb *args_find_verb(const struct verb *verbs, const char *name);

#endif
