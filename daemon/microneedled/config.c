// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "params.h"

/* Deeper than any handpiece goes; 1.5 in place of 1500 is below the least */
#define CEILING_MIN_UM 50
#define CEILING_MAX_UM 3000

static const struct param operator_params[] = {
	{ "qualification", PARAM_STRING, true, 1, 63, .format = &param_text,
	  .help = "what the operator is qualified as" },
	{ "ceiling_um", PARAM_INTEGER, true, CEILING_MIN_UM, CEILING_MAX_UM,
	  .help = "the deepest that the operator may go, in micrometres" },
	PARAM_END
};

static bool load_operators(const json_t *operators, struct policy *policy, char *error, size_t size)
{
	struct params_error fault;
	const char *name;
	json_t *value;

	policy->operators = calloc(json_object_size(operators) + 1, sizeof(*policy->operators));
	if (!policy->operators) {
		snprintf(error, size, "out of memory");
		return false;
	}
	json_object_foreach((json_t *)operators, name, value) {
		struct policy_operator *operator= & policy->operators[policy->operator_count];

		if (!json_is_object(value) || strlen(name) >= sizeof(operator->name)) {
			snprintf(error, size, "operators: %.60s must be an object", name);
			return false;
		}
		if (!params_check(operator_params, value, &fault)) {
			snprintf(error, size, "operators: %.60s: %.160s", name, fault.message);
			return false;
		}
		snprintf(operator->name, sizeof(operator->name), "%s", name);
		snprintf(operator->qualification, sizeof(operator->qualification), "%s",
			 params_string(value, "qualification"));
		operator->ceiling_um =(uint32_t) params_integer(value, "ceiling_um");
		policy->operator_count++;
	}
	return true;
}

static bool load(const json_t *root, struct policy *policy, char *error, size_t size)
{
	const char *name;
	json_t *value;

	if (!json_is_object(root)) {
		snprintf(error, size, "the file must hold one JSON object");
		return false;
	}
	json_object_foreach((json_t *)root, name, value) {
		if (!strcmp(name, "operators") && json_is_object(value)) {
			if (!load_operators(value, policy, error, size))
				return false;
		} else if (!strcmp(name, "default_ceiling_um") && json_is_integer(value) &&
			   json_integer_value(value) >= CEILING_MIN_UM &&
			   json_integer_value(value) <= CEILING_MAX_UM) {
			policy->default_ceiling_um = (uint32_t)json_integer_value(value);
		} else if (strcmp(name, "SPDX-License-Identifier")) {
			snprintf(
				error, size,
				"%.60s: unknown or out of range; known are operators (an object) and default_ceiling_um (%d to %d)",
				name, CEILING_MIN_UM, CEILING_MAX_UM);
			return false;
		}
	}
	return true;
}

bool config_load(const char *path, struct policy *policy, char *error, size_t size)
{
	json_error_t fault;
	json_t *root;
	bool ok;

	policy->operators = NULL;
	policy->operator_count = 0;
	policy->default_ceiling_um = CONFIG_CEILING_UM;
	if (access(path, F_OK) && errno == ENOENT)
		return true;
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);
	if (!root) {
		snprintf(error, size, "line %d: %.160s", fault.line, fault.text);
		return false;
	}
	ok = load(root, policy, error, size);
	json_decref(root);
	if (!ok)
		config_free(policy);
	return ok;
}

void config_free(struct policy *policy)
{
	free(policy->operators);
	policy->operators = NULL;
	policy->operator_count = 0;
}
