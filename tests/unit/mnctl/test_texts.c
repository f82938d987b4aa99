// SPDX-License-Identifier: GPL-2.0-or-later
/* What people are told: errors, events, the record. Documents are written down as the daemon sends them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mnctl/event_text.h"
#include "mnctl/explain.h"
#include "mnctl/follow.h"
#include "mnctl/output.h"
#include "mnctl/record.h"

static json_t *json(const char *text)
{
	json_error_t error;
	json_t *value = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (!value)
		fail_msg("%s: line %d: %s", text, error.line, error.text);
	return value;
}

static void explains(const char *name, const char *message, const char *data, const char *expected)
{
	struct mn_client_error error = { .code = -32000 };
	char text[EXPLAIN_TEXT];

	snprintf(error.name, sizeof(error.name), "%s", name);
	snprintf(error.message, sizeof(error.message), "%s", message);
	error.data = data ? json(data) : NULL;
	assert_string_equal(explain_error(&error, text), expected);
	/* One line */
	assert_null(strchr(text, '\n'));
	mn_client_error_clear(&error);
}

static void a_limit_is_named_in_millimetres(void **state)
{
	(void)state;
	explains(
		"limit_exceeded", "x",
		"{\"limit\": {\"quantity\": \"depth\", \"source\": \"cartridge\", \"value\": 1500, \"requested\": 1800, \"unit\": \"um\"}}",
		"Refused: 1.80 mm was asked for; the limit of penetration depth is 1.50 mm, which is the cartridge's needle length. Ask for 1.50 mm or less.");
	explains(
		"limit_exceeded", "x",
		"{\"limit\": {\"quantity\": \"rate\", \"source\": \"device\", \"value\": 150000, \"requested\": 200500}}",
		"Refused: 200.5 Hz was asked for; the limit of stroke rate is 150 Hz, which is the handpiece's own limit. Ask for 150 Hz or less.");
	explains(
		"limit_exceeded", "x",
		"{\"limit\": {\"quantity\": \"depth\", \"source\": \"cartridge\", \"value\": 0, \"requested\": 500}}",
		"Refused: no penetration depth is allowed now, because the cartridge's needle length is not known or zero. Look at mnctl status.");
	/* Without the details the daemon's sentence stands */
	explains("limit_exceeded", "Too deep; ask for less.", NULL, "Too deep; ask for less.");
}

static void interlocks_and_faults_say_what_to_do(void **state)
{
	(void)state;
	explains(
		"interlock_open", "x", "{\"interlocks\": [\"emergency_stop\", \"trigger\"]}",
		"The handpiece is not ready. Release the emergency stop. Let go of the foot switch.");
	explains("interlock_open", "x", "{\"interlocks\": [\"of_the_future\"]}",
		 "The handpiece is not ready. of_the_future");
	explains(
		"fault_latched", "x", "{\"faults\": [\"emergency_stop\"]}",
		"The emergency stop was pressed or its line is open. Release it, then clear the fault. To clear: mnctl clear.");
	explains(
		"interlock_open", "x", "{\"interlocks\": [\"self_test\"]}",
		"The handpiece is not ready. Have the handpiece pass a self-test: mnctl self-test.");
	explains(
		"fault_latched", "x", "{\"faults\": [\"self_test\"]}",
		"The self-test failed. Clear the fault, then repeat the test with mnctl self-test; if it fails again, take the handpiece out of use. To clear: mnctl clear.");
	explains("fault_latched", "A fault is latched; clear it with device.clear_fault.",
		 "{\"faults\": []}", "A fault is latched; clear it with mnctl clear.");
}

static void what_mnctl_says_itself_is_left_alone(void **state)
{
	struct mn_client_error error = { .name = "fault_latched",
					 .message = "Stopped at 0.80 mm." };
	char text[EXPLAIN_TEXT];

	(void)state;
	error.data = json("{\"faults\": [\"over_depth\"]}");
	assert_string_equal(explain_error(&error, text), "Stopped at 0.80 mm.");
	mn_client_error_clear(&error);
}

