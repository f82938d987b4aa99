/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the GPIO handpiece can be told, and tells; a struct gh_machine is the ctx of all. */
#ifndef GH_COMMANDS_H
#define GH_COMMANDS_H

#include "machine.h"

extern const struct hp_command gh_commands[];
void gh_commands_advance(void *ctx, uint64_t now);
bool gh_commands_inject(void *ctx, const struct hp_injecting *what, uint64_t now, uint32_t *id);
void gh_commands_clear(void *ctx, uint64_t now);

#endif /* GH_COMMANDS_H */
