# SPDX-License-Identifier: GPL-2.0-or-later
#
# The simulated handpiece. Included by the top Makefile; alone, from the checkout's top:
#   make -f tests/handpiece/handpiece.mk [handpiece | handpiece-tests | handpiece-check]

BUILD ?= build
CC ?= cc

HANDPIECE_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
HANDPIECE_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -D_GNU_SOURCE -O2 -g
HANDPIECE_CPPFLAGS := -I$(HANDPIECE_DIR) -I$(HANDPIECE_DIR)../../driver -MMD -MP

# the library has no I/O; the rest is the program around it
HANDPIECE_LIBRARY := model waveform cartridge faults fault_table link firmware motion world requests spoil trace
HANDPIECE_PROGRAM := main options nv gadget ffs usbredir redirected descriptors control inject commands describe
HANDPIECE_TESTS := $(notdir $(basename $(wildcard $(HANDPIECE_DIR)test_*.c)))

handpiece-objects = $(addprefix $(BUILD)/handpiece/,$(addsuffix .o,$(1)))

.PHONY: handpiece handpiece-tests handpiece-check
.SECONDARY: $(call handpiece-objects,rig $(HANDPIECE_TESTS))
handpiece: $(BUILD)/bin/mn-handpiece $(BUILD)/bin/mn-wire-test

$(BUILD)/handpiece/%.o: $(HANDPIECE_DIR)%.c
	@mkdir -p $(@D)
	$(CC) $(HANDPIECE_CPPFLAGS) $(CPPFLAGS) $(HANDPIECE_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bin/mn-handpiece: $(call handpiece-objects,$(HANDPIECE_PROGRAM) $(HANDPIECE_LIBRARY))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -pthread -o $@ $^ -lusbredirparser -ljansson -lm

# drives the wire from the host's side without the driver
$(BUILD)/bin/mn-wire-test: $(call handpiece-objects,wire_test)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lusb-1.0

$(BUILD)/handpiece/test_%: $(BUILD)/handpiece/test_%.o \
		$(call handpiece-objects,rig $(HANDPIECE_LIBRARY))
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -lm

handpiece-tests: $(addprefix $(BUILD)/handpiece/,$(HANDPIECE_TESTS))

handpiece-check: handpiece-tests
	@set -e; for test in $(addprefix $(BUILD)/handpiece/,$(HANDPIECE_TESTS)); do \
		echo "$$test"; $$test; done

-include $(wildcard $(BUILD)/handpiece/*.d)
