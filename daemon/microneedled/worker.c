// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "worker.h"

struct queue {
	struct job *first;
	struct job **last;
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock; /* the queues and flags below; held for a few instructions only */
	pthread_cond_t wake;
	struct queue todo;
	struct queue done;
	bool finish;
	bool exited;

	/* the loop's alone */
	int fd;
	struct event *event;
	void (*finished)(void *arg);
	void *arg;
};

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->last = &queue->first;
}

static void queue_put(struct queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->last = job;
	queue->last = &job->next;
}

static struct job *queue_get(struct queue *queue)
{
	struct job *job = queue->first;

	if (job) {
		queue->first = job->next;
		if (!queue->first)
			queue->last = &queue->first;
	}
	return job;
}

static void notify(struct worker *worker)
{
	uint64_t one = 1;

	/* Cannot fail: the counter would have to reach 2^64 - 1 */
	if (write(worker->fd, &one, sizeof(one)) < 0)
		abort();
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct job *job;

	pthread_mutex_lock(&worker->lock);
	for (;;) {
		job = queue_get(&worker->todo);
		if (!job) {
			if (worker->finish)
				break;
			pthread_cond_wait(&worker->wake, &worker->lock);
			continue;
		}
		pthread_mutex_unlock(&worker->lock);
		job->run(job);
		pthread_mutex_lock(&worker->lock);
		queue_put(&worker->done, job);
		notify(worker);
	}
	worker->exited = true;
	notify(worker);
	pthread_mutex_unlock(&worker->lock);
	return NULL;
}

static void destroy(struct worker *worker)
{
	if (worker->event)
		event_free(worker->event);
	if (worker->fd >= 0)
		close(worker->fd);
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->lock);
	free(worker);
}

static void collect(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	struct queue done;
	struct job *job;
	uint64_t count;
	bool exited;

	(void)what;
	if (read((int)fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
	pthread_mutex_lock(&worker->lock);
	queue_init(&done);
	while ((job = queue_get(&worker->done)))
		queue_put(&done, job);
	exited = worker->exited;
	pthread_mutex_unlock(&worker->lock);

	while ((job = queue_get(&done)))
		job->done(job);
	if (exited) {
		void (*finished)(void *) = worker->finished;
		void *finished_arg = worker->arg;

		pthread_join(worker->thread, NULL);
		destroy(worker);
		if (finished)
			finished(finished_arg);
	}
}

struct worker *worker_start(struct event_base *base, int priority)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	sigset_t all, old;
	int error;

	if (!worker)
		return NULL;
	pthread_mutex_init(&worker->lock, NULL);
	pthread_cond_init(&worker->wake, NULL);
	queue_init(&worker->todo);
	queue_init(&worker->done);
	worker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->fd >= 0)
		worker->event = event_new(base, worker->fd, EV_READ | EV_PERSIST, collect, worker);
	if (!worker->event || event_priority_set(worker->event, priority) ||
	    event_add(worker->event, NULL)) {
		destroy(worker);
		errno = ENOMEM;
		return NULL;
	}
	/* Signals are the loop's */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		destroy(worker);
		errno = error;
		return NULL;
	}
	return worker;
}

void worker_submit(struct worker *worker, struct job *job)
{
	pthread_mutex_lock(&worker->lock);
	queue_put(&worker->todo, job);
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
}

void worker_finish(struct worker *worker, void (*finished)(void *arg), void *arg)
{
	worker->finished = finished;
	worker->arg = arg;
	pthread_mutex_lock(&worker->lock);
	worker->finish = true;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
}
