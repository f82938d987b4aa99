// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lines of a GPIO handpiece: the one that cuts the drive, and those that have it cut.
 *
 * Each interrupt handler cuts the drive first and tells the core then. A line that can't be read
 * says what stops.
 */
#include <linux/interrupt.h>
#include <linux/ktime.h>
#include <linux/property.h>

#include "gpio.h"

/* ---- the drive ---- */

/**
 * mn_gpio_drop() - Cut the needle motor's power, and have no start that has begun give it back.
 * @g: The handpiece.
 *
 * Context: any.
 */
void mn_gpio_drop(struct mn_gpio *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&g->drive_lock, flags);
	gpiod_set_value(g->drive, 0);
	g->drops++;
	raw_spin_unlock_irqrestore(&g->drive_lock, flags);
}

/**
 * mn_gpio_drop_for() - The same for a stop of the core's.
 * @g: The handpiece.
 * @epoch: Of the stop; one that is older than the last changes nothing of that.
 *
 * Context: any.
 */
void mn_gpio_drop_for(struct mn_gpio *g, u32 epoch)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&g->drive_lock, flags);
	gpiod_set_value(g->drive, 0);
	g->drops++;
	if ((s32)(epoch - g->epoch) > 0)
		g->epoch = epoch;
	raw_spin_unlock_irqrestore(&g->drive_lock, flags);
}

/**
 * mn_gpio_look() - Before a start: is its order the last word?
 * @g: The handpiece.
 * @epoch: Of the order.
 * @seen: Out: for mn_gpio_enable().
 *
 * Return: true if so.
 */
bool mn_gpio_look(struct mn_gpio *g, u32 epoch, u32 *seen)
{
	unsigned long flags;
	bool last;

	raw_spin_lock_irqsave(&g->drive_lock, flags);
	*seen = g->drops;
	last = epoch == g->epoch;
	raw_spin_unlock_irqrestore(&g->drive_lock, flags);
	return last;
}

/**
 * mn_gpio_enable() - Give the needle motor power, unless it was cut since.
 * @g: The handpiece.
 * @seen: From mn_gpio_look(), before anything was checked.
 *
 * Return: false if it was.
 */
bool mn_gpio_enable(struct mn_gpio *g, u32 seen)
{
	unsigned long flags;
	bool same;

	raw_spin_lock_irqsave(&g->drive_lock, flags);
	same = g->drops == seen;
	if (same)
		gpiod_set_value(g->drive, 1);
	raw_spin_unlock_irqrestore(&g->drive_lock, flags);
	return same;
}

/* ---- what the lines say; an error says what stops ---- */

static bool is_on(struct gpio_desc *line)
{
	return gpiod_get_value(line) == 1;
}

static bool is_pressed(struct mn_gpio *g)
{
	return gpiod_get_value(g->emergency_stop) != 0;
}

static bool is_at_end(struct mn_gpio *g)
{
	return gpiod_get_value(g->depth_end) != 0;
}

static bool foot_is_on(struct mn_gpio *g)
{
	return g->foot_switch && is_on(g->foot_switch);
}

/**
 * mn_gpio_switches() - What the depth stop's switches say.
 * @g: The handpiece.
 *
 * Return: the switches.
 */
struct mn_stepper_switches mn_gpio_switches(struct mn_gpio *g)
{
	return (struct mn_stepper_switches) { .home = is_on(g->home), .end = is_at_end(g) };
}

/**
 * mn_gpio_may_run() - Does any line say that the motor may not run?
 * @g: The handpiece.
 *
 * Return: false if one does.
 */
bool mn_gpio_may_run(struct mn_gpio *g)
{
	return !is_pressed(g) && !is_at_end(g) && is_on(g->cartridge) &&
	       (!g->foot_switch || foot_is_on(g));
}

/**
 * mn_gpio_inputs() - What the lines say, for a report. Home is for the caller to add.
 * @g: The handpiece.
 *
 * Return: MN_INPUT_ bits.
 */
u32 mn_gpio_inputs(struct mn_gpio *g)
{
	u32 inputs = 0;

	if (is_pressed(g))
		inputs |= MN_INPUT_EMERGENCY_STOP;
	if (foot_is_on(g))
		inputs |= MN_INPUT_TRIGGER;
	if (is_on(g->cartridge))
		inputs |= MN_INPUT_CARTRIDGE;
	return inputs;
}

/* ---- interrupts ---- */

/* Only the edge that opens the loop comes here: pressed, even if it reads closed again by now. */
static irqreturn_t on_emergency_stop(int irq, void *data)
{
	struct mn_gpio *g = data;

	mn_gpio_drop(g);
	mn_gpio_rest(g, false);
	mn_report_failure(g->mn, MN_FAULT_EMERGENCY_STOP, 0, 0);
	mn_gpio_tell(g);
	return IRQ_HANDLED;
}

/* Likewise */
static irqreturn_t on_depth_end(int irq, void *data)
{
	struct mn_gpio *g = data;

	mn_gpio_drop(g);
	mn_gpio_at_end(g);
	return IRQ_HANDLED;
}

