// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIRST_UID UINT64_C(0x4d4e000000000001)

static const char usage[] =
	"Usage: mn-handpiece [OPTION]...\n"
	"A simulated microneedling handpiece on a USB device controller, which needs root, or\n"
	"on the USB bus of a virtual machine.\n"
	"\n"
	"  --serial NAME        serial number, letters, digits and dashes   (MN-SIM-0001)\n"
	"  --control PATH       control socket                    (/run/mn-handpiece.sock)\n"
	"  --trace FILE         write what happens, one JSON object a line\n"
	"  --nv FILE            keep latched faults there from run to run\n"
	"  --front ffs|usbredir on a device controller, or for QEMU's usb-redir device  (ffs)\n"
	"  --listen PATH        usbredir: the socket that the virtual machine connects to\n"
	"  --udc NAME           device controller of /sys/class/udc       (dummy_udc.0)\n"
	"  --cartridge none     start without a cartridge\n"
	"  --cartridge KEY=VALUE,...\n"
	"                       the cartridge at start: needle_um (1500), needles (14), uid (hex),\n"
	"                       lot, expiry (+365d: days from today, or days since 1970),\n"
	"                       max_rate_mhz, max_strokes\n"
	"  --foot-switch yes|no it has a foot switch, and only that starts it     (yes)\n"
	"  --speed high|full    of the bus                                       (high)\n"
	"  --capture-hz N       its fastest waveform, 0: it has none            (20000)\n"
	"  --self-test passed|failed|never\n"
	"                       what the self-test was at power-on             (passed)\n"
	"  --seed N             of everything random in the physics                 (1)\n"
	"  --fifo               leave IN packets to the controller's FIFO, stale ones too\n"
	"  --help\n"
	"\n"
	"Prints \"ready\" once it is on the bus. SIGTERM or SIGINT ends it.\n";

uint32_t hp_today(void)
{
	return (uint32_t)(time(NULL) / 86400);
}

static bool number(const char *text, int base, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	return !errno && end != text && !*end && *value <= max && *text != '-';
}

static bool expiry(const char *text, uint32_t *days)
{
	char copy[16];
	uint64_t n;
	size_t length = strlen(text);

	if (*text != '+')
		return number(text, 10, 1000000, &n) && (*days = (uint32_t)n, true);
	if (length < 3 || length >= sizeof(copy) || text[length - 1] != 'd')
		return false;
	memcpy(copy, text + 1, length - 2);
	copy[length - 2] = '\0';
	if (!number(copy, 10, 100000, &n))
		return false;
	*days = hp_today() + (uint32_t)n;
	return true;
}

static bool cartridge_member(struct hp_cartridge_spec *spec, const char *key, const char *value)
{
	uint64_t n;

	if (!strcmp(key, "expiry"))
		return expiry(value, &spec->expiry_days);
	if (!strcmp(key, "lot")) {
		memset(spec->lot, 0, sizeof(spec->lot));
		snprintf(spec->lot, sizeof(spec->lot), "%s", value);
		return true;
	}
	if (!strcmp(key, "uid"))
		return number(value, 16, UINT64_MAX, &spec->uid);
	if (!number(value, 10, UINT32_MAX, &n))
		return false;
	if (!strcmp(key, "needle_um"))
		spec->needle_um = (uint32_t)n;
	else if (!strcmp(key, "needles") && n <= UINT16_MAX)
		spec->needles = (uint16_t)n;
	else if (!strcmp(key, "max_rate_mhz"))
		spec->max_rate_mhz = (uint32_t)n;
	else if (!strcmp(key, "max_strokes"))
		spec->max_strokes = (uint32_t)n;
	else
		return false;
	return true;
}

static bool cartridge(struct hp_options *o, char *text)
{
	char *rest = text, *member, *value;

	if (!strcmp(text, "none")) {
		o->cartridge = false;
		return true;
	}
	while ((member = strsep(&rest, ","))) {
		value = strchr(member, '=');
		if (!value)
			return false;
		*value++ = '\0';
		if (!cartridge_member(&o->spec, member, value))
			return false;
	}
	return true;
}

static bool choice(const char *text, const char *yes, const char *no, bool *value)
{
	*value = !strcmp(text, yes);
	return *value || !strcmp(text, no);
}

static bool capture_hz(const char *text, uint32_t *hz)
{
	uint64_t n;

	return number(text, 10, MNP_CAPTURE_HZ_MAX, &n) && (*hz = (uint32_t)n, true);
}

