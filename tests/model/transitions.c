// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was seen to lead from which state to which, and with what answer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "model.h"

#define STATES (MN_STATE_FAULT + 1)
#define ANSWERS 134 /* errno of the kernel's interface */

static bool taken[STATES][MODEL_HAPPENINGS][STATES][ANSWERS];

void transitions_note(const struct step *step)
{
	taken[step->was->state][step->what->type][step->is->state][-step->ret] = true;
}

/* A line for each: state, happening, state after it, answer. */
void transitions_write(const char *path)
{
	static const char *const states[STATES] = { "SAFE", "ARMED", "RUNNING", "FAULT" };
	FILE *stream = fopen(path, "w");

	if (!stream) {
		perror(path);
		exit(2);
	}
	for (unsigned int from = 0; from < STATES; from++)
		for (unsigned int type = 0; type < MODEL_HAPPENINGS; type++)
			for (unsigned int to = 0; to < STATES; to++)
				for (int answer = 0; answer < ANSWERS; answer++)
					if (taken[from][type][to][answer])
						fprintf(stream, "%s %s %s %s\n", states[from],
							happening_name(type), states[to],
							answer ? strerrorname_np(answer) : "0");
	if (fclose(stream)) {
		perror(path);
		exit(2);
	}
}
