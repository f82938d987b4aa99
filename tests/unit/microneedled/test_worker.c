// SPDX-License-Identifier: GPL-2.0-or-later
/* Threads that work for the loop */
#include "unit.h"

#include <event2/event.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "microneedled/worker.h"

#define JOBS 100

struct task {
	struct job job;
	int number;
	pthread_t ran_in;
};

static pthread_t loop_thread;
static struct event_base *base;
static struct task tasks[JOBS];
static int done_count;
static int finished_after;

static void run(struct job *job)
{
	static const struct timespec nap = { .tv_nsec = 1000000 };
	struct task *task = (struct task *)job;

	task->ran_in = pthread_self();
	if (task->number % 10 == 0)
		nanosleep(&nap, NULL);
}

static void done(struct job *job)
{
	struct task *task = (struct task *)job;

	assert_true(pthread_equal(pthread_self(), loop_thread));
	assert_false(pthread_equal(task->ran_in, loop_thread));
	assert_int_equal(task->number, done_count);
	done_count++;
}

static void finished(void *arg)
{
	assert_ptr_equal(arg, &base);
	finished_after = done_count;
	event_base_loopbreak(base);
}

static void in_order_in_another_thread_all_before_the_end(void **state)
{
	struct worker *worker;

	(void)state;
	loop_thread = pthread_self();
	base = event_base_new();
	event_base_priority_init(base, 3);
	worker = worker_start(base, 0);
	assert_non_null(worker);
	for (int i = 0; i < JOBS; i++) {
		tasks[i] = (struct task){ .job = { .run = run, .done = done }, .number = i };
		worker_submit(worker, &tasks[i].job);
	}
	worker_finish(worker, finished, &base);
	assert_int_equal(done_count, 0);
	event_base_dispatch(base);
	assert_int_equal(finished_after, JOBS);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_order_in_another_thread_all_before_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
