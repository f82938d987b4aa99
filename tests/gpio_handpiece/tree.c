// SPDX-License-Identifier: GPL-2.0-or-later
#include "tree.h"

#include <endian.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define COMPATIBLE "microneedle,gpio-handpiece"
#define ACTIVE_LOW 1U /* in a GPIO's flags */

static const char *const names[GH_ROLES] = {
	[GH_DRIVE_ENABLE] = "drive-enable",
	[GH_WATCHDOG] = "watchdog",
	[GH_STEP] = "step",
	[GH_DIR] = "dir",
	[GH_HOME] = "home",
	[GH_DEPTH_END] = "depth-end",
	[GH_STROKE] = "stroke",
	[GH_EMERGENCY_STOP] = "emergency-stop",
	[GH_CARTRIDGE] = "cartridge",
	[GH_FOOT_SWITCH] = "foot-switch",
};

const char *gh_role_name(enum gh_role role)
{
	return names[role];
}

/* The length, 0 if there is no such property */
static size_t property(const char *node, const char *name, void *value, size_t size)
{
	char path[PATH_MAX];
	size_t length;
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/%s", node, name) >= (int)sizeof(path))
		return 0;
	file = fopen(path, "rbe");
	if (!file)
		return 0;
	length = fread(value, 1, size, file);
	fclose(file);
	return length;
}

static bool is_it(const char *node, const char *serial)
{
	char compatible[128] = "", number[64] = "";

	property(node, "compatible", compatible, sizeof(compatible) - 1);
	property(node, "serial-number", number, sizeof(number) - 1);
	return !strcmp(compatible, COMPATIBLE) && (!serial || !strcmp(number, serial));
}

/* Into @node: the first that it is, wherever it hangs */
static bool find(char *node, size_t size, const char *base, const char *serial)
{
	static const char *const levels[] = { "/*", "/*/*", "/*/*/*", "/*/*/*/*" };
	bool found = false;

	for (unsigned int n = 0; n < sizeof(levels) / sizeof(levels[0]) && !found; n++) {
		char pattern[PATH_MAX];
		glob_t all;

		snprintf(pattern, sizeof(pattern), "%s%s", base, levels[n]);
		if (glob(pattern, GLOB_ONLYDIR, NULL, &all))
			continue;
		for (size_t i = 0; i < all.gl_pathc && !found; i++) {
			found = is_it(all.gl_pathv[i], serial);
			if (found)
				snprintf(node, size, "%s", all.gl_pathv[i]);
		}
		globfree(&all);
	}
	return found;
}

static int number(const char *node, const char *name, uint32_t *value)
{
	uint32_t cell;

	if (property(node, name, &cell, sizeof(cell)) != sizeof(cell)) {
		fprintf(stderr, "%s: no \"%s\", or it is not one number\n", node, name);
		return -1;
	}
	*value = be32toh(cell);
	return 0;
}

static void line(struct gh_board *b, const char *node, enum gh_role role)
{
	uint32_t cells[3];
	char name[64];

	snprintf(name, sizeof(name), "%s-gpios", names[role]);
	b->line[role] = GH_NO_LINE;
	if (property(node, name, cells, sizeof(cells)) != sizeof(cells))
		return;
	b->line[role] = be32toh(cells[1]);
	b->active_low[role] = be32toh(cells[2]) & ACTIVE_LOW;
}

int gh_board_read(struct gh_board *b, const char *base, const char *serial)
{
	char node[PATH_MAX];
	uint32_t pwm[4];

	memset(b, 0, sizeof(*b));
	if (!find(node, sizeof(node), base, serial)) {
		fprintf(stderr, "no " COMPATIBLE " %s below %s: was the kernel given its tree?\n",
			serial ? serial : "", base);
		return -1;
	}
	for (unsigned int i = 0; i < GH_ROLES; i++)
		line(b, node, (enum gh_role)i);
	/* closed is high, pressed or broken low: so it is wired, whatever the driver calls active */
	b->active_low[GH_EMERGENCY_STOP] = true;
	property(node, "serial-number", b->serial, sizeof(b->serial) - 1);
	if (property(node, "pwms", pwm, sizeof(pwm)) != sizeof(pwm)) {
		fprintf(stderr, "%s: no \"pwms\" of three cells\n", node);
		return -1;
	}
	b->pwm = be32toh(pwm[1]);
	return number(node, "motor-full-millihertz", &b->full_mhz) ||
			       number(node, "microns-per-step", &b->step_um) ||
			       number(node, "backlash-steps", &b->backlash_steps) ||
			       number(node, "travel-steps", &b->travel_steps) ||
			       number(node, "lease-ms", &b->lease_ms)
		       ? -1
		       : 0;
}
