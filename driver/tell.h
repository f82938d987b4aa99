/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MN_TELL_H
#define MN_TELL_H

#include "microneedle.h"

/* What a listener could notice: taken before a step, compared after it. */
struct mn_picture {
	enum mn_state state;
	u64 faults;
	u32 inputs;
	u32 cartridge;
	u64 uid;
	enum mn_self_test self_test;
	u32 limit[MN_QUANTITY_NR];
};

void mn_take_picture(const struct mn_safety *s, struct mn_picture *p);
void mn_tell(struct mn_device *mn, const struct mn_picture *was, u64 now);
void mn_tell_lease(struct mn_device *mn, u64 now);
void mn_tell_stroke(struct mn_device *mn, const struct mn_stroke *stroke, u64 now);

#endif /* MN_TELL_H */
