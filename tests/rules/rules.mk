# SPDX-License-Identifier: GPL-2.0-or-later
# The rules, driver/safety*.c, compiled in user space: for what reads or runs them outside a kernel.
# Include it with TOP, the tree. Their own KUnit tests run there too, by kunit.c.

RULES_FLAGS := -std=gnu11 -I$(TOP)/tests/rules/include -I$(TOP)/driver/include/uapi -I$(TOP)/driver
RULES := $(addprefix $(TOP)/driver/, safety.c safety_stop.c safety_limits.c safety_cartridge.c \
	safety_reports.c)
RULES_KUNIT := $(addprefix $(TOP)/tests/kunit/, safety_rules.c \
	safety_bench.c) $(sort $(wildcard $(TOP)/tests/kunit/safety_*_test.c))
RULES_KUNIT_FLAGS := $(RULES_FLAGS) -I$(TOP)/tests/kunit
