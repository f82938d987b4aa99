# SPDX-License-Identifier: GPL-2.0-or-later
# What walks through every state of the rules:
#   make -f tests/model/model.mk model
# RULES_FROM is where the rules are taken from, and MODEL where the program goes, for a copy of them with a
# mistake in it.

TOP := .
BUILD ?= build
CC ?= cc
MODEL ?= $(BUILD)/model
RULES_FROM ?= $(TOP)/driver
include tests/rules/rules.mk

MODEL_FLAGS := -O2 -g -Wall -Wextra -Wshadow -Wconversion -D_GNU_SOURCE -Itests/model $(RULES_FLAGS)
MODEL_OBJECTS := $(patsubst %,$(BUILD)/model/%.o,main explore views happenings times canonical \
	invariants transitions)

.PHONY: model
model: $(MODEL)/explore

# The rules are compiled with it, as they are but for the small constants
$(MODEL)/explore: $(MODEL_OBJECTS) tests/model/reduced.h $(wildcard $(RULES_FROM)/safety*)
	@mkdir -p $(@D)
	$(CC) -I$(RULES_FROM) $(MODEL_FLAGS) -include reduced.h -o $@ $(MODEL_OBJECTS) \
		$(foreach rule,$(notdir $(RULES)),$(RULES_FROM)/$(rule))

$(BUILD)/model/%.o: tests/model/%.c $(wildcard tests/model/*.h) $(wildcard driver/safety*.h)
	@mkdir -p $(@D)
	$(CC) $(MODEL_FLAGS) -c -o $@ $<
