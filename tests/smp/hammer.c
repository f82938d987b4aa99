// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Use a device node from threads on both CPUs at once, round after round: mn-hammer
 *
 * A command a line comes in, an answer a line goes out:
 *	go NUMBER SEED [blocked]	open /dev/microneedleNUMBER and begin; "begun"
 *	armed MS			"yes", or "no" if it was not armed so soon
 *	wild				from here on callers stop it, too; "wild"
 *	end SECONDS			wait for all threads to find the handpiece gone; what they saw
 *
 * With "blocked" one reader reads what nobody ever writes to: it must be told of as stuck. After that the
 * program ends with status 1, as its threads can't be ended.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hammer.h"

/* Below the handpiece, which has promises of time to keep, and above nobody. */
#define NICE 15
#define LOOK_US 2000U

static const struct {
	const char *name;
	void (*work)(struct thread *thread);
	bool on[CPUS];
} roles[] = {
	{ "controller", role_controller, { true, false } },
	{ "caller", role_caller, { true, true } },
	{ "reader", role_reader, { true, true } },
	{ "poller", role_poller, { true, true } },
	{ "opener", role_opener, { true, true } },
	{ "sampler", role_sampler, { false, true } },
};

static struct round round_now;
static struct thread threads[THREADS_MAX];
static unsigned int thread_number;

static void *run(void *data)
{
	struct thread *thread = data;

	/* Linux has a priority for each thread; 0 is the calling one */
	if (thread->work != role_controller && setpriority(PRIO_PROCESS, 0, NICE))
		complain(thread, "it can't be made nice: %s", strerror(errno));
	thread->work(thread);
	if (sched_getcpu() != (int)thread->cpu)
		complain(thread, "it is on CPU %d", sched_getcpu());
	thread->done = true;
	return NULL;
}

static bool start_thread(unsigned int role, unsigned int cpu)
{
	struct thread *thread = &threads[thread_number];
	pthread_attr_t attributes;
	cpu_set_t set;
	bool ok;

	memset(thread, 0, sizeof(*thread));
	thread->round = &round_now;
	thread->role = roles[role].name;
	thread->work = roles[role].work;
	thread->cpu = cpu;
	thread->random = round_now.seed * THREADS_MAX + thread_number + 1;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_attr_init(&attributes);
	ok = !pthread_attr_setaffinity_np(&attributes, sizeof(set), &set) &&
	     !pthread_create(&thread->id, &attributes, run, thread);
	pthread_attr_destroy(&attributes);
	thread_number += ok;
	return ok;
}

static bool open_files(void)
{
	const char *node = round_now.node;
	bool ok = file_open(&round_now.shared, node, true, false) &&
		  file_open(&round_now.stream, node, false, true);

	for (unsigned int cpu = 0; cpu < CPUS; cpu++)
		ok = ok && file_open(&round_now.own[cpu], node, true, false) &&
		     file_open(&round_now.polled[cpu], node, false, false);
	return ok;
}

/* The second end of the pipe stays open, and nobody writes to it */
static bool block_reader(void)
{
	int ends[2];

	if (pipe(ends))
		return false;
	return dup2(ends[0], round_now.stream.fd) >= 0;
}

static void go(unsigned int number, uint64_t seed, bool blocked)
{
	bool ok;

	memset(&round_now, 0, sizeof(round_now));
	snprintf(round_now.node, sizeof(round_now.node), "/dev/microneedle%u", number);
	snprintf(round_now.folder, sizeof(round_now.folder), "/sys/class/microneedle/microneedle%u",
		 number);
	round_now.seed = seed;
	thread_number = 0;
	ok = open_files() && (!blocked || block_reader());
	for (unsigned int role = 0; role < sizeof(roles) / sizeof(roles[0]); role++)
		for (unsigned int cpu = 0; cpu < CPUS; cpu++)
			if (ok && roles[role].on[cpu])
				ok = start_thread(role, cpu);
	if (!ok) {
		printf("cannot: %s\n", strerror(errno));
		exit(1);
	}
	printf("begun\n");
}

static bool all_done(void)
{
	for (unsigned int i = 0; i < thread_number; i++)
		if (!threads[i].done)
			return false;
	return true;
}

/* The limit is for what hangs. */
static bool wait_until(bool (*what)(void), uint64_t ms)
{
	uint64_t end = now_ns() + ms * 1000000U;

	while (!what()) {
		if (now_ns() > end)
			return what();
		rest_us(LOOK_US);
	}
	return true;
}

static bool was_armed(void)
{
	return round_now.armed;
}

static void end(unsigned int seconds)
{
	struct thread last = { .round = &round_now, .role = "main", .random = 1 };

	if (!wait_until(all_done, seconds * 1000ULL)) {
		report(threads, thread_number, &last);
		exit(1);
	}
	for (unsigned int i = 0; i < thread_number; i++)
		pthread_join(threads[i].id, NULL);
	farewell(&last);
	report(threads, thread_number, &last);
}

static void begin_wild(void)
{
	round_now.wild = true;
	puts("wild");
}

/* One command's words; false if there is none of them. */
static bool obey(char *words[], int found)
{
	unsigned int number = found > 1 ? (unsigned int)strtoul(words[1], NULL, 10) : 0;

	if (!strcmp(words[0], "go") && found > 2)
		go(number, strtoull(words[2], NULL, 10), found > 3 && !strcmp(words[3], "blocked"));
	else if (!strcmp(words[0], "armed") && found > 1)
		puts(wait_until(was_armed, number) ? "yes" : "no");
	else if (!strcmp(words[0], "wild"))
		begin_wild();
	else if (!strcmp(words[0], "end") && found > 1)
		end(number);
	else
		return false;
	return true;
}

int main(void)
{
	char line[128], *words[5], *left;
	int found;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		found = 0;
		for (char *word = strtok_r(line, " \n", &left); word && found < 5;
		     word = strtok_r(NULL, " \n", &left))
			words[found++] = word;
		if (!found || !obey(words, found)) {
			fprintf(stderr, "mn-hammer: no such command\n");
			return 2;
		}
	}
	return 0;
}
