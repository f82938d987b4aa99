# SPDX-License-Identifier: GPL-2.0-or-later
# What tells a changed rule from the rules: each killer is one object, linked with the rules' own:
#   make -f tests/mutate/mutate.mk mutate
# says the options that the rules are compiled with.

TOP := .
BUILD ?= build
CC ?= cc
MUTATE := $(BUILD)/mutate
include tests/rules/rules.mk

# The rules themselves are linked, and not included as in the kernel.
KUNIT_SOURCES := tests/rules/kunit.c $(filter-out %/safety_rules.c, $(RULES_KUNIT))
KUNIT_OBJECTS := $(addprefix $(MUTATE)/kunit/, $(notdir $(KUNIT_SOURCES:.c=.o)))
vpath %.c tests/rules tests/kunit

.PHONY: mutate rules-flags
mutate: $(MUTATE)/kunit.o

rules-flags:
	@echo $(RULES_FLAGS)

$(MUTATE)/kunit/%.o: %.c
	@mkdir -p $(@D)
	$(CC) -O1 $(RULES_KUNIT_FLAGS) -MMD -MP -c -o $@ $<

$(MUTATE)/kunit.o: $(KUNIT_OBJECTS)
	$(CC) -r -o $@ $^

-include $(KUNIT_OBJECTS:.o=.d)
