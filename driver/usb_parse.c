// SPDX-License-Identifier: GPL-2.0-only
/*
 * See usb_parse.h.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/crc32.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/time64.h>

#include <asm/byteorder.h>

#include "usb_parse.h"

#define MNP_TIME_US_MAX		BIT_ULL(53)	/* three centuries: no overflow in ns */

static const u32 mnp_required[MN_QUANTITY_NR] = {
	[MN_QUANTITY_DEPTH] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			      BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			      BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_RATE] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			     BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			     BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	[MN_QUANTITY_DOSE] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
			     BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_CARTRIDGE) |
			     BIT(MN_SOURCE_ADMIN) | BIT(MN_SOURCE_SESSION),
	/* A cartridge says nothing of how long it may run without a pause. */
	[MN_QUANTITY_RUN_TIME] = BIT(MN_SOURCE_ABSOLUTE) | BIT(MN_SOURCE_CEILING) |
				 BIT(MN_SOURCE_DEVICE) | BIT(MN_SOURCE_ADMIN) |
				 BIT(MN_SOURCE_SESSION),
};

static const struct {
	u32 own;
	enum mn_fault code;
} mnp_faults[] = {
	{ MNP_FAULT_EMERGENCY_STOP, MN_FAULT_EMERGENCY_STOP },
	{ MNP_FAULT_LEASE, MN_FAULT_HANDPIECE_LEASE },
	{ MNP_FAULT_OVER_DEPTH, MN_FAULT_OVER_DEPTH },
	{ MNP_FAULT_STALL, MN_FAULT_UNDER_RATE },
	{ MNP_FAULT_OVER_TEMPERATURE, MN_FAULT_OVER_TEMPERATURE },
	{ MNP_FAULT_OVER_CURRENT, MN_FAULT_OVER_CURRENT },
	{ MNP_FAULT_BROWN_OUT, MN_FAULT_HANDPIECE_RESTART },
	{ MNP_FAULT_NOT_HOME, MN_FAULT_NOT_HOME },
	{ MNP_FAULT_SENSOR, MN_FAULT_MEASUREMENT },
	{ MNP_FAULT_INTERNAL, MN_FAULT_HANDPIECE },
};

/* The handpiece's mask of its own faults in our codes; what we do not know is HANDPIECE. */
static u64 our_faults(u32 own)
{
	u64 ours = (own & ~MNP_FAULT_ALL) ? BIT_ULL(MN_FAULT_HANDPIECE) : 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mnp_faults); i++)
		if (own & mnp_faults[i].own)
			ours |= BIT_ULL(mnp_faults[i].code);
	return ours;
}

/**
 * mnp_own_faults() - Our codes in the handpiece's mask, to have them cleared.
 * @faults: Bit 1 << enum mn_fault.
 *
 * Return: MNP_FAULT_ bits.
 */
u32 mnp_own_faults(u64 faults)
{
	unsigned int i;
	u32 own = 0;

	for (i = 0; i < ARRAY_SIZE(mnp_faults); i++)
		if (faults & BIT_ULL(mnp_faults[i].code))
			own |= mnp_faults[i].own;
	return own;
}

static enum mnp_check check_header(const struct mnp_header *header, u8 type, size_t size)
{
	if (header->type != type)
		return MNP_CHECK_TYPE;
	if (header->version != MNP_VERSION)
		return MNP_CHECK_VERSION;
	if (le16_to_cpu(header->length) != size)
		return MNP_CHECK_LENGTH;
	return MNP_CHECK_OK;
}

/* Copy a name out; false if it is not NUL padded printable text without spaces. */
static bool take_name(char *to, const char *from, size_t size)
{
	size_t i, length = strnlen(from, size);

	if (!length || length == size)
		return false;
	for (i = 0; i < length; i++)
		if (from[i] <= ' ' || from[i] > '~' || from[i] == '/' || from[i] == '\\' ||
		    from[i] == '"')
			return false;
	for (i = length; i < size; i++)
		if (from[i])
			return false;
	memcpy(to, from, size);
	return true;
}

/**
 * mnp_parse_identify() - What it is.
 * @data: What it sent.
 * @size: How much.
 * @caps: Out; mn_safety_check_caps() judges it.
 * @identity: Out.
 *
 * Return: enum mnp_check.
 */
enum mnp_check mnp_parse_identify(const void *data, size_t size, struct mn_caps *caps,
				  struct mnp_identity *identity)
{
	const struct mnp_identify *p = data;
	enum mnp_check check;

