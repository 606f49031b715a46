#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Console and entropy test: read the hardware random number generator, talk on the first hvc console.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
[ -e /modules ] && while read -r m; do insmod "$m"; done </modules
echo "RNG: $(cat /sys/class/misc/hw_random/rng_current)"
head -c 16 /dev/hwrng | od -An -tx1
if [ -c /dev/hvc0 ]; then
    echo "HVC: hello" >/dev/hvc0
fi
stty opost # drain the console: what waits in it is lost
poweroff -f
