// SPDX-License-Identifier: GPL-2.0-or-later
/* Properties that are not assertions, under weak fairness. */

#ifdef LIVE
/* Whatever is lost, and if the host is dead: a motor that nobody wants stands still at last. */
ltl every_stop_stops { [] ((motion == TURNING && !WANTED) -> <> (motion != TURNING || WANTED)) }
/* A gate that was entered is left. */
ltl gate_returns { [] (gate_busy -> <> (!gate_busy || dead)) }
/* A stop that did not get through the short way gets through the long one. */
ltl every_stop_is_told { [] (g_untold -> <> (!g_untold || reg != THERE || dead)) }
#endif
