// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits: where they come from, the least of them, and the set points that they allow.
 *
 * As pure as all the rules, see safety.h.
 */
#include <linux/errno.h>
#include <linux/string.h>

#include "safety_limits.h"
#include "safety_stop.h"

/**
 * mn_safety_source() - What one source says of one quantity.
 * @s: The rules' state.
 * @quantity: Which quantity.
 * @source: Which source.
 * @value: Its value, 0 if it has none.
 *
 * Return: true if the source has a value now.
 */
bool mn_safety_source(const struct mn_safety *s, enum mn_quantity quantity, enum mn_source source,
		      u32 *value)
{
	static const u32 absolute[MN_QUANTITY_NR] = {
		[MN_QUANTITY_DEPTH] = MN_ABSOLUTE_DEPTH_UM,
		[MN_QUANTITY_RATE] = MN_ABSOLUTE_RATE_MHZ,
		[MN_QUANTITY_DOSE] = MN_ABSOLUTE_DOSE_STROKES,
		[MN_QUANTITY_RUN_TIME] = MN_ABSOLUTE_RUN_MS,
	};
	static const u32 ceiling[MN_QUANTITY_NR] = {
		[MN_QUANTITY_RATE] = MN_CEILING_RATE_MHZ,
		[MN_QUANTITY_DOSE] = MN_CEILING_DOSE_STROKES,
		[MN_QUANTITY_RUN_TIME] = MN_CEILING_RUN_MS,
	};

	*value = 0;
	switch (source) {
	case MN_SOURCE_ABSOLUTE:
		*value = absolute[quantity];
		return true;
	case MN_SOURCE_CEILING:
		*value = quantity == MN_QUANTITY_DEPTH ? s->ceiling_um : ceiling[quantity];
		return true;
	case MN_SOURCE_DEVICE:
	case MN_SOURCE_BOARD:
		if (s->caps.source != source)
			return false;
		*value = s->caps.limit[quantity];
		return true;
	case MN_SOURCE_CARTRIDGE:
		if (!s->tag.present || !s->tag.readable)
			return false;
		*value = s->tag.limit[quantity];
		return true;
	case MN_SOURCE_ADMIN:
		*value = s->keep.admin[quantity];
		return true;
	default: /* MN_SOURCE_SESSION */
		if (!(s->keep.session_present & BIT_OF(quantity)))
			return false;
		*value = s->keep.session[quantity];
		return true;
	}
}

/**
 * mn_safety_limit() - The effective limit: the least over the sources that apply.
 * @s: The rules' state.
 * @quantity: Which quantity.
 * @binding: The source that gives it; may be NULL.
 *
 * A source that applies and has no value counts as 0.
 *
 * Return: the limit, in the quantity's unit.
 */
u32 mn_safety_limit(const struct mn_safety *s, enum mn_quantity quantity, enum mn_source *binding)
{
	u32 least = 0, value;	/* the least over nothing is nothing */
	unsigned int source;
	bool any = false;

	for (source = 0; source < MN_SOURCE_NR; source++) {
		if (!(s->caps.required[quantity] & BIT_OF(source)))
			continue;
		mn_safety_source(s, quantity, source, &value);
		if (!any || value < least) {
			least = value;
			if (binding)
				*binding = source;
		}
		any = true;
	}
	return least;
}

/*
 * What may still be asked of @quantity: the dose counts down over the treatment. The few strokes
 * that a motor makes after it was stopped in time count, and leave less to be asked for.
 */
static u32 headroom(const struct mn_safety *s, enum mn_quantity quantity, enum mn_source *binding)
{
	u32 limit = mn_safety_limit(s, quantity, binding);

	if (quantity != MN_QUANTITY_DOSE)
		return limit;
	return limit > s->keep.dose ? limit - s->keep.dose : 0;
}

static u32 asked(const struct mn_set *set, enum mn_quantity quantity)
{
	switch (quantity) {
	case MN_QUANTITY_DEPTH:
		return set->depth.um;
	case MN_QUANTITY_RATE:
		return set->rate.mhz;
	case MN_QUANTITY_DOSE:
		return set->dose.strokes;
	default:
		return set->run.ms;
	}
}

/**
 * mn_check_set() - A set point within its limits, rounded down to what the device can do.
 * @s: The rules' state.
 * @want: What is asked for.
 * @set: Out: what is granted.
 * @refusal: Out, with -ERANGE: the quantity that is beyond its limit, and what binds.
 *
 * Return: 0; -ERANGE beyond a limit; -EINVAL nothing is left of it.
 */
int mn_check_set(const struct mn_safety *s, const struct mn_set *want, struct mn_set *set,
		 struct mn_refusal *refusal)
{
	enum mn_source binding = MN_SOURCE_ABSOLUTE;
	unsigned int quantity;
	u32 limit;

	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		limit = headroom(s, quantity, &binding);
		if (asked(want, quantity) > limit) {
			refusal->quantity = quantity;
			refusal->source = binding;
			refusal->limit = limit;
			return -ERANGE;
		}
	}
	*set = *want;
	set->depth.um -= set->depth.um % s->caps.depth_step_um;
	set->rate.mhz -= set->rate.mhz % s->caps.rate_step_mhz;
	if (!set->depth.um || set->rate.mhz < s->caps.rate_min_mhz || !set->dose.strokes ||
	    !set->run.ms)
		return -EINVAL;
	return 0;
}

