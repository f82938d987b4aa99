// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What blocks many a program: its log goes to a pipe, and whoever should read that does not. From
 * SIGUSR1 on the program writes to such a pipe, where stuck_if_asked() stands.
 */
#include "stuck.h"

#include <err.h>
#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static int log_pipe[2];

static void ask(int number)
{
	(void)number;
	asked = 1;
}

void stuck_on_signal(void)
{
	struct sigaction action = { .sa_handler = ask, .sa_flags = SA_RESTART };

	if (pipe(log_pipe) || sigaction(SIGUSR1, &action, NULL))
		err(1, "a log");
}

void stuck_if_asked(void)
{
	static const char line[4096];

	while (asked)
		if (write(log_pipe[1], line, sizeof(line)) < 0)
			err(1, "log");
}
