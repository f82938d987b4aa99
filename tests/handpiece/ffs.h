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

#include "bus.h"
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
	struct hp_bus bus;
	struct hp_gadget gadget;
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

/* Sets the front up: the rest goes through it */
void hp_ffs_init(struct hp_ffs *f);

#endif /* HP_FFS_H */
