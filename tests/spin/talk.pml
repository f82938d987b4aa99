// SPDX-License-Identifier: GPL-2.0-or-later
/* Who talks on endpoint 0 and may sleep there: the gate, CLEAR and probe, one at a time, and the stop's worker. */

/*
 * A request and its result. What lies between the decision to ask and this moment is the way there; what follows,
 * the way back. One that took too long may be carried out later, unless another comes before it.
 *
 * code: driver/usb_request.c request_out; code: driver/usb_request.c ask_result
 */
inline ask(what, x, result)
{
	if
	:: d_step { !dead && plugged -> e_req = NONE; e_ep = 0; h_take(what, x, result) }
	/* It was carried out, or refused, and the answer is lost. */
	:: d_step { !dead && plugged && MAY_LOSE -> LOST; e_req = NONE; e_ep = 0; h_take(what, x, result); result = UNKNOWN }
	/* It refuses: a fault of its own, an interlock, a limit. code: tests/handpiece/requests.c start_limits */
	:: d_step { !dead && plugged && what == START -> e_req = NONE; e_ep = 0; result = REFUSED }
	/* It is late. */
	:: d_step { !dead && plugged && MAY_LOSE -> LOST; e_req = what; e_ep = x; result = UNKNOWN }
	/* It is lost. */
#ifndef SEED_NO_TIMEOUT
	:: d_step { !dead && (!plugged || MAY_LOSE) ->
		if
		:: plugged -> LOST
		:: else
		fi;
		result = UNKNOWN }
#endif
	fi
}

/* code: driver/usb_request.c mn_usb_stop */
inline usb_stop(who_ep, result)
{
	ask(STOP, who_ep, result);
	if
	:: result == OK ->
		if
		/* code: driver/usb_request.c report_status */
#ifdef SEED_CONFIRMED_WHILE_MOVING
		:: d_step { !dead && plugged && REACHED(h_ep, who_ep) && seen ->
#else
		:: d_step { !dead && plugged && motion == REST && REACHED(h_ep, who_ep) && seen ->
#endif
			CHECK(CONFIRMED_IS_HOME, motion == REST);
			g_confirmed = g_confirmed || (who_ep == ep && st != RUNNING);
			s_old = s_full;
			if
			:: reg == PROBING || reg == THERE -> report(h_ep, boot, motion == REST)
			:: else
			fi }
		:: d_step { !dead && (!plugged || !seen || !REACHED(h_ep, who_ep)) -> result = UNKNOWN }
		:: d_step { !dead && MAY_LOSE -> LOST; result = UNKNOWN }
		fi
	:: else
	fi
}

/* Holds cmd_lock. code: driver/core.c mn_gate */
active proctype gate()
{
	unsigned my_ep : 5;	/* of the order, or of the stop */
	unsigned result : 2;

	do
	/*
	 * The trigger, START or UPDATE, whenever they come.
	 * code: driver/core.c take_order; code: driver/safety.c begin
	 */
	:: d_step { !dead && reg == THERE && MAY_BEGIN && MAY_HAPPEN ->
		HAPPENED;
		gate_busy = true;
		st = RUNNING;
		g_confirmed = false;
		my_ep = ep };
		/* code: driver/core.c give_order; code: driver/usb_request.c mn_usb_start */
		ask(START, my_ep, result);
		/* code: driver/safety.c started */
		d_step { !dead ->
			if
			:: my_ep != ep
			:: my_ep == ep && result == REFUSED -> halt(SAFE)
			:: my_ep == ep && result == UNKNOWN ->
#ifdef SEED_UNKNOWN_IS_NOT_GIVEN
				st = ARMED
#else
				latch_and_resync()
#endif
			:: else
			fi };
		/* A stop has overtaken it. code: driver/core.c give_order */
		if
		:: d_step { !dead && my_ep != ep -> my_ep = ep };
#ifndef SEED_NO_RECHECK
			usb_stop(my_ep, result);
#endif
			d_step { CHECK(OVERTAKEN_IS_STOPPED, result != OK || motion != TURNING) }
		:: !dead && my_ep == ep
		fi;
		d_step { my_ep = 0; result = NONE; gate_busy = false }
	/* code: driver/request.c mn_clear_fault */
	:: d_step { !dead && reg == THERE && st == FAULT && MAY_HAPPEN ->
		HAPPENED;
		gate_busy = true;
		stop();
		my_ep = ep };
		usb_stop(my_ep, result);
		/* code: driver/safety.c clear; code: driver/safety.c causes */
		d_step { !dead ->
			if
#ifdef SEED_CLEARED_UNHEARD
			:: reg == THERE && st == FAULT && rep_home && !home_due ->
#else
			:: reg == THERE && st == FAULT && result == OK && rep_home && !home_due ->
#endif
				st = SAFE; failed = false
			:: else
			fi;
			my_ep = 0; result = NONE; gate_busy = false }
	/* code: driver/usb.c mn_usb_probe; code: driver/lifetime.c mn_device_alloc */
	:: d_step { !dead && reg == ABSENT && plugged ->
		gate_busy = true;
		reg = PROBING;
		g_arrived = false; g_newest = 0; g_claims = false; g_confirmed = false;
		if
		:: st != FAULT -> st = SAFE
		:: else
		fi;
		/* code: driver/usb_request.c mn_usb_identify; code: driver/safety.c mn_safety_init */
#ifdef SEED_PROBE_FORGETS_EPOCH
		ep = 0;
#else
		ep = h_ep;
#endif
		/* code: driver/lifetime.c mn_device_register; code: driver/core.c mn_stop_confirmed */
		new_epoch();
		my_ep = ep };
		usb_stop(my_ep, result);
		d_step { !dead ->
			if
			:: reg == PROBING && result == OK -> reg = THERE
			:: reg == PROBING && result != OK -> reg = GOING
			:: else
			fi;
			my_ep = 0; result = NONE; gate_busy = false }
	od
}

/* Tries until it is told. code: driver/core.c mn_stop_work; code: driver/core.c could_not_tell */
active proctype worker()
{
	unsigned result : 2;

	do
	:: d_step { HAS_OPS && resync && plugged ->
		e_req = NONE; e_ep = 0;
		h_take_stop(ep, result);
		resync = result != OK;
		result = NONE }
	/* It came, and the answer is lost. */
	:: d_step { HAS_OPS && resync && plugged && MAY_LOSE -> LOST; e_req = NONE; e_ep = 0; h_take_stop(ep, result); result = NONE }
	/* It is late. */
	:: d_step { HAS_OPS && resync && plugged && MAY_LOSE -> LOST; e_req = STOP; e_ep = ep }
	/* After MN_STOP_TRIES it gives up, and the log says to unplug it. */
	:: d_step { !dead && resync && (!plugged || MAY_GIVE_UP) -> resync = false }
	od
}
