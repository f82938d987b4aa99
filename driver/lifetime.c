// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a device's first moment to its last: registration, what is remembered of a handpiece that
 * goes and comes, sleep, reboot, and the module itself.
 *
 * Lock order: mn_registry_lock, then as core.c says.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/reboot.h>
#include <linux/slab.h>

#include "core.h"

#define MN_MINORS		64

static unsigned int ceiling_um = MN_CEILING_DEPTH_UM;
module_param(ceiling_um, uint, 0444);
MODULE_PARM_DESC(ceiling_um, "Deepest needle depth that any request can have, in um (1 to 3000)");

static dev_t mn_devt;
static DEFINE_IDA(mn_ida);

/*
 * Devices and what is remembered of them. Taken before any device's locks, never in atomic
 * context.
 */
static DEFINE_MUTEX(mn_registry_lock);
static LIST_HEAD(mn_devices);
static LIST_HEAD(mn_memories);

static struct mn_memory *mn_recall(const char *serial)
{
	struct mn_memory *memory;

	lockdep_assert_held(&mn_registry_lock);
	list_for_each_entry(memory, &mn_memories, node)
		if (!strcmp(memory->serial, serial))
			return memory->in_use ? ERR_PTR(-EEXIST) : memory;
	memory = kzalloc(sizeof(*memory), GFP_KERNEL);
	if (!memory)
		return ERR_PTR(-ENOMEM);
	strscpy(memory->serial, serial, sizeof(memory->serial));
	mn_keep_init(&memory->keep, ceiling_um);
	list_add(&memory->node, &mn_memories);
	return memory;
}

static void mn_dev_release(struct device *dev)
{
	struct mn_device *mn = container_of(dev, struct mn_device, dev);

	ida_free(&mn_ida, MINOR(dev->devt));
	kfree(mn);
}

static struct class mn_class = {
	.name = "microneedle",
	.dev_groups = mn_attr_groups,
};

/**
 * mn_device_alloc() - A device that is not yet registered, but can already be stopped and report.
 * @parent: The bus's device.
 * @ops: What the transport does.
 * @data: The transport's, see mn_device_data().
 * @caps: What the handpiece says of itself.
 * @last_epoch: Of the last stop that the handpiece obeyed.
 *
 * Context: may sleep.
 * Return: the device, to be given to mn_device_register(), and to mn_device_put() at the end; or an
 * ERR_PTR: -EINVAL the transport lacks an operation, -EPROTO the handpiece is impossible, -EEXIST a
 * handpiece with this serial number is there already.
 */
struct mn_device *mn_device_alloc(struct device *parent, const struct mn_transport_ops *ops,
				  void *data, const struct mn_caps *caps, u32 last_epoch)
{
	struct mn_memory *memory;
	struct mn_device *mn;
	const char *why;
	int id;

	if (!ops->start || !ops->stop || !ops->kill || !ops->lease || !ops->clear ||
	    !ops->self_test || (!caps->tagless && (!ops->tag || !ops->mark)) ||
	    (caps->capture_max_hz && !ops->capture))
		return ERR_PTR(-EINVAL);
	if (mn_safety_check_caps(caps, &why)) {
		dev_err(parent, "handpiece refused: %s\n", why);
		return ERR_PTR(-EPROTO);
	}
	mn = kzalloc(sizeof(*mn), GFP_KERNEL);
	if (!mn)
		return ERR_PTR(-ENOMEM);
	id = ida_alloc_max(&mn_ida, MN_MINORS - 1, GFP_KERNEL);
	if (id < 0) {
		kfree(mn);
		return ERR_PTR(id);
	}
	mn_core_init(mn);
	spin_lock_init(&mn->capture_lock);
	INIT_LIST_HEAD(&mn->listeners);
	INIT_LIST_HEAD(&mn->node);
	cdev_init(&mn->cdev, &mn_fops);
	mn->cdev.owner = THIS_MODULE;
	mn->data = data;

	device_initialize(&mn->dev);
	mn->dev.class = &mn_class;
	mn->dev.parent = parent;
	mn->dev.release = mn_dev_release;
	mn->dev.devt = MKDEV(MAJOR(mn_devt), id);
	if (dev_set_name(&mn->dev, "microneedle%d", id)) {
		put_device(&mn->dev);
		return ERR_PTR(-ENOMEM);
	}

	mutex_lock(&mn_registry_lock);
	memory = mn_recall(caps->serial);
	if (!IS_ERR(memory)) {
		memory->in_use = true;
		mn->memory = memory;
		mn_safety_init(&mn->safety, caps, &memory->keep, ceiling_um, last_epoch);
		mn->ops = ops;
		list_add(&mn->node, &mn_devices);
	}
	mutex_unlock(&mn_registry_lock);
	if (IS_ERR(memory)) {
		if (PTR_ERR(memory) == -EEXIST)
			dev_err(parent, "a handpiece with serial number %s is there already\n",
				caps->serial);
		put_device(&mn->dev);
		return ERR_CAST(memory);
	}
	return mn;
}
EXPORT_SYMBOL_GPL(mn_device_alloc);

/* Take the transport away from everybody, and remember what must not be forgotten. */
static void mn_revoke(struct mn_device *mn)
{
	static const struct mn_stimulus unplug = { .type = MN_HAPPENS_UNPLUG };
	struct mn_listener *listener;

	down_write(&mn->ops_sem);
	spin_lock_irq(&mn->state_lock);
	mn_step(mn, &unplug, NULL, NULL);
	mn->ops = NULL;
	mn->controller = NULL;
	list_for_each_entry(listener, &mn->listeners, node)
		listener->gone(listener);
	spin_unlock_irq(&mn->state_lock);
	up_write(&mn->ops_sem);
	mn_report_capture_end(mn, -ENODEV);

	mn_core_end(mn);

	mutex_lock(&mn_registry_lock);
	mn->memory->keep = mn->safety.keep;
	mn->memory->in_use = false;
	list_del_init(&mn->node);
	mutex_unlock(&mn_registry_lock);
}

