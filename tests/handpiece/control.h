/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: one JSON object a line in, one a line out, by which a test is the world
 * around.
 */
#ifndef HP_CONTROL_H
#define HP_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "command.h"

#define HP_CLIENTS_MAX 16
#define HP_LINE_MAX 65536

struct hp_client {
	int fd; /* -1: free */
	char *in;
	size_t in_length;
	char *out;
	size_t out_length;
	struct hp_wait wait;
};

struct hp_control {
	struct hp_commander commander;
	int listener;
	int epoll;
	struct sockaddr_un address;
	struct hp_client client[HP_CLIENTS_MAX];
};

/* 0 or -1, with a message */
int hp_control_open(struct hp_control *c, const char *path, const struct hp_commander *commander,
		    int epoll);
void hp_control_close(struct hp_control *c);
/* @ptr: of an epoll event; false: not one of ours */
bool hp_control_event(struct hp_control *c, void *ptr, uint32_t events, uint64_t now);
/* Answers those whose waiting is over */
void hp_control_waits(struct hp_control *c, uint64_t now);
uint64_t hp_control_next(const struct hp_control *c);

#endif /* HP_CONTROL_H */
