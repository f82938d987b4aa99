# SPDX-License-Identifier: GPL-2.0-or-later
#
# The programs of the benchmarks. Included by the top Makefile; alone, from the checkout's top:
#   make -f tests/bench/bench.mk bench-programs

BUILD ?= build
CC ?= cc
PKG_CONFIG ?= pkg-config

BENCH_DIR := $(dir $(lastword $(MAKEFILE_LIST)))
BENCH_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Wconversion -D_GNU_SOURCE -O2 -g
BENCH_CPPFLAGS := -I$(BENCH_DIR)../../driver/include/uapi -MMD -MP
BENCH_PROGRAMS := $(addprefix $(BUILD)/bench/bin/,load echo act burden cause hold peer)

# The peer has the driver's own rules and parser. Those are the kernel's to be looked at: they are
# compiled as the rules' user-space tests are.
TOP := $(BENCH_DIR)../..
include $(TOP)/tests/rules/rules.mk
PEER_DIR := $(BENCH_DIR)peer
PEER_FLAGS := -I$(PEER_DIR)/include $(RULES_FLAGS)
PEER_OBJECTS := $(addprefix $(BUILD)/bench/peer/,main.o rules.o link.o request.o treat.o)

.PHONY: bench-programs
.SECONDARY: $(addprefix $(BUILD)/bench/obj/,load.o echo.o act.o burden.o cause.o hold.o)
bench-programs: $(BENCH_PROGRAMS)

$(BUILD)/bench/obj/%.o: $(BENCH_DIR)%.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_CPPFLAGS) $(CPPFLAGS) $(BENCH_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bench/peer/%.o: $(PEER_DIR)/%.c
	@mkdir -p $(@D)
	$(CC) $(PEER_FLAGS) $(BENCH_CPPFLAGS) $(CPPFLAGS) $(BENCH_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bench/bin/peer: $(PEER_OBJECTS) $(BUILD)/bench/obj/stuck.o $(RULES) \
		$(TOP)/driver/usb_parse.c $(wildcard $(TOP)/driver/*.h)
	@mkdir -p $(@D)
	$(CC) $(PEER_FLAGS) -O2 -g $(LDFLAGS) -pthread -o $@ $(filter-out %.h,$^) -lusb-1.0

$(BUILD)/bench/bin/load $(BUILD)/bench/bin/echo $(BUILD)/bench/bin/cause: $(BUILD)/bench/obj/address.o

$(BUILD)/bench/bin/hold: $(BUILD)/bench/obj/stuck.o

$(BUILD)/bench/bin/echo: LDLIBS = $(shell $(PKG_CONFIG) --libs libevent_core)

$(BUILD)/bench/bin/%: $(BUILD)/bench/obj/%.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(wildcard $(BUILD)/bench/obj/*.d $(BUILD)/bench/peer/*.d)
