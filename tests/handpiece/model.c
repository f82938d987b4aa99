// SPDX-License-Identifier: GPL-2.0-or-later
#include "model.h"

#include <math.h>
#include <string.h>

#define IDLE_MA 15.0
#define NO_LOAD_MA 120.0
#define LEAST_MA 90.0 /* of a turning motor, at the top of a stroke */
#define MA_PER_MM_HZ 2.6 /* at most 1.8 A at full depth, rate and load */
#define AMBIENT_MC 24000.0
#define MC_PER_MA 14.0
#define HEAT_TAU_S 90.0
#define BREAKAWAY 0.4 /* share of the set rate at which a DC motor is after its first kick */

static const struct {
	const char *name;
	double compliance;
} skins[] = {
	{ "forehead", 0.972 },
	{ "cheek", 0.952 },
	{ "crows_feet", 0.982 },
	{ "air", 0.996 },
};

/* xorshift64*: small, and the same on every machine */
double hp_model_random(struct hp_model *m)
{
	uint64_t x = m->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	m->random = x;
	return (double)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 11) / 9007199254740992.0;
}

static double seconds(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) / 1e9 : 0.0;
}

void hp_model_init(struct hp_model *m, uint64_t seed, uint64_t now)
{
	memset(m, 0, sizeof(*m));
	m->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	m->heat_ns = now;
	m->temp_mc = AMBIENT_MC;
	m->load = 300;
	hp_model_skin(m, "forehead");
}

bool hp_model_skin(struct hp_model *m, const char *name)
{
	for (size_t i = 0; i < sizeof(skins) / sizeof(skins[0]); i++) {
		if (!strcmp(name, skins[i].name)) {
			m->compliance = skins[i].compliance;
			return true;
		}
	}
	return false;
}

static void heat(struct hp_model *m, uint64_t now)
{
	double toward = AMBIENT_MC + MC_PER_MA * (double)hp_model_current_ma(m);

	m->temp_mc = toward + (m->temp_mc - toward) * exp(-seconds(m->heat_ns, now) / HEAT_TAU_S);
	if (now > m->heat_ns)
		m->heat_ns = now;
}

static double rate_hz(const struct hp_model *m, uint64_t now)
{
	if (!m->turning || m->stalled)
		return 0.0;
	if (m->finishing)
		return m->target_hz;
	return m->target_hz -
	       (m->target_hz - m->from_hz) * exp(-seconds(m->since_ns, now) / m->tau_s);
}

static double phase_after(const struct hp_model *m, double t)
{
	if (m->finishing)
		return m->phase_at_since + m->target_hz * t;
	return m->phase_at_since + m->target_hz * t -
	       (m->target_hz - m->from_hz) * m->tau_s * (1.0 - exp(-t / m->tau_s));
}

double hp_model_phase(const struct hp_model *m, uint64_t now)
{
	double phase;

	if (!m->turning)
		return 0.0;
	if (m->stalled)
		return m->stalled_phase;
	phase = phase_after(m, seconds(m->since_ns, now));
	return phase > 1.0 ? 1.0 : phase;
}

uint64_t hp_model_when(const struct hp_model *m, double phase)
{
	double slowest, low = 0.0, high;

	if (!m->turning || m->stalled)
		return HP_NEVER;
	if (phase <= m->phase_at_since)
		return m->since_ns;
	slowest = m->finishing || m->from_hz > m->target_hz ? m->target_hz : m->from_hz;
	high = (phase - m->phase_at_since) / slowest + 1e-9;
	/* the phase only grows, so halving finds it; 2^-40 s is far below a nanosecond */
	for (int i = 0; i < 40; i++) {
		double middle = (low + high) / 2.0;

		if (phase_after(m, middle) < phase)
			low = middle;
		else
			high = middle;
	}
	return m->since_ns + (uint64_t)(high * 1e9) + 1;
}

