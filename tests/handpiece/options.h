/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line. */
#ifndef HP_OPTIONS_H
#define HP_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cartridge.h"
#include "firmware.h"

struct hp_options {
	struct hp_identity id;
	const char *control;
	const char *trace;
	const char *nv;
	const char *udc;
	const char *listen; /* for a virtual machine's usb-redir; NULL: on udc */
	bool high_speed;
	bool fifo;
	bool cartridge; /* one is in at start */
	struct hp_cartridge_spec spec;
	uint64_t seed;
};

/* Days since 1970-01-01 */
uint32_t hp_today(void);
/* -1: go on; else the exit status (0 after --help) */
int hp_options_parse(struct hp_options *o, int argc, char **argv);

#endif /* HP_OPTIONS_H */