	if (size != sizeof(*p))
		return MNP_CHECK_SHORT;
	check = check_header(&p->header, MNP_TYPE_IDENTIFY, size);
	if (check)
		return check;
	if (le32_to_cpu(p->magic) != MNP_MAGIC)
		return MNP_CHECK_VALUE;
	if (le16_to_cpu(p->version_min) > le16_to_cpu(p->version_max) ||
	    (le32_to_cpu(p->features) & ~MNP_FEATURE_TRIGGER) ||
	    (le32_to_cpu(p->measures) & ~MNP_MEASURES_ALL) ||
	    le32_to_cpu(p->self_test) > MNP_SELF_TEST_BUSY ||
	    le32_to_cpu(p->capture_max_hz) > MNP_CAPTURE_HZ_MAX)
		return MNP_CHECK_VALUE;
	if (le16_to_cpu(p->version_min) > MNP_VERSION || le16_to_cpu(p->version_max) < MNP_VERSION)
		return MNP_CHECK_VERSION;

	memset(caps, 0, sizeof(*caps));
	caps->transport = MN_TRANSPORT_USB;
	caps->has_trigger = le32_to_cpu(p->features) & MNP_FEATURE_TRIGGER;
	BUILD_BUG_ON(MNP_MEASURES_DEPTH != MN_MEASURES_DEPTH ||
		     MNP_MEASURES_RATE != MN_MEASURES_RATE ||
		     MNP_MEASURES_HOME != MN_MEASURES_HOME ||
		     MNP_MEASURES_CURRENT != MN_MEASURES_CURRENT ||
		     MNP_MEASURES_TEMPERATURE != MN_MEASURES_TEMPERATURE);
	caps->measures = le32_to_cpu(p->measures);
	caps->required = mnp_required;
	caps->source = MN_SOURCE_DEVICE;
	caps->limit[MN_QUANTITY_DEPTH] = le32_to_cpu(p->max_depth_um);
	caps->limit[MN_QUANTITY_RATE] = le32_to_cpu(p->max_rate_mhz);
	caps->limit[MN_QUANTITY_DOSE] = le32_to_cpu(p->max_strokes);
	caps->limit[MN_QUANTITY_RUN_TIME] = le32_to_cpu(p->max_run_ms);
	caps->rate_min_mhz = le32_to_cpu(p->min_rate_mhz);
	caps->depth_step_um = le32_to_cpu(p->depth_step_um);
	caps->rate_step_mhz = le32_to_cpu(p->rate_step_mhz);
	caps->tolerance_um = le32_to_cpu(p->tolerance_um);
	caps->run_up_ms = le32_to_cpu(p->run_up_ms);
	caps->run_down_ms = le32_to_cpu(p->run_down_ms);
	caps->lease_ms = le32_to_cpu(p->lease_ms);
	caps->max_current_ma = le32_to_cpu(p->max_current_ma);
	caps->max_temp_mc = (s32)le32_to_cpu(p->max_temp_mc);
	caps->calibration_age_days = le32_to_cpu(p->calibration_age_days);
	caps->calibration_valid_days = le32_to_cpu(p->calibration_valid_days);
	caps->capture_max_hz = le32_to_cpu(p->capture_max_hz);
	if (!take_name(caps->serial, p->serial, sizeof(caps->serial)) ||
	    !take_name(caps->model, p->model, sizeof(caps->model)) ||
	    !take_name(caps->firmware, p->firmware, sizeof(caps->firmware)))
		return MNP_CHECK_SERIAL;

	identity->last_epoch = le32_to_cpu(p->last_epoch);
	identity->boot_id = le32_to_cpu(p->boot_id);
	identity->faults = our_faults(le32_to_cpu(p->faults));
	return MNP_CHECK_OK;
}

/**
 * mnp_parse_status() - How it is.
 * @data: What it sent.
 * @size: How much.
 * @report: Out.
 * @number: Out: counts what it reported.
 * @time_us: Out: its clock.
 *
 * Return: enum mnp_check.
 */
