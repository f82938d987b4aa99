// SPDX-License-Identifier: GPL-2.0-or-later
/* The handpiece. Each packet and each request is taken in one step. */

/* code: tests/handpiece/motion.c hp_fw_stop */
inline h_stop()
{
	if
	:: motion == TURNING -> motion = DOWN; g_run_ep = 0; g_late = false
	:: else
	fi
}

/* code: tests/handpiece/requests.c stop */
inline h_take_stop(x, answer)
{
	/* What the properties know: it came. */
	g_seen = true;
	if
	:: !g_arrived || REACHED(x, g_newest) -> g_newest = x; g_arrived = true
	:: else
	fi;
	if
	:: !seen || HP_REACHED(x, h_ep) ->
		answer = OK;
		if
		:: !seen || x != h_ep -> lease = false; g_leased = false
		:: else
		fi;
		seen = true;
		h_ep = x;
		TOLD(x);
		h_stop()
	:: else ->
		answer = REFUSED;
		CHECK(NEWEST_IS_OBEYED, x != ep || g_claims || !HAS_OPS)
	fi
}

/* code: tests/handpiece/requests.c start_allowed */
#ifdef SEED_EPOCH_NOT_COMPARED
#define H_SAME(x)	true
#else
#define H_SAME(x)	((x) == h_ep)
#endif
#ifdef SEED_START_WITHOUT_LEASE
#define H_LEASED	true
#else
#define H_LEASED	lease	/* code: tests/handpiece/firmware.c hp_fw_lease_fresh */
#endif

/* code: tests/handpiece/requests.c start; code: tests/handpiece/motion.c hp_fw_run */
inline h_take_start(x, answer)
{
	if
	:: seen && H_SAME(x) && H_LEASED && motion != DOWN ->
		CHECK(REBOOTED_WAITS, g_seen);
		CHECK(OLD_START_STAYS_OUT, !g_arrived || REACHED(x, g_newest));
		CHECK(LEASE_BOUNDS_MOTOR, g_leased);
		CHECK(CONFIRMED_IS_HOME, !g_confirmed);
		motion = TURNING;
		g_run_ep = x;
		answer = OK
	/* A fault of its own, an interlock, a limit: it may refuse any. */
	:: else -> answer = REFUSED
	fi
}

/* code: tests/handpiece/requests.c hp_fw_request_out */
inline h_take(what, x, answer)
{
	if
	:: what == STOP -> h_take_stop(x, answer)
	:: else -> h_take_start(x, answer)
	fi
}

/* code: tests/handpiece/requests.c lease */
inline h_take_lease(x)
{
	if
#ifdef SEED_LEASE_OF_ANY_EPOCH
	:: seen ->
#else
	:: seen && x == h_ep ->
#endif
		lease = true;
		g_leased = true;
		/* One may have been under way at the stop: after it the motor turns for two leases at most. */
		if
		:: motion == TURNING && !WANTED -> CHECK(STOP_TAKES_HOLD, !g_late); g_late = true
		:: else
		fi
	:: else
	fi
}

/* code: tests/handpiece/firmware.c lease_due */
inline h_tick()
{
	g_leased = false;
#ifndef SEED_LEASE_NEVER_LAPSES
	if
	:: lease -> lease = false; h_stop()
	:: else
	fi
#endif
}

/* A request that nobody waits for any more. code: tests/handpiece/requests.c hp_fw_request_out */
active proctype late()
{
	unsigned answer : 2;

	do
	:: d_step { e_req != NONE -> h_take(e_req, e_ep, answer); answer = NONE; e_req = NONE; e_ep = 0 }
	od
}

/* It stops by itself: its own limits, inputs and faults. code: tests/handpiece/motion.c hp_fw_stroke_end */
active proctype motor()
{
	do
	:: d_step { motion == TURNING && MAY_STOP -> h_stop() }
	od
}

/* code: tests/handpiece/motion.c hp_fw_home_due */
active proctype needles()
{
	do
	:: d_step { motion == DOWN -> motion = REST }
	od
}

/* code: tests/handpiece/firmware.c hp_fw_tell */
active proctype status()
{
	do
#ifdef WITH_DELAYED_STATUS
	:: d_step { plugged && !s_full ->
		s_full = true; s_ep = h_ep; s_boot = boot; s_rest = (motion == REST) }
#else
	:: d_step { plugged && HAS_OPS -> report(h_ep, boot, motion == REST) }
#endif
	od
}
