// SPDX-License-Identifier: GPL-2.0-only
/*
 * See stepper.h.
 */
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/time64.h>

#include "stepper.h"

/* ---- time ---- */

/* From rest, when the n-th step is due: sqrt(2 n / a), rounded down to the nanosecond. */
static u64 root_ns(const struct mn_stepper_board *board, u64 n)
{
	const u64 a = board->acceleration;
	u64 rest, whole = div64_u64_rem(2 * n * NSEC_PER_SEC, a, &rest);

	return int_sqrt64(whole * NSEC_PER_SEC + div64_u64(rest * NSEC_PER_SEC, a));
}

/**
 * mn_stepper_ramp_ns() - When a step of a leg with ramps is due.
 * @board: The board.
 * @total: Steps of the leg.
 * @n: Which step, 1 to @total.
 *
 * The acceleration is the same on both ramps: v^2 = 2 a s. Each time is worked out by itself, so
 * that no error adds up.
 *
 * Return: nanoseconds from the leg's begin, at rest.
 */
u64 mn_stepper_ramp_ns(const struct mn_stepper_board *board, u32 total, u32 n)
{
	const u64 v = board->speed, a = board->acceleration, left = total - n;

	if (a * total <= v * v) {
		/* It never gets up to its speed. */
		if (n <= left)
			return root_ns(board, n);
		return root_ns(board, 2ULL * total) - root_ns(board, left);
	}
	if (2 * a * n <= v * v)
		return root_ns(board, n);
	if (2 * a * left > v * v)
		return div64_u64(n * NSEC_PER_SEC, v) + div64_u64(v * NSEC_PER_SEC, 2 * a);
	return div64_u64((u64)total * NSEC_PER_SEC, v) + div64_u64(v * NSEC_PER_SEC, a) -
	       root_ns(board, left);
}

/**
 * mn_stepper_slow_ns() - Time between two steps without a ramp.
 * @board: The board.
 *
 * Return: nanoseconds, what the first step of a ramp takes.
 */
u64 mn_stepper_slow_ns(const struct mn_stepper_board *board)
{
	return root_ns(board, 1);
}

/**
 * mn_stepper_home_ns() - The longest way home, as it should be: to stand first, and from the limit.
 * @board: The board.
 *
 * Return: nanoseconds.
 */
u64 mn_stepper_home_ns(const struct mn_stepper_board *board)
{
	return div64_u64((u64)board->speed * NSEC_PER_SEC, board->acceleration) +
	       mn_stepper_ramp_ns(board, board->limit, board->limit) +
	       2 * mn_stepper_slow_ns(board);
}

/* Steps within which home must be found, from wherever it is. */
static u32 seek_steps(const struct mn_stepper_board *board)
{
	return board->travel + board->travel / 4 + board->backlash;
}

/* Steps within which the home switch must have opened. */
static u32 release_steps(const struct mn_stepper_board *board)
{
	return board->backlash + board->release;
}

/**
 * mn_stepper_test_ns() - The longest that a self-test can take.
 * @board: The board.
 *
 * Return: nanoseconds.
 */
u64 mn_stepper_test_ns(const struct mn_stepper_board *board)
{
	return (seek_steps(board) + 4ULL * release_steps(board) + 4) * mn_stepper_slow_ns(board);
}

/**
 * mn_stepper_next_ns() - When mn_stepper_due() is to be asked next.
 * @s: The stepper, not at rest.
 *
 * Return: nanoseconds from the begin of the leg. After the last step this is when what it hit has
 * come to rest.
 */
u64 mn_stepper_next_ns(const struct mn_stepper *s)
{
	if (s->slow)
		return (s->done + 1) * s->slow_ns;
	if (s->done < s->total)
		return mn_stepper_ramp_ns(&s->board, s->total, s->done + 1);
	return s->slow_ns + (s->total ? mn_stepper_ramp_ns(&s->board, s->total, s->total) : 0);
}

