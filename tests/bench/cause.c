// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plays, again and again, what must stop the needles, on a simulated handpiece whose controller
 * starts it anew after each stop; and how long after each the handpiece has STOP.
 *
 *   cause [-b GROUP] [-s SEED] [-w ROUNDS] [-n ROUNDS] SOCKET over_depth|emergency_stop
 *
 * SOCKET is the handpiece's control socket, which stamps both ends. GROUP is a process group that
 * is stopped: the burden, let go on for some milliseconds before the cause, at whose moment nothing
 * is even, and held again once STOP is there. It prints the nanoseconds of each of -n rounds, after
 * -w that are not counted, and ends with an error if a stroke begins after STOP.
 */
#include <err.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"

#define PRIORITY 96 /* below the peer, so that it takes no time from it */

#define LOOK_MS 10 /* from one look at the handpiece to the next */
#define RESTART_MS 3000 /* after a stop it runs again, at the latest */
#define STROKE_NS 10000000
#define BURDEN_NS 3000000 /* the least that the burden has before the cause */
#define SPREAD_NS 2000000 /* and as much more, at random: many of the bus's frames */
#define STOP_MS 3 /* so long is looked the other way, so that nothing disturbs */
#define STOP_MAX_MS 400

static const char over_depth[] =
	"{\"cmd\":\"inject\",\"fault\":\"overshoot\",\"um\":400,\"strokes\":1,\"own\":false}";
static const char no_more[] = "{\"cmd\":\"clear_injections\"}";
static const char emergency_stop[] =
	"{\"cmd\":\"set\",\"input\":\"emergency_stop\",\"value\":true}";
static const char emergency_over[] =
	"{\"cmd\":\"set\",\"input\":\"emergency_stop\",\"value\":false}";

static int handpiece;
static pid_t burden;
static uint64_t chance = 1;

static void sleep_until(uint64_t ns)
{
	const struct timespec moment = { .tv_sec = (time_t)(ns / NS_PER_S),
					 .tv_nsec = (long)(ns % NS_PER_S) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL))
		;
}

static void sleep_ms(unsigned int ms)
{
	sleep_until(now_ns() + (uint64_t)ms * NS_PER_MS);
}

/* xorshift64: the same moments from the same seed */
static uint64_t random_below(uint64_t bound)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return chance % bound;
}

/* ---- the handpiece ---- */

static const char *command(const char *text)
{
	static char answer[65536];
	size_t length = 0;
	ssize_t got;

	if (send(handpiece, text, strlen(text), MSG_NOSIGNAL | MSG_MORE) < 0 ||
	    send(handpiece, "\n", 1, MSG_NOSIGNAL) != 1)
		err(1, "the handpiece does not take a command");
	do {
		got = recv(handpiece, answer + length, sizeof(answer) - 1 - length, 0);
		if (got <= 0)
			errx(1, "the handpiece does not answer");
		length += (size_t)got;
	} while (answer[length - 1] != '\n');
	answer[length] = '\0';
	if (!strstr(answer, "\"ok\":true"))
		errx(1, "%s: %s", text, answer);
	return answer;
}

