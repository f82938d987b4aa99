/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/mn-bench: the lab's board seen from the other end of its wires. For the kernel module and
 * for the programs that play what is connected to the board.
 *
 * read() gives struct mn_bench_event, as many as fit and are there; it blocks unless O_NONBLOCK,
 * and poll() says POLLIN when there is one. Each open file has a ring of its own with
 * MN_BENCH_RING entries that begins with how everything stands at open(). Entries are in the order
 * in which things happened; their time is CLOCK_MONOTONIC.
 *
 * write() takes the same structure: "at @ns put input line @what at level @value". @ns 0 or in the
 * past is at once. Stimuli of one time happen in the order of their writing. Each is recorded when
 * it happens, and if it changes the level of a line whose interrupt asks for that edge, the
 * interrupt is raised there and then, in hard-irq context. MN_BENCH_CANCEL as @value takes back
 * the stimuli of that line, from @ns on, that this file has written and that have not happened.
 * What a file has still waiting when it is closed is taken back too; levels stay as they are.
 *
 * MN_BENCH_QUIET | line as @what: the next @value edges of that output wake nobody who waits on
 * this file. read() gives them like any other. For one line at a time; what is not read yet when
 * it is written counts as a reason to wake.
 */
#ifndef MN_BENCH_H
#define MN_BENCH_H

#include <linux/types.h>

#define MN_BENCH_NODE		"mn-bench"
#define MN_BENCH_LINES		32
#define MN_BENCH_PWMS		4
#define MN_BENCH_RING		65536	/* entries an open file may leave unread */
#define MN_BENCH_STIMULI	65536	/* of all files that may wait for their time */

struct mn_bench_event {
	__u64 ns;
	__u32 what;
	__u32 value;
};

/* read: @what is a kind, the line or PWM it is about, and maybe MN_BENCH_STANDS */
#define MN_BENCH_KIND		0x0000ff00
#define MN_BENCH_INDEX		0x000000ff
/* Not an event: this is how it stood at open() */
#define MN_BENCH_STANDS		0x80000000

#define MN_BENCH_OUTPUT		0x0000	/* driven to @value by the board */
#define MN_BENCH_FLOATS		0x0100	/* the board drives it no more: it is an input */
#define MN_BENCH_INPUT		0x0200	/* a stimulus put it at @value */
/* A change of a PWM is three events of one time, in this order */
#define MN_BENCH_PWM_PERIOD	0x0300	/* ns */
#define MN_BENCH_PWM_DUTY	0x0400	/* ns */
#define MN_BENCH_PWM_STATE	0x0500	/* MN_BENCH_PWM_ON, MN_BENCH_PWM_INVERSED */
/* @value entries are missing here: the ring was full. The reader's picture is wrong from here */
#define MN_BENCH_LOST		0x0600

#define MN_BENCH_PWM_ON		0x1
#define MN_BENCH_PWM_INVERSED	0x2

/* write: @value beside 0 and 1 */
#define MN_BENCH_CANCEL		2

/* write: @what beside a line */
#define MN_BENCH_QUIET		0x0700

#endif /* MN_BENCH_H */
