// SPDX-License-Identifier: GPL-2.0-only
/* The board's lines: a GPIO controller that never sleeps, and its interrupts. */

#include <linux/interrupt.h>
#include <linux/irq.h>

#include "bench.h"

static int get_direction(struct gpio_chip *gpio, unsigned int line)
{
	struct bench *bench = gpiochip_get_data(gpio);

	return READ_ONCE(bench->outputs) & BIT(line) ? GPIO_LINE_DIRECTION_OUT :
						       GPIO_LINE_DIRECTION_IN;
}

static int direction_input(struct gpio_chip *gpio, unsigned int line)
{
	struct bench *bench = gpiochip_get_data(gpio);
	unsigned long flags;

	raw_spin_lock_irqsave(&bench->lock, flags);
	if (bench->outputs & BIT(line)) {
		bench->outputs &= ~BIT(line);
		bench_record(bench, MN_BENCH_FLOATS | line, 0);
	}
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	bench_wake(bench);
	return 0;
}

static void drive(struct bench *bench, unsigned int line, int value, bool take)
{
	unsigned long flags;
	u32 bit = BIT(line);
	bool changes;

	raw_spin_lock_irqsave(&bench->lock, flags);
	changes = (take && !(bench->outputs & bit)) ||
		  (bench->outputs & bit && !!(bench->out & bit) != !!value);
	if (take)
		bench->outputs |= bit;
	bench->out = value ? bench->out | bit : bench->out & ~bit;
	if (changes)
		bench_record(bench, MN_BENCH_OUTPUT | line, !!value);
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	if (READ_ONCE(bench->panics))
		pr_emerg("mn-bench: in panic line %u is driven %s\n", line, value ? "high" : "low");
	if (changes)
		bench_wake(bench);
}

static int direction_output(struct gpio_chip *gpio, unsigned int line, int value)
{
	drive(gpiochip_get_data(gpio), line, value, true);
	return 0;
}

static int get_level(struct gpio_chip *gpio, unsigned int line)
{
	struct bench *bench = gpiochip_get_data(gpio);
	unsigned long flags;
	u32 levels;

	raw_spin_lock_irqsave(&bench->lock, flags);
	levels = (bench->out & bench->outputs) | (bench->in & ~bench->outputs);
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	return !!(levels & BIT(line));
}

static void set_level(struct gpio_chip *gpio, unsigned int line, int value)
{
	drive(gpiochip_get_data(gpio), line, value, false);
}

static struct bench *bench_of(struct irq_data *data)
{
	return gpiochip_get_data(irq_data_get_irq_chip_data(data));
}

static void irq_ack(struct irq_data *data)
{
	struct bench *bench = bench_of(data);
	unsigned long flags;

	raw_spin_lock_irqsave(&bench->lock, flags);
	bench->latched &= ~BIT(irqd_to_hwirq(data));
	raw_spin_unlock_irqrestore(&bench->lock, flags);
}

static void irq_mask(struct irq_data *data)
{
	struct bench *bench = bench_of(data);
	unsigned long flags;

	raw_spin_lock_irqsave(&bench->lock, flags);
	bench->unmasked &= ~BIT(irqd_to_hwirq(data));
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	gpiochip_disable_irq(&bench->gpio, irqd_to_hwirq(data));
}

static void irq_unmask(struct irq_data *data)
{
	struct bench *bench = bench_of(data);
	unsigned long flags;

	gpiochip_enable_irq(&bench->gpio, irqd_to_hwirq(data));
	raw_spin_lock_irqsave(&bench->lock, flags);
	bench->unmasked |= BIT(irqd_to_hwirq(data));
	if (bench->latched & BIT(irqd_to_hwirq(data)))
		bench_kick(bench);
	raw_spin_unlock_irqrestore(&bench->lock, flags);
}

/* Raised again, for an edge that came while the interrupt was disabled */
static int irq_retrigger(struct irq_data *data)
{
	struct bench *bench = bench_of(data);
	unsigned long flags;

	raw_spin_lock_irqsave(&bench->lock, flags);
	bench->latched |= BIT(irqd_to_hwirq(data));
	bench_kick(bench);
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	return 1;
}

/* Edges only: what a level would ask for after its handler ran nobody needs here. */
static int irq_set_type(struct irq_data *data, unsigned int type)
{
	struct bench *bench = bench_of(data);
	u32 bit = BIT(irqd_to_hwirq(data));
	unsigned long flags;

	if (!type || type & ~IRQ_TYPE_EDGE_BOTH)
		return -EINVAL;
	raw_spin_lock_irqsave(&bench->lock, flags);
	bench->rising = type & IRQ_TYPE_EDGE_RISING ? bench->rising | bit : bench->rising & ~bit;
	bench->falling = type & IRQ_TYPE_EDGE_FALLING ? bench->falling | bit :
							bench->falling & ~bit;
	/* What nobody had asked for then is no edge for who asks now. */
	bench->latched &= ~bit;
	raw_spin_unlock_irqrestore(&bench->lock, flags);
	irq_set_handler_locked(data, handle_edge_irq);
	return 0;
}

static const struct irq_chip bench_irq_chip = {
	.name = "mn-bench",
	.irq_ack = irq_ack,
	.irq_mask = irq_mask,
	.irq_unmask = irq_unmask,
	.irq_retrigger = irq_retrigger,
	.irq_set_type = irq_set_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

int bench_add_lines(struct bench *bench)
{
	struct gpio_chip *gpio = &bench->gpio;

	gpio->label = "mn-bench";
	gpio->parent = bench->dev;
	gpio->owner = THIS_MODULE;
	gpio->base = -1;
	gpio->ngpio = MN_BENCH_LINES;
	gpio->get_direction = get_direction;
	gpio->direction_input = direction_input;
	gpio->direction_output = direction_output;
	gpio->get = get_level;
	gpio->set = set_level;

	/* No parent: who raises the interrupts is the stimuli's timer. */
	gpio_irq_chip_set_chip(&gpio->irq, &bench_irq_chip);
	gpio->irq.handler = handle_bad_irq;
	gpio->irq.default_type = IRQ_TYPE_NONE;
	return devm_gpiochip_add_data(bench->dev, gpio, bench);
}
