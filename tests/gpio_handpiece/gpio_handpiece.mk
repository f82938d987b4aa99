# SPDX-License-Identifier: GPL-2.0-or-later
#
# The GPIO handpiece's bench model. Included by the top Makefile; alone, from the checkout's top:
#   make -f tests/gpio_handpiece/gpio_handpiece.mk [gpio-handpiece]

BUILD ?= build
CC ?= cc

GPIO_HANDPIECE_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
GPIO_HANDPIECE_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -D_GNU_SOURCE -O2 -g
GPIO_HANDPIECE_CPPFLAGS := -I$(GPIO_HANDPIECE_DIR) -I$(GPIO_HANDPIECE_DIR)../handpiece \
	-I$(GPIO_HANDPIECE_DIR)../lab/mn-bench -MMD -MP

# the machine has no I/O; the rest is the program around it
GPIO_HANDPIECE_MACHINE := machine motor stop switches fault_table
GPIO_HANDPIECE_PROGRAM := main wires tree commands
# of the USB handpiece: how it is told, and the proof that a fault acted
GPIO_HANDPIECE_SHARED := control inject faults trace

gpio-handpiece-objects = $(addprefix $(BUILD)/gpio_handpiece/,$(addsuffix .o,$(1)))

.PHONY: gpio-handpiece
gpio-handpiece: $(BUILD)/bin/mn-gpio-handpiece

$(BUILD)/gpio_handpiece/%.o: $(GPIO_HANDPIECE_DIR)%.c
	@mkdir -p $(@D)
	$(CC) $(GPIO_HANDPIECE_CPPFLAGS) $(CPPFLAGS) $(GPIO_HANDPIECE_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/gpio_handpiece/shared_%.o: $(GPIO_HANDPIECE_DIR)../handpiece/%.c
	@mkdir -p $(@D)
	$(CC) $(GPIO_HANDPIECE_CPPFLAGS) $(CPPFLAGS) $(GPIO_HANDPIECE_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bin/mn-gpio-handpiece: $(call gpio-handpiece-objects,$(GPIO_HANDPIECE_PROGRAM) \
		$(GPIO_HANDPIECE_MACHINE) $(addprefix shared_,$(GPIO_HANDPIECE_SHARED)))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -ljansson -lm

-include $(wildcard $(BUILD)/gpio_handpiece/*.d)
