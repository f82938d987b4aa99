/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test begins with. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TEST(name) cmocka_unit_test(name)
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#endif
