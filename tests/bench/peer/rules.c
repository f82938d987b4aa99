// SPDX-License-Identifier: GPL-2.0-or-later
/* Every step of the rules, and what follows from it. */
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>

#include "peer.h"

#define NS_PER_S 1000000000
#define SECONDS_PER_DAY 86400

u64 peer_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * NS_PER_S + (u64)now.tv_nsec;
}

void peer_rules_init(struct peer *p, const struct mn_caps *caps, u32 last_epoch)
{
	struct mn_keep keep;

	mn_keep_init(&keep, MN_CEILING_DEPTH_UM);
	mn_safety_init(&p->safety, caps, &keep, MN_CEILING_DEPTH_UM, last_epoch);
}

/* A deadline that moved away costs no call: the timer then goes off for nothing, once. */
static void set_timer(struct peer *p)
{
	u64 next = mn_safety_next_deadline(&p->safety);
	struct itimerspec at = { .it_value = { .tv_sec = (time_t)(next / NS_PER_S),
					       .tv_nsec = (long)(next % NS_PER_S) } };

	if (!next || (p->timer_at && p->timer_at <= next))
		return;
	timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &at, NULL);
	p->timer_at = next;
}

/* The stop did not get out: latch it, and have it tried on endpoint 0. */
static void could_not_tell(struct peer *p, int err, bool kill_failed)
{
	struct mn_stimulus fail = { .type = MN_HAPPENS_FAIL, .code = MN_FAULT_TRANSPORT };
	struct mn_refusal refusal;
	u32 actions;

	fail.detail[0] = err;
	mn_safety_step(&p->safety, &fail, peer_now(), &actions, &refusal);
	if ((actions & MN_ACT_KILL) && !kill_failed)
		peer_kill(p, p->safety.epoch);
	p->work |= MN_ACT_RESYNC;
}

static void carry_out(struct peer *p, u32 actions)
{
	int err;

	if (actions & MN_ACT_KILL) {
		err = peer_kill(p, p->safety.epoch);
		if (err)
			could_not_tell(p, err, true);
	}
	if (actions & MN_ACT_LEASE) {
		err = peer_lease(p, p->safety.epoch);
		if (err)
			could_not_tell(p, err, false);
	}
	p->work |= actions & (MN_ACT_START | MN_ACT_READ_TAG | MN_ACT_RESYNC);
}

int peer_step(struct peer *p, const struct mn_stimulus *what, u32 *actions)
{
	struct mn_refusal refusal;
	u32 asked_for;
	int ret;

	mn_safety_today(&p->safety, (u32)(time(NULL) / SECONDS_PER_DAY));
	ret = mn_safety_step(&p->safety, what, peer_now(), &asked_for, &refusal);
	carry_out(p, asked_for);
	set_timer(p);
	if (p->work || (what->type == MN_HAPPENS_REPORT && p->safety.state != MN_STATE_ARMED &&
			p->safety.state != MN_STATE_RUNNING))
		sem_post(&p->work_todo);
	if (actions)
		*actions = asked_for;
	return ret;
}

int peer_happen(struct peer *p, const struct mn_stimulus *what)
{
	int ret;

	pthread_mutex_lock(&p->lock);
	ret = peer_step(p, what, NULL);
	pthread_mutex_unlock(&p->lock);
	return ret;
}

/*
 * The program's own lease is renewed as long as its threads come by here, which they do only while
 * none of them is stuck with the lock.
 */
void peer_tick(struct peer *p)
{
	static const struct mn_stimulus alive = { .type = MN_HAPPENS_HEARTBEAT };

	pthread_mutex_lock(&p->lock);
	p->timer_at = 0;
	peer_step(p, &alive, NULL);
	pthread_mutex_unlock(&p->lock);
}
