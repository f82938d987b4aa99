/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocols: treatment presets that a clinic edits, one JSON file each. A preset fills in what a
 * call leaves out and caps what it gives; it never widens what the kernel allows.
 */
#ifndef PRESETS_H
#define PRESETS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* None that is shipped or made may go deeper */
#define PRESETS_DEPTH_UM 1500

struct presets;

/*
 * All of a folder. A file that is wrong is left out after a log line. Blocks. NULL without memory.
 */
struct presets *presets_load(const char *folder);
void presets_free(struct presets *presets);

/* An array; borrowed */
const json_t *presets_all(const struct presets *presets);
/* NULL if there is none of that name; borrowed */
const json_t *presets_find(const struct presets *presets, const char *name);

/* What is wrong with one, in a sentence; true if nothing is */
bool preset_check(const json_t *preset, char *error, size_t size);

#endif
