// SPDX-License-Identifier: GPL-2.0-or-later
#include "checks.h"

#include <stdio.h>

const char *const checks[] = { "consent", "contraindications", "cartridge", NULL };

static const char *const texts[] = {
	"the patient's consent",
	"that nothing speaks against the treatment",
	"the cartridge's lot, date and seal",
};

int checks_print_open(const struct output *out, uint32_t checked)
{
	int open = 0;

	for (uint32_t i = 0; checks[i]; i++) {
		if (checked & UINT32_C(1) << i)
			continue;
		open++;
		printf("  %sNot checked: %s (%s)%s\n", output_colour(out, COLOUR_YELLOW), texts[i],
		       checks[i], output_plain(out));
	}
	return open;
}
