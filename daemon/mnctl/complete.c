// SPDX-License-Identifier: GPL-2.0-or-later
#include "complete.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "remote.h"
#include "signals.h"

/* Completion must not keep a person waiting */
#define PATIENCE_MS 300

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
		for (; words && *words; words++)
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

/* How far the words before the one that is being typed lead */
struct place {
	const struct verb *verb;
	const struct arg_option *waiting; /* an option whose value comes next */
	int operands;
};

static void take_option(struct place *place, const char *name)
{
	const struct arg_option *option = args_find_option(args_common, name, strlen(name));

	if (!option && place->verb)
		option = args_find_option(place->verb->options, name, strlen(name));
	if (option && option->kind != ARG_FLAG)
		place->waiting = option;
}

/* False where no verb is called that; then there is nothing to offer */
static bool take_word(struct place *place, const char *word)
{
	if (place->waiting) {
		place->waiting = NULL;
	} else if (strncmp(word, "--", 2) == 0) {
		take_option(place, word + 2);
	} else if (!place->verb || place->verb->verbs) {
		place->verb = args_find_verb(place->verb ? place->verb->verbs : mnctl_verbs, word);
		return place->verb;
	} else {
		place->operands++;
	}
	return true;
}

static void print_operand(struct mnctl *ctl, const struct place *place)
{
	const struct arg_operand *operands = place->verb->operands;

	for (int i = 0; operands && operands[i].name; i++)
		if (i == place->operands)
			print_values(ctl, operands[i].kind, NULL);
}

int complete_words(struct mnctl *ctl, int count, char *const words[])
{
	struct place place = { 0 };

	if (!signals_init())
		return EXIT_ERROR;
	for (int i = 0; i < count - 1; i++)
		if (!take_word(&place, words[i]))
			return EXIT_OK;
	if (place.waiting) {
		print_values(ctl, place.waiting->kind, place.waiting->words);
		return EXIT_OK;
	}
	if (!place.verb || place.verb->verbs) {
		print_verbs(place.verb ? place.verb->verbs : mnctl_verbs);
	} else {
		print_options(place.verb->options);
		print_operand(ctl, &place);
	}
	print_options(args_common);
	return EXIT_OK;
}
