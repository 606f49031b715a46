#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# For root.sh in dom0: Debian's Xen tools start a domain with the kernel and initramfs of /guest and show its
# console. Arguments are lines of the domain's configuration.
/etc/init.d/xen start || exit
cat >/tmp/domu.cfg <<EOF
name = "domu"
memory = 256
kernel = "/guest/kernel"
ramdisk = "/guest/initrd"
extra = "console=hvc0 panic=-1"
EOF
for line in "$@"; do echo "$line" >>/tmp/domu.cfg; done
xl create /tmp/domu.cfg || exit
xl list
xl console domu | sed 's/^/DOMU: /'
while xl domid domu >/dev/null 2>&1; do sleep 1; done # it is there until its end is seen
xl list
