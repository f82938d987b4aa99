/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FunctionFS: the firmware's way to the host through a Linux USB device controller.
 *
 * Each endpoint has a thread that waits in the kernel for its transfers, so that a kill waits
 * behind no other; the firmware belongs to whoever holds the lock. (The kernel's asynchronous I/O
 * would do it in one thread, but f_fs then keeps a reference to the caller's memory for each write
 * and each cancelled read.)
 */
#ifndef HP_FFS_H
#define HP_FFS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware.h"
#include "gadget.h"

struct hp_ffs;

struct hp_endpoint {
	struct hp_ffs *ffs;
	enum hp_ep ep;
	int fd;
	pthread_t thread;
	bool runs;
	pthread_cond_t go; /* IN: a packet to send; OUT: no longer held */
	bool transfers; /* the thread is in the kernel */
	bool held; /* OUT: the host's packets are left waiting */
	bool pending; /* IN: a packet to send */
	bool dropped; /* IN: it was taken back before it was sent */
	size_t length;
	uint8_t data[MNP_STROKES_MAXP];
};

struct hp_ffs {
	pthread_mutex_t *lock;
	struct hp_firmware *fw;
	struct hp_gadget *gadget;
	void (*changed)(void *ctx); /* with the lock held: the next event may be another */
	void *ctx;

	int ep0;
	int plug;
	int stop; /* eventfd */
	int leave_event; /* eventfd: the firmware asked to leave the bus */
	struct hp_endpoint endpoint[HP_EPS];
	uint32_t generation; /* of the configured bus */
	bool up, stopping;
	bool fifo; /* let a controller's FIFO swallow IN packets */
	bool leave;
	pthread_cond_t left;
	bool runs;
	pthread_t thread;
};

/* 0 or -1, with a message. The gadget can be bound after hp_ffs_start() */
int hp_ffs_open(struct hp_ffs *f, const struct hp_gadget *gadget);
int hp_ffs_start(struct hp_ffs *f);
void hp_ffs_close(struct hp_ffs *f);
/* With the lock held: the bus was left as the firmware had asked */
void hp_ffs_left(struct hp_ffs *f);
void hp_ffs_init(struct hp_ffs *f, struct hp_front *front);

uint64_t hp_mono_ns(void);

#endif /* HP_FFS_H */
