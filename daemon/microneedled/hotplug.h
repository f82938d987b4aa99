/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which handpieces there are, as udev tells it: those at start, and those that come and go. */
#ifndef HOTPLUG_H
#define HOTPLUG_H

struct mnd;

int hotplug_start(struct mnd *mnd);
void hotplug_free(struct mnd *mnd);

#endif