/* ---- where ---- */

/**
 * mn_stepper_steps() - A depth in steps.
 * @board: The board.
 * @depth_um: Micrometre.
 *
 * Return: steps, rounded down.
 */
u32 mn_stepper_steps(const struct mn_stepper_board *board, u32 depth_um)
{
	return depth_um / board->um_per_step;
}

/**
 * mn_stepper_depth_um() - How deep it stands.
 * @s: The stepper.
 *
 * Return: micrometre, by count.
 */
u32 mn_stepper_depth_um(const struct mn_stepper *s)
{
	return s->position > 0 ? (u32)s->position * s->board.um_per_step : 0;
}

static void rest(struct mn_stepper *s)
{
	s->phase = MN_STEPPER_REST;
	s->deeper = false;
	s->total = 0;
	s->done = 0;
}

static void begin_leg(struct mn_stepper *s, enum mn_stepper_phase phase, bool deeper, u32 total,
		      bool slow)
{
	s->phase = phase;
	s->deeper = deeper;
	s->total = total;
	s->done = 0;
	s->slow = slow;
	s->legs++;
}

static void begin_seek(struct mn_stepper *s)
{
	s->homed = false;
	begin_leg(s, MN_STEPPER_SEEK, false, seek_steps(&s->board), true);
}

/* Home by count and not by the switch, which says what can't be. */
static void begin_blind(struct mn_stepper *s)
{
	s->homed = false;
	begin_leg(s, MN_STEPPER_BLIND, false, s->position > 0 ? (u32)s->position : 0, false);
}

static void begin_return(struct mn_stepper *s, bool home)
{
	if (home && s->position > (s32)release_steps(&s->board))
		begin_blind(s);
	else
		begin_leg(s, MN_STEPPER_RETURN, false, s->position > 0 ? (u32)s->position : 0,
			  false);
}

static void begin_test_off(struct mn_stepper *s)
{
	s->position = 0;
	begin_leg(s, MN_STEPPER_TEST_OFF, true, release_steps(&s->board), true);
}

/* ---- what is asked of it ---- */

/**
 * mn_stepper_init() - Begin with a stop that may be anywhere.
 * @s: What to fill in.
 * @board: Its figures, none 0 but backlash.
 */
void mn_stepper_init(struct mn_stepper *s, const struct mn_stepper_board *board)
{
	memset(s, 0, sizeof(*s));
	s->board = *board;
	s->slow_ns = mn_stepper_slow_ns(board);
}

/**
 * mn_stepper_go() - Go to a depth.
 * @s: The stepper.
 * @target: Steps from home.
 *
 * Return: false if it can't: it is not at rest, does not know where it is, or @target is too deep.
 */
bool mn_stepper_go(struct mn_stepper *s, u32 target)
{
	u32 turn = target > s->board.backlash ? target - s->board.backlash : 0;

	if (s->phase != MN_STEPPER_REST || !s->homed || target > s->board.limit)
		return false;
	s->target = (s32)target;
	if (s->target < s->position)
		begin_leg(s, MN_STEPPER_GO, false, (u32)s->position - turn, false);
	else
		begin_leg(s, MN_STEPPER_GO, true, (u32)(s->target - s->position), false);
	return true;
}

/* Steps that it needs to come to stand on this leg: as many as it took to get up to its speed. */
static u32 braking_steps(const struct mn_stepper *s)
{
	const u64 v = s->board.speed, a2 = 2ULL * s->board.acceleration;
	u64 ramp = div64_u64(v * v + a2 - 1, a2);

	return (u32)min3((u64)s->done, ramp, (u64)(s->total - s->done));
}

/**
 * mn_stepper_home() - Whatever it is about, go home.
 * @s: The stepper.
 * @now: The switches.
 *
 * Where the count is void and it does not stand at the switch, nothing is done that has not begun:
 * mn_stepper_seek() is for that.
 */
