/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the driver's program and the peer both do: ask for enough for minutes of running. */
#ifndef BENCH_SET_POINT_H
#define BENCH_SET_POINT_H

#define TREATMENT                                                                                  \
	{                                                                                          \
		'b', 'e', 'n', 'c', 'h'                                                            \
	}
/* By enum mn_quantity: depth, rate, strokes, run time */
#define SET_LIMITS                                                                                 \
	{                                                                                          \
		1500, 150000, 100000, 300000                                                       \
	}
#define SET_DEPTH_UM 500
#define SET_RATE_MHZ 100000
#define SET_STROKES 10000
#define SET_RUN_MS 60000

/* From a fault to its being cleared, which stops anew and would hide the stop that is measured */
#define SETTLE_NS 15000000

#endif /* BENCH_SET_POINT_H */
