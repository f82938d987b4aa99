/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usbredir: the firmware's way to the bus of a virtual machine, through QEMU's usb-redir device.
 *
 * The machine comes and goes as a host at the other end of a cable: it resets us, it crashes, it is
 * killed (the connection is lost: the cable is pulled), another one connects. Our power stays.
 * All of it runs in the program's one thread.
 */
#ifndef HP_USBREDIR_H
#define HP_USBREDIR_H

#include <sys/un.h>

#include "bus.h"

struct usbredirparser;

#define HP_TOKENS_MAX 64 /* transfers of the host that wait on one endpoint */

struct hp_usbredir {
	struct hp_bus bus; /* its event: an epoll of the descriptors below */
	const struct hp_identity *id;
	bool high_speed;
	struct sockaddr_un address;
	int listener, kick, peer; /* -1: none */
	struct usbredirparser *parser; /* of the peer */
	bool hello; /* the peer's was seen */
	bool gone; /* the peer's end was closed */
	bool watches_out;

	bool plugged, leave;
	bool configured;

	/* IN: a packet of the firmware's, on its way */
	struct hp_redir_in {
		bool pending, dropped;
		size_t length;
		uint8_t data[MNP_STROKES_MAXP];
	} in[HP_EPS];
	bool receiving; /* the host fetches statuses */
	uint64_t status_id;
	uint64_t token[HP_TOKENS_MAX]; /* the host's bulk transfers */
	uint16_t token_length[HP_TOKENS_MAX];
	unsigned int tokens;

	/* OUT: packets that the firmware does not take yet */
	struct hp_redir_out {
		bool held;
		unsigned int waiting;
		struct {
			uint64_t id;
			size_t length;
			uint8_t data[MNP_KILL_MAXP];
		} packet[HP_TOKENS_MAX];
	} out[HP_EPS];
};

/* Sets the front up: the rest goes through it */
void hp_usbredir_init(struct hp_usbredir *r);

/* Between the connection and the device behind it: redirected.c */

void hp_redir_init(struct hp_usbredir *r);
/* Takes the parser's callbacks */
void hp_redir_listen(struct usbredirparser *p);
/* Tells the peer that we are plugged in */
void hp_redir_connect(struct hp_usbredir *r);
/* The host's doing, or undone by a reset or a lost cable */
void hp_redir_configure(struct hp_usbredir *r, bool on);
/* Moves what can move */
void hp_redir_pump(struct hp_usbredir *r);

#endif /* HP_USBREDIR_H */
