/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help, made from the table of verbs */
#ifndef MNCTL_HELP_H
#define MNCTL_HELP_H

#include "mnctl.h"

/* Print help on what ctl->args names, or on everything; gives the exit code */
int help_print(const struct mnctl *ctl);

/* "mnctl session run SESSION [--depth DEPTH]": a new text */
char *help_synopsis(const struct verb *parent, const struct verb *verb);

#endif
