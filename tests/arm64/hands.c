// SPDX-License-Identifier: GPL-2.0-or-later
#include "hands.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "/bin/mn-gpio-handpiece"
#define CONTROL "/model"
#define PATIENCE_MS 5000

static pid_t launch(const char *position, int output)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(output, STDOUT_FILENO);
	execl(PROGRAM, PROGRAM, "--cartridge", "--control", CONTROL, "--position", position,
	      (char *)NULL);
	perror(PROGRAM);
	_exit(127);
}

/* Reads one line, or what came of it when @ms have passed */
static bool read_line(int fd, char *line, size_t size, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t length = 0;
	ssize_t got;

	line[0] = 0;
	while (length + 1 < size && !strchr(line, '\n')) {
		if (poll(&p, 1, ms) <= 0)
			return false;
		got = read(fd, line + length, size - length - 1);
		if (got <= 0)
			return false;
		length += (size_t)got;
		line[length] = 0;
	}
	return true;
}

bool hands_start(struct hands *h, const char *position)
{
	const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CONTROL };
	int ready[2];
	bool started;

	h->socket = -1;
	h->pid = -1;
	if (pipe(ready))
		return false;
	h->pid = launch(position, ready[1]);
	close(ready[1]);
	started = h->pid > 0 && read_line(ready[0], h->answer, sizeof(h->answer), PATIENCE_MS);
	close(ready[0]);
	if (!started)
		return false;
	h->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return !connect(h->socket, (const struct sockaddr *)&address, sizeof(address));
}

bool hands_ask(struct hands *h, const char *command)
{
	char line[256];
	int length = snprintf(line, sizeof(line), "%s\n", command);

	return write(h->socket, line, (size_t)length) == length &&
	       read_line(h->socket, h->answer, sizeof(h->answer), PATIENCE_MS) &&
	       strstr(h->answer, "\"ok\":true");
}

long hands_number(const struct hands *h, const char *name)
{
	char key[64];
	const char *found;

	snprintf(key, sizeof(key), "\"%s\":", name);
	found = strstr(h->answer, key);
	return found ? strtol(found + strlen(key), NULL, 10) : -1;
}

long hands_look(struct hands *h, const char *command, const char *name)
{
	char line[64];

	snprintf(line, sizeof(line), "{\"cmd\":\"%s\"}", command);
	return hands_ask(h, line) ? hands_number(h, name) : -1;
}

bool hands_foot(struct hands *h, bool pressed)
{
	return hands_ask(h,
			 pressed ? "{\"cmd\":\"set\",\"input\":\"foot_switch\",\"value\":true}"
				 : "{\"cmd\":\"set\",\"input\":\"foot_switch\",\"value\":false}");
}

int hands_stop(struct hands *h)
{
	int status;

	close(h->socket);
	kill(h->pid, SIGTERM);
	if (waitpid(h->pid, &status, 0) != h->pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
