#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetch Debian's own arm64 packages for the boot tests: kernels, a static busybox, firmware.
#
#   images/fetch.sh [-l] [TARGET...]      no TARGET: the default set; -l lists the targets
#
# Packages come from the mirror that this machine's apt is configured with (or $ARMATURE_MIRROR),
# through apt itself with a private state directory, so nothing of the host's package database is
# touched and no root is needed. Results are in images/cache/TARGET/. Running it again costs nothing;
# an interrupted run continues. $ARMATURE_CACHE moves the cache.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/apt.sh"

# target | suite | package | file in the package -> name in cache/TARGET (several: spaces)
targets='
k61      | bookworm | linux-image-arm64      | kernel
k612     | trixie   | linux-image-arm64      | kernel
k72      | forky    | linux-image-arm64      | kernel
k612-16k | trixie   | linux-image-arm64-16k  | kernel
k72-16k  | forky    | linux-image-arm64-16k  | kernel
k72-64k  | forky    | linux-image-arm64-64k  | kernel
busybox  | bookworm | busybox-static         | bin/busybox
uboot    | bookworm | u-boot-qemu            | usr/lib/u-boot/qemu_arm64/u-boot.bin
efi      | bookworm | qemu-efi-aarch64       | usr/share/qemu-efi-aarch64/QEMU_EFI.fd usr/share/AAVMF/AAVMF_CODE.fd usr/share/AAVMF/AAVMF_VARS.fd
efi-secure | trixie | qemu-efi-aarch64       | usr/share/AAVMF/AAVMF_CODE.secboot.fd usr/share/AAVMF/AAVMF_VARS.ms.fd
shim     | trixie   | shim-signed            | usr/lib/shim/shimaa64.efi.signed
grub     | trixie   | grub-efi-arm64-signed  | usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed
xen      | bookworm | xen-hypervisor-4.17-arm64 | xen
xen420   | trixie   | xen-hypervisor-4.20-arm64 | xen
tfa      | bookworm | arm-trusted-firmware   | tfa
tfa-optee | trixie  | arm-trusted-firmware   | tfa SPD=opteed
optee    | trixie   | optee-os               | usr/lib/optee/vexpress-qemu_armv8a/tee-header_v2.bin usr/lib/optee/vexpress-qemu_armv8a/tee-pager_v2.bin
selftests | forky   | linux-source-7.2       | selftests
'
default_targets='k61 busybox'

# What a `virt` board never has; a full module tree is ten times the size.
skip_modules='drivers/gpu drivers/media drivers/infiniband drivers/iio drivers/usb drivers/staging
 drivers/net/ethernet drivers/net/wireless drivers/net/usb drivers/net/phy drivers/net/dsa
 drivers/net/can sound drivers/scsi drivers/hwmon drivers/mfd drivers/isdn drivers/accel'

row() { # row TARGET: "suite|package|files", trimmed
    awk -F'|' -v t="$1" '{ for (i = 1; i <= NF; i++) gsub(/^ +| +$/, "", $i) }
        $1 == t { print $2 "|" $3 "|" $4 }' <<<"$targets"
}

list_targets() {
    awk -F'|' 'NF > 2 { printf "%-10s %-9s %s\n", $1, $2, $3 }' <<<"$targets" | tr -s ' '
}

depends() { # depends PACKAGE: names it depends on
    apt-cache "${opts[@]}" show --no-all-versions "$1" 2>/dev/null |
        sed -n 's/^Depends: //p' | tr ',' '\n' | sed 's/^ *//; s/[ (:|].*//'
}

