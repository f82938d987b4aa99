// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPIO handpiece's figures in the device tree. The binding is in
 * dts/microneedle,gpio-handpiece.yaml.
 */
#include <linux/bits.h>
#include <linux/ktime.h>
#include <linux/property.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/utsname.h>

#include "gpio.h"

#define SECONDS_PER_DAY		86400
#define TEST_LONGEST_MS		5000	/* as the uapi promises */
#define RELEASE_STEPS		8
#define STROKE_MHZ_MS		1000000		/* rate in mHz times time in ms */

/* DESIGN's table of sources: there is nothing that a cartridge says of a run without a pause. */
static const u32 mn_gpio_required[MN_QUANTITY_NR] = {
	[MN_QUANTITY_DEPTH] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			      BIT(MN_SOURCE_BOARD) | BIT(MN_SOURCE_CARTRIDGE) |
			      BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_RATE] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			     BIT(MN_SOURCE_BOARD) | BIT(MN_SOURCE_CARTRIDGE) |
			     BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_DOSE] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			     BIT(MN_SOURCE_BOARD) | BIT(MN_SOURCE_CARTRIDGE) |
			     BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_RUN_TIME] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
				 BIT(MN_SOURCE_BOARD) | BIT(MN_SOURCE_ADMIN) |
				 BIT(MN_SOURCE_SESSION),
};

struct figure {
	const char *name;
	u32 least;
	u32 most;
	u32 *to;
};

static int read_figure(struct device *dev, const struct figure *f)
{
	int err = device_property_read_u32(dev, f->name, f->to);

	if (err)
		return dev_err_probe(dev, err, "%s is missing or not one number\n", f->name);
	if (*f->to < f->least || *f->to > f->most)
		return dev_err_probe(dev, -EINVAL, "%s is %u, not within %u to %u\n", f->name,
				     *f->to, f->least, f->most);
	return 0;
}

static int read_serial(struct device *dev, struct mn_caps *caps)
{
	const char *serial;
	size_t i;
	int err;

	err = device_property_read_string(dev, "serial-number", &serial);
	if (err)
		return dev_err_probe(dev, err, "serial-number is missing or not one string\n");
	if (!*serial || strscpy(caps->serial, serial, sizeof(caps->serial)) < 0)
		return dev_err_probe(dev, -EINVAL, "serial-number is empty or longer than %zu\n",
				     sizeof(caps->serial) - 1);
	for (i = 0; serial[i]; i++)
		if (serial[i] <= ' ' || serial[i] > '~' || serial[i] == '/' || serial[i] == '\\' ||
		    serial[i] == '"')
			return dev_err_probe(dev, -EINVAL,
					     "serial-number has a character that it may not\n");
	return 0;
}

/* Both or none. A date to come, where the clock was never set, says nothing of an age. */
static int read_calibration(struct device *dev, struct mn_caps *caps)
{
	const u32 today = (u32)div_u64((u64)ktime_get_real_seconds(), SECONDS_PER_DAY);
	u32 date;
	const struct figure figures[] = {
		{ "calibration-date", 1, 0xffff, &date },
		{ "calibration-valid-days", 1, 3660, &caps->calibration_valid_days },
	};
	int err;

	caps->calibration_age_days = MN_NEVER_CALIBRATED;
	if (!device_property_present(dev, figures[0].name) &&
	    !device_property_present(dev, figures[1].name))
		return 0;
	err = read_figure(dev, &figures[0]) ?: read_figure(dev, &figures[1]);
	if (!err && today >= date)
		caps->calibration_age_days = today - date;
	return err;
}

/* Figures that are possible one by one, but not together */
static int check_stepper(struct device *dev, const struct mn_gpio_board *board, u32 max_depth_um)
{
	const struct mn_stepper_board *b = &board->stepper;
	u64 home_ms = div_u64(mn_stepper_home_ns(b) + NSEC_PER_MSEC - 1, NSEC_PER_MSEC);
	u64 test_ms = div_u64(mn_stepper_test_ns(b) + NSEC_PER_MSEC - 1, NSEC_PER_MSEC);

	if (!b->limit)
		return dev_err_probe(dev, -EINVAL, "max-depth-microns is %u, less than one step\n",
				     max_depth_um);
	if (b->limit >= b->travel)
		return dev_err_probe(dev, -EINVAL,
				     "max-depth-microns is %u, %u steps: travel-steps is %u\n",
				     max_depth_um, b->limit, b->travel);
	if (b->backlash + b->release >= b->travel)
		return dev_err_probe(dev, -EINVAL,
				     "backlash-steps and home-release-steps exceed travel-steps\n");
	if (home_ms > board->run_down_ms)
		return dev_err_probe(dev, -EINVAL,
				     "run-down-ms is %u, the depth stop takes %llu to come home\n",
				     board->run_down_ms, home_ms);
	if (test_ms > TEST_LONGEST_MS)
		return dev_err_probe(dev, -EINVAL,
				     "steps-per-second2 is %u: homing over travel-steps takes %llu ms\n",
				     b->acceleration, test_ms);
	return 0;
}

