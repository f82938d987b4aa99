// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread that may wait for the handpiece: it reads tags, confirms stops, and
 * clears, arms and starts again after each stop.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "peer.h"
#include "../set_point.h"

static u32 epoch_of(struct peer *p)
{
	u32 epoch;

	pthread_mutex_lock(&p->lock);
	epoch = p->safety.epoch;
	pthread_mutex_unlock(&p->lock);
	return epoch;
}

static void gate(struct peer *p)
{
	static const struct mn_stimulus begin = { .type = MN_HAPPENS_BEGIN };
	struct mn_stimulus answer = { .type = MN_HAPPENS_STARTED };
	u32 epoch;
	int refused;

	pthread_mutex_lock(&p->lock);
	refused = peer_step(p, &begin, NULL);
	{
		const struct mn_order order = mn_safety_order(&p->safety);

		pthread_mutex_unlock(&p->lock);
		if (refused)
			return;
		answer.error = peer_start(p, &order);
		answer.epoch = order.epoch;
	}
	pthread_mutex_lock(&p->lock);
	peer_step(p, &answer, NULL);
	epoch = p->safety.epoch;
	pthread_mutex_unlock(&p->lock);
	if (epoch != answer.epoch)
		peer_stop(p, epoch);
}

static void read_tag(struct peer *p)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_TAG };
	int failed = peer_read_tag(p, &what.tag);

	pthread_mutex_lock(&p->lock);
	if (failed) {
		memset(&what.tag, 0, sizeof(what.tag));
		what.tag.present = true;
		what.tag.insertions = p->safety.report.insertions;
	}
	peer_step(p, &what, NULL);
	pthread_mutex_unlock(&p->lock);
}

static void clear(struct peer *p)
{
	static const struct mn_stimulus stop = { .type = MN_HAPPENS_STOP };
	struct mn_stimulus what = { .type = MN_HAPPENS_CLEAR };
	u64 own;
	u32 epoch;

	nanosleep(&(struct timespec){ .tv_nsec = SETTLE_NS }, NULL);
	pthread_mutex_lock(&p->lock);
	what.faults = p->safety.keep.faults;
	own = p->safety.report.faults & what.faults;
	peer_step(p, &stop, NULL);
	epoch = p->safety.epoch;
	pthread_mutex_unlock(&p->lock);
	if (!peer_stop(p, epoch) && own)
		peer_clear(p, own);
	peer_happen(p, &what);
}

/* Control, and limits that only the first time are new. */
static void acquire(struct peer *p)
{
	struct mn_stimulus what = { .type = MN_HAPPENS_ACQUIRE, .treatment = TREATMENT };
	struct mn_stimulus limits = { .type = MN_HAPPENS_SET_LIMITS,
				      .valid = (1U << MN_QUANTITY_NR) - 1,
				      .value = SET_LIMITS };

	if (!peer_happen(p, &what))
		peer_happen(p, &limits);
}

static void mark(struct peer *p)
{
	static const struct mn_stimulus marking = { .type = MN_HAPPENS_MARKING };
	u8 treatment[16];
	u64 uid;

	pthread_mutex_lock(&p->lock);
	peer_step(p, &marking, NULL);
	memcpy(treatment, p->safety.keep.treatment, sizeof(treatment));
	uid = p->safety.tag.uid;
	pthread_mutex_unlock(&p->lock);
	peer_mark(p, uid, treatment);
	read_tag(p);
}

static void arm_and_start(struct peer *p)
{
	static const struct mn_stimulus start = { .type = MN_HAPPENS_START };
	struct mn_stimulus what = { .type = MN_HAPPENS_ARM,
				    .set = { .depth = { SET_DEPTH_UM },
					     .rate = { SET_RATE_MHZ },
					     .dose = { SET_STROKES },
					     .run = { SET_RUN_MS } } };
	u32 actions;
	int refused;

	pthread_mutex_lock(&p->lock);
	refused = peer_step(p, &what, &actions);
	what.epoch = p->safety.epoch;
	pthread_mutex_unlock(&p->lock);
	if (refused)
		return;
	if (actions & MN_ACT_MARK)
		mark(p);
	what.type = MN_HAPPENS_ARM_COMMIT;
	if (peer_happen(p, &what) || peer_happen(p, &start))
		return;
	gate(p);
	if (p->ran)
		return;
	p->ran = true;
	puts("runs");
	fflush(stdout);
}

static void self_test(struct peer *p)
{
	static const struct mn_stimulus wish = { .type = MN_HAPPENS_SELF_TEST };
	struct mn_stimulus answer = { .type = MN_HAPPENS_TESTED, .epoch = epoch_of(p) };

	if (peer_happen(p, &wish))
		return;
	answer.error = peer_self_test(p);
	peer_happen(p, &answer);
}

static void go_on(struct peer *p)
{
	enum mn_self_test tested;
	enum mn_state state;
	bool lapsed;

	pthread_mutex_lock(&p->lock);
	state = p->safety.state;
	lapsed = !p->safety.lease_deadline;
	tested = p->safety.report.self_test;
	pthread_mutex_unlock(&p->lock);
	if (state == MN_STATE_ARMED || state == MN_STATE_RUNNING)
		return;
	if (lapsed)
		acquire(p);
	if (state == MN_STATE_FAULT)
		clear(p);
	else if (tested != MN_SELF_TEST_PASSED && tested != MN_SELF_TEST_BUSY)
		self_test(p);
	else
		arm_and_start(p);
}

void *peer_treat(void *peer)
{
	struct peer *p = peer;
	u32 work;

	for (;;) {
		while (sem_wait(&p->work_todo) && errno == EINTR)
			;
		while (!sem_trywait(&p->work_todo))
			;
		pthread_mutex_lock(&p->lock);
		work = p->work;
		p->work = 0;
		pthread_mutex_unlock(&p->lock);
		if (work & MN_ACT_START)
			gate(p);
		if (work & MN_ACT_READ_TAG)
			read_tag(p);
		if (work & MN_ACT_RESYNC)
			peer_stop(p, epoch_of(p));
		go_on(p);
	}
	return NULL;
}
