#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A domain that Xen starts from the device tree, without dom0's help ("dom0less").
#
#   images/dom0less.sh TREE NAME MIB CPUS KERNEL@ADDR INITRD@ADDR BOOTARGS
#
# adds the domain to TREE, made by -M virt,..,dumpdtb=TREE, and prints the -device loader options
# that put kernel and initramfs there. Its console is the PL011 that Xen emulates.
set -euo pipefail

die() { echo "dom0less.sh: $*" >&2; exit 1; }

[ $# = 7 ] || die "usage: dom0less.sh TREE NAME MIB CPUS KERNEL@ADDR INITRD@ADDR BOOTARGS"
command -v fdtput >/dev/null || die "needs fdtput (device-tree-compiler)"
tree=$1 domain=/chosen/$2 mib=$3 cpus=$4 kernel=$5 initrd=$6 bootargs=$7

set_cells() { # set_cells NODE PROPERTY CELL...
    fdtput -t x "$tree" "$@"
}

add_module() { # add_module FILE@ADDR KIND: the node's path is in $module
    local file=${1%@*} addr=${1##*@} size
    [ -r "$file" ] || die "no file '$file'"
    size=$(stat -L -c %s "$file")
    module=$domain/module@${addr#0x}
    fdtput -p -t s "$tree" "$module" compatible "multiboot,$2" multiboot,module
    set_cells "$module" reg $((addr >> 32)) "$(printf %x $((addr & 0xffffffff)))" \
        0 "$(printf %x "$size")"
    printf -- '-device loader,file=%s,addr=%s,force-raw=on ' "$file" "$addr"
}

fdtput -p -t s "$tree" "$domain" compatible xen,domain
set_cells "$domain" '#address-cells' 2
set_cells "$domain" '#size-cells' 2
set_cells "$domain" memory 0 "$(printf %x $((mib * 1024)))" # KiB
set_cells "$domain" cpus "$(printf %x "$cpus")"
fdtput -t s "$tree" "$domain" vpl011 ''
add_module "$kernel" kernel
fdtput -t s "$tree" "$module" bootargs "$bootargs"
add_module "$initrd" ramdisk
echo
