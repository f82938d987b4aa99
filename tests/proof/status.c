// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Status and result, of any bytes and any number of them.
 */
#include "proof_packet.h"

static void prove_status(const u8 *packet, size_t size)
{
	struct mn_report report;
	u32 number;
	u64 time_us;
	const enum mnp_check check = mnp_parse_status(packet, size, &report, &number, &time_us);

	PROVE("one of the checks, or in order", check <= MNP_CHECK_VALUE);
	COVER("an impossible value", check == MNP_CHECK_VALUE);
	COVER("a reserved field", check == MNP_CHECK_RESERVED);
	if (check != MNP_CHECK_OK)
		return;
	PROVE("it has its size and its type",
	      size == sizeof(struct mnp_status) && packet[0] == MNP_TYPE_STATUS);
	PROVE("inputs that there are",
	      !(report.inputs & ~(MN_INPUT_EMERGENCY_STOP | MN_INPUT_TRIGGER | MN_INPUT_CARTRIDGE |
				  MN_INPUT_HOME)));
	PROVE("a self-test has a result that there is", report.self_test <= MN_SELF_TEST_BUSY);
	PROVE("its faults have names", !(report.faults >> MN_FAULT_NR) && !(report.faults & 1));
	COVER("in order, with a fault and idle", report.faults && report.idle);
	COVER("in order, and running", !report.idle);
}

static void prove_result(const u8 *packet, size_t size)
{
	u8 request, result;
	u16 tag;
	const enum mnp_check check = mnp_parse_result(packet, size, &request, &tag, &result);

	PROVE("a result is one that there is", check != MNP_CHECK_OK || result <= MNP_RESULT_MARK);
	PROVE("a result has its size", check != MNP_CHECK_OK || size == sizeof(struct mnp_result));
	COVER("a result in order", check == MNP_CHECK_OK && result == MNP_RESULT_MARK);
}

void prove(void)
{
	const u8 *packet;
	const size_t size = any_packet(&packet);
	const u64 faults = nondet_u64();

	PROVE("what is cleared are faults that it has", !(mnp_own_faults(faults) & ~MNP_FAULT_ALL));
	if (nondet_bool())
		prove_status(packet, size);
	else
		prove_result(packet, size);
}
