# SPDX-License-Identifier: GPL-2.0-or-later
# The rules with their KUnit tests, one program that counts what it reaches:
#   make -f tests/coverage/coverage.mk OUT=FOLDER

TOP := .
include tests/rules/rules.mk

COUNT := -O1 -g -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc

# safety_rules.c includes the rules, as it does in the kernel
$(OUT)/rules: $(RULES_KUNIT) $(RULES)
	clang-19 $(COUNT) $(RULES_KUNIT_FLAGS) -o $@ $(RULES_KUNIT)
