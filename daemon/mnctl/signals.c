// SPDX-License-Identifier: GPL-2.0-or-later
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Written before the handler is installed or with the signals blocked, read by the handler */
static int wake_fd = -1;
static int guarded_fd = -1;
static const char *stop_line;
static size_t stop_size;
static struct sockaddr_un stop_address;

static volatile sig_atomic_t caught;

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
static const int leaving[] = { SIGTSTP, SIGQUIT };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Only calls that are safe in a signal handler */
void signals_send_stop(void)
{
	int saved = errno, fd;

	if (!stop_line)
		return;
	/* So small a line goes out whole or not at all */
	if (send(guarded_fd, stop_line, stop_size, MSG_NOSIGNAL | MSG_DONTWAIT) !=
	    (ssize_t)stop_size) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd >= 0 &&
		    connect(fd, (const struct sockaddr *)&stop_address, sizeof(stop_address)) == 0)
			(void)!send(fd, stop_line, stop_size, MSG_NOSIGNAL | MSG_DONTWAIT);
		/* Stays open: the daemon reads what was sent before it sees an end */
	}
	errno = saved;
}

static void on_signal(int number)
{
	int saved = errno;
	uint64_t one = 1;

	(void)number;
	signals_send_stop();
	/* Asked for twice: do not wait for anything any more */
	if (caught)
		_exit(130);
	caught = 1;
	(void)!write(wake_fd, &one, sizeof(one));
	errno = saved;
}

static void handle_all(const int *signals, size_t count)
{
	/* Without SA_RESTART: a write that is stuck must come back */
	struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < count; i++)
		sigaddset(&action.sa_mask, signals[i]);
	for (size_t i = 0; i < count; i++)
		sigaction(signals[i], &action, NULL);
}

bool signals_init(void)
{
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0)
		return false;
	handle_all(ending, COUNT(ending));
	return true;
}

int signals_fd(void)
{
	return wake_fd;
}

bool signals_caught(void)
{
	return caught;
}

void signals_guard(int connection, const char *socket_path, const char *line)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	guarded_fd = connection;
	stop_address.sun_family = AF_UNIX;
	strncpy(stop_address.sun_path, socket_path, sizeof(stop_address.sun_path) - 1);
	stop_size = strlen(line);
	stop_line = line;
	sigaction(SIGPIPE, &ignore, NULL);
	/* In the background these would suspend us for a line of output */
	sigaction(SIGTTOU, &ignore, NULL);
	sigaction(SIGTTIN, &ignore, NULL);
	handle_all(leaving, COUNT(leaving));
	sigprocmask(SIG_SETMASK, &before, NULL);
	/* It came while there was no stop to send */
	if (caught)
		signals_send_stop();
}
