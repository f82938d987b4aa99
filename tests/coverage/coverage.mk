# SPDX-License-Identifier: GPL-2.0-or-later
# The rules with their KUnit tests, one program that counts what it reaches:
#   make -f tests/coverage/coverage.mk coverage

TOP := .
BUILD ?= build
CC ?= cc
COVERAGE := $(BUILD)/coverage
include tests/rules/rules.mk

COVERAGE_FLAGS := -O1 -g -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc $(RULES_KUNIT_FLAGS)

.PHONY: coverage
coverage: $(COVERAGE)/rules

$(COVERAGE)/kunit.o: tests/rules/kunit.c
	@mkdir -p $(@D)
	$(CC) -O1 -g $(RULES_KUNIT_FLAGS) -c -o $@ $<

# safety_rules.c includes the rules, as it does in the kernel
$(COVERAGE)/rules: $(COVERAGE)/kunit.o $(RULES_KUNIT) $(RULES)
	clang-19 $(COVERAGE_FLAGS) -o $@ $< $(RULES_KUNIT)
