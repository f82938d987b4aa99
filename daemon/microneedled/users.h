/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of users and numbers of groups. The system's name service may ask the network and hang, so
 * it is asked in a thread; the loop gets the answer later, or "uid:N" if it takes too long.
 */
#ifndef USERS_H
#define USERS_H

#include <sys/types.h>

#include "policy.h"

struct mnd;
struct job;

#define USERS_NAME 64

/* The thread is never waited for at the end, because the name service may hang in it */
int users_start(struct mnd *mnd);

/* Run any job on that thread */
void users_submit(struct mnd *mnd, struct job *job);

/* found() may be called before this returns */
void users_lookup(struct mnd *mnd, uid_t uid, void (*found)(void *arg, const char *name),
		  void *arg);

/* Begin to look, so that a later lookup finds it */
void users_prefetch(struct mnd *mnd, uid_t uid);

/* Forget all names; group memberships and names are read anew */
void users_forget(struct mnd *mnd);

/* Asks the name service and may block: at start and on a thread only */
void users_groups(struct policy_groups *groups);

#endif
