// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * explore --list                  the views and the invariants
 * explore VIEW TAKEN [INVARIANT]  explore a view; TAKEN gets the transitions that were taken
 *
 * Prints states, steps and states that were cut off. Exit status: 0 every invariant holds, or
 * INVARIANT alone if it is given; 1 one is broken, whose name is the last line; 2 a mistake.
 */
#include <stdio.h>

#include "model.h"

static int list(void)
{
	for (unsigned int i = 0; i < views_nr; i++)
		printf("view %s %u\n", views[i].name, views[i].least);
	for (unsigned int i = 0; i < invariants_nr; i++)
		printf("invariant %s %s\n", invariants[i].name, invariants[i].says);
	return 0;
}

int main(int argc, char **argv)
{
	struct explored found;

	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list();
	for (unsigned int i = 0; i < views_nr && (argc == 3 || argc == 4); i++) {
		if (strcmp(views[i].name, argv[1]) != 0)
			continue;
		found = explore(&views[i], argc == 4 ? argv[3] : NULL);
		transitions_write(argv[2]);
		printf("%u states, %lu steps, %u cut off\n", found.states, found.steps, found.cut);
		if (found.broken)
			printf("%s\n", found.broken->name);
		return found.broken ? 1 : 0;
	}
	fputs("usage: explore --list | explore VIEW TAKEN [INVARIANT]\n", stderr);
	return 2;
}
