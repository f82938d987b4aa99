// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the threads do, over and over, until a call tells them that the handpiece is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/microneedle.h>

#include "hammer.h"

#define RENEW_MS 40
#define SAMPLES 200

static void rest(unsigned int ms)
{
	rest_us(ms * 1000U);
}

/* Bring it to being armed, whatever keeps it from that, and keep the lease. */
void role_controller(struct thread *thread)
{
	struct round *round = thread->round;
	struct file *file = &round->shared;
	int error;

	do {
		error = call_random(thread, file, CALL_ACQUIRE);
		if (!error)
			error = call_random(thread, file, CALL_SET_LIMITS);
		if (!error && !round->armed)
			error = call_random(thread, file, CALL_ARM);
		if (error == EBADFD)
			error = call_random(thread, file, CALL_CLEAR_FAULT);
		else if (error == EAGAIN)
			error = call_random(thread, file, CALL_SELF_TEST);
		rest(round->armed ? RENEW_MS : RENEW_MS / 8);
		if (error != ENODEV)
			error = call_random(thread, file, CALL_HEARTBEAT);
	} while (error != ENODEV);
}

/* What changes nothing of the treatment, unless the round is a wild one. */
static enum call choose(struct thread *thread, bool shared)
{
	static const enum call tame[] = {
		CALL_GET_INFO,
		CALL_GET_STATUS,
		CALL_GET_LIMITS,
		CALL_HEARTBEAT,
		CALL_SET_LIMITS,
		CALL_DECLARE_CARTRIDGE,
		/* and while it is armed, or was: */
		CALL_UPDATE,
		CALL_START,
		CALL_ARM,
		CALL_SELF_TEST,
	};
	enum call call = random_below(thread, CALL_IOCTLS);

	/* The one that gives another file has a thread of its own */
	if (thread->round->wild && call != CALL_CAPTURE)
		return call;
	if (!shared && !random_below(thread, 8))
		return CALL_RELEASE;
	return tame[random_below(thread, thread->round->armed ? 10 : 6)];
}

void role_caller(struct thread *thread)
{
	struct file *files[] = { &thread->round->shared, &thread->round->own[thread->cpu] };
	bool gone[2] = { false, false };

	while (!gone[0] || !gone[1]) {
		unsigned int i = random_below(thread, 2);

		if (gone[i])
			continue;
		gone[i] = call_random(thread, files[i], choose(thread, !i)) == ENODEV;
	}
}

/* Both CPUs read the same file, and wait for it. */
void role_reader(struct thread *thread)
{
	int error;

	do {
		error = call_read(thread, &thread->round->stream);
		if (error && error != ENODEV)
			complain(thread, "a read that waits gave %s", strerror(error));
	} while (!error);
}

/* 0, or ENODEV once it has hung up and given all that was left. */
static int poll_and_read(struct thread *thread, struct file *file)
{
	struct pollfd poll_fd = { .fd = file->fd, .events = POLLIN };
	uint64_t began;
	int error;

	thread->inside = call_names[CALL_POLL];
	began = now_ns();
	error = count(thread, CALL_POLL, poll(&poll_fd, 1, -1), began);
	if (error)
		complain(thread, "poll gave %s", strerror(error));
	if (poll_fd.revents & POLLHUP && !thread->cut_blocked_ns)
		thread->cut_blocked_ns = began;
	error = call_read(thread, file);
	if (error == ENODEV) {
		poll(&poll_fd, 1, 0);
		if (!(poll_fd.revents & POLLHUP))
			complain(thread, "read gives ENODEV, but poll no POLLHUP");
	} else if (error == EAGAIN && poll_fd.revents & POLLHUP) {
		complain(thread, "it has hung up, and read gives EAGAIN");
	}
	return error == EAGAIN ? 0 : error;
}

void role_poller(struct thread *thread)
{
	struct file *file = &thread->round->polled[thread->cpu];

	while (!poll_and_read(thread, file))
		;
}

/* Attributes are there until the device is not; what they say then is an error. */
static int read_attribute(struct thread *thread)
{
	static const char *const names[] = {
		"state", "faults", "serial", "limit_depth_um/effective", "limit_run_ms/binding",
	};
	char path[NODE_MAX + 32], text[64];
	const char *name = names[random_below(thread, sizeof(names) / sizeof(names[0]))];
	int fd, error;

	snprintf(path, sizeof(path), "%s/%s", thread->round->folder, name);
	thread->inside = call_names[CALL_ATTRIBUTE];
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return count(thread, CALL_ATTRIBUTE, -1, 0);
	error = count(thread, CALL_ATTRIBUTE, read(fd, text, sizeof(text)) < 0 ? -1 : 0, 0);
	close(fd);
	return error;
}

/* Opens, asks something, perhaps has control, and closes; until there is nothing to open. */
void role_opener(struct thread *thread)
{
	const char *node = thread->round->node;
	struct file file;
	int error;

	for (;;) {
		thread->inside = call_names[CALL_OPEN];
		error = count(thread, CALL_OPEN, file_open(&file, node, true, false) ? 0 : -1, 0);
		if (error) {
			if (error != ENODEV && error != ENXIO && error != ENOENT)
				complain(thread, "open gave %s", strerror(error));
			return;
		}
		call_random(thread, &file, choose(thread, false));
		if (!random_below(thread, 4))
			call_read(thread, &file);
		read_attribute(thread);
		thread->inside = "close";
		close(file.fd);
		thread->inside = NULL;
	}
}

/* Waveforms, each a file of its own, read while it waits for samples. */
static int sample(struct thread *thread)
{
	struct mn_capture capture = { .rate_hz = 2000, .samples = SAMPLES };
	struct mn_sample samples[SAMPLES];
	ssize_t size;
	int error;

	error = call_ioctl(thread, &thread->round->own[thread->cpu], CALL_CAPTURE, &capture);
	if (error)
		return error;
	do {
		thread->inside = call_names[CALL_SAMPLES];
		size = read(capture.fd, samples, sizeof(samples));
		error = count(thread, CALL_SAMPLES, size < 0 ? -1 : 0, 0);
	} while (size > 0);
	thread->inside = "close of samples";
	close(capture.fd);
	thread->inside = NULL;
	return error;
}

void role_sampler(struct thread *thread)
{
	while (sample(thread) != ENODEV)
		rest(1);
}
