// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the KUnit tests of the rules in user space: kunit [--quiet|--first]. Ends with "N passed, N failed", or
 * with --first at the first that fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <kunit/test.h>

#define SUITES_MAX 64

static struct kunit_suite *suites[SUITES_MAX];
static unsigned int suites_nr;
static struct allocation {
	struct allocation *before;
	max_align_t memory[];
} * allocations;
static jmp_buf end_of_case;
static struct kunit *running;
static bool quiet, first;

void rules_add_suite(struct kunit_suite *suite)
{
	if (suites_nr == SUITES_MAX)
		abort();
	suites[suites_nr++] = suite;
}

void *kunit_kzalloc(struct kunit *test, size_t size, int flags)
{
	struct allocation *allocation = calloc(1, sizeof(*allocation) + size);

	(void)test;
	(void)flags;
	if (!allocation)
		abort();
	allocation->before = allocations;
	allocations = allocation;
	return allocation->memory;
}

static void free_all(void)
{
	while (allocations) {
		struct allocation *before = allocations->before;

		free(allocations);
		allocations = before;
	}
}

void rules_found(bool good, bool assertion, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	if (good)
		return;
	if (running->status != KUNIT_FAILURE && !quiet) {
		printf("%s:%d: ", file, line);
		va_start(arguments, format);
		vprintf(format, arguments);
		va_end(arguments);
		printf("\n");
	}
	running->status = KUNIT_FAILURE;
	if (assertion)
		longjmp(end_of_case, 1);
}

static bool run(struct kunit_suite *suite, struct kunit_case *one, const void *param)
{
	struct kunit test = { .param_value = param };

	running = &test;
	if (!setjmp(end_of_case)) {
		if (!suite->init || !suite->init(&test))
			one->run_case(&test);
	}
	free_all();
	running = NULL;
	return test.status != KUNIT_FAILURE;
}

int main(int argc, char **argv)
{
	unsigned int passed = 0, failed = 0;

	first = argc > 1 && !strcmp(argv[1], "--first");
	quiet = first || (argc > 1 && !strcmp(argv[1], "--quiet"));
	for (unsigned int i = 0; i < suites_nr; i++)
		for (struct kunit_case *one = suites[i]->test_cases; one->run_case; one++) {
			char desc[KUNIT_PARAM_DESC_SIZE] = "";
			const void *param = NULL;
			bool good = true;

			if (!one->generate_params)
				good = run(suites[i], one, NULL);
			else
				while ((param = one->generate_params(param, desc)))
					good = run(suites[i], one, param) && good;
			if (!good)
				printf("not ok %s\n", one->name);
			if (!good && first)
				return 1;
			good ? passed++ : failed++;
		}
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}
