// SPDX-License-Identifier: GPL-2.0-or-later
/* The session's state machine: every state with every event */
#include "unit.h"

#include <string.h>

#include "microneedled/session.h"

#define PLANNED 100

static struct session_answer step(struct session *session, enum session_event_type type)
{
	const struct session_event event = { .type = type };

	return session_step(session, &event);
}

static struct session_answer device(struct session *session, enum mn_state to)
{
	const struct session_event event = { .type = SESSION_DEVICE, .to = to };

	return session_step(session, &event);
}

static struct session_answer strokes(struct session *session, uint32_t count)
{
	const struct session_event event = { .type = SESSION_STROKES, .strokes = count };

	return session_step(session, &event);
}

/* A session that got into a state the way it does in life */
static struct session in_state(enum mn_session_state state)
{
	struct session session;

	session_init(&session, PLANNED);
	if (state == MN_SESSION_OPENED)
		return session;
	if (state == MN_SESSION_FAULTED) {
		device(&session, MN_STATE_FAULT);
		return session;
	}
	if (state == MN_SESSION_ENDED) {
		step(&session, SESSION_END);
		return session;
	}
	step(&session, SESSION_ARM);
	device(&session, MN_STATE_ARMED);
	step(&session, SESSION_COMMAND_OVER);
	if (state == MN_SESSION_ARMED)
		return session;
	device(&session, MN_STATE_RUNNING);
	if (state == MN_SESSION_RUNNING)
		return session;
	if (state == MN_SESSION_COMPLETED)
		strokes(&session, PLANNED);
	device(&session, MN_STATE_SAFE);
	return session;
}

static void reached_as_in_life(void **state)
{
	(void)state;
	for (int i = 0; i < MN_SESSION_STATES; i++)
		assert_int_equal(in_state((enum mn_session_state)i).state, i);
}

enum {
	O = MN_SESSION_OPENED,
	A,
	R,
	P,
	F,
	C,
	E
};

/*
 * The state after an event, for each state before it. A device's state record is an event of its
 * own.
 */
