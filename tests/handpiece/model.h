/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physics of a handpiece: motor, needles, skin, current and heat.
 *
 * A pure library: no I/O, no clock; time is nanoseconds that the caller passes in, so that a test
 * may run it in any time it likes and the same seed gives the same strokes.
 */
#ifndef HP_MODEL_H
#define HP_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "moment.h"

/* Where in a stroke (0 begin, 1 back at the top) things happen */
#define HP_PHASE_DEEPEST 0.5
#define HP_PHASE_REPORT 0.55
#define HP_PHASE_END 1.0

/* What one stroke is asked to do; the firmware fills it in anew for each */
struct hp_stroke_plan {
	uint32_t depth_um; /* where the depth stop is set */
	uint32_t rate_mhz; /* what the motor is driven to */
	uint32_t run_up_us; /* time constant of the motor toward that rate */
	int32_t beyond_um; /* how far past the stop it goes in spite of it; INT32_MIN: obeys the stop */
};

struct hp_model {
	uint64_t random;

	/* skin */
	double compliance;
	uint32_t load; /* 0..1000, how hard it is pressed on */

	/* motor: rate(t) = target - (target - from) e^-(t - since)/tau */
	bool turning;
	bool finishing; /* constant rate until the end of this stroke */
	bool stalled;
	uint64_t since_ns;
	double from_hz;
	double target_hz;
	double tau_s;
	double phase_at_since;
	double stalled_phase;

	/* the stroke under way */
	double reach_um;
	double rest_um; /* where the needles are when nothing turns: 0 is home */
	uint32_t peak_ma;

	/* heat */
	uint64_t heat_ns;
	double temp_mc;
};

void hp_model_init(struct hp_model *m, uint64_t seed, uint64_t now);
/* false: no such skin */
bool hp_model_skin(struct hp_model *m, const char *name);

/* Begin a stroke from the top, at the motor's present rate or from standstill */
void hp_model_begin(struct hp_model *m, const struct hp_stroke_plan *plan, uint64_t now);
/* When the stroke under way reaches @phase; HP_NEVER if it does not */
uint64_t hp_model_when(const struct hp_model *m, double phase);
double hp_model_phase(const struct hp_model *m, uint64_t now);
/* The brake: finish the stroke under way and be home within @within_ns */
void hp_model_finish(struct hp_model *m, uint64_t now, uint64_t within_ns);
void hp_model_stall(struct hp_model *m, uint64_t now);
void hp_model_release(struct hp_model *m, uint64_t now, uint64_t within_ns);
/* At rest with the needles out by @rest_um; 0 is home */
void hp_model_rest(struct hp_model *m, uint64_t now, double rest_um);

uint32_t hp_model_position_um(const struct hp_model *m, uint64_t now);
uint32_t hp_model_rate_mhz(const struct hp_model *m, uint64_t now);
/* The most of the stroke under way */
uint32_t hp_model_current_ma(const struct hp_model *m);
/* At @now, in a stroke that takes at most @peak_ma */
uint32_t hp_model_current_at_ma(const struct hp_model *m, uint64_t now, uint32_t peak_ma);
int32_t hp_model_temp_mc(struct hp_model *m, uint64_t now);
/* 0 <= result < 1 */
double hp_model_random(struct hp_model *m);

#endif /* HP_MODEL_H */
