/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's record as a person reads it */
#ifndef MNCTL_RECORD_H
#define MNCTL_RECORD_H

#include <jansson.h>
#include <stdio.h>

/* Print what session.show gave */
void record_print(FILE *f, const json_t *record);

#endif
