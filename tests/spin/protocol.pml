// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stop, start, epoch and lease between the driver's core and a USB handpiece, over a bus that loses, delays and
 * reorders. README.md beside this says what is modelled and what is not.
 *
 * "code:", a file and a name beside a transition names the function that it abstracts; tests/spin/run fails if it is gone.
 * SEED_ macros are bugs that the run puts in, each to be found by the property that judge.py names with it.
 */

/* Epochs wrap at 32 in place of 2^32. No two that meet anywhere are more than 15 apart; WINDOW asserts it. */
#ifdef SEED_TOO_FEW_EPOCHS
#define EPOCHS		8
#else
#define EPOCHS		32
#endif
#define HALF		(EPOCHS / 2)
#define CLAIM		3	/* so far ahead is the epoch that a handpiece claims which has gone wrong */

#define AHEAD(a, b)	(((a) + EPOCHS - (b)) % EPOCHS)
#define REACHED(a, b)	(AHEAD(a, b) < HALF)

/* How each side compares: as serial numbers. */
#ifdef SEED_UNSIGNED_CORE
#define CORE_REACHED(a, b)	((a) >= (b))
#else
#define CORE_REACHED(a, b)	REACHED(a, b)	/* code: driver/safety_stop.h epoch_reached */
#endif
#ifdef SEED_UNSIGNED_HANDPIECE
#define HP_REACHED(a, b)	((a) >= (b))
#else
#define HP_REACHED(a, b)	REACHED(a, b)	/* code: tests/handpiece/requests.c stop */
#endif

/* Properties that are assertions. All are checked at once, or ONLY one of them. */
#define WINDOW			1
#define OLD_START_STAYS_OUT	2
#define REBOOTED_WAITS		3
#define LEASE_BOUNDS_MOTOR	4
#define STOP_TAKES_HOLD		5
#define CONFIRMED_IS_HOME	6
#define OVERTAKEN_IS_STOPPED	7
#define TURNING_IS_KNOWN	8
#define SAFE_IS_HOME		9
#define NEWEST_IS_OBEYED	10

#ifndef ONLY
#define ONLY	0
#endif
#define CHECK(name, x)	assert((x) || (ONLY != 0 && ONLY != name))

/* ---- the core: struct mn_safety, struct mn_device ---- */

#define SAFE	0
#define ARMED	1
#define RUNNING	2
#define FAULT	3

unsigned st : 2;		/* state */
unsigned ep : 5;		/* epoch */
bool home_due;			/* home_deadline is set */
bool failed;			/* latched: MN_FAULT_TRANSPORT, _NOT_HOME or _UNEXPECTED_MOTION */
bool reported;
bool rep_home;			/* at_home() of the last report */
unsigned rep_boot : 2;
bool resync;			/* stop_work is queued */

#define ABSENT	0
#define PROBING	1		/* mn_device_register() waits for its stop */
#define THERE	2
#define GOING	3		/* gone, and nobody uses its ops any more in a moment */
unsigned reg : 2;
bool gate_busy;			/* cmd_lock is held */
bool dead;			/* the host: panicked, without power */

/* ---- the bus ---- */

bool plugged = true;
bool k_busy;			/* OUT A, struct mn_out */
bool k_again;
unsigned k_ep : 5;
bool l_busy;			/* OUT B */
unsigned l_ep : 5;
#define NONE	0
#define START	1
#define STOP	2
unsigned e_req : 2;		/* endpoint 0: a request that the host has given up and the handpiece has yet to take */
unsigned e_ep : 5;
#define OK	1		/* results */
#define REFUSED	2
#define UNKNOWN	3
bool s_full;			/* a status on its way */
bool s_old;			/* one that was made after it has come by endpoint 0 */
unsigned s_ep : 5;
unsigned s_boot : 2;
bool s_rest;

/* ---- the handpiece: struct hp_firmware ---- */

#define REST	0
#define TURNING	1
#define DOWN	2		/* on its way home */
unsigned motion : 2;
bool seen = true;		/* stop_seen: of a host before ours */
unsigned h_ep : 5 = EPOCHS - 2;	/* epoch; it wraps soon */
bool lease;			/* it is fresh */
unsigned boot : 2;		/* boot_id */

/* ---- what only the properties know ---- */

bool g_arrived;			/* a STOP arrived since the host attached or it restarted */
unsigned g_newest : 5;		/* the newest that did, obeyed or not */
bool g_seen = true;			/* one arrived since power-on */
bool g_leased;			/* a valid renewal came since the last tick */
bool g_late;			/* a renewal came while the motor turned and nobody wanted it */
unsigned g_run_ep : 5;		/* epoch of the order that it turns for */
bool g_confirmed;		/* a stop was, and no order was given since */
bool g_claims;			/* it claims an epoch that the core has not heard of yet */

/*
 * How many things may go wrong: losses and late answers, events that the core brings about, and what befalls the
 * world. Unlimited where nothing is said.
 */
#ifdef LOSSES
unsigned losses : 3 = LOSSES;
#define MAY_LOSE	(losses > 0)
#define LOST		losses--
#else
#define MAY_LOSE	true
#define LOST		skip
#endif
#ifdef EVENTS
unsigned events : 3 = EVENTS;
#define MAY_HAPPEN	(events > 0)
#define HAPPENED	events--
#else
#define MAY_HAPPEN	true
#define HAPPENED	skip
#endif
#ifdef BLOWS
unsigned blows : 2 = BLOWS;
#define MAY_BEFALL	(blows > 0)
#define BEFELL		blows--
#else
#define MAY_BEFALL	true
#define BEFELL		skip
#endif
#ifdef LIVE
#define MAY_GIVE_UP	false	/* there are more tries than losses */
#define MAY_STOP	false	/* nobody relies on its stopping by itself */
bool g_untold;			/* a stop that did not get through is to be told */
unsigned g_told_ep : 5;		/* with this epoch, or a later one */
#define TO_BE_TOLD	g_untold = true; g_told_ep = ep
#define TOLD(x)		g_untold = g_untold && !REACHED(x, g_told_ep)
#else
#define MAY_GIVE_UP	true
#define MAY_STOP	true
#define TO_BE_TOLD	skip
#define TOLD(x)		skip
#endif

/* Nobody wants it to turn: the core did not give the order that it turns for, or has stopped since. */
#define WANTED		(!dead && reg == THERE && st == RUNNING && g_run_ep == ep)

#include "bus.pml"
#include "core.pml"
#include "handpiece.pml"
#include "talk.pml"
#include "world.pml"
#include "properties.pml"
