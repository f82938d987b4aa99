// SPDX-License-Identifier: GPL-2.0-only
/*
 * Puts one USB device to sleep and wakes it again, by the calls that the kernel makes of it when
 * the whole system suspends: the device first, then the bus that it hangs on.
 *
 * When the lab's guest suspends, every process in it is frozen before the first driver hears of it,
 * and a simulated handpiece is such a process. A real one is not. This is how its side of a suspend
 * can be seen. Write the time in ms to the parameter sleep_ms. Test only, never installed.
 */

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pm_runtime.h>
#include <linux/string.h>
#include <linux/usb.h>

static char *device = "1-1";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "Which one, by its name on the bus");

static int find(struct usb_device *udev, void *data)
{
	struct usb_device **found = data;

	if (strcmp(dev_name(&udev->dev), device))
		return 0;
	*found = usb_get_dev(udev);
	return 1;
}

static int suspend(struct device *dev)
{
	int err;

	pm_runtime_get_noresume(dev);
	device_lock(dev);
	err = dev->type->pm->suspend(dev);
	device_unlock(dev);
	return err;
}

static int resume(struct device *dev)
{
	int err;

	device_lock(dev);
	err = dev->type->pm->resume(dev);
	dev->type->pm->complete(dev);
	device_unlock(dev);
	pm_runtime_put_noidle(dev);
	return err;
}

static int sleep_a_while(struct device *dev, unsigned int ms)
{
	int err, bus_err;

	err = suspend(dev);
	if (!err) {
		bus_err = suspend(dev->parent);
		if (!bus_err)
			msleep(ms);
		err = resume(dev->parent) ?: bus_err;
	}
	return resume(dev) ?: err;
}

static int set_sleep(const char *text, const struct kernel_param *param)
{
	struct usb_device *udev = NULL;
	unsigned int ms;
	int err;

	err = kstrtouint(text, 0, &ms);
	if (err)
		return err;
	usb_for_each_dev(&udev, find);
	if (!udev)
		return -ENODEV;
	err = udev->dev.parent ? sleep_a_while(&udev->dev, ms) : -EINVAL;
	usb_put_dev(udev);
	return err;
}

static const struct kernel_param_ops sleep_ops = { .set = set_sleep };
module_param_cb(sleep_ms, &sleep_ops, NULL, 0200);
MODULE_PARM_DESC(sleep_ms, "Write: sleep so long");

MODULE_DESCRIPTION("Puts a USB device to sleep as a suspend of the system would");
MODULE_LICENSE("GPL");
