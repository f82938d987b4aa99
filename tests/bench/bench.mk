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
BENCH_PROGRAMS := $(addprefix $(BUILD)/bench/bin/,load echo act)

.PHONY: bench-programs
.SECONDARY: $(addprefix $(BUILD)/bench/obj/,load.o echo.o act.o)
bench-programs: $(BENCH_PROGRAMS)

$(BUILD)/bench/obj/%.o: $(BENCH_DIR)%.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_CPPFLAGS) $(CPPFLAGS) $(BENCH_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bench/bin/load $(BUILD)/bench/bin/echo: $(BUILD)/bench/obj/address.o

$(BUILD)/bench/bin/echo: LDLIBS = $(shell $(PKG_CONFIG) --libs libevent_core)

$(BUILD)/bench/bin/%: $(BUILD)/bench/obj/%.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

-include $(wildcard $(BUILD)/bench/obj/*.d)
