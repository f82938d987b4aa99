# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Provide one of Debian's own kernels with its modules and headers. Sourced by
# "kernel"; sets kernel_path, build_dir, modules_dir and release.

# provide FLAVOUR: 6.12-amd64, or amd64 for the release's own
provide()
{
	local headers=linux-headers-$1 version unpacked

	"$LAB/need" "$headers" kmod zstd xz-utils
	headers=$(dpkg-query -W -f '${Depends}' "$headers" | sed 's/[ ,].*//')
	release=${headers#linux-headers-}
	version=$(dpkg-query -W -f '${Version}' "$headers")
	build_dir=/usr/src/$headers
	unpacked=$CACHE/debian/$release-$version

	if [ ! -d "$unpacked" ]; then
		hold_lock "$CACHE/debian/$release-$version.lock"
		[ -d "$unpacked" ] || unpack "$unpacked" "$1"
	fi
	kernel_path=$unpacked/vmlinux
	modules_dir=$unpacked/lib/modules/$release
}

# Unpacked, not installed: an installed kernel would change the machine's boot.
unpack()
{
	local work=$1.partial

	rm -rf "$work"
	mkdir -p "$work"
	say "fetching Debian's kernel $release (for the lab's cache, it is not installed)"
	if ! (cd "$work" && apt-get download "linux-image-$release") >"$work/log" 2>&1; then
		cat "$work/log" >&2
		say "linux-image-$release is no longer in the archive, or the archive is out of reach"
		die "bring the headers up to date: apt-get update && apt-get install linux-headers-$2"
	fi
	# Only what a guest without hardware can use.
	dpkg-deb --fsys-tarfile "$work"/linux-image-*.deb | tar -x -C "$work" \
		--exclude='./usr' --exclude='./boot/System.map*' --exclude='*/kernel/sound' \
		--exclude='*/kernel/drivers/gpu' --exclude='*/kernel/drivers/media' \
		--exclude='*/kernel/drivers/infiniband' --exclude='*/kernel/drivers/net/ethernet' \
		--exclude='*/kernel/drivers/net/wireless'
	depmod -b "$work" "$release"
	decompress "$work/boot/vmlinuz-$release" "$work/vmlinux"
	rm -f "$work"/*.deb "$work/log"
	mv "$work" "$1"
}

# The kernel inside a bzImage: QEMU starts it as it is, which spares an
# emulated CPU the unpacking.
decompress()
{
	local magic tool offset

	for magic in '\x28\xb5\x2f\xfd zstd' '\xfd7zXZ\x00 xz'; do
		tool=${magic##* }
		# Numbers, one a line: there is nothing to split wrongly.
		# shellcheck disable=SC2013
		for offset in $(LC_ALL=C grep -obUaP -- "${magic% *}" "$1" | cut -d: -f1); do
			# What follows the compressed kernel is no error of ours.
			tail -c "+$((offset + 1))" "$1" | "$tool" -dc >"$2" 2>/dev/null || true
			[ "$(head -c 4 "$2")" = "$(printf '\177ELF')" ] && return
		done
	done
	die "cannot find the kernel in $1: is it packed with neither zstd nor xz?"
}
