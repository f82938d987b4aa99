# SPDX-License-Identifier: GPL-2.0-or-later
#
# Process 1 of the arm64 lane's guest. From the checkout's top, with a compiler for it:
#   make -f tests/arm64/arm64.mk arm64-init CC=aarch64-linux-gnu-gcc BUILD=build/arm64

BUILD ?= build/arm64
CC ?= cc

ARM64_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
ARM64_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -D_GNU_SOURCE -O2 -g
ARM64_CPPFLAGS := -I$(ARM64_DIR) -I$(ARM64_DIR)../gpio_handpiece -I$(ARM64_DIR)../lab/mn-bench \
	-I$(ARM64_DIR)../../driver/include/uapi -MMD -MP

ARM64_OBJECTS := $(addprefix $(BUILD)/init/,$(addsuffix .o,init steps device modules hands wires \
	tell tree))

.PHONY: arm64-init
arm64-init: $(BUILD)/bin/init

$(BUILD)/init/%.o: $(ARM64_DIR)%.c
	@mkdir -p $(@D)
	$(CC) $(ARM64_CPPFLAGS) $(CPPFLAGS) $(ARM64_CFLAGS) $(CFLAGS) -c -o $@ $<

# which line is what
$(BUILD)/init/tree.o: $(ARM64_DIR)../gpio_handpiece/tree.c
	@mkdir -p $(@D)
	$(CC) $(ARM64_CPPFLAGS) $(CPPFLAGS) $(ARM64_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bin/init: $(ARM64_OBJECTS)
	@mkdir -p $(@D)
	$(CC) -static $(LDFLAGS) -o $@ $^

-include $(wildcard $(BUILD)/init/*.d)
