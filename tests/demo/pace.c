// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hold the UML lane's virtual clock to the host's, for people who watch.
 *
 *   pace                  on the host: how many ticks of the CPU's counter a millisecond has
 *   pace TICKS            in the guest: virtual time goes no faster than that
 *
 * Virtual time stands while a program computes. So this one computes, until the CPU's counter, which
 * is the host's, says that as much time has really passed. A host that is too busy makes virtual time
 * slower, and nothing in it late.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

/* How far apart the two clocks may be, short enough for an eye */
#define STEP_NS 10000000
#define MEASURE_NS 200000000

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t measure(void)
{
	uint64_t ticks = __rdtsc(), since = now_ns(), until = since + MEASURE_NS;

	while (now_ns() < until)
		;
	return (__rdtsc() - ticks) * 1000000 / (now_ns() - since);
}

static void hold(uint64_t ticks_per_ms)
{
	const uint64_t step = ticks_per_ms * STEP_NS / 1000000;
	const struct timespec pause = { .tv_nsec = STEP_NS };
	uint64_t due = __rdtsc();

	for (;;) {
		nanosleep(&pause, NULL);
		due += step;
		/* What the host took for itself is not made up for: it would be seen as a leap */
		if (__rdtsc() > due)
			due = __rdtsc();
		while (__rdtsc() < due)
			_mm_pause();
	}
}

int main(int argc, char *argv[])
{
	char *end = NULL;
	uint64_t ticks;

	if (argc == 1) {
		printf("%llu\n", (unsigned long long)measure());
		return 0;
	}
	errno = 0;
	ticks = strtoull(argv[1], &end, 10);
	if (argc != 2 || errno || *end || !ticks) {
		fputs("pace: give it what pace printed on the host\n", stderr);
		return 2;
	}
	hold(ticks);
}