/**
 * mn_strokes_left() - What is left of the strokes that were set.
 * @s: The rules' state.
 *
 * Return: strokes.
 */
u32 mn_strokes_left(const struct mn_safety *s)
{
	return s->set.dose.strokes > s->strokes_done ? s->set.dose.strokes - s->strokes_done : 0;
}

/**
 * mn_set_fits() - Is the set point still within the limits?
 * @s: The rules' state.
 *
 * Return: true if so.
 */
bool mn_set_fits(const struct mn_safety *s)
{
	return s->set.depth.um <= mn_safety_limit(s, MN_QUANTITY_DEPTH, NULL) &&
	       s->set.rate.mhz <= mn_safety_limit(s, MN_QUANTITY_RATE, NULL) &&
	       mn_strokes_left(s) <= headroom(s, MN_QUANTITY_DOSE, NULL) &&
	       s->set.run.ms <= mn_safety_limit(s, MN_QUANTITY_RUN_TIME, NULL);
}

/* After a limit was lowered: a set point that it no longer allows ends. */
void mn_safety_enforce(struct mn_safety *s, u64 now, u32 *actions)
{
	if (active(s) && !mn_set_fits(s))
		mn_safety_halt(s, MN_STATE_SAFE, MN_CAUSE_LIMIT, now, actions);
}

/**
 * mn_keep_init() - A handpiece that was never seen before.
 * @keep: What to fill in.
 * @ceiling_um: The module's depth ceiling, where the administrator's limits start.
 */
void mn_keep_init(struct mn_keep *keep, u32 ceiling_um)
{
	memset(keep, 0, sizeof(*keep));
	keep->admin[MN_QUANTITY_DEPTH] = ceiling_um;
	keep->admin[MN_QUANTITY_RATE] = MN_CEILING_RATE_MHZ;
	keep->admin[MN_QUANTITY_DOSE] = MN_CEILING_DOSE_STROKES;
	keep->admin[MN_QUANTITY_RUN_TIME] = MN_CEILING_RUN_MS;
}

/* A transport can leave out the other transport's source, and where there is none on the tag. */
static bool sources_complete(const struct mn_caps *caps)
{
	const u32 all = BIT_OF(MN_SOURCE_ABSOLUTE) | BIT_OF(MN_SOURCE_CEILING) |
			BIT_OF(MN_SOURCE_ADMIN) | BIT_OF(MN_SOURCE_SESSION);
	unsigned int quantity;
	u32 need;

	if (!caps->required)
		return false;
	if (caps->source != MN_SOURCE_DEVICE && caps->source != MN_SOURCE_BOARD)
		return false;
	for (quantity = 0; quantity < MN_QUANTITY_NR; quantity++) {
		need = all | BIT_OF(caps->source);
		if (quantity == MN_QUANTITY_DEPTH)
			need |= BIT_OF(MN_SOURCE_CARTRIDGE);
		if ((caps->required[quantity] & need) != need ||
		    caps->required[quantity] >> MN_SOURCE_NR)
			return false;
	}
	return true;
}

/**
 * mn_safety_check_caps() - Is what a handpiece says of itself possible?
 * @caps: What it says.
 * @why: Out: what is wrong with it.
 *
 * Return: 0 or -EPROTO.
 */
int mn_safety_check_caps(const struct mn_caps *caps, const char **why)
{
	const u32 mandatory = MN_MEASURES_DEPTH | MN_MEASURES_RATE | MN_MEASURES_HOME;

	*why = NULL;
	if (!sources_complete(caps))
		*why = "lacks a source of limits";
	else if ((caps->measures & mandatory) != mandatory)
		*why = "does not measure depth, rate and home";
	else if (!caps->depth_step_um || caps->depth_step_um > MN_ABSOLUTE_DEPTH_UM)
		*why = "depth step out of range";
	else if (!caps->rate_step_mhz || caps->rate_step_mhz > MN_ABSOLUTE_RATE_MHZ)
		*why = "rate step out of range";
	else if (caps->rate_min_mhz < MN_RATE_LOWEST_MHZ)
		*why = "lowest rate below 20 Hz";
	else if (caps->tolerance_um > MN_TOLERANCE_MAX_UM)
		*why = "depth tolerance above 150 um";
	else if (!caps->run_up_ms || caps->run_up_ms > MN_RUN_UP_MAX_MS)
		*why = "run-up time not within 1 to 500 ms";
	else if (!caps->run_down_ms || caps->run_down_ms > MN_RUN_DOWN_MAX_MS)
		*why = "run-down time not within 1 to 100 ms";
	else if (caps->lease_ms <= MN_LEASE_REFRESH_MS ||
		 caps->lease_ms > MN_HANDPIECE_LEASE_MAX_MS)
		*why = "lease not within 26 to 100 ms";
	return *why ? -EPROTO : 0;
}
