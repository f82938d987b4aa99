// SPDX-License-Identifier: GPL-2.0-or-later
/* What is under way on the bus. */

inline bus_clear()
{
	k_busy = false; k_again = false; k_ep = 0;
	l_busy = false; l_ep = 0;
	e_req = NONE; e_ep = 0;
	s_full = false; s_old = false; s_ep = 0; s_boot = 0; s_rest = false
}
