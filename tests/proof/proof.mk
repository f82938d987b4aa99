# SPDX-License-Identifier: GPL-2.0-or-later
# The proofs as any compiler reads them: they are run by CBMC, see run.
#   make -f tests/proof/proof.mk proofs

TOP := .
BUILD ?= build
CC ?= cc
include tests/rules/rules.mk

PROOFS := $(patsubst tests/proof/%.c,$(BUILD)/proof/objects/%.o,$(wildcard tests/proof/*.c))

.PHONY: proofs
proofs: $(PROOFS)

$(BUILD)/proof/objects/%.o: tests/proof/%.c
	@mkdir -p $(@D)
	$(CC) -O1 -Itests/proof -Itests/proof/include $(RULES_FLAGS) -c -o $@ $<
