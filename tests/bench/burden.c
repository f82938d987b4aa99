// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What else a busy machine does, until it is killed.
 *
 *   burden cpu			computes, in four processes
 *   burden fork		starts programs, two at a time
 *   burden io FOLDER		writes with fsync, and reads what is not in the page cache
 *   burden hog PRIORITY MS	computes with SCHED_FIFO, a process on each CPU, for so long from the
 *				end of its input
 *
 * All of it is one process group, the leader's, that SIGSTOP holds and SIGCONT lets go on.
 */
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define CPU_PROCESSES 4
#define FORK_PROCESSES 2
#define BLOCK 65536
#define WRITE_BLOCKS 16 /* between two fsync */
#define READ_BLOCKS 256 /* of the file that is read */

static char block[BLOCK];

static void compute(void)
{
	volatile uint32_t sink = 1;

	for (;;)
		sink = sink * 1664525 + 1013904223;
}

static void start_programs(void)
{
	for (;;) {
		pid_t child = fork();

		if (!child) {
			execl("/bin/true", "true", NULL);
			_exit(127);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			err(1, "fork");
	}
}

static int open_in(const char *folder, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void write_blocks(int fd, int count)
{
	for (int i = 0; i < count; i++)
		if (pwrite(fd, block, sizeof(block), (off_t)i * BLOCK) != sizeof(block))
			err(1, "write");
	if (fsync(fd))
		err(1, "fsync");
}

static void write_on(const char *folder)
{
	int fd = open_in(folder, "written");

	for (;;) {
		write_blocks(fd, WRITE_BLOCKS);
		/* New blocks each time, so that the file system has something to do */
		if (ftruncate(fd, 0))
			err(1, "truncate");
	}
}

static void read_on(const char *folder)
{
	int fd = open_in(folder, "read");

	write_blocks(fd, READ_BLOCKS);
	for (;;) {
		for (int i = 0; i < READ_BLOCKS; i++)
			if (pread(fd, block, sizeof(block), (off_t)i * BLOCK) != sizeof(block))
				err(1, "read");
		if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
			err(1, "page cache");
	}
}

static void compute_for(int ms)
{
	const uint64_t end = now_ns() + (uint64_t)ms * NS_PER_MS;

	while (now_ns() < end)
		;
}

static void settle(int priority, int cpu)
{
	const struct sched_param parameter = { .sched_priority = priority };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) ||
	    sched_setscheduler(0, SCHED_FIFO, &parameter))
		err(1, "SCHED_FIFO");
}

static int number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (!*text || *end || value < 1 || value > 100000)
		errx(2, "%s: 1 to 100000 is wanted", text);
	return (int)value;
}

static pid_t in_child(void)
{
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	return child;
}

/*
 * All at one moment, the end of the input: the first to begin would keep this from starting the
 * next, and a CPU would always be free. A line from each says that it waits.
 */
static void hog(int priority, int ms)
{
	char byte;

	for (int cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1; cpu >= 0; cpu--) {
		if (in_child())
			continue;
		settle(priority, cpu);
		if (write(STDOUT_FILENO, "waits\n", 6) != 6 || read(STDIN_FILENO, &byte, 1))
			err(1, "hog");
		compute_for(ms);
		exit(0);
	}
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	setpgid(0, 0);
	if (!strcmp(what, "cpu") && argc == 2) {
		for (int i = 1; i < CPU_PROCESSES && in_child(); i++)
			;
		compute();
	} else if (!strcmp(what, "fork") && argc == 2) {
		for (int i = 1; i < FORK_PROCESSES && in_child(); i++)
			;
		start_programs();
	} else if (!strcmp(what, "io") && argc == 3) {
		if (in_child())
			write_on(argv[2]);
		read_on(argv[2]);
	} else if (!strcmp(what, "hog") && argc == 4) {
		hog(number(argv[2]), number(argv[3]));
	} else {
		errx(2, "usage: burden cpu | fork | io FOLDER | hog PRIORITY MS");
	}
	return 0;
}
