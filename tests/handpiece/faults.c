// SPDX-License-Identifier: GPL-2.0-or-later
#include "faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "moment.h"

static const char *const words[HP_WORDS] = {
	[HP_W_NONE] = "none",
	[HP_W_ANY] = "any",
	[HP_W_STROKES] = "strokes",
	[HP_W_STATUS] = "status",
	[HP_W_RESULT] = "result",
	[HP_W_IDENTIFY] = "identify",
	[HP_W_CARTRIDGE] = "cartridge",
	[HP_W_WAVEFORM] = "waveform",
	[HP_W_SHORT] = "short",
	[HP_W_LENGTH] = "length",
	[HP_W_VERSION] = "version",
	[HP_W_TYPE] = "type",
	[HP_W_VALUE] = "value",
	[HP_W_DEPTH] = "depth",
	[HP_W_RATE] = "rate",
	[HP_W_HOME] = "home",
	[HP_W_CURRENT] = "current",
	[HP_W_TEMPERATURE] = "temperature",
	[HP_W_STOP] = "stop",
	[HP_W_START] = "start",
	[HP_W_MARK] = "mark",
	[HP_W_CLEAR] = "clear",
	[HP_W_SELF_TEST] = "self_test",
	[HP_W_CAPTURE] = "capture",
	[HP_W_RUNNING] = "running",
	[HP_W_KILL] = "kill",
	[HP_W_EP0] = "ep0",
	[HP_W_IGNORE] = "ignore",
	[HP_W_NAK] = "nak",
	[HP_W_EXPIRY] = "expiry",
	[HP_W_RENEWALS] = "renewals",
	[HP_W_REPORTS] = "reports",
	[HP_W_DEPTH_END] = "depth_end",
	[HP_W_EMERGENCY_STOP] = "emergency_stop",
	[HP_W_FOOT_SWITCH] = "foot_switch",
	[HP_W_OPEN] = "open",
	[HP_W_CLOSED] = "closed",
};

unsigned int hp_fault_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < hp_fault_kinds; i++) {
		if (!strcmp(name, hp_fault_infos[i].name))
			break;
	}
	return i;
}

const char *hp_word_name(enum hp_word word)
{
	return words[word];
}

enum hp_word hp_word_by_name(const char *name)
{
	for (unsigned int i = 0; i < HP_WORDS; i++) {
		if (!strcmp(name, words[i]))
			return (enum hp_word)i;
	}
	return HP_WORDS;
}

void hp_faults_init(struct hp_faults *f)
{
	memset(f, 0, sizeof(*f));
}

static struct hp_injection *room(struct hp_faults *f)
{
	if (f->count < HP_INJECTIONS_MAX)
		return &f->injection[f->count++];
	/* one that is over gives its place; its id is then unknown to "await" */
	for (unsigned int i = 0; i < f->count; i++) {
		if (f->injection[i].state == HP_OVER)
			return &f->injection[i];
	}
	return NULL;
}

struct hp_injection *hp_faults_add(struct hp_faults *f, unsigned int fault,
				   const struct hp_fault_params *params)
{
	const struct hp_fault_info *info = &hp_fault_infos[fault];
	struct hp_injection *i = room(f);

	if (!i)
		return NULL;
	memset(i, 0, sizeof(*i));
	i->id = ++f->last_id;
	i->fault = fault;
	i->state = HP_WAITING;
	i->params = *params;
	i->at_ns = HP_NEVER;
	i->left = (info->takes & HP_P_STROKES) ? params->strokes : params->count;
	i->limited = i->left != 0;
	return i;
}

struct hp_injection *hp_faults_by_id(struct hp_faults *f, uint32_t id)
{
	for (unsigned int i = 0; i < f->count; i++) {
		if (f->injection[i].id == id)
			return &f->injection[i];
	}
	return NULL;
}

struct hp_injection *hp_faults_active(struct hp_faults *f, unsigned int fault)
{
	for (unsigned int i = 0; i < f->count; i++) {
		if (f->injection[i].state == HP_ACTIVE && f->injection[i].fault == fault)
			return &f->injection[i];
	}
	return NULL;
}

void hp_faults_effect(struct hp_injection *i, uint64_t now, const char *detail, ...)
{
	va_list ap;

	if (i->effects++)
		return;
	i->effect_ns = now;
	va_start(ap, detail);
	vsnprintf(i->detail, sizeof(i->detail), detail, ap);
	va_end(ap);
}

void hp_faults_spend(struct hp_injection *i)
{
	if (i->limited && i->left && --i->left == 0)
		i->state = HP_OVER;
}
