// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arm, wait for the foot switch, show the treatment until its end. The needles stop when this ends,
 * however it ends: here on a signal, in the daemon when the connection closes.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"
#include "remote.h"
#include "signals.h"
#include "treat.h"
#include "units.h"

/* The bar is redrawn at least this often, so that a pause does not look like a hang */
#define REDRAW_MS 250

const struct arg_option session_run_options[] = {
	TREAT_OPTIONS,
	{ "start", ARG_FLAG, NULL, "Start at once where there is no foot switch", NULL, false },
	{ NULL, ARG_FLAG, NULL, NULL, NULL, false },
};

struct run {
	struct mnctl *ctl;
	struct follow follow;
	struct progress progress;
	bool foot_switch;
	char told[16]; /* the state that the person was told last */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(struct run *run, const char *text)
{
	if (!run->ctl->out.json)
		progress_line(&run->progress, text);
}

static void say_armed(struct run *run, const json_t *armed)
{
	const json_t *set = json_object_get(armed, "set_point");
	char depth[UNITS_TEXT], rate[UNITS_TEXT], text[200];

	run->progress.rate_mhz = field_number(set, "rate_mhz");
	snprintf(text, sizeof(text), "Armed: %s at %s.%s",
		 units_depth(depth, field_number(set, "depth_um")),
		 units_rate(rate, run->progress.rate_mhz),
		 run->foot_switch
			 ? " Press the foot switch to start, let go of it to pause. Ctrl-C stops."
			 : "");
	say(run, text);
}

/* A line for each change that a person feels in the hand */
static void say_state(struct run *run)
{
	const char *state = run->follow.state;

	if (strcmp(state, run->told) == 0)
		return;
	if (strcmp(state, "running") == 0)
		say(run, strcmp(run->told, "paused") == 0 ? "Going on." : "Running.");
	else if (strcmp(state, "paused") == 0 &&
		 strcmp(run->follow.reason, "trigger_released") == 0)
		say(run, "Paused. Press the foot switch to go on.");
	snprintf(run->told, sizeof(run->told), "%s", state);
}

static void show(struct run *run)
{
	bool running = strcmp(run->follow.state, "running") == 0;

	run->progress.planned = run->follow.strokes_planned;
	run->progress.depth_um = run->follow.depth_um;
	run->progress.width = output_width();
	if (run->ctl->out.json)
		return;
	/* Before the first start there is nothing to show */
	if (running || run->progress.drawn || run->progress.printed_ms >= 0)
		progress_update(&run->progress, now_ms(), running, run->follow.strokes_done);
}

/* Follow until the end; gives the exit code */
static int watch(struct run *run)
{
	struct mnctl *ctl = run->ctl;
	struct mn_client_error error = { 0 };
	enum follow_end end;
	int code;

	for (;;) {
		json_t *event;
		int got = remote_next(ctl, REDRAW_MS, &event, &error);

		if (got < 0)
			break;
		if (got > 0) {
			follow_event(&run->follow, event);
			json_decref(event);
			say_state(run);
		}
		show(run);
		end = follow_end(&run->follow);
		if (end != FOLLOW_GOES_ON) {
			progress_finish(&run->progress);
			return treat_over(ctl, &run->follow, end);
		}
		/* A terminal that was closed has nobody before it who could press Ctrl-C */
		if (ferror(stdout) && !signals_caught()) {
			treat_stop(ctl, &run->follow);
			return output_failure(&ctl->out, "output_lost",
					      "Stopped, because nobody reads the output any more.");
		}
	}
	progress_finish(&run->progress);
	code = output_exit_code(error.name);
	if (code == EXIT_STOPPED)
		code = treat_interrupted(ctl, &run->follow);
	else
		code = output_error(&ctl->out, &error);
	mn_client_error_clear(&error);
	return code;
}

/* For a handpiece without a foot switch: 0 once a person said so, or an exit code */
static int wait_for_word(struct run *run)
{
	struct pollfd fds[2] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
	};
	char word[64];

	if (args_given(&run->ctl->args, "start"))
		return EXIT_OK;
	if (isatty(STDIN_FILENO) != 1) {
		treat_stop(run->ctl, &run->follow);
		return output_failure(
			&run->ctl->out, "usage",
			"This handpiece has no foot switch. Add --start to start it from here.");
	}
	say(run, "Press Enter to start the needles; Ctrl-C disarms.");
	while (poll(fds, 2, -1) < 0 && errno == EINTR && !signals_caught())
		;
	if (signals_caught() || read(STDIN_FILENO, word, sizeof(word)) <= 0)
		return treat_interrupted(run->ctl, &run->follow);
	return EXIT_OK;
}

static int start(struct run *run)
{
	json_t *result;
	int code = wait_for_word(run);

	if (code == EXIT_OK)
		code = treat_call(run->ctl, &run->follow, "session.start",
				  json_pack("{ss}", "session", run->follow.session), &result);
	if (code == EXIT_OK)
		json_decref(result);
	return code;
}

static int print_end(struct run *run)
{
	char strokes[UNITS_TEXT], punctures[UNITS_TEXT], depth[UNITS_TEXT];
	json_t *status;
	int code;

	if (run->ctl->out.json) {
		code = remote_call(run->ctl, "session.status",
				   json_pack("{ss}", "session", run->follow.session), &status);
		if (code)
			return code;
		output_document(status);
		json_decref(status);
		return EXIT_OK;
	}
	printf("Done: %s strokes, %s punctures, no deeper than %s.\n",
	       units_count(strokes, run->follow.strokes_done),
	       units_count(punctures, run->follow.punctures_done),
	       units_depth(depth, run->follow.depth_max_um));
	if (run->follow.strokes_done < run->follow.strokes_planned)
		printf("%s strokes of the plan are left. To go on: mnctl session run %s\n",
		       units_count(strokes, run->follow.strokes_planned - run->follow.strokes_done),
		       run->follow.session);
	else
		printf("To close the record: mnctl session end %s --outcome completed\n",
		       run->follow.session);
	return EXIT_OK;
}

static void init(struct run *run, struct mnctl *ctl)
{
	run->ctl = ctl;
	run->progress.out = stdout;
	run->progress.terminal = ctl->out.terminal;
	run->progress.colour = ctl->out.colour;
	run->progress.width = ctl->out.width;
	run->progress.done = run->follow.strokes_done;
	run->progress.planned = run->follow.strokes_planned;
	progress_start(&run->progress, now_ms());
}

int cmd_session_run(struct mnctl *ctl)
{
	struct run run = { 0 };
	json_t *armed;
	int code = treat_begin(ctl, &run.follow);

	if (code == EXIT_OK)
		code = treat_subscribe(ctl, &run.follow);
	if (code)
		return code;
	init(&run, ctl);
	code = treat_arm(ctl, &run.follow, &armed);
	if (code)
		return code;
	run.foot_switch = strcmp(field_text(armed, "trigger"), "start") != 0;
	say_armed(&run, armed);
	json_decref(armed);
	if (!run.foot_switch)
		code = start(&run);
	if (code == EXIT_OK)
		code = watch(&run);
	return code == EXIT_OK ? print_end(&run) : code;
}
