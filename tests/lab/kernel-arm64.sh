# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Provide one of Debian's arm64 kernels, and what modules for it are cross-built against. Sourced by
# "kernel"; sets kernel_path, build_dir, modules_dir and release.

# It is the arm64 twin of the amd64 kernel whose headers are installed: what the two share, the
# common headers and the programs that build modules, which run here, is in those.
# provide_arm64 FLAVOUR: of that twin, 6.12-amd64, or amd64 for the release's own
provide_arm64()
{
	local headers image version kbuild

	"$LAB/need" "linux-headers-$1" gcc-aarch64-linux-gnu
	headers=$(dpkg-query -W -f '${Depends}' "linux-headers-$1" | sed 's/[ ,].*//')
	version=$(dpkg-query -W -f '${Version}' "$headers")
	release=${headers#linux-headers-}
	release=${release%-amd64}-arm64

	if ! { image=$("$LAB/arm64-package" "linux-image-$release=$version") &&
		headers=$("$LAB/arm64-package" "linux-headers-$release=$version"); }; then
		die "bring the headers up to date: apt-get update && apt-get install linux-headers-$1"
	fi
	kernel_path=$image/boot/vmlinuz-$release
	build_dir=$headers/usr/src/linux-headers-$release
	modules_dir=
	# Its "scripts" lead to usr/lib beside it, where Debian would have put those of arm64.
	kbuild=$(readlink "$build_dir/scripts")
	kbuild=$(basename "${kbuild%/scripts}")
	mkdir -p "$headers/usr/lib"
	ln -sfn "/usr/lib/$kbuild" "$headers/usr/lib/$kbuild"
	[ -x "$build_dir/scripts/mod/modpost" ] || die "there is no $kbuild for $build_dir"
}
