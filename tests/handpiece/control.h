/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: one JSON object a line in, one a line out, by which a test is the world
 * around.
 */
#ifndef HP_CONTROL_H
#define HP_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "firmware.h"

#define HP_CLIENTS_MAX 16
#define HP_LINE_MAX 65536

/* What a command may do beyond the firmware */
struct hp_machine {
	void *ctx;
	struct hp_firmware *fw;
	bool (*plugged)(void *ctx);
	int (*plug)(void *ctx, bool on); /* 0 or -errno */
	void (*plug_at)(void *ctx, uint64_t at_ns);
	uint32_t (*new_boot_id)(void *ctx);
};

struct hp_wait {
	uint32_t id; /* of the injection, 0: waits for nothing */
	uint64_t until_ns;
};

struct hp_client {
	int fd; /* -1: free */
	char *in;
	size_t in_length;
	char *out;
	size_t out_length;
	struct hp_wait wait;
};

struct hp_control {
	struct hp_machine machine;
	int listener;
	int epoll;
	struct sockaddr_un address;
	struct hp_client client[HP_CLIENTS_MAX];
};

/* 0 or -1, with a message */
int hp_control_open(struct hp_control *c, const char *path, const struct hp_machine *machine,
		    int epoll);
void hp_control_close(struct hp_control *c);
/* @ptr: of an epoll event; false: not one of ours */
bool hp_control_event(struct hp_control *c, void *ptr, uint32_t events, uint64_t now);
/* Answers those whose waiting is over */
void hp_control_waits(struct hp_control *c, uint64_t now);
uint64_t hp_control_next(const struct hp_control *c);

/* commands.c: the answer, or NULL if it comes when @wait is over */
json_t *hp_command(const struct hp_machine *m, const json_t *request, struct hp_wait *wait,
		   uint64_t now);
/* NULL: goes on waiting */
json_t *hp_command_waited(const struct hp_machine *m, const struct hp_wait *wait, uint64_t now);
json_t *hp_command_error(uint64_t now, const char *error, ...)
	__attribute__((format(printf, 2, 3)));

/* describe.c */
json_t *hp_describe_state(const struct hp_machine *m, uint64_t now);
json_t *hp_describe_stats(const struct hp_firmware *fw);
json_t *hp_describe_faults(void);

#endif /* HP_CONTROL_H */