kernel_packages() { # kernel_packages META: packages that hold vmlinuz and the modules
    local todo=("$1") p q seen=' '
    while [ ${#todo[@]} -gt 0 ]; do
        p=${todo[0]}
        todo=("${todo[@]:1}")
        [[ $seen == *" $p "* ]] && continue
        seen+="$p "
        [[ $p =~ ^linux-(image|binary|modules)-[0-9] ]] && echo "$p"
        while read -r q; do
            [[ $q =~ ^linux-(image|binary|modules)-[0-9] ]] && todo+=("$q")
        done < <(depends "$p")
    done
}

download() { # download DIR PACKAGE: prints the path of the .deb
    local dir=$1 deb
    apt-cache "${opts[@]}" show "$2" >/dev/null 2>&1 || die "$suite has no package $2"
    mkdir -p "$dir"
    (cd "$dir" && apt-get "${opts[@]}" -qq download "$2" >"$dir/log" 2>&1) ||
        die "cannot download $2 of $suite (offline?): $(tail -n1 "$dir/log")"
    deb=$(ls -t "$dir/$2"_*.deb | head -n1)
    [ -s "$deb" ] || die "apt left no file for $2"
    echo "$deb"
}

unpack_kernel() { # unpack_kernel DEB ROOT
    local ex=() s
    for s in $skip_modules; do
        ex+=("--exclude=*/kernel/$s")
    done
    dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" "${ex[@]}" --exclude=./usr/share
}

fetch_kernel() { # fetch_kernel DIR META
    local p deb got=0 v m
    for p in $(kernel_packages "$2"); do
        deb=$(download "$1/deb" "$p")
        unpack_kernel "$deb" "$1/root"
        got=1
    done
    [ $got = 1 ] || die "$suite has no $2"
    v=$(find "$1/root" -name 'vmlinuz*' -type f | head -n1) # boot/ or, since 7.x, lib/modules/
    [ -n "$v" ] || die "no vmlinuz in the packages of $2"
    ln -sfn "${v#"$1"/}" "$1/vmlinuz"
    m=$(find "$1/root" -path '*lib/modules/*' -prune -type d | head -n1)
    [ -n "$m" ] || die "no modules in the packages of $2"
    ln -sfn "${m#"$1"/}" "$1/modules"
}

fetch_files() { # fetch_files DIR PACKAGE FILE...
    local dir=$1 deb f
    deb=$(download "$dir/deb" "$2")
    dpkg -x "$deb" "$dir/root"
    shift 2
    for f in "$@"; do
        # Since the usr-merge a file may have moved below usr/.
        [ -e "$dir/root/$f" ] || f=usr/$f
        [ -e "$dir/root/$f" ] || die "$deb has no ${f#usr/}"
        ln -sfn "root/$f" "$dir/$(basename "$f")"
    done
}

fetch_xen() { # fetch_xen DIR PACKAGE
    local f
    dpkg -x "$(download "$1/deb" "$2")" "$1/root"
    f=$(find "$1/root/boot" -name 'xen-*' ! -name '*.cfg' ! -name '*.config' | sort | head -n1)
    [ -n "$f" ] || die "no hypervisor in $2"
    ln -sfn "${f#"$1"/}" "$1/xen"
}

# What `-cpu max` has and Trusted Firmware-A leaves trapped to EL3 unless told: a kernel that finds the
# feature in its ID registers uses it. Versions that do not know one ignore it.
tfa_features=$(printf 'ENABLE_FEAT_%s=2 ' FGT2 S1PIE S1POE S2PIE S2POE TCR2 SCTLR2)

# Trusted Firmware-A for QEMU's board with GICv3, for EL1 without AArch32. Debian has no binary of it.
fetch_tfa() { # fetch_tfa DIR PACKAGE [VARIABLE=VALUE...]
    local src b
    for b in make aarch64-linux-gnu-gcc dpkg-source; do
        command -v $b >/dev/null || die "needs $b to build $2"
    done
    suite_ready "$suite" deb-src
    mkdir -p "$1/deb"
    (cd "$1/deb" && apt-get "${opts[@]}" -qq source --download-only "$2" >log 2>&1 &&
        dpkg-source -x ./*.dsc src >>log 2>&1) || die "no source of $2: $(tail -n1 "$1/deb/log")"
    src=$1/deb/src
    # shellcheck disable=SC2086 # a list
    CFLAGS=--param=min-pagesize=0 LDFLAGS='' TF_LDFLAGS=--no-warn-rwx-segments \
        make -C "$src" CROSS_COMPILE=aarch64-linux-gnu- LD=aarch64-linux-gnu-ld PLAT=qemu DEBUG=1 \
        QEMU_USE_GIC_DRIVER=QEMU_GICV3 CTX_INCLUDE_AARCH32_REGS=0 $tfa_features "${@:3}" \
        bl1 bl2 bl31 >"$src/log" 2>&1 ||
        die "cannot build $2: $(tail -n1 "$src/log")"
    for b in bl1 bl2 bl31; do
        cp "$src/build/qemu/debug/$b.bin" "$1/$b.bin"
    done
}

# The kernel's own tests of KVM and of what arm64 gives to programs, static. Only the kernel's tools and
# headers are unpacked.
fetch_selftests() { # fetch_selftests DIR PACKAGE
    local b deb tests=$1/src/tools/testing/selftests
    for b in make gcc aarch64-linux-gnu-gcc xz; do
        command -v $b >/dev/null || die "needs $b to build the tests of $2"
    done
    deb=$(download "$1/deb" "$2")
    mkdir -p "$1/src"
    dpkg-deb --fsys-tarfile "$deb" | tar -xO --wildcards './usr/src/*.tar.xz' | xz -d |
        tar -x -C "$1/src" --strip-components=1 --wildcards '*/Makefile' '*/Kbuild' '*/tools/*' \
            '*/include/*' '*/arch/arm64/*' '*/scripts/*' '*/usr/*'
    {
        make -j"$(nproc)" -C "$1/src" ARCH=arm64 headers
        # The two trees of tests find the kernel's headers differently.
        make -j"$(nproc)" -C "$tests/kvm" ARCH=arm64 CC='aarch64-linux-gnu-gcc -static'
        make -j"$(nproc)" -C "$tests/arm64" ARCH=arm64 CC='aarch64-linux-gnu-gcc -static' \
            KHDR_INCLUDES="-isystem $(realpath "$1/src/usr/include")" \
            ARM64_SUBTARGETS='tags signal pauth fp bti abi'
    } >"$1/log" 2>&1 || die "cannot build the tests of $2: $(tail -n1 "$1/log")"
    take_programs "$tests" "$1"
    rm -rf "$1/src" "$1/log"
}

take_programs() { # take_programs TESTS DIR: programs of arm64, without symbols
    local f
    (cd "$1" && find kvm arm64 -path '*/testcases/*' -prune -o -type f -perm -u+x ! -name '*.sh' -print) |
        while read -r f; do
            mkdir -p "$2/$(dirname "$f")"
            aarch64-linux-gnu-strip -o "$2/$f" "$1/$f" 2>/dev/null || true # not a program
        done
}

fetch() { # fetch TARGET
    local what pkg files dir=$cache/$1
    what=$(row "$1")
    [ -n "$what" ] || die "unknown target '$1' (fetch.sh -l lists them)"
    [ -e "$dir/complete" ] && return
    IFS='|' read -r suite pkg files <<<"$what"
    suite_ready "$suite"
    if [ "$pkg" != "${pkg%-64k}" ] && ! apt-cache "${opts[@]}" show "$pkg" >/dev/null 2>&1; then
        say "$1: Debian $suite has no $pkg"
        return
    fi
    say "$1: $pkg of $suite"
    rm -rf "$dir/root"
    mkdir -p "$dir/root"
    # shellcheck disable=SC2086 # a list of files
    case $files in
    kernel) fetch_kernel "$dir" "$pkg" ;;
    xen) fetch_xen "$dir" "$pkg" ;;
    tfa*) fetch_tfa "$dir" "$pkg" ${files#tfa} ;;
    selftests) fetch_selftests "$dir" "$pkg" ;;
    *) fetch_files "$dir" "$pkg" $files ;;
    esac
    rm -rf "$dir/deb"
    touch "$dir/complete"
}

if [ "${1:-}" = -l ]; then
    list_targets
    exit
fi
lock_cache
# shellcheck disable=SC2086 # a list of targets
for t in "${@:-$default_targets}"; do
    for one in $t; do
        fetch "$one"
    done
done