static void methods_read_as_commands(void **state)
{
	(void)state;
	explains("not_found", "There is no device x; device.list shows what is plugged in.", NULL,
		 "There is no device x; mnctl list shows what is plugged in.");
	explains("wrong_state",
		 "It is armed; stop it with device.stop, then call device.self_test.", NULL,
		 "It is armed; stop it with mnctl stop, then call mnctl self-test.");
	explains("invalid_params", "depth_um must be 10 to 10000.", NULL,
		 "--depth (in um) must be 10 to 10000.");
	explains("unsupported",
		 "microneedle0 has not needle_um; device.declare_cartridge takes max_rate_mhz.",
		 NULL,
		 "microneedle0 has not --length (in um); mnctl declare takes --max-rate (in mHz).");
	/* Only whole words */
	explains("x", "my_depth_um depth_umbrella session.lists", NULL,
		 "my_depth_um depth_umbrella session.lists");
}

static void a_long_message_is_cut(void **state)
{
	struct mn_client_error error = { .name = "x" };
	char text[EXPLAIN_TEXT];

	(void)state;
	for (size_t i = 0; i + 9 < sizeof(error.message); i += 9)
		memcpy(error.message + i, "depth_um ", 9);
	explain_error(&error, text);
	assert_true(strlen(text) < EXPLAIN_TEXT);
}

static void says(const char *kind, const char *data, const char *expected)
{
	char text[EVENT_TEXT];
	json_t *value = json(data);
	const char *line = event_text(kind, value, text);

	if (!expected)
		assert_null(line);
	else
		assert_string_equal(line, expected);
	json_decref(value);
}

static void events_become_lines(void **state)
{
	(void)state;
	says("state", "{\"from\": \"armed\", \"to\": \"running\", \"cause\": \"trigger\"}",
	     "Handpiece running. The foot switch was pressed.");
	says("fault", "{\"fault\": \"over_depth\", \"detail\": [620, 500]}",
	     "Fault over_depth (0.62 mm, set 0.50 mm): A stroke went deeper than set. Inspect the skin and the cartridge, then clear the fault; if it comes again, take the handpiece out of use.");
	says("cleared", "{\"cleared\": [\"over_depth\"], \"remaining\": []}",
	     "Cleared: over_depth.");
	says("cleared", "{\"cleared\": [], \"remaining\": [\"emergency_stop\"]}",
	     "Cleared: none. Still latched: emergency_stop.");
	says("input",
	     "{\"inputs\": {\"trigger\": true, \"home\": false}, \"changed\": [\"trigger\", \"home\"]}",
	     "Foot switch pressed. Needles leave home.");
	says("armed", "{\"depth_um\": 500, \"rate_mhz\": 100000, \"strokes\": 1536}",
	     "Armed: 0.50 mm at 100 Hz, 1,536 strokes.");
	says("arm_refused",
	     "{\"error\": \"ERANGE\", \"quantity\": \"depth\", \"source\": \"ceiling\", \"value\": 1500}",
	     "Refused: the limit of penetration depth is 1.50 mm, the ceiling that the driver was loaded with.");
	says("arm_refused", "{\"error\": \"EAGAIN\", \"interlocks\": [\"trigger\"]}",
	     "Refused, not ready: Let go of the foot switch.");
	says("stroke",
	     "{\"count\": 1, \"depth_um\": 487, \"depth_max_um\": 487, \"rate_mhz\": 99800, \"current_ma\": 310}",
	     "1 stroke to 0.487 mm, at most 0.487 mm, at 99.8 Hz, 310 mA.");
	/* Where the current is not measured nothing is said of it */
	says("stroke",
	     "{\"count\": 2, \"depth_um\": 500, \"depth_max_um\": 500, \"rate_mhz\": 100000, \"current_ma\": 0}",
	     "2 strokes to 0.50 mm, at most 0.50 mm, at 100 Hz.");
	says("cartridge", "{\"present\": true, \"readable\": false, \"undeclared\": true}",
	     "A cartridge; nobody has said yet what it is.");
	says("cartridge", "{\"present\": true, \"readable\": false, \"spent\": true}",
	     "A cartridge that may have been used.");
	says("cartridge", "{\"present\": true, \"readable\": false}",
	     "The cartridge's tag cannot be read.");
	says("declared",
	     "{\"by\": \"mnop\", \"lot\": \"LOT7\", \"needles\": 12, \"needle_um\": 1500, \"expiry\": \"2027-01-31\"}",
	     "mnop declared the cartridge: 12 needles of 1.50 mm, lot LOT7, use by 2027-01-31.");
	says("self_test", "{\"self_test\": \"busy\", \"text\": \"x\"}",
	     "The handpiece tests itself, with its needle motor off.");
	says("self_test", "{\"self_test\": \"failed\"}",
	     "The handpiece failed its self-test, and is not armed before one has passed. To repeat it: mnctl self-test.");
	says("self_test", "{\"self_test\": \"of_the_future\"}", "Self-test: of_the_future.");
	says("device.added", "{\"model\": \"MN-SIM\", \"serial\": \"MN-SIM-0001\"}",
	     "Plugged in: MN-SIM, serial MN-SIM-0001.");
	says("device.removed", "{\"serial\": \"MN-SIM-0001\"}", "Unplugged: serial MN-SIM-0001.");
	/* What this version does not know, or what is of no interest to a person */
	says("strokes", "{\"count\": 256}", NULL);
	says("of_the_future", "{}", NULL);
	/* Nothing that is missing or of another type brings it down */
	says("state", "{}", "Handpiece . ");
	says("input", "{\"changed\": [\"of_the_future\"]}", "Inputs unchanged.");
	says("cartridge", "{}", "No cartridge.");
}

