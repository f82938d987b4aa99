# SPDX-License-Identifier: GPL-2.0-only
# The overlays, compiled for a board's boot loader or for fdtoverlay.

# Where a kernel's <dt-bindings/...> are: Debian's header packages keep them beside the modules' folder.
DT_INCLUDE ?= $(firstword $(wildcard $(KDIR)/include/dt-bindings/.. $(KDIR)/../source/include/dt-bindings/..))
OVERLAYS := $(patsubst dts/%.dtso,$(BUILD)/dts/%.dtbo,$(wildcard dts/*.dtso))

.PHONY: overlays
overlays: $(OVERLAYS) ## the device tree overlays for boards with a GPIO handpiece, in build/dts

$(BUILD)/dts/%.dtbo: dts/%.dtso
	@$(NEED) gcc device-tree-compiler
	@test -n "$(DT_INCLUDE)" || { \
		echo "no kernel headers in $(KDIR): install linux-headers-$$(uname -r), or give KDIR=" >&2; \
		exit 1; }
	@mkdir -p $(@D)
	$(CPP) -nostdinc -undef -x assembler-with-cpp -P -I $(DT_INCLUDE) -o $@.pre $<
	dtc -@ -I dts -O dtb -o $@ $@.pre
