# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program that calls the device node for test_compat.py. For a 32-bit one, from the checkout's top:
#   make -f tests/system/caller/caller.mk CC=i686-linux-gnu-gcc caller

BUILD ?= build
CC ?= cc

CALLER_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
CALLER_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -D_GNU_SOURCE -O2
CALLER_CPPFLAGS := -I$(CALLER_DIR)../../../driver/include/uapi

.PHONY: caller
caller: $(BUILD)/caller/mn-caller

$(BUILD)/caller/caller.o: $(CALLER_DIR)caller.c driver/include/uapi/linux/microneedle.h
	@mkdir -p $(@D)
	$(CC) $(CALLER_CPPFLAGS) $(CALLER_CFLAGS) -c -o $@ $<

# Static: the guest has no libraries for another architecture.
$(BUILD)/caller/mn-caller: $(BUILD)/caller/caller.o
	$(CC) -static -o $@ $<
