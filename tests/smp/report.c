// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What became of a round, as one line of JSON.
 *
 * A call was cut off if it began while the device was there, and the device was not there to answer
 * it: a call of any thread that began later was answered still. So the clock alone does not make one.
 */
#include <inttypes.h>
#include <stdio.h>

#include "hammer.h"

static void put_calls(const struct thread *threads, unsigned int number)
{
	const char *between = "";

	printf("\"calls\":[");
	for (unsigned int call = 0; call < CALLS; call++) {
		for (unsigned int error = 0; error < ERRNOS; error++) {
			uint64_t sum = 0;

			for (unsigned int i = 0; i < number; i++)
				sum += threads[i].counts[call][error];
			if (sum) {
				printf("%s[\"%s\",%u,%" PRIu64 "]", between, call_names[call],
				       error, sum);
				between = ",";
			}
		}
	}
	printf("]");
}

static void put_per_cpu(const struct thread *threads, unsigned int number)
{
	uint64_t calls[CPUS] = { 0 }, alive_ns = 0;
	unsigned int cut[CPUS] = { 0 }, blocked[CPUS] = { 0 };

	for (unsigned int i = 0; i < number; i++)
		if (threads[i].alive_ns > alive_ns)
			alive_ns = threads[i].alive_ns;
	for (unsigned int i = 0; i < number; i++) {
		const struct thread *thread = &threads[i];

		for (unsigned int call = 0; call < CALL_IOCTLS; call++)
			for (unsigned int error = 0; error < ERRNOS; error++)
				calls[thread->cpu] += thread->counts[call][error];
		for (unsigned int j = 0; j < thread->cuts; j++)
			cut[thread->cpu] += thread->cut_ns[j] < alive_ns;
		blocked[thread->cpu] += thread->cut_blocked_ns && thread->cut_blocked_ns < alive_ns;
	}
	printf("\"ioctls\":[%" PRIu64 ",%" PRIu64 "],\"cut\":[%u,%u],\"woken\":[%u,%u]", calls[0],
	       calls[1], cut[0], cut[1], blocked[0], blocked[1]);
}

static void put_wrong(const struct thread *thread, const char **between)
{
	if (!thread->wrong[0])
		return;
	printf("%s\"%s on CPU %u: %s\"", *between, thread->role, thread->cpu, thread->wrong);
	*between = ",";
}

/* @last said farewell; its calls are those of nobody who raced */
void report(struct thread *threads, unsigned int number, struct thread *last)
{
	const char *between = "";

	printf("{");
	put_per_cpu(threads, number);
	printf(",\"armed\":%s,", threads[0].round->armed ? "true" : "false");
	put_calls(threads, number);
	printf(",\"stuck\":[");
	for (unsigned int i = 0; i < number; i++) {
		const char *inside = threads[i].inside;

		if (threads[i].done)
			continue;
		printf("%s\"%s on CPU %u in %s\"", between, threads[i].role, threads[i].cpu,
		       inside ? inside : "no call");
		between = ",";
	}
	between = "";
	printf("],\"wrong\":[");
	for (unsigned int i = 0; i < number; i++)
		put_wrong(&threads[i], &between);
	put_wrong(last, &between);
	printf("]}\n");
	fflush(stdout);
}
