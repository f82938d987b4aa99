/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every verb of mnctl works with, and the verbs themselves */
#ifndef MNCTL_MNCTL_H
#define MNCTL_MNCTL_H

#include <jansson.h>

#include "args.h"
#include "client.h"
#include "output.h"

#define MNCTL_VERSION "0.1.0"

/**
 * struct mnctl - One run of mnctl.
 * @out: How to print.
 * @args: What was asked for.
 * @timeout_ms: How long to wait for an answer.
 * @client: The connection, once there is one.
 */
struct mnctl {
	struct output out;
	struct args args;
	int timeout_ms;
	struct mn_client *client;
};

/* The table of verbs: main.c has the upper one, cmd_session.c the one below "session" */
extern const struct verb mnctl_verbs[];
extern const struct verb session_verbs[];

/* Options and operands of the verbs stand in their files, beside what they do */
extern const struct arg_operand device_operand[];
extern const struct arg_operand session_operand[];
extern const struct arg_operand call_operands[];
extern const struct arg_option call_options[];
extern const struct arg_option clear_options[];
extern const struct arg_option declare_options[];
extern const struct arg_option monitor_options[];
extern const struct arg_option session_arm_options[];
extern const struct arg_option session_check_options[];
extern const struct arg_option session_end_options[];
extern const struct arg_option session_list_options[];
extern const struct arg_option session_open_options[];
extern const struct arg_option session_run_options[];

int cmd_call(struct mnctl *ctl);
int cmd_clear(struct mnctl *ctl);
int cmd_declare(struct mnctl *ctl);
int cmd_list(struct mnctl *ctl);
int cmd_monitor(struct mnctl *ctl);
int cmd_ping(struct mnctl *ctl);
int cmd_self_test(struct mnctl *ctl);
int cmd_status(struct mnctl *ctl);
int cmd_stop(struct mnctl *ctl);
int cmd_session_arm(struct mnctl *ctl);
int cmd_session_check(struct mnctl *ctl);
int cmd_session_end(struct mnctl *ctl);
int cmd_session_list(struct mnctl *ctl);
int cmd_session_open(struct mnctl *ctl);
int cmd_session_protocols(struct mnctl *ctl);
int cmd_session_run(struct mnctl *ctl);
int cmd_session_show(struct mnctl *ctl);
int cmd_session_stop(struct mnctl *ctl);

#endif
