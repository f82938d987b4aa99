/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the threads of mn-hammer share: the files of a round, and what each thread counts.
 */
#ifndef MN_SMP_HAMMER_H
#define MN_SMP_HAMMER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CPUS 2
#define ERRNOS 134
#define THREADS_MAX 16
#define NODE_MAX 64

/* Names of what is called, in the order of call_names[]; the ioctls come first. */
enum call {
	CALL_GET_INFO,
	CALL_GET_STATUS,
	CALL_GET_LIMITS,
	CALL_STOP,
	CALL_CAPTURE,
	CALL_ACQUIRE,
	CALL_RELEASE,
	CALL_SET_LIMITS,
	CALL_ARM,
	CALL_UPDATE,
	CALL_START,
	CALL_HEARTBEAT,
	CALL_CLEAR_FAULT,
	CALL_SELF_TEST,
	CALL_DECLARE_CARTRIDGE,
	CALL_IOCTLS,
	CALL_OPEN = CALL_IOCTLS,
	CALL_READ,
	CALL_POLL,
	CALL_SAMPLES,
	CALL_ATTRIBUTE,
	CALLS,
};

extern const char *const call_names[CALLS];

/* An open file. Who reads its records adds up what it got. */
struct file {
	int fd;
	bool writable;
	atomic_uint records; /* read, those that tell of loss included */
	atomic_uint lost; /* as they told */
	atomic_uint next_seq; /* one more than the highest seen */
};

struct round {
	char node[NODE_MAX];
	char folder[NODE_MAX]; /* of its attributes */
	uint64_t seed;
	bool seeded_hang;
	atomic_bool wild; /* callers may stop and let go, too */
	atomic_bool armed; /* has been, at least once */
	struct file shared; /* controls; both CPUs call it */
	struct file stream; /* both CPUs read it and block */
	struct file own[CPUS]; /* called by one CPU each */
	struct file polled[CPUS];
};

/* One thread of a round. */
struct thread {
	pthread_t id;
	struct round *round;
	const char *role;
	void (*work)(struct thread *thread);
	unsigned int cpu;
	uint64_t random;
	atomic_bool done;
	_Atomic(const char *) inside; /* the call that it is in, or NULL */
	uint64_t counts[CALLS][ERRNOS];
	uint64_t alive_ns; /* when the last ioctl began that the device answered */
	uint64_t cut_ns[2]; /* when ioctls began that it did not live to answer */
	unsigned int cuts;
	uint64_t cut_blocked_ns; /* the same of a read or poll that waited */
	char wrong[160]; /* the first thing that should not be */
};

/* calls.c: one call, counted */
uint64_t now_ns(void);
void rest_us(unsigned int us);
uint32_t random_below(struct thread *thread, uint32_t below);
void complain(struct thread *thread, const char *format, ...) __attribute__((format(printf, 2, 3)));
int count(struct thread *thread, enum call call, int ret, uint64_t began);
int call_ioctl(struct thread *thread, struct file *file, enum call call, void *data);
int call_random(struct thread *thread, struct file *file, enum call call);
int call_read(struct thread *thread, struct file *file);
bool file_open(struct file *file, const char *node, bool writable, bool blocking);

/* roles.c: what a thread does until the handpiece is gone */
void role_controller(struct thread *thread);
void role_caller(struct thread *thread);
void role_reader(struct thread *thread);
void role_poller(struct thread *thread);
void role_opener(struct thread *thread);
void role_sampler(struct thread *thread);

/* farewell.c: what is still to be had of the files of a handpiece that is gone */
void farewell(struct thread *thread);

/* report.c: one line of JSON for a round */
void report(struct thread *threads, unsigned int number, struct thread *last);

#endif
