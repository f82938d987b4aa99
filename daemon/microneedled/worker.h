/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread for what may take long (fsync, device commands, name lookups), so that the control loop
 * never waits. Jobs run one after another in the order of submission; the outcome comes back to the
 * loop. A worker without a job sleeps without a timer.
 */
#ifndef WORKER_H
#define WORKER_H

struct event_base;
struct worker;

struct job {
	void (*run)(struct job *job); /* in the thread */
	void (*done)(struct job *job); /* in the loop; the job may be freed here */
	struct job *next;
};

/* NULL with errno set; priority is that of done() in the loop */
struct worker *worker_start(struct event_base *base, int priority);
void worker_submit(struct worker *worker, struct job *job);

/*
 * Take no more jobs. What was submitted still runs; after the last done() the thread is joined,
 * finished() is called in the loop and the worker is gone.
 */
void worker_finish(struct worker *worker, void (*finished)(void *arg), void *arg);

#endif