static void terminals_are_not_steered(void **state)
{
	json_t *value = json(
		"{\"model\": \"a\\u001b[2Jb\", \"list\": [\"x\\ny\", \"\\u009bz\", \"\\u202eabc\"], \"ok\": \"M\\u00e4rz\"}");
	json_t *list;

	(void)state;
	output_disarm(value);
	assert_string_equal(json_string_value(json_object_get(value, "model")), "a?[2Jb");
	assert_string_equal(json_string_value(json_object_get(value, "ok")), "M\u00e4rz");
	list = json_object_get(value, "list");
	assert_string_equal(json_string_value(json_array_get(list, 0)), "x?y");
	assert_string_equal(json_string_value(json_array_get(list, 1)), "?z");
	assert_string_equal(json_string_value(json_array_get(list, 2)), "?abc");
	json_decref(value);
}

/* Following a run */

static struct follow follow;

static unsigned int event(const char *text)
{
	json_t *value = json(text);
	unsigned int news = follow_event(&follow, value);

	json_decref(value);
	return news;
}

static int begin(void **state)
{
	json_t *status = json(
		"{\"session\": \"s1\", \"device\": \"microneedle0\", \"state\": \"opened\", \"reason\": \"attached\","
		" \"progress\": {\"strokes_done\": 0, \"strokes_planned\": 536, \"punctures_done\": 0}}");

	(void)state;
	memset(&follow, 0, sizeof(follow));
	follow_status(&follow, status);
	json_decref(status);
	return 0;
}

#define SESSION(state, reason)                                                                            \
	"{\"event\": \"session\", \"device\": \"microneedle0\", \"session\": \"s1\", \"state\": \"" state \
	"\", \"reason\": \"" reason "\"}"
#define DEVICE(to, cause)                                                                          \
	"{\"event\": \"state\", \"device\": \"microneedle0\", \"session\": \"s1\", \"to\": \"" to  \
	"\", \"cause\": \"" cause "\"}"

static void arm_and_press(void)
{
	event(SESSION("armed", "arm"));
	event(DEVICE("armed", "arm"));
	event(SESSION("running", "trigger"));
	event(DEVICE("running", "trigger"));
}

static void a_run_goes_to_its_end(void **state)
{
	(void)state;
	assert_int_equal(follow_end(&follow), FOLLOW_GOES_ON);
	arm_and_press();
	assert_int_equal(follow_end(&follow), FOLLOW_GOES_ON);
	assert_int_equal(
		event("{\"event\": \"progress\", \"device\": \"microneedle0\", \"session\": \"s1\", \"strokes_done\": 100, \"strokes_planned\": 536, \"punctures_done\": 1400}"),
		FOLLOW_NUMBERS);
	assert_int_equal(follow.strokes_done, 100);
	event(SESSION("completed", "complete"));
	event(DEVICE("safe", "complete"));
	assert_int_equal(follow_end(&follow), FOLLOW_COMPLETED);
}

