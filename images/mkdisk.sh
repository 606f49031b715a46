#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Make ext4 disks of Debian's arm64 packages with all that they depend on.
#
#   images/mkdisk.sh [-l] TARGET...            cache/TARGET/disk.img; -l lists the targets
#   images/mkdisk.sh -o FILE SUITE PACKAGE...  a disk of your own
#
# apt resolves the dependencies from an empty system, Debian's essential packages included, because
# packages need not name those. No program of another architecture runs here: the little that
# maintainer scripts would have done and that is needed is done by configure(). The disk has no
# kernel and no init; images/init/root.sh in an initramfs goes to it. Running it again costs nothing.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin # where mke2fs is

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/apt.sh"

# target | suite | packages
targets='
disk-qemu       | bookworm | qemu-system-arm
disk-qemu-forky | forky    | qemu-system-arm
disk-xen        | bookworm | xen-utils-4.17 mount kmod
disk-optee      | trixie   | tee-supplicant optee-test-qemu
disk-systemd    | trixie   | systemd-sysv udev dbus login passwd util-linux kmod openssl python3 wget
'
usage="usage: mkdisk.sh [-l] TARGET... | -o FILE SUITE PACKAGE..."

# Nobody reads these in a test.
excluded=(./usr/share/doc ./usr/share/man ./usr/share/info ./usr/share/locale ./usr/share/lintian)

list_targets() {
    awk -F'|' 'NF > 2 { printf "%-16s %-9s %s\n", $1, $2, $3 }' <<<"$targets" | tr -s ' '
}

download_closure() { # download_closure DIR SUITE PACKAGE...: the .deb files in DIR/archives
    local dir=$1 suite=$2 p
    shift 2
    suite_ready "$suite"
    for p in "$@"; do
        apt-cache "${opts[@]}" show "$p" >/dev/null 2>&1 || die "$suite has no package $p"
    done
    mkdir -p "$dir/archives/partial"
    apt-get "${opts[@]}" -o "Dir::Cache::archives=$dir/archives" -qq -y --download-only \
        --no-install-recommends install '?essential' "$@" >"$dir/log" 2>&1 ||
        die "cannot get $* of $suite and what they depend on: $(tail -n1 "$dir/log"); see $dir/log"
}

unpack() { # unpack ROOT DEB...
    local root=$1 deb d
    shift
    for d in bin sbin lib; do # /bin is /usr/bin since Debian 12, whatever a package says
        mkdir -p "$root/usr/$d"
        ln -s "usr/$d" "$root/$d"
    done
    for deb in "$@"; do
        dpkg-deb --fsys-tarfile "$deb" |
            tar -x -C "$root" --keep-directory-symlink "${excluded[@]/#/--exclude=}" ||
            die "cannot unpack $deb"
    done
}

configure() { # configure ROOT: users, alternatives, places to mount
    local root=$1 f
    for f in passwd group; do
        cp "$root/usr/share/base-passwd/$f.master" "$root/etc/$f"
    done
    [ -e "$root/bin/sh" ] || ln -s dash "$root/bin/sh"
    [ -e "$root/bin/awk" ] || ln -s mawk "$root/bin/awk"
    [ ! -e "$root/etc/xen" ] || mkdir -p "$root/var/log/xen"
    echo debian >"$root/etc/hostname"
    mkdir -p "$root"/{dev,proc,sys,tmp,run,mnt,guest}
}

make_disk() { # make_disk DIR SUITE PACKAGE...: DIR/disk.img; DIR/log stays
    local dir=$1 mib
    [ ! -e "$dir" ] || rm -rf "$dir/root" "$dir/disk.img"
    mkdir -p "$dir/root"
    download_closure "$@"
    unpack "$dir/root" "$dir"/archives/*.deb
    configure "$dir/root"
    # A quarter more and 64 MiB, for what the guest writes.
    mib=$(($(du -s --apparent-size --block-size=1M "$dir/root" | cut -f1) * 5 / 4 + 64))
    E2FSPROGS_FAKE_TIME=1 mke2fs -q -t ext4 -L debian -U 41524d41-5455-5245-0000-000000000001 \
        -E hash_seed=41524d41-5455-5245-0000-000000000001,root_owner=0:0 \
        -d "$dir/root" "$dir/disk.img.tmp" "${mib}M" >"$dir/log" 2>&1 ||
        die "mke2fs: $(tail -n1 "$dir/log")"
    mv "$dir/disk.img.tmp" "$dir/disk.img"
    rm -rf "$dir/root" "$dir/archives"
}

target() { # target NAME
    local row suite packages
    row=$(awk -F'|' -v t="$1" '{ gsub(/ +/, "", $1) } $1 == t { print $2 $3 }' <<<"$targets")
    [ -n "$row" ] || die "unknown target '$1' (mkdisk.sh -l lists them)"
    [ -e "$cache/$1/disk.img" ] && return
    read -r suite packages <<<"$row"
    say "$1: $packages of $suite"
    # shellcheck disable=SC2086 # a list of packages
    make_disk "$cache/$1" "$suite" $packages
}

case ${1:-} in
-l) list_targets ;;
-o)
    [ $# -ge 4 ] || die "$usage"
    out=$2
    shift 2
    lock_cache mke2fs
    work=$(mktemp -d "$cache/disk.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    make_disk "$work" "$@"
    mv "$work/disk.img" "$out"
    ;;
'' | -*) die "$usage" ;;
*)
    lock_cache mke2fs
    for t in "$@"; do
        target "$t"
    done
    ;;
esac
