# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Build the instrumented UML kernel from Debian's source. Sourced by "kernel";
# sets kernel_path, build_dir, modules_dir and release.

config=$LAB/uml.config
source_package=linux-source-6.12
tarball=/usr/src/$source_package.tar.xz

"$LAB/need" "$source_package" xz-utils gcc libc6-dev make flex bison bc kmod

# A kernel is known by all that decides what comes out of the build.
version=$(dpkg-query -W -f '${Version}' "$source_package")
key=$version-$({ cat "$config"; gcc -dumpfullversion; } | sha256sum | cut -c1-12)
build_dir=$CACHE/uml/$key
source_dir=$CACHE/source/$version

unpack_source()
{
	local into

	[ -d "$source_dir" ] && return
	say "unpacking $source_package $version"
	into=$source_dir.partial
	rm -rf "$into"
	mkdir -p "$into"
	# The bulk of the tarball is register lists that UML never compiles.
	tar -xf "$tarball" -C "$into" --strip-components=1 \
		--exclude='*/drivers/gpu/drm/*/*.[ch]' --exclude='*/Documentation/*/*' \
		--exclude='*/tools/testing/*'
	mv "$into" "$source_dir"
}

# Every line of the fragment must stand in the finished .config as it is.
check_config()
{
	local line name bad=0

	while read -r line; do
		case $line in
		CONFIG_*=*)
			name=${line%%=*}
			grep -qxF -- "$line" "$1" && continue
			;;
		"# CONFIG_"*" is not set")
			name=${line#\# }
			name=${name%% *}
			grep -q "^$name=" "$1" || continue
			;;
		*)
			continue
			;;
		esac
		say "$name did not take: uml.config says \"$line\"," \
			"the kernel's .config says \"$(grep -w -- "$name" "$1" || echo nothing)\""
		bad=1
	done <"$config"
	[ $bad = 0 ] || die "an option did not take: a dependency of it is missing in uml.config"
}

# Turn make's output into one moving line (a line now and then in a log).
show_progress()
{
	local tty=0

	[ -t 2 ] && tty=1
	awk -v tty=$tty -v total=1380 '
		BEGIN { tick = 0 }
		/^  (CC|AS|LD|AR|HOSTCC|HOSTLD|GEN|MODPOST|OBJCOPY|KSYMS|LDS|USER)/ {
			done++
			percent = int(100 * done / total)
			if (percent > 99)
				percent = 99
			if (tty)
				printf "\rlab: building the UML kernel %3d %%\033[K", percent
			else if (percent >= tick) {
				printf "lab: building the UML kernel %3d %%\n", percent
				tick += 10
			}
			fflush()
		}
		END { if (tty) printf "\r\033[K" }' >&2
}

build()
{
	local work=$build_dir.partial make

	unpack_source
	mkdir -p "$work"
	make=(make -C "$source_dir" ARCH=um "O=$work" "LOCALVERSION=")

	if ! "${make[@]}" -s "KCONFIG_ALLCONFIG=$config" allnoconfig >"$work/config.log" 2>&1; then
		cat "$work/config.log" >&2
		die "the UML kernel's configuration failed"
	fi
	check_config "$work/.config"

	say "building the UML kernel ($version), once: about 7 minutes on two CPUs"
	if ! nice -n 5 "${make[@]}" "-j$(nproc)" all 2>&1 | tee "$work/build.log" | show_progress; then
		grep -E -B2 -A8 'error|Error [0-9]' "$work/build.log" | tail -40 >&2
		die "the UML kernel did not build; the whole log is $work/build.log"
	fi
	# The name appears only now, with all that belongs to it.
	mv "$work" "$build_dir"
	say "the UML kernel is in $build_dir"
}

if [ ! -d "$build_dir" ]; then
	hold_lock "$CACHE/uml/$key.lock"
	[ -d "$build_dir" ] || build
fi

kernel_path=$build_dir/linux
modules_dir=
release=$(cat "$build_dir/include/config/kernel.release")
