// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <time.h>

#include "remote.h"

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int cmd_ping(struct mnctl *ctl)
{
	int64_t took_us;
	json_t *result;
	int code = remote_open(ctl);

	if (code)
		return code;
	took_us = now_us();
	code = remote_call(ctl, "rpc.ping", NULL, &result);
	took_us = now_us() - took_us;
	if (code)
		return code;
	if (ctl->out.json) {
		json_object_set_new(result, "round_trip_us", json_integer(took_us));
		output_document(result);
	} else {
		printf("The daemon answers in %.2f ms.\n", (double)took_us / 1000);
	}
	json_decref(result);
	return EXIT_OK;
}
