/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own stop, for when the daemon does not answer. Everybody who may open a device may stop
 * it, whoever controls it.
 */
#ifndef MNCTL_DIRECT_H
#define MNCTL_DIRECT_H

#include <jansson.h>
#include <stdbool.h>

/* Stop one device, or all with NULL; the names of those that were stopped, a new array */
json_t *direct_stop(const char *device);

/* The kernel says that nothing moves, nothing is armed, and the needles are home */
bool direct_at_rest(const char *device);

#endif