void mn_stepper_home(struct mn_stepper *s, struct mn_stepper_switches now)
{
	switch (s->phase) {
	case MN_STEPPER_GO:
		if (s->done && s->done < s->total) {
			s->phase = MN_STEPPER_BRAKE;
			s->total = s->done + braking_steps(s);
			break;
		}
		begin_return(s, now.home);
		break;
	case MN_STEPPER_REST:
		if (s->homed && (s->position || !now.home))
			begin_return(s, now.home);
		break;
	case MN_STEPPER_TEST_SEEK:
	case MN_STEPPER_TEST_OFF:
	case MN_STEPPER_TEST_BACK:
		begin_seek(s);
		break;
	default:
		break;
	}
}

/**
 * mn_stepper_seek() - Go home without knowing where that is.
 * @s: The stepper; nothing is done unless it is at rest.
 * @now: The switches.
 */
void mn_stepper_seek(struct mn_stepper *s, struct mn_stepper_switches now)
{
	if (s->phase == MN_STEPPER_REST && !now.home)
		begin_seek(s);
}

static void fail_test(struct mn_stepper *s, const char *why, enum mn_stepper_news *news)
{
	s->why = why;
	s->homed = false;
	*news = MN_STEPPER_FAILED;
}

/**
 * mn_stepper_test() - Begin a self-test: home, and whether the switches can be believed.
 * @s: The stepper, at rest.
 * @now: The switches.
 * @news: Out: %MN_STEPPER_FAILED if it is over already.
 */
void mn_stepper_test(struct mn_stepper *s, struct mn_stepper_switches now,
		     enum mn_stepper_news *news)
{
	*news = MN_STEPPER_NO_NEWS;
	s->homed = false;
	if (now.home && now.end)
		fail_test(s, "home and depth-end switch are both pressed", news);
	else if (now.home)
		begin_test_off(s);
	else
		begin_leg(s, MN_STEPPER_TEST_SEEK, false, seek_steps(&s->board), true);
}

/**
 * mn_stepper_end() - The depth-end switch was pressed: not one step deeper, and the count is void.
 * @s: The stepper.
 */
void mn_stepper_end(struct mn_stepper *s)
{
	s->homed = false;
	if (s->phase == MN_STEPPER_REST || s->deeper)
		begin_seek(s);
}

/**
 * mn_stepper_forget() - It may be anywhere, and nothing is under way.
 * @s: The stepper.
 */
void mn_stepper_forget(struct mn_stepper *s)
{
	rest(s);
	s->homed = false;
}

/* ---- step by step ---- */

static bool make_step(struct mn_stepper *s)
{
	s->done++;
	s->position += s->deeper ? 1 : -1;
	return true;
}

/* Does the home switch say what the count says? If not, the count is void. */
static bool contradicted(struct mn_stepper *s, bool home, enum mn_stepper_news *news)
{
	if (!home)
		return false;
	if (s->deeper && s->position > (s32)release_steps(&s->board)) {
		*news = MN_STEPPER_STUCK;
		begin_blind(s);
		return true;
	}
	/* It may not have been far enough from home for the switch to open. */
	if (!s->deeper && s->opened && s->position > (s32)s->board.backlash) {
		*news = MN_STEPPER_EARLY;
		rest(s);
		s->homed = false;
		return true;
	}
	return false;
}

static bool go_due(struct mn_stepper *s, bool home, enum mn_stepper_news *news)
{
	if (contradicted(s, home, news))
		return false;
	if (s->done < s->total)
		return make_step(s);
	if (s->phase == MN_STEPPER_BRAKE) {
		begin_return(s, home);
	} else if (s->position != s->target) {
		begin_leg(s, MN_STEPPER_GO, true, (u32)(s->target - s->position), false);
	} else {
		rest(s);
		*news = MN_STEPPER_ARRIVED;
	}
	return false;
}