void hp_model_begin(struct hp_model *m, const struct hp_stroke_plan *plan, uint64_t now)
{
	double now_hz = rate_hz(m, now);
	double jitter = 0.004 * hp_model_random(m) + 0.004 * m->load / 1000.0;
	double depth = plan->depth_um;
	double give, ma;

	heat(m, now);
	m->target_hz = plan->rate_mhz / 1000.0 * (1.0 - jitter);
	m->tau_s = plan->run_up_us / 1e6;
	m->from_hz = now_hz > m->target_hz * BREAKAWAY ? now_hz : m->target_hz * BREAKAWAY;
	m->turning = true;
	m->finishing = false;
	m->stalled = false;
	m->since_ns = now;
	m->phase_at_since = 0.0;
	m->rest_um = 0.0;

	give = m->compliance - 0.025 * m->load / 1000.0 + 0.024 * (hp_model_random(m) - 0.5);
	if (give > 0.999)
		give = 0.999;
	if (plan->beyond_um != INT32_MIN)
		m->reach_um = depth + plan->beyond_um;
	else
		m->reach_um = depth * give;
	if (m->reach_um < 1.0)
		m->reach_um = 1.0;

	ma = NO_LOAD_MA +
	     MA_PER_MM_HZ * m->reach_um / 1000.0 * m->target_hz * (1.0 + 0.6 * m->load / 1000.0);
	m->peak_ma = (uint32_t)(ma * (0.96 + 0.08 * hp_model_random(m)));
}

void hp_model_finish(struct hp_model *m, uint64_t now, uint64_t within_ns)
{
	double phase, needed, hz;

	if (!m->turning || m->stalled)
		return;
	phase = hp_model_phase(m, now);
	hz = rate_hz(m, now);
	needed = (HP_PHASE_END - phase) / ((double)within_ns / 1e9);
	m->phase_at_since = phase;
	m->since_ns = now;
	m->target_hz = hz > needed ? hz : needed;
	if (m->target_hz < 1.0)
		m->target_hz = 1.0;
	m->finishing = true;
}

void hp_model_stall(struct hp_model *m, uint64_t now)
{
	m->stalled_phase = hp_model_phase(m, now);
	m->stalled = true;
}

void hp_model_release(struct hp_model *m, uint64_t now, uint64_t within_ns)
{
	if (!m->stalled)
		return;
	m->stalled = false;
	m->finishing = true;
	m->since_ns = now;
	m->phase_at_since = m->stalled_phase;
	m->target_hz = (HP_PHASE_END - m->stalled_phase) / ((double)within_ns / 1e9) + 1.0;
}

void hp_model_rest(struct hp_model *m, uint64_t now, double rest_um)
{
	heat(m, now);
	m->turning = false;
	m->finishing = false;
	m->stalled = false;
	m->rest_um = rest_um;
}

uint32_t hp_model_position_um(const struct hp_model *m, uint64_t now)
{
	if (!m->turning)
		return (uint32_t)m->rest_um;
	return (uint32_t)(m->reach_um * (1.0 - cos(2.0 * M_PI * hp_model_phase(m, now))) / 2.0);
}

uint32_t hp_model_rate_mhz(const struct hp_model *m, uint64_t now)
{
	return (uint32_t)(rate_hz(m, now) * 1000.0);
}

uint32_t hp_model_current_ma(const struct hp_model *m)
{
	if (!m->turning)
		return (uint32_t)IDLE_MA;
	return m->peak_ma;
}

uint32_t hp_model_current_at_ma(const struct hp_model *m, uint64_t now, uint32_t peak_ma)
{
	double peak = peak_ma, least = peak < LEAST_MA ? peak : LEAST_MA;

	if (!m->turning || m->stalled)
		return peak_ma;
	return (uint32_t)(least +
			  (peak - least) * (1.0 - cos(2.0 * M_PI * hp_model_phase(m, now))) / 2.0);
}

int32_t hp_model_temp_mc(struct hp_model *m, uint64_t now)
{
	heat(m, now);
	return (int32_t)m->temp_mc;
}
