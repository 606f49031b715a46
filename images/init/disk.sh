#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Disk test, over two boots of the same ext4 disk: the first writes 64 MiB and its checksum, the second
# reads both back.
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r m; do insmod "$m"; done </modules
if ! mount -t ext4 /dev/vda /mnt; then
    echo "DISK: FAIL mount"
    poweroff -f
fi
cd /mnt
if [ -e sum ]; then
    if md5sum -c sum; then
        echo "DISK: verified"
    else
        echo "DISK: FAIL checksum"
    fi
else
    # Not zeros, the same in every run, and cheap to make.
    seq 1000000 1131071 >/tmp/block # 1 MiB
    for n in $(seq 64); do
        echo "block $n"
        cat /tmp/block
    done >data
    md5sum data >sum
    sync
    echo "DISK: written $(cut -c1-32 sum)"
fi
cd /
umount /mnt
stty opost # drain the console: what waits in it is lost
poweroff -f
