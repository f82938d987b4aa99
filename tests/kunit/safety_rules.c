// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules as a second copy, so that the tests need nothing exported from the driver.
 */
#include <linux/module.h>

#include "safety_stop.c"
#include "safety_limits.c"
#include "safety_cartridge.c"
#include "safety_reports.c"
#include "safety.c"

MODULE_DESCRIPTION("KUnit tests of the rules");
MODULE_LICENSE("GPL");
