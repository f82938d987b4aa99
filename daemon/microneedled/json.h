/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the kernel's numbers stand in JSON: by name, with the unit in the key. */
#ifndef JSON_H
#define JSON_H

#include <jansson.h>
#include <stdint.h>

#include <linux/microneedle.h>

#include "names.h"

struct device;

#define JSON_UUID 37

/* An array of the names of the bits that are set */
json_t *json_bits(const struct mn_names *names, uint32_t bits);
/* Likewise for a mask of faults, bit 1 << enum mn_fault */
json_t *json_faults(uint64_t mask);
uint64_t json_fault_mask(const json_t *names);

/* {"emergency_stop":false, ...} */
json_t *json_inputs(uint32_t inputs);

/* Depth, rate, dose and run time with the effective value, what binds, and all sources */
json_t *json_limits(const struct mn_limits *limits);

/* The cartridge in a device, null without one */
json_t *json_cartridge(const struct device *device, const struct mn_status *status);
/* What somebody said of one */
json_t *json_declaration(const struct mn_declare_cartridge *declared, const char *by);

void json_uuid(char text[JSON_UUID], const uint8_t id[16]);

/*
 * A device as device.list shows it, and as device.status does; NULL if the device does not answer
 */
json_t *json_device(struct device *device);
json_t *json_device_status(struct device *device);

#endif