enum mnp_check mnp_parse_status(const void *data, size_t size, struct mn_report *report,
				u32 *number, u64 *time_us)
{
	static const struct {
		u32 wire;
		u32 ours;
	} inputs[] = {
		{ MNP_INPUT_EMERGENCY_STOP, MN_INPUT_EMERGENCY_STOP },
		{ MNP_INPUT_TRIGGER, MN_INPUT_TRIGGER },
		{ MNP_INPUT_CARTRIDGE, MN_INPUT_CARTRIDGE },
		{ MNP_INPUT_HOME, MN_INPUT_HOME },
	};
	const struct mnp_status *p = data;
	enum mnp_check check;
	unsigned int i;
	u32 wire;

	if (size != sizeof(*p))
		return MNP_CHECK_SHORT;
	check = check_header(&p->header, MNP_TYPE_STATUS, size);
	if (check)
		return check;
	if (p->reserved)
		return MNP_CHECK_RESERVED;
	wire = le16_to_cpu(p->inputs);
	if (p->state > MNP_STATE_FAULT || wire >> ARRAY_SIZE(inputs) ||
	    le16_to_cpu(p->refusal) > MNP_RESULT_MARK ||
	    le32_to_cpu(p->self_test) > MNP_SELF_TEST_BUSY)
		return MNP_CHECK_VALUE;

	memset(report, 0, sizeof(*report));
	for (i = 0; i < ARRAY_SIZE(inputs); i++)
		if (wire & inputs[i].wire)
			report->inputs |= inputs[i].ours;
	report->epoch = le32_to_cpu(p->epoch);
	report->boot_id = le32_to_cpu(p->boot_id);
	report->insertions = le16_to_cpu(p->insertions);
	report->strokes = le32_to_cpu(p->strokes);
	report->idle = p->state == MNP_STATE_IDLE || p->state == MNP_STATE_FAULT;
	report->temp_mc = (s32)le32_to_cpu(p->temp_mc);
	report->faults = our_faults(le32_to_cpu(p->faults));
	switch (le32_to_cpu(p->self_test)) {
	case MNP_SELF_TEST_PASSED:
		report->self_test = MN_SELF_TEST_PASSED;
		break;
	case MNP_SELF_TEST_FAILED:
		report->self_test = MN_SELF_TEST_FAILED;
		break;
	case MNP_SELF_TEST_BUSY:
		report->self_test = MN_SELF_TEST_BUSY;
		break;
	default:
		report->self_test = MN_SELF_TEST_NEVER;
		break;
	}
	*number = le32_to_cpu(p->number);
	*time_us = le64_to_cpu(p->time_us);
	return MNP_CHECK_OK;
}

/**
 * mnp_parse_result() - What became of a request.
 * @data: What it sent.
 * @size: How much.
 * @request: Out: which request.
 * @tag: Out: its tag.
 * @result: Out: MNP_RESULT_.
 *
 * Return: enum mnp_check.
 */
enum mnp_check mnp_parse_result(const void *data, size_t size, u8 *request, u16 *tag, u8 *result)
{
	const struct mnp_result *p = data;
	enum mnp_check check;

	if (size != sizeof(*p))
		return MNP_CHECK_SHORT;
	check = check_header(&p->header, MNP_TYPE_RESULT, size);
	if (check)
		return check;
	if (p->result > MNP_RESULT_MARK)
		return MNP_CHECK_VALUE;
	*request = p->request;
	*tag = le16_to_cpu(p->tag);
	*result = p->result;
	return MNP_CHECK_OK;
}

/**
 * mnp_parse_cartridge() - What the cartridge's tag says.
 * @data: What it sent.
 * @size: How much.
 * @tag: Out. A tag whose check fails, or that says impossible things, is present and not readable.
 *
 * Return: enum mnp_check, of the packet.
 */
enum mnp_check mnp_parse_cartridge(const void *data, size_t size, struct mn_tag *tag)
{
	const struct mnp_cartridge *p = data;
	enum mnp_check check;

	if (size != sizeof(*p))
		return MNP_CHECK_SHORT;
	check = check_header(&p->header, MNP_TYPE_CARTRIDGE, size);
	if (check)
		return check;
	if (p->present > 1)
		return MNP_CHECK_VALUE;

	memset(tag, 0, sizeof(*tag));
	tag->insertions = le16_to_cpu(p->insertions);
	tag->present = p->present;
	if (!tag->present ||
	    ~crc32_le(~0U, data, offsetof(struct mnp_cartridge, crc)) != le32_to_cpu(p->crc))
		return MNP_CHECK_OK;
	if (p->reserved || (p->mark != MNP_MARK_NONE && p->mark != MNP_MARK_USED) ||
	    !take_name(tag->lot, p->lot, sizeof(tag->lot)))
		return MNP_CHECK_OK;
	tag->readable = true;
	tag->marked = p->mark == MNP_MARK_USED;
	tag->needles = le16_to_cpu(p->needles);
	tag->uid = le64_to_cpu(p->uid);
	tag->limit[MN_QUANTITY_DEPTH] = le32_to_cpu(p->needle_um);
	tag->limit[MN_QUANTITY_RATE] = le32_to_cpu(p->max_rate_mhz);
	tag->limit[MN_QUANTITY_DOSE] = le32_to_cpu(p->max_strokes);
	tag->expiry_days = le32_to_cpu(p->expiry_days);
	memcpy(tag->treatment, p->treatment, sizeof(tag->treatment));
	return MNP_CHECK_OK;
}

