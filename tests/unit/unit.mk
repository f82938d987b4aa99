# SPDX-License-Identifier: GPL-2.0-or-later
#
# Unit tests of user space, and the programs that they run, built with the address and
# undefined-behaviour sanitizers. Included by the top Makefile; alone, from the top of the tree:
#   make -f tests/unit/unit.mk unit-tests
# tests/unit/run builds and runs them all.

ifndef MICRONEEDLED_SRC
include daemon/daemon.mk
endif

UNIT_DIR := $(BUILD)/tests/unit
UNIT_CFLAGS := $(filter-out -O2 -D_FORTIFY_SOURCE=2 -MMD -MP,$(DAEMON_CFLAGS)) -O1 -MMD -MP \
	-fsanitize=address,undefined -fno-omit-frame-pointer -Idaemon -Idaemon/microneedled
UNIT_LIBS := $(sort $(MICRONEEDLED_PKGS) $(MNCTL_PKGS) cmocka)

UNIT_PARTS := $(filter-out %/main.o,$(MICRONEEDLED_SRC:%.c=$(UNIT_DIR)/%.o)) \
	$(UNIT_DIR)/daemon/gen/schema.o
UNIT_MNCTL_PARTS := $(filter-out %/main.o,$(MNCTL_SRC:%.c=$(UNIT_DIR)/%.o))

UNIT_TESTS := $(patsubst tests/unit/%.c,$(UNIT_DIR)/%,$(wildcard tests/unit/*/test_*.c))

.PHONY: unit-tests
unit-tests: $(UNIT_TESTS) $(UNIT_DIR)/bin/microneedled $(UNIT_DIR)/bin/mnctl

$(UNIT_DIR)/daemon/gen/schema.o: $(BUILD)/daemon/gen/schema.c
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) $(CFLAGS) -c -o $@ $<

$(UNIT_DIR)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) $(CFLAGS) -c -o $@ $<

$(UNIT_DIR)/microneedled.a: $(UNIT_PARTS)
	rm -f $@ && ar rcs $@ $^

$(UNIT_DIR)/mnctl.a: $(UNIT_MNCTL_PARTS)
	rm -f $@ && ar rcs $@ $^

unit-link = $(CC) $(DAEMON_LDFLAGS) -fsanitize=address,undefined $(LDFLAGS) -o $@ $^ \
	$$($(PKG_CONFIG) --libs $(UNIT_LIBS))

$(UNIT_DIR)/microneedled/%: $(UNIT_DIR)/tests/unit/microneedled/%.o $(UNIT_DIR)/microneedled.a
	@mkdir -p $(@D)
	$(unit-link)

$(UNIT_DIR)/mnctl/%: $(UNIT_DIR)/tests/unit/mnctl/%.o $(UNIT_DIR)/mnctl.a
	@mkdir -p $(@D)
	$(unit-link)

$(UNIT_DIR)/bin/microneedled: $(UNIT_DIR)/daemon/microneedled/main.o $(UNIT_DIR)/microneedled.a
	@mkdir -p $(@D)
	$(unit-link)

$(UNIT_DIR)/bin/mnctl: $(UNIT_DIR)/daemon/mnctl/main.o $(UNIT_DIR)/mnctl.a
	@mkdir -p $(@D)
	$(unit-link)

.SECONDARY:
-include $(wildcard $(UNIT_DIR)/daemon/*/*.d $(UNIT_DIR)/tests/unit/*/*.d)
