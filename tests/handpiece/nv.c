// SPDX-License-Identifier: GPL-2.0-or-later
#include "nv.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "usb_protocol.h"

uint32_t hp_nv_load(const struct hp_nv *nv)
{
	unsigned int faults = MNP_FAULT_INTERNAL;
	FILE *f;

	if (!nv->path)
		return 0;
	f = fopen(nv->path, "re");
	if (!f) {
		if (errno == ENOENT)
			return 0;
		fprintf(stderr, "cannot read %s: %s\n", nv->path, strerror(errno));
		return MNP_FAULT_INTERNAL;
	}
	if (fscanf(f, "faults %x", &faults) != 1 || faults & ~MNP_FAULT_ALL) {
		fprintf(stderr, "%s is damaged: remove it to start anew\n", nv->path);
		faults = MNP_FAULT_INTERNAL;
	}
	fclose(f);
	return faults;
}

void hp_nv_store(void *ctx, uint32_t faults)
{
	const struct hp_nv *nv = ctx;
	char new[PATH_MAX];
	FILE *f;

	if (!nv->path)
		return;
	snprintf(new, sizeof(new), "%s.new", nv->path);
	f = fopen(new, "we");
	if (!f) {
		fprintf(stderr, "cannot write %s: %s\n", new, strerror(errno));
		return;
	}
	fprintf(f, "faults %#x\n", faults);
	if (fclose(f) || rename(new, nv->path))
		fprintf(stderr, "cannot keep faults in %s: %s\n", nv->path, strerror(errno));
}
