/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words for the shell's completion, from the same table as the parser, so that it cannot be behind;
 * devices, sessions and methods come from the daemon.
 */
#ifndef MNCTL_COMPLETE_H
#define MNCTL_COMPLETE_H

#include "mnctl.h"

/* "mnctl complete WORD... CURRENT": print, one a line, what could stand in the place of CURRENT */
int complete_words(struct mnctl *ctl, int count, char *const words[]);

#endif
