// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs below "session" */
#include "mnctl.h"

const struct arg_operand session_operand[] = {
	{ "SESSION", ARG_SESSION, true },
	{ NULL, ARG_FLAG, false },
};

const struct verb session_verbs[] = {
	{
		.name = "open",
		.options = session_open_options,
		.run = cmd_session_open,
		.help = "Open a session: who is treated, where, and how",
		.details =
			"The patient is named by a pseudonym of your records, never by name or birthday. Nothing moves by it.",
	},
	{
		.name = "check",
		.operands = session_operand,
		.options = session_check_options,
		.run = cmd_session_check,
		.help = "Tick off what was checked since a session was opened",
	},
	{
		.name = "arm",
		.operands = session_operand,
		.options = session_arm_options,
		.run = cmd_session_arm,
		.help = "Try whether the handpiece takes a set point",
		.details =
			"It is armed, and disarmed again when mnctl ends: at once, or with --hold at Ctrl-C.",
	},
	{
		.name = "run",
		.operands = session_operand,
		.options = session_run_options,
		.run = cmd_session_run,
		.help = "Arm, wait for the foot switch, and show the treatment until its end",
		.details = "Ctrl-C stops the needles. So does the end of mnctl, whatever ends it.",
	},
	{
		.name = "stop",
		.operands = session_operand,
		.run = cmd_session_stop,
		.help = "Stop the needles of a session; it can be run again",
	},
	{
		.name = "end",
		.operands = session_operand,
		.options = session_end_options,
		.run = cmd_session_end,
		.help = "End a session and close its record",
	},
	{
		.name = "show",
		.operands = session_operand,
		.run = cmd_session_show,
		.help = "Print a session's record",
	},
	{
		.name = "list",
		.options = session_list_options,
		.run = cmd_session_list,
		.help = "Show the latest sessions",
	},
	{
		.name = "protocols",
		.run = cmd_session_protocols,
		.help = "Show the presets that a session can be opened with",
	},
	{ .name = NULL },
};
