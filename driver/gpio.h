/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside microneedle-gpio.ko: what gpio.c and the files around it share.
 *
 * Lock order: report_lock, the core's state_lock, lock, drive_lock.
 */
#ifndef MN_GPIO_H
#define MN_GPIO_H

#include <linux/completion.h>
#include <linux/gpio/consumer.h>
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pwm.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "microneedle.h"
#include "speed.h"
#include "stepper.h"

/**
 * struct mn_gpio_board - What the device tree says beside the lines.
 * @stepper: The depth stop.
 * @motor_full_mhz: Strokes per time at full duty.
 * @run_down_ms: From stop to needles home.
 */
struct mn_gpio_board {
	struct mn_stepper_board stepper;
	u32 motor_full_mhz;
	u32 run_down_ms;
};

/**
 * struct mn_gpio - One handpiece on lines.
 * @dev: Its device in the tree.
 * @mn: What the core knows of it.
 * @known: @mn has not been given back to the core yet.
 * @board: From the device tree.
 * @drive: Lets the needle motor have power.
 * @watchdog: Each edge retriggers the external one-shot.
 * @step: A rising edge is one step of the depth stop.
 * @dir: Its direction, 1 is deeper.
 * @home: Depth stop at home.
 * @depth_end: Depth stop at the hard switch.
 * @stroke: One pulse a stroke.
 * @emergency_stop: 0 as long as its loop is closed.
 * @cartridge: One is present.
 * @foot_switch: Pressed; NULL where there is none.
 * @pwm: The needle motor's speed.
 * @boot_id: Changes with each probe.
 * @drive_lock: Protects @drops, @epoch and what is written to @drive. Held for no longer than that.
 * @drops: Counts how often the drive was cut: what began before is not to enable it.
 * @epoch: Of the last stop.
 * @report_lock: One tells the core at a time, so that nobody tells what is out of date.
 * @lock: Protects the rest.
 * @stepper: The depth stop.
 * @leg: Its mn_stepper.legs when its leg began here.
 * @leg_ns: When that was.
 * @step_high: The step line is high.
 * @step_timer: Its next edge.
 * @moved: The depth stop came to rest, or was called off.
 * @running: The drive was enabled, and not cut since.
 * @run_epoch: Epoch of the order that it was enabled for.
 * @fresh: No stroke was made since.
 * @cut_ns: When the drive was cut.
 * @pulse_ns: When the last stroke was made.
 * @strokes: Strokes since probe.
 * @speed: The motor's.
 * @duty: What the PWM is to be set to, parts per million.
 * @watchdog_level: Of the watchdog line.
 * @insertions: Changes with each edge of @cartridge.
 * @was_on: The foot switch was pressed when it was last looked at.
 * @self_test: Of the last self-test.
 * @faults: What was found and can only be cleared here, bit 1 << enum mn_fault.
 * @untold: The self-test's failure is to be written to the kernel's log.
 * @status: Tells how it is.
 * @pwm_lock: One sets @pwm at a time.
 * @motor_work: Sets it.
 * @panic: Cuts the drive when the kernel panics.
 * @sleep: Stops before the system sleeps.
 */
struct mn_gpio {
	struct device *dev;
	struct mn_device *mn;
	bool known;
	struct mn_gpio_board board;
	struct gpio_desc *drive;
	struct gpio_desc *watchdog;
	struct gpio_desc *step;
	struct gpio_desc *dir;
	struct gpio_desc *home;
	struct gpio_desc *depth_end;
	struct gpio_desc *stroke;
	struct gpio_desc *emergency_stop;
	struct gpio_desc *cartridge;
	struct gpio_desc *foot_switch;
	struct pwm_device *pwm;
	u32 boot_id;

	raw_spinlock_t drive_lock;	/* the drive line */
	u32 drops;
	u32 epoch;

	spinlock_t report_lock;		/* order of reports */

	raw_spinlock_t lock;		/* the rest */
	struct mn_stepper stepper;
	u32 leg;
	u64 leg_ns;
	bool step_high;
	struct hrtimer step_timer;
	struct completion moved;
	bool running;
	u32 run_epoch;
	bool fresh;
	u64 cut_ns;
	u64 pulse_ns;
	u32 strokes;
	struct mn_speed speed;
	u32 duty;
	bool watchdog_level;
	u32 insertions;
	bool was_on;
	enum mn_self_test self_test;
	u64 faults;
	bool untold;
	struct hrtimer status;
	struct mutex pwm_lock;		/* the PWM */
	struct work_struct motor_work;
	struct notifier_block panic;
	struct notifier_block sleep;
};

/* gpio_tree.c: the device tree */
int mn_gpio_read_tree(struct mn_gpio *g, struct mn_caps *caps);

/* gpio_lines.c: inputs, and the drive line */
int mn_gpio_get_lines(struct mn_gpio *g);
int mn_gpio_listen(struct mn_gpio *g);
void mn_gpio_drop(struct mn_gpio *g);
void mn_gpio_drop_for(struct mn_gpio *g, u32 epoch);
bool mn_gpio_look(struct mn_gpio *g, u32 epoch, u32 *seen);
bool mn_gpio_enable(struct mn_gpio *g, u32 seen);
bool mn_gpio_may_run(struct mn_gpio *g);
u32 mn_gpio_inputs(struct mn_gpio *g);
struct mn_stepper_switches mn_gpio_switches(struct mn_gpio *g);

/* gpio_motion.c: depth stop and needle motor */
void mn_gpio_motion_init(struct mn_gpio *g);
void mn_gpio_motion_end(struct mn_gpio *g);
int mn_gpio_set_motor(struct mn_gpio *g);
void mn_gpio_follow(struct mn_gpio *g);
void mn_gpio_rest(struct mn_gpio *g, bool all);
bool mn_gpio_stands(struct mn_gpio *g, u64 now);
void mn_gpio_at_end(struct mn_gpio *g);
void mn_gpio_at_home(struct mn_gpio *g);
void mn_gpio_stroke(struct mn_gpio *g, u64 now);

/* gpio_ops.c: what the core asks for, and is told */
extern const struct mn_transport_ops mn_gpio_ops;
void mn_gpio_status_init(struct mn_gpio *g);
void mn_gpio_tell(struct mn_gpio *g);
void mn_gpio_tell_without(struct mn_gpio *g, u32 inputs);
void mn_gpio_tell_soon(struct mn_gpio *g);
bool mn_gpio_wait_rest(struct mn_gpio *g, u32 ms);

#endif /* MN_GPIO_H */
