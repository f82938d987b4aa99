// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines that can sleep: a gpio_chip as one behind a bus is, with nothing on it. For a driver that
 * must refuse them. Declared in a device tree as "microneedle,lab-lines". Test only, never
 * installed.
 */

#include <linux/gpio/driver.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#define LINES		32

static int get_direction(struct gpio_chip *chip, unsigned int line)
{
	return GPIO_LINE_DIRECTION_OUT;
}

static int direction_input(struct gpio_chip *chip, unsigned int line)
{
	return 0;
}

static int direction_output(struct gpio_chip *chip, unsigned int line, int value)
{
	return 0;
}

static int get_level(struct gpio_chip *chip, unsigned int line)
{
	might_sleep();
	return 0;
}

static void set_level(struct gpio_chip *chip, unsigned int line, int value)
{
	might_sleep();
}

static int lines_probe(struct platform_device *pdev)
{
	struct gpio_chip *chip = devm_kzalloc(&pdev->dev, sizeof(*chip), GFP_KERNEL);

	if (!chip)
		return -ENOMEM;
	chip->label = "lab-lines";
	chip->parent = &pdev->dev;
	chip->owner = THIS_MODULE;
	chip->base = -1;
	chip->ngpio = LINES;
	chip->can_sleep = true;
	chip->get_direction = get_direction;
	chip->direction_input = direction_input;
	chip->direction_output = direction_output;
	chip->get = get_level;
	chip->set = set_level;
	return devm_gpiochip_add_data(&pdev->dev, chip, NULL);
}

static const struct of_device_id lines_of_match[] = {
	{ .compatible = "microneedle,lab-lines" },
	{ }
};
MODULE_DEVICE_TABLE(of, lines_of_match);

static struct platform_driver lines_driver = {
	.probe = lines_probe,
	.driver = {
		.name = "lab-lines",
		.of_match_table = lines_of_match,
	},
};
module_platform_driver(lines_driver);

MODULE_DESCRIPTION("Lines that can sleep, for the lab");
MODULE_LICENSE("GPL");
