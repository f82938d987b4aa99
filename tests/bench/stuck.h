/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that is stuck in a write, when it is told to be. */
#ifndef BENCH_STUCK_H
#define BENCH_STUCK_H

/* SIGUSR1 makes it stuck */
void stuck_on_signal(void);

/* Returns at once, or, after SIGUSR1, never */
void stuck_if_asked(void);

#endif /* BENCH_STUCK_H */
