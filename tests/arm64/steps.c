// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the driver must do on this machine, too: the state by its ioctls, beside it what its lines
 * did on the board and where the bench model's depth stop truly is.
 */
#include "steps.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "hands.h"
#include "modules.h"
#include "tell.h"
#include "wires.h"

#define MS 1000000ULL
#define BEAT_MS 50
/* until a foot switch that was let go counts as that, and more */
#define SETTLE_MS 150
/* where the depth stop is found, in steps from home */
#define LEFT_AT "37"
#define DEPTH_UM 1000
#define SHORT_RUN 30U
#define LONG_RUN 5000U
#define STOP_NS 50000ULL /* of an interrupt on a CPU of this clock; it takes a few */

struct lane {
	struct wires wires;
	struct hands hands;
	int fd;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Time passes, in which the controller renews its lease if it has one */
static void live(struct lane *l, unsigned int ms)
{
	const uint64_t end = now_ns() + ms * MS;

	for (uint64_t now = now_ns(); now < end; now = now_ns()) {
		const uint64_t left = end - now, beat = BEAT_MS * MS;
		const struct timespec t = { .tv_nsec = (long)(left < beat ? left : beat) };

		device_do(l->fd, MN_IOC_HEARTBEAT);
		nanosleep(&t, NULL);
		wires_read(&l->wires);
	}
}

static bool await_state(struct lane *l, unsigned int state, unsigned int ms)
{
	const uint64_t end = now_ns() + ms * MS;

	while (device_status(l->fd).state != state) {
		if (now_ns() >= end)
			return false;
		live(l, 2);
	}
	return true;
}

static bool await_strokes(struct lane *l, unsigned int strokes, unsigned int ms)
{
	const uint64_t end = now_ns() + ms * MS;

	while (device_status(l->fd).strokes_done < strokes) {
		if (now_ns() >= end)
			return false;
		live(l, 2);
	}
	return true;
}

static bool await_test(struct lane *l, unsigned int ms)
{
	const uint64_t end = now_ns() + ms * MS;

	while (device_status(l->fd).self_test == MN_SELF_TEST_BUSY && now_ns() < end)
		live(l, 10);
	return device_status(l->fd).self_test == MN_SELF_TEST_PASSED;
}

/* Where the model's depth stop is in truth, and whether it closes its switch */
static void check_home(struct lane *l, const char *what)
{
	long steps = hands_look(&l->hands, "state", "position_steps");
	struct mn_status s = device_status(l->fd);

	check(steps == 0 && s.inputs & MN_INPUT_HOME, what, "%ld steps from home, inputs %#x",
	      steps, s.inputs);
}

static void probe(struct lane *l)
{
	const struct edges *drive = &l->wires.line[GH_DRIVE_ENABLE];
	const uint64_t fault = 1ULL << MN_FAULT_RESTART;
	struct mn_status s;
	struct mn_info info;
	int err = module_load("microneedle"), gpio_err = module_load("microneedle-gpio");

	check(!err && !gpio_err, "the driver loads", "%s, %s", strerror(err), strerror(gpio_err));
	l->fd = device_open();
	check(l->fd >= 0, "its node is there", "%s", strerror(l->fd < 0 ? errno : 0));
	wires_read(&l->wires);
	info = device_info(l->fd);
	check(info.transport == MN_TRANSPORT_GPIO && info.abi_version == MN_ABI_VERSION &&
		      !strcmp(info.serial, l->wires.board.serial) && info.has_trigger,
	      "it is the one that the overlay describes", "transport %u, serial %s", info.transport,
	      info.serial);
	s = device_status(l->fd);
	check(s.state == MN_STATE_FAULT && s.faults == fault, "what was before it is unknown",
	      "state %u, faults %#llx", s.state, (unsigned long long)s.faults);
	check(!drive->rises && !drive->floats, "the drive-enable line is held low",
	      "%u rises, floats %d", drive->rises, drive->floats);
	check_home(l, "a depth stop that was out came home");
	err = device_arm(l->fd, DEPTH_UM, SHORT_RUN);
	check(err == EPERM, "nobody but a controller arms", "%s", strerror(err));
}

static void home(struct lane *l)
{
	const struct edges *drive = &l->wires.line[GH_DRIVE_ENABLE];
	const struct edges *step = &l->wires.line[GH_STEP];
	struct mn_status s;
	int err, limit_err;

	err = device_acquire(l->fd);
	limit_err = device_limit(l->fd);
	check(!err && !limit_err, "a controller", "%s, limits %s", strerror(err),
	      strerror(limit_err));
	err = device_clear(l->fd);
	s = device_status(l->fd);
	check(!err && s.state == MN_STATE_SAFE && !s.faults, "the fault is cleared", "%s, state %u",
	      strerror(err), s.state);
	wires_forget(&l->wires);
	err = device_do(l->fd, MN_IOC_SELF_TEST);
	check(!err && await_test(l, 5000), "the self-test passes", "%s, self-test %u",
	      strerror(err), device_status(l->fd).self_test);
	check(step->rises > 0 && !drive->rises, "it moved the depth stop and never the motor",
	      "%u steps, %u rises of drive-enable", step->rises, drive->rises);
	check_home(l, "it ends at home");
	err = device_declare(l->fd);
	live(l, 100);
	s = device_status(l->fd);
	check(!err && !s.interlocks, "with a cartridge declared nothing keeps it from being armed",
	      "%s, interlocks %#x", strerror(err), s.interlocks);
}

/* Armed, and the foot switch pressed */
static bool begin(struct lane *l, unsigned int strokes)
{
	struct mn_status s;
	bool pressed;
	int err;

	wires_read(&l->wires);
	wires_forget(&l->wires);
	err = device_arm(l->fd, DEPTH_UM, strokes);
	live(l, SETTLE_MS);
	s = device_status(l->fd);
	check(!err && s.state == MN_STATE_ARMED && s.depth_um == DEPTH_UM &&
		      !l->wires.line[GH_DRIVE_ENABLE].rises,
	      "it is armed, and nothing moves", "%s, state %u, %u um, interlocks %#x",
	      strerror(err), s.state, s.depth_um, s.interlocks);
	pressed = hands_foot(&l->hands, true);
	return check(pressed && await_state(l, MN_STATE_RUNNING, 500), "the foot switch starts it",
		     "state %u, inputs %#x", device_status(l->fd).state,
		     device_status(l->fd).inputs);
}

static void run(struct lane *l)
{
	const struct edges *drive = &l->wires.line[GH_DRIVE_ENABLE];
	const struct edges *stroke = &l->wires.line[GH_STROKE];
	const struct gh_board *board = &l->wires.board;
	const long play_um = (long)board->backlash_steps * board->step_um;
	struct mn_status s;
	long deep_um;
	bool done;

	begin(l, SHORT_RUN);
	live(l, 100);
	s = device_status(l->fd);
	check(drive->rises == 1 && drive->high, "drive-enable rose once", "%u rises, high %d",
	      drive->rises, drive->high);
	deep_um = hands_look(&l->hands, "state", "position_um");
	check(s.measured_depth_um == DEPTH_UM && deep_um == DEPTH_UM - play_um,
	      "the needles are as deep as set, less the play", "%u um, in truth %ld um",
	      s.measured_depth_um, deep_um);
	done = await_state(l, MN_STATE_SAFE, 2000);
	s = device_status(l->fd);
	check(done && s.cause == MN_CAUSE_COMPLETE && s.strokes_done == SHORT_RUN,
	      "it ends with the last stroke", "state %u, cause %u, %u strokes", s.state, s.cause,
	      s.strokes_done);
	check(drive->falls == 1 && drive->fall_ns >= stroke->rise_ns &&
		      drive->fall_ns - stroke->rise_ns < STOP_NS,
	      "drive-enable fell with it", "%lld ns after the stroke's edge",
	      (long long)(drive->fall_ns - stroke->rise_ns));
	hands_foot(&l->hands, false);
	live(l, 150);
	s = device_status(l->fd);
	check(s.strokes_total == stroke->rises, "every stroke was counted", "%u of %u",
	      s.strokes_total, stroke->rises);
	check(hands_look(&l->hands, "stats", "driven") == 0 &&
		      hands_number(&l->hands, "expiries") <= 1,
	      "no step with the motor on, and the one-shot never ran out before the end",
	      "%ld steps, ran out %ld times", hands_number(&l->hands, "driven"),
	      hands_number(&l->hands, "expiries"));
	check_home(l, "the needles are home after it");
}

static void emergency_stop(struct lane *l)
{
	const struct edges *drive = &l->wires.line[GH_DRIVE_ENABLE];
	const struct edges *loop = &l->wires.line[GH_EMERGENCY_STOP];
	const uint64_t fault = 1ULL << MN_FAULT_EMERGENCY_STOP;
	struct mn_status s;
	int err;

	begin(l, LONG_RUN);
	await_strokes(l, 20, 2000);
	wires_put(&l->wires, GH_EMERGENCY_STOP, true, now_ns() + MS);
	live(l, 5);
	check(loop->falls == 1 && drive->falls == 1 && drive->fall_ns >= loop->fall_ns &&
		      drive->fall_ns - loop->fall_ns < STOP_NS,
	      "drive-enable falls in its interrupt", "after %lld ns",
	      (long long)(drive->fall_ns - loop->fall_ns));
	s = device_status(l->fd);
	check(s.state == MN_STATE_FAULT && s.faults == fault, "the fault is latched",
	      "state %u, faults %#llx", s.state, (unsigned long long)s.faults);
	live(l, 200);
	check_home(l, "the needles come home");
	err = device_clear(l->fd);
	check(err == EAGAIN, "it is not cleared while the loop is open", "%s", strerror(err));
	wires_put(&l->wires, GH_EMERGENCY_STOP, false, 0);
	hands_foot(&l->hands, false);
	live(l, 100);
	err = device_clear(l->fd);
	s = device_status(l->fd);
	check(!err && s.state == MN_STATE_SAFE && drive->rises == 1,
	      "closed and cleared, it is safe and nothing starts", "%s, state %u, %u rises",
	      strerror(err), s.state, drive->rises);
}

/* Nobody renews the lease */
static void silence(struct lane *l)
{
	const struct edges *drive = &l->wires.line[GH_DRIVE_ENABLE];
	const struct timespec longer = { .tv_nsec = 400 * (long)MS };
	const uint64_t fault = 1ULL << MN_FAULT_LEASE;
	struct mn_status s;
	int err;

	begin(l, LONG_RUN);
	await_strokes(l, 20, 2000);
	nanosleep(&longer, NULL);
	wires_read(&l->wires);
	s = device_status(l->fd);
	check(drive->falls == 1 && !drive->high && s.faults & fault,
	      "a program that falls silent ends the run", "%u falls, faults %#llx", drive->falls,
	      (unsigned long long)s.faults);
	hands_foot(&l->hands, false);
	live(l, 200);
	err = device_acquire(l->fd);
	if (!err)
		err = device_clear(l->fd);
	check(!err, "it can be controlled again", "%s", strerror(err));
}

static void removal(struct lane *l)
{
	const struct edges *drive = &l->wires.line[GH_DRIVE_ENABLE];
	struct mn_status s;
	uint64_t asked;
	int err;

	begin(l, LONG_RUN);
	await_strokes(l, 20, 2000);
	asked = now_ns();
	err = module_unload("microneedle-gpio");
	wires_read(&l->wires);
	check(!err && drive->falls == 1 && drive->fall_ns - asked < 5 * MS,
	      "taken away while it runs, it stops at once", "%s, %lld ns", strerror(err),
	      (long long)(drive->fall_ns - asked));
	check(hands_look(&l->hands, "state", "position_steps") == 0,
	      "the needles are home before it is gone", "%ld steps from home",
	      hands_number(&l->hands, "position_steps"));
	err = device_do(l->fd, MN_IOC_HEARTBEAT);
	check(err == ENODEV, "who has it open is told", "%s", strerror(err));
	close(l->fd);
	hands_foot(&l->hands, false);

	err = module_load("microneedle-gpio");
	l->fd = device_open();
	s = device_status(l->fd);
	check(!err && s.state == MN_STATE_FAULT && s.faults & 1ULL << MN_FAULT_RESTART &&
		      s.cartridge_flags & MN_CARTRIDGE_SPENT,
	      "loaded again it trusts nothing, nor the cartridge", "%s, state %u, cartridge %#x",
	      strerror(err), s.state, s.cartridge_flags);
	close(l->fd);
	err = module_unload("microneedle-gpio");
	if (!err)
		err = module_unload("microneedle");
	wires_read(&l->wires);
	check(!err && drive->rises == 1 && !drive->high, "and goes", "%s, %u rises", strerror(err),
	      drive->rises);
}

void steps(void)
{
	static struct lane lane;
	struct lane *l = &lane;
	int status;

	if (!check(hands_start(&l->hands, LEFT_AT), "the bench model finds its handpiece",
		   "it says %.5s", l->hands.answer) ||
	    !check(!wires_open(&l->wires), "the board's ring is read", "serial %s",
		   l->wires.board.serial))
		return;
	probe(l);
	home(l);
	run(l);
	emergency_stop(l);
	silence(l);
	removal(l);
	check(!l->wires.lost, "the ring lost nothing", "it did %d", l->wires.lost);
	wires_close(&l->wires);
	status = hands_stop(&l->hands);
	check(!status, "the model lost nothing", "its status is %d", status);
}
