# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the lab's shell scripts share. Sourced, never run.

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CHECKOUT=$(cd "$LAB/../.." && pwd)
CACHE=${MN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/microneedle}

# depmod and modprobe are not on everybody's path.
PATH=$PATH:/usr/sbin:/sbin

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Hold LOCKFILE until the script ends; two builders of one thing take turns.
hold_lock()
{
	mkdir -p "$(dirname "$1")"
	exec 9>"$1"
	if ! flock -n 9; then
		say "another run is preparing this ($1); waiting for it"
		flock 9
	fi
}
