// SPDX-License-Identifier: GPL-2.0-only
/*
 * GPIO handpieces come and go, sleep and wake: a panel computer's own lines, described in its
 * device tree. What is on each line is on the page dts/microneedle,gpio-handpiece.yaml.
 */
#include <linux/delay.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/panic_notifier.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/random.h>
#include <linux/suspend.h>

#include "gpio.h"

#define SEEK_MS		5000

/*
 * No lock: who held it will not give it back. The controller's own may be held just so; what
 * remains then is the one-shot, which nobody retriggers any more.
 */
static int on_panic(struct notifier_block *block, unsigned long action, void *data)
{
	struct mn_gpio *g = container_of(block, struct mn_gpio, panic);

	gpiod_set_value(g->drive, 0);
	return NOTIFY_DONE;
}

/* Taken back in this order's reverse: the core's knowledge goes after all that might tell it. */

static void put_core(void *data)
{
	struct mn_gpio *g = data;

	if (g->mn)
		mn_device_put(g->mn);
}

static void end_motion(void *data)
{
	mn_gpio_motion_end(data);
}

static void end_status(void *data)
{
	struct mn_gpio *g = data;

	hrtimer_cancel(&g->status);
}

/* It is stopped once more by that, which sets timers: they end after it. */
static void discard(void *data)
{
	struct mn_gpio *g = data;

	if (g->known)
		mn_device_discard(g->mn);
}

static void end_panic(void *data)
{
	struct mn_gpio *g = data;

	atomic_notifier_chain_unregister(&panic_notifier_list, &g->panic);
}

static void unregister(void *data)
{
	struct mn_gpio *g = data;

	g->known = false;
	mn_device_unregister(g->mn);
}

static void end_sleep(void *data)
{
	struct mn_gpio *g = data;

	unregister_pm_notifier(&g->sleep);
}

/* The stepper may have had no current meanwhile: home is where the switch is. */
static void come_back(struct mn_gpio *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	mn_stepper_seek(&g->stepper, mn_gpio_switches(g));
	mn_gpio_follow(g);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	mn_device_resume(g->mn);
	mn_gpio_tell_soon(g);
}

/*
 * Needles are home before anything else is put to sleep: programs that can take long to freeze, and
 * with them the one that renews the lease.
 */
static int on_sleep(struct notifier_block *block, unsigned long action, void *data)
{
	struct mn_gpio *g = container_of(block, struct mn_gpio, sleep);

	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		mn_device_suspend(g->mn);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		come_back(g);
		break;
	default:
		break;
	}
	return NOTIFY_DONE;
}

static int watch_for_sleep(struct mn_gpio *g)
{
	int err;

	g->sleep.notifier_call = on_sleep;
	err = register_pm_notifier(&g->sleep);
	return err ?: devm_add_action_or_reset(g->dev, end_sleep, g);
}

static int watch_for_panic(struct mn_gpio *g)
{
	int err;

	g->panic.notifier_call = on_panic;
	g->panic.priority = INT_MAX;
	err = atomic_notifier_chain_register(&panic_notifier_list, &g->panic);
	return err ?: devm_add_action_or_reset(g->dev, end_panic, g);
}

/* A depth stop that is out, as it may be after a crash, comes home before anybody sees it. */
static void come_home(struct mn_gpio *g)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&g->lock, flags);
	mn_stepper_seek(&g->stepper, mn_gpio_switches(g));
	mn_gpio_follow(g);
	raw_spin_unlock_irqrestore(&g->lock, flags);
	if (!mn_gpio_wait_rest(g, SEEK_MS) || (g->faults & BIT_ULL(MN_FAULT_NOT_HOME)))
		dev_err(g->dev, "the depth stop does not come home: look at stepper and home-gpios\n");
}

static int mn_gpio_introduce(struct mn_gpio *g, const struct mn_caps *caps)
{
	struct mn_device *mn;
	int err;

	err = devm_add_action_or_reset(g->dev, put_core, g) ?:
	      devm_add_action_or_reset(g->dev, end_status, g) ?:
	      devm_add_action_or_reset(g->dev, end_motion, g);
	if (err)
		return err;
	mn = mn_device_alloc(g->dev, &mn_gpio_ops, g, caps, g->epoch);
	if (IS_ERR(mn))
		return PTR_ERR(mn);
	g->mn = mn;
	g->known = true;
	err = devm_add_action_or_reset(g->dev, discard, g) ?:
	      mn_gpio_listen(g) ?:
	      watch_for_panic(g);
	if (err)
		return err;
	mn_gpio_tell_soon(g);
	come_home(g);
	err = mn_device_register(g->mn);
	if (err) {
		g->known = false;
		return err;
	}
	return devm_add_action_or_reset(g->dev, unregister, g) ?: watch_for_sleep(g);
}

static int mn_gpio_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct mn_caps caps;
	struct mn_gpio *g;
	int err;

	g = devm_kzalloc(dev, sizeof(*g), GFP_KERNEL);
	if (!g)
		return -ENOMEM;
	g->dev = dev;
	raw_spin_lock_init(&g->drive_lock);
	raw_spin_lock_init(&g->lock);
	spin_lock_init(&g->report_lock);
	g->boot_id = get_random_u32();
	err = mn_gpio_get_lines(g) ?: mn_gpio_read_tree(g, &caps);
	if (err)
		return err;
	g->pwm = devm_pwm_get(dev, NULL);
	if (IS_ERR(g->pwm))
		return dev_err_probe(dev, PTR_ERR(g->pwm), "no pwms\n");
	mn_gpio_motion_init(g);
	mn_gpio_status_init(g);
	err = mn_gpio_set_motor(g);
	if (err)
		return dev_err_probe(dev, err, "pwms can't be set\n");
	platform_set_drvdata(pdev, g);
	/* What may have run until now has run down before anybody is told that it stands. */
	msleep(g->board.run_down_ms);
	return mn_gpio_introduce(g, &caps);
}

/* The core has stopped it and arms nothing any more; this is for the line. */
static void mn_gpio_shutdown(struct platform_device *pdev)
{
	struct mn_gpio *g = platform_get_drvdata(pdev);

	mn_gpio_drop(g);
	mn_gpio_rest(g, true);
}

/* The core has stopped it, see on_sleep(). Its lines and its stepper may lose their current now. */
static int mn_gpio_suspend(struct device *dev)
{
	struct mn_gpio *g = dev_get_drvdata(dev);

	hrtimer_cancel(&g->status);
	mn_gpio_motion_end(g);
	return 0;
}

static int mn_gpio_resume(struct device *dev)
{
	return 0;	/* on_sleep() is still to come */
}

static DEFINE_SIMPLE_DEV_PM_OPS(mn_gpio_pm, mn_gpio_suspend, mn_gpio_resume);

static const struct of_device_id mn_gpio_ids[] = {
	{ .compatible = "microneedle,gpio-handpiece" },
	{}
};
MODULE_DEVICE_TABLE(of, mn_gpio_ids);

static struct platform_driver mn_gpio_driver = {
	.driver = {
		.name = "microneedle-gpio",
		.of_match_table = mn_gpio_ids,
		.pm = pm_sleep_ptr(&mn_gpio_pm),
	},
	.probe = mn_gpio_probe,
	.shutdown = mn_gpio_shutdown,
};
module_platform_driver(mn_gpio_driver);

MODULE_DESCRIPTION("Microneedling handpieces on GPIO and PWM lines");
MODULE_AUTHOR("The microneedle authors");
MODULE_LICENSE("GPL");
