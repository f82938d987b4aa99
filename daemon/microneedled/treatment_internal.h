/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of treatment share with each other and with nobody else. */
#ifndef TREATMENT_INTERNAL_H
#define TREATMENT_INTERNAL_H

#include <event2/util.h>
#include <jansson.h>
#include <stdint.h>

struct device_command;
struct rpc_call;
struct session_event;
struct treatment;

void treatment_step(struct treatment *treatment, const struct session_event *event);
void treatment_act(struct treatment *treatment, uint32_t actions);

/* One reference is held by the list and one by each write and command under way */
void treatment_put(struct treatment *treatment);

/* Add a row to those that are written next; strokes that came before it go in front of it */
void treatment_note(struct treatment *treatment, const char *kind, json_t *data);
void treatment_flush_strokes(struct treatment *treatment);
/* Write them. If that fails the session's needles are stopped. */
void treatment_write(struct treatment *treatment);
/* Likewise, but the outcome is done()'s, and so is the reference */
void treatment_submit(struct treatment *treatment, void (*done)(void *arg, const char *error));
void treatment_on_flush(evutil_socket_t fd, short what, void *arg);

/* Answer a call with what the kernel said to its command */
void treatment_refuse(struct rpc_call *call, const struct device_command *command);

/* Time that strokes may take at a rate, with room for run-up and load */
uint32_t treatment_run_ms(uint32_t strokes, uint32_t rate_mhz);

json_t *treatment_opened_json(struct treatment *treatment);
json_t *treatment_armed_json(struct treatment *treatment);
json_t *treatment_plan_json(const struct treatment *treatment);
json_t *treatment_summary(const struct treatment *treatment);

#endif