static void letting_go_is_a_pause_and_no_end(void **state)
{
	(void)state;
	arm_and_press();
	event(SESSION("paused", "trigger_released"));
	event(DEVICE("armed", "trigger_released"));
	assert_int_equal(follow_end(&follow), FOLLOW_GOES_ON);
	event(SESSION("running", "trigger"));
	event(DEVICE("running", "trigger"));
	assert_int_equal(follow_end(&follow), FOLLOW_GOES_ON);
}

static void disarmed_is_the_end_whatever_comes_first(void **state)
{
	(void)state;
	arm_and_press();
	event(SESSION("paused", "stop"));
	assert_int_equal(follow_end(&follow), FOLLOW_GOES_ON);
	event(DEVICE("safe", "stop"));
	assert_int_equal(follow_end(&follow), FOLLOW_DISARMED);
	assert_string_equal(follow.cause, "stop");
	begin(NULL);
	event(DEVICE("safe", "arm_timeout"));
	event(SESSION("paused", "arm_timeout"));
	assert_int_equal(follow_end(&follow), FOLLOW_DISARMED);
}

static void fewer_strokes_than_planned_can_be_all_that_was_asked(void **state)
{
	(void)state;
	arm_and_press();
	event(SESSION("paused", "complete"));
	event(DEVICE("safe", "complete"));
	assert_int_equal(follow_end(&follow), FOLLOW_COMPLETED);
}

static void the_first_fault_is_why(void **state)
{
	(void)state;
	arm_and_press();
	event("{\"event\": \"fault\", \"device\": \"microneedle0\", \"fault\": \"over_depth\"}");
	event("{\"event\": \"fault\", \"device\": \"microneedle0\", \"fault\": \"not_home\"}");
	event(SESSION("faulted", "fault"));
	event(DEVICE("fault", "fault"));
	assert_int_equal(follow_end(&follow), FOLLOW_FAULTED);
	assert_string_equal(follow.fault, "over_depth");
}

static void unplugging_is_told_from_ending(void **state)
{
	(void)state;
	arm_and_press();
	event(SESSION("ended", "device_gone"));
	assert_int_equal(follow_end(&follow), FOLLOW_DEVICE_GONE);
	begin(NULL);
	event(SESSION("ended", "ended"));
	assert_int_equal(follow_end(&follow), FOLLOW_ENDED);
	begin(NULL);
	assert_int_equal(event("{\"event\": \"device.removed\", \"device\": \"microneedle0\"}"),
			 FOLLOW_GONE);
	assert_int_equal(follow_end(&follow), FOLLOW_DEVICE_GONE);
}

static void unplugging_while_running_latches_a_fault_too(void **state)
{
	(void)state;
	arm_and_press();
	event("{\"event\": \"fault\", \"device\": \"microneedle0\", \"fault\": \"unplugged\"}");
	event(SESSION("faulted", "fault"));
	assert_int_equal(follow_end(&follow), FOLLOW_DEVICE_GONE);
}

static void others_do_not_concern_us(void **state)
{
	(void)state;
	arm_and_press();
	assert_int_equal(event("{\"event\": \"device.removed\", \"device\": \"microneedle1\"}"), 0);
	assert_int_equal(
		event("{\"event\": \"session\", \"device\": \"microneedle0\", \"session\": \"s2\", \"state\": \"completed\"}"),
		0);
	assert_int_equal(event("{\"event\": \"of_the_future\", \"device\": \"microneedle0\"}"), 0);
	assert_int_equal(event("{}"), 0);
	assert_int_equal(follow_end(&follow), FOLLOW_GOES_ON);
}

/* The record */

