// SPDX-License-Identifier: GPL-2.0-or-later
/* The core's steps under its state lock. Each is atomic, as there. */

#define IS_ACTIVE	(st == ARMED || st == RUNNING)
#define HAS_OPS		(!dead && (reg == PROBING || reg == THERE || reg == GOING))

/* No two epochs that meet are half of the numbers apart: 2^31 stops are never under way at once. */
#define FAR(valid, x)	((valid) && AHEAD(ep, x) >= HALF && AHEAD(x, ep) > CLAIM)
#define CROWDED		(FAR(seen, h_ep) || FAR(k_busy, k_ep) || FAR(l_busy, l_ep) || FAR(e_req != NONE, e_ep) || \
			 FAR(s_full, s_ep))

/* code: driver/usb_link.c mn_usb_kill */
inline kill()
{
	if
	:: plugged && !k_busy -> k_busy = true; k_ep = ep
	:: plugged && k_busy -> k_again = true
	:: else
	fi
}

inline new_epoch()
{
	ep = (ep + 1) % EPOCHS;
	kill();
	CHECK(WINDOW, !CROWDED)
}

/* code: driver/safety_stop.c mn_safety_halt */
inline halt(to)
{
	if
	:: st == RUNNING -> home_due = true
	:: else
	fi;
	st = to;
	new_epoch()
}

/* code: driver/safety_stop.c mn_safety_latch */
inline latch()
{
	if
	:: st != FAULT -> halt(FAULT)
	:: else
	fi
}

/* The same for what is tried again on the long way. code: driver/safety_stop.c mn_safety_latch */
inline latch_and_resync()
{
	if
	:: !failed ->
		failed = true;
		halt(FAULT);
		TO_BE_TOLD;
#ifndef SEED_NO_RETRY
		resync = true
#endif
	:: else
	fi
}

/* code: driver/safety_stop.c mn_safety_stop */
inline stop()
{
	if
	:: IS_ACTIVE -> halt(SAFE)
	:: else -> new_epoch()
	fi
}

/* code: driver/safety_reports.c mn_safety_report */
inline report(r_ep, r_boot, r_rest)
{
	rep_home = r_rest;
	if
	:: reported && r_boot != rep_boot ->
		if
		:: IS_ACTIVE -> latch()
		:: else -> new_epoch()
		fi;
		resync = true
	:: else
	fi;
	rep_boot = r_boot;
	reported = true;
	g_claims = g_claims && r_ep != h_ep;
	if
	:: r_ep != ep && CORE_REACHED(r_ep, ep) ->
#ifndef SEED_CLAIM_IGNORED
		ep = r_ep;
#endif
		latch();
		new_epoch()
#ifdef SEED_HOME_OF_ANY_EPOCH
	:: !(r_ep != ep && CORE_REACHED(r_ep, ep)) && r_rest -> home_due = false
#else
	:: r_ep == ep && r_rest -> home_due = false
#endif
	:: r_ep == ep && !r_rest && st != RUNNING && !home_due -> latch_and_resync()
	:: else
	fi
}

/* code: driver/safety.c begin */
#define MAY_BEGIN	(st == RUNNING || (st == ARMED && rep_home && !home_due))

/* code: driver/usb_link.c mn_usb_lease */
inline renew()
{
	if
	:: plugged && !l_busy -> l_busy = true; l_ep = ep
	:: else
	fi
}

/* Time, as the core sees it; when it renews the lease is as good as any moment, see core(). code: driver/safety.c expire */
inline core_tick()
{
	if
	:: home_due ->
		home_due = false;
		/* One that is gone can't say that it is home. */
		if
		:: reported -> latch_and_resync()
		:: else
		fi
	:: else
	fi
}

/* What happens to the core, each under its lock. */
active proctype core()
{
	do
	/* code: driver/safety.c arm_commit; mn_arm() holds cmd_lock */
	:: d_step { !dead && reg == THERE && st == SAFE && !gate_busy && rep_home && !home_due ->
		st = ARMED; renew() }
	/* Every 25 ms. code: driver/safety.c expire */
	:: d_step { !dead && reg == THERE && IS_ACTIVE && !l_busy -> renew() }
	/* Anybody stops. code: driver/request.c mn_stop */
	:: d_step { !dead && reg == THERE && MAY_HAPPEN -> stop(); HAPPENED }
	/* The trigger is released, the next run is armed. code: driver/safety_reports.c follow_trigger */
	:: d_step { !dead && reg == THERE && st == RUNNING && MAY_HAPPEN -> halt(ARMED); HAPPENED }
	/* Any fault: a lease that lapses, silence, a stroke too deep. code: driver/core.c mn_report_failure */
	:: d_step { !dead && reg == THERE && st != FAULT && MAY_HAPPEN -> latch(); HAPPENED }
	/* code: driver/usb_link.c mn_usb_take_report; code: driver/usb_link.c out_of_date */
	:: d_step { HAS_OPS && s_full ->
		s_full = false;
		if
		:: !s_old -> report(s_ep, s_boot, s_rest)
		:: else
		fi;
		s_old = false; s_ep = 0; s_boot = 0; s_rest = false }
	/* The bus says that it is gone, or the driver is unbound. code: driver/lifetime.c mn_device_unregister */
	:: d_step { !dead && (reg == PROBING || reg == THERE) && (!plugged || MAY_BEFALL) ->
		if
		:: plugged -> BEFELL
		:: else
		fi;
		if
		:: st == RUNNING -> latch()
		:: else -> stop()
		fi;
		reported = false; rep_home = false; rep_boot = 0;
		reg = GOING }
	/* Nobody uses it any more. code: driver/lifetime.c mn_revoke */
	:: d_step { !dead && reg == GOING && !gate_busy ->
		reg = ABSENT; resync = false; home_due = false;
		/* its URBs are poisoned. code: driver/usb_link.c mn_usb_link_poison */
		bus_clear() }
	od
}
