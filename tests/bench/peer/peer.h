/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the peer, a program that does in user space what the driver does in the kernel.
 *
 * The rules and the parser are the driver's own sources, so that the checks are the same to the
 * letter; only where they run differs. The wire protocol's header comes with the parser. rules.c is
 * for core.c, link.c for usb_link.c and request.c for usb_request.c.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <libusb-1.0/libusb.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>

#include "safety.h"
#include "usb_parse.h"

#define PEER_IN_TRANSFERS 4 /* of each IN endpoint */

struct peer_out {
	struct libusb_transfer *transfer;
	bool busy; /* under way */
	bool again; /* what is under way is out of date */
	unsigned int tries;
	u32 epoch;
	u32 number;
};

struct peer {
	libusb_context *usb;
	libusb_device_handle *device;
	u8 ep_kill, ep_lease, ep_status, ep_strokes;

	pthread_mutex_t lock; /* all that follows, but for what request.c has */
	struct mn_safety safety;
	struct peer_out kill, lease;
	struct libusb_transfer *status[PEER_IN_TRANSFERS], *strokes[PEER_IN_TRANSFERS];
	bool clock_valid;
	s64 clock_us, clock_at_us; /* our clock minus the handpiece's, and when that was seen */
	u32 status_number, boot_id;

	int timer; /* timerfd */
	u64 timer_at; /* when it goes off, 0: never */
	u32 work; /* MN_ACT_ bits for the thread that may wait */
	sem_t work_todo; /* @work, or the time to start, may have come */
	bool ran;

	struct libusb_transfer *request; /* on endpoint 0, that thread's alone */
	sem_t request_done;
	u16 tag;
};

/* rules.c: how anything happens; @p->lock is held unless it says otherwise */
u64 peer_now(void);
void peer_rules_init(struct peer *p, const struct mn_caps *caps, u32 last_epoch);
int peer_step(struct peer *p, const struct mn_stimulus *what, u32 *actions);
int peer_happen(struct peer *p, const struct mn_stimulus *what); /* takes it */
void peer_tick(struct peer *p); /* takes it */

/* link.c: endpoints, and what goes over them */
void peer_link_init(struct peer *p);
void peer_listen(struct peer *p);
int peer_kill(struct peer *p, u32 epoch);
int peer_lease(struct peer *p, u32 epoch);
void peer_take_status(struct peer *p, const void *data, size_t size, struct mn_report *report);

/* request.c: requests on endpoint 0, without the lock; 0 or -errno, as the driver's transport */
void peer_request_init(struct peer *p);
int peer_identify(struct peer *p, struct mn_caps *caps, u32 *last_epoch);
int peer_start(struct peer *p, const struct mn_order *order);
int peer_stop(struct peer *p, u32 epoch);
int peer_read_tag(struct peer *p, struct mn_tag *tag);
int peer_mark(struct peer *p, u64 uid, const u8 *treatment);
int peer_clear(struct peer *p, u64 faults);
int peer_self_test(struct peer *p);

/* treat.c: the thread that may wait: the gate, the tag, and the operator's part */
void *peer_treat(void *peer);

#endif /* BENCH_PEER_H */
