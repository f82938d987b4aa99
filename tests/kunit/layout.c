// SPDX-License-Identifier: GPL-2.0-only
/*
 * See layout.h.
 */
#include <linux/module.h>

#include "layout.h"

/* Offsets and sizes as they were, and no byte that no field owns: padding would leak or lie. */
void layout_expect(struct kunit *test, const struct layout *layout)
{
	size_t end = 0;
	unsigned int i;

	KUNIT_EXPECT_EQ_MSG(test, layout->size, layout->want_size, "size");
	KUNIT_EXPECT_LE_MSG(test, layout->align, 8UL, "alignment");
	for (i = 0; i < layout->count; i++) {
		const struct field *field = &layout->fields[i];

		KUNIT_EXPECT_EQ_MSG(test, field->at, field->want_at, "offset of %s", field->name);
		KUNIT_EXPECT_EQ_MSG(test, field->size, field->want_size, "size of %s", field->name);
		/* Members of a union begin where it does, so not every one follows the last. */
		KUNIT_EXPECT_LE_MSG(test, field->at, end, "padding before %s", field->name);
		end = max(end, field->at + field->size);
	}
	KUNIT_EXPECT_EQ_MSG(test, end, layout->size, "padding at the end");
}

void number_expect(struct kunit *test, const struct number *numbers, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ_MSG(test, numbers[i].is, numbers[i].want, "%s", numbers[i].name);
}

MODULE_DESCRIPTION("KUnit tests of the interface to programs and of the wire");
MODULE_LICENSE("GPL");
