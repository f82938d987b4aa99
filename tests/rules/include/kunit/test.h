/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of KUnit as the tests of the rules use, in user space: the same tests where coverage can be
 * measured and a changed rule tried in a moment. What counts is their run in the kernel.
 */
#ifndef RULES_KUNIT_TEST_H
#define RULES_KUNIT_TEST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/types.h>

#define KUNIT_PARAM_DESC_SIZE 128
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define GFP_KERNEL 0
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))

enum kunit_status {
	KUNIT_SUCCESS,
	KUNIT_FAILURE
};

struct kunit {
	const void *param_value;
	enum kunit_status status;
	void *priv;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char name[256];
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

void *kunit_kzalloc(struct kunit *test, size_t size, int flags);

/* What an expectation finds, told once; an assertion ends its case. */
void rules_found(bool good, bool assertion, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void rules_add_suite(struct kunit_suite *suite);

#define RULES_TRUE(good, assertion, text)                                                          \
	rules_found(good, assertion, __FILE__, __LINE__, "%s", text)
#define RULES_COMPARE(a, how, b, assertion, format, ...)                                           \
	do {                                                                                       \
		__auto_type rules_a = (a);                                                         \
		__auto_type rules_b = (b);                                                         \
                                                                                                   \
		rules_found(rules_a how rules_b, assertion, __FILE__, __LINE__,                    \
			    "%s " #how " %s: %lld and %lld " format, #a, #b, (long long)rules_a,   \
			    (long long)rules_b, ##__VA_ARGS__);                                    \
	} while (0)

#define KUNIT_EXPECT_TRUE(test, what) RULES_TRUE(what, false, #what)
#define KUNIT_EXPECT_FALSE(test, what) RULES_TRUE(!(what), false, "not " #what)
#define KUNIT_EXPECT_NULL(test, what) RULES_TRUE(!(what), false, "no " #what)
#define KUNIT_EXPECT_NOT_NULL(test, what) RULES_TRUE((what) != NULL, false, #what)
#define KUNIT_EXPECT_EQ(test, a, b) RULES_COMPARE(a, ==, b, false, "")
#define KUNIT_EXPECT_NE(test, a, b) RULES_COMPARE(a, !=, b, false, "")
#define KUNIT_EXPECT_GE(test, a, b) RULES_COMPARE(a, >=, b, false, "")
#define KUNIT_EXPECT_GT(test, a, b) RULES_COMPARE(a, >, b, false, "")
#define KUNIT_EXPECT_LE(test, a, b) RULES_COMPARE(a, <=, b, false, "")
#define KUNIT_EXPECT_EQ_MSG(test, a, b, ...) RULES_COMPARE(a, ==, b, false, __VA_ARGS__)
#define KUNIT_EXPECT_TRUE_MSG(test, what, ...)                                                     \
	rules_found(what, false, __FILE__, __LINE__, __VA_ARGS__)
#define KUNIT_ASSERT_TRUE(test, what) RULES_TRUE(what, true, #what)
#define KUNIT_ASSERT_FALSE(test, what) RULES_TRUE(!(what), true, "not " #what)
#define KUNIT_ASSERT_NOT_NULL(test, what) RULES_TRUE((what) != NULL, true, #what)
#define KUNIT_ASSERT_EQ(test, a, b) RULES_COMPARE(a, ==, b, true, "")
#define KUNIT_FAIL(test, ...) rules_found(false, false, __FILE__, __LINE__, __VA_ARGS__)

#define KUNIT_CASE(test)                                                                           \
	{                                                                                          \
		.run_case = (test), .name = #test                                                  \
	}
#define KUNIT_CASE_PARAM(test, generate)                                                           \
	{                                                                                          \
		.run_case = (test), .name = #test, .generate_params = (generate)                   \
	}

#define KUNIT_ARRAY_PARAM_DESC(of, array, member)                                                  \
	static const void *of##_gen_params(const void *prev, char *desc)                           \
	{                                                                                          \
		__auto_type next = prev ? (__typeof__((array)[0]) *)prev + 1 : (array);            \
                                                                                                   \
		if ((size_t)(next - (array)) >= ARRAY_SIZE(array))                                 \
			return NULL;                                                               \
		strncpy(desc, next->member, KUNIT_PARAM_DESC_SIZE - 1);                            \
		return next;                                                                       \
	}

/* One in each file. */
#define kunit_test_suites(suite)                                                                   \
	static void __attribute__((constructor)) rules_register(void)                              \
	{                                                                                          \
		rules_add_suite(suite);                                                            \
	}                                                                                          \
	struct rules_no_module

#endif
