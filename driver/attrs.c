// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs attributes of a handpiece. They tell, and lower the administrator's limits; none moves
 * anything.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "core.h"

static struct mn_device *to_mn(struct device *dev)
{
	return container_of(dev, struct mn_device, dev);
}

static ssize_t serial_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_mn(dev)->safety.caps.serial);
}
static DEVICE_ATTR_RO(serial);

static ssize_t model_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_mn(dev)->safety.caps.model);
}
static DEVICE_ATTR_RO(model);

static ssize_t firmware_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_mn(dev)->safety.caps.firmware);
}
static DEVICE_ATTR_RO(firmware);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const names[] = {
		[MN_STATE_SAFE] = "safe",
		[MN_STATE_ARMED] = "armed",
		[MN_STATE_RUNNING] = "running",
		[MN_STATE_FAULT] = "fault",
	};
	struct mn_status status;
	int err = mn_get_status(to_mn(dev), NULL, &status);

	return err ?: sysfs_emit(buf, "%s\n", names[status.state]);
}
static DEVICE_ATTR_RO(state);

static ssize_t faults_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct mn_status status;
	int err = mn_get_status(to_mn(dev), NULL, &status);

	return err ?: sysfs_emit(buf, "0x%016llx\n", (unsigned long long)status.faults);
}
static DEVICE_ATTR_RO(faults);

/* A limit: what is effective, and where it comes from */
static ssize_t show_limit(struct device *dev, enum mn_quantity quantity, char *buf)
{
	static const char * const names[] = {
		[MN_SOURCE_ABSOLUTE] = "absolute", [MN_SOURCE_CEILING] = "ceiling",
		[MN_SOURCE_DEVICE] = "device",	   [MN_SOURCE_BOARD] = "board",
		[MN_SOURCE_CARTRIDGE] = "cartridge", [MN_SOURCE_ADMIN] = "admin",
		[MN_SOURCE_SESSION] = "session",
	};
	struct mn_limits limits;
	int err = mn_get_limits(to_mn(dev), &limits);

	return err ?: sysfs_emit(buf, "%u %s\n", limits.effective[quantity],
				 names[limits.binding[quantity]]);
}

static ssize_t show_admin(struct device *dev, enum mn_quantity quantity, char *buf)
{
	struct mn_limits limits;
	int err = mn_get_limits(to_mn(dev), &limits);

	return err ?: sysfs_emit(buf, "%u\n", limits.value[quantity][MN_SOURCE_ADMIN]);
}

static ssize_t store_admin(struct device *dev, enum mn_quantity quantity, const char *buf,
			   size_t count)
{
	u32 value;
	int err = kstrtou32(buf, 10, &value);

	if (!err)
		err = mn_lower_admin(to_mn(dev), quantity, value);
	return err ?: count;
}

#define LIMIT_ATTRS(name, quantity)							\
static ssize_t limit_##name##_show(struct device *dev, struct device_attribute *attr,	\
				   char *buf)						\
{											\
	return show_limit(dev, quantity, buf);						\
}											\
static DEVICE_ATTR_RO(limit_##name);							\
											\
static ssize_t admin_##name##_show(struct device *dev, struct device_attribute *attr,	\
				   char *buf)						\
{											\
	return show_admin(dev, quantity, buf);						\
}											\
											\
static ssize_t admin_##name##_store(struct device *dev, struct device_attribute *attr,	\
				    const char *buf, size_t count)			\
{											\
	return store_admin(dev, quantity, buf, count);					\
}											\
static DEVICE_ATTR_RW(admin_##name)

LIMIT_ATTRS(depth_um, MN_QUANTITY_DEPTH);
LIMIT_ATTRS(rate_mhz, MN_QUANTITY_RATE);
LIMIT_ATTRS(dose_strokes, MN_QUANTITY_DOSE);
LIMIT_ATTRS(run_ms, MN_QUANTITY_RUN_TIME);

static struct attribute *mn_attrs[] = {
	&dev_attr_serial.attr,
	&dev_attr_model.attr,
	&dev_attr_firmware.attr,
	&dev_attr_state.attr,
	&dev_attr_faults.attr,
	NULL,
};

static const struct attribute_group mn_attr_group = {
	.attrs = mn_attrs,
};

static struct attribute *mn_limit_attrs[] = {
	&dev_attr_limit_depth_um.attr,
	&dev_attr_limit_rate_mhz.attr,
	&dev_attr_limit_dose_strokes.attr,
	&dev_attr_limit_run_ms.attr,
	&dev_attr_admin_depth_um.attr,
	&dev_attr_admin_rate_mhz.attr,
	&dev_attr_admin_dose_strokes.attr,
	&dev_attr_admin_run_ms.attr,
	NULL,
};

static const struct attribute_group mn_limit_attr_group = {
	.name = "limits",
	.attrs = mn_limit_attrs,
};

const struct attribute_group *mn_attr_groups[] = {
	&mn_attr_group,
	&mn_limit_attr_group,
	NULL,
};
