/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside microneedle.ko: what core.c shares with the files around it.
 */
#ifndef MN_CORE_H
#define MN_CORE_H

#include "microneedle.h"

/* core.c: how anything happens to a device */
int mn_step(struct mn_device *mn, const struct mn_stimulus *what, u32 *actions,
	    struct mn_refusal *refusal);
void mn_happen(struct mn_device *mn, const struct mn_stimulus *what);
int mn_begin_talk(struct mn_device *mn);
void mn_end_talk(struct mn_device *mn);
int mn_gate(struct mn_device *mn, struct mn_refusal *refusal);
int mn_read_tag(struct mn_device *mn);
int mn_stop_confirmed(struct mn_device *mn, enum mn_happening why);
void mn_core_init(struct mn_device *mn);
void mn_core_end(struct mn_device *mn);

/* request.c: what programs ask for. Who is asking is told by an opaque mark */
int mn_acquire(struct mn_device *mn, const void *who, const struct mn_acquire *request);
int mn_release(struct mn_device *mn, const void *who);
void mn_close(struct mn_device *mn, const void *who);
int mn_set_limits(struct mn_device *mn, const void *who, const struct mn_set_limits *request);
int mn_declare_cartridge(struct mn_device *mn, const void *who,
			 struct mn_declare_cartridge *request);
int mn_arm(struct mn_device *mn, const void *who, struct mn_set_point *request);
int mn_update(struct mn_device *mn, const void *who, struct mn_set_point *request);
int mn_start(struct mn_device *mn, const void *who);
int mn_stop(struct mn_device *mn);
int mn_heartbeat(struct mn_device *mn, const void *who);
int mn_clear_fault(struct mn_device *mn, const void *who, struct mn_clear_fault *request);
int mn_self_test(struct mn_device *mn, const void *who);
int mn_lower_admin(struct mn_device *mn, enum mn_quantity quantity, u32 value);

/* query.c: what anybody may know */
int mn_get_info(struct mn_device *mn, struct mn_info *info);
int mn_get_status(struct mn_device *mn, const void *who, struct mn_status *status);
int mn_get_limits(struct mn_device *mn, struct mn_limits *limits);
int mn_listen(struct mn_device *mn, struct mn_listener *listener);
void mn_unlisten(struct mn_device *mn, struct mn_listener *listener);
bool mn_is_gone(struct mn_device *mn);
bool mn_is_faulty(struct mn_device *mn);

/* capture.c: waveforms */
struct file *mn_capture(struct mn_device *mn, const struct mn_capture *request);

/* Given to the device by lifetime.c */
extern const struct attribute_group *mn_attr_groups[];	/* attrs.c */
extern const struct file_operations mn_fops;		/* chrdev.c */

#endif /* MN_CORE_H */