static bool self_test(const char *text, uint32_t *result)
{
	static const char *const names[] = {
		[MNP_SELF_TEST_NEVER] = "never",
		[MNP_SELF_TEST_PASSED] = "passed",
		[MNP_SELF_TEST_FAILED] = "failed",
	};

	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			*result = i;
			return true;
		}
	}
	return false;
}

static bool serial(struct hp_options *o, const char *text)
{
	if (!*text || strlen(text) >= sizeof(o->id.serial))
		return false;
	for (const char *c = text; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '-')
			return false;
	}
	memset(o->id.serial, 0, sizeof(o->id.serial));
	snprintf(o->id.serial, sizeof(o->id.serial), "%s", text);
	return true;
}

int hp_options_parse(struct hp_options *o, int argc, char **argv)
{
	enum {
		SERIAL = 1,
		CONTROL,
		TRACE,
		NV,
		UDC,
		FRONT,
		LISTEN,
		CARTRIDGE,
		FOOT_SWITCH,
		SPEED,
		CAPTURE_HZ,
		SELF_TEST,
		SEED,
		FIFO,
		HELP
	};
	static const struct option options[] = {
		{ "serial", required_argument, NULL, SERIAL },
		{ "control", required_argument, NULL, CONTROL },
		{ "trace", required_argument, NULL, TRACE },
		{ "nv", required_argument, NULL, NV },
		{ "udc", required_argument, NULL, UDC },
		{ "front", required_argument, NULL, FRONT },
		{ "listen", required_argument, NULL, LISTEN },
		{ "cartridge", required_argument, NULL, CARTRIDGE },
		{ "foot-switch", required_argument, NULL, FOOT_SWITCH },
		{ "speed", required_argument, NULL, SPEED },
		{ "capture-hz", required_argument, NULL, CAPTURE_HZ },
		{ "self-test", required_argument, NULL, SELF_TEST },
		{ "seed", required_argument, NULL, SEED },
		{ "fifo", no_argument, NULL, FIFO },
		{ "help", no_argument, NULL, HELP },
		{ NULL, 0, NULL, 0 },
	};
	bool ok = true, usbredir = false;
	int option, at = -1;

	memset(o, 0, sizeof(*o));
	hp_identity_default(&o->id);
	hp_cartridge_spec_default(&o->spec, FIRST_UID, hp_today());
	o->control = "/run/mn-handpiece.sock";
	o->udc = "dummy_udc.0";
	o->high_speed = true;
	o->cartridge = true;
	o->seed = 1;
	while (ok && (option = getopt_long(argc, argv, "", options, &at)) != -1) {
		switch (option) {
		case SERIAL:
			ok = serial(o, optarg);
			break;
		case CONTROL:
			o->control = optarg;
			break;
		case TRACE:
			o->trace = optarg;
			break;
		case NV:
			o->nv = optarg;
			break;
		case UDC:
			o->udc = optarg;
			break;
		case FRONT:
			ok = choice(optarg, "usbredir", "ffs", &usbredir);
			break;
		case LISTEN:
			o->listen = optarg;
			break;
		case CARTRIDGE:
			ok = cartridge(o, optarg);
			break;
		case FOOT_SWITCH:
			ok = choice(optarg, "yes", "no", &o->id.foot_switch);
			break;
		case SPEED:
			ok = choice(optarg, "high", "full", &o->high_speed);
			break;
		case CAPTURE_HZ:
			ok = capture_hz(optarg, &o->id.capture_max_hz);
			break;
		case SELF_TEST:
			ok = self_test(optarg, &o->id.self_test);
			break;
		case SEED:
			ok = number(optarg, 10, UINT64_MAX, &o->seed);
			break;
		case FIFO:
			o->fifo = true;
			break;
		case HELP:
			fputs(usage, stdout);
			return 0;
		default:
			fputs("try mn-handpiece --help\n", stderr);
			return 2;
		}
	}
	if (!ok) {
		fprintf(stderr, "mn-handpiece: --%s does not take that value: see --help\n",
			options[at].name);
		return 2;
	}
	if (optind < argc) {
		fprintf(stderr, "mn-handpiece: \"%s\" is no option: see --help\n", argv[optind]);
		return 2;
	}
	if (usbredir != (o->listen != NULL)) {
		fputs("mn-handpiece: --front usbredir and --listen go together\n", stderr);
		return 2;
	}
	return -1;
}
