// SPDX-License-Identifier: GPL-2.0-or-later
#include "nv.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usb_protocol.h"

/* "faults 0x2\n" */
static bool parse(const char *line, uint32_t *faults)
{
	static const char key[] = "faults ";
	unsigned long value;
	char *end;

	if (strncmp(line, key, sizeof(key) - 1))
		return false;
	value = strtoul(line + sizeof(key) - 1, &end, 16);
	*faults = (uint32_t)value;
	return *end == '\n' && end > line + sizeof(key) - 1 &&
	       !(value & ~(unsigned long)MNP_FAULT_ALL);
}

uint32_t hp_nv_load(const struct hp_nv *nv)
{
	char line[64] = "";
	uint32_t faults;
	bool ok;
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
	ok = fgets(line, sizeof(line), f) && parse(line, &faults);
	fclose(f);
	if (ok)
		return faults;
	fprintf(stderr, "%s is damaged: remove it to start anew\n", nv->path);
	return MNP_FAULT_INTERNAL;
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
