# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A workstation as a person would find it: the driver loaded, the handpiece on
# the bus, the daemon up, an operator's account. Sourced in the guest, by "make
# shell" and by whoever else wants one; what has not been built is left out,
# and said.

MN_OPERATOR=mnop
PATH=$MN_BUILD/bin:$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/bin:$PATH
export PATH MN_OPERATOR

# One name for the person at the workstation, in the group that may treat.
add_operator()
{
	local gid

	getent passwd $MN_OPERATOR >/dev/null && return
	gid=$(getent group mn-operator | cut -d: -f3)
	if [ -z "$gid" ]; then
		echo "session: there is no group mn-operator: is udev/ missing a sysusers file?" >&2
		return 1
	fi
	echo "$MN_OPERATOR:x:1990:$gid::/tmp:/bin/bash" >>/etc/passwd
	sed -i "s/^\(mn-operator:.*:\)\(.*[^:]\)\$/\1\2,$MN_OPERATOR/; s/^\(mn-operator:.*:\)\$/\1$MN_OPERATOR/" \
		/etc/group
}

# as_operator COMMAND...: root may stop and look, but not treat
as_operator()
{
	setpriv --reuid $MN_OPERATOR --regid mn-operator --init-groups -- "$@"
}

# Debian's kernels have the simulated bus as modules; UML's has it built in.
load_bus()
{
	[ -d /sys/class/udc/dummy_udc.0 ] || modprobe -a libcomposite usb_f_fs dummy_hcd
}

load_driver()
{
	local module

	for module in microneedle microneedle-usb; do
		[ ! -d "/sys/module/${module//-/_}" ] || continue
		if [ ! -f "$MN_MODULES/$module.ko" ]; then
			echo "session: $MN_MODULES/$module.ko has not been built" >&2
			return 1
		fi
		insmod "$MN_MODULES/$module.ko" || return
	done
}

# wait_until SECONDS WHAT COMMAND...: poll, since whatever comes may come in any order
wait_until()
{
	local tries=$(($1 * 20)) what=$2

	shift 2
	until "$@"; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ]; then
			echo "session: $what did not appear" >&2
			return 1
		fi
		sleep 0.05
	done
}

start_handpiece()
{
	if [ ! -x "$MN_BUILD/bin/mn-handpiece" ]; then
		echo "session: the simulated handpiece has not been built" >&2
		return 1
	fi
	mn-handpiece "$@" >>"$MN_OUT/handpiece.log" 2>&1 &
	MN_HANDPIECE_PID=$!
	wait_until 5 "/dev/microneedle0 (see $MN_OUT/handpiece.log)" test -c /dev/microneedle0 &&
		udevadm settle --timeout=5
}

start_daemon()
{
	if [ ! -x "$MN_BUILD/bin/microneedled" ]; then
		echo "session: the daemon has not been built" >&2
		return 1
	fi
	mkdir -p /run/microneedle /var/lib/microneedle
	microneedled --foreground "$@" >>"$MN_OUT/microneedled.log" 2>&1 &
	MN_DAEMON_PID=$!
	wait_until 5 "/run/microneedle/control.sock (see $MN_OUT/microneedled.log)" \
		test -S /run/microneedle/control.sock
}

start_session()
{
	add_operator
	load_bus && load_driver && start_handpiece && start_daemon
}
