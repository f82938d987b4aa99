#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What "make shell" shows: a workstation that is up, and a prompt.

export MN_OUT
mkdir -p "$MN_OUT"
. "$(dirname "$0")/session.sh"

if start_session; then
	echo
	cat <<-'END'
	A clinic workstation with a simulated handpiece. Try:
	  mnctl status                              what is attached, and what limits it
	  as_operator mnctl session open --help     open a session as the operator, then
	  as_operator mnctl session run SESSION &   arm it, and with a foot on the switch:
	  handpiece press foot_switch               (and release; handpiece alone says what else)
	  mnctl monitor                             watch what happens, as it happens
	  dmesg | tail                              what the kernel says
	Leave with "exit". Nothing that you do here reaches your machine's files.
	END
else
	echo "session: not everything came up (see above); this is still a shell in the guest" >&2
fi
echo

# The functions above stay at hand; "exit" powers the guest off.
export -f as_operator
exec bash --rcfile <(printf '%s\n' "PS1='workstation:\w# '" "alias ls='ls --color=auto'") -i
