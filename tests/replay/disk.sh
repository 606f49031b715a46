#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes to a raw disk and reads back: what was written, and what was there before.
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
while read -r m; do insmod "$m"; done </modules
seq 1 5000 >/tmp/text
dd if=/tmp/text of=/dev/vda bs=512 seek=8 conv=fsync
echo 3 >/proc/sys/vm/drop_caches
echo "DISK: $(dd if=/dev/vda bs=512 count=8 | md5sum)"
echo "DISK: $(dd if=/dev/vda bs=512 skip=8 | head -c "$(wc -c </tmp/text)" | md5sum) $(md5sum </tmp/text)"
poweroff -f
