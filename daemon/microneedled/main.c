// SPDX-License-Identifier: GPL-2.0-or-later
/* Start, reload, end. */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "chain.h"
#include "config.h"
#include "device.h"
#include "hotplug.h"
#include "log.h"
#include "methods.h"
#include "mnd.h"
#include "presets.h"
#include "rpc.h"
#include "server.h"
#include "store.h"
#include "telemetry.h"
#include "treatment.h"
#include "users.h"
#include "worker.h"

#define SOCKET "/run/microneedle/control.sock"
#define DATABASE "/var/lib/microneedle/record.db"
#define CONFIG "/etc/microneedle/microneedled.conf"
#define PROTOCOLS "/etc/microneedle/protocols"
#define GRACE_MS 30000
#define IDLE_GRACE_MS 600000
/* Every connection, plus what devices, database and threads need */
#define DESCRIPTORS (SERVER_CONNECTIONS + 128)

static const char usage[] =
	"Usage: microneedled [OPTION...]\n"
	"Serves microneedling handpieces to the programs of a clinic workstation.\n"
	"\n"
	"  --socket PATH         listen here (default " SOCKET ")\n"
	"  --database PATH       keep the record here (default " DATABASE ")\n"
	"  --config FILE         operators and ceilings (default " CONFIG ")\n"
	"  --protocols DIR       treatment presets (default " PROTOCOLS ")\n"
	"  --grace-ms N          end a session this long after its owner was lost while it\n"
	"                        was armed or running (default 30000)\n"
	"  --idle-grace-ms N     likewise when nothing was armed (default 600000)\n"
	"  --foreground          accepted for clarity; it never leaves the foreground\n"
	"  --dump-openrpc        print the description of the protocol and exit\n"
	"  --version, --help\n"
	"\n"
	"SIGHUP reads configuration, groups and presets again. See microneedled(8).\n";

enum option_value {
	OPTION_SOCKET = 256,
	OPTION_DATABASE,
	OPTION_CONFIG,
	OPTION_PROTOCOLS,
	OPTION_GRACE,
	OPTION_IDLE_GRACE,
	OPTION_FOREGROUND,
	OPTION_DUMP,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option options[] = {
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "database", required_argument, NULL, OPTION_DATABASE },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "protocols", required_argument, NULL, OPTION_PROTOCOLS },
	{ "grace-ms", required_argument, NULL, OPTION_GRACE },
	{ "idle-grace-ms", required_argument, NULL, OPTION_IDLE_GRACE },
	{ "foreground", no_argument, NULL, OPTION_FOREGROUND },
	{ "dump-openrpc", no_argument, NULL, OPTION_DUMP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ NULL, 0, NULL, 0 },
};

static int dump(void)
{
	json_t *document = methods_document();
	int result = json_dumpf(document, stdout, JSON_INDENT(2)) || putchar('\n') == EOF;

	json_decref(document);
	return result || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int64_t milliseconds(const char *option, const char *text)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < 0 || value > 86400000) {
		fprintf(stderr, "microneedled: --%s takes 0 to 86400000 milliseconds, not \"%s\"\n",
			option, text);
		exit(2);
	}
	return value;
}

static void parse(struct mnd_options *chosen, int argc, char **argv)
{
	int value, index = 0;

	while ((value = getopt_long(argc, argv, "", options, &index)) != -1) {
		switch (value) {
		case OPTION_SOCKET:
			chosen->socket = optarg;
			break;
		case OPTION_DATABASE:
			chosen->database = optarg;
			break;
		case OPTION_CONFIG:
			chosen->config = optarg;
			break;
		case OPTION_PROTOCOLS:
			chosen->protocols = optarg;
			break;
		case OPTION_GRACE:
			chosen->grace_ms = milliseconds("grace-ms", optarg);
			break;
		case OPTION_IDLE_GRACE:
			chosen->idle_grace_ms = milliseconds("idle-grace-ms", optarg);
			break;
		case OPTION_FOREGROUND:
			break;
		case OPTION_DUMP:
			exit(dump());
		case OPTION_VERSION:
			puts("microneedled " MND_VERSION);
			exit(EXIT_SUCCESS);
		case OPTION_HELP:
			fputs(usage, stdout);
			exit(EXIT_SUCCESS);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "microneedled: unexpected argument \"%s\"\n%s", argv[optind],
			usage);
		exit(2);
	}
}

/* Reloading: files and groups are read on a thread, and put in place in the loop */

struct reload {
	struct job job;
	struct mnd *mnd;
	struct policy policy;
	struct presets *presets;
	bool ok;
	char error[256];
};

static void run_reload(struct job *job)
{
	struct reload *reload = (struct reload *)job;
	const struct mnd_options *chosen = &reload->mnd->options;

	reload->ok =
		config_load(chosen->config, &reload->policy, reload->error, sizeof(reload->error));
	if (!reload->ok)
		return;
	users_groups(&reload->policy.groups);
	reload->presets = presets_load(chosen->protocols);
}

