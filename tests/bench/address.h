/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a server is: a Unix socket's path, or a TCP port of this machine. */
#ifndef BENCH_ADDRESS_H
#define BENCH_ADDRESS_H

#include <sys/socket.h>

struct address {
	struct sockaddr_storage name;
	socklen_t length;
};

/* @text: "/path" or "PORT"; ends the program if it is neither */
struct address address_of(const char *text);

/* A blocking stream socket that is connected there; ends the program if it cannot be had */
int address_connect(const struct address *address);

/* One that listens there, not blocking */
int address_listen(const struct address *address);

#endif /* BENCH_ADDRESS_H */