static const struct row {
	enum session_event_type type;
	enum mn_state to;
	int after[MN_SESSION_STATES];
	enum session_refusal refused[MN_SESSION_STATES];
} table[] = {
	/*                          opened armed running paused faulted completed ended */
	{ SESSION_ARM,
	  0,
	  { O, A, R, P, F, C, E },
	  { SESSION_OK, SESSION_REFUSED_ARMED, SESSION_REFUSED_RUNNING, SESSION_OK,
	    SESSION_REFUSED_FAULTED, SESSION_REFUSED_COMPLETED, SESSION_REFUSED_ENDED } },
	{ SESSION_START,
	  0,
	  { O, A, R, P, F, C, E },
	  { SESSION_REFUSED_NOT_ARMED, SESSION_OK, SESSION_REFUSED_RUNNING,
	    SESSION_REFUSED_NOT_ARMED, SESSION_REFUSED_FAULTED, SESSION_REFUSED_NOT_ARMED,
	    SESSION_REFUSED_ENDED } },
	{ SESSION_COMMAND_OVER, 0, { O, A, R, P, F, C, E }, { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_DEVICE, MN_STATE_SAFE, { O, P, P, P, O, C, E }, { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_DEVICE,
	  MN_STATE_ARMED,
	  { A, A, P, A, A, A, E },
	  { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_DEVICE,
	  MN_STATE_RUNNING,
	  { R, R, R, R, R, R, E },
	  { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_DEVICE,
	  MN_STATE_FAULT,
	  { F, F, F, F, F, F, E },
	  { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_STROKES, 0, { O, A, R, P, F, C, E }, { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_CHANGED, 0, { O, A, R, P, F, C, E }, { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_OWNER_LOST, 0, { O, A, R, P, F, C, E }, { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_OWNER_BACK, 0, { O, A, R, P, F, C, E }, { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_GRACE_OVER, 0, { O, A, R, P, F, C, E }, { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_DEVICE_GONE, 0, { E, E, E, E, E, E, E }, { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_RECORD_FAILED, 0, { O, A, R, P, F, C, E }, { [E] = SESSION_REFUSED_ENDED } },
	{ SESSION_END, 0, { E, E, E, E, E, E, E }, { [E] = SESSION_REFUSED_ENDED } },
};

static void every_state_with_every_event(void **state)
{
	bool seen[SESSION_EVENTS] = { false };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		seen[table[i].type] = true;
		for (int before = 0; before < MN_SESSION_STATES; before++) {
			struct session session = in_state((enum mn_session_state)before);
			const struct session_event event = { .type = table[i].type,
							     .to = table[i].to };
			struct session_answer answer = session_step(&session, &event);

			if ((int)session.state != table[i].after[before] ||
			    answer.refusal != table[i].refused[before])
				fail_msg(
					"event %d to %d in state %d: state %d (expected %d), refusal %d (expected %d)",
					event.type, event.to, before, session.state,
					table[i].after[before], answer.refusal,
					table[i].refused[before]);
		}
	}
	for (int i = 0; i < SESSION_EVENTS; i++)
		assert_true(seen[i]);
}

/* What must hold after any event in any state that can be reached at all */
static void check(const struct session *before, const struct session_event *event,
		  const struct session *after, struct session_answer answer)
{
	bool was_ended = before->state == MN_SESSION_ENDED;
	bool changed = before->state != after->state || before->device != after->device ||
		       before->attached != after->attached;

	/* Over is over */
	if (was_ended) {
		assert_int_equal(after->state, MN_SESSION_ENDED);
		assert_int_equal(answer.actions, 0);
		return;
	}
	/* The record is closed with the end, and only then, and needles do not outlive it */
	assert_int_equal(!!(answer.actions & SESSION_DO_CLOSE), after->state == MN_SESSION_ENDED);
	if (after->state == MN_SESSION_ENDED && event->type != SESSION_DEVICE_GONE &&
	    session_is_live(before))
		assert_true(answer.actions & SESSION_DO_STOP);
	/* Nobody there: nothing stays armed. Whatever brings it about is answered with a stop. */
	if (!after->attached && after->state != MN_SESSION_ENDED &&
	    (event->type == SESSION_DEVICE || before->attached) && session_is_live(after))
		assert_true(answer.actions & SESSION_DO_STOP);
	/* A lost owner always starts a grace, once; the owner's return always ends it */
	assert_int_equal(!!(answer.actions & (SESSION_DO_GRACE_SHORT | SESSION_DO_GRACE_LONG)),
			 before->attached && event->type == SESSION_OWNER_LOST);
	if (event->type == SESSION_OWNER_BACK)
		assert_true(answer.actions & SESSION_DO_KEEP);
	/* A command is let through only from rest, by an owner who is there, one at a time */
	if ((event->type == SESSION_ARM || event->type == SESSION_START) && !answer.refusal) {
		assert_true(before->attached);
		assert_false(before->commanding);
		assert_int_equal(before->device,
				 event->type == SESSION_ARM ? MN_STATE_SAFE : MN_STATE_ARMED);
		if (event->type == SESSION_ARM)
			assert_true(before->strokes_done < before->strokes_planned);
	}
	/* Asking changes nothing but that it was asked */
	if (event->type == SESSION_ARM || event->type == SESSION_START)
		assert_false(changed);
	/* What a decision may rest on moves the revision, and is told */
	if (changed) {
		assert_true(after->rev > before->rev);
		assert_true(answer.actions & SESSION_DO_TELL);
	}
	/* Armed and running are what the device says, never more */
	if (after->state == MN_SESSION_ARMED)
		assert_int_equal(after->device, MN_STATE_ARMED);
	if (after->state == MN_SESSION_RUNNING)
		assert_int_equal(after->device, MN_STATE_RUNNING);
	if (after->device == MN_STATE_RUNNING && after->state != MN_SESSION_ENDED)
		assert_int_equal(after->state, MN_SESSION_RUNNING);
	if (after->device == MN_STATE_FAULT && after->state != MN_SESSION_ENDED)
		assert_int_equal(after->state, MN_SESSION_FAULTED);
	/* Strokes are never taken back */
	assert_true(after->strokes_done >= before->strokes_done);
}

#define REACHED 4096

static bool same(const struct session *a, const struct session *b)
{
	return a->state == b->state && a->device == b->device && a->attached == b->attached &&
	       a->commanding == b->commanding && a->was_armed == b->was_armed &&
	       a->strokes_done == b->strokes_done;
}

static void everything_reachable(void **state)
{
	static struct session reached[REACHED];
	static const uint32_t counts[] = { 0, 50, PLANNED };
	size_t count = 1;

	(void)state;
	session_init(&reached[0], PLANNED);
	for (size_t i = 0; i < count; i++) {
		for (int type = 0; type < SESSION_EVENTS; type++) {
			for (int to = MN_STATE_SAFE; to <= MN_STATE_FAULT; to++) {
				const struct session_event event = {
					.type = (enum session_event_type)type,
					.to = (enum mn_state)to,
					.strokes = counts[(size_t)to % COUNT(counts)],
				};
				struct session after = reached[i];
				struct session_answer answer = session_step(&after, &event);
				size_t j;

				check(&reached[i], &event, &after, answer);
				for (j = 0; j < count; j++)
					if (same(&reached[j], &after))
						break;
				if (j == count) {
					assert_true(count < REACHED);
					reached[count++] = after;
				}
			}
		}
	}
	/* The search went somewhere */
	assert_true(count > 50);
}

static void foot_switch_pauses_and_goes_on(void **state)
{
	struct session session = in_state(MN_SESSION_RUNNING);

	(void)state;
	strokes(&session, 40);
	device(&session, MN_STATE_ARMED);
	assert_int_equal(session.state, MN_SESSION_PAUSED);
	assert_int_equal(step(&session, SESSION_ARM).refusal, SESSION_REFUSED_ARMED);
	device(&session, MN_STATE_RUNNING);
	assert_int_equal(session.state, MN_SESSION_RUNNING);
	strokes(&session, 100);
	device(&session, MN_STATE_SAFE);
	assert_int_equal(session.state, MN_SESSION_COMPLETED);
}

static void last_strokes_after_the_stop_complete_the_plan(void **state)
{
	struct session session = in_state(MN_SESSION_RUNNING);

	(void)state;
	strokes(&session, 99);
	device(&session, MN_STATE_SAFE);
	assert_int_equal(session.state, MN_SESSION_PAUSED);
	strokes(&session, 100);
	assert_int_equal(session.state, MN_SESSION_COMPLETED);
}

static void owner_lost_while_an_arm_is_under_way(void **state)
{
	struct session session = in_state(MN_SESSION_OPENED);
	struct session_answer answer;

	(void)state;
	step(&session, SESSION_ARM);
	answer = step(&session, SESSION_OWNER_LOST);
	assert_true(answer.actions & SESSION_DO_STOP);
	assert_true(answer.actions & SESSION_DO_GRACE_SHORT);
	/* It went through all the same */
	answer = device(&session, MN_STATE_ARMED);
	assert_true(answer.actions & SESSION_DO_STOP);
}

static void grace_is_long_when_nothing_was_armed(void **state)
{
	struct session session = in_state(MN_SESSION_PAUSED);
	struct session_answer answer = step(&session, SESSION_OWNER_LOST);

	(void)state;
	assert_int_equal(answer.actions, SESSION_DO_GRACE_LONG | SESSION_DO_TELL);
	assert_int_equal(step(&session, SESSION_OWNER_LOST).actions, 0);
	answer = step(&session, SESSION_GRACE_OVER);
	assert_true(answer.actions & SESSION_DO_CLOSE);
	assert_int_equal(session.state, MN_SESSION_ENDED);
}

static void a_record_that_cannot_be_kept_stops(void **state)
{
	struct session session = in_state(MN_SESSION_RUNNING);

	(void)state;
	assert_true(step(&session, SESSION_RECORD_FAILED).actions & SESSION_DO_STOP);
	session = in_state(MN_SESSION_PAUSED);
	assert_int_equal(step(&session, SESSION_RECORD_FAILED).actions, 0);
}

static void every_refusal_has_its_sentence(void **state)
{
	(void)state;
	for (int i = 0; i < SESSION_REFUSALS; i++) {
		const char *text = session_refusal_text((enum session_refusal)i);

		assert_string_not_equal(text, "Refused.");
		assert_int_equal(text[strlen(text) - 1], '.');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reached_as_in_life),
		TEST(every_state_with_every_event),
		TEST(everything_reachable),
		TEST(foot_switch_pauses_and_goes_on),
		TEST(last_strokes_after_the_stop_complete_the_plan),
		TEST(owner_lost_while_an_arm_is_under_way),
		TEST(grace_is_long_when_nothing_was_armed),
		TEST(a_record_that_cannot_be_kept_stops),
		TEST(every_refusal_has_its_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
