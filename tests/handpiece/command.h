/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a simulated handpiece can be told on its control socket. */
#ifndef HP_COMMAND_H
#define HP_COMMAND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "faults.h"

struct hp_wait {
	uint32_t id; /* of the injection, 0: waits for nothing */
	uint64_t until_ns;
};

struct hp_command {
	const char *name;
	const char *members; /* that a request may have, between blanks: " cmd id " */
	json_t *(*run)(void *ctx, const json_t *request, uint64_t now);
};

struct hp_injecting {
	unsigned int fault;
	struct hp_fault_params params;
	uint64_t at_ns; /* not after now: at once */
	bool by_strokes; /* after so many strokes instead */
	uint32_t after_strokes;
};

/* Whoever obeys */
struct hp_commander {
	void *ctx;
	const struct hp_command *commands; /* its own, the last without a name */
	struct hp_faults *faults;
	void (*advance)(void *ctx, uint64_t now); /* before each command */
	/* false: too many wait or act */
	bool (*inject)(void *ctx, const struct hp_injecting *what, uint64_t now, uint32_t *id);
	void (*clear)(void *ctx, uint64_t now);
};

/* The answer, or NULL if it comes when @wait is over */
json_t *hp_command_run(const struct hp_commander *c, const json_t *request, struct hp_wait *wait,
		       uint64_t now);
/* NULL: goes on waiting */
json_t *hp_command_waited(const struct hp_commander *c, const struct hp_wait *wait, uint64_t now);

/* For commands */
json_t *hp_answer(uint64_t now);
json_t *hp_answer_error(uint64_t now, const char *error, ...) __attribute__((format(printf, 2, 3)));
/* false: there and no integer of that range. Not there: @value stays */
bool hp_member(const json_t *request, const char *key, int64_t min, int64_t max, int64_t *value);

#endif /* HP_COMMAND_H */
