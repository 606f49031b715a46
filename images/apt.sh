# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# For the scripts that take Debian's arm64 packages: one private apt per suite.
#
# Packages come from the mirror that this machine's apt is configured with (or $ARMATURE_MIRROR),
# through apt itself with a private state directory, so nothing of the host's package database is
# touched and no root is needed. $ARMATURE_CACHE moves the cache.

cache=${ARMATURE_CACHE:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/cache}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
script=$(basename "$0")

die() { echo "$script: $*" >&2; exit 1; }
say() { echo "$script: $*"; }

lock_cache() { # lock_cache [TOOL...]: what is needed is there, and no other script writes
    local tool
    for tool in apt-get dpkg-deb awk "$@"; do
        command -v "$tool" >/dev/null || die "needs $tool: this is for Debian and its derivatives"
    done
    mkdir -p "$cache"
    exec 9>"$cache/.lock"
    flock 9
}

mirror() { # the URI of this host's Debian archive
    if [ -n "${ARMATURE_MIRROR:-}" ]; then
        echo "$ARMATURE_MIRROR"
        return
    fi
    apt-get indextargets --format '$(REPO_URI)' 2>/dev/null |
        grep -E '/debian/?$' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'
}

apt_opts() { # apt_opts SUITE: sets the array `opts`
    local d=$cache/apt/$1
    opts=(-o "Dir::State=$d/state" -o Dir::State::status=/dev/null -o "Dir::Cache=$d/cache"
        -o "Dir::Etc::SourceList=$d/sources.list" -o Dir::Etc::SourceParts=-
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=-
        -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Acquire::Languages=none
        -o APT::Sandbox::User= -o Acquire::Retries=3 -o Acquire::http::Timeout=20)
}

suite_ready() { # suite_ready SUITE [deb-src]: package lists are there, at most a week old
    local kind=${2:-deb} d=$cache/apt/$1${2:+-src} uri
    apt_opts "$(basename "$d")"
    if [ -n "$(find "$d/ready" -mtime -7 2>/dev/null)" ]; then
        return
    fi
    uri=$(mirror)
    [ -n "$uri" ] || die "this machine's apt has no Debian mirror: set ARMATURE_MIRROR to one"
    [ -r "$keyring" ] || die "the package debian-archive-keyring is missing"
    mkdir -p "$d/state/lists/partial" "$d/cache/archives/partial"
    echo "$kind [signed-by=$keyring] $uri $1 main" >"$d/sources.list"
    say "package lists of $1"
    apt-get "${opts[@]}" -qq -o APT::Update::Error-Mode=any update >"$d/log" 2>&1 ||
        die "cannot reach the Debian mirror for $1 (offline?): $(tail -n1 "$d/log")"
    touch "$d/ready"
}
