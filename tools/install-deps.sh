#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Install the Debian packages that building and testing need. Does nothing where they are all there.
set -euo pipefail

packages="clang-19 gcc meson ninja-build pkg-config python3 libc6-dev
 libglib2.0-dev libelf-dev libfdt-dev libzstd-dev zlib1g-dev libslirp-dev
 libcmocka-dev libcapstone-dev libmpfr-dev libgmp-dev
 gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu device-tree-compiler mtools zstd xz-utils"

missing=
for p in $packages; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0

run=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "install-deps.sh: needs root (or sudo) to install:$missing" >&2
        exit 1
    }
    run=sudo
fi
echo "install-deps.sh: installing$missing"
$run apt-get update -qq
# shellcheck disable=SC2086
$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
