# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program that uses the device node on two CPUs at once. From the checkout's top:
#   make -f tests/smp/smp.mk hammer

BUILD ?= build
CC ?= cc

SMP_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
SMP_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -D_GNU_SOURCE -O2 -g -pthread
SMP_CPPFLAGS := -I$(SMP_DIR) -I$(SMP_DIR)../../driver/include/uapi -MMD -MP

SMP_OBJECTS := $(addprefix $(BUILD)/smp/,$(addsuffix .o,hammer calls roles farewell report))

.PHONY: hammer
hammer: $(BUILD)/smp/mn-hammer

$(BUILD)/smp/%.o: $(SMP_DIR)%.c
	@mkdir -p $(@D)
	$(CC) $(SMP_CPPFLAGS) $(CPPFLAGS) $(SMP_CFLAGS) $(CFLAGS) -c -o $@ $<

# Static: nothing is loaded from the host's root while the threads run.
$(BUILD)/smp/mn-hammer: $(SMP_OBJECTS)
	$(CC) -static -pthread $(LDFLAGS) -o $@ $^

-include $(wildcard $(BUILD)/smp/*.d)
