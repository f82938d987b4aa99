// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cartridge's tag, of any bytes and any number of them, whether its check is right or not.
 */
#include "proof_packet.h"

void prove(void)
{
	struct mn_tag tag;
	const u8 *packet;
	const size_t size = any_packet(&packet);
	const enum mnp_check check = mnp_parse_cartridge(packet, size, &tag);

	PROVE("one of the checks, or in order",
	      check <= MNP_CHECK_LENGTH || check == MNP_CHECK_VALUE);
	COVER("an impossible value", check == MNP_CHECK_VALUE);
	if (check != MNP_CHECK_OK)
		return;
	PROVE("it has its size and its type",
	      size == sizeof(struct mnp_cartridge) && packet[0] == MNP_TYPE_CARTRIDGE);
	PROVE("what is read is there", tag.present || !tag.readable);
	PROVE("what can't be read says nothing and limits to 0",
	      tag.readable ||
		      (!tag.marked && !tag.needles && !tag.uid && !tag.limit[MN_QUANTITY_DEPTH] &&
		       !tag.limit[MN_QUANTITY_RATE] && !tag.limit[MN_QUANTITY_DOSE]));
	PROVE("a lot has a name that ends",
	      !tag.readable || (tag.lot[0] && !tag.lot[sizeof(tag.lot) - 1]));
	COVER("in order, marked", tag.readable && tag.marked);
	COVER("in order, unmarked", tag.readable && !tag.marked);
	COVER("unreadable", tag.present && !tag.readable);
	COVER("absent", !tag.present);
}
