# SPDX-License-Identifier: GPL-2.0-or-later
# The doors: make demo, make check, make help. Parts have makefiles of their own.

BUILD ?= build
KDIR ?= /lib/modules/$(shell uname -r)/build
KERNEL ?= 6.12
export KERNEL
HANDPIECE ?= usb

NEED := tests/lab/need
DAEMON_PACKAGES := gcc libc6-dev pkg-config libevent-dev libudev-dev libjansson-dev libsqlite3-dev \
	libsystemd-dev libgcrypt20-dev
HANDPIECE_PACKAGES := libusb-1.0-0-dev libusbredirparser-dev

.DEFAULT_GOAL := all

include daemon/daemon.mk
include tests/handpiece/handpiece.mk
include tests/gpio_handpiece/gpio_handpiece.mk
include tests/unit/unit.mk
include dts/dts.mk
include tests/demo/demo.mk
-include tests/bench/bench.mk

.PHONY: all modules programs packages
all: programs modules ## the daemon, the client and the modules for the running kernel (or KDIR=)

modules: ## the modules for the running kernel, or for the one whose headers are in KDIR=
	@test -e $(KDIR)/Makefile || { \
		echo "no kernel headers in $(KDIR): install linux-headers-$$(uname -r), or give KDIR=" >&2; \
		exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

packages: # what the programs are built with
	@$(NEED) $(DAEMON_PACKAGES) $(HANDPIECE_PACKAGES)

programs: packages ## microneedled, mnctl and the simulated handpieces, in build/bin
	@$(MAKE) --no-print-directory $(BUILD)/bin/microneedled $(BUILD)/bin/mnctl \
		$(BUILD)/bin/mn-handpiece $(BUILD)/bin/mn-gpio-handpiece

.PHONY: demo shell
demo: programs demo-programs ## a whole treatment, shown as it happens: HANDPIECE=usb on a stock Debian kernel, gpio in UML
	@tests/demo/run $(HANDPIECE)

shell: programs ## an interactive Debian machine with the handpiece attached and the daemon up
	@tests/lab/shell

.PHONY: check check-static check-unit check-kunit check-lab check-system check-system-uml
.PHONY: check-handpiece check-gpio-handpiece check-gpio check-arm64 check-system-gpio
.PHONY: check-system-debian check-faults check-hostfaults check-soak check-demo check-hazards readme-faults
.PHONY: check-coverage check-model check-spin check-mutants check-fuzz check-smp check-evidence
.PHONY: prove mutate coverage-driver fuzz readme-evidence
check: programs ## every test; ends with N passed, N failed
	@tests/check static unit coverage model prove spin mutants kunit lab handpiece gpio-handpiece gpio arm64 \
		system-uml system-gpio system-debian faults hostfaults fuzz soak demo smp hazards evidence

check-static: ## checkpatch, sparse, W=1, clang-format, clang-tidy, cppcheck, and house rules
	@tests/check static

check-unit: programs ## user space: cmocka, and the programs' command lines
	@tests/check unit

check-kunit: ## the driver's KUnit tests, in UML
	@tests/check kunit

check-coverage: ## the rules' KUnit tests reach every line, branch and condition (MC/DC), in user space
	@tests/check coverage

coverage-driver: programs ## lines and branches that tests reach of the rest of the driver, in UML
	@tests/coverage/driver

check-model: ## every state of the rules over a reduced domain, with every event in each, in user space
	@tests/check model

prove: ## the rules and the parsers proved for every input (CBMC), each proof with a bug that it must find
	@tests/check prove

check-spin: ## stop, start, epoch and lease between core and handpiece, with loss and delay (SPIN)
	@tests/check spin

mutate: ## thousands of changes to the rules and the gate: a test has to notice each
	@tests/mutate/run

check-mutants: # the list of changes that no test can notice: each still is one
	@tests/check mutants

check-lab: ## the lab's tests of itself
	@tests/check lab

check-handpiece: programs ## the simulated handpiece on a bus, without the driver, in UML
	@tests/check handpiece

check-gpio-handpiece: programs ## the lab's board and what is connected to it, without the driver, in UML
	@tests/check gpio-handpiece

check-gpio: programs ## the GPIO driver on the lab's board, to the step and to the microsecond (SET_POINTS=10000)
	@tests/check gpio

check-arm64: ## the GPIO handpiece on Debian's arm64 kernel, its board an overlay (KERNEL=6.1 for the other)
	@tests/check arm64

check-system: programs ## system tests in both lanes, and with both kinds of handpiece
	@tests/check system-uml system-gpio system-debian

check-system-uml: programs ## system tests in UML: instrumented kernel, virtual time
	@tests/check system-uml

check-system-gpio: programs ## system tests with a GPIO handpiece, in UML, in virtual time
	@tests/check system-gpio

check-system-debian: programs ## system tests on a stock Debian kernel: counted time (KERNEL=6.1 for the other)
	@tests/check system-debian

check-faults: programs ## the fault matrix: each fault in each state, in virtual time
	@tests/check faults

readme-faults: # the matrix that was played last into README
	@tests/faults/readme.py write $(BUILD)/faults/matrix.md

check-hostfaults: programs ## the host crashes, reboots, stops, is killed: the handpiece is outside it
	@tests/check hostfaults

check-soak: programs ## random treatment for ten virtual minutes, and the checks' own checks
	@tests/check soak

check-fuzz: programs ## noise, ioctls, descriptors and unplugs at random, each allocation failed, in UML
	@tests/check fuzz

fuzz: programs ## the same, longer: FUZZ=10 times the cases, or SEED=N alone
	@FUZZ=$(or $(FUZZ),10) SEED=$(SEED) tests/fuzz/run

check-smp: programs ## pulled 200 times while two CPUs open, ask, read and poll, on Debian's kernel
	@tests/check smp

check-demo: programs ## the demo with both handpieces, in virtual time: all that it promises is seen
	@tests/check demo

check-hazards: ## the hazard table: every control and every test that it names is there
	@tests/check hazards

check-evidence: # README's table of evidence says what was found
	@tests/check evidence

readme-evidence: # what was found last into README's table of evidence
	@tests/evidence/table.py write $(BUILD)

.PHONY: soak
soak: programs ## random treatment towards 24 virtual hours; goes on where it was (MN_SOAK=build/soak)
	@tests/soak/chunks

.PHONY: bench
bench: programs ## figures in counted and virtual time, and beside a program in user space; half an hour
	@tests/bench/run

.PHONY: clean help
clean: ## remove what was built; built kernels stay in their cache
	rm -rf $(BUILD)
	@test ! -e $(KDIR)/Makefile || $(MAKE) -s -C $(KDIR) M=$(CURDIR) clean

help: ## this list
	@echo "KERNEL=6.12 or 6.1 chooses the Debian kernel of the lab (now $(KERNEL))"
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' Makefile dts/dts.mk | expand -t 24
