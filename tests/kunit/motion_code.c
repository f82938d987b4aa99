// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arithmetic of what moves in a GPIO handpiece as a second copy, so that the tests need nothing
 * exported from the driver.
 */
#include <linux/module.h>

#include "speed.c"
#include "stepper.c"

MODULE_DESCRIPTION("KUnit tests of depth stop and motor speed");
MODULE_LICENSE("GPL");
