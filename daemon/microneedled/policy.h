/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what: roles from groups, ceilings from qualifications, and what a patient reference
 * may look like. Pure: group numbers are looked up by whoever fills in the tables.
 */
#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ROLE_OPERATOR (1U << 0) /* runs sessions */
#define ROLE_SERVICE (1U << 1) /* diagnostics, clears faults */
#define ROLE_AUDIT (1U << 2) /* reads records */
#define ROLE_ROOT (1U << 3) /* stops and diagnoses, never treats */

#define GROUP_OPERATOR "mn-operator"
#define GROUP_SERVICE "mn-service"
#define GROUP_AUDIT "mn-audit"

/* A group that this computer does not have; no process is in it */
#define GROUP_NONE ((gid_t)-1)

struct policy_groups {
	gid_t operator;
	gid_t service;
	gid_t audit;
};

struct policy_operator {
	char name[64];
	char qualification[64];
	uint32_t ceiling_um;
};

struct policy {
	struct policy_groups groups;
	struct policy_operator *operators;
	size_t operator_count;
	uint32_t default_ceiling_um;
};

uint32_t policy_roles(const struct policy_groups *groups, uid_t uid, const gid_t *gids,
		      size_t count);

/* The group to ask for when none of the roles is held */
const char *policy_group(uint32_t roles);

/* The operator's depth ceiling; *qualification is "" for one who is not listed */
uint32_t policy_ceiling(const struct policy *policy, const char *user, const char **qualification);

/* NULL if it can serve as a pseudonym, else a sentence that says what to do */
const char *policy_patient_refusal(const char *patient);

#endif
