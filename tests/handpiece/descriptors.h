/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device says of itself where no gadget framework says it: chapter 9 of USB 2.0. */
#ifndef HP_DESCRIPTORS_H
#define HP_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HP_DEVICE_RELEASE 0x0100
#define HP_CONFIGURATION 1
#define HP_DESCRIPTOR_MAX 256

struct hp_endpoint_fact {
	uint8_t address, type;
	uint16_t maxp; /* at high speed */
	uint8_t interval;
};

/* In the order of enum hp_ep */
extern const struct hp_endpoint_fact hp_endpoint_facts[4];

uint16_t hp_endpoint_maxp(const struct hp_endpoint_fact *e, bool high_speed);
/* GET_DESCRIPTOR: the length in @out (HP_DESCRIPTOR_MAX bytes), or -1: there is none such */
int hp_descriptor(uint16_t value, bool high_speed, const char *serial, uint8_t *out);

#endif /* HP_DESCRIPTORS_H */