static void the_record_reads_like_one(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	json_t *record = json(
		"{\"session\": \"s1\", \"operator\": \"mnop\", \"qualification\": \"esthetician\", \"ceiling_um\": 1500,"
		" \"opened\": \"2026-03-01T14:05:09.123Z\", \"ended\": \"2026-03-01T14:09:00.000Z\","
		" \"outcome\": \"completed\", \"patient\": \"MN-4711\", \"indication\": \"wrinkles\","
		" \"area\": \"forehead\", \"area_cm2\": 30, \"note\": \"mild redness\","
		" \"plan\": {\"punctures\": 7500, \"strokes\": 536, \"depth_um\": 500, \"rate_mhz\": 100000},"
		" \"prechecks\": {\"consent\": true, \"contraindications\": true, \"cartridge\": false},"
		" \"cartridge\": {\"needles\": 14, \"needle_um\": 1500, \"lot\": \"L1\", \"lot_given\": null},"
		" \"device\": {\"model\": \"MN-SIM\", \"serial\": \"MN-SIM-0001\", \"firmware\": \"1.0\"},"
		" \"events\": ["
		"  {\"kind\": \"open\", \"time\": \"2026-03-01T14:05:09.123Z\", \"data\": {}},"
		"  {\"kind\": \"prechecks\", \"time\": \"2026-03-01T14:05:10.000Z\", \"data\":"
		"    {\"consent\": true, \"contraindications\": true, \"cartridge\": true}},"
		"  {\"kind\": \"owner_lost\", \"time\": \"2026-03-01T14:05:10.000Z\", \"data\": {}},"
		"  {\"kind\": \"attached\", \"time\": \"2026-03-01T14:06:00.000Z\", \"data\": {}},"
		"  {\"kind\": \"arm\", \"time\": \"2026-03-01T14:06:00.000Z\", \"data\": {}},"
		"  {\"kind\": \"state\", \"time\": \"2026-03-01T14:06:00.000Z\", \"data\":"
		"    {\"from\": \"safe\", \"to\": \"armed\", \"cause\": \"arm\"}},"
		"  {\"kind\": \"armed\", \"time\": \"2026-03-01T14:06:00.000Z\", \"data\":"
		"    {\"depth_um\": 500, \"rate_mhz\": 100000, \"strokes\": 536}},"
		"  {\"kind\": \"state\", \"time\": \"2026-03-01T14:06:05.000Z\", \"data\":"
		"    {\"from\": \"running\", \"to\": \"armed\", \"cause\": \"trigger_released\"}},"
		"  {\"kind\": \"strokes\", \"time\": \"2026-03-01T14:06:05.000Z\", \"data\": {\"count\": 9}},"
		"  {\"kind\": \"fault\", \"time\": \"2026-03-01T14:06:06.000Z\", \"data\":"
		"    {\"fault\": \"over_depth\", \"detail\": [620, 500]}},"
		"  {\"kind\": \"owner_lost\", \"time\": \"2026-03-01T14:06:07.000Z\", \"data\": {}},"
		"  {\"kind\": \"state\", \"time\": \"2026-03-01T14:06:07.000Z\", \"data\":"
		"    {\"from\": \"armed\", \"to\": \"fault\", \"cause\": \"fault\"}},"
		"  {\"kind\": \"owner_lost\", \"time\": \"2026-03-01T14:06:08.000Z\", \"data\": {}}],"
		" \"faults\": [\"over_depth\"],"
		" \"summary\": {\"strokes\": 536, \"punctures\": 7500, \"run_ms\": 5400},"
		" \"strokes\": {\"count\": 536, \"depth_um\": {\"min\": 462, \"mean\": 489, \"max\": 620, \"p99\": 499},"
		"  \"histogram\": {\"bin_um\": 50, \"counts\": [[450, 535], [600, 1]]}},"
		" \"chain\": {\"hash\": \"0123456789abcdef0123\", \"prev\": \"\", \"valid\": true}}");

	(void)state;
	setenv("TZ", "UTC", 1);
	record_print(f, record);
	fclose(f);
	json_decref(record);
	assert_string_equal(
		text,
		"Session s1\n"
		"  Opened      2026-03-01 14:05:09 by mnop (esthetician)\n"
		"  Ended       2026-03-01 14:09:00, completed\n"
		"  Patient     MN-4711\n"
		"  Treated     forehead, 30 cm2, for wrinkles\n"
		"  Handpiece   MN-SIM, serial MN-SIM-0001, firmware 1.0\n"
		"  Cartridge   14 needles of 1.50 mm, lot L1\n"
		"  Checked     consent, contraindications, cartridge\n"
		"  Planned     0.50 mm at 100 Hz, 7,500 punctures in 536 strokes\n"
		"  Set         0.50 mm at 100 Hz\n"
		"  Measured    least 0.462 mm, mean 0.489 mm, most 0.62 mm, 0.12 mm deeper than set\n"
		"  Made        536 strokes, 7,500 punctures; the needles moved for 6 s\n"
		"  Pauses      1\n"
		"  Faults      over_depth\n"
		"  Note        mild redness\n"
		"  Record      unchanged since it was written (0123456789abcdef)\n"
		"\n"
		"What happened\n"
		"  14:05:09  Opened.\n"
		"  14:05:10  Checks ticked off.\n"
		"  14:06:00  Armed: 0.50 mm at 100 Hz, 536 strokes.\n"
		"  14:06:05  Handpiece armed. The foot switch was released; press it to go on.\n"
		"  14:06:06  Fault over_depth (0.62 mm, set 0.50 mm): A stroke went deeper than set. Inspect the skin and the cartridge, then clear the fault; if it comes again, take the handpiece out of use.\n"
		"  14:06:07  The operator's program ended.\n"
		"\n"
		"Depth of the strokes\n"
		"  0.45 to 0.50 mm        535  ########################################\n"
		"  0.60 to 0.65 mm          1  #  deeper than set\n");
	free(text);
}

