// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program with the device node open, of whatever architecture it is built for: caller NODE r|rw
 *
 * A command a line comes in, an answer in JSON goes out. "GET_STATUS" or "ARM 0a1b..." is the ioctl
 * with that struct; "fault ARM" is the ioctl with an address that is not there; "read N" and
 * "poll MS" are what they say; "capture N" is a waveform of so many samples. Structs go in and out
 * as bytes, in hexadecimal, as this program's compiler lays them out; of some of them members are
 * told by name, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/microneedle.h>

#define STRUCT_MAX 512
#define LINE_MAX_BYTES (2 * STRUCT_MAX + 64)
#define RECORDS_MAX 64

static const struct {
	const char *name;
	unsigned int number;
} commands[] = {
	{ "GET_INFO", MN_IOC_GET_INFO },
	{ "GET_STATUS", MN_IOC_GET_STATUS },
	{ "GET_LIMITS", MN_IOC_GET_LIMITS },
	{ "STOP", MN_IOC_STOP },
	{ "ACQUIRE", MN_IOC_ACQUIRE },
	{ "RELEASE", MN_IOC_RELEASE },
	{ "SET_LIMITS", MN_IOC_SET_LIMITS },
	{ "ARM", MN_IOC_ARM },
	{ "UPDATE", MN_IOC_UPDATE },
	{ "START", MN_IOC_START },
	{ "HEARTBEAT", MN_IOC_HEARTBEAT },
	{ "CLEAR_FAULT", MN_IOC_CLEAR_FAULT },
	{ "SELF_TEST", MN_IOC_SELF_TEST },
	{ "CAPTURE", MN_IOC_CAPTURE },
	{ "DECLARE_CARTRIDGE", MN_IOC_DECLARE_CARTRIDGE },
};

static const unsigned int *number_of(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i].number;
	return NULL;
}

static void put_hex(const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
}

/* What is no hexadecimal ends it. */
static void take_hex(const char *text, unsigned char *data, size_t most)
{
	char digits[3] = "", *end;

	for (size_t i = 0; i < most && text[2 * i] && text[2 * i + 1]; i++) {
		memcpy(digits, text + 2 * i, 2);
		data[i] = (unsigned char)strtoul(digits, &end, 16);
		if (*end)
			return;
	}
}

static void put_status(const struct mn_status *status)
{
	printf(",\"mono_ns\":%" PRIu64 ",\"faults\":%" PRIu64 ",\"state\":%" PRIu32
	       ",\"epoch\":%" PRIu32 ",\"cartridge_uid\":%" PRIu64 ",\"cartridge_lot\":\"%.24s\"",
	       (uint64_t)status->mono_ns, (uint64_t)status->faults, status->state, status->epoch,
	       (uint64_t)status->cartridge_uid, status->cartridge_lot);
}

static void call(int fd, const char *name, const char *argument)
{
	union {
		unsigned char bytes[STRUCT_MAX];
		struct mn_status status;
	} data = { .bytes = { 0 } };
	const unsigned int *number = number_of(name);
	int ret;

	if (!number) {
		printf("{\"error\":\"no ioctl %s\"}\n", name);
		return;
	}
	take_hex(argument, data.bytes, sizeof(data.bytes));
	ret = ioctl(fd, *number, &data);
	printf("{\"number\":%u,\"ret\":%d,\"errno\":%d,\"data\":\"", *number, ret, ret ? errno : 0);
	put_hex(data.bytes, _IOC_SIZE(*number));
	putchar('"');
	if (*number == MN_IOC_GET_STATUS && !ret)
		put_status(&data.status);
	printf("}\n");
}

static void call_in_vain(int fd, const char *name)
{
	const unsigned int *number = number_of(name);
	int ret = number ? ioctl(fd, *number, (void *)16) : 0;

	printf("{\"ret\":%d,\"errno\":%d}\n", ret, ret ? errno : 0);
}

static void read_some(int fd, const char *argument)
{
	struct mn_record records[RECORDS_MAX];
	size_t count = strtoul(argument, NULL, 10);
	ssize_t size;
	int error;

	if (count > RECORDS_MAX)
		count = RECORDS_MAX;
	size = read(fd, records, count * sizeof(records[0]));
	error = size < 0 ? errno : 0;
	printf("{\"ret\":%zd,\"errno\":%d,\"records\":[", size, error);
	for (ssize_t i = 0; i < size / (ssize_t)sizeof(records[0]); i++) {
		printf("%s{\"mono_ns\":%" PRIu64 ",\"seq\":%" PRIu32 ",\"type\":%u,\"data\":\"",
		       i ? "," : "", (uint64_t)records[i].mono_ns, records[i].seq, records[i].type);
		put_hex(&records[i], sizeof(records[0]));
		printf("\"}");
	}
	printf("]}\n");
}

static void capture_all(int fd, const char *argument)
{
	struct mn_capture capture = { .rate_hz = 20000,
				      .samples = (__u32)strtoul(argument, NULL, 10) };
	struct mn_sample samples[RECORDS_MAX];
	uint64_t first_ns = 0, last_ns = 0;
	uint32_t count = 0;
	ssize_t size = 0;
	int error = 0;

	if (ioctl(fd, MN_IOC_CAPTURE, &capture))
		error = errno;
	while (!error && (size = read(capture.fd, samples, sizeof(samples))) > 0) {
		for (ssize_t i = 0; i < size / (ssize_t)sizeof(samples[0]); i++) {
			/* Each at its number, or the number that is told is not the last */
			if (samples[i].number == count)
				count++;
			if (!first_ns)
				first_ns = samples[i].mono_ns;
			last_ns = samples[i].mono_ns;
		}
	}
	if (size < 0)
		error = errno;
	if (capture.fd > 0)
		close(capture.fd);
	printf("{\"errno\":%d,\"count\":%" PRIu32 ",\"first_ns\":%" PRIu64 ",\"last_ns\":%" PRIu64
	       "}\n",
	       error, count, first_ns, last_ns);
}

static void poll_once(int fd, const char *argument)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN | POLLPRI };
	int ret = poll(&poll_fd, 1, (int)strtol(argument, NULL, 10));

	printf("{\"ret\":%d,\"errno\":%d,\"revents\":%d}\n", ret, ret < 0 ? errno : 0,
	       poll_fd.revents);
}

static void obey(int fd, const char *word, const char *argument)
{
	if (!strcmp(word, "read"))
		read_some(fd, argument);
	else if (!strcmp(word, "poll"))
		poll_once(fd, argument);
	else if (!strcmp(word, "capture"))
		capture_all(fd, argument);
	else if (!strcmp(word, "fault"))
		call_in_vain(fd, argument);
	else
		call(fd, word, argument);
}

int main(int argc, char **argv)
{
	char line[LINE_MAX_BYTES], word[32], argument[LINE_MAX_BYTES];
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: caller NODE r|rw\n");
		return 2;
	}
	fd = open(argv[1], (strcmp(argv[2], "r") ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
	printf("{\"long\":%zu,\"errno\":%d}\n", sizeof(long), fd < 0 ? errno : 0);
	fflush(stdout);
	if (fd < 0)
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		argument[0] = '\0';
		if (sscanf(line, "%31s %1087s", word, argument) < 1)
			continue;
		obey(fd, word, argument);
		fflush(stdout);
	}
	return 0;
}
