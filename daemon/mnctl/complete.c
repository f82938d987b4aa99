// SPDX-License-Identifier: GPL-2.0-or-later
#include "complete.h"

#include <stdio.h>
#include <string.h>

#include "remote.h"
#include "signals.h"

/* Completion must not keep a person waiting */
#define PATIENCE_MS	300

static void print_result(struct mnctl *ctl, const char *method, const char *array, const char *key)
{
	struct mn_client_error error = { 0 };
	json_t *result, *item;
	size_t i;

	ctl->timeout_ms = PATIENCE_MS;
	/* What fails has nothing to offer, and must not write between the words of a prompt */
	if (remote_connect(ctl, &error) == 0 &&
	    mn_client_hello(ctl->client, "mnctl", PATIENCE_MS, NULL, &error) == 0 &&
	    remote_try(ctl, method, NULL, &result, &error) == 0) {
		json_array_foreach(json_object_get(result, array), i, item)
			puts(field_text(item, key));
		json_decref(result);
	}
	mn_client_error_clear(&error);
}

static void print_values(struct mnctl *ctl, enum arg_kind kind, const char *const *words)
{
	switch (kind) {
	case ARG_DEVICE:
		print_result(ctl, "device.list", "devices", "device");
		break;
	case ARG_SESSION:
		print_result(ctl, "session.list", "sessions", "session");
		break;
	case ARG_METHOD:
		print_result(ctl, "rpc.discover", "methods", "name");
		break;
	case ARG_WORD:
	case ARG_WORDS:
		for (; *words; words++)
			puts(*words);
		break;
	default:
		break;
	}
}

static void print_options(const struct arg_option *options)
{
	for (; options && options->name; options++)
		printf("--%s\n", options->name);
}

static void print_verbs(const struct verb *verbs)
{
	for (; verbs->name; verbs++)
		if (verbs->help)
			puts(verbs->name);
}

int complete_words(struct mnctl *ctl, int count, char *const words[])
{
	const struct verb *verb = NULL;
	const struct arg_option *waiting = NULL;
	int operands = 0;

	if (!signals_init())
		return EXIT_ERROR;
	for (int i = 0; i < count - 1; i++) {
		const char *word = words[i];

		if (waiting) {
			waiting = NULL;
		} else if (strncmp(word, "--", 2) == 0) {
			const struct arg_option *option =
				args_find_option(args_common, word + 2, strlen(word + 2));

			if (!option && verb)
				option = args_find_option(verb->options, word + 2,
							  strlen(word + 2));
			if (option && option->kind != ARG_FLAG)
				waiting = option;
		} else if (!verb || verb->verbs) {
			verb = args_find_verb(verb ? verb->verbs : mnctl_verbs, word);
			if (!verb)
				return EXIT_OK;
		} else {
			operands++;
		}
	}
	if (waiting) {
		print_values(ctl, waiting->kind, waiting->words);
		return EXIT_OK;
	}
	if (!verb || verb->verbs) {
		print_verbs(verb ? verb->verbs : mnctl_verbs);
	} else {
		print_options(verb->options);
		for (int i = 0; verb->operands && verb->operands[i].name; i++)
			if (i == operands)
				print_values(ctl, verb->operands[i].kind, NULL);
	}
	print_options(args_common);
	return EXIT_OK;
}
