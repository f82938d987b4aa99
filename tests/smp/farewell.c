// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files of a handpiece that is gone: each gives the records that are left, then tells that it is gone,
 * and answers every call so.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "hammer.h"

/* More than a queue has, so that one that never ends is seen. */
#define READS_MAX 1000

static void drain(struct thread *thread, struct file *file, const char *name)
{
	int error = 0;

	for (unsigned int reads = 0; !error && reads < READS_MAX; reads++)
		error = call_read(thread, file);
	if (error != ENODEV)
		complain(thread, "%s: read to its end gave %s", name, strerror(error));
	/* Each record has a number, what tells of loss has one too: none is missing, none comes twice. */
	if (file->records + file->lost != file->next_seq)
		complain(thread, "%s: %u records were read and %u lost, of %u", name, file->records,
			 file->lost, file->next_seq);
}

static void hung_up(struct thread *thread, struct file *file, const char *name)
{
	struct pollfd poll_fd = { .fd = file->fd, .events = POLLIN };

	if (poll(&poll_fd, 1, 0) != 1 ||
	    (poll_fd.revents & (POLLHUP | POLLERR)) != (POLLHUP | POLLERR))
		complain(thread, "%s: poll gave %#x", name, (unsigned int)poll_fd.revents);
}

static void refuses(struct thread *thread, struct file *file, const char *name)
{
	for (enum call call = 0; call < CALL_IOCTLS; call++) {
		bool observes = call == CALL_GET_INFO || call == CALL_GET_STATUS ||
				call == CALL_GET_LIMITS || call == CALL_STOP;
		int wanted = file->writable || observes ? ENODEV : EACCES;
		int error;

		/* It refuses what is no request before it looks for the handpiece */
		if (call == CALL_CAPTURE)
			continue;
		error = call_random(thread, file, call);
		if (error != wanted)
			complain(thread, "%s: %s gave %s", name, call_names[call], strerror(error));
	}
}

static void part(struct thread *thread, struct file *file, const char *name)
{
	hung_up(thread, file, name);
	drain(thread, file, name);
	hung_up(thread, file, name);
	refuses(thread, file, name);
	if (close(file->fd))
		complain(thread, "%s: close gave %s", name, strerror(errno));
}

void farewell(struct thread *thread)
{
	struct round *round = thread->round;

	part(thread, &round->shared, "the controller's file");
	part(thread, &round->stream, "the file that both CPUs read");
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		part(thread, &round->own[cpu], "a file that is called");
		part(thread, &round->polled[cpu], "a file that is polled");
	}
}
