// SPDX-License-Identifier: GPL-2.0-or-later
#include <event2/event.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "log.h"
#include "mnd.h"
#include "users.h"
#include "worker.h"

/* How long a call waits for a name before it makes do with the number */
#define PATIENCE_MS 1000
/* Names that are kept */
#define CACHE 256

struct waiter {
	LIST_ENTRY(waiter) link;
	void (*found)(void *arg, const char *name);
	void *arg;
};

struct user {
	struct job job;
	TAILQ_ENTRY(user) link;
	struct mnd *mnd;
	uid_t uid;
	char name[USERS_NAME];
	bool pending; /* the thread has it */
	bool forgotten; /* was dropped from the cache while the thread had it */
	struct event *patience;
	LIST_HEAD(, waiter) waiters;
};

struct users {
	struct worker *worker;
	TAILQ_HEAD(, user) cache;
	unsigned int count;
};

int users_start(struct mnd *mnd)
{
	struct users *users = calloc(1, sizeof(*users));

	if (!users)
		return -1;
	TAILQ_INIT(&users->cache);
	users->worker = worker_start(mnd->base, PRIORITY_REST);
	if (!users->worker) {
		free(users);
		return -1;
	}
	mnd->users = users;
	return 0;
}

static void user_free(struct user *user)
{
	if (user->patience)
		event_free(user->patience);
	free(user);
}

static void user_drop(struct users *users, struct user *user)
{
	TAILQ_REMOVE(&users->cache, user, link);
	users->count--;
	if (user->pending)
		user->forgotten = true;
	else
		user_free(user);
}

void users_forget(struct mnd *mnd)
{
	struct users *users = mnd->users;
	struct user *user, *next;

	for (user = TAILQ_FIRST(&users->cache); user; user = next) {
		next = TAILQ_NEXT(user, link);
		if (!user->pending)
			user_drop(users, user);
	}
}

void users_submit(struct mnd *mnd, struct job *job)
{
	worker_submit(mnd->users->worker, job);
}

static void tell(struct user *user, const char *name)
{
	struct waiter *waiter;

	while ((waiter = LIST_FIRST(&user->waiters))) {
		LIST_REMOVE(waiter, link);
		waiter->found(waiter->arg, name);
		free(waiter);
	}
}

static void number_name(char *name, uid_t uid)
{
	snprintf(name, USERS_NAME, "uid:%u", uid);
}

static void look(struct job *job)
{
	struct user *user = (struct user *)job;
	struct passwd entry, *found = NULL;
	char buffer[16384];

	if (!getpwuid_r(user->uid, &entry, buffer, sizeof(buffer), &found) && found &&
	    strlen(found->pw_name) < sizeof(user->name))
		snprintf(user->name, sizeof(user->name), "%s", found->pw_name);
	else
		number_name(user->name, user->uid);
}

static void looked(struct job *job)
{
	struct user *user = (struct user *)job;

	user->pending = false;
	event_del(user->patience);
	tell(user, user->name);
	if (user->forgotten)
		user_free(user);
}

static void too_slow(evutil_socket_t fd, short what, void *arg)
{
	struct user *user = arg;
	char name[USERS_NAME];

	(void)fd;
	(void)what;
	number_name(name, user->uid);
	log_warning("the name service takes long; %s is known by number for now", name);
	tell(user, name);
}

static struct user *get_user(struct mnd *mnd, uid_t uid)
{
	struct users *users = mnd->users;
	struct user *user;

	TAILQ_FOREACH(user, &users->cache, link)
		if (user->uid == uid)
			return user;
	if (users->count >= CACHE)
		user_drop(users, TAILQ_FIRST(&users->cache));
	user = calloc(1, sizeof(*user));
	if (!user)
		return NULL;
	user->mnd = mnd;
	user->uid = uid;
	user->job.run = look;
	user->job.done = looked;
	LIST_INIT(&user->waiters);
	user->patience = evtimer_new(mnd->base, too_slow, user);
	if (!user->patience) {
		free(user);
		return NULL;
	}
	user->pending = true;
	TAILQ_INSERT_TAIL(&users->cache, user, link);
	users->count++;
	worker_submit(users->worker, &user->job);
	return user;
}

void users_prefetch(struct mnd *mnd, uid_t uid)
{
	get_user(mnd, uid);
}

void users_lookup(struct mnd *mnd, uid_t uid, void (*found)(void *arg, const char *name), void *arg)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	struct user *user = get_user(mnd, uid);
	struct waiter *waiter = NULL;

	if (user && user->pending)
		waiter = calloc(1, sizeof(*waiter));
	if (!waiter) {
		char name[USERS_NAME];

		number_name(name, uid);
		found(arg, user && !user->pending ? user->name : name);
		return;
	}
	waiter->found = found;
	waiter->arg = arg;
	LIST_INSERT_HEAD(&user->waiters, waiter, link);
	if (!event_pending(user->patience, EV_TIMEOUT, NULL))
		event_add(user->patience, &patience);
}

static gid_t group_number(const char *name)
{
	struct group entry, *found = NULL;
	char buffer[16384];

	if (getgrnam_r(name, &entry, buffer, sizeof(buffer), &found) || !found) {
		log_warning("there is no group %s; nobody has its role (add it: systemd-sysusers)",
			    name);
		return GROUP_NONE;
	}
	return found->gr_gid;
}

void users_groups(struct policy_groups *groups)
{
	groups->operator= group_number(GROUP_OPERATOR);
	groups->service = group_number(GROUP_SERVICE);
	groups->audit = group_number(GROUP_AUDIT);
}
