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

/*
 * Limits: a folder for each quantity, in it what is effective, which source binds, and the
 * sources that apply to the transport. The administrator's is the one that can be written, and
 * only to lower it.
 */
#define SHOW_EFFECTIVE		MN_SOURCE_NR
#define SHOW_BINDING		(MN_SOURCE_NR + 1)

static const char * const mn_source_names[] = {
	[MN_SOURCE_ABSOLUTE] = "absolute",
	[MN_SOURCE_CEILING] = "ceiling",
	[MN_SOURCE_DEVICE] = "device",
	[MN_SOURCE_BOARD] = "board",
	[MN_SOURCE_CARTRIDGE] = "cartridge",
	[MN_SOURCE_ADMIN] = "admin",
	[MN_SOURCE_SESSION] = "session",
};

/**
 * struct limit_attribute - One file of one quantity.
 * @attr: The file.
 * @quantity: Of which quantity.
 * @what: enum mn_source, %SHOW_EFFECTIVE or %SHOW_BINDING.
 */
struct limit_attribute {
	struct device_attribute attr;
	enum mn_quantity quantity;
	unsigned int what;
};

static const struct limit_attribute *to_limit(const struct device_attribute *attr)
{
	return container_of(attr, struct limit_attribute, attr);
}

static ssize_t limit_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct limit_attribute *limit = to_limit(attr);
	struct mn_limits limits;
	int err = mn_get_limits(to_mn(dev), &limits);

	if (err)
		return err;
	if (limit->what == SHOW_EFFECTIVE)
		return sysfs_emit(buf, "%u\n", limits.effective[limit->quantity]);
	if (limit->what == SHOW_BINDING)
		return sysfs_emit(buf, "%s\n", mn_source_names[limits.binding[limit->quantity]]);
	if (!(limits.present[limit->quantity] & BIT(limit->what)))
		return sysfs_emit(buf, "absent\n");
	return sysfs_emit(buf, "%u\n", limits.value[limit->quantity][limit->what]);
}

static ssize_t limit_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	u32 value;
	int err = kstrtou32(buf, 10, &value);

	if (!err)
		err = mn_lower_admin(to_mn(dev), to_limit(attr)->quantity, value);
	return err ?: count;
}

static umode_t limit_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	struct mn_device *mn = to_mn(kobj_to_dev(kobj));
	const struct limit_attribute *limit =
		to_limit(container_of(attr, struct device_attribute, attr));

	if (limit->what < MN_SOURCE_NR &&
	    !(mn->safety.caps.required[limit->quantity] & BIT(limit->what)))
		return 0;
	return attr->mode;
}

#define LIMIT(_quantity, _name, _mode, _what)						\
	(&((struct limit_attribute) {							\
		.attr = __ATTR(_name, _mode, limit_show, limit_store),			\
		.quantity = (_quantity),						\
		.what = (_what),							\
	}).attr.attr)

#define LIMIT_GROUP(_folder, _quantity)							\
static struct attribute *mn_##_folder##_attrs[] = {					\
	LIMIT(_quantity, effective, 0444, SHOW_EFFECTIVE),				\
	LIMIT(_quantity, binding, 0444, SHOW_BINDING),					\
	LIMIT(_quantity, absolute, 0444, MN_SOURCE_ABSOLUTE),				\
	LIMIT(_quantity, ceiling, 0444, MN_SOURCE_CEILING),				\
	LIMIT(_quantity, device, 0444, MN_SOURCE_DEVICE),				\
	LIMIT(_quantity, board, 0444, MN_SOURCE_BOARD),					\
	LIMIT(_quantity, cartridge, 0444, MN_SOURCE_CARTRIDGE),				\
	LIMIT(_quantity, admin, 0644, MN_SOURCE_ADMIN),					\
	LIMIT(_quantity, session, 0444, MN_SOURCE_SESSION),				\
	NULL,										\
};											\
											\
static const struct attribute_group mn_##_folder##_group = {				\
	.name = "limit_" #_folder,							\
	.attrs = mn_##_folder##_attrs,							\
	.is_visible = limit_visible,							\
}

LIMIT_GROUP(depth_um, MN_QUANTITY_DEPTH);
LIMIT_GROUP(rate_mhz, MN_QUANTITY_RATE);
LIMIT_GROUP(dose_strokes, MN_QUANTITY_DOSE);
LIMIT_GROUP(run_ms, MN_QUANTITY_RUN_TIME);

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

const struct attribute_group *mn_attr_groups[] = {
	&mn_attr_group,
	&mn_depth_um_group,
	&mn_rate_mhz_group,
	&mn_dose_strokes_group,
	&mn_run_ms_group,
	NULL,
};
