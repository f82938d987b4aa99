/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bench model: started, asked, ended. */
#ifndef HANDS_H
#define HANDS_H

#include <stdbool.h>
#include <sys/types.h>

struct hands {
	pid_t pid;
	int socket;
	char answer[4096];
};

/* With a cartridge in, and the depth stop @position steps from home. false: it says why */
bool hands_start(struct hands *h, const char *position);
/* One command, JSON; false if the model refused it or is gone */
bool hands_ask(struct hands *h, const char *command);
/* A number of the last answer, or -1 */
long hands_number(const struct hands *h, const char *name);
/* A command of "state" or "stats", and one of its numbers */
long hands_look(struct hands *h, const char *command, const char *name);
bool hands_foot(struct hands *h, bool pressed);
/* Its exit status: not 0 if it lost anything of what the board did */
int hands_stop(struct hands *h);

#endif /* HANDS_H */