/**
 * mnp_parse_strokes() - Strokes that were measured.
 * @data: What it sent.
 * @size: How much.
 * @strokes: Out: %MNP_STROKES_MAX of them; age_us is left 0.
 * @times_us: Out: when each was made, by its clock.
 * @count: Out: how many.
 * @time_us: Out: its clock when it sent them.
 *
 * Return: enum mnp_check.
 */
enum mnp_check mnp_parse_strokes(const void *data, size_t size, struct mn_stroke *strokes,
				 u64 *times_us, unsigned int *count, u64 *time_us)
{
	const struct mnp_strokes *p = data;
	enum mnp_check check;
	unsigned int i, n;

	if (size < sizeof(*p))
		return MNP_CHECK_SHORT;
	check = check_header(&p->header, MNP_TYPE_STROKES, size);
	if (check)
		return check;
	n = le16_to_cpu(p->count);
	if (!n || n > MNP_STROKES_MAX)
		return MNP_CHECK_VALUE;
	if (size != sizeof(*p) + n * sizeof(p->stroke[0]))
		return MNP_CHECK_LENGTH;
	if (p->reserved)
		return MNP_CHECK_RESERVED;
	*time_us = le64_to_cpu(p->time_us);
	for (i = 0; i < n; i++) {
		const struct mnp_stroke *from = &p->stroke[i];
		struct mn_stroke *to = &strokes[i];

		if (from->reserved)
			return MNP_CHECK_RESERVED;
		times_us[i] = le64_to_cpu(from->time_us);
		if (times_us[i] > *time_us)
			return MNP_CHECK_VALUE;
		to->number = le32_to_cpu(from->number);
		to->epoch = le32_to_cpu(from->epoch);
		to->depth_um = le32_to_cpu(from->depth_um);
		to->period_us = le32_to_cpu(from->period_us);
		to->current_ma = le32_to_cpu(from->current_ma);
		to->age_us = 0;
	}
	*count = n;
	return MNP_CHECK_OK;
}

/**
 * mnp_parse_waveform() - A part of a waveform.
 * @data: What it sent.
 * @size: How much.
 * @block: Out. mnp_take_samples() takes the samples themselves.
 *
 * Return: enum mnp_check.
 */
enum mnp_check mnp_parse_waveform(const void *data, size_t size, struct mnp_block *block)
{
	const struct mnp_waveform *p = data;
	enum mnp_check check;

	if (size < sizeof(*p))
		return MNP_CHECK_SHORT;
	check = check_header(&p->header, MNP_TYPE_WAVEFORM, size);
	if (check)
		return check;
	block->number = le32_to_cpu(p->number);
	block->tag = le16_to_cpu(p->tag);
	block->count = le16_to_cpu(p->count);
	block->period_ns = le32_to_cpu(p->period_ns);
	if (!block->count || block->count > MNP_WAVEFORM_MAX)
		return MNP_CHECK_VALUE;
	if (size != sizeof(*p) + block->count * sizeof(p->sample[0]))
		return MNP_CHECK_LENGTH;
	if (block->number > MNP_CAPTURE_SAMPLES_MAX - block->count ||
	    block->period_ns < NSEC_PER_SEC / MNP_CAPTURE_HZ_MAX ||
	    le64_to_cpu(p->time_us) > MNP_TIME_US_MAX)
		return MNP_CHECK_VALUE;
	block->time_ns = le64_to_cpu(p->time_us) * NSEC_PER_USEC;
	return MNP_CHECK_OK;
}

/**
 * mnp_take_samples() - Take some samples out of a block.
 * @data: The block, which mnp_parse_waveform() found to be in order.
 * @block: What that found.
 * @first: Index of the first, below mnp_block.count.
 * @count: How many, none beyond mnp_block.count.
 * @samples: Out: @count of them; mono_ns is the handpiece's clock.
 */
void mnp_take_samples(const void *data, const struct mnp_block *block, unsigned int first,
		      unsigned int count, struct mn_sample *samples)
{
	const struct mnp_waveform *p = data;
	unsigned int i;

	for (i = 0; i < count; i++) {
		const struct mnp_sample *from = &p->sample[first + i];

		samples[i].mono_ns = block->time_ns + (u64)(first + i) * block->period_ns;
		samples[i].number = block->number + first + i;
		samples[i].position_um = le16_to_cpu(from->position_um);
		samples[i].current_ma = le16_to_cpu(from->current_ma);
	}
}
