# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the static checks written in shell share. Sourced, never run.

OUT=build/static

# The caller's make may have been given variables that are not meant for ours.
unset MAKEFLAGS MFLAGS MAKELEVEL

die() { printf '%s\n' "$*" >&2; exit 1; }

# files PATTERN...: the tree's own files that match, each one a line; what git ignores is not ours
files()
{
	git -c safe.directory='*' ls-files --cached --others --exclude-standard --deduplicate -- "$@" |
		while IFS= read -r file; do
			# Listed still, but deleted.
			[ ! -e "$file" ] || printf '%s\n' "$file"
		done
}

# The lab's unpacked kernel source, which brings the kernel's own scripts
kernel_source()
{
	local build

	build=$(tests/lab/kernel uml --build-dir) || return
	readlink -f "$build/source"
}
