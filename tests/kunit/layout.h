/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structs and numbers that others depend on, pinned: what changes one of them breaks programs or
 * handpieces that exist.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <kunit/test.h>

struct field {
	const char *name;
	size_t at, size;
	size_t want_at, want_size;
};

struct layout {
	const char *name;
	size_t size, want_size;
	size_t align;
	const struct field *fields;
	unsigned int count;
};

struct number {
	const char *name;
	u64 is, want;
};

/* A member by way of AT(type)->member, so that it can be named and measured without an object */
#define AT(type)		((struct type *)NULL)
#define FIELD(member, at, size)	{ #member, (size_t)&(member), sizeof(member), at, size }

#define STRUCT(type, size)								\
	{ #type, sizeof(struct type), size, __alignof__(struct type), type##_fields,	\
	  ARRAY_SIZE(type##_fields) }

#define NUMBER(name, value)	{ #name, name, value }

void layout_expect(struct kunit *test, const struct layout *layout);
void number_expect(struct kunit *test, const struct number *numbers, unsigned int count);

#endif /* LAYOUT_H */
