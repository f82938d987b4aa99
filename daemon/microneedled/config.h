/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file: operators, their qualifications and depth ceilings. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>

#include "policy.h"

/* Without a file everybody has this ceiling, that of the shipped presets */
#define CONFIG_CEILING_UM 1500

/*
 * Fills in all but the groups. A file that is not there gives the defaults; one that has an unknown
 * key or an implausible value is refused with a sentence. Blocks: at start and on a thread only.
 */
bool config_load(const char *path, struct policy *policy, char *error, size_t size);
void config_free(struct policy *policy);

#endif
