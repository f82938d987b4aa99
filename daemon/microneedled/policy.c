// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <string.h>

#include "policy.h"

static bool is_in(gid_t group, const gid_t *gids, size_t count)
{
	if (group == GROUP_NONE)
		return false;
	for (size_t i = 0; i < count; i++)
		if (gids[i] == group)
			return true;
	return false;
}

uint32_t policy_roles(const struct policy_groups *groups, uid_t uid, const gid_t *gids,
		      size_t count)
{
	uint32_t roles = 0;

	if (is_in(groups->service, gids, count))
		roles |= ROLE_SERVICE;
	if (is_in(groups->audit, gids, count))
		roles |= ROLE_AUDIT;
	/* A treatment needs a named person, and root is nobody in particular */
	if (uid == 0)
		roles |= ROLE_ROOT;
	else if (is_in(groups->operator, gids, count))
		roles |= ROLE_OPERATOR;
	return roles;
}

const char *policy_group(uint32_t roles)
{
	if (roles & ROLE_OPERATOR)
		return GROUP_OPERATOR;
	if (roles & ROLE_SERVICE)
		return GROUP_SERVICE;
	return GROUP_AUDIT;
}

uint32_t policy_ceiling(const struct policy *policy, const char *user, const char **qualification)
{
	for (size_t i = 0; i < policy->operator_count; i++) {
		if (!strcmp(policy->operators[i].name, user)) {
			*qualification = policy->operators[i].qualification;
			return policy->operators[i].ceiling_um;
		}
	}
	*qualification = "";
	return policy->default_ceiling_um;
}

static unsigned int number(const char *digits, size_t count)
{
	unsigned int value = 0;

	for (size_t i = 0; i < count; i++)
		value = value * 10 + (unsigned int)(digits[i] - '0');
	return value;
}

static bool is_year(unsigned int value)
{
	return value >= 1900 && value <= 2099;
}

static bool is_day_month(unsigned int day, unsigned int month)
{
	return day >= 1 && day <= 31 && month >= 1 && month <= 12;
}

/* Eight digits in any of the orders that people write dates in */
static bool digits_are_date(const char *d)
{
	if (is_year(number(d, 4)) && is_day_month(number(d + 6, 2), number(d + 4, 2)))
		return true;
	return is_year(number(d + 4, 4)) && (is_day_month(number(d, 2), number(d + 2, 2)) ||
					     is_day_month(number(d + 2, 2), number(d, 2)));
}

/* Hyphens between digits are left out, so that 1980-02-03 and 19800203 are the same */
static bool has_date(const char *text)
{
	char digits[8];
	size_t count = 0;

	for (const char *c = text;; c++) {
		if (isdigit((unsigned char)*c)) {
			if (count < sizeof(digits))
				digits[count] = *c;
			count++;
		} else if (*c != '-') {
			if (count == sizeof(digits) && digits_are_date(digits))
				return true;
			count = 0;
			if (!*c)
				return false;
		}
	}
}

const char *policy_patient_refusal(const char *patient)
{
	size_t length = strlen(patient);
	bool digit = false;

	if (length < 4 || length > 32)
		return "Give the patient's pseudonym: 4 to 32 of A-Z, 0-9 and hyphen.";
	for (const char *c = patient; *c; c++) {
		if (!isupper((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '-')
			return "Give the patient's pseudonym: only A-Z, 0-9 and hyphen, no name.";
		digit |= isdigit((unsigned char)*c) != 0;
	}
	if (!digit)
		return "This looks like a name; give a pseudonym that has a digit.";
	if (has_date(patient))
		return "This looks like a date of birth; give a pseudonym without a date.";
	return NULL;
}
