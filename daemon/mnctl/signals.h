/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ctrl-C and its relatives. They end every wait for the daemon, and where needles may move they
 * send a stop from the signal handler itself: it must go out also while the program is stuck, for
 * example in writing to a terminal that was halted with Ctrl-S.
 */
#ifndef MNCTL_SIGNALS_H
#define MNCTL_SIGNALS_H

#include <stdbool.h>

/* Catch SIGINT, SIGTERM and SIGHUP; false when the system gives us no descriptor */
bool signals_init(void);

/* Can be read once a signal came; for mn_client_set_cancel() */
int signals_fd(void);

/* A signal came */
bool signals_caught(void);

/**
 * signals_guard() - From now on a signal stops the needles.
 * @connection: The daemon's socket, over which the stop goes if it takes it.
 * @socket_path: Where to connect anew if it does not.
 * @line: The stop, as a whole line of the protocol; kept by reference.
 *
 * Ctrl-Z and Ctrl-\ count too, and a reader that went away no longer ends the program: suspended
 * or dead, it could not stop anything.
 */
void signals_guard(int connection, const char *socket_path, const char *line);

/* Send the stop now, as a signal would */
void signals_send_stop(void);

#endif