/**
 * mn_gpio_read_tree() - Read what the device tree says beside the lines.
 * @g: The handpiece; mn_gpio.board is filled in.
 * @caps: Out.
 *
 * Return: 0 or -errno, and the log names the property.
 */
int mn_gpio_read_tree(struct mn_gpio *g, struct mn_caps *caps)
{
	struct mn_stepper_board *b = &g->board.stepper;
	const struct figure figures[] = {
		{ "microns-per-step", 1, 100, &b->um_per_step },
		{ "steps-per-second-max", 100, 50000, &b->speed },
		{ "steps-per-second2", 1000, 10000000, &b->acceleration },
		{ "backlash-steps", 0, 200, &b->backlash },
		{ "travel-steps", 2, 20000, &b->travel },
		{ "max-depth-microns", 1, MN_ABSOLUTE_DEPTH_UM, &caps->limit[MN_QUANTITY_DEPTH] },
		{ "max-rate-millihertz", MN_RATE_LOWEST_MHZ, MN_ABSOLUTE_RATE_MHZ,
		  &caps->limit[MN_QUANTITY_RATE] },
		{ "min-rate-millihertz", MN_RATE_LOWEST_MHZ, MN_ABSOLUTE_RATE_MHZ,
		  &caps->rate_min_mhz },
		{ "max-strokes", 1, MN_ABSOLUTE_DOSE_STROKES, &caps->limit[MN_QUANTITY_DOSE] },
		{ "max-run-ms", 1, MN_ABSOLUTE_RUN_MS, &caps->limit[MN_QUANTITY_RUN_TIME] },
		{ "motor-full-millihertz", MN_RATE_LOWEST_MHZ, 2 * MN_ABSOLUTE_RATE_MHZ,
		  &g->board.motor_full_mhz },
		{ "run-up-ms", 1, MN_RUN_UP_MAX_MS, &caps->run_up_ms },
		{ "run-down-ms", 1, MN_RUN_DOWN_MAX_MS, &g->board.run_down_ms },
		{ "lease-ms", MN_LEASE_REFRESH_MS + 1, MN_HANDPIECE_LEASE_MAX_MS, &caps->lease_ms },
		{ "tolerance-microns", 0, MN_TOLERANCE_MAX_UM, &caps->tolerance_um },
	};
	const struct figure release = { "home-release-steps", 1, 200, &b->release };
	unsigned int i;
	int err;

	memset(caps, 0, sizeof(*caps));
	for (i = 0; i < ARRAY_SIZE(figures); i++) {
		err = read_figure(g->dev, &figures[i]);
		if (err)
			return err;
	}
	b->release = RELEASE_STEPS;
	if (device_property_present(g->dev, release.name)) {
		err = read_figure(g->dev, &release);
		if (err)
			return err;
	}
	if (caps->rate_min_mhz > caps->limit[MN_QUANTITY_RATE])
		return dev_err_probe(g->dev, -EINVAL,
				     "min-rate-millihertz is above max-rate-millihertz\n");
	b->limit = mn_stepper_steps(b, caps->limit[MN_QUANTITY_DEPTH]);
	err = check_stepper(g->dev, &g->board, caps->limit[MN_QUANTITY_DEPTH]) ?:
	      read_serial(g->dev, caps) ?: read_calibration(g->dev, caps);
	if (err)
		return err;

	caps->transport = MN_TRANSPORT_GPIO;
	caps->measures = MN_MEASURES_DEPTH | MN_MEASURES_COUNTED | MN_MEASURES_RATE |
			 MN_MEASURES_HOME;
	caps->required = mn_gpio_required;
	caps->source = MN_SOURCE_BOARD;
	caps->has_trigger = device_property_present(g->dev, "foot-switch-gpios");
	caps->restarts = true;
	caps->tagless = true;
	caps->depth_step_um = b->um_per_step;
	caps->rate_step_mhz = 100;
	caps->run_down_ms = g->board.run_down_ms;
	/* No faster than it was at its fastest */
	caps->coast_strokes = DIV_ROUND_UP(caps->limit[MN_QUANTITY_RATE] * caps->run_down_ms,
					   STROKE_MHZ_MS);
	strscpy(caps->model, "gpio-handpiece", sizeof(caps->model));
	/* What drives it is this kernel. */
	strscpy(caps->firmware, init_utsname()->release, sizeof(caps->firmware));
	return 0;
}
