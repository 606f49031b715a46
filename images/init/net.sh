#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Network test: fetch the URL given as `url=` on the kernel command line through the user network.
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r m; do insmod "$m"; done </modules
ifconfig lo 127.0.0.1
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
route add default gw 10.0.2.2
url=$(sed -n 's/.*url=\([^ ]*\).*/\1/p' /proc/cmdline)
if wget -q -O /tmp/file "$url"; then
    echo "WGET: $(sha256sum </tmp/file | cut -c1-64)"
else
    echo "WGET: FAIL"
fi
stty opost # drain the console: what waits in it is lost
poweroff -f