static irqreturn_t on_foot_switch(int irq, void *data)
{
	struct mn_gpio *g = data;
	unsigned long flags;
	bool was, is;

	raw_spin_lock_irqsave(&g->lock, flags);
	was = g->was_on;
	/* An edge of one that was pressed is a release, even if it reads pressed again by now. */
	if (was)
		mn_gpio_drop(g);
	is = foot_is_on(g);
	g->was_on = is;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	if (was) {
		mn_gpio_rest(g, false);
		mn_gpio_tell_without(g, MN_INPUT_TRIGGER);
	}
	if (is || !was)
		mn_gpio_tell(g);
	return IRQ_HANDLED;
}

/* Whichever edge it was: the cartridge is not the one that it was. */
static irqreturn_t on_cartridge(int irq, void *data)
{
	struct mn_gpio *g = data;
	unsigned long flags;

	mn_gpio_drop(g);
	mn_gpio_rest(g, false);
	raw_spin_lock_irqsave(&g->lock, flags);
	g->insertions++;
	raw_spin_unlock_irqrestore(&g->lock, flags);
	mn_gpio_tell(g);
	return IRQ_HANDLED;
}

static irqreturn_t on_home(int irq, void *data)
{
	struct mn_gpio *g = data;

	if (is_on(g->home))
		mn_gpio_at_home(g);
	mn_gpio_tell(g);
	return IRQ_HANDLED;
}

static irqreturn_t on_stroke(int irq, void *data)
{
	mn_gpio_stroke(data, ktime_get_ns());
	return IRQ_HANDLED;
}

#define ACTIVE_EDGE	0	/* whichever the tree says that it is */

static int listen_to(struct mn_gpio *g, struct gpio_desc *line, const char *name,
		     unsigned long edges, irq_handler_t handler)
{
	int irq, err;

	if (!line)
		return 0;
	irq = gpiod_to_irq(line);
	if (irq < 0)
		return dev_err_probe(g->dev, irq, "%s-gpios gives no interrupt\n", name);
	if (edges == ACTIVE_EDGE)
		edges = gpiod_is_active_low(line) ? IRQF_TRIGGER_FALLING : IRQF_TRIGGER_RISING;
	err = devm_request_irq(g->dev, irq, handler, edges | IRQF_NO_THREAD, dev_name(g->dev), g);
	return err ? dev_err_probe(g->dev, err, "no interrupt of %s-gpios\n", name) : 0;
}

/**
 * mn_gpio_listen() - From now on lines stop.
 * @g: The handpiece, which the core knows.
 *
 * Return: 0 or -errno.
 */
int mn_gpio_listen(struct mn_gpio *g)
{
	const unsigned long both = IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING;

	g->was_on = foot_is_on(g);
	return listen_to(g, g->emergency_stop, "emergency-stop", ACTIVE_EDGE,
			 on_emergency_stop) ?:
	       listen_to(g, g->depth_end, "depth-end", ACTIVE_EDGE, on_depth_end) ?:
	       listen_to(g, g->foot_switch, "foot-switch", both, on_foot_switch) ?:
	       listen_to(g, g->cartridge, "cartridge", both, on_cartridge) ?:
	       listen_to(g, g->home, "home", both, on_home) ?:
	       listen_to(g, g->stroke, "stroke", ACTIVE_EDGE, on_stroke);
}

/* ---- at probe ---- */

static int get_line(struct mn_gpio *g, const char *name, enum gpiod_flags flags,
		    struct gpio_desc **line)
{
	struct gpio_desc *found = devm_gpiod_get(g->dev, name, flags);

	if (IS_ERR(found))
		return dev_err_probe(g->dev, PTR_ERR(found), "no %s-gpios\n", name);
	/* It is read, or driven, where nobody may sleep. */
	if (gpiod_cansleep(found))
		return dev_err_probe(g->dev, -EINVAL,
				     "%s-gpios is on a controller that can sleep\n", name);
	*line = found;
	return 0;
}

/* Low, as where nothing is connected and no driver has set the pin, must be what stops. */
static int low_must_stop(struct mn_gpio *g)
{
	if (gpiod_is_active_low(g->drive))
		return dev_err_probe(g->dev, -EINVAL, "drive-enable-gpios must be active high\n");
	if (!gpiod_is_active_low(g->emergency_stop))
		return dev_err_probe(g->dev, -EINVAL,
				     "emergency-stop-gpios must be active low\n");
	return 0;
}

/**
 * mn_gpio_get_lines() - Take the lines, the drive first: low.
 * @g: The handpiece.
 *
 * Return: 0 or -errno, and the log names the property.
 */
int mn_gpio_get_lines(struct mn_gpio *g)
{
	int err;

	err = get_line(g, "drive-enable", GPIOD_OUT_LOW, &g->drive) ?:
	      get_line(g, "emergency-stop", GPIOD_IN, &g->emergency_stop) ?:
	      low_must_stop(g) ?:
	      get_line(g, "watchdog", GPIOD_OUT_LOW, &g->watchdog) ?:
	      get_line(g, "step", GPIOD_OUT_LOW, &g->step) ?:
	      get_line(g, "dir", GPIOD_OUT_LOW, &g->dir) ?:
	      get_line(g, "home", GPIOD_IN, &g->home) ?:
	      get_line(g, "depth-end", GPIOD_IN, &g->depth_end) ?:
	      get_line(g, "stroke", GPIOD_IN, &g->stroke) ?:
	      get_line(g, "cartridge", GPIOD_IN, &g->cartridge);
	if (err || !device_property_present(g->dev, "foot-switch-gpios"))
		return err;
	return get_line(g, "foot-switch", GPIOD_IN, &g->foot_switch);
}
