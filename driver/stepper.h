/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The depth stop's stepper: where it is, where it goes next, and when.
 *
 * As pure as safety.h: no I/O, no lock, no clock. The caller reads the switches, asks at the time
 * that it was told whether to make a step, and makes it.
 *
 * Positions are steps from home, where the home switch closed as the stop came toward it; deeper is
 * positive. Every depth is arrived at from the home side, so that the play of the mechanism always
 * lies on the same side: the needles may come out less deep by it, never deeper.
 */
#ifndef MN_STEPPER_H
#define MN_STEPPER_H

#include <linux/types.h>

/**
 * struct mn_stepper_board - What the board says of its depth stop.
 * @um_per_step: Micrometre.
 * @speed: Fastest, steps per second.
 * @acceleration: Of the ramp, steps per second squared.
 * @backlash: Play of the mechanism, steps.
 * @release: Steps beyond the play after which the home switch must have opened.
 * @travel: From home to the depth-end switch, steps.
 * @limit: Deepest position, steps.
 */
struct mn_stepper_board {
	u32 um_per_step;
	u32 speed;
	u32 acceleration;
	u32 backlash;
	u32 release;
	u32 travel;
	u32 limit;
};

/**
 * enum mn_stepper_phase - What it is about.
 * @MN_STEPPER_REST: Nothing.
 * @MN_STEPPER_GO: To a depth.
 * @MN_STEPPER_BRAKE: To stand, on the way to a depth that is not wanted any more.
 * @MN_STEPPER_RETURN: Home, by count.
 * @MN_STEPPER_CREEP: On toward home: the count says home, the switch does not.
 * @MN_STEPPER_SEEK: Toward home, for as long as it takes: the count is void.
 * @MN_STEPPER_BLIND: Home by count: the switch is not to be believed.
 * @MN_STEPPER_TEST_SEEK: Self-test: toward home.
 * @MN_STEPPER_TEST_OFF: Self-test: away, until the home switch opens.
 * @MN_STEPPER_TEST_BACK: Self-test: back, until it closes.
 */
enum mn_stepper_phase {
	MN_STEPPER_REST,
	MN_STEPPER_GO,
	MN_STEPPER_BRAKE,
	MN_STEPPER_RETURN,
	MN_STEPPER_CREEP,
	MN_STEPPER_SEEK,
	MN_STEPPER_BLIND,
	MN_STEPPER_TEST_SEEK,
	MN_STEPPER_TEST_OFF,
	MN_STEPPER_TEST_BACK,
};

/**
 * enum mn_stepper_news - What came of it.
 * @MN_STEPPER_NO_NEWS: Nothing yet.
 * @MN_STEPPER_ARRIVED: It is where it was sent.
 * @MN_STEPPER_HOME: It is home, and the count agrees.
 * @MN_STEPPER_FOUND: It is home by the switch; the count is void.
 * @MN_STEPPER_EARLY: The home switch closed before its time: steps were lost. The count is void.
 * @MN_STEPPER_LATE: The home switch did not close in time. The count is void; it goes on to seek.
 * @MN_STEPPER_LOST: No home within the travel: it gave up.
 * @MN_STEPPER_STUCK: The home switch did not open. The count is void; it goes back by it.
 * @MN_STEPPER_END: The depth-end switch is pressed. The count is void; it goes to seek home.
 * @MN_STEPPER_PASSED: The self-test passed. The count holds.
 * @MN_STEPPER_FAILED: The self-test failed, see mn_stepper.why.
 */
enum mn_stepper_news {
	MN_STEPPER_NO_NEWS,
	MN_STEPPER_ARRIVED,
	MN_STEPPER_HOME,
	MN_STEPPER_FOUND,
	MN_STEPPER_EARLY,
	MN_STEPPER_LATE,
	MN_STEPPER_LOST,
	MN_STEPPER_STUCK,
	MN_STEPPER_END,
	MN_STEPPER_PASSED,
	MN_STEPPER_FAILED,
};

/**
 * struct mn_stepper_switches - What the switches say at this moment.
 * @home: The stop is home.
 * @end: It is at the depth end.
 */
struct mn_stepper_switches {
	bool home;
	bool end;
};

/**
 * struct mn_stepper - All that is known of it. Read it freely; only mn_stepper_*() write it.
 * @board: See there.
 * @slow_ns: Between two steps from which it can stop and turn at once: the ramp's first.
 * @phase: What it is about.
 * @homed: The count holds.
 * @position: The count.
 * @target: Where it was sent.
 * @legs: Counts the legs of its way. A new one begins with the direction line, at a time that the
 *	times of its steps are counted from.
 * @deeper: Direction of this leg.
 * @slow: This leg has no ramp.
 * @total: Steps of this leg.
 * @done: How many of them were made.
 * @opened: The home switch was seen open since the stop was home.
 * @why: Why the self-test failed, for people.
 */
struct mn_stepper {
	struct mn_stepper_board board;
	u64 slow_ns;
	enum mn_stepper_phase phase;
	bool homed;
	s32 position;
	s32 target;
	u32 legs;
	bool deeper;
	bool slow;
	u32 total;
	u32 done;
	bool opened;
	const char *why;
};

u64 mn_stepper_ramp_ns(const struct mn_stepper_board *board, u32 total, u32 n);
u64 mn_stepper_slow_ns(const struct mn_stepper_board *board);
u64 mn_stepper_home_ns(const struct mn_stepper_board *board);
u64 mn_stepper_test_ns(const struct mn_stepper_board *board);
u32 mn_stepper_steps(const struct mn_stepper_board *board, u32 depth_um);
u32 mn_stepper_depth_um(const struct mn_stepper *s);

void mn_stepper_init(struct mn_stepper *s, const struct mn_stepper_board *board);
bool mn_stepper_go(struct mn_stepper *s, u32 target);
void mn_stepper_home(struct mn_stepper *s, struct mn_stepper_switches now);
void mn_stepper_seek(struct mn_stepper *s, struct mn_stepper_switches now);
void mn_stepper_test(struct mn_stepper *s, struct mn_stepper_switches now,
		     enum mn_stepper_news *news);
void mn_stepper_end(struct mn_stepper *s);
void mn_stepper_forget(struct mn_stepper *s);
bool mn_stepper_due(struct mn_stepper *s, struct mn_stepper_switches now,
		    enum mn_stepper_news *news);
u64 mn_stepper_next_ns(const struct mn_stepper *s);

#endif /* MN_STEPPER_H */