/**
 * mn_device_discard() - Give up a device that was never registered.
 * @mn: From mn_device_alloc(). Only mn_device_put() is left to do.
 *
 * Context: may sleep.
 */
void mn_device_discard(struct mn_device *mn)
{
	mn_revoke(mn);
}
EXPORT_SYMBOL_GPL(mn_device_discard);

/**
 * mn_device_register() - Stop the handpiece, then let programs see it.
 * @mn: From mn_device_alloc(). After an error only mn_device_put() is left to do.
 *
 * Context: may sleep.
 * Return: 0 or -errno.
 */
int mn_device_register(struct mn_device *mn)
{
	int err = mn_stop_confirmed(mn, MN_HAPPENS_STOP);

	if (err) {
		dev_err(mn->dev.parent, "the handpiece does not confirm a stop (%d)\n", err);
		goto fail;
	}
	down_read(&mn->ops_sem);
	mutex_lock(&mn->cmd_lock);
	mn_read_tag(mn);
	mutex_unlock(&mn->cmd_lock);
	up_read(&mn->ops_sem);

	err = cdev_device_add(&mn->cdev, &mn->dev);
	if (err)
		goto fail;
	dev_info(&mn->dev, "%s %s, serial number %s, at most %u um\n", mn->safety.caps.model,
		 mn->safety.caps.firmware, mn->safety.caps.serial,
		 mn->safety.caps.limit[MN_QUANTITY_DEPTH]);
	return 0;

fail:
	mn_revoke(mn);
	return err;
}
EXPORT_SYMBOL_GPL(mn_device_register);

/**
 * mn_device_unregister() - The handpiece goes away, or the transport does.
 * @mn: A registered device. When this returns no operation runs or will.
 *
 * Context: may sleep. Stops first, if it still can.
 */
void mn_device_unregister(struct mn_device *mn)
{
	mn_stop_confirmed(mn, MN_HAPPENS_UNPLUG);
	cdev_device_del(&mn->cdev, &mn->dev);
	mn_revoke(mn);
}
EXPORT_SYMBOL_GPL(mn_device_unregister);

/**
 * mn_device_put() - The transport no longer needs it; open files may.
 * @mn: The device.
 */
void mn_device_put(struct mn_device *mn)
{
	put_device(&mn->dev);
}
EXPORT_SYMBOL_GPL(mn_device_put);

/**
 * mn_device_suspend() - The system goes to sleep: stop, and trust no cartridge afterwards.
 * @mn: The device. It cannot be armed until mn_device_resume().
 *
 * Context: may sleep.
 */
void mn_device_suspend(struct mn_device *mn)
{
	mn_report_capture_end(mn, -ECANCELED);
	mn_stop_confirmed(mn, MN_HAPPENS_SUSPEND);
}
EXPORT_SYMBOL_GPL(mn_device_suspend);

/**
 * mn_device_resume() - It is awake again: SAFE, or in FAULT as before.
 * @mn: The device.
 *
 * Context: may sleep.
 */
void mn_device_resume(struct mn_device *mn)
{
	/* One that was begun on the way to sleep lost its samples. */
	mn_report_capture_end(mn, -ECANCELED);
	if (mn_stop_confirmed(mn, MN_HAPPENS_RESUME))
		queue_work(system_highpri_wq, &mn->stop_work);
}
EXPORT_SYMBOL_GPL(mn_device_resume);

/* Programs go on for as long as it takes to go down: from here on they arm nothing. */
static int mn_reboot(struct notifier_block *block, unsigned long action, void *data)
{
	struct mn_device *mn;

	mutex_lock(&mn_registry_lock);
	list_for_each_entry(mn, &mn_devices, node)
		mn_stop_confirmed(mn, MN_HAPPENS_SUSPEND);
	mutex_unlock(&mn_registry_lock);
	return NOTIFY_DONE;
}

static struct notifier_block mn_reboot_block = { .notifier_call = mn_reboot };

static int __init mn_init(void)
{
	int err;

	if (!ceiling_um || ceiling_um > MN_ABSOLUTE_DEPTH_UM) {
		pr_err("ceiling_um=%u is not within 1 to %u\n", ceiling_um, MN_ABSOLUTE_DEPTH_UM);
		return -EINVAL;
	}
	if (ceiling_um != MN_CEILING_DEPTH_UM)
		pr_notice("depth ceiling is %u um, not %u\n", ceiling_um, MN_CEILING_DEPTH_UM);
	err = alloc_chrdev_region(&mn_devt, 0, MN_MINORS, "microneedle");
	if (err)
		return err;
	err = class_register(&mn_class);
	if (err)
		goto no_class;
	err = register_reboot_notifier(&mn_reboot_block);
	if (err)
		goto no_notifier;
	return 0;

no_notifier:
	class_unregister(&mn_class);
no_class:
	unregister_chrdev_region(mn_devt, MN_MINORS);
	return err;
}
module_init(mn_init);

static void __exit mn_exit(void)
{
	struct mn_memory *memory, *next;

	unregister_reboot_notifier(&mn_reboot_block);
	class_unregister(&mn_class);
	unregister_chrdev_region(mn_devt, MN_MINORS);
	list_for_each_entry_safe(memory, next, &mn_memories, node)
		kfree(memory);
	ida_destroy(&mn_ida);
}
module_exit(mn_exit);

MODULE_DESCRIPTION("Microneedling handpieces");
MODULE_AUTHOR("The microneedle authors");
MODULE_LICENSE("GPL");
