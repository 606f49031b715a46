#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run /guest/run of this initramfs in the Debian of the first disk (images/mkdisk.sh), or of disk= on the
# kernel command line. What is there after `--` are its arguments; /guest is there too.
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r m; do insmod "$m"; done </modules
echo "HOST: $(uname -sr) on $(nproc) PEs"
dmesg | grep "mode initialized"
if mount -t ext4 -o noatime "${disk:-/dev/vda}" /mnt; then
    for d in proc dev guest; do mount -o bind /$d /mnt/$d; done
    for d in tmp run; do mount -t tmpfs tmpfs /mnt/$d; done
    mount -t sysfs sys /mnt/sys
    mkdir -p /mnt/dev/pts
    mount -t devpts devpts /mnt/dev/pts
    PATH=/usr/sbin:/usr/bin chroot /mnt /guest/run "$@"
    echo "HOST: guest left with status $?"
    kill -9 -1 # what the program has left running
    umount -a -r 2>/dev/null
else
    echo "HOST: FAIL mount"
fi
stty opost # drain the console: what waits in it is lost
poweroff -f
