// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One client that asks the same thing again and again, and how long each answer takes.
 *
 *   load [-g GREETING] [-s LINES] [-w ROUNDS] [-n ROUNDS] [-x TEXT] [-o FILE]
 *	  -e END ADDRESS REQUEST
 *
 * First GREETING is sent and LINES lines are skipped. The times of -n rounds, after -w rounds that
 * are not counted, go to stdout as one JSON object. Every answer ends in END and must have TEXT in
 * it: what fails fast is not fast. The last answer goes to FILE.
 */
#include <err.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"

#define ANSWER_MAX (64U << 10)

struct exchange {
	int fd;
	const char *request;
	size_t request_size;
	const char *end;
	size_t end_size;
	char answer[ANSWER_MAX + 1];
	size_t answer_size;
};

static void send_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);

		if (sent <= 0)
			err(1, "the server does not take the request");
		data += sent;
		size -= (size_t)sent;
	}
}

static void receive(struct exchange *x)
{
	ssize_t got = recv(x->fd, x->answer + x->answer_size, ANSWER_MAX - x->answer_size, 0);

	if (got < 0)
		err(1, "no answer");
	if (!got)
		errx(1, "the server hung up, or answers more than %u bytes", ANSWER_MAX);
	x->answer_size += (size_t)got;
}

static uint64_t round_trip(struct exchange *x)
{
	uint64_t begin = now_ns();

	send_all(x->fd, x->request, x->request_size);
	x->answer_size = 0;
	do {
		receive(x);
	} while (x->answer_size < x->end_size ||
		 memcmp(x->answer + x->answer_size - x->end_size, x->end, x->end_size));
	return now_ns() - begin;
}

/* What a server says before it is asked, so many lines, is no answer */
static void greet(struct exchange *x, const char *greeting, unsigned int lines)
{
	char byte;

	send_all(x->fd, greeting, strlen(greeting));
	while (lines) {
		if (recv(x->fd, &byte, 1, 0) != 1)
			errx(1, "the server hung up instead of greeting");
		lines -= byte == '\n';
	}
}

static void check(struct exchange *x, const char *text)
{
	x->answer[x->answer_size] = '\0';
	if (!strstr(x->answer, text))
		errx(1, "an answer without %s: %s", text, x->answer);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Nearest rank: a value that was really measured */
static uint64_t permille(const uint64_t *sorted, unsigned int count, unsigned int part)
{
	size_t rank = ((size_t)count * part + 999) / 1000;

	return sorted[rank ? rank - 1 : 0];
}

static void report(const struct exchange *x, uint64_t *times, unsigned int count)
{
	qsort(times, count, sizeof(*times), ascending);
	printf("{\"rounds\": %u, \"request_bytes\": %zu, \"answer_bytes\": %zu, ", count,
	       x->request_size, x->answer_size);
	printf("\"min_ns\": %" PRIu64 ", \"p50_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64, times[0],
	       permille(times, count, 500), permille(times, count, 990));
	printf(", \"p999_ns\": %" PRIu64 ", \"max_ns\": %" PRIu64 "}\n",
	       permille(times, count, 999), times[count - 1]);
}

static void keep(const struct exchange *x, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file || fwrite(x->answer, 1, x->answer_size, file) != x->answer_size || fclose(file))
		err(1, "%s", path);
}

static unsigned int rounds(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (!*text || *end || value > 10000000)
		errx(2, "%s: 0 to 10000000 is wanted", text);
	return (unsigned int)value;
}

int main(int argc, char **argv)
{
	unsigned int lines = 0, warm = 1000, count = 10000;
	const char *greeting = "", *text = "", *path = NULL;
	static struct exchange x;
	struct address address;
	uint64_t *times;
	int option;

	while ((option = getopt(argc, argv, "g:s:w:n:x:e:o:")) != -1) {
		switch (option) {
		case 'g':
			greeting = optarg;
			break;
		case 's':
			lines = rounds(optarg);
			break;
		case 'w':
			warm = rounds(optarg);
			break;
		case 'n':
			count = rounds(optarg);
			break;
		case 'x':
			text = optarg;
			break;
		case 'e':
			x.end = optarg;
			break;
		case 'o':
			path = optarg;
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 2 || !x.end || !*x.end || !count)
		errx(2, "usage: load [options] -e END ADDRESS REQUEST");
	address = address_of(argv[optind]);
	x.request = argv[optind + 1];
	x.request_size = strlen(x.request);
	x.end_size = strlen(x.end);
	times = calloc(count, sizeof(*times));
	if (!times)
		err(1, "%u rounds", count);
	/* A page that is touched for the first time would be in the figures */
	memset(times, 1, count * sizeof(*times));

	x.fd = address_connect(&address);
	greet(&x, greeting, lines);
	for (unsigned int i = 0; i < warm; i++) {
		round_trip(&x);
		check(&x, text);
	}
	for (unsigned int i = 0; i < count; i++) {
		times[i] = round_trip(&x);
		check(&x, text);
	}
	if (path)
		keep(&x, path);
	report(&x, times, count);
	free(times);
	return 0;
}
