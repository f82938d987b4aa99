// SPDX-License-Identifier: GPL-2.0-or-later
/* mnctl: treatments and handpieces from the command line */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "complete.h"
#include "help.h"
#include "mnctl.h"
#include "signals.h"

#define TIMEOUT_DEFAULT_MS 5000
#define TIMEOUT_MAX_MS 3600000

const struct verb mnctl_verbs[] = {
	{
		.name = "list",
		.run = cmd_list,
		.help = "Show the handpieces",
	},
	{
		.name = "status",
		.operands = device_operand,
		.run = cmd_status,
		.help = "Show what a handpiece does, what it measures and what limits it",
		.details = "The device may be left out when there is only one.",
	},
	{
		.name = "stop",
		.operands = device_operand,
		.run = cmd_stop,
		.help = "Stop the needles of one handpiece, or of all",
		.details =
			"Anybody may, at any time. If the daemon does not answer, the handpiece is stopped at its device node.",
	},
	{
		.name = "clear",
		.operands = device_operand,
		.options = clear_options,
		.run = cmd_clear,
		.help = "Clear a handpiece's latched faults, once their causes are gone",
		.details = "Nothing moves by it: what was armed must be armed again.",
	},
	{
		.name = "self-test",
		.operands = device_operand,
		.run = cmd_self_test,
		.help = "Have a handpiece test itself, and wait for the outcome",
		.details =
			"The needle motor is off meanwhile. A handpiece can only be armed after it has passed. Ctrl-C breaks the test off.",
	},
	{
		.name = "declare",
		.operands = device_operand,
		.options = declare_options,
		.run = cmd_declare,
		.help = "Say what cartridge was inserted, where the handpiece reads no tags",
		.details =
			"Once for each that is inserted, with the package in hand: what is written limits the treatment, and stands in its record with your name.",
	},
	{
		.name = "session",
		.verbs = session_verbs,
		.help = "Treat",
	},
	{
		.name = "monitor",
		.options = monitor_options,
		.run = cmd_monitor,
		.help = "Print what happens, as it happens, until Ctrl-C",
		.details = "With --json one document a line, the first one a snapshot.",
	},
	{
		.name = "ping",
		.run = cmd_ping,
		.help = "See whether the daemon answers, and how fast",
	},
	{
		.name = "call",
		.operands = call_operands,
		.options = call_options,
		.run = cmd_call,
		.help = "Call a method of the daemon and print its result",
		.details =
			"PARAMS is a JSON object, or - to read it from standard input. The methods: mnctl call rpc.discover.",
	},
	{ .name = NULL },
};

const struct arg_operand device_operand[] = {
	{ "DEVICE", ARG_DEVICE, false },
	{ NULL, ARG_FLAG, false },
};

/* Errors in the command line must come as JSON too, even where it cannot be read to its end */
static bool wants_json(int argc, char *const argv[])
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static int print_version(const struct mnctl *ctl)
{
	if (ctl->out.json) {
		json_t *document = json_pack("{ss si}", "version", MNCTL_VERSION, "protocol",
					     MN_CLIENT_PROTOCOL);

		output_document(document);
		json_decref(document);
	} else {
		printf("mnctl %s\n", MNCTL_VERSION);
	}
	return EXIT_OK;
}

static int run(struct mnctl *ctl)
{
	uint32_t timeout_ms = TIMEOUT_DEFAULT_MS;

	if (args_given(&ctl->args, "help"))
		return help_print(ctl);
	if (args_given(&ctl->args, "version"))
		return print_version(ctl);
	if (args_number(&ctl->args, "timeout", &timeout_ms) &&
	    (timeout_ms == 0 || timeout_ms > TIMEOUT_MAX_MS))
		return output_failure(&ctl->out, "usage",
				      "--timeout must be between 1ms and 60min.");
	ctl->timeout_ms = (int)timeout_ms;
	if (!signals_init())
		return output_failure(
			&ctl->out, "no_memory",
			"The system has no more file descriptors. Close other programs.");
	return ctl->args.verb->run(ctl);
}

int main(int argc, char *argv[])
{
	static struct mnctl ctl;
	char why[ARGS_WHY];
	int code;

	/* Not in the table: it is the shell's, and its words are not to be parsed but completed */
	if (argc > 1 && strcmp(argv[1], "complete") == 0)
		return complete_words(&ctl, argc - 2, argv + 2);
	output_init(&ctl.out, wants_json(argc, argv));
	if (args_parse(&ctl.args, mnctl_verbs, argc, argv, why))
		code = output_failure(&ctl.out, "usage", "%s", why);
	else
		code = run(&ctl);
	mn_client_close(ctl.client);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr,
			"mnctl: The output could not be written. Check the disk or the pipe that it goes to.\n");
		if (code == EXIT_OK)
			code = EXIT_ERROR;
	}
	return code;
}
