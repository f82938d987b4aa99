// SPDX-License-Identifier: GPL-2.0-or-later
/* The bus, the time, and what befalls both ends. Between endpoints nothing is in order. */

/* What is sent anew says the newest. code: driver/usb_link.c kill_submit */
inline k_next()
{
	if
	:: k_again && !dead -> k_again = false; k_ep = ep
	:: else -> k_busy = false; k_again = false; k_ep = 0
	fi
}

/* OUT A. code: driver/usb_link.c kill_complete; code: tests/handpiece/requests.c hp_fw_out */
active proctype out_a()
{
	unsigned answer : 2;

	do
	:: d_step { k_busy -> h_take_stop(k_ep, answer); answer = NONE; k_next() }
	/* It came, and the host does not know: sent anew. */
	:: d_step { k_busy && MAY_LOSE -> LOST; h_take_stop(k_ep, answer); answer = NONE; k_again = true; k_next() }
	/* It did not get out, and not at the third try. */
	:: d_step { k_busy && HAS_OPS && MAY_LOSE ->
		LOST; k_again = false; k_next(); latch_and_resync() }
	/* All seems well, and the handpiece did not hear it. */
	:: d_step { k_busy && MAY_LOSE -> LOST; k_next() }
	od
}

/* OUT B. code: driver/usb_link.c lease_complete; code: tests/handpiece/requests.c hp_fw_out */
active proctype out_b()
{
	do
	:: d_step { l_busy -> h_take_lease(l_ep); l_busy = false; l_ep = 0 }
	:: d_step { l_busy && MAY_LOSE -> LOST; l_busy = false; l_ep = 0 }
	od
}

/* Endpoint 0 and the status's: the request, its answer, a status is lost. */
active proctype loss()
{
	do
	:: d_step { e_req != NONE && MAY_LOSE -> LOST; e_req = NONE; e_ep = 0 }
	:: d_step { s_full && MAY_LOSE -> LOST; s_full = false; s_old = false; s_ep = 0; s_boot = 0; s_rest = false }
	od
}

/* Time goes by whatever else happens. What must hold in every state is looked at here: it is always enabled. */
active proctype time()
{
	do
	:: d_step {
		/* An order of the core's present epoch is one that it knows it gave. */
		CHECK(TURNING_IS_KNOWN, motion != TURNING || dead || reg != THERE || g_run_ep != ep || st == RUNNING);
		/* What the core shows as standing still stands still. */
		CHECK(SAFE_IS_HOME, dead || reg != THERE || st == RUNNING || st == FAULT || home_due || motion == REST);
		h_tick();
		CHECK(LEASE_BOUNDS_MOTOR, motion != TURNING || g_leased);
		if
		:: HAS_OPS -> core_tick()
		:: else
		fi }
	od
}

active proctype world()
{
	do
	/* The plug is pulled. code: tests/handpiece/firmware.c hp_fw_link */
	:: d_step { plugged && !dead && MAY_BEFALL -> BEFELL; plugged = false; bus_clear() }
	:: d_step { !plugged && !dead && reg == ABSENT && MAY_BEFALL -> BEFELL; plugged = true }
	/* It restarts. Its new boot_id is no other's. code: tests/handpiece/firmware.c hp_fw_power_cycle */
	:: d_step { !dead && (boot + 1) % 4 != rep_boot && (!s_full || (boot + 1) % 4 != s_boot) && MAY_BEFALL ->
		BEFELL;
		boot = (boot + 1) % 4;
		motion = REST; g_run_ep = 0; g_late = false;
#ifndef SEED_REBOOT_FORGOTTEN
		seen = false;
#endif
		g_seen = false; g_arrived = false; g_newest = 0;
		h_ep = 0;
		lease = false; g_leased = false; g_claims = false }
	/* It goes wrong, and claims a stop that was never sent. */
	:: d_step { !dead && seen && reg == THERE && !g_claims && MAY_BEFALL ->
		BEFELL; h_ep = (ep + CLAIM) % EPOCHS; g_claims = true }
	/* The host dies. What is under way may still come. */
	:: d_step { !dead && MAY_BEFALL -> BEFELL; dead = true }
	od
}