static void shows(const char *document, const char *line)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	json_t *record = json(document);

	record_print(f, record);
	fclose(f);
	json_decref(record);
	if (!strstr(text, line))
		fail_msg("%s is not in: %s", line, text);
	free(text);
}

/* Somebody's word is not a tag, and a count of steps is not a measurement */
static void a_record_says_how_it_is_known(void **state)
{
	(void)state;
	shows("{\"cartridge\": {\"needles\": 12, \"needle_um\": 1500, \"lot\": \"LOT7\", \"declared\": {\"by\": \"mnop\"}}}",
	      "12 needles of 1.50 mm, lot LOT7, declared by mnop, not read from a tag\n");
	shows("{\"cartridge\": {\"needles\": 12, \"needle_um\": 1500, \"lot\": \"LOT7\", \"declared\": {\"by\": null}}}",
	      "lot LOT7, declared, not read from a tag\n");
	shows("{\"cartridge\": {\"needles\": 12, \"needle_um\": 1500, \"lot\": \"LOT7\", \"declared\": null}}",
	      "lot LOT7\n");
	shows("{\"device\": {\"measures\": [5, \"rate\", \"counted\"]}, \"strokes\": {\"depth_um\": {\"min\": 500, \"mean\": 500, \"max\": 500}}}",
	      "  Counted     least 0.50 mm, mean 0.50 mm, most 0.50 mm");
}

static void a_record_with_nothing_in_it_does_no_harm(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	json_t *record =
		json("{\"chain\": {\"valid\": false}, \"ended\": null, \"summary\": null}");

	(void)state;
	record_print(f, record);
	fclose(f);
	json_decref(record);
	assert_non_null(strstr(text, "DAMAGED"));
	assert_non_null(strstr(text, "Ended       not yet"));
	assert_null(strstr(text, "Depth of the strokes"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_limit_is_named_in_millimetres),
		cmocka_unit_test(interlocks_and_faults_say_what_to_do),
		cmocka_unit_test(what_mnctl_says_itself_is_left_alone),
		cmocka_unit_test(methods_read_as_commands),
		cmocka_unit_test(a_long_message_is_cut),
		cmocka_unit_test(events_become_lines),
		cmocka_unit_test(terminals_are_not_steered),
		cmocka_unit_test_setup(a_run_goes_to_its_end, begin),
		cmocka_unit_test_setup(letting_go_is_a_pause_and_no_end, begin),
		cmocka_unit_test_setup(disarmed_is_the_end_whatever_comes_first, begin),
		cmocka_unit_test_setup(fewer_strokes_than_planned_can_be_all_that_was_asked, begin),
		cmocka_unit_test_setup(the_first_fault_is_why, begin),
		cmocka_unit_test_setup(unplugging_is_told_from_ending, begin),
		cmocka_unit_test_setup(unplugging_while_running_latches_a_fault_too, begin),
		cmocka_unit_test_setup(others_do_not_concern_us, begin),
		cmocka_unit_test(the_record_reads_like_one),
		cmocka_unit_test(a_record_says_how_it_is_known),
		cmocka_unit_test(a_record_with_nothing_in_it_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