static void reload_done(struct job *job)
{
	struct reload *reload = (struct reload *)job;
	struct mnd *mnd = reload->mnd;

	if (!reload->ok) {
		log_error("%s: %s; the configuration stays as it was", mnd->options.config,
			  reload->error);
	} else {
		config_free(&mnd->policy);
		mnd->policy = reload->policy;
		if (reload->presets) {
			presets_free(mnd->presets);
			mnd->presets = reload->presets;
		}
		if (mnd->users)
			users_forget(mnd);
		log_info("configuration read again; it holds for new connections and sessions");
	}
	sd_notifyf(0, "READY=1");
	free(reload);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	struct mnd *mnd = arg;
	struct reload *reload;

	(void)number;
	(void)what;
	if (mnd->ending)
		return;
	reload = calloc(1, sizeof(*reload));
	if (!reload)
		return;
	sd_notify(0, "RELOADING=1");
	reload->job.run = run_reload;
	reload->job.done = reload_done;
	reload->mnd = mnd;
	users_submit(mnd, &reload->job);
}

/* Ending: needles first, then records, then the rest */

static void store_ended(struct mnd *mnd)
{
	event_base_loopbreak(mnd->base);
}

static void treatments_over(struct mnd *mnd)
{
	hotplug_free(mnd);
	devices_end(mnd);
	server_free(mnd);
	store_end(mnd, store_ended);
}

static void on_terminate(evutil_socket_t number, short what, void *arg)
{
	struct mnd *mnd = arg;

	(void)what;
	if (mnd->ending)
		return;
	log_info("ending: %s", strsignal((int)number));
	sd_notify(0, "STOPPING=1");
	mnd->ending = true;
	json_decref(devices_stop_all(mnd, "daemon_ended"));
	server_stop_listening(mnd);
	treatments_end(mnd, treatments_over);
}

static bool prepare_base(struct mnd *mnd)
{
	struct event_config *config = event_config_new();
	struct timeval most = { .tv_usec = 20000 };

	if (!config)
		return false;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	/* Look for device events again after this many client events */
	event_config_set_max_dispatch_interval(config, &most, 16, PRIORITY_CLIENT);
	mnd->base = event_base_new_with_config(config);
	event_config_free(config);
	return mnd->base && !event_base_priority_init(mnd->base, PRIORITIES);
}

static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < DESCRIPTORS)
		log_warning("%d descriptors are wanted and %llu allowed; raise LimitNOFILE",
			    DESCRIPTORS, (unsigned long long)limit.rlim_cur);
}

static struct event *signals[3];

static bool watch_signals(struct mnd *mnd)
{
	signals[0] = evsignal_new(mnd->base, SIGTERM, on_terminate, mnd);
	signals[1] = evsignal_new(mnd->base, SIGINT, on_terminate, mnd);
	signals[2] = evsignal_new(mnd->base, SIGHUP, on_hangup, mnd);
	for (int i = 0; i < 3; i++) {
		if (!signals[i] || event_add(signals[i], NULL)) {
			log_error("signals cannot be watched: no memory");
			return false;
		}
	}
	return true;
}

static bool start(struct mnd *mnd)
{
	char error[256];

	if (!config_load(mnd->options.config, &mnd->policy, error, sizeof(error))) {
		log_error("%s: %s", mnd->options.config, error);
		return false;
	}
	users_groups(&mnd->policy.groups);
	mnd->presets = presets_load(mnd->options.protocols);
	if (!mnd->presets || !prepare_base(mnd) || rpc_start(mnd) || devices_start(mnd) ||
	    treatments_start(mnd) || telemetry_start(mnd) || users_start(mnd)) {
		log_error("cannot start: %s", strerror(errno));
		return false;
	}
	/* Before anybody can know that it is there, so that it never ends but in order */
	return watch_signals(mnd) && !store_start(mnd) && !server_start(mnd) && !hotplug_start(mnd);
}

static void finish(struct mnd *mnd)
{
	telemetry_free(mnd);
	treatments_free(mnd);
	devices_free(mnd);
	rpc_free(mnd);
	presets_free(mnd->presets);
	config_free(&mnd->policy);
	for (int i = 0; i < 3; i++)
		event_free(signals[i]);
}

int main(int argc, char **argv)
{
	static struct mnd mnd = {
		.options = {
			.socket = SOCKET,
			.database = DATABASE,
			.config = CONFIG,
			.protocols = PROTOCOLS,
			.grace_ms = GRACE_MS,
			.idle_grace_ms = IDLE_GRACE_MS,
		},
	};

	parse(&mnd.options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	raise_descriptors();
	chain_init();
	json_object_seed(0);
	if (!start(&mnd))
		return EXIT_FAILURE;
	log_info("ready on %s", mnd.options.socket);
	sd_notify(0, "READY=1");
	event_base_dispatch(mnd.base);
	finish(&mnd);
	return EXIT_SUCCESS;
}
