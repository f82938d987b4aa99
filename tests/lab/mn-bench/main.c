// SPDX-License-Identifier: GPL-2.0-only
/*
 * A board whose lines and PWMs end in a program: what a driver does on them is read from
 * /dev/mn-bench with its time, and what is written there happens to the driver, at its time, in
 * hard-irq context. See mn_bench.h. Test only, never installed.
 *
 * Declared in a device tree as a node compatible "microneedle,bench" that is a gpio-controller and
 * interrupt-controller (two cells each) and a PWM (three cells).
 */

#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/panic_notifier.h>
#include <linux/platform_device.h>

#include "bench.h"

/*
 * Nobody is left to read it from the node: what is driven from here on is in the log. It is told
 * before any driver is: after them UML tells nobody else.
 */
static int on_panic(struct notifier_block *block, unsigned long action, void *data)
{
	struct bench *bench = container_of(block, struct bench, panic);

	pr_emerg("mn-bench: panic with lines %08x driven high\n", bench->out & bench->outputs);
	WRITE_ONCE(bench->panics, true);
	return NOTIFY_DONE;
}

static void end_panic(void *data)
{
	struct bench *bench = data;

	atomic_notifier_chain_unregister(&panic_notifier_list, &bench->panic);
}

static int watch_for_panic(struct bench *bench)
{
	int err;

	bench->panic.notifier_call = on_panic;
	bench->panic.priority = INT_MAX;
	err = atomic_notifier_chain_register(&panic_notifier_list, &bench->panic);
	return err ?: devm_add_action_or_reset(bench->dev, end_panic, bench);
}

static int bench_probe(struct platform_device *pdev)
{
	struct bench *bench;
	int err;

	bench = devm_kzalloc(&pdev->dev, sizeof(*bench), GFP_KERNEL);
	if (!bench)
		return -ENOMEM;
	bench->dev = &pdev->dev;
	raw_spin_lock_init(&bench->lock);
	INIT_LIST_HEAD(&bench->readers);
	init_waitqueue_head(&bench->wait);

	/* The node is there before the lines, so that a program may see a driver's probe. */
	err = bench_stimuli_init(bench);
	if (!err)
		err = watch_for_panic(bench);
	if (!err)
		err = bench_add_node(bench);
	if (!err)
		err = bench_add_pwms(bench);
	if (!err)
		err = bench_add_lines(bench);
	return err;
}

static const struct of_device_id bench_of_match[] = {
	{ .compatible = "microneedle,bench" },
	{ }
};
MODULE_DEVICE_TABLE(of, bench_of_match);

static struct platform_driver bench_driver = {
	.probe = bench_probe,
	.driver = {
		.name = "mn-bench",
		.of_match_table = bench_of_match,
		/* An open file keeps the module, and with it the board. */
		.suppress_bind_attrs = true,
	},
};
module_platform_driver(bench_driver);

MODULE_DESCRIPTION("The lab's board for the GPIO handpiece");
MODULE_LICENSE("GPL");
