// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parser as a second copy, so that the tests need nothing exported from the driver.
 */
#include <linux/module.h>

#include "usb_parse.c"

MODULE_DESCRIPTION("KUnit tests of the parser of what a USB handpiece sends");
MODULE_LICENSE("GPL");
