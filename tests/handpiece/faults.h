/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripted faults: what is to go wrong, when, and the proof that it did.
 *
 * An injection waits (for a time or for strokes), is active, and records its effect from the place
 * where the effect happens. Which faults there are is a table of the handpiece's.
 */
#ifndef HP_FAULTS_H
#define HP_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#define HP_INJECTIONS_MAX 64

/* The words that "which", "how", "step", "where", "on" and "request" may hold */
enum hp_word {
	HP_W_NONE, /* ends a list */
	HP_W_ANY,
	HP_W_STROKES,
	HP_W_STATUS,
	HP_W_RESULT,
	HP_W_IDENTIFY,
	HP_W_CARTRIDGE,
	HP_W_WAVEFORM,
	HP_W_SHORT,
	HP_W_LENGTH,
	HP_W_VERSION,
	HP_W_TYPE,
	HP_W_VALUE,
	HP_W_DEPTH,
	HP_W_RATE,
	HP_W_HOME,
	HP_W_CURRENT,
	HP_W_TEMPERATURE,
	HP_W_STOP,
	HP_W_START,
	HP_W_MARK,
	HP_W_CLEAR,
	HP_W_SELF_TEST,
	HP_W_CAPTURE,
	HP_W_RUNNING,
	HP_W_KILL,
	HP_W_EP0,
	HP_W_IGNORE,
	HP_W_NAK,
	HP_W_EXPIRY,
	HP_W_RENEWALS,
	HP_W_REPORTS,
	HP_W_DEPTH_END,
	HP_W_EMERGENCY_STOP,
	HP_W_FOOT_SWITCH,
	HP_W_OPEN,
	HP_W_CLOSED,
	HP_WORDS
};

/* One bit a member, so that a fault's table row can say which it takes */
#define HP_P_UM (1U << 0)
#define HP_P_STROKES (1U << 1)
#define HP_P_MHZ (1U << 2)
#define HP_P_MS (1U << 3)
#define HP_P_MA (1U << 4)
#define HP_P_MC (1U << 5)
#define HP_P_MASK (1U << 6)
#define HP_P_AGE_DAYS (1U << 7)
#define HP_P_RESULT (1U << 8)
#define HP_P_COUNT (1U << 9)
#define HP_P_OWN (1U << 10)
#define HP_P_WHICH (1U << 11)
#define HP_P_HOW (1U << 12)
#define HP_P_STEP (1U << 13)
#define HP_P_ON (1U << 14)
#define HP_P_REQUEST (1U << 15)
#define HP_P_WHERE (1U << 16)
#define HP_P_SEED (1U << 17)

struct hp_fault_params {
	int32_t um;
	uint32_t strokes; /* for how many strokes; 0: until cleared */
	uint32_t mhz;
	uint32_t ms;
	uint32_t ma;
	int32_t mc;
	uint32_t mask;
	uint32_t age_days;
	uint32_t result;
	uint32_t count; /* for how many packets or requests; 0: until cleared */
	uint32_t seed; /* of what is random; it goes on from packet to packet */
	bool own; /* the handpiece notices it by itself too */
	enum hp_word which, how, step, on, request, where;
};

struct hp_fault_info {
	const char *name;
	uint32_t takes; /* HP_P_ */
	struct hp_fault_params defaults;
	uint32_t mask_max;
	enum hp_word which[8]; /* what "which", "step" or "where" may be */
	enum hp_word how[8]; /* what "how", "on" or "request" may be */
};

enum hp_injection_state {
	HP_WAITING,
	HP_ACTIVE,
	HP_OVER
};

struct hp_injection {
	uint32_t id;
	unsigned int fault; /* of the table */
	enum hp_injection_state state;
	struct hp_fault_params params;
	uint64_t at_ns; /* waits for this time, HP_NEVER: not for a time */
	uint32_t after_number; /* waits until this stroke has begun, if by_strokes */
	bool by_strokes;
	uint32_t left; /* packets or strokes still to be affected, if limited */
	bool limited;
	uint32_t effects;
	uint64_t effect_ns; /* of the first effect */
	char detail[96];
};

struct hp_faults {
	struct hp_injection injection[HP_INJECTIONS_MAX];
	unsigned int count;
	uint32_t last_id;
};

/* The handpiece's own: what its enumeration of faults means */
extern const struct hp_fault_info hp_fault_infos[];
extern const unsigned int hp_fault_kinds;

/* hp_fault_kinds: no such fault */
unsigned int hp_fault_by_name(const char *name);
const char *hp_word_name(enum hp_word word);
enum hp_word hp_word_by_name(const char *name);

void hp_faults_init(struct hp_faults *f);
/* NULL: too many */
struct hp_injection *hp_faults_add(struct hp_faults *f, unsigned int fault,
				   const struct hp_fault_params *params);
struct hp_injection *hp_faults_by_id(struct hp_faults *f, uint32_t id);
/* The active injection of this fault, or NULL */
struct hp_injection *hp_faults_active(struct hp_faults *f, unsigned int fault);
/* It acted: counts down, records the first effect */
void hp_faults_effect(struct hp_injection *i, uint64_t now, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));
/* A stroke or packet was affected; the injection may be over by it */
void hp_faults_spend(struct hp_injection *i);

#endif /* HP_FAULTS_H */