static bool return_due(struct mn_stepper *s, bool home, enum mn_stepper_news *news)
{
	if (contradicted(s, home, news))
		return false;
	if (s->done < s->total)
		return make_step(s);
	if (home) {
		rest(s);
		s->opened = false;
		*news = MN_STEPPER_HOME;
	} else {
		begin_leg(s, MN_STEPPER_CREEP, false, s->board.backlash, true);
	}
	return false;
}

static bool creep_due(struct mn_stepper *s, bool home, enum mn_stepper_news *news)
{
	if (home) {
		/* Home is farther from the skin than was thought: the next depth counts from it. */
		s->position = 0;
		rest(s);
		s->opened = false;
		*news = MN_STEPPER_HOME;
		return false;
	}
	if (s->done < s->total)
		return make_step(s);
	*news = MN_STEPPER_LATE;
	begin_seek(s);
	return false;
}

static bool seek_due(struct mn_stepper *s, bool home, enum mn_stepper_news *news)
{
	if (!home && s->done < s->total)
		return make_step(s);
	rest(s);
	*news = home ? MN_STEPPER_FOUND : MN_STEPPER_LOST;
	return false;
}

static bool blind_due(struct mn_stepper *s)
{
	if (s->done < s->total)
		return make_step(s);
	rest(s);
	return false;
}

static bool test_due(struct mn_stepper *s, struct mn_stepper_switches now,
		     enum mn_stepper_news *news)
{
	if (s->phase == MN_STEPPER_TEST_OFF && !now.home) {
		/* What opened it and what closes it again may be as far apart as that. */
		begin_leg(s, MN_STEPPER_TEST_BACK, false, s->done + release_steps(&s->board), true);
		return false;
	}
	if (s->phase != MN_STEPPER_TEST_OFF && now.home) {
		if (s->phase == MN_STEPPER_TEST_SEEK) {
			begin_test_off(s);
			return false;
		}
		rest(s);
		s->position = 0;
		s->opened = false;
		if (now.end) {
			fail_test(s, "the depth-end switch is pressed at home", news);
		} else {
			s->homed = true;
			*news = MN_STEPPER_PASSED;
		}
		return false;
	}
	if (s->done < s->total)
		return make_step(s);
	if (s->phase == MN_STEPPER_TEST_OFF) {
		fail_test(s, "the home switch does not open", news);
		begin_blind(s);
	} else {
		fail_test(s, "home was not found", news);
		rest(s);
	}
	return false;
}

/**
 * mn_stepper_due() - The time that mn_stepper_next_ns() gave has come.
 * @s: The stepper.
 * @now: The switches.
 * @news: Out: what came of it.
 *
 * Return: true if a step is to be made now, in mn_stepper.deeper's direction. It is counted.
 */
bool mn_stepper_due(struct mn_stepper *s, struct mn_stepper_switches now,
		    enum mn_stepper_news *news)
{
	*news = MN_STEPPER_NO_NEWS;
	if (s->phase == MN_STEPPER_REST)
		return false;
	s->opened |= !now.home;
	/* Whatever it was about, and whatever the count says. */
	if (s->deeper && now.end) {
		if (s->phase == MN_STEPPER_TEST_OFF)
			fail_test(s, "the depth-end switch is pressed near home", news);
		else
			*news = MN_STEPPER_END;
		mn_stepper_end(s);
		return false;
	}
	switch (s->phase) {
	case MN_STEPPER_GO:
	case MN_STEPPER_BRAKE:
		return go_due(s, now.home, news);
	case MN_STEPPER_RETURN:
		return return_due(s, now.home, news);
	case MN_STEPPER_CREEP:
		return creep_due(s, now.home, news);
	case MN_STEPPER_SEEK:
		return seek_due(s, now.home, news);
	case MN_STEPPER_BLIND:
		return blind_due(s);
	default:
		return test_due(s, now, news);
	}
}
