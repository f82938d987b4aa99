// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The effective limit, of any state: the least of what is required, and 0 where something that is
 * required is missing. What each source says is written down here once more.
 */
#include "proof_state.h"

static bool says(const struct mn_safety *s, u32 quantity, u32 source, u32 *value)
{
	static const u32 absolute[] = { MN_ABSOLUTE_DEPTH_UM, MN_ABSOLUTE_RATE_MHZ,
					MN_ABSOLUTE_DOSE_STROKES, MN_ABSOLUTE_RUN_MS };
	const u32 ceiling[] = { s->ceiling_um, MN_CEILING_RATE_MHZ, MN_CEILING_DOSE_STROKES,
				MN_CEILING_RUN_MS };

	if (source == MN_SOURCE_ABSOLUTE)
		*value = absolute[quantity];
	else if (source == MN_SOURCE_CEILING)
		*value = ceiling[quantity];
	else if (source == MN_SOURCE_DEVICE || source == MN_SOURCE_BOARD)
		*value = s->caps.limit[quantity];
	else if (source == MN_SOURCE_CARTRIDGE)
		*value = s->tag.limit[quantity];
	else if (source == MN_SOURCE_ADMIN)
		*value = s->keep.admin[quantity];
	else
		*value = s->keep.session[quantity];
	if (source == MN_SOURCE_DEVICE || source == MN_SOURCE_BOARD)
		return s->caps.source == source;
	if (source == MN_SOURCE_CARTRIDGE)
		return s->tag.present && s->tag.readable;
	return source != MN_SOURCE_SESSION || (s->keep.session_present & (1U << quantity));
}

void prove(void)
{
	const u32 quantity = nondet_u32(), source = nondet_u32();
	u32 value = 0, bound = 0, limit, required;
	enum mn_source binding = MN_SOURCE_NR;
	struct mn_safety s;
	bool there;

	any_state(&s);
	ASSUME("a quantity and a source that exist",
	       quantity < MN_QUANTITY_NR && source < MN_SOURCE_NR);
	required = s.caps.required[quantity];
	limit = mn_safety_limit(&s, quantity, &binding);
	there = says(&s, quantity, source, &value);

	if (required & (1U << source)) {
		PROVE("the limit is never above a required source", !there || limit <= value);
		PROVE("a required source that is absent makes it 0", there || !limit);
	}
	PROVE("the source that binds is a required one", required & (1U << binding));
	PROVE("the source that binds says the limit",
	      says(&s, quantity, binding, &bound) ? bound == limit : !limit);
	says(&s, quantity, MN_SOURCE_ABSOLUTE, &value);
	PROVE("never above the absolute limit", limit <= value);
	says(&s, quantity, MN_SOURCE_CEILING, &value);
	PROVE("never above the ceiling", limit <= value);
	PROVE("who does not ask what binds gets the same limit",
	      mn_safety_limit(&s, quantity, NULL) == limit);

	COVER("a cartridge binds", limit && binding == MN_SOURCE_CARTRIDGE);
	COVER("a session binds", limit && binding == MN_SOURCE_SESSION);
	COVER("an absent session makes it 0", !limit && binding == MN_SOURCE_SESSION);
}
