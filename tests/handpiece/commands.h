/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The USB handpiece's commands. */
#ifndef HP_COMMANDS_H
#define HP_COMMANDS_H

#include "command.h"
#include "firmware.h"

/* What a command may do beyond the firmware */
struct hp_machine {
	void *ctx;
	struct hp_firmware *fw;
	bool (*plugged)(void *ctx);
	int (*plug)(void *ctx, bool on); /* 0 or -errno */
	void (*plug_at)(void *ctx, uint64_t at_ns);
	uint32_t (*new_boot_id)(void *ctx);
};

/* A struct hp_machine is their ctx */
extern const struct hp_command hp_commands[];
void hp_commands_advance(void *ctx, uint64_t now);
bool hp_commands_inject(void *ctx, const struct hp_injecting *what, uint64_t now, uint32_t *id);
void hp_commands_clear(void *ctx, uint64_t now);

/* describe.c */
json_t *hp_describe_state(const struct hp_machine *m, uint64_t now);
json_t *hp_describe_stats(const struct hp_firmware *fw);

#endif /* HP_COMMANDS_H */
