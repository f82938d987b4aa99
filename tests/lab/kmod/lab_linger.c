// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets a machine that goes down linger once its drivers have been told.
 *
 * A simulated handpiece is a process of the machine that goes down: without this nobody would see
 * what it did with the last that it heard. Test only, never installed.
 */

#include <linux/delay.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/reboot.h>

static unsigned int ms = 500;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "How long");

static int linger(struct notifier_block *block, unsigned long action, void *data)
{
	pr_info("lab_linger: all have been told\n");
	msleep(ms);
	return NOTIFY_DONE;
}

/* The last of all */
static struct notifier_block block = { .notifier_call = linger, .priority = INT_MIN };

static int __init lab_linger_init(void)
{
	return register_reboot_notifier(&block);
}

static void __exit lab_linger_exit(void)
{
	unregister_reboot_notifier(&block);
}

module_init(lab_linger_init);
module_exit(lab_linger_exit);
MODULE_DESCRIPTION("Lets a machine that goes down linger");
MODULE_LICENSE("GPL");
