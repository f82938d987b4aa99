// SPDX-License-Identifier: GPL-2.0-or-later
#include "address.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

struct address address_of(const char *text)
{
	struct address address = { .length = 0 };
	struct sockaddr_un *un = (struct sockaddr_un *)&address.name;
	struct sockaddr_in *in = (struct sockaddr_in *)&address.name;
	char *end;
	unsigned long port;

	if (text[0] == '/') {
		if (strlen(text) >= sizeof(un->sun_path))
			errx(2, "%s: too long for a socket's path", text);
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, sizeof(un->sun_path), "%s", text);
		address.length = sizeof(*un);
		return address;
	}
	port = strtoul(text, &end, 10);
	if (!port || port > UINT16_MAX || *end)
		errx(2, "%s: give a socket's path that starts with / or a port, 1 to 65535", text);
	in->sin_family = AF_INET;
	in->sin_port = htons((in_port_t)port);
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.length = sizeof(*in);
	return address;
}

int address_connect(const struct address *address)
{
	int fd = socket(address->name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address->name, address->length))
		err(1, "cannot connect: is the server up?");
	if (address->name.ss_family == AF_INET &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		err(1, "TCP_NODELAY");
	return fd;
}

int address_listen(const struct address *address)
{
	int fd = socket(address->name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address->name, address->length) ||
	    listen(fd, 8))
		err(1, "cannot listen: is another server there already?");
	return fd;
}
