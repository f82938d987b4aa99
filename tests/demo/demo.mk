# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the demo of the GPIO handpiece holds the UML lane's clock with. Included by the top Makefile.

BUILD ?= build
CC ?= cc

DEMO_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
DEMO_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -D_GNU_SOURCE -O2

.PHONY: demo-programs
demo-programs: $(BUILD)/bin/mn-demo-pace

$(BUILD)/demo-pace/pace.o: $(DEMO_DIR)pace.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(DEMO_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bin/mn-demo-pace: $(BUILD)/demo-pace/pace.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $<
