# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the daemon and its client. Included by the top Makefile, and works alone from the top of
# the tree: make -f daemon/daemon.mk

BUILD ?= build
CC ?= gcc
PKG_CONFIG ?= pkg-config
DAEMON_DEFAULT := $(.DEFAULT_GOAL)

DAEMON_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Wconversion -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 \
	-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -MMD -MP \
	-Idriver/include/uapi -Idaemon/common -pthread $(if $(WERROR),-Werror)
DAEMON_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread

MICRONEEDLED_PKGS := libevent_core libudev jansson sqlite3 libsystemd libgcrypt
MNCTL_PKGS := jansson

MICRONEEDLED_SRC := $(wildcard daemon/microneedled/*.c) \
	$(filter-out daemon/common/client.c,$(wildcard daemon/common/*.c))
MNCTL_SRC := $(wildcard daemon/mnctl/*.c) $(wildcard daemon/common/*.c)

MICRONEEDLED_OBJ := $(MICRONEEDLED_SRC:%.c=$(BUILD)/%.o) $(BUILD)/daemon/gen/schema.o
MNCTL_OBJ := $(MNCTL_SRC:%.c=$(BUILD)/%.o)

.PHONY: daemon
daemon: $(BUILD)/bin/microneedled $(if $(wildcard daemon/mnctl/*.c),$(BUILD)/bin/mnctl)

$(BUILD)/bin/microneedled: $(MICRONEEDLED_OBJ)
	@mkdir -p $(@D)
	$(CC) $(DAEMON_LDFLAGS) $(LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs $(MICRONEEDLED_PKGS))

$(BUILD)/bin/mnctl: $(MNCTL_OBJ)
	@mkdir -p $(@D)
	$(CC) $(DAEMON_LDFLAGS) $(LDFLAGS) -o $@ $^ $(shell $(PKG_CONFIG) --libs $(MNCTL_PKGS))

$(BUILD)/daemon/%.o: daemon/%.c
	@mkdir -p $(@D)
	$(CC) $(DAEMON_CFLAGS) $(CFLAGS) -c -o $@ $<

# The schema is a file of its own, so that it can be read and checked; the daemon carries a copy
$(BUILD)/daemon/gen/schema.c: daemon/data/schema.sql
	@mkdir -p $(@D)
	( echo '#include "../../../daemon/microneedled/store_db.h"'; \
	  echo 'const char store_schema[] ='; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $<; echo ';' ) >$@

$(BUILD)/daemon/gen/schema.o: $(BUILD)/daemon/gen/schema.c
	$(CC) $(DAEMON_CFLAGS) -Idaemon/microneedled $(CFLAGS) -c -o $@ $<

# The description of the protocol in the tree must be the one that the method table gives
.PHONY: check-openrpc openrpc
check-openrpc: $(BUILD)/bin/microneedled
	@$(BUILD)/bin/microneedled --dump-openrpc | diff -u daemon/data/openrpc.json - || \
		{ echo "daemon/data/openrpc.json is not what the method table says; run: make openrpc" >&2; false; }

openrpc: $(BUILD)/bin/microneedled
	$(BUILD)/bin/microneedled --dump-openrpc >daemon/data/openrpc.json

-include $(MICRONEEDLED_OBJ:.o=.d) $(MNCTL_OBJ:.o=.d)

ifneq ($(DAEMON_DEFAULT),)
.DEFAULT_GOAL := $(DAEMON_DEFAULT)
else
.DEFAULT_GOAL := daemon
endif
