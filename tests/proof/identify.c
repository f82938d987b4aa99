// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identify, of any bytes and any number of them.
 */
#include "proof_packet.h"

/* As take_name() promises: printable, without spaces, and NUL padded to the end. */
static void check_name(const char *name, size_t size)
{
	const size_t at = nondet_size();

	ASSUME("a place in the name", at < size);
	PROVE("a name is not empty, and ends", name[0] && !name[size - 1]);
	PROVE("a name is printable, and nothing follows its end",
	      !name[at] ? (at + 1 == size || !name[at + 1])
			: (name[at] > ' ' && name[at] <= '~' && name[at] != '/' &&
			   name[at] != '\\' && name[at] != '"'));
}

void prove(void)
{
	struct mnp_identity identity;
	struct mn_caps caps;
	const u8 *packet;
	const size_t size = any_packet(&packet);
	const enum mnp_check check = mnp_parse_identify(packet, size, &caps, &identity);

	PROVE("one of the checks, or in order", check <= MNP_CHECK_SERIAL);
	COVER("too short", check == MNP_CHECK_SHORT);
	COVER("odd serial number", check == MNP_CHECK_SERIAL);
	if (check != MNP_CHECK_OK)
		return;
	PROVE("it has its size and its type",
	      size == sizeof(struct mnp_identify) && packet[0] == MNP_TYPE_IDENTIFY);
	PROVE("it is a USB handpiece with a source of limits",
	      caps.transport == MN_TRANSPORT_USB && caps.source == MN_SOURCE_DEVICE &&
		      caps.required && !caps.restarts && !caps.tagless);
	PROVE("it measures what there is", !(caps.measures & ~MNP_MEASURES_ALL));
	PROVE("its waveform is no faster than it may be",
	      caps.capture_max_hz <= MNP_CAPTURE_HZ_MAX);
	PROVE("its faults have names", !(identity.faults >> MN_FAULT_NR) && !(identity.faults & 1));
	check_name(caps.serial, sizeof(caps.serial));
	check_name(caps.firmware, sizeof(caps.firmware));
	COVER("in order", caps.has_trigger && identity.faults);
}
