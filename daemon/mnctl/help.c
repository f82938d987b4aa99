// SPDX-License-Identifier: GPL-2.0-or-later
#include "help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_option(FILE *f, const struct arg_option *option)
{
	fprintf(f, "--%s", option->name);
	if (option->kind != ARG_FLAG)
		fprintf(f, " %s", option->placeholder);
}

static void print_synopsis(FILE *f, const struct verb *parent, const struct verb *verb)
{
	const struct arg_operand *operand = verb->operands;
	const struct arg_option *option = verb->options;

	fprintf(f, "mnctl %s%s%s", parent ? parent->name : "", parent ? " " : "", verb->name);
	for (; operand && operand->name; operand++)
		fprintf(f, operand->required ? " %s" : " [%s]", operand->name);
	for (; option && option->name; option++) {
		fputs(option->required ? " " : " [", f);
		print_option(f, option);
		fputs(option->required ? "" : "]", f);
	}
}

char *help_synopsis(const struct verb *parent, const struct verb *verb)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	print_synopsis(f, parent, verb);
	fclose(f);
	return text;
}

/* Print text so that no line is longer than the terminal; @indent also says where we are now */
static void print_wrapped(const char *text, int indent, int width)
{
	int column = indent;

	while (*text) {
		int len = (int)strcspn(text, " ");

		if (column > indent && column + 1 + len >= width) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", len, text);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_options(const struct output *out, const struct arg_option *options)
{
	for (; options && options->name; options++) {
		char left[64];
		int n;

		n = snprintf(left, sizeof(left), "--%s%s%s", options->name,
			     options->kind == ARG_FLAG ? "" : " ",
			     options->kind == ARG_FLAG ? "" : options->placeholder);
		printf("  %-24s%s", left, n >= 24 ? "\n                          " : "");
		print_wrapped(options->help, 26, out->width);
	}
}

static void print_verb_line(const struct output *out, const struct verb *parent,
			    const struct verb *verb)
{
	char left[64];

	snprintf(left, sizeof(left), "%s%s%s", parent ? parent->name : "", parent ? " " : "",
		 verb->name);
	printf("  %-18s", left);
	print_wrapped(verb->help, 20, out->width);
}

/* As deep as the table of verbs: NOLINTNEXTLINE(misc-no-recursion) */
static void print_verbs(const struct output *out, const struct verb *parent,
			const struct verb *verbs)
{
	for (; verbs->name; verbs++) {
		if (verbs->verbs)
			print_verbs(out, verbs, verbs->verbs);
		else if (verbs->help)
			print_verb_line(out, parent, verbs);
	}
}

static void head(const struct output *out, const char *text)
{
	printf("\n%s%s%s\n", output_colour(out, COLOUR_BOLD), text, output_plain(out));
}

static void print_people(const struct output *out, const struct args *args)
{
	const struct verb *verb = args->verb;

	if (!verb) {
		puts("Usage: mnctl [OPTION...] COMMAND [ARGUMENT...]");
		head(out, "Commands");
		print_verbs(out, NULL, mnctl_verbs);
	} else if (verb->verbs) {
		printf("Usage: mnctl %s COMMAND [ARGUMENT...]\n", verb->name);
		head(out, "Commands");
		print_verbs(out, verb, verb->verbs);
	} else {
		char *synopsis = help_synopsis(args->parent, verb);

		fputs("Usage: ", stdout);
		print_wrapped(synopsis, 7, out->width);
		free(synopsis);
		if (verb->help)
			printf("\n%s.\n", verb->help);
		if (verb->details) {
			putchar('\n');
			print_wrapped(verb->details, 0, out->width);
		}
		if (verb->options)
			head(out, "Options");
		print_options(out, verb->options);
	}
	head(out, "Common options");
	print_options(out, args_common);
	if (!verb) {
		head(out, "Needles");
		print_wrapped(
			"To stop them at once, from anywhere: mnctl stop. The handpiece's emergency stop is faster.",
			0, out->width);
	}
}

static json_t *describe_options(const struct arg_option *options)
{
	json_t *list = json_array();

	for (; options && options->name; options++) {
		json_t *entry = json_pack("{ss ss sb}", "name", options->name, "help",
					  options->help, "required", options->required);

		if (options->kind != ARG_FLAG)
			json_object_set_new(entry, "value", json_string(options->placeholder));
		json_array_append_new(list, entry);
	}
	return list;
}

/* As deep as the table of verbs: NOLINTNEXTLINE(misc-no-recursion) */
static void describe(json_t *list, const struct verb *parent, const struct verb *verb)
{
	char *synopsis;

	if (verb->verbs) {
		for (const struct verb *below = verb->verbs; below->name; below++)
			describe(list, verb, below);
		return;
	}
	if (!verb->help)
		return;
	synopsis = help_synopsis(parent, verb);
	json_array_append_new(list, json_pack("{so ss ss so}", "command",
					      json_sprintf("%s%s%s", parent ? parent->name : "",
							   parent ? " " : "", verb->name),
					      "synopsis", synopsis, "help", verb->help, "options",
					      describe_options(verb->options)));
	free(synopsis);
}

static void print_json(const struct args *args)
{
	json_t *list = json_array(), *document;

	if (args->verb)
		describe(list, args->parent, args->verb);
	else
		for (const struct verb *verb = mnctl_verbs; verb->name; verb++)
			describe(list, NULL, verb);
	document = json_pack("{ss so so}", "version", MNCTL_VERSION, "commands", list,
			     "common_options", describe_options(args_common));
	output_document(document);
	json_decref(document);
}

int help_print(const struct mnctl *ctl)
{
	if (ctl->out.json)
		print_json(&ctl->args);
	else
		print_people(&ctl->out, &ctl->args);
	return EXIT_OK;
}
