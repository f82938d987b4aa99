/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The USB gadget in configfs: made, bound to a device controller, unbound, removed. */
#ifndef HP_GADGET_H
#define HP_GADGET_H

#include <limits.h>
#include <stdbool.h>

struct hp_gadget {
	char name[48]; /* of the gadget and of its FunctionFS instance */
	char path[128]; /* in configfs */
	char mount[128]; /* where FunctionFS is mounted */
	char udc[64];
	bool bound;
};

/*
 * Loads and mounts what is missing, removes what a killed run left, makes the gadget. 0 or -1,
 * with a message
 */
int hp_gadget_make(struct hp_gadget *g, const char *serial, const char *udc, bool high_speed);
/* A real connect or disconnect on the bus. 0 or -errno */
int hp_gadget_bind(struct hp_gadget *g);
int hp_gadget_unbind(struct hp_gadget *g);
bool hp_gadget_high_speed(const struct hp_gadget *g);
void hp_gadget_remove(struct hp_gadget *g);

#endif /* HP_GADGET_H */