/* A number after a key; 0 where the key is not. JSON of a known writer needs no parser. */
static uint64_t number_after(const char *text, const char *key)
{
	const char *at = text ? strstr(text, key) : NULL;

	return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static uint64_t member(const char *stats, const char *object, const char *key)
{
	return number_after(strstr(stats, object), key);
}

static const char *stats(void)
{
	return command("{\"cmd\":\"stats\"}");
}

/* Started since the last stop, with a stroke made */
static bool is_running(void)
{
	const char *now = stats();
	uint64_t start = member(now, "\"start\":{", "\"received_ns\":");

	return start > member(now, "\"kill\":{", "\"received_ns\":") &&
	       member(now, "\"start\":{", "\"first_stroke_ns\":") >= start;
}

static void have_it_run(void)
{
	for (int waited = 0; waited < RESTART_MS; waited += LOOK_MS) {
		if (is_running())
			return;
		sleep_ms(LOOK_MS);
	}
	errx(1, "the needles do not run: is the controller up? %s", command("{\"cmd\":\"state\"}"));
}

/* ---- one round ---- */

static void hold_burden(bool hold)
{
	if (burden && kill(-burden, hold ? SIGSTOP : SIGCONT))
		err(1, "the burden");
}

/* From the cause, or from the report that tells it, to the STOP that came after it */
static uint64_t await_stop(const char *told_at, uint64_t begin)
{
	uint64_t end = now_ns() + (uint64_t)STOP_MAX_MS * NS_PER_MS;

	while (now_ns() < end) {
		uint64_t from = begin, stop;
		const char *said;

		sleep_ms(STOP_MS);
		said = stats();
		if (told_at)
			from = member(said, told_at, "\"queued_ns\":");
		stop = member(said, "\"kill\":{", "\"received_ns\":");
		if (from < begin || stop < from)
			continue;
		if (member(said, "\"kill\":{", "\"epoch\":") !=
		    member(said, "\"start\":{", "\"epoch\":") + 1)
			errx(1, "another STOP has overtaken the one that is looked for: %s", said);
		if (member(said, "\"kill\":{", "\"strokes_after\":"))
			errx(1, "a stroke began after STOP: %s", said);
		return stop - from;
	}
	errx(1, "no STOP on the kill endpoint: %s", stats());
}

/* A stroke was just told: until the next there is time to ask for its depth, and for the burden */
static uint64_t await_stroke(void)
{
	uint64_t last = number_after(stats(), "\"stroke_completed_ns\":"), now;

	do {
		sleep_ms(1);
		now = number_after(stats(), "\"stroke_completed_ns\":");
	} while (now == last);
	return now;
}

static uint64_t too_deep(void)
{
	uint64_t next = await_stroke() + STROKE_NS, begin;

	begin = number_after(command(over_depth), "\"mono_ns\":");
	sleep_until(next - BURDEN_NS - random_below(SPREAD_NS));
	hold_burden(false);
	sleep_until(next);
	return await_stop("\"over_depth\":{", begin);
}

static uint64_t emergency(void)
{
	hold_burden(false);
	sleep_until(now_ns() + BURDEN_NS + random_below(SPREAD_NS));
	return await_stop(NULL, number_after(command(emergency_stop), "\"mono_ns\":"));
}

static uint64_t one_round(bool deep)
{
	uint64_t took;

	have_it_run();
	took = deep ? too_deep() : emergency();
	hold_burden(true);
	command(deep ? no_more : emergency_over);
	return took;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (!*text || *end || value > 10000000)
		errx(2, "%s: 0 to 10000000 is wanted", text);
	return value;
}

int main(int argc, char **argv)
{
	const struct sched_param priority = { .sched_priority = PRIORITY };
	uint64_t warm = 5, count = 100;
	struct address address;
	bool deep;
	int option;

	while ((option = getopt(argc, argv, "b:s:w:n:")) != -1) {
		switch (option) {
		case 'b':
			burden = (pid_t)number(optarg);
			break;
		case 's':
			chance = number(optarg) + 1;
			break;
		case 'w':
			warm = number(optarg);
			break;
		case 'n':
			count = number(optarg);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 2)
		errx(2, "usage: cause [options] SOCKET over_depth|emergency_stop");
	address = address_of(argv[optind]);
	deep = !strcmp(argv[optind + 1], "over_depth");
	if (!deep && strcmp(argv[optind + 1], "emergency_stop"))
		errx(2, "%s: no such cause", argv[optind + 1]);
	handpiece = address_connect(&address);
	if (sched_setscheduler(0, SCHED_FIFO, &priority))
		err(1, "SCHED_FIFO");
	for (uint64_t i = 0; i < warm; i++)
		one_round(deep);
	for (uint64_t i = 0; i < count; i++)
		printf("%" PRIu64 "\n", one_round(deep));
	return 0;
}
