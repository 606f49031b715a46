#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Install the Debian packages that building and testing need. Does nothing where they are all there.
set -euo pipefail

required="gcc meson ninja-build pkg-config python3 libc6-dev
 libglib2.0-dev libelf-dev libfdt-dev libzstd-dev zlib1g-dev libslirp-dev libjson-glib-dev
 libcmocka-dev libcapstone-dev libmpfr-dev libgmp-dev"
# Without one of these a compiler is slower, or tests are left out or skip, and say so.
optional="clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 llvm-19
 gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu libc6-dev-arm64-cross gdb-multiarch
 device-tree-compiler mtools zstd xz-utils"
# The reference emulator: bookworm has this version in its backports.
reference=qemu-system-arm
reference_min=10

is_installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

missing_of() {
    local p
    for p in "$@"; do
        is_installed "$p" || echo "$p"
    done
}

reference_is_new() { # [a version or none]
    dpkg --compare-versions "${1:-0}" ge "1:$reference_min"
}

candidate() {
    apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "install-deps.sh: needs root (or sudo) to install packages" >&2
        return 1
    fi
}

install() { # [-t suite] packages
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >/dev/null
}

# Where this host's packages come from, the backports of the same release.
add_backports() {
    local codename uri
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    backports=$codename-backports
    apt-cache policy | grep -q "n=$backports" && return
    uri=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
        awk -v r="$codename" '$2 == r { print $1; exit }')
    [ -n "$uri" ] || return
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $backports main" |
        as_root tee /etc/apt/sources.list.d/armature-backports.list >/dev/null
    as_root apt-get update -qq
}

mapfile -t missing < <(missing_of $required)
mapfile -t wanted < <(missing_of $optional)
installed=$(dpkg-query -W -f '${Version}' $reference 2>/dev/null || true)
reference_is_new "$installed" && have_reference=yes || have_reference=
[ ${#missing[@]} -eq 0 ] && [ ${#wanted[@]} -eq 0 ] && [ -n "$have_reference" ] && exit 0

as_root apt-get update -qq || echo "install-deps.sh: the package lists are old (offline?)"
if [ ${#missing[@]} -ne 0 ]; then
    echo "install-deps.sh: installing ${missing[*]}"
    install "${missing[@]}"
fi
for p in "${wanted[@]}"; do
    [ -n "$(candidate "$p")" ] && install "$p" || echo "install-deps.sh: without $p"
done
if [ -z "$have_reference" ]; then
    backports=
    reference_is_new "$(candidate $reference)" || add_backports || true
    install ${backports:+-t "$backports"} $reference ||
        echo "install-deps.sh: without $reference $reference_min: what compares with it is skipped"
fi
